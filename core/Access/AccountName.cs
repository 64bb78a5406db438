using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Registry.Access;

/// <summary>The name of an account or a federation: 1 to 64 of <c>[a-z0-9._@-]</c>, a letter or digit first. Exactly as written: no case is folded.</summary>
/// <remarks><c>anonymous</c> names everybody in rules; no account can have it.</remarks>
public readonly record struct AccountName
{
    public const int MaxLength = 64;

    /// <summary>Whoever comes without credentials.</summary>
    public static readonly AccountName Anonymous = new("anonymous");

    private static readonly SearchValues<char> characters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._@-");

    private readonly string? text;

    private AccountName(string text) => this.text = text;

    public bool IsAnonymous => text == Anonymous.text;

    public static bool TryParse([NotNullWhen(true)] string? text, out AccountName name)
    {
        var valid = text is { Length: > 0 and <= MaxLength } && char.IsAsciiLetterOrDigit(text[0]) && !text.AsSpan().ContainsAnyExcept(characters);
        name = valid ? new AccountName(text!) : default;
        return valid;
    }

    /// <exception cref="FormatException">The text is no such name; the message says what is.</exception>
    public static AccountName Parse(string? text) => TryParse(text, out var name)
        ? name
        : throw new FormatException($"'{text}' is no name of an account: 1 to {MaxLength} lower-case letters, digits and . _ @ -, a letter or digit first");

    public override string ToString() => text ?? throw new InvalidOperationException("an unset account name");
}
