using System.Buffers.Binary;
using System.Security.Cryptography;
using Registry.Digests;

namespace Registry.Bench.Load;

/// <summary>A body that no server has seen before: bytes that all bodies share, and eight of its own at the end.</summary>
/// <param name="Common">What is shared. Random, so that nothing compresses it.</param>
/// <param name="Own">The last bytes.</param>
/// <param name="Digest">Of both.</param>
internal sealed record Content(ReadOnlyMemory<byte> Common, byte[] Own, string Digest)
{
    public long Length => Common.Length + Own.Length;
}

/// <summary>Makes bodies of one size. A new one costs eight bytes and no hashing of the others: the hash of what is shared was saved.</summary>
internal sealed class ContentSource
{
    private readonly byte[] common;
    private readonly byte[] state;
    private long made;

    public ContentSource(int size)
    {
        common = GC.AllocateUninitializedArray<byte>(size - sizeof(long));
        RandomNumberGenerator.Fill(common);
        using var hash = ResumableHash.Create(DigestAlgorithm.Sha256);
        hash.Append(common);
        state = hash.Save();
    }

    public ReadOnlyMemory<byte> Common => common;

    public Content Next()
    {
        var own = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(own, Interlocked.Increment(ref made));
        using var hash = ResumableHash.Restore(state);
        hash.Append(own);
        return new Content(common, own, hash.Current().ToString());
    }
}
