using System.IO.Compression;
using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Digests;

/// <summary>Tarsums that others computed: docker's own tests, and Python's tarfile over archives of GNU tar and bsdtar (TarSums/make.sh).</summary>
public sealed class TarSumVectorTests
{
    private static readonly string folder = Path.Combine(SourceTree.Tests, "Digests", "TarSums");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Archives
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var line in File.ReadAllLines(Path.Combine(folder, "sums.txt")))
                all.Add(line.Split(' ')[0], line.Split(' ')[1]);
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Archives))]
    public async Task An_archive_of_GNU_tar_or_bsdtar_has_the_sum_that_Python_gives_it(string archive, string sum)
    {
        await using var file = File.OpenRead(Path.Combine(folder, archive));
        await using var plain = new GZipStream(file, CompressionMode.Decompress);
        Assert.Equal(sum, await Compute(plain));
    }

    [Theory]
    [MemberData(nameof(Archives))]
    public async Task Compressed_by_gzip_it_has_the_same(string archive, string sum)
    {
        await using var file = File.OpenRead(Path.Combine(folder, archive));
        Assert.Equal(sum, await Compute(file));
    }

    [Fact]
    public void Every_archive_has_its_sum() => Assert.Equal(
        Directory.GetFiles(folder, "*.tar.gz").Select(Path.GetFileName).Order(StringComparer.Ordinal), Archives.Select(a => a.Data.Item1).Order(StringComparer.Ordinal));

    /// <summary>docker's pkg/tarsum/tarsum_test.go, TestIteration: what was "tarsum.dev" when it was written became version 1.</summary>
    public static readonly TheoryData<string, string> Published = new()
    {
        { "file.txt", "6ffd43a1573a9913325b4918e124ee982a99c0f3cba90fc032a65f5e20bdd465" },
        { "another.txt", "b38166c059e11fb77bef30bf16fba7584446e80fcc156ff46d47e36c5305d8ef" },
        { "xattrs.txt", "4cc2e71ac5d31833ab2be9b4f7842a14ce595ec96a37af4ed08f87bc374228cd" },
        { "xattrs.txt in another case", "65f4284fa32c0d4112dd93c3637697805866415b570587e4fd266af241503760" },
    };

    [Theory]
    [MemberData(nameof(Published))]
    public async Task The_sums_of_dockers_own_tests_hold(string name, string hex)
    {
        var user = new TarFile(name.Split(' ')[0]) { Mode = 0, Uid = 1000, Gid = 1000, UserName = "slartibartfast", GroupName = "users", Content = "test"u8.ToArray() };
        var file = name switch
        {
            "file.txt" => new TarFile(name) { Mode = 0 },
            "another.txt" => user,
            "xattrs.txt" => user with { Attributes = [("user.key1", "value1"), ("user.key2", "value2")] },
            _ => user with { Attributes = [("user.KEY1", "value1"), ("user.key2", "value2")] },
        };
        Assert.Equal($"tarsum.v1+sha256:{hex}", await Compute(new MemoryStream(TarFile.Archive(file))));
    }

    /// <summary>docker/distribution's DigestTarSumV1EmptyTar; an empty upload reads as an archive without entries, too.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(512)]
    [InlineData(1024)]
    [InlineData(10240)]
    public async Task An_empty_archive_has_the_sum_of_nothing(int zeros) => Assert.Equal(
        "tarsum.v1+sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", await Compute(new MemoryStream(new byte[zeros])));

    private static async Task<string> Compute(Stream archive) =>
        (await TarSum.Compute(archive, TarSumLimits.For(archive.CanSeek ? archive.Length : 1024, long.MaxValue), Cancellation)).ToString();
}
