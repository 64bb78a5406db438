using System.Security.Cryptography;

namespace Registry.Digests;

/// <summary>SHA-512 by libcrypto. Its context is a field of this object, so it is freed with it.</summary>
internal sealed unsafe class NativeSha512 : ResumableHash
{
    private const int BlockSize = 128;

    private Sha512Context context;

    public NativeSha512(HashState state)
    {
        fixed (Sha512Context* c = &context)
        {
            state.CopyChainingTo(new Span<ulong>(c->Chaining, 8));
            state.Pending.CopyTo(new Span<byte>(c->Pending, BlockSize));
        }

        // HashState.MaxLength keeps the high word at zero.
        context.BitsLow = (ulong)state.Length << 3;
        context.PendingLength = (uint)state.Pending.Length;
        context.HashLength = SHA512.HashSizeInBytes;
    }

    public override DigestAlgorithm Algorithm => DigestAlgorithm.Sha512;

    public override long Length => (long)(context.BitsLow >> 3);

    public override void Append(ReadOnlySpan<byte> content)
    {
        fixed (Sha512Context* c = &context)
        fixed (byte* data = content)
            LibCrypto.Check(LibCrypto.Sha512Update(c, data, (nuint)content.Length));
    }

    public override byte[] Save()
    {
        fixed (Sha512Context* c = &context)
        {
            return HashState.Write(
                Algorithm, new ReadOnlySpan<ulong>(c->Chaining, 8), Length, new ReadOnlySpan<byte>(c->Pending, (int)c->PendingLength));
        }
    }

    public override Digest Current()
    {
        var copy = context;
        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        fixed (byte* h = hash)
            LibCrypto.Check(LibCrypto.Sha512Final(h, &copy));
        return Digest.FromHash(Algorithm, hash);
    }

    public override void Dispose()
    {
        // Nothing is held but memory.
    }
}
