using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Registry.Bench.Load;

/// <summary>What no registry can do without, and nothing else: takes a body from a socket, hashes it, and stages it in blocks.</summary>
/// <remarks>No HTTP from the client, no offsets, no rows, no commit, blocking threads: a push that is as fast has nothing of its own left to win.</remarks>
internal sealed class BareRelay : IDisposable
{
    private const int Stagers = 4;
    private const int Piece = 1024 * 1024;

    private readonly StorageClient storage;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly byte[][] blocks = [.. Enumerable.Range(0, Stagers + 1).Select(_ => GC.AllocateUninitializedArray<byte>(StorageClient.BlockSize, pinned: true))];

    public BareRelay(StorageClient storage)
    {
        this.storage = storage;
        listener.Start();
    }

    /// <summary>Sends a body through the relay, until all of it is staged.</summary>
    public void Push(ReadOnlyMemory<byte> body)
    {
        var client = Task.Factory.StartNew(() => Send(body.Span), TaskCreationOptions.LongRunning);
        using var from = listener.AcceptSocket();
        using var free = new BlockingCollection<byte[]>(new ConcurrentQueue<byte[]>(blocks));
        using var full = new BlockingCollection<(int Number, byte[] Block, int Length)>();
        var blob = StorageClient.NewBlob();
        var stagers = Enumerable.Range(0, Stagers).Select(_ => Task.Factory.StartNew(() => Stage(blob, full, free), TaskCreationOptions.LongRunning)).ToArray();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var (number, left) = (0, body.Length); left > 0; number++)
        {
            var block = free.Take();
            var length = Math.Min(block.Length, left);
            Receive(from, block.AsSpan(0, length), hash);
            full.Add((number, block, length));
            left -= length;
        }

        full.CompleteAdding();
        Task.WaitAll([client, .. stagers]);
    }

    public void Dispose() => listener.Dispose();

    private void Send(ReadOnlySpan<byte> body)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect((IPEndPoint)listener.LocalEndpoint);
        while (!body.IsEmpty)
            body = body[socket.Send(body)..];
    }

    private static void Receive(Socket from, Span<byte> block, IncrementalHash hash)
    {
        while (!block.IsEmpty)
        {
            var count = from.Receive(block[..Math.Min(block.Length, Piece)]);
            if (count == 0)
                throw new IOException("the client went away");
            hash.AppendData(block[..count]);
            block = block[count..];
        }
    }

    private void Stage(string blob, BlockingCollection<(int Number, byte[] Block, int Length)> full, BlockingCollection<byte[]> free)
    {
        using var connection = storage.Connect();
        foreach (var (number, block, length) in full.GetConsumingEnumerable())
        {
            storage.PutBlock(connection, blob, number, block.AsSpan(0, length));
            free.Add(block);
        }
    }
}
