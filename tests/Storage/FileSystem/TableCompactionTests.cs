using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

public sealed class TableCompactionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TestDisk disk = new();

    private string Folder => folder["data"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_journal_stays_in_proportion_to_what_is_live()
    {
        await using (OpenTables tables = await OpenTables.Open(Folder, disk, OpenTables.Eager))
        {
            for (int i = 0; i < 1000; i++)
            {
                await tables.Put($"r{i % 10}", $"{i}");
                await tables.Store.Compaction;
            }

            Assert.Null(tables.Store.CompactionFailure);
            Assert.InRange(Files().Sum(f => f.Length), 1, 5000);
        }

        await using OpenTables again = await OpenTables.Open(Folder, options: OpenTables.Eager);
        Assert.Equal(Enumerable.Range(990, 10).Select(i => ($"r{i % 10}", $"{i}")), (await again.Rows()).Select(r => (r.Key, r.Value)));
    }

    [Fact]
    public async Task Writing_goes_on_while_a_snapshot_is_written()
    {
        await using OpenTables tables = await OpenTables.Open(Folder, disk, OpenTables.Eager);
        using var begun = new ManualResetEventSlim();
        int written = 0;
        Task<Registry.Storage.TableResult>? during = null;
        disk.BeforeStep = step =>
        {
            if (!step.Path.EndsWith(".tmp", StringComparison.Ordinal) || begun.IsSet)
                return;
            during = tables.Put("during", "1");
            begun.Set();
        };

        while (!begun.IsSet)
            await tables.Put("r", $"{written++}");

        Assert.True((await during!).IsDone);
        await tables.Store.Compaction;
        Assert.Equal("1", (await tables.Rows())["during"]);
    }

    [Theory]
    [InlineData("create", "journal-0000000001")]
    [InlineData("flush", "journal-0000000001")]
    [InlineData("create", "snapshot-0000000001.tmp")]
    [InlineData("write", "snapshot-0000000001.tmp")]
    [InlineData("flush", "snapshot-0000000001.tmp")]
    [InlineData("move", "snapshot-0000000001")]
    [InlineData("delete", "journal-0000000000")]
    public async Task A_compaction_that_fails_is_told_and_harms_nothing(string operation, string file)
    {
        int count = 0;
        await using (OpenTables tables = await OpenTables.Open(Folder, disk, OpenTables.Eager))
        {
            disk.BeforeStep = step =>
            {
                if (step.Operation == operation && Path.GetFileName(step.Path) == file)
                    throw new IOException("no space");
            };
            while (tables.Store.CompactionFailure is null)
            {
                await tables.Put($"r{count % 5}", $"{count++}");
                await tables.Store.Compaction;
            }

            await AssertWhole(tables, count);
            Assert.DoesNotContain(Files(), f => f.Extension == ".tmp");
            await using (OpenTables copy = await OpenTables.Open(Copied()))
                await AssertWhole(copy, count);

            disk.BeforeStep = null;
            while (tables.Store.CompactionFailure is not null)
            {
                await tables.Put($"r{count % 5}", $"{count++}");
                await tables.Store.Compaction;
            }
        }

        await using OpenTables again = await OpenTables.Open(Folder, options: OpenTables.Eager);
        await AssertWhole(again, count);
        Assert.InRange(Files().Count(), 2, 3);
    }

    [Theory]
    [InlineData("journal-*")]
    [InlineData("snapshot-*")]
    public async Task A_file_that_is_missing_is_an_error_that_names_it(string pattern)
    {
        await FillAndClose();
        FileInfo missing = Files().Single(f => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, f.Name));
        missing.Delete();

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => OpenTables.Open(Folder));

        Assert.Contains("is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snapshot_that_is_not_whole_is_an_error_wherever_it_ends()
    {
        await FillAndClose();
        FileInfo snapshot = Files().Single(f => f.Name.StartsWith("snapshot", StringComparison.Ordinal));
        byte[] whole = await File.ReadAllBytesAsync(snapshot.FullName, Cancel);
        for (int length = 0; length < whole.Length; length++)
        {
            await File.WriteAllBytesAsync(snapshot.FullName, whole[..length], Cancel);

            var error = await Assert.ThrowsAsync<InvalidDataException>(() => OpenTables.Open(Folder));

            Assert.Contains(snapshot.FullName, error.Message, StringComparison.Ordinal);
        }
    }

    private IEnumerable<FileInfo> Files() => new DirectoryInfo(Path.Combine(Folder, "tables")).EnumerateFiles();

    private static async Task AssertWhole(OpenTables tables, int count)
    {
        Dictionary<string, string> expected = [];
        for (int i = 0; i < count; i++)
            expected[$"r{i % 5}"] = $"{i}";
        Assert.Equal(expected.OrderBy(r => r.Key), (await tables.Rows()).OrderBy(r => r.Key));
    }

    private async Task FillAndClose()
    {
        await using OpenTables tables = await OpenTables.Open(Folder, disk, OpenTables.Eager);
        for (int i = 0; i < 30; i++)
        {
            await tables.Put($"r{i % 10}", $"{i}");
            await tables.Store.Compaction;
        }

        Assert.Contains(Files(), f => f.Name.StartsWith("snapshot", StringComparison.Ordinal));
    }

    private string Copied()
    {
        string copy = folder["copy"];
        Directory.CreateDirectory(Path.Combine(copy, "tables"));
        foreach (FileInfo file in Files())
        {
            using var from = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using FileStream to = File.Create(Path.Combine(copy, "tables", file.Name));
            from.CopyTo(to);
        }

        return copy;
    }
}
