using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Registry.Digests;

/// <summary>What SHA-256 and SHA-512 have in common in C#: cutting the content into blocks, and the padding at its end.</summary>
/// <typeparam name="TWord">The algorithm's word; a block has sixteen, and the chaining values are eight.</typeparam>
internal abstract class ManagedHash<TWord> : ResumableHash
    where TWord : unmanaged, IBinaryInteger<TWord>
{
    private readonly TWord[] chaining = new TWord[8];
    private readonly byte[] block;
    private long length;

    protected ManagedHash(HashState state)
    {
        Algorithm = state.Algorithm;
        block = new byte[HashState.BlockSizeOf(state.Algorithm)];
        state.CopyChainingTo<TWord>(chaining);
        state.Pending.CopyTo(block);
        length = state.Length;
    }

    public override DigestAlgorithm Algorithm { get; }

    public override long Length => length;

    private int PendingLength => (int)(length % block.Length);

    public override void Append(ReadOnlySpan<byte> content)
    {
        var pending = PendingLength;
        length += content.Length;
        if (pending > 0)
        {
            var taken = Math.Min(block.Length - pending, content.Length);
            content[..taken].CopyTo(block.AsSpan(pending));
            if (pending + taken < block.Length)
                return;

            Compress(chaining, block);
            content = content[taken..];
        }

        var whole = content.Length - content.Length % block.Length;
        Compress(chaining, content[..whole]);
        content[whole..].CopyTo(block);
    }

    public override byte[] Save() => HashState.Write<TWord>(Algorithm, chaining, length, block.AsSpan(0, PendingLength));

    public override Digest Current()
    {
        // FIPS 180-4, 5.1: a one bit, zeros, and the length in bits at the end of a block, in as many bytes as two words have.
        Span<byte> tail = stackalloc byte[2 * block.Length];
        tail.Clear();
        var pending = PendingLength;
        block.AsSpan(0, pending).CopyTo(tail);
        tail[pending] = 0x80;
        tail = tail[..(pending + 1 + block.Length / 8 <= block.Length ? block.Length : 2 * block.Length)];
        BinaryPrimitives.WriteInt64BigEndian(tail[^sizeof(long)..], length << 3);

        Span<TWord> words = stackalloc TWord[8];
        chaining.CopyTo(words);
        Compress(words, tail);

        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        var written = 0;
        foreach (var word in words)
            written += word.WriteBigEndian(hash[written..]);

        return Digest.FromHash(Algorithm, hash[..written]);
    }

    public override void Dispose()
    {
        // Nothing is held but memory.
    }

    /// <summary>Folds whole blocks into the chaining values.</summary>
    protected abstract void Compress(Span<TWord> words, ReadOnlySpan<byte> blocks);
}
