using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Registry.Errors;

namespace Registry.Digests;

/// <summary>A content address, <c>algorithm:hex</c>. A value of this type is always well-formed and of a supported algorithm.</summary>
public readonly record struct Digest
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private readonly string? text;

    private Digest(DigestAlgorithm algorithm, string text)
    {
        Algorithm = algorithm;
        this.text = text;
    }

    public DigestAlgorithm Algorithm { get; }

    /// <summary>The part behind the colon: lower-case hexadecimal.</summary>
    public ReadOnlySpan<char> Hex => ToString().AsSpan(Algorithm.Name.Length + 1);

    /// <summary>Parses a digest.</summary>
    /// <exception cref="RegistryException"><c>DIGEST_INVALID</c>: not <c>algorithm:hex</c>, or an algorithm that is not supported.</exception>
    public static Digest Parse(string? text) =>
        TryParse(text, out var digest, out var problem)
            ? digest
            : throw new RegistryException(RegistryError.DigestInvalid, problem, new DigestDetail(text ?? ""));

    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest) => TryParse(text, out digest, out _);

    /// <summary>The same, and says what is wrong where it is none.</summary>
    internal static bool TryParse([NotNullWhen(true)] string? text, out Digest digest, [NotNullWhen(false)] out string? problem)
    {
        digest = default;
        var colon = text?.IndexOf(':') ?? -1;
        if (text is null || colon <= 0)
        {
            problem = "invalid digest format: a digest is algorithm:hex";
            return false;
        }

        if (DigestAlgorithm.Find(text.AsSpan(0, colon)) is not { } algorithm)
        {
            problem = "unsupported digest algorithm: sha256 and sha512 are supported";
            return false;
        }

        var hex = text.AsSpan(colon + 1);
        if (hex.Length != algorithm.HexLength || hex.ContainsAnyExcept(HexDigits))
        {
            problem = $"invalid digest format: {algorithm} is followed by {algorithm.HexLength} lower-case hexadecimal characters";
            return false;
        }

        digest = new Digest(algorithm, text);
        problem = null;
        return true;
    }

    /// <summary>Makes a digest of a finished hash.</summary>
    public static Digest FromHash(DigestAlgorithm algorithm, ReadOnlySpan<byte> hash)
    {
        ArgumentNullException.ThrowIfNull(algorithm);
        return new Digest(algorithm, $"{algorithm.Name}:{Convert.ToHexStringLower(hash)}");
    }

    /// <summary>Computes the digest of content that is in memory.</summary>
    public static Digest Compute(DigestAlgorithm algorithm, ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        var length = algorithm == DigestAlgorithm.Sha256 ? SHA256.HashData(content, hash) : SHA512.HashData(content, hash);
        return FromHash(algorithm, hash[..length]);
    }

    public override string ToString() => text ?? throw new InvalidOperationException("an unset digest");
}

/// <summary>The detail of <c>DIGEST_INVALID</c>: what the client sent, and what its content has where that is known.</summary>
public sealed record DigestDetail(string Digest, string? Actual = null);
