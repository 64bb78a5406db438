using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>What was staged, committed or deleted stays so, whenever the power goes, and a blob is absent or whole.</summary>
public sealed class BlobDurabilityTests : IDisposable
{
    private static readonly BlobMetadata metadata = new("library/ubuntu", "sha256:abc");
    private static readonly byte[] small = Content.Bytes(9, 500);

    private readonly TemporaryFolder folder = new();
    private readonly TestDisk disk = new();
    private readonly List<(CrashImage Image, Scene[] Scenes)> images = [];

    private string Root => folder["data"];

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Nothing_acknowledged_is_lost_at_any_step()
    {
        await Play([
            new Scene("content/aa/in-order", ["1", "2"], ["1", "2"]),
            new Scene("content/bb/first-only", ["1", "2", "3"], ["1"]),
            new Scene("content/bb/out-of-order", ["2", "1", "3"], ["1", "2"]),
            new Scene("/rooted/aa/empty", ["1"], []),
            new Scene("content/aa/open", ["1", "2", "3"], null),
        ]);

        foreach ((CrashImage image, Scene[] scenes) in images.DistinctBy(i => i.Image.Fingerprint + string.Join<Scene>(' ', i.Scenes)))
        {
            await using OpenBlobs recovered = await Recover(image);
            foreach (Scene scene in scenes)
                await scene.AssertHolds(recovered, image);
            int open = scenes.Count(s => s.Commit is null && s.Staged > 0);
            Assert.True(recovered.StagingFiles().Length <= open + 1, $"{image}: {recovered.StagingFiles().Length} files are staged");
        }
    }

    [Fact]
    public async Task A_put_and_a_delete_are_done_or_not_at_any_step()
    {
        const string path = "content/aa/put";
        var seen = new List<(CrashImage Image, bool IsPut, bool IsDeleted)>();
        bool isPut = false;
        bool isDeleted = false;
        await using (OpenBlobs blobs = await OpenBlobs.Open(Root, disk))
        {
            disk.BeforeStep = step => seen.AddRange(CrashImage.Take(step, disk, Root).Select(image => (image, isPut, isDeleted)));
            await blobs.Put(path, small, metadata);
            isPut = true;
            Assert.True(await blobs.Driver.Delete(path, TestContext.Current.CancellationToken));
            isDeleted = true;
            await blobs.Put("content/aa/other", small, metadata);
        }

        foreach ((CrashImage image, bool mustBe, bool mustNotBe) in seen.DistinctBy(s => (s.Image.Fingerprint, s.IsPut, s.IsDeleted)))
        {
            await using OpenBlobs recovered = await Recover(image);
            BlobStat? stat = await recovered.Find(path);
            Assert.False(mustNotBe && stat is not null, $"{image}: deleted, and there");
            Assert.False(mustBe && !mustNotBe && stat is null && image.Step.Path != Path.Combine(Root, "blobs", path) && !IsAfterUnlink(image), $"{image}: put, and not there");
            if (stat is not null)
                Assert.Equal(small, await recovered.Read(path));
        }

        // From the delete's first step on, its blob may be gone.
        bool IsAfterUnlink(CrashImage image) => image.Step.Number > seen.First(s => s.Image.Step.Operation == "delete").Image.Step.Number;
    }

    /// <summary>A process is killed at any step; the next one shows what it finds, written or flushed; then the power goes.</summary>
    [Fact]
    public async Task What_was_shown_after_a_kill_is_there_after_a_loss_of_power()
    {
        for (int killed = 1, steps = int.MaxValue; killed <= steps; killed++)
        {
            using var own = new TemporaryFolder();
            var killing = new TestDisk();
            int at = killed;
            DiskStep? last = null;
            killing.BeforeStep = step =>
            {
                if (step.Number < at)
                    return;
                last ??= step;
                throw new IOException("killed");
            };
            Exception? failure = await Record.ExceptionAsync(() => Work(own["data"], killing));
            steps = failure is null ? killed : steps;

            killing.BeforeStep = null;
            (Dictionary<string, string> rows, Dictionary<string, byte[]> blobs) shown = await Show(own["data"], killing);
            CrashImage.AfterLossOfPower(killing, own["data"]).PutInto(Directory.CreateDirectory(own["after"]).FullName);
            (Dictionary<string, string> rows, Dictionary<string, byte[]> blobs) left = await Show(own["after"], null);

            Assert.True(shown.rows.OrderBy(r => r.Key).SequenceEqual(left.rows.OrderBy(r => r.Key)), $"killed before {last}");
            Assert.True(shown.blobs.All(b => left.blobs.TryGetValue(b.Key, out byte[]? bytes) && bytes.SequenceEqual(b.Value)), $"killed before {last}");
        }
    }

    private static async Task Work(string root, TestDisk disk)
    {
        await using (OpenTables tables = await OpenTables.Open(root, disk, OpenTables.Eager))
        {
            for (int i = 0; i < 12; i++)
            {
                await tables.Put($"r{i % 4}", new string('x', 20 * i));
                await tables.Store.Compaction;
            }
        }

        await using OpenBlobs blobs = await OpenBlobs.Open(root, disk);
        await blobs.Stage("content/aa/one", "1", small);
        await blobs.Commit("content/aa/one", metadata, "1");
        await blobs.Put("content/bb/two", small, metadata);
    }

    private static async Task<(Dictionary<string, string> Rows, Dictionary<string, byte[]> Blobs)> Show(string root, TestDisk? disk)
    {
        Dictionary<string, string> rows;
        await using (OpenTables tables = await OpenTables.Open(root, disk))
            rows = await tables.Rows();
        await using OpenBlobs open = await OpenBlobs.Open(root, disk);
        var blobs = new Dictionary<string, byte[]>();
        await foreach (BlobListing listing in open.Driver.List("", TestContext.Current.CancellationToken))
            blobs[listing.Path] = await open.Read(listing.Path);
        return (rows, blobs);
    }

    private async Task Play(Scene[] scenes)
    {
        Directory.CreateDirectory(Root);
        disk.BeforeStep = step => images.AddRange(
            CrashImage.Take(step, disk, Root).Select(image => (image, scenes.Select(s => s with { }).ToArray())));
        await using OpenBlobs blobs = await OpenBlobs.Open(Root, disk, options: OpenTables.Eager);
        foreach (Scene scene in scenes)
            await scene.Play(blobs);
        disk.BeforeStep = null;
    }

    private async Task<OpenBlobs> Recover(CrashImage image)
    {
        string copy = folder[$"{image.Step.Number} {image.Kind}"];
        Directory.CreateDirectory(copy);
        image.PutInto(copy);
        return await OpenBlobs.Open(copy);
    }

    /// <summary>Blocks are staged and committed. A copy of it says how far it had come.</summary>
    private sealed record Scene(string Path, string[] Stage, string[]? Commit)
    {
        public int Staged { get; private set; }

        public bool IsCommitted { get; private set; }

        public async Task Play(OpenBlobs blobs)
        {
            foreach (string id in Stage)
            {
                await blobs.Stage(Path, id, BytesOf(id));
                Staged++;
            }

            if (Commit is null)
                return;
            await blobs.Commit(Path, metadata, Commit);
            IsCommitted = true;
        }

        public async Task AssertHolds(OpenBlobs recovered, CrashImage image)
        {
            BlobStat? stat = await recovered.Find(Path);
            Assert.True(stat is not null || !IsCommitted, $"{image}: {Path} was committed, and is not there");
            if (stat is not null)
            {
                Assert.Equal(metadata, stat.Metadata);
                Assert.Equal(Expected(Commit!), await recovered.Read(Path));
            }

            // Every block that was acknowledged can be committed, be it for the first time or again.
            string[] commit = Commit ?? [.. Stage.Take(Staged)];
            if (Staged < Stage.Length && Commit is not null)
                return;
            await recovered.Commit(Path, metadata, commit);
            Assert.Equal(Expected(commit), await recovered.Read(Path));
        }

        private static byte[] Expected(string[] ids) => [.. ids.SelectMany(BytesOf)];

        private static byte[] BytesOf(string id) => Content.Bytes(TestSeed.Of(id), 200 + (100 * id[0]));
    }
}
