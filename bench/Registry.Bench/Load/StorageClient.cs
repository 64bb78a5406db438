using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Registry.Bench.Http;
using Registry.Bench.Processes;

namespace Registry.Bench.Load;

/// <summary>Asks storage itself, with nothing between: the ceilings.</summary>
internal sealed class StorageClient(AzuriteServer azurite)
{
    /// <summary>Bytes in a block, as the registry stages them.</summary>
    public const int BlockSize = 8 * 1024 * 1024;

    private const string Version = "2019-12-12";
    private const string Container = "registry";

    // One signature for everything, made before the clock runs.
    private readonly string signature = Sign();

    /// <summary>A blob that nobody has written to.</summary>
    public static string NewBlob() => $"ceiling-{RandomNumberGenerator.GetHexString(16)}";

    public RawConnection Connect() => new(azurite.BlobPort);

    /// <summary>Stages a body as blocks, four at a time, on as many connections.</summary>
    public void PutBlocks(ReadOnlyMemory<byte> body)
    {
        var blob = NewBlob();
        var next = -1;
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, _ =>
        {
            using var connection = Connect();
            for (int block; (long)(block = Interlocked.Increment(ref next)) * BlockSize < body.Length;)
                PutBlock(connection, blob, block, body.Span.Slice(block * BlockSize, Math.Min(BlockSize, body.Length - (block * BlockSize))));
        });
    }

    /// <summary>Stages one block.</summary>
    public void PutBlock(RawConnection connection, string blob, int number, ReadOnlySpan<byte> block)
    {
        var id = Uri.EscapeDataString(Convert.ToBase64String(Encoding.ASCII.GetBytes($"{number:d8}")));
        connection.Send($"PUT {Path(blob)}?comp=block&blockid={id}&{signature} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-ms-version: {Version}\r\nContent-Length: {block.Length}\r\n\r\n");
        connection.Send(block);
        connection.Expect(201);
    }

    /// <summary>Puts a small blob there to be read, with Put Block and Put Block List.</summary>
    public string PutBlob(Content content)
    {
        var blob = $"ceiling-{content.Digest["sha256:".Length..]}";
        using var connection = Connect();
        connection.Send($"PUT {Path(blob)}?{signature} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-ms-version: {Version}\r\nx-ms-blob-type: BlockBlob\r\nContent-Length: {content.Length}\r\n\r\n");
        connection.Send(content.Common.Span);
        connection.Send(content.Own);
        connection.Expect(201);
        return blob;
    }

    /// <summary>Reads a blob whole on one connection.</summary>
    public long Get(string blob)
    {
        using var connection = Connect();
        connection.Send($"GET {Path(blob)}?{signature} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-ms-version: {Version}\r\n\r\n");
        return connection.Expect(200);
    }

    /// <summary>The request of a table's row, signed as the registry signs its own.</summary>
    public byte[] RowRequest(string table, string partition, string row)
    {
        var path = $"/{AzuriteServer.Account}/{table}(PartitionKey='{Uri.EscapeDataString(partition)}',RowKey='{Uri.EscapeDataString(row)}')";
        var date = TimeProvider.System.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        var mac = HMACSHA256.HashData(Convert.FromBase64String(AzuriteServer.Key), Encoding.UTF8.GetBytes($"{date}\n/{AzuriteServer.Account}{path}"));
        return Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{azurite.TablePort}\r\nx-ms-version: 2020-12-06\r\nDataServiceVersion: 3.0\r\n"
            + $"Accept: application/json;odata=minimalmetadata\r\nx-ms-date: {date}\r\nAuthorization: SharedKeyLite {AzuriteServer.Account}:{Convert.ToBase64String(mac)}\r\n\r\n");
    }

    private static string Path(string blob) => $"/{AzuriteServer.Account}/{Container}/{blob}";

    /// <summary>An account SAS, as "Create an account SAS" of the Azure Storage REST API describes it.</summary>
    private static string Sign()
    {
        const string expiry = "2099-01-01T00:00:00Z";
        var text = $"{AzuriteServer.Account}\nrwdlacu\nb\nsco\n\n{expiry}\n\nhttps,http\n{Version}\n";
        var mac = HMACSHA256.HashData(Convert.FromBase64String(AzuriteServer.Key), Encoding.UTF8.GetBytes(text));
        return $"sv={Version}&ss=b&srt=sco&sp=rwdlacu&se={Uri.EscapeDataString(expiry)}&spr=https,http&sig={Uri.EscapeDataString(Convert.ToBase64String(mac))}";
    }
}
