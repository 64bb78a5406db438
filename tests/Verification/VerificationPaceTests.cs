using Registry.Digests;
using Registry.Storage;
using Registry.Tests.Support;
using Registry.Verification;

namespace Registry.Tests.Verification;

/// <summary>How fast passes go by themselves, and how one process goes on where another ended.</summary>
public sealed class VerificationPaceTests
{
    private const long MiB = 1024 * 1024;

    private static readonly TimeSpan limit = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void An_allowance_grows_with_time_up_to_a_day_and_shrinks_by_what_is_read()
    {
        var clock = new TestClock();
        Assert.Equal(100 + (24 * MiB / 24), new VerificationBudget(24 * MiB, 100, TimeSpan.FromHours(1), clock).Left);
        Assert.Equal(24 * MiB, new VerificationBudget(24 * MiB, 100, TimeSpan.FromDays(9), clock).Left);

        Assert.Equal(100, new VerificationBudget(24 * MiB, 100, TimeSpan.FromHours(-1), clock).Left);

        var budget = new VerificationBudget(24 * MiB, 0, TimeSpan.FromHours(2), clock);
        budget.Spend(3 * MiB);
        Assert.Equal(-MiB, budget.Left);
        clock.Advance(TimeSpan.FromHours(3));
        Assert.Equal(2 * MiB, budget.Left);
        clock.Advance(TimeSpan.FromDays(3));
        budget.Spend(MiB);
        Assert.Equal(23 * MiB, budget.Left);
    }

    [Fact]
    public void Without_a_bound_it_does_not_shrink()
    {
        var budget = new VerificationBudget(null, 0, TimeSpan.Zero, new TestClock());
        budget.Spend(long.MaxValue);
        Assert.Equal(long.MaxValue, budget.Left);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("disk")]
    public async Task A_large_blob_is_read_over_several_slices_at_the_pace_that_is_set(string kind)
    {
        await using var storage = await VerificationStorage.Open(kind);
        var lab = Lab(storage, perDay: 144 * MiB);
        await lab.PushBlob(Content.Bytes(1, 5 * (int)MiB));

        var (slices, bytes) = await Slices(storage, lab, limit);

        Assert.InRange(slices, 5, 8);
        Assert.Equal(5 * MiB, bytes);
        Assert.Empty(await lab.Recorded());
    }

    /// <summary>Each slice is one of a process of its own, and has time for no more than a piece.</summary>
    [Theory]
    [MemberData(nameof(VerificationStorage.Names), MemberType = typeof(VerificationStorage))]
    public async Task A_large_blob_is_read_over_several_slices_that_have_little_time(string kind)
    {
        await using var storage = await VerificationStorage.Open(kind);
        var lab = Lab(storage, perDay: 1L << 50);
        var (whole, damaged) = (Content.Bytes(1, 3 * (int)MiB), Content.Bytes(2, 2 * (int)MiB));
        await lab.PushBlob(whole);
        await lab.PushBlob(damaged, DigestAlgorithm.Sha512);
        var digest = Digest.Compute(DigestAlgorithm.Sha512, damaged);
        await lab.Spoil(await lab.PathOf(digest), b => [.. b[..10], (byte)~b[10], .. b[11..]]);


        // Whose rows do not age as the test's clock does begins with enough to read.
        await new VerificationRunStore(storage.Tables, IdSource.Random).Save(new VerificationRun { Kind = VerificationKind.Pass, Allowance = 1L << 40 }, Cancel);
        var (slices, bytes) = await Slices(storage, lab, TimeSpan.Zero);

        Assert.True(slices > 10, $"{slices} slices");
        Assert.Equal(5 * MiB, bytes);
        Assert.Equal((FindingKind.Corrupt, digest.ToString()), (await lab.Recorded()).Select(f => (f.Kind, f.Name)).Single());
    }

    /// <summary>Each connection breaks after a MiB and a half. What was read is not read again, and a slice that has little time ends when it should.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public async Task A_large_blob_is_read_on_from_where_its_connection_broke(int minutes)
    {
        await using var storage = await VerificationStorage.Open("memory");
        var options = new VerificationOptions { BytesPerDay = 1L << 50 };
        var lab = new VerificationLab(storage, seenDriver: new Breaking(storage.Driver, MiB * 3 / 2)) { Options = options };
        await lab.PushBlob(Content.Bytes(1, 5 * (int)MiB));
        await new VerificationRunStore(storage.Tables, IdSource.Random).Save(new VerificationRun { Kind = VerificationKind.Pass, Allowance = 1L << 40 }, Cancel);

        var (slices, bytes) = await Slices(storage, lab, TimeSpan.FromMinutes(minutes));

        Assert.Equal(5 * MiB, bytes);
        Assert.InRange(slices, minutes == 0 ? 15 : 1, minutes == 0 ? 30 : 1);
        Assert.Empty(await lab.Recorded());
    }

    [Fact]
    public async Task A_blob_that_was_replaced_between_two_slices_is_read_from_its_beginning()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = Lab(storage, perDay: 144 * MiB);
        var content = Content.Bytes(1, 3 * (int)MiB);
        await lab.PushBlob(content);
        Assert.Equal(VerificationOutcome.Paused, (await Slice(lab)).Outcome);

        var digest = Digest.Compute(DigestAlgorithm.Sha256, content).ToString();
        foreach (var row in (string[])[Tables.ContentRow, Tables.Key(VerificationLab.App)])
            await storage.Tables.Write(Tables.Content, TableOperation.Delete(digest, row, etag: null), Cancel);
        await lab.PushBlob(content);
        var (_, bytes) = await Slices(storage, lab, limit);

        Assert.InRange(bytes, content.Length + 1, 2L * content.Length);
        Assert.Empty(await lab.Recorded());
    }

    /// <summary>Pages of three rows, and a slice ends after each blob. Storage's own words for where a page begins are no keys on Azure.</summary>
    [Theory]
    [MemberData(nameof(VerificationStorage.Names), MemberType = typeof(VerificationStorage))]
    public async Task Slices_that_end_in_the_middle_of_a_page_look_at_each_row_once(string kind)
    {
        await using var storage = await VerificationStorage.Open(kind);
        var lab = new VerificationLab(storage, new ShortPages(storage.Tables, 3)) { Options = new VerificationOptions { BytesPerDay = 1L << 50 } };
        await lab.Push(SmallImages.Index(SmallImages.Image("one", "base"), SmallImages.Image("two", "base", "more")), "v1", "v2");
        foreach (var content in Enumerable.Range(1, 4).Select(i => Content.Bytes(i, (int)MiB + 1)))
            await lab.PushBlob(content);
        await new VerificationRunStore(storage.Tables, IdSource.Random).Save(new VerificationRun { Kind = VerificationKind.Pass, Allowance = 1L << 40 }, Cancel);

        var (slices, _) = await Slices(storage, lab, TimeSpan.Zero);

        Assert.True(slices > 15, $"{slices} slices");
        var totals = (await lab.NewVerifier().States(Cancel)).Single().Totals;
        Assert.Equal((8, 8, 3, 2, 0), (totals.Contents, totals.Links, totals.Manifests, totals.Tags, totals.Findings));
    }

    [Fact]
    public async Task A_pass_begins_when_the_last_began_an_interval_ago_and_looks_cost_one_transaction()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var tables = new CountingTableStore(storage.Tables);
        var lab = new VerificationLab(storage, tables) { Options = new VerificationOptions { Interval = TimeSpan.FromDays(7) } };
        await lab.Push(SmallImages.Image("app", "base"), "latest");
        Assert.Equal(VerificationOutcome.Finished, (await Slice(lab)).Outcome);

        storage.Clock.Advance(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
        var (calls, _) = await tables.During(async () => Assert.Equal(VerificationOutcome.NotDue, (await Slice(lab)).Outcome));
        Assert.Equal(["Find progress"], calls);
        storage.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(VerificationOutcome.Finished, (await Slice(lab)).Outcome);
    }

    [Fact]
    public async Task A_pass_costs_a_few_calls_one_for_each_blob_and_one_for_each_layer_that_a_repository_needs()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var (tables, driver) = (new CountingTableStore(storage.Tables), new CountingOpens(storage.Driver));
        var lab = new VerificationLab(storage, tables, driver);
        await lab.Push(SmallImages.Index(SmallImages.Image("one", "base"), SmallImages.Image("two", "base")), "v1", "v2");

        var (calls, _) = await tables.During(() => lab.Verify());

        string[] needed = ["Find content", "Find content", "Find content"];
        string[] expected = ["Find progress", "Write progress", "Find progress", "Query content", "Query manifests", .. needed, "Query progress", "Write progress"];
        Assert.Equal(expected.Order(StringComparer.Ordinal), calls.Where(c => c != "Find manifests").Order(StringComparer.Ordinal));
        Assert.InRange(calls.Count(c => c == "Find manifests"), 0, 2);
        Assert.Equal(3 + 3, driver.Opens);
    }

    [Fact]
    public async Task Without_bytes_a_day_nothing_is_read_or_asked()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var tables = new CountingTableStore(storage.Tables);
        var lab = new VerificationLab(storage, tables) { Options = new VerificationOptions { BytesPerDay = 0 } };

        var (calls, _) = await tables.During(async () => Assert.Equal(VerificationOutcome.NotDue, (await Slice(lab)).Outcome));
        Assert.Empty(calls);
    }

    /// <summary>Small blobs cost calls, so a budget bounds those too: 16 for a MiB.</summary>
    [Fact]
    public async Task Many_small_blobs_are_not_read_at_once()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = Lab(storage, perDay: 144 * MiB);
        for (var i = 0; i < 100; i++)
            await lab.PushBlob([(byte)i]);

        var first = await Slice(lab);

        Assert.Equal(VerificationOutcome.Paused, first.Outcome);
        Assert.InRange(first.Totals.Contents, 10, 24);
        await Slices(storage, lab, limit);
        Assert.Equal(100, (await lab.NewVerifier().States(Cancel)).Single().Totals.Contents);
    }

    [Fact]
    public async Task One_process_at_a_time_goes_on_with_a_pass_and_one_that_died_is_followed_by_another()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = Lab(storage, perDay: 144 * MiB);
        await lab.PushBlob(Content.Bytes(1, 3 * (int)MiB));
        await Slice(lab);
        storage.Clock.Advance(TimeSpan.FromMinutes(10));

        // It holds the row, and never writes it again.
        var row = (await storage.Tables.Find(Tables.Progress, Tables.VerificationPartition, "Pass", Cancel))!;
        await storage.Tables.Write(Tables.Progress, TableOperation.Replace(row.Copy().Set("held", true).Set("allowance", 144 * MiB), row.ETag), Cancel);
        Assert.Equal(VerificationOutcome.Busy, (await Slice(lab)).Outcome);
        storage.Clock.Advance(lab.Options.LeaseDuration);
        Assert.Equal(VerificationOutcome.Finished, (await Slice(lab)).Outcome);
    }

    [Fact]
    public async Task A_command_is_told_when_another_is_at_it()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage);
        await lab.Verify();
        var row = (await storage.Tables.Find(Tables.Progress, Tables.VerificationPartition, "Now", Cancel))!;
        await storage.Tables.Write(Tables.Progress, TableOperation.Replace(row.Copy().Set("held", true), row.ETag), Cancel);

        Assert.Equal(VerificationOutcome.Busy, (await lab.NewVerifier().Run(false, new VerificationSeen(), Cancel)).Outcome);
    }

    /// <summary>Each write of the progress is made twice, as a driver does whose answer was lost.</summary>
    [Fact]
    public async Task A_write_of_the_progress_whose_answer_was_lost_is_known_again()
    {
        await using var storage = await VerificationStorage.Open("memory");
        var lab = new VerificationLab(storage, new Twice(storage.Tables)) { Options = new VerificationOptions { BytesPerDay = 144 * MiB } };
        await lab.PushBlob(Content.Bytes(1, 3 * (int)MiB));

        var (_, bytes) = await Slices(storage, lab, limit);

        Assert.Equal(3 * MiB, bytes);
    }

    private static VerificationLab Lab(VerificationStorage storage, long perDay) => new(storage) { Options = new VerificationOptions { BytesPerDay = perDay } };

    private static Task<VerificationSlice> Slice(VerificationLab lab) => lab.NewVerifier().RunSlice(limit, new VerificationSeen(), Cancel);

    /// <summary>Slices until a pass is over, ten minutes apart.</summary>
    private static async Task<(int Slices, long Bytes)> Slices(VerificationStorage storage, VerificationLab lab, TimeSpan each)
    {
        for (var slices = 1; slices < 100; slices++)
        {
            var slice = await lab.NewVerifier().RunSlice(each, new VerificationSeen(), Cancel);
            if (slice.Outcome == VerificationOutcome.Finished)
                return (slices, slice.Totals.Bytes);
            storage.Clock.Advance(TimeSpan.FromMinutes(10));
        }

        throw new InvalidOperationException("the pass does not end");
    }

    private sealed class CountingOpens(IStorageDriver inner) : DriverDecorator(inner)
    {
        private int opens;

        public int Opens => opens;

        public override Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation)
        {
            Interlocked.Increment(ref opens);
            return base.Open(path, offset, length, cancellation);
        }
    }

    private sealed class Breaking(IStorageDriver inner, long after) : DriverDecorator(inner)
    {
        public override async Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation) =>
            BreakingBody.After(await base.Open(path, offset, length, cancellation), (int)after);
    }

    private sealed class Twice(ITableStore inner) : TableDecorator(inner)
    {
        public override async Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation)
        {
            await base.Write(table, operation, cancellation);
            return await base.Write(table, operation, cancellation);
        }
    }
}
