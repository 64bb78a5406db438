using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Registry.Digests;
using Registry.Errors;
using Registry.Manifests;
using Registry.Manifests.Schema1;
using Registry.Tests.Support;

namespace Registry.Tests.Manifests.Schema1;

/// <summary>Schema 1 manifests as docker 1.6 to 1.9 wrote them, and keys to sign them with.</summary>
internal static class Schema1Samples
{
    // Making an RSA key takes a while, so all tests share these.
    private static readonly Lazy<IReadOnlyDictionary<string, AsymmetricAlgorithm>> keys = new(() => new Dictionary<string, AsymmetricAlgorithm>(StringComparer.Ordinal)
    {
        ["ES256"] = ECDsa.Create(ECCurve.NamedCurves.nistP256),
        ["ES384"] = ECDsa.Create(ECCurve.NamedCurves.nistP384),
        ["RS256"] = RSA.Create(2048),
    });

    /// <summary>The algorithms' names.</summary>
    public static TheoryData<string> Algorithms => ["ES256", "ES384", "RS256"];

    /// <summary>A private key for an algorithm: always the same one.</summary>
    public static AsymmetricAlgorithm Key(string algorithm) => keys.Value[algorithm];

    /// <summary>A manifest with docker's indentation and order of members.</summary>
    public static byte[] Payload(string name, string tag, params IEnumerable<string> blobSums)
    {
        var sums = blobSums.ToList();
        return Encoding.UTF8.GetBytes($$"""
            {
               "schemaVersion": 1,
               "name": "{{name}}",
               "tag": "{{tag}}",
               "architecture": "amd64",
               "fsLayers": [
                  {{string.Join(",\n      ", sums.Select(s => $"{{\n         \"blobSum\": \"{s}\"\n      }}"))}}
               ],
               "history": [
                  {{string.Join(",\n      ", sums.Select((_, i) => $"{{\n         \"v1Compatibility\": \"{{\\\"id\\\":\\\"{i:x64}\\\"}}\"\n      }}"))}}
               ]
            }
            """.ReplaceLineEndings("\n"));
    }

    /// <summary>A manifest of one layer, which nothing holds.</summary>
    public static byte[] Small { get; } = Payload("team/app", "v1", SumOf("base"));

    public static string SumOf(string layer) => Digest.Compute(DigestAlgorithm.Sha256, SmallImages.Blob(layer)).ToString();

    public static byte[] Sign(byte[] payload, params IEnumerable<string> algorithms) =>
        new ManifestSigner(new TestClock()).Sign(payload, [.. algorithms.Select(Key)]);

    /// <summary>The signatures of a signed document, to be altered.</summary>
    public static JsonArray Signatures(byte[] signed) => JsonNode.Parse(signed)!["signatures"]!.DeepClone().AsArray();

    /// <summary>A signed document of parts that may not belong together.</summary>
    /// <param name="payload">What comes before the signatures: a JSON object.</param>
    /// <param name="signatures">The signatures as JSON.</param>
    public static byte[] Assemble(byte[] payload, string signatures) =>
        [.. Formatted(payload), .. Encoding.UTF8.GetBytes($",\n   \"signatures\": {signatures}\n}}")];

    /// <summary>The part of a payload that stands before the signatures.</summary>
    public static byte[] Formatted(byte[] payload) => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(payload).TrimEnd()[..^1].TrimEnd());

    /// <summary>A signature that is right, of a payload and a protected header that need not be.</summary>
    public static JsonObject SignatureOf(byte[] payload, string protectedHeader, string algorithm = "ES256")
    {
        var signature = Signatures(Sign(Small, algorithm))[0]!.DeepClone().AsObject();
        var text = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(protectedHeader));
        var input = Encoding.ASCII.GetBytes($"{text}.{Base64Url.EncodeToString(payload)}");
        signature["protected"] = text;
        signature["signature"] = Base64Url.EncodeToString(Key(algorithm) switch
        {
            RSA rsa => rsa.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            ECDsa ec => ec.SignData(input, algorithm == "ES384" ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256),
            _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
        });
        return signature;
    }

    public static string ProtectedHeader(byte[] payload) =>
        $$"""{"formatLength":{{Formatted(payload).Length}},"formatTail":"{{Base64Url.EncodeToString(payload.AsSpan(Formatted(payload).Length))}}"}""";

    /// <summary>What is wrong with a document wherever it is put, as <c>CODE: message</c>; nothing when it is accepted.</summary>
    public static IReadOnlyList<string> Refusals(byte[] content, string? contentType = MediaTypes.Schema1Signed)
    {
        try
        {
            return [.. (ManifestDocument.Parse(content, contentType, new ManifestOptions()).Schema1?.Problems ?? []).Select(Show)];
        }
        catch (RegistryException e)
        {
            return [.. e.Problems.Select(Show)];
        }
    }

    private static string Show(RegistryException.Problem problem) => $"{problem.Error.Code}: {problem.Message}";
}
