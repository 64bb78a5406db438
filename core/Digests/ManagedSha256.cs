using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Registry.Digests;

/// <summary>SHA-256 in C# (FIPS 180-4, 6.2), where libcrypto cannot be had.</summary>
internal sealed class ManagedSha256(HashState state) : ManagedHash<uint>(state)
{
    private const int BlockSize = 64;
    private const int Rounds = 64;

    /// <summary>An array, because a span over constants allocates in code that the JIT has not optimised yet.</summary>
    private static readonly uint[] K =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    protected override void Compress(Span<uint> words, ReadOnlySpan<byte> blocks)
    {
        Span<uint> w = stackalloc uint[Rounds];
        for (; blocks.Length >= BlockSize; blocks = blocks[BlockSize..])
        {
            Schedule(w, blocks);
            CompressOne(words, w);
        }
    }

    /// <summary>Expands the sixteen words of a block to one for each round.</summary>
    private static void Schedule(Span<uint> w, ReadOnlySpan<byte> block)
    {
        for (var t = 0; t < 16; t++)
            w[t] = BinaryPrimitives.ReadUInt32BigEndian(block[(4 * t)..]);

        for (var t = 16; t < Rounds; t++)
        {
            var a = w[t - 15];
            var b = w[t - 2];
            w[t] = w[t - 16] + w[t - 7]
                + (uint.RotateRight(a, 7) ^ uint.RotateRight(a, 18) ^ (a >> 3))
                + (uint.RotateRight(b, 17) ^ uint.RotateRight(b, 19) ^ (b >> 10));
        }
    }

    private static void CompressOne(Span<uint> words, ReadOnlySpan<uint> w)
    {
        var (a, b, c, d) = (words[0], words[1], words[2], words[3]);
        var (e, f, g, h) = (words[4], words[5], words[6], words[7]);

        // Eight rounds bring each variable back to its own name, so nothing is moved between them.
        ReadOnlySpan<uint> k = K;
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
    private static void Round(uint a, uint b, uint c, ref uint d, uint e, uint f, uint g, ref uint h, uint scheduled)
    {
        h += scheduled + (uint.RotateRight(e, 6) ^ uint.RotateRight(e, 11) ^ uint.RotateRight(e, 25)) + (g ^ (e & (f ^ g)));
        d += h;
        h += (uint.RotateRight(a, 2) ^ uint.RotateRight(a, 13) ^ uint.RotateRight(a, 22)) + ((a & b) ^ (c & (a ^ b)));
    }
}
