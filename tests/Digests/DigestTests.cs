using System.Security.Cryptography;
using System.Text;
using Registry.Digests;
using Registry.Errors;

namespace Registry.Tests.Digests;

public sealed class DigestTests
{
    private const string Hex256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private const string Hex512 = Hex256 + Hex256;

    [Theory]
    [InlineData("sha256:" + Hex256, "sha256", Hex256)]
    [InlineData("sha512:" + Hex512, "sha512", Hex512)]
    [InlineData("tarsum.v1+sha256:" + Hex256, "tarsum.v1+sha256", Hex256)]
    public void A_well_formed_digest_keeps_its_text_and_gives_its_parts(string text, string algorithm, string hex)
    {
        Assert.True(Digest.TryParse(text, out var digest));
        Assert.Equal(text, digest.ToString());
        Assert.Equal(algorithm, digest.Algorithm.Name);
        Assert.Equal(hex, digest.Hex.ToString());
        Assert.Equal(digest, Digest.Parse(text));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("sha256")]
    [InlineData("sha256:")]
    [InlineData(Hex256)]
    [InlineData(":" + Hex256)]
    [InlineData("sha256:" + Hex256 + "0")]
    [InlineData("sha256:" + Hex512)]
    [InlineData("sha512:" + Hex256)]
    [InlineData("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("sha256:g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("sha256: 3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("sha256:\u0663b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("sha256:" + Hex256 + "\n")]
    [InlineData(" sha256:" + Hex256)]
    [InlineData("SHA256:" + Hex256)]
    [InlineData("sha256::" + Hex256)]
    [InlineData("sha256/" + Hex256)]
    [InlineData("sha-256:" + Hex256)]
    [InlineData("sha384:" + Hex256)]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("tarsum.v1+sha256:")]
    [InlineData("tarsum.v1+sha256:" + Hex512)]
    [InlineData("tarsum.v1+sha512:" + Hex512)]
    [InlineData("tarsum.v1+md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("tarsum.v1 sha256:" + Hex256)]
    [InlineData("tarsum.v2+sha256:" + Hex256)]
    [InlineData("tarsum.v1:" + Hex256)]
    [InlineData("tarsum+sha256:")]
    [InlineData("tarsum.dev+sha256:" + Hex512)]
    public void Anything_else_is_refused_as_DIGEST_INVALID(string? text)
    {
        Assert.False(Digest.TryParse(text, out _));
        var refusal = Assert.Throws<RegistryException>(() => Digest.Parse(text));
        Assert.Equal(RegistryError.DigestInvalid, refusal.Error);
    }

    [Theory]
    [InlineData("tarsum+sha256:" + Hex256)]
    [InlineData("tarsum.dev+sha256:" + Hex256)]
    public void Other_versions_of_the_tarsum_are_understood_and_refused(string text)
    {
        Assert.False(Digest.TryParse(text, out _));
        var refusal = Assert.Throws<RegistryException>(() => Digest.Parse(text));
        Assert.Equal(RegistryError.TarSumUnsupported, refusal.Error);
        Assert.StartsWith("unsupported tarsum version", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(new DigestDetail(text), refusal.Problems[0].Detail);
    }

    [Theory]
    [InlineData("sha256", "invalid digest format")]
    [InlineData("sha256:abc", "invalid digest format")]
    [InlineData("tarsum+sha256:abc", "invalid digest format")]
    [InlineData("md5:d41d8cd98f00b204e9800998ecf8427e", "unsupported digest algorithm")]
    public void A_refusal_says_whether_the_format_or_the_algorithm_is_wrong(string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<RegistryException>(() => Digest.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_tarsum_is_no_hash_of_bytes()
    {
        var tarsum = Digest.Parse("tarsum.v1+sha256:" + Hex256);
        Assert.Equal(RegistryError.DigestInvalid, Assert.Throws<RegistryException>(() => Digest.ParseHash(tarsum.ToString())).Error);
        Assert.Equal(DigestAlgorithm.Sha256, Digest.ParseHash("sha256:" + Hex256).Algorithm);
        Assert.Equal(DigestAlgorithm.Sha256, tarsum.Algorithm.Hash);
        Assert.Throws<ArgumentOutOfRangeException>(() => Digest.Compute(DigestAlgorithm.TarSum, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => ResumableHash.Create(DigestAlgorithm.TarSum));
    }

    [Fact]
    public void A_digest_is_computed_from_content()
    {
        var content = Encoding.UTF8.GetBytes("content");
        Assert.Equal($"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}", Digest.Compute(DigestAlgorithm.Sha256, content).ToString());
        Assert.Equal($"sha512:{Convert.ToHexStringLower(SHA512.HashData(content))}", Digest.Compute(DigestAlgorithm.Sha512, content).ToString());
    }

    [Fact]
    public void Digests_are_equal_when_their_texts_are()
    {
        var digest = Digest.Compute(DigestAlgorithm.Sha256, []);
        Assert.Equal(Digest.Parse("sha256:" + Hex256), digest);
        Assert.NotEqual(Digest.Compute(DigestAlgorithm.Sha256, [0]), digest);
        Assert.NotEqual(Digest.Compute(DigestAlgorithm.Sha512, []), digest);
    }

    [Fact]
    public void An_unset_digest_cannot_be_written_by_mistake() =>
        Assert.Throws<InvalidOperationException>(() => default(Digest).ToString());
}
