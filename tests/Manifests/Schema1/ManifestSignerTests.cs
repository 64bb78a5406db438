using System.Buffers.Text;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Registry.Manifests.Schema1;
using Registry.Tests.Support;

namespace Registry.Tests.Manifests.Schema1;

public sealed class ManifestSignerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Payloads of every form that a client might have written.</summary>
    public static TheoryData<string, string> Payloads { get; } = new()
    {
        { "as docker writes it", Encoding.UTF8.GetString(Schema1Samples.Small) },
        { "on one line", Compact(Schema1Samples.Small) },
        { "with a line break behind it", Encoding.UTF8.GetString(Schema1Samples.Small) + "\n" },
        { "with tabs", Encoding.UTF8.GetString(Schema1Samples.Small).Replace("   ", "\t", StringComparison.Ordinal) },
        { "with Windows' line breaks", Encoding.UTF8.GetString(Schema1Samples.Small).Replace("\n", "\r\n", StringComparison.Ordinal) },
        { "with letters beyond ASCII", Encoding.UTF8.GetString(Schema1Samples.Small).Replace("amd64", "Z\u00fcrich \ud83d\ude00", StringComparison.Ordinal) },
        { "with two kinds of indentation", Encoding.UTF8.GetString(Schema1Samples.Small).Replace("{\n   ", "{\n \t", StringComparison.Ordinal) },
    };

    [Theory]
    [MemberData(nameof(Payloads))]
    public void What_is_signed_is_accepted_and_has_the_payload_byte_for_byte(string form, string text)
    {
        var payload = Encoding.UTF8.GetBytes(text);
        foreach (var algorithms in (string[][])[["ES256"], ["ES384"], ["RS256"], ["ES256", "ES384", "RS256"], ["ES256", "ES256"]])
        {
            var signed = Schema1Samples.Sign(payload, algorithms);

            Assert.True(Schema1Samples.Refusals(signed) is [], form);
            Assert.Equal(payload, PrettyJws.Open(signed).Payload!.Value.ToArray());
            Assert.Equal(algorithms.Length, Schema1Samples.Signatures(signed).Count);
        }
    }

    [Fact]
    public void It_is_laid_out_as_libtrust_lays_it_out()
    {
        var signed = Encoding.UTF8.GetString(Schema1Samples.Sign(Schema1Samples.Small, "ES256"));
        var signature = Schema1Samples.Signatures(Encoding.UTF8.GetBytes(signed))[0]!;
        var jwk = signature["header"]!["jwk"]!;

        Assert.Equal(
            $$"""
            {{Encoding.UTF8.GetString(Schema1Samples.Formatted(Schema1Samples.Small))}},
               "signatures": [
                  {
                     "header": {
                        "jwk": {
                           "crv": "P-256",
                           "kid": "{{jwk["kid"]}}",
                           "kty": "EC",
                           "x": "{{jwk["x"]}}",
                           "y": "{{jwk["y"]}}"
                        },
                        "alg": "ES256"
                     },
                     "signature": "{{signature["signature"]}}",
                     "protected": "{{signature["protected"]}}"
                  }
               ]
            }
            """.ReplaceLineEndings("\n"),
            signed);
        var length = Schema1Samples.Formatted(Schema1Samples.Small).Length;
        Assert.Equal(
            $$"""{"formatLength":{{length}},"formatTail":"Cn0","time":"2026-01-02T03:04:05Z"}""",
            Encoding.UTF8.GetString(Base64Url.DecodeFromChars(signature["protected"]!.GetValue<string>())));
    }

    [Fact]
    public void Signatures_are_in_order_of_their_keys_whatever_order_those_came_in()
    {
        var ids = Schema1Samples.Signatures(Schema1Samples.Sign(Schema1Samples.Small, "RS256", "ES384", "ES256")).Select(s => s!["header"]!["jwk"]!["kid"]!.GetValue<string>()).ToList();

        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Equal(3, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Matches("^([A-Z2-7]{4}:){11}[A-Z2-7]{4}$", id));
    }

    /// <summary>openssl looks at what we sign; <see cref="OpensslTests"/> is the other way round.</summary>
    [Theory]
    [MemberData(nameof(Schema1Samples.Algorithms), MemberType = typeof(Schema1Samples))]
    public async Task Openssl_verifies_what_is_signed(string algorithm)
    {
        var openssl = new Command(RequiredTool.Openssl.Find(), Patience.Limit);
        using var folder = new TemporaryFolder();
        var signature = Schema1Samples.Signatures(Schema1Samples.Sign(Schema1Samples.Small, algorithm))[0]!;
        var bytes = Base64Url.DecodeFromChars(signature["signature"]!.GetValue<string>());
        var key = Schema1Samples.Key(algorithm);
        await File.WriteAllTextAsync(folder["key.pem"], key is RSA rsa ? rsa.ExportSubjectPublicKeyInfoPem() : ((ECDsa)key).ExportSubjectPublicKeyInfoPem(), Cancellation);
        await File.WriteAllBytesAsync(folder["signature"], key is RSA ? bytes : Der(bytes), Cancellation);
        await File.WriteAllTextAsync(folder["input"], $"{signature["protected"]}.{Base64Url.EncodeToString(Schema1Samples.Small)}", Cancellation);
        string[] verify = ["dgst", algorithm == "ES384" ? "-sha384" : "-sha256", "-verify", folder["key.pem"], "-signature", folder["signature"], folder["input"]];

        Assert.Contains("Verified OK", await openssl.Run(verify, Cancellation), StringComparison.Ordinal);
        await File.AppendAllTextAsync(folder["input"], "A", Cancellation);
        await openssl.Fail(verify, Cancellation);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("\"text\"")]
    [InlineData("{\"a\":1")]
    [InlineData("{\"a\":1}}")]
    [InlineData("{\"a\":1,\"signatures\":[]}")]
    public void What_is_no_payload_is_not_signed(string payload) =>
        Assert.ThrowsAny<ArgumentException>(() => Schema1Samples.Sign(Encoding.UTF8.GetBytes(payload), "ES256"));

    [Fact]
    public void Keys_of_other_kinds_and_no_keys_sign_nothing()
    {
        using var small = RSA.Create(1024);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        using var bitcoin = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));
        var signer = new ManifestSigner(new TestClock());

        Assert.ThrowsAny<ArgumentException>(() => signer.Sign(Schema1Samples.Small, small));
        Assert.ThrowsAny<ArgumentException>(() => signer.Sign(Schema1Samples.Small, other));
        Assert.ThrowsAny<ArgumentException>(() => signer.Sign(Schema1Samples.Small, bitcoin));
        Assert.ThrowsAny<ArgumentException>(() => signer.Sign(Schema1Samples.Small));
    }

    private static string Compact(byte[] payload) => System.Text.Json.Nodes.JsonNode.Parse(payload)!.ToJsonString();

    private static byte[] Der(byte[] signature)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var number in signature.Chunk(signature.Length / 2))
                writer.WriteInteger(new BigInteger(number, isUnsigned: true, isBigEndian: true));
        }

        return writer.Encode();
    }
}
