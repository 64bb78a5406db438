using System.Text.Json;
using Registry.Jose;
using Registry.Manifests.Schema1;

namespace Registry.Tests.Manifests.Schema1;

/// <summary>Keys and a signature that docker's own tools made and that were published, so that ours is held to theirs.</summary>
public sealed class LibtrustFactsTests
{
    /// <summary>From docker's descriptions of the token and of the manifest, and from an image of Red Hat's of 2018 (openstack-nova-api).</summary>
    public static TheoryData<string, string, string> Keys { get; } = new()
    {
        { "PYYO:TEWU:V7JH:26JV:AQTZ:LJC3:SXVJ:XGHA:34F2:2LAQ:ZRMK:Z7Q6", "m7zUpx3b-zmVE5cymSs64POG9QcyEpJaYCD82-549_Q", "dU3biz8sZ_8GPB-odm8Wxz3lNDr1xcAQQPQaOcr1fmc" },
        { "OD6I:6DRK:JXEJ:KBM4:255X:NSAA:MUSF:E4VM:ZI6W:CUN2:L4Z6:LSF4", "3gAwX48IQ5oaYQAYSxor6rYYc_6yjuLCjtQ9LUakg4A", "t72ge6kIA1XOjqjVoEOiPPAURltJFBMGDSQvEGVB010" },
        { "DB2X:GSG2:72H3:AE3R:KCMI:Y77E:W7TF:ERHK:V5HR:JJ2Y:YMS6:HFGJ", "jyr9-xZBorSC9fhqNsmfU_Ud31wbaZ-bVGz0HmySvbQ", "vkE6qZCCvYRWjSUwgAOvibQx_s8FipYkAiHS0VnAFNs" },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public void A_key_is_called_what_libtrust_calls_it(string id, string x, string y) =>
        Assert.Equal(id, LibtrustKeyId.Of(Read(x, y).ExportSubjectPublicKeyInfo()));

    /// <summary>The image's manifest has 7,460 bytes; what is needed of it here is the SHA-256 of what was signed.</summary>
    [Fact]
    public void A_signature_of_libtrusts_is_verified()
    {
        var key = Read("jyr9-xZBorSC9fhqNsmfU_Ud31wbaZ-bVGz0HmySvbQ", "vkE6qZCCvYRWjSUwgAOvibQx_s8FipYkAiHS0VnAFNs");
        var signature = JoseJson.Base64Url("jBBsnocfxw77LzmM_VeN6Nb031BtqPgx-DbppYOEnhZfGLRcyYwGUPW--3JrkeEX6AlEGzPI57R0tlu5bZvrnQ", "the signature");
        var hash = Convert.FromHexString("70bee7df29ac3b4db0eb12ccf79982460185f42b0cf38dd8779bcedea370ba4b");

        Assert.True(key.Verifies(hash, signature));
        hash[31] ^= 1;
        Assert.False(key.Verifies(hash, signature));
    }

    private static JoseKey Read(string x, string y)
    {
        using var json = JsonDocument.Parse($$"""{"kty":"EC","crv":"P-256","x":"{{x}}","y":"{{y}}"}""");
        return JoseKey.Read(json.RootElement)!;
    }
}
