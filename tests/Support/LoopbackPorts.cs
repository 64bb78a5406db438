using System.Net;
using System.Net.Sockets;

namespace Registry.Tests.Support;

/// <summary>Ports for processes that must be told one, and keep it while they are stopped and started again.</summary>
/// <remarks>
/// They are below the ports that the system gives to outgoing connections and to whoever binds to port 0, so none of those takes one between our look and
/// the process's bind. Within this process none is given twice.
/// </remarks>
public static class LoopbackPorts
{
    private const int First = 20_000;
    private const int Last = 30_000;

    private static int next = First + (Environment.ProcessId * 37 % (Last - First));

    /// <summary>A port at which nobody listens.</summary>
    public static int Take()
    {
        while (true)
        {
            int port = First + (Interlocked.Increment(ref next) % (Last - First));
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: the next one.
            }
        }
    }
}
