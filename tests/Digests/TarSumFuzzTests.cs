using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Digests;

/// <summary>Arbitrary damage to real archives: each is summed up or refused, and nothing else happens.</summary>
public sealed class TarSumFuzzTests
{
    /// <summary>Minutes to fuzz for, in place of the default's seconds.</summary>
    public const string MinutesVariable = "REGISTRY_FUZZ_MINUTES";

    private const int DefaultSeconds = 40;

    private static readonly int[] fields = [100, 108, 124, 329, 386, 398, 482, 483];

    // What reading an archive of 200 KB may allocate: one that expands to 8 MB of entries comes near.
    private const long MaxAllocated = 64 * 1024 * 1024;

    private static readonly TarSumLimits limits = new() { MaxEntries = 10_000, MaxExtension = 64 * 1024, MaxExtents = 1000, MaxExpanded = 8 * 1024 * 1024 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The seed of each archive is printed with whatever goes wrong, and makes it again.</summary>
    [Fact]
    public async Task A_mangled_archive_is_summed_up_or_refused()
    {
        var length = Environment.GetEnvironmentVariable(MinutesVariable) is { Length: > 0 } minutes
            ? TimeSpan.FromMinutes(double.Parse(minutes, CultureInfo.InvariantCulture))
            : TimeSpan.FromSeconds(DefaultSeconds);
        var corpus = Corpus();
        var (clock, seed, summed, slowest) = (Stopwatch.StartNew(), 0, 0, TimeSpan.Zero);
        for (; clock.Elapsed < length; seed++)
        {
            var random = new Random(seed);
            var archive = Mangle(corpus, random);
            var began = clock.Elapsed;
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                // Nothing here waits, so all of it runs on this thread.
                await TarSum.Compute(new MemoryStream(archive), limits, Cancellation);
                summed++;
            }
            catch (TarSumException e)
            {
                Assert.InRange(e.Message.Length, 10, 400);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
            }

            Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < MaxAllocated, $"seed {seed}: {GC.GetAllocatedBytesForCurrentThread() - allocated} bytes allocated");
            if (clock.Elapsed - began > slowest)
                slowest = clock.Elapsed - began;
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{seed} archives, {summed} of them summed up; the slowest took {slowest.TotalMilliseconds:F0} ms");
        Assert.InRange(summed, seed / 100, seed * 99 / 100);
    }

    private static List<byte[]> Corpus()
    {
        var corpus = new List<byte[]>();
        foreach (var file in Directory.GetFiles(Path.Combine(SourceTree.Tests, "Digests", "TarSums"), "*.tar.gz").Order(StringComparer.Ordinal))
        {
            var compressed = File.ReadAllBytes(file);
            using var plain = new MemoryStream();
            using (var gzip = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress))
                gzip.CopyTo(plain);
            corpus.Add(compressed);
            corpus.Add(plain.ToArray());
        }

        return corpus;
    }

    private static byte[] Mangle(List<byte[]> corpus, Random random)
    {
        List<byte> archive = [.. corpus[random.Next(corpus.Count)]];
        for (var changes = random.Next(1, 6); changes > 0 && archive.Count > 0; changes--)
            Change(archive, corpus, random);

        // A wrong checksum would end most of them at their first header.
        var bytes = archive.ToArray();
        if (random.Next(4) > 0)
            MendChecksums(bytes);
        return bytes;
    }

    private static void Change(List<byte> archive, List<byte[]> corpus, Random random)
    {
        var at = random.Next(archive.Count);
        var block = at / 512 * 512;
        switch (random.Next(8))
        {
            case 0:
                archive[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                archive[block] = (byte)random.Next(256);
                break;
            case 2 when block + 512 <= archive.Count:
                archive[block + 156] = (byte)"0123456gxLKSDN\0"[random.Next(15)];
                break;
            case 3 when block + 512 <= archive.Count:
                Field(archive, block + fields[random.Next(fields.Length)], random);
                break;
            case 4:
                archive.RemoveRange(at, random.Next(Math.Min(2000, archive.Count - at)));
                break;
            case 5:
                archive.RemoveRange(block, Math.Min(512 * random.Next(1, 4), archive.Count - block));
                break;
            case 6:
                var other = corpus[random.Next(corpus.Count)];
                archive.InsertRange(block, other.Take(512 * random.Next(1, 6)));
                break;
            default:
                archive.InsertRange(at, Content.Bytes(random.Next(), random.Next(20)));
                break;
        }
    }

    private static void Field(List<byte> archive, int at, Random random)
    {
        string[] values = ["00000000000\0", "77777777777\0", "00000001000\0", "\u0080\0\0\0\u007f\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff", "\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff", "           \0", "9\0"];
        foreach (var value in values[random.Next(values.Length)])
            archive[at++] = (byte)value;
    }

    private static void MendChecksums(byte[] archive)
    {
        for (var block = 0; block + 512 <= archive.Length; block += 512)
        {
            if (archive.AsSpan(block + 257, 5).SequenceEqual("ustar"u8))
                TarFile.With(archive[block..(block + 512)], 0).CopyTo(archive, block);
        }
    }
}
