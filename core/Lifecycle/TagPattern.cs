using System.Diagnostics.CodeAnalysis;
using Registry.Access;
using Registry.Manifests;

namespace Registry.Lifecycle;

/// <summary>Which tags a rule is about: a tag in which <c>*</c> stands for any characters, or none. <c>v*</c> is <c>v1</c> and <c>vnext</c> alike.</summary>
public readonly record struct TagPattern
{
    private readonly string? text;

    private TagPattern(string text) => this.text = text;

    public static bool TryParse([NotNullWhen(true)] string? text, out TagPattern pattern)
    {
        // What no tag can match is a mistake, and what has a tag's form can match one: a star may stand for one letter.
        var valid = text is not null && !text.Contains("**", StringComparison.Ordinal) && Tag.TryParse(text.Replace('*', 'a'), out _);
        pattern = valid ? new TagPattern(text!) : default;
        return valid;
    }

    /// <exception cref="FormatException">The text is no such pattern; the message says what is.</exception>
    public static TagPattern Parse(string? text) => TryParse(text, out var pattern)
        ? pattern
        : throw new FormatException($"'{text}' is no pattern of tags: a tag in which * stands for any characters, such as v*");

    public bool Matches(Tag tag) => Wildcard.Matches(ToString(), tag.ToString());

    public override string ToString() => text ?? throw new InvalidOperationException("an unset pattern");
}
