using System.Diagnostics.CodeAnalysis;
using Registry.Errors;

namespace Registry.Repositories;

/// <summary>A repository's name, as distribution-spec's "Pulling manifests" defines <c>&lt;name&gt;</c>; at most 255 characters.</summary>
public readonly record struct RepositoryName
{
    /// <summary>Many clients stop at 255 characters for host and name together.</summary>
    public const int MaxLength = 255;

    private readonly string? text;

    private RepositoryName(string text) => this.text = text;

    /// <exception cref="RegistryException"><c>NAME_INVALID</c></exception>
    public static RepositoryName Parse(string? text) =>
        TryParse(text, out var name) ? name : throw new RegistryException(RegistryError.NameInvalid, detail: new NameDetail(text ?? ""));

    public static bool TryParse([NotNullWhen(true)] string? text, out RepositoryName name)
    {
        var valid = text is { Length: > 0 and <= MaxLength } && Matches(text);
        name = valid ? new RepositoryName(text!) : default;
        return valid;
    }

    public override string ToString() => text ?? throw new InvalidOperationException("an unset repository name");

    // [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)* in one pass: between two alphanumerics
    // stands a slash, a dot, one or two underscores, or any number of dashes. A regular expression for it costs 30 ms at start.
    private static bool Matches(string text)
    {
        var separator = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsAsciiLetterLower(text[i]) || char.IsAsciiDigit(text[i]))
            {
                separator = 0;
                continue;
            }

            separator++;
            var allowed = text[i] switch
            {
                '/' or '.' => separator == 1,
                '_' => separator == 1 || (separator == 2 && text[i - 1] == '_'),
                '-' => separator == 1 || text[i - 1] == '-',
                _ => false,
            };
            if (!allowed || i == 0)
                return false;
        }

        return separator == 0;
    }
}

/// <summary>The detail of <c>NAME_INVALID</c> and <c>NAME_UNKNOWN</c>.</summary>
public sealed record NameDetail(string Name);
