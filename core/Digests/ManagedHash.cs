using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Registry.Digests;

/// <summary>SHA-2 in C# (FIPS 180-4, 6.2 and 6.4), where libcrypto cannot be had.</summary>
/// <typeparam name="TWord">The algorithm's word; a block has sixteen, and the chaining values are eight.</typeparam>
/// <typeparam name="TFunctions">The algorithm's functions and constants.</typeparam>
internal sealed class ManagedHash<TWord, TFunctions> : ResumableHash
    where TWord : unmanaged, IBinaryInteger<TWord>
    where TFunctions : ISha2Functions<TWord>
{
    private const int BlockWords = 16;

    private readonly TWord[] chaining = new TWord[8];
    private readonly byte[] block;
    private long length;

    public ManagedHash(HashState state)
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
    private static void Compress(Span<TWord> words, ReadOnlySpan<byte> blocks)
    {
        Span<TWord> w = stackalloc TWord[TFunctions.K.Length];
        var blockSize = BlockWords * Unsafe.SizeOf<TWord>();
        for (; blocks.Length >= blockSize; blocks = blocks[blockSize..])
        {
            Schedule(w, blocks);
            CompressOne(words, w);
        }
    }

    /// <summary>Expands the sixteen words of a block to one for each round.</summary>
    private static void Schedule(Span<TWord> w, ReadOnlySpan<byte> block)
    {
        for (var t = 0; t < BlockWords; t++)
            w[t] = TWord.ReadBigEndian(block.Slice(t * Unsafe.SizeOf<TWord>(), Unsafe.SizeOf<TWord>()), isUnsigned: true);

        for (var t = BlockWords; t < w.Length; t++)
            w[t] = w[t - 16] + w[t - 7] + TFunctions.Schedule0(w[t - 15]) + TFunctions.Schedule1(w[t - 2]);
    }

    private static void CompressOne(Span<TWord> words, ReadOnlySpan<TWord> w)
    {
        var (a, b, c, d) = (words[0], words[1], words[2], words[3]);
        var (e, f, g, h) = (words[4], words[5], words[6], words[7]);

        // Eight rounds bring each variable back to its own name, so nothing is moved between them.
        ReadOnlySpan<TWord> k = TFunctions.K;
        for (; w.Length >= 8 && k.Length >= 8; w = w[8..], k = k[8..])
        {
            Round(a, b, c, ref d, e, f, g, ref h, k[0] + w[0]);
            Round(h, a, b, ref c, d, e, f, ref g, k[1] + w[1]);
            Round(g, h, a, ref b, c, d, e, ref f, k[2] + w[2]);
            Round(f, g, h, ref a, b, c, d, ref e, k[3] + w[3]);
            Round(e, f, g, ref h, a, b, c, ref d, k[4] + w[4]);
            Round(d, e, f, ref g, h, a, b, ref c, k[5] + w[5]);
            Round(c, d, e, ref f, g, h, a, ref b, k[6] + w[6]);
            Round(b, c, d, ref e, f, g, h, ref a, k[7] + w[7]);
        }

        words[0] += a;
        words[1] += b;
        words[2] += c;
        words[3] += d;
        words[4] += e;
        words[5] += f;
        words[6] += g;
        words[7] += h;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(TWord a, TWord b, TWord c, ref TWord d, TWord e, TWord f, TWord g, ref TWord h, TWord scheduled)
    {
        h += scheduled + TFunctions.Sum1(e) + (g ^ (e & (f ^ g)));
        d += h;
        h += TFunctions.Sum0(a) + ((a & b) ^ (c & (a ^ b)));
    }
}
