using System.Net.Sockets;
using System.Text;

namespace Registry.Functions.Commands.Control;

/// <summary>The socket in the data folder through which commands reach the server that has the folder open.</summary>
/// <remarks>
/// A socket's address has room for 107 bytes on Linux and 103 on macOS. For a longer path a folder of this process's own, with a link to the data
/// folder in it, makes a short one for as long as it takes to bind or to connect: the socket itself is in the data folder always.
/// </remarks>
internal sealed class ControlSocket : IDisposable
{
    private const int MaxAddress = 103;

    private readonly DirectoryInfo? detour;

    /// <param name="folder">The data folder; it must be there.</param>
    public ControlSocket(string folder)
    {
        folder = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder));
        Path = System.IO.Path.Combine(folder, "control.sock");
        var address = Path;
        if (Encoding.UTF8.GetByteCount(address) > MaxAddress)
        {
            detour = Directory.CreateTempSubdirectory("registry-");
            var link = System.IO.Path.Combine(detour.FullName, "data");
            Directory.CreateSymbolicLink(link, folder);
            address = System.IO.Path.Combine(link, "control.sock");
        }

        Address = new UnixDomainSocketEndPoint(address);
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>What to bind or connect to; good until this is disposed.</summary>
    public UnixDomainSocketEndPoint Address { get; }

    public void Dispose()
    {
        // Deleting what is in it deletes the link, and not what it leads to.
        detour?.Delete(recursive: true);
    }
}
