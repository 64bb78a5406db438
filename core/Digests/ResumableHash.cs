namespace Registry.Digests;

/// <summary>A hash whose state can be saved in the middle of the content and restored by another process.</summary>
/// <remarks>
/// The saved state is the same from every implementation, so an upload may begin on an instance with the C library
/// and be continued on one without it. Not safe for concurrent use.
/// </remarks>
public abstract class ResumableHash : IDisposable
{
    public abstract DigestAlgorithm Algorithm { get; }

    /// <summary>Bytes hashed so far.</summary>
    public abstract long Length { get; }

    /// <summary>Starts a hash over nothing.</summary>
    public static ResumableHash Create(DigestAlgorithm algorithm) => HashImplementation.Preferred.Create(algorithm);

    /// <summary>Continues from what <see cref="Save"/> gave.</summary>
    /// <exception cref="FormatException">The state is not one that <see cref="Save"/> wrote.</exception>
    public static ResumableHash Restore(ReadOnlySpan<byte> state) => HashImplementation.Preferred.Restore(HashState.Parse(state));

    /// <summary>Hashes the next bytes of the content. Allocates nothing.</summary>
    /// <summary>Tells the algorithm of a saved state.</summary>
    /// <exception cref="FormatException">The state is not one that <see cref="Save"/> wrote.</exception>
    public static DigestAlgorithm AlgorithmOf(ReadOnlySpan<byte> state) => HashState.Parse(state).Algorithm;

    public abstract void Append(ReadOnlySpan<byte> content);

    /// <summary>Saves the state: a version, the algorithm, the chaining values, the length and the pending part-block. At most 256 bytes.</summary>
    public abstract byte[] Save();

    /// <summary>The digest of all that was appended so far. More may be appended afterwards.</summary>
    public abstract Digest Current();

    public abstract void Dispose();
}
