using System.Security.Cryptography;
using System.Text;

namespace Registry.Manifests.Schema1;

/// <summary>The name of a public key, as docker's libtrust prints it: twelve groups of four base32 characters.</summary>
internal static class LibtrustKeyId
{
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    // 240 bits: 48 characters of five bits.
    private const int HashBytes = 30;

    /// <param name="publicKey">The key as DER (X.509's SubjectPublicKeyInfo).</param>
    public static string Of(ReadOnlySpan<byte> publicKey)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(publicKey, hash);
        var id = new StringBuilder();
        var (bits, count) = (0, 0);
        foreach (var octet in hash[..HashBytes])
        {
            (bits, count) = ((bits << 8) | octet, count + 8);
            while (count >= 5)
            {
                // Every fifth character is a colon.
                if (id.Length % 5 == 4)
                    id.Append(':');
                count -= 5;
                id.Append(Base32[(bits >> count) & 31]);
            }

            bits &= (1 << count) - 1;
        }

        return id.ToString();
    }
}
