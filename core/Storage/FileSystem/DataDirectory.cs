using System.Globalization;
using System.Text;

namespace Registry.Storage.FileSystem;

/// <summary>The folder in which the embedded storage keeps everything, held by one process at a time.</summary>
/// <remarks>
/// <code>
/// &lt;root&gt;/
///   control.sock     while a server has the folder open: the way in for commands (not this class's)
///   lock             locked by the process that has the folder open; its id, as text
///   blobs/           committed blobs: blobs/content/3f/3f0c...e1
///   rooted/          committed blobs whose path has a leading slash
///   staging/         one file for each blob to be, appended to by StageBlock
///   blob-index/      journal of what is staged, and of what was committed of which blocks with which metadata
///   tables/          journal of the tables
/// </code>
/// All of it must be on one file system: a commit is a rename. The lock is the system's own, so it goes with the process, however that ends.
/// </remarks>
public sealed class DataDirectory : IDisposable
{
    private readonly FileStream held;

    private DataDirectory(string root, FileStream held, Disk disk)
    {
        Root = root;
        this.held = held;
        Disk = disk;
    }

    public string Root { get; }

    internal Disk Disk { get; }

    internal string Blobs => Path.Combine(Root, "blobs");

    internal string Rooted => Path.Combine(Root, "rooted");

    internal string Staging => Path.Combine(Root, "staging");

    internal string BlobIndex => Path.Combine(Root, "blob-index");

    internal string Tables => Path.Combine(Root, "tables");

    /// <summary>Opens the folder, and makes it if need be.</summary>
    /// <exception cref="DataDirectoryInUseException">Another process has it open.</exception>
    /// <exception cref="IOException">It cannot be made or written to.</exception>
    public static DataDirectory Open(string root) => Open(root, Disk.Real);

    internal static DataDirectory Open(string root, Disk disk)
    {
        root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        CreateRoot(root, disk);
        FileStream held = Hold(root);
        try
        {
            var directory = new DataDirectory(root, held, disk);
            foreach (string part in (string[])[directory.Blobs, directory.Rooted, directory.Staging, directory.BlobIndex, directory.Tables])
                disk.CreateDirectory(part);
            disk.FlushDirectory(root);
            return directory;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Lets another process have the folder. What was opened on it must be closed before.</summary>
    public void Dispose() => held.Dispose();

    /// <summary>Parents of a folder that is there are the operator's: they are not touched, and need not be readable.</summary>
    private static void CreateRoot(string root, Disk disk)
    {
        if (Directory.Exists(root))
            return;
        string parent = Path.GetDirectoryName(root)!;
        CreateRoot(parent, disk);
        disk.CreateDirectory(root);
        disk.FlushDirectory(parent);
    }

    private static FileStream Hold(string root)
    {
        string path = Path.Combine(root, "lock");
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException error) when (File.Exists(path))
        {
            throw new DataDirectoryInUseException($"the data directory '{root}' is in use by process {Owner(path)}; one process at a time can have it", error);
        }

        file.SetLength(0);
        file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        return file;
    }

    private static string Owner(string path) => Disk.TryReadLocked(path) is { Length: > 0 } owner ? owner : "(unknown)";
}

/// <summary>Another process has the data folder open.</summary>
public sealed class DataDirectoryInUseException(string message, Exception inner) : IOException(message, inner);
