using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Registry.Errors;

namespace Registry.Digests;

/// <summary>A content address, <c>algorithm:hex</c>: a hash of the bytes or, for a layer, its tarsum. A value of this type is always well-formed and of a supported algorithm.</summary>
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
    /// <exception cref="RegistryException"><c>DIGEST_INVALID</c>: not <c>algorithm:hex</c>, an algorithm that is not supported, or another version of the tarsum than 1.</exception>
    public static Digest Parse(string? text) =>
        Read(text, out var digest) is { } problem
            ? throw new RegistryException(problem.Error, problem.Message, new DigestDetail(text ?? ""))
            : digest;

    /// <summary>Parses a digest that is a hash of the very bytes: all that a manifest can have.</summary>
    /// <exception cref="RegistryException"><c>DIGEST_INVALID</c>: as <see cref="Parse"/>, or a tarsum.</exception>
    public static Digest ParseHash(string? text)
    {
        var digest = Parse(text);
        return digest.Algorithm.IsHash
            ? digest
            : throw new RegistryException(RegistryError.DigestInvalid, "unsupported digest algorithm: only a layer has a tarsum; a manifest has a sha256 or a sha512", new DigestDetail(digest.ToString()));
    }

    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest) => Read(text, out digest) is null;

    /// <summary>Gives what is wrong with the text, or null and the digest.</summary>
    internal static (RegistryError Error, string Message)? Read(string? text, out Digest digest)
    {
        digest = default;
        var colon = text?.IndexOf(':') ?? -1;
        if (text is null || colon <= 0)
            return (RegistryError.DigestInvalid, "invalid digest format: a digest is algorithm:hex");

        // Versions that are known to clients of old, and that nobody should rely on: the first covers times of files, the other is docker's own workbench.
        var name = text.AsSpan(0, colon);
        var isOtherTarSum = name is "tarsum+sha256" or "tarsum.dev+sha256";
        if ((isOtherTarSum ? DigestAlgorithm.TarSum : DigestAlgorithm.Find(name)) is not { } algorithm)
            return (RegistryError.DigestInvalid, "unsupported digest algorithm: sha256, sha512 and, for layers, tarsum.v1+sha256 are supported");

        var hex = text.AsSpan(colon + 1);
        if (hex.Length != algorithm.HexLength || hex.ContainsAnyExcept(HexDigits))
            return (RegistryError.DigestInvalid, $"invalid digest format: {name} is followed by {algorithm.HexLength} lower-case hexadecimal characters");
        if (isOtherTarSum)
            return (RegistryError.TarSumUnsupported, $"{RegistryError.TarSumUnsupported.Message}: tarsum.v1+sha256 is supported");

        digest = new Digest(algorithm, text);
        return null;
    }

    /// <summary>Makes a digest of a finished hash.</summary>
    public static Digest FromHash(DigestAlgorithm algorithm, ReadOnlySpan<byte> hash)
    {
        ArgumentNullException.ThrowIfNull(algorithm);
        return new Digest(algorithm, $"{algorithm.Name}:{Convert.ToHexStringLower(hash)}");
    }

    /// <summary>Computes the digest of content that is in memory. Not a tarsum: <see cref="TarSum"/>.</summary>
    public static Digest Compute(DigestAlgorithm algorithm, ReadOnlySpan<byte> content)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(algorithm, DigestAlgorithm.TarSum);
        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        var length = algorithm == DigestAlgorithm.Sha256 ? SHA256.HashData(content, hash) : SHA512.HashData(content, hash);
        return FromHash(algorithm, hash[..length]);
    }

    public override string ToString() => text ?? throw new InvalidOperationException("an unset digest");
}

/// <summary>The detail of <c>DIGEST_INVALID</c>: what the client sent, and what its content has where that is known.</summary>
public sealed record DigestDetail(string Digest, string? Actual = null);
