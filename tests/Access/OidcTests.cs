using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Registry.Access;
using Registry.Access.Oidc;
using Registry.Functions.Access;
using Registry.Tests.Support;

namespace Registry.Tests.Access;

public sealed class OidcTests : IDisposable
{
    private static readonly TestClock clock = new();
    private readonly TestClock time = new(clock.GetUtcNow());
    private readonly TestIssuer issuer;
    private readonly OidcVerifier verifier;

    public OidcTests()
    {
        issuer = new TestIssuer(time);
        verifier = new OidcVerifier(issuer, time);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Every way in which a token can be wrong, and what is said of it in the log.</summary>
    public static TheoryData<string, string> Wrong { get; } = new()
    {
        { "no signature, alg none", "algorithm is 'none'" },
        { "alg None", "algorithm is 'None'" },
        { "alg missing", "algorithm is ''" },
        { "alg a number", "algorithm is ''" },
        { "HS256 with the public key", "algorithm is 'HS256'" },
        { "PS256", "algorithm is 'PS256'" },
        { "RS256 with another key", "signature is wrong" },
        { "ES256 signature of another key", "signature is wrong" },
        { "ES256 under the RSA key", "signature is wrong" },
        { "RS256 under the EC key", "signature is wrong" },
        { "empty signature", "signature is wrong" },
        { "DER instead of two numbers", "signature is wrong" },
        { "claims altered", "signature is wrong" },
        { "header altered", "signature is wrong" },
        { "other issuer", "issuer is" },
        { "issuer with a slash more", "issuer is" },
        { "issuer in capitals", "issuer is" },
        { "no issuer", "no issuer" },
        { "other audience", "is for" },
        { "no audience", "no audience" },
        { "audience a number", "audience is no text" },
        { "audience that begins alike", "is for" },
        { "expired", "expired" },
        { "no expiry", "never expires" },
        { "expiry as text", "exp is no time" },
        { "expiry beyond time", "exp is no time" },
        { "not yet valid", "not valid yet" },
        { "issued tomorrow", "not valid yet" },
        { "other subject", "subject is" },
        { "no subject", "no subject" },
        { "kid missing", "names no key" },
        { "kid unknown", "no key 'other'" },
        { "kid of an encryption key", "no key 'for-encryption'" },
        { "kid of a shared key", "no key 'shared'" },
        { "huge", "more than" },
        { "deeply nested", "no JSON" },
        { "claim twice", "no JSON" },
        { "header member twice", "no JSON" },
        { "claims an array", "no JSON object" },
        { "claims no JSON", "no JSON" },
        { "JSON and something after it", "no JSON" },
        { "half a surrogate pair", "no text" },
        { "critical extension", "critical" },
        { "two parts", "three parts" },
        { "five parts", "three parts" },
        { "padding", "base64url" },
        { "standard base64", "base64url" },
        { "nothing", "three parts" },
    };

    [Fact]
    public async Task A_token_of_either_algorithm_is_let_in()
    {
        await verifier.Verify(Federation(), issuer.Token(), Cancellation);
        await verifier.Verify(Federation(), issuer.Sign(TestIssuer.EcHeader, issuer.Claims()), Cancellation);
        await verifier.Verify(Federation(), issuer.Sign(issuer.RsaHeader, issuer.Claims().Replace("\"registry.example.org\"", "[\"other\",\"registry.example.org\"]", StringComparison.Ordinal)), Cancellation);
        Assert.Equal(2, issuer.Fetched.Count);
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task A_token_that_is_wrong_is_refused(string how, string reason)
    {
        var refused = await Assert.ThrowsAsync<OidcException>(() => verifier.Verify(Federation(), Make(how), Cancellation));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);

        // The verifier is as it was.
        await verifier.Verify(Federation(), issuer.Sign(TestIssuer.EcHeader, issuer.Claims()), Cancellation);
    }

    [Theory]
    [InlineData(-59, true)]
    [InlineData(-61, false)]
    [InlineData(359, true)]
    [InlineData(360, false)]
    public async Task Clocks_may_differ_by_a_minute(int seconds, bool accepted)
    {
        var token = issuer.Sign(issuer.RsaHeader, issuer.Claims(age: seconds));
        if (accepted)
            await verifier.Verify(Federation(), token, Cancellation);
        else
            await Assert.ThrowsAsync<OidcException>(() => verifier.Verify(Federation(), token, Cancellation));
    }

    [Theory]
    [InlineData("repo:example/app:*", "repo:example/app:ref:refs/heads/main", true)]
    [InlineData("repo:example/app:*", "repo:example/application:ref:refs/heads/main", false)]
    [InlineData("repo:example/*:ref:refs/heads/main", "repo:example/app:ref:refs/heads/main", true)]
    [InlineData("repo:example/*:ref:refs/heads/main", "repo:example/app:ref:refs/heads/mainly", false)]
    [InlineData("repo:example/app:ref:refs/heads/main", "repo:EXAMPLE/app:ref:refs/heads/main", false)]
    public async Task The_subject_is_matched_whole(string pattern, string subject, bool accepted)
    {
        var token = issuer.Sign(issuer.RsaHeader, issuer.Claims(subject: subject));
        var federation = Federation() with { SubjectPattern = pattern };
        if (accepted)
            await verifier.Verify(federation, token, Cancellation);
        else
            await Assert.ThrowsAsync<OidcException>(() => verifier.Verify(federation, token, Cancellation));
    }

    [Fact]
    public async Task A_new_key_is_fetched_when_a_token_names_it_and_made_up_ones_fetch_no_more_than_once_a_minute()
    {
        await verifier.Verify(Federation(), issuer.Token(), Cancellation);
        issuer.RsaId = "rsa-2";
        await Assert.ThrowsAsync<OidcException>(() => verifier.Verify(Federation(), issuer.Token(), Cancellation));
        Assert.Equal(2, issuer.Fetched.Count);

        time.Advance(OidcIssuer.FetchInterval);
        await verifier.Verify(Federation(), issuer.Token(), Cancellation);
        Assert.Equal(4, issuer.Fetched.Count);
        for (var i = 0; i < 100; i++)
            await Assert.ThrowsAsync<OidcException>(() => verifier.Verify(Federation(), Make("kid unknown"), Cancellation));
        Assert.Equal(4, issuer.Fetched.Count);
    }

    [Fact]
    public async Task A_key_that_is_withdrawn_ends_within_the_hour_and_an_issuer_that_is_away_ends_within_the_day()
    {
        await verifier.Verify(Federation(), issuer.Token(), Cancellation);
        issuer.IsAway = true;
        time.Advance(TimeSpan.FromHours(23));
        await verifier.Verify(Federation(), issuer.Token(), Cancellation);
        time.Advance(TimeSpan.FromHours(1));
        await Assert.ThrowsAsync<OidcException>(() => verifier.Verify(Federation(), issuer.Token(), Cancellation));

        issuer.IsAway = false;
        time.Advance(OidcIssuer.FetchInterval);
        await verifier.Verify(Federation(), issuer.Token(), Cancellation);
        issuer.Keys = """{"keys":[]}""";
        time.Advance(OidcIssuer.RefreshAfter);
        await Assert.ThrowsAsync<OidcException>(() => verifier.Verify(Federation(), issuer.Token(), Cancellation));
    }

    [Theory]
    [InlineData("https://issuer.example.org/other", "https://keys.example.org/set")]
    [InlineData(TestIssuer.Address, "http://keys.example.org/set")]
    [InlineData(TestIssuer.Address, "file:///etc/passwd")]
    [InlineData(TestIssuer.Address, "nothing")]
    public async Task A_configuration_of_another_issuer_or_with_keys_elsewhere_than_https_is_refused(string name, string keys)
    {
        issuer.Issuer = name;
        issuer.KeysAddress = keys;
        await Assert.ThrowsAsync<OidcException>(() => verifier.Verify(Federation(), issuer.Token(), Cancellation));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"keys":{}}""")]
    [InlineData("""{"keys":[1,null,"x",{}]}""")]
    [InlineData("""{"keys":[{"kty":"RSA","kid":"rsa-1","n":"AQAB","e":"AQAB"}]}""")]
    [InlineData("""{"keys":[{"kty":"RSA","kid":"rsa-1"}]}""")]
    [InlineData("""{"keys":[{"kty":"EC","crv":"P-256","kid":"rsa-1","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}""")]
    public async Task A_key_set_that_is_none_lets_nobody_in(string keys)
    {
        issuer.Keys = keys;
        await Assert.ThrowsAsync<OidcException>(() => verifier.Verify(Federation(), issuer.Token(), Cancellation));
        time.Advance(OidcIssuer.FetchInterval);
        await Assert.ThrowsAsync<OidcException>(() => verifier.Verify(Federation(), issuer.Sign(TestIssuer.EcHeader.Replace("ec-1", "rsa-1", StringComparison.Ordinal), issuer.Claims()), Cancellation));
    }

    [Fact]
    public async Task Two_keys_of_one_name_are_no_key_set()
    {
        issuer.Keys = issuer.KeySet().Replace("ec-1", "rsa-1", StringComparison.Ordinal);
        await Assert.ThrowsAsync<OidcException>(() => verifier.Verify(Federation(), issuer.Token(), Cancellation));
    }

    [Theory]
    [InlineData("http://issuer.example.org/", 200, 10)]
    [InlineData("https://issuer.example.org/", 302, 10)]
    [InlineData("https://issuer.example.org/", 404, 10)]
    [InlineData("https://issuer.example.org/", 200, HttpsDocuments.MaxBytes + 1)]
    public async Task A_document_comes_over_https_from_there_itself_and_within_its_size(string address, int status, int size)
    {
        using var documents = new HttpsDocuments(new Answering(status, size));
        await Assert.ThrowsAsync<OidcException>(() => documents.Get(new Uri(address), Cancellation));
        using var good = new HttpsDocuments(new Answering(200, HttpsDocuments.MaxBytes));
        Assert.Equal(HttpsDocuments.MaxBytes, (await good.Get(new Uri("https://issuer.example.org/"), Cancellation)).Length);
    }

    public void Dispose() => issuer.Dispose();

    internal static Federation Federation() =>
        new(AccountName.Parse("ci"), new Uri(TestIssuer.Address), "registry.example.org", "repo:example/app:*", "1", clock.GetUtcNow());

    private string Make(string how)
    {
        var (header, claims) = (issuer.RsaHeader, issuer.Claims());
        string With(string name, string value) => issuer.Sign(header, System.Text.RegularExpressions.Regex.Replace(claims, $"\"{name}\":(\"[^\"]*\"|[0-9]+)", value));
        using var stranger = new TestIssuer(time, isStranger: true);
        var good = issuer.Token().Split('.');
        return how switch
        {
            "no signature, alg none" => $"{TestIssuer.Text("""{"alg":"none","kid":"rsa-1"}""")}.{good[1]}.",
            "alg None" => $"{TestIssuer.Text("""{"alg":"None","kid":"rsa-1"}""")}.{good[1]}.",
            "alg missing" => issuer.Sign("""{"kid":"rsa-1"}""", claims),
            "alg a number" => issuer.Sign("""{"alg":256,"kid":"rsa-1"}""", claims),
            "HS256 with the public key" => Hmac(claims),
            "PS256" => issuer.Sign("""{"alg":"PS256","kid":"rsa-1"}""", claims),
            "RS256 with another key" => stranger.Token(),
            "ES256 signature of another key" => stranger.Sign(TestIssuer.EcHeader, claims),
            "ES256 under the RSA key" => issuer.Sign("""{"alg":"ES256","kid":"rsa-1"}""", claims),
            "RS256 under the EC key" => issuer.Sign("""{"alg":"RS256","kid":"ec-1"}""", claims),
            "empty signature" => $"{good[0]}.{good[1]}.",
            "DER instead of two numbers" => Der(claims),
            "claims altered" => $"{good[0]}.{TestIssuer.Text(claims.Replace("main", "evil", StringComparison.Ordinal))}.{good[2]}",
            "header altered" => $"{TestIssuer.Text(header.Replace("JWT", "jwt", StringComparison.Ordinal))}.{good[1]}.{good[2]}",
            "other issuer" => issuer.Sign(header, issuer.Claims(issuer: "https://evil.example.org")),
            "issuer with a slash more" => issuer.Sign(header, issuer.Claims(issuer: TestIssuer.Address + "/")),
            "issuer in capitals" => issuer.Sign(header, issuer.Claims(issuer: TestIssuer.Address.ToUpperInvariant())),
            "no issuer" => With("iss", "\"x\":1"),
            "other audience" => issuer.Sign(header, issuer.Claims(audience: "other")),
            "no audience" => With("aud", "\"x\":1"),
            "audience a number" => With("aud", "\"aud\":1"),
            "audience that begins alike" => issuer.Sign(header, issuer.Claims(audience: "registry.example.organic")),
            "expired" => issuer.Sign(header, issuer.Claims(age: 3600)),
            "no expiry" => With("exp", "\"x\":1"),
            "expiry as text" => With("exp", "\"exp\":\"9999999999\""),
            "expiry beyond time" => With("exp", "\"exp\":1e300"),
            "not yet valid" => With("nbf", $"\"nbf\":{time.GetUtcNow().ToUnixTimeSeconds() + 200}"),
            "issued tomorrow" => With("iat", $"\"iat\":{time.GetUtcNow().ToUnixTimeSeconds() + 86400}"),
            "other subject" => issuer.Sign(header, issuer.Claims(subject: "repo:evil/app:ref:refs/heads/main")),
            "no subject" => With("sub", "\"x\":1"),
            "kid missing" => issuer.Sign("""{"alg":"RS256"}""", claims),
            "kid unknown" => issuer.Sign("""{"alg":"RS256","kid":"other"}""", claims),
            "kid of an encryption key" => issuer.Sign("""{"alg":"RS256","kid":"for-encryption"}""", claims),
            "kid of a shared key" => issuer.Sign("""{"alg":"RS256","kid":"shared"}""", claims),
            "huge" => issuer.Sign(header, claims[..^1] + $",\"x\":\"{new string('x', OidcToken.MaxLength)}\"}}"),
            "deeply nested" => issuer.Sign(header, claims[..^1] + $",\"x\":{new string('[', 100)}{new string(']', 100)}}}"),
            "claim twice" => issuer.Sign(header, claims[..^1] + ",\"sub\":\"repo:example/app:x\"}"),
            "header member twice" => issuer.Sign("""{"alg":"none","alg":"RS256","kid":"rsa-1"}""", claims),
            "claims an array" => issuer.Sign(header, $"[{claims}]"),
            "claims no JSON" => issuer.Sign(header, "sub=x"),
            "JSON and something after it" => issuer.Sign(header, claims + "{}"),
            "half a surrogate pair" => issuer.Sign(header, claims.Replace("repo:example/app:", "repo:example/app:\\ud800", StringComparison.Ordinal)),
            "critical extension" => issuer.Sign("""{"alg":"RS256","kid":"rsa-1","crit":["exp"]}""", claims),
            "two parts" => $"{good[0]}.{good[1]}",
            "five parts" => $"{issuer.Token()}.x.y",
            "padding" => $"{good[0]}.{good[1]}.{good[2]}==",
            "standard base64" => $"{good[0]}.{good[1]}.+/+/",
            "nothing" => "",
            _ => throw new ArgumentOutOfRangeException(nameof(how), how, null),
        };
    }

    private string Hmac(string claims)
    {
        var input = $"{TestIssuer.Text("""{"alg":"HS256","kid":"rsa-1"}""")}.{TestIssuer.Text(claims)}";
        return $"{input}.{Base64Url.EncodeToString(HMACSHA256.HashData(issuer.PublicKeyText(), Encoding.ASCII.GetBytes(input)))}";
    }

    // Of the right length by chance at most: DER is longer, so a verifier that guesses the format would be needed to take it.
    private string Der(string claims)
    {
        var parts = issuer.Sign(TestIssuer.EcHeader, claims).Split('.');
        var signature = Base64Url.DecodeFromChars(parts[2]);
        byte[] der = [0x30, 0x44, 0x02, 0x20, .. signature[..32], 0x02, 0x20, .. signature[32..]];
        return $"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(der)}";
    }

    private sealed class Answering(int status, int size) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage((HttpStatusCode)status) { Content = new ByteArrayContent(new byte[size]) });
    }
}
