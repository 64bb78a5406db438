using Microsoft.Win32.SafeHandles;
using Registry.Storage.FileSystem;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>One step that is about to be taken on the disk.</summary>
public sealed record DiskStep(int Number, string Operation, string Path)
{
    public override string ToString() => $"step {Number}: {Operation} {System.IO.Path.GetFileName(Path)}";
}

/// <summary>A disk that works, calls back before each step, and knows what a loss of power at that moment would leave.</summary>
/// <remarks>
/// It flushes nothing really. The model is as bad as a disk may be: bytes that were not flushed are gone; a name whose directory was not flushed is as it was, or removed early; only
/// a rename is one thing. A test takes such an image at each step, puts it into another folder, and looks what is there. A callback that throws is a failing disk.
/// </remarks>
internal sealed class TestDisk : Disk
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Node> live = [];
    private readonly Dictionary<string, Node> durable = [];
    private readonly Dictionary<SafeFileHandle, Node> handles = [];
    private readonly HashSet<string> durableDirectories = [];
    private readonly HashSet<string> removed = [];
    private readonly List<(string From, string To, Node Node)> renames = [];
    private int steps;

    /// <summary>Called before each step, one at a time. It may throw.</summary>
    public Action<DiskStep>? BeforeStep { get; set; }

    /// <summary>The files that are left after a loss of power: path and bytes.</summary>
    public IReadOnlyDictionary<string, byte[]> DurableFiles => durable.ToDictionary(f => f.Key, f => f.Value.Durable);

    /// <summary>The same, if what was removed is gone for good already though nobody flushed that.</summary>
    public IReadOnlyDictionary<string, byte[]> DurableFilesButRemoved =>
        durable.Where(f => !removed.Contains(f.Key) || live.ContainsKey(f.Key)).ToDictionary(f => f.Key, f => f.Value.Durable);

    /// <summary>How many bytes of a file, under the name it has now, were flushed.</summary>
    public int FlushedLength(string path) => live.GetValueOrDefault(path)?.Durable.Length ?? 0;

    public IReadOnlyCollection<string> DurableDirectories => durableDirectories;

    public override SafeFileHandle Create(string path)
    {
        lock (gate)
        {
            Step("create", path);
            SafeFileHandle file = base.Create(path);
            if (!live.TryGetValue(path, out Node? node))
                live.Add(path, node = new Node());
            return Track(file, node);
        }
    }

    public override SafeFileHandle Open(string path)
    {
        lock (gate)
            return Track(base.Open(path), live[path]);
    }

    public override SafeFileHandle? OpenDirect(string path)
    {
        lock (gate)
            return base.OpenDirect(path) is { } file ? Track(file, live[path]) : null;
    }

    public override void Write(SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> buffers, long offset)
    {
        lock (gate)
        {
            Step("write", PathOf(file));
            base.Write(file, buffers, offset);
        }
    }

    public override void SetLength(SafeFileHandle file, long length)
    {
        lock (gate)
        {
            Step("set length", PathOf(file));
            base.SetLength(file, length);
        }
    }

    public override void Flush(SafeFileHandle file)
    {
        lock (gate)
        {
            Step("flush", PathOf(file));
            byte[] bytes = new byte[RandomAccess.GetLength(file)];
            RandomAccess.Read(file, bytes, 0);
            handles[file].Durable = bytes;
        }
    }

    public override void FlushDirectory(string path)
    {
        lock (gate)
        {
            Step("flush directory", path);
            foreach ((string from, string to, Node node) in renames.Where(r => IsIn(r.From, path) || IsIn(r.To, path)))
            {
                if (durable.GetValueOrDefault(from) == node)
                    durable.Remove(from);
                durable[to] = node;
            }

            renames.RemoveAll(r => IsIn(r.From, path) || IsIn(r.To, path));
            foreach (string gone in durable.Keys.Where(file => IsIn(file, path) && !live.ContainsKey(file)).ToList())
                durable.Remove(gone);
            foreach ((string file, Node node) in live.Where(f => IsIn(f.Key, path)))
                durable[file] = node;
            foreach (string directory in Directory.EnumerateDirectories(path))
                durableDirectories.Add(directory);
        }
    }

    public override void Move(string from, string to)
    {
        lock (gate)
        {
            Step("move", to);
            base.Move(from, to);
            live.Remove(from, out Node? node);
            live[to] = node!;
            renames.Add((from, to, node!));
        }
    }

    public override void Delete(string path)
    {
        lock (gate)
        {
            Step("delete", path);
            base.Delete(path);
            live.Remove(path);
            removed.Add(path);
        }
    }

    public override void CreateDirectory(string path)
    {
        lock (gate)
        {
            Step("create directory", path);
            base.CreateDirectory(path);
        }
    }

    private void Step(string operation, string path) => BeforeStep?.Invoke(new DiskStep(++steps, operation, path));

    private SafeFileHandle Track(SafeFileHandle file, Node node)
    {
        handles[file] = node;
        return file;
    }

    private string PathOf(SafeFileHandle file) => live.FirstOrDefault(f => f.Value == handles[file]).Key ?? "(removed)";

    private static bool IsIn(string file, string directory) => Path.GetDirectoryName(file) == directory;

    private sealed class Node
    {
        public byte[] Durable { get; set; } = [];
    }
}
