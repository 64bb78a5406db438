using System.Security.Cryptography;
using System.Text;

namespace Registry.Tests.Storage.FileSystem;

/// <summary>What is left of a folder when the power goes, or the process dies, before a step.</summary>
/// <param name="Step">The step that was not taken.</param>
/// <param name="Kind">Which bytes are left.</param>
/// <param name="Directories">Folders, relative to the root.</param>
/// <param name="Files">Files, relative to the root.</param>
public sealed record CrashImage(
    DiskStep Step, string Kind, IReadOnlyCollection<string> Directories, IReadOnlyDictionary<string, byte[]> Files)
{
    /// <summary>Everything that was written is there: the process died.</summary>
    public const string Written = "all that was written";

    /// <summary>Only what was flushed is there: the power went.</summary>
    public const string Flushed = "all that was flushed";

    /// <summary>Only what was flushed is there, and every removal came first.</summary>
    public const string Removed = "all that was flushed, less what was removed";

    /// <summary>Of what was written and not flushed, half is there.</summary>
    public const string Torn = "half of what was not flushed";

    /// <summary>Of two images with the same files one need be looked at, if the same was acknowledged before both.</summary>
    public string Fingerprint { get; } = Convert.ToHexString(SHA256.HashData(
        [.. Directories.Order().Concat(Files.OrderBy(f => f.Key).Select(f => f.Key + Convert.ToHexString(SHA256.HashData(f.Value)))).SelectMany(Encoding.UTF8.GetBytes)]));

    public override string ToString() => $"{Step}, {Kind}";

    public void PutInto(string folder)
    {
        foreach (string directory in Directories)
            Directory.CreateDirectory(Path.Combine(folder, directory));
        foreach ((string file, byte[] bytes) in Files)
        {
            // A name can be durable in a directory whose own name is not: nobody can see it then.
            if (Directory.Exists(Path.GetDirectoryName(Path.Combine(folder, file))))
                File.WriteAllBytes(Path.Combine(folder, file), bytes);
        }
    }

    internal static CrashImage AfterLossOfPower(TestDisk disk, string root) => new(
        new DiskStep(0, "end", root),
        Flushed,
        Reachable(root, disk),
        Relative(root, disk.DurableFiles));

    internal static IEnumerable<CrashImage> Take(DiskStep step, TestDisk disk, string root)
    {
        string[] directories = Relative(root, Directory.EnumerateDirectories(root, "*", SearchOption.AllDirectories));
        string[] durableDirectories = Reachable(root, disk);
        Dictionary<string, byte[]> written = Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) != "lock")
            .ToDictionary(file => Path.GetRelativePath(root, file), ReadShared);
        Dictionary<string, byte[]> flushed = Relative(root, disk.DurableFiles);
        Dictionary<string, byte[]> torn = written.ToDictionary(
            f => f.Key, f => Half(f.Value, disk.FlushedLength(Path.Combine(root, f.Key))));
        yield return new CrashImage(step, Written, directories, written);
        yield return new CrashImage(step, Flushed, durableDirectories, flushed);
        yield return new CrashImage(step, Removed, durableDirectories, Relative(root, disk.DurableFilesButRemoved));
        yield return new CrashImage(step, Torn, directories, torn);
    }

    /// <summary>A directory whose entry is durable in one whose own is not cannot be seen.</summary>
    private static string[] Reachable(string root, TestDisk disk)
    {
        return Relative(root, disk.DurableDirectories.Where(IsReachable));

        bool IsReachable(string directory) =>
            directory == root || (disk.DurableDirectories.Contains(directory) && IsReachable(Path.GetDirectoryName(directory)!));
    }

    private static byte[] Half(byte[] written, int flushed) =>
        written.Length <= flushed ? written : written[..(flushed + ((written.Length - flushed) / 2))];

    private static byte[] ReadShared(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static Dictionary<string, byte[]> Relative(string root, IReadOnlyDictionary<string, byte[]> files) =>
        files.ToDictionary(f => Path.GetRelativePath(root, f.Key), f => f.Value);

    private static string[] Relative(string root, IEnumerable<string> paths) => [.. paths.Select(path => Path.GetRelativePath(root, path))];
}
