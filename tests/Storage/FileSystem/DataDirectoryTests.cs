using System.Globalization;
using Registry.Functions.Hosting;
using Registry.Storage;
using Registry.Storage.FileSystem;
using Registry.Tests.Support;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>One process at a time has a data directory, and nothing it was told is lost when it is killed.</summary>
public sealed class DataDirectoryTests : IDisposable
{
    private const string Table = "rows";

    private readonly TemporaryFolder folder = new();

    private string Root => folder["deep/down/data"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_second_one_is_refused_and_told_who_has_it()
    {
        using (DataDirectory first = DataDirectory.Open(Root))
        {
            var error = Assert.Throws<DataDirectoryInUseException>(() => DataDirectory.Open(Root + "/"));
            Assert.Equal($"the data directory '{first.Root}' is in use by process {Environment.ProcessId}; one process at a time can have it", error.Message);
        }

        DataDirectory.Open(Root).Dispose();
    }

    [Fact]
    public async Task A_folder_of_which_one_part_is_damaged_is_let_go_with_all_its_files()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "looks at the files that are open where Linux lists them");
        string index = Path.Combine(Directory.CreateDirectory(Path.Combine(Root, "blob-index")).FullName, "snapshot-0000000001");
        await File.WriteAllBytesAsync(index, Content.Bytes(1, 100), Cancel);

        await Assert.ThrowsAsync<InvalidDataException>(() => FolderStorage.Open(Root, new TestClock(), new SeededIds(1), Cancel));

        Assert.DoesNotContain(
            Directory.EnumerateFiles("/proc/self/fd").Select(file => new FileInfo(file).LinkTarget),
            target => target?.StartsWith(Root, StringComparison.Ordinal) == true);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_told_as_such()
    {
        File.WriteAllText(folder["file"], "");

        var error = Assert.ThrowsAny<IOException>(() => DataDirectory.Open(folder["file"]));

        Assert.DoesNotContain("in use", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_is_killed_gives_it_back_and_loses_nothing_acknowledged()
    {
        Directory.CreateDirectory(Root);
        using ChildTest child = ChildTest.Start(typeof(DataDirectoryTests), nameof(Writes_until_it_is_killed), Root);
        await child.WaitFor(() => Acknowledged().Count > 50, Cancel);

        var error = Assert.Throws<DataDirectoryInUseException>(() => DataDirectory.Open(Root));
        Assert.Contains($"by process {child.Id};", error.Message, StringComparison.Ordinal);
        await child.Kill(Cancel);

        List<int> acknowledged = Acknowledged();
        using DataDirectory directory = DataDirectory.Open(Root);
        await using FileSystemTableStore tables = FileSystemTableStore.Open(directory, TimeProvider.System, new SeededIds(2));
        await using FileSystemDriver driver = await FileSystemDriver.Open(directory, TimeProvider.System, new SeededIds(2), Cancel);
        foreach (int i in acknowledged)
        {
            Assert.NotNull(await tables.Find(Table, "p", $"r{i:d6}", Cancel));
            if (i % 2 == 1)
                await driver.CommitBlocks(PathOf(i), ["b0"], BlobMetadata.None, Cancel);
            await using Stream stream = await driver.Open(PathOf(i), 0, null, Cancel);
            Assert.Equal(Content.Bytes(i, 100), await Content.ReadAll(stream, Cancel));
        }
    }

    /// <summary>The child's part: writes a row, and stages a block and commits every other one; then notes that it was told so.</summary>
    [Fact(Explicit = true)]
    public async Task Writes_until_it_is_killed()
    {
        using DataDirectory directory = DataDirectory.Open(ChildTest.Folder);
        await using FileSystemTableStore tables = FileSystemTableStore.Open(directory, TimeProvider.System, new SeededIds(1));
        await using FileSystemDriver driver = await FileSystemDriver.Open(directory, TimeProvider.System, new SeededIds(1), Cancel);
        await tables.CreateTable(Table, Cancel);
        await using var notes = new StreamWriter(NotesIn(ChildTest.Folder), append: true) { AutoFlush = true };
        for (int i = 0; ; i++)
        {
            await tables.Write(Table, TableOperation.Insert(new TableEntity("p", $"r{i:d6}").Set("value", i)), Cancel);
            await driver.StageBlock(PathOf(i), "b0", Content.Sequence(Content.Bytes(i, 100)), Cancel);
            if (i % 2 == 0)
                await driver.CommitBlocks(PathOf(i), ["b0"], BlobMetadata.None, Cancel);
            await notes.WriteAsync($"{i}\n");
        }
    }

    private static string PathOf(int i) => $"content/{i % 10}/{i}";

    private static string NotesIn(string root) => root + ".acknowledged";

    /// <summary>Whole lines only: the last one may be being written.</summary>
    private List<int> Acknowledged()
    {
        if (!File.Exists(NotesIn(Root)))
            return [];
        using var stream = new StreamReader(new FileStream(NotesIn(Root), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. stream.ReadToEnd().Split('\n')[..^1].Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
    }
}
