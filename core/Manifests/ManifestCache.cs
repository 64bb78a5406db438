namespace Registry.Manifests;

/// <summary>Manifests that were read lately, bounded by their bytes. Whether a repository holds one is never asked here, only what its bytes are.</summary>
public sealed class ManifestCache(long capacity)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> byUse = new();
    private long size;

    /// <param name="path">The blob that holds the manifest. A path is never used for other content, as a digest is whose payload is signed again.</param>
    public ReadOnlyMemory<byte>? Find(string path)
    {
        lock (gate)
        {
            if (!entries.TryGetValue(path, out var node))
                return null;
            byUse.Remove(node);
            byUse.AddFirst(node);
            return node.Value.Content;
        }
    }

    public void Add(string path, ReadOnlyMemory<byte> content)
    {
        // One entry must not drive out all the others.
        if (content.Length > capacity / 4)
            return;
        lock (gate)
        {
            if (!entries.TryAdd(path, new LinkedListNode<Entry>(new Entry(path, content))))
                return;
            byUse.AddFirst(entries[path]);
            size += content.Length;
            while (size > capacity)
            {
                var last = byUse.Last!.Value;
                byUse.RemoveLast();
                entries.Remove(last.Path);
                size -= last.Content.Length;
            }
        }
    }

    private sealed record Entry(string Path, ReadOnlyMemory<byte> Content);
}
