using System.Buffers;
using System.Globalization;
using Registry.Storage;

namespace Registry.Collection;

/// <summary>Keys that a run gathers in any order and reads in their own: sorted in memory, and beyond a limit, or when the run is recorded, in files of the storage.</summary>
internal sealed class SortedKeys(IStorageDriver driver, int limit, Func<string> newPath, IEnumerable<KeyFile> files)
{
    private readonly List<SortedKey> buffer = [];
    private readonly List<KeyFile> files = [.. files];

    /// <summary>What was written so far.</summary>
    public IReadOnlyList<KeyFile> Files => files;

    public async ValueTask Add(SortedKey key, CancellationToken cancellation)
    {
        if (buffer.Count >= limit)
            await Save(cancellation);
        buffer.Add(key);
    }

    /// <summary>Writes what is in memory, so that another process finds all of it in the files. A reader that is open goes on as it was.</summary>
    public async Task Save(CancellationToken cancellation)
    {
        if (buffer.Count == 0)
            return;
        var keys = Sorted();
        var bytes = new byte[keys.Length * SortedKey.Size];
        for (var i = 0; i < keys.Length; i++)
            keys[i].Write(bytes.AsSpan(i * SortedKey.Size));
        var path = newPath();
        await driver.Put(path, new ReadOnlySequence<byte>(bytes), BlobMetadata.None, cancellation);
        files.Add(new KeyFile(path, keys.Length));
        buffer.Clear();
    }

    /// <summary>Begins to read all of them in order, from a key on.</summary>
    public async Task<SortedKeyReader> Read(SortedKey from, CancellationToken cancellation)
    {
        var sources = new List<KeySource> { new MemoryKeys(Sorted()) };
        foreach (var file in files)
            sources.Add(await FileKeys.Open(driver, file, from, cancellation));
        return await SortedKeyReader.Open(sources, cancellation);
    }

    private SortedKey[] Sorted()
    {
        buffer.Sort();
        return [.. buffer.Distinct()];
    }
}

/// <summary>Sorted keys in storage.</summary>
/// <param name="Path">Where.</param>
/// <param name="Count">How many.</param>
internal readonly record struct KeyFile(string Path, int Count)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Path}:{Count}");

    public static KeyFile Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        return new KeyFile(text[..colon], int.Parse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture));
    }
}
