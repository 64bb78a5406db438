using System.Security.Cryptography;

namespace Registry.Digests;

/// <summary>SHA-256 by libcrypto. Its context is a field of this object, so it is freed with it.</summary>
internal sealed unsafe class NativeSha256 : ResumableHash
{
    private const int BlockSize = 64;

    private Sha256Context context;

    public NativeSha256(HashState state)
    {
        fixed (Sha256Context* c = &context)
        {
            state.CopyChainingTo(new Span<uint>(c->Chaining, 8));
            state.Pending.CopyTo(new Span<byte>(c->Pending, BlockSize));
        }

        var bits = (ulong)state.Length << 3;
        context.BitsLow = (uint)bits;
        context.BitsHigh = (uint)(bits >> 32);
        context.PendingLength = (uint)state.Pending.Length;
        context.HashLength = SHA256.HashSizeInBytes;
    }

    public override DigestAlgorithm Algorithm => DigestAlgorithm.Sha256;

    public override long Length => (long)(((ulong)context.BitsHigh << 32 | context.BitsLow) >> 3);

    public override void Append(ReadOnlySpan<byte> content)
    {
        fixed (Sha256Context* c = &context)
        fixed (byte* data = content)
            LibCrypto.Check(LibCrypto.Sha256Update(c, data, (nuint)content.Length));
    }

    public override byte[] Save()
    {
        fixed (Sha256Context* c = &context)
        {
            return HashState.Write(
                Algorithm, new ReadOnlySpan<uint>(c->Chaining, 8), Length, new ReadOnlySpan<byte>(c->Pending, (int)c->PendingLength));
        }
    }

    public override Digest Current()
    {
        var copy = context;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        fixed (byte* h = hash)
            LibCrypto.Check(LibCrypto.Sha256Final(h, &copy));
        return Digest.FromHash(Algorithm, hash);
    }

    public override void Dispose()
    {
        // Nothing is held but memory.
    }
}
