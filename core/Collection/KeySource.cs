using Registry.Storage;

namespace Registry.Collection;

/// <summary>Keys in order, one after the other.</summary>
internal abstract class KeySource
{
    public SortedKey Current { get; protected set; }

    /// <summary>Goes on to the next key. False at the end.</summary>
    public abstract ValueTask<bool> Next(CancellationToken cancellation);
}

internal sealed class MemoryKeys(SortedKey[] keys) : KeySource
{
    private int next;

    public override ValueTask<bool> Next(CancellationToken cancellation)
    {
        if (next == keys.Length)
            return ValueTask.FromResult(false);
        Current = keys[next++];
        return ValueTask.FromResult(true);
    }
}

/// <summary>Keys of a file, read piece by piece: a sweep takes hours at worst, and no connection is held for that long.</summary>
internal sealed class FileKeys : KeySource
{
    // 240,000 bytes: a hundred files are 24 MB of memory, and 10,000 keys cost one transaction.
    private const int KeysPerRead = 10_000;

    private readonly IStorageDriver driver;
    private readonly KeyFile file;
    private readonly byte[] piece;
    private int next;
    private int pieceStart;
    private int pieceEnd;

    private FileKeys(IStorageDriver driver, KeyFile file)
    {
        this.driver = driver;
        this.file = file;
        piece = new byte[Math.Min(KeysPerRead, file.Count) * SortedKey.Size];
    }

    /// <summary>Opens a file at its first key that is not before this one.</summary>
    public static async Task<FileKeys> Open(IStorageDriver driver, KeyFile file, SortedKey from, CancellationToken cancellation)
    {
        var keys = new FileKeys(driver, file);
        if (from == default)
            return keys;
        var (low, high) = (0, file.Count);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            await keys.Load(middle, 1, cancellation);
            if (keys.At(middle).CompareTo(from) < 0)
                low = middle + 1;
            else
                high = middle;
        }

        (keys.next, keys.pieceStart, keys.pieceEnd) = (low, low, low);
        return keys;
    }

    public override async ValueTask<bool> Next(CancellationToken cancellation)
    {
        if (next == file.Count)
            return false;
        if (next == pieceEnd)
            await Load(next, Math.Min(KeysPerRead, file.Count - next), cancellation);
        Current = At(next++);
        return true;
    }

    private SortedKey At(int index) => SortedKey.Read(piece.AsSpan((index - pieceStart) * SortedKey.Size));

    private async Task Load(int start, int count, CancellationToken cancellation)
    {
        var bytes = piece.AsMemory(0, count * SortedKey.Size);
        await using var stream = await driver.Open(file.Path, (long)start * SortedKey.Size, bytes.Length, cancellation);
        await stream.ReadExactlyAsync(bytes, cancellation);
        (pieceStart, pieceEnd) = (start, start + count);
    }
}
