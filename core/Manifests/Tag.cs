using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Registry.Errors;

namespace Registry.Manifests;

/// <summary>A tag, as distribution-spec's "Pulling manifests" defines it: <c>[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}</c>.</summary>
public readonly record struct Tag
{
    public const int MaxLength = 128;

    private static readonly SearchValues<char> Characters =
        SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz.-");

    private readonly string? text;

    private Tag(string text) => this.text = text;

    /// <exception cref="RegistryException"><c>TAG_INVALID</c></exception>
    public static Tag Parse(string? text) =>
        TryParse(text, out var tag) ? tag : throw new RegistryException(RegistryError.TagInvalid, detail: new TagDetail(text ?? ""));

    public static bool TryParse([NotNullWhen(true)] string? text, out Tag tag)
    {
        var valid = text is { Length: > 0 and <= MaxLength } && text[0] is not ('.' or '-') && !text.AsSpan().ContainsAnyExcept(Characters);
        tag = valid ? new Tag(text!) : default;
        return valid;
    }

    public override string ToString() => text ?? throw new InvalidOperationException("an unset tag");
}

/// <summary>The detail of <c>TAG_INVALID</c>.</summary>
public sealed record TagDetail(string Tag);
