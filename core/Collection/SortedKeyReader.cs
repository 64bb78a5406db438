namespace Registry.Collection;

/// <summary>Merges sorted keys, to be joined with a listing in the same order. What is asked for must come in order too.</summary>
internal sealed class SortedKeyReader
{
    private readonly PriorityQueue<KeySource, SortedKey> sources = new();

    private SortedKeyReader()
    {
    }

    public static async Task<SortedKeyReader> Open(IEnumerable<KeySource> sources, CancellationToken cancellation)
    {
        var reader = new SortedKeyReader();
        foreach (var source in sources)
        {
            if (await source.Next(cancellation))
                reader.sources.Enqueue(source, source.Current);
        }

        return reader;
    }

    /// <summary>The repositories that a digest is marked for.</summary>
    public async ValueTask<IReadOnlySet<ulong>> Repositories(SortedKey digest, CancellationToken cancellation)
    {
        await SkipTo(digest, cancellation);
        HashSet<ulong>? found = null;
        while (sources.TryPeek(out _, out var key) && key.SharesDigest(digest))
        {
            (found ??= []).Add(key.Repository);
            await Advance(cancellation);
        }

        return found ?? (IReadOnlySet<ulong>)System.Collections.Frozen.FrozenSet<ulong>.Empty;
    }

    /// <summary>Whether a key is there.</summary>
    public async ValueTask<bool> Contains(SortedKey key, CancellationToken cancellation)
    {
        await SkipTo(key, cancellation);
        return sources.TryPeek(out _, out var next) && next == key;
    }

    private async ValueTask SkipTo(SortedKey key, CancellationToken cancellation)
    {
        while (sources.TryPeek(out _, out var next) && next.CompareTo(key) < 0)
            await Advance(cancellation);
    }

    private async ValueTask Advance(CancellationToken cancellation)
    {
        var source = sources.Peek();
        if (await source.Next(cancellation))
            sources.DequeueEnqueue(source, source.Current);
        else
            sources.Dequeue();
    }
}
