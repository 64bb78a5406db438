using System.Diagnostics.CodeAnalysis;
using Registry.Repositories;

namespace Registry.Access;

/// <summary>Which repositories a rule is about: a repository's name in which <c>*</c> stands for any characters, slashes too, or none.</summary>
/// <remarks>
/// <c>*</c> is every repository. <c>team/*</c> is everything below <c>team/</c> at any depth, and not <c>team</c> itself.
/// <c>team*</c> is <c>team</c>, <c>team/a</c> and <c>teamwork</c> alike: end a name with the slash where that is not meant.
/// </remarks>
public readonly record struct RepositoryGlob
{
    private readonly string? text;

    private RepositoryGlob(string text) => this.text = text;

    public static bool TryParse([NotNullWhen(true)] string? text, out RepositoryGlob glob)
    {
        // A pattern that no name can match is a mistake, and one that has a name's form can match one: a star may stand for one letter.
        var valid = text is not null && !text.Contains("**", StringComparison.Ordinal) && RepositoryName.TryParse(text.Replace('*', 'a'), out _);
        glob = valid ? new RepositoryGlob(text!) : default;
        return valid;
    }

    /// <exception cref="FormatException">The text is no such pattern; the message says what is.</exception>
    public static RepositoryGlob Parse(string? text) => TryParse(text, out var glob)
        ? glob
        : throw new FormatException($"'{text}' is no pattern of repositories: a repository's name in which * stands for any characters, such as team/*");

    public bool Matches(RepositoryName repository) => Wildcard.Matches(ToString(), repository.ToString());

    public override string ToString() => text ?? throw new InvalidOperationException("an unset pattern");
}
