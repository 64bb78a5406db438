using System.Security.Cryptography;

namespace Registry;

/// <summary>Where ids come from: random, and replaced in tests by a seeded one.</summary>
public abstract class IdSource
{
    /// <summary>Ids of a cryptographic generator.</summary>
    public static readonly IdSource Random = new RandomIds();

    /// <summary>Fills the span with random bytes.</summary>
    protected abstract void Fill(Span<byte> bytes);

    /// <summary>An id of this many random bytes, as lower-case hexadecimal digits.</summary>
    public string NewHex(int bytes)
    {
        Span<byte> id = stackalloc byte[bytes];
        Fill(id);
        return Convert.ToHexStringLower(id);
    }

    /// <summary>A random (version 4) UUID: distribution-spec asks that an upload's location contains one.</summary>
    public Guid NewUuid()
    {
        Span<byte> id = stackalloc byte[16];
        Fill(id);
        id[6] = (byte)((id[6] & 0x0f) | 0x40);
        id[8] = (byte)((id[8] & 0x3f) | 0x80);
        return new Guid(id, bigEndian: true);
    }

    private sealed class RandomIds : IdSource
    {
        protected override void Fill(Span<byte> bytes) => RandomNumberGenerator.Fill(bytes);
    }
}
