using FsCheck;
using FsCheck.Fluent;
using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Digests;

/// <summary>What changes a tarsum and what does not, on arbitrary archives, beside a model by the letter of the specification.</summary>
public sealed class TarSumTests
{
    private const int Samples = 150;

    private static readonly Gen<string> names =
        from length in Gen.Frequency((6, Gen.Choose(1, 12)), (2, Gen.Choose(95, 105)), (1, Gen.Choose(200, 5000)))
        from letters in Gen.ArrayOf(Gen.Frequency((9, Gen.Choose('a', 'z')), (1, Gen.Choose(0x80, 0xff)), (1, Gen.Elements<int>('/', '.', ' ', '='))), length)
        select string.Concat(letters.Select(l => (char)l));

    private static readonly Gen<TarFile> files =
        from name in names
        from mode in Gen.Choose(0, 0x1ff)
        from ids in Gen.ArrayOf(Gen.Choose(0, 2_000_000), 2)
        from type in Gen.Elements("0012345667\0g".ToCharArray())
        from size in Gen.Frequency((3, Gen.Choose(0, 1100)), (1, Gen.Elements(0, 511, 512, 513, 200_000)))
        from seed in Gen.Choose(0, int.MaxValue)
        from link in Gen.Frequency((2, Gen.Constant("")), (1, names))
        from owners in Gen.ArrayOf(Gen.Elements("", "root", "someone", new string('u', 40)), 2)
        from attributes in Gen.ArrayOf(Gen.Elements("user.a", "user.B", "user.c d", "security.capability", "\u00e9"), 2)
        select new TarFile(name)
        {
            Mode = mode,
            Uid = ids[0],
            Gid = ids[1],
            Type = type,
            Content = Content.Bytes(seed, size),
            LinkName = link,
            UserName = owners[0],
            GroupName = owners[1],
            Major = 8,
            Minor = ids[0] % 256,
            Attributes = [.. attributes.Take(seed % 3).Distinct().Select(a => (a, seed % 5 == 0 ? "" : $"value {seed}\n"))],
        };

    private static readonly Gen<IReadOnlyList<TarFile>> archives =
        from list in Gen.ListOf(files)
        select (IReadOnlyList<TarFile>)[.. list.DistinctBy(f => Path(f.Name))];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task An_archive_has_the_sum_that_the_specification_gives_it() => ForAll(async (archive, _) =>
        Assert.Equal(TarFile.Sum(archive), await Compute(TarFile.Archive(archive))));

    [Fact]
    public Task The_order_of_the_entries_does_not_matter() => ForAll(async (archive, random) =>
    {
        TarFile[] shuffled = [.. archive];
        random.Shuffle(shuffled);
        Assert.Equal(await Compute(TarFile.Archive(archive)), await Compute(TarFile.Archive(shuffled)));
    });

    [Fact]
    public Task The_times_of_the_entries_do_not_matter() => ForAll(async (archive, random) =>
        Assert.Equal(await Compute(TarFile.Archive(archive)), await Compute(TarFile.Archive(archive.Select(f => f with { Time = random.Next() })))));

    [Fact]
    public Task What_follows_the_end_does_not_matter() => ForAll(async (archive, random) =>
        Assert.Equal(await Compute(TarFile.Archive(archive)), await Compute([.. TarFile.Archive(archive), .. Content.Bytes(random.Next(), random.Next(5000))])));

    [Fact]
    public Task Any_other_change_matters() => ForAll(async (archive, random) =>
    {
        if (archive.Count == 0)
            return;
        var sum = await Compute(TarFile.Archive(archive));
        var at = random.Next(archive.Count);
        foreach (var (what, changed) in Changes(archive[at], random))
        {
            TarFile[] other = [.. archive];
            other[at] = changed;
            Assert.True(sum != await Compute(TarFile.Archive(other)), $"{what} of {archive[at]} does not matter");
        }

        Assert.NotEqual(sum, await Compute(TarFile.Archive(archive.Where((_, i) => i != at))));
        Assert.NotEqual(sum, await Compute(TarFile.Archive([.. archive, new TarFile("one more")])));
    });

    /// <summary>Of two files with one path the latter is what is unpacked, so their order counts, and that of the others still does not.</summary>
    [Fact]
    public async Task The_order_of_entries_with_one_name_matters()
    {
        TarFile[] twice = [new("dir/file") { Content = [1] }, new("./dir/file/") { Content = [2] }];
        Assert.Equal(TarFile.Final(twice.Select(f => f.EntrySum())), await Compute(TarFile.Archive(twice)));
        Assert.Equal(TarFile.Final(twice.Reverse().Select(f => f.EntrySum())), await Compute(TarFile.Archive(twice.Reverse())));

        TarFile[] others = [.. Enumerable.Range(0, 20).Select(i => new TarFile($"other {i}"))];
        var sum = await Compute(TarFile.Archive([.. twice, .. others]));
        Assert.Equal(sum, await Compute(TarFile.Archive([twice[0], .. others.Reverse(), twice[1]])));
        Assert.NotEqual(sum, await Compute(TarFile.Archive([twice[1], .. others, twice[0]])));
    }

    /// <summary>Docker's specification: "This is not a cryptographic attestation, and should not be considered secure." Why nobody is given another repository's archive by its tarsum alone.</summary>
    [Fact]
    public async Task Two_archives_can_be_made_to_have_one_sum()
    {
        var one = TarFile.Archive(new TarFile("file") { UserName = "a", GroupName = "bgnamec" });
        var other = TarFile.Archive(new TarFile("file") { UserName = "agnameb", GroupName = "c" });
        Assert.NotEqual(one, other);
        Assert.Equal(await Compute(one), await Compute(other));
    }

    private static IEnumerable<(string What, TarFile Changed)> Changes(TarFile file, Random random)
    {
        yield return ("name", file with { Name = file.Name + "x" });
        yield return ("mode", file with { Mode = file.Mode ^ (1 << random.Next(9)) });
        yield return ("uid", file with { Uid = file.Uid + 1 });
        yield return ("gid", file with { Gid = file.Gid + 1 });
        yield return ("type", file with { Type = file.Type == '7' ? '6' : '7' });
        yield return ("link", file with { LinkName = file.LinkName + "x" });
        yield return ("user", file with { UserName = file.UserName + "x" });
        yield return ("group", file with { GroupName = file.GroupName + "x" });
        yield return ("content, longer", file with { Content = [.. file.Content, 0] });
        yield return ("attribute, one more", file with { Attributes = [.. file.Attributes, ("user.more", "")] });
        if (file.Type is '3' or '4')
        {
            yield return ("major number", file with { Major = file.Major + 1 });
            yield return ("minor number", file with { Minor = file.Minor + 1 });
        }

        if (file.Content.Length > 0)
        {
            byte[] flipped = [.. file.Content];
            flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
            yield return ("content", file with { Content = flipped });
        }

        if (file.Attributes.Count > 0)
        {
            var (name, value) = file.Attributes[0];
            yield return ("attribute's name", file with { Attributes = [(name + "x", value), .. file.Attributes.Skip(1)] });
            yield return ("attribute's value", file with { Attributes = [(name, value + "x"), .. file.Attributes.Skip(1)] });
        }
    }

    private static async Task ForAll(Func<IReadOnlyList<TarFile>, Random, Task> holds)
    {
        var seed = TestSeed.Current;
        foreach (var archive in Generated.Values(archives, Samples, size: 12))
            await holds(archive, new Random(seed));
    }

    private static async Task<string> Compute(byte[] archive) =>
        (await TarSum.Compute(new MemoryStream(archive), TarSumLimits.For(archive.Length, long.MaxValue), Cancellation)).ToString();

    private static string Path(string name) =>
        name.StartsWith("./", StringComparison.Ordinal) ? Trim(name[2..]) : Trim(name);

    private static string Trim(string name) => name.EndsWith('/') ? name[..^1] : name;
}
