using System.Security.Cryptography;
using Registry.Manifests.Schema1;
using Registry.Tests.Support;

namespace Registry.Tests.Manifests.Schema1;

/// <summary>Manifests signed by a shell script with openssl (<c>sign.sh</c>), which shares no code with the registry.</summary>
public sealed class OpensslTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_openssl_signed_is_accepted_with_the_payload_byte_for_byte()
    {
        foreach (var algorithms in (string[][])[["ES256"], ["ES384"], ["RS256"], ["ES256", "ES384", "RS256"]])
        {
            var signed = await Sign(Schema1Samples.Small, algorithms);

            Assert.Empty(Schema1Samples.Refusals(signed));
            Assert.Equal(Schema1Samples.Small, PrettyJws.Open(signed).Payload!.Value.ToArray());
            Assert.Equal(
                Schema1Samples.Signatures(Schema1Samples.Sign(Schema1Samples.Small, algorithms)).Select(Jwk).Order(),
                Schema1Samples.Signatures(signed).Select(Jwk).Order());
        }

        static string Jwk(System.Text.Json.Nodes.JsonNode? signature) => signature!["header"]!.ToJsonString();
    }

    /// <summary>The numbers of a signature are sometimes short, and must be padded: one in 128 begins with a zero octet.</summary>
    [Fact]
    public async Task Bits_of_what_openssl_signed_can_not_be_flipped()
    {
        var signed = await Sign(Schema1Samples.Small, "ES256");
        for (var at = 0; at < Schema1Samples.Formatted(Schema1Samples.Small).Length; at++)
        {
            var flipped = (byte[])signed.Clone();
            flipped[at] ^= (byte)(1 << (at % 8));
            Assert.NotEmpty(Schema1Samples.Refusals(flipped));
        }
    }

    /// <summary>Signs with <c>sign.sh</c> and the samples' keys.</summary>
    internal static async Task<byte[]> Sign(byte[] payload, params IEnumerable<string> algorithms)
    {
        RequiredTool.Openssl.Find();
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["payload"], payload, Cancellation);
        var arguments = new List<string> { Path.Combine(SourceTree.Tests, "Manifests", "Schema1", "sign.sh"), folder["payload"] };
        foreach (var algorithm in algorithms)
        {
            arguments.Add(folder[algorithm]);
            await File.WriteAllTextAsync(folder[algorithm], Schema1Samples.Key(algorithm) is RSA rsa ? rsa.ExportPkcs8PrivateKeyPem() : ((ECDsa)Schema1Samples.Key(algorithm)).ExportPkcs8PrivateKeyPem(), Cancellation);
        }

        var output = await new Command(RequiredTool.Bash.Find(), Patience.Limit).Run([.. arguments], Cancellation);
        return System.Text.Encoding.UTF8.GetBytes(output);
    }
}
