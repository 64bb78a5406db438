using System.Buffers;
using System.Text;
using Azure.Core;

namespace Registry.Storage.Azure;

/// <summary>Writes an entity group transaction: operations as one change set of a multipart body.</summary>
/// <remarks>
/// Azure Storage, "Performing entity group transactions". The boundaries are always the same: an entity is one line of JSON, in which a line
/// break is escaped, and a URL and an ETag have none, so no line of an operation can be taken for a boundary. Azurite, besides, wants them to begin so.
/// </remarks>
internal static class TableBatch
{
    public const string ContentType = "multipart/mixed; boundary=batch_registry";

    public static void Write(IBufferWriter<byte> output, TableAddress address, string table, IReadOnlyList<TableOperation> operations)
    {
        Append(output, "--batch_registry\r\nContent-Type: multipart/mixed; boundary=changeset_registry\r\n\r\n");
        foreach (TableOperation operation in operations)
        {
            Append(output, "--changeset_registry\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n");
            Write(output, address, table, operation);
        }

        Append(output, "--changeset_registry--\r\n--batch_registry--\r\n");
    }

    private static void Write(IBufferWriter<byte> output, TableAddress address, string table, TableOperation operation)
    {
        var request = TableWrite.Of(operation);
        string url = request.Method == RequestMethod.Post
            ? address.Table(table)
            : address.Row(table, operation.Entity.Partition, operation.Entity.Row);
        Append(output, $"{request.Method} {url} HTTP/1.1\r\nAccept: {TableHeaders.Accept}\r\nDataServiceVersion: {TableHeaders.DataServiceVersion}\r\n");
        if (request.IfMatch is not null)
            Append(output, $"If-Match: {request.IfMatch}\r\n");
        if (request.Method == RequestMethod.Post)
            Append(output, $"Prefer: {TableHeaders.NoContent}\r\n");
        if (request.HasBody)
        {
            Append(output, "Content-Type: application/json\r\n\r\n");
            EntityWriter.Write(output, operation.Entity);
        }

        Append(output, "\r\n");
        if (!request.HasBody)
            Append(output, "\r\n");
    }

    private static void Append(IBufferWriter<byte> output, string ascii) => Encoding.ASCII.GetBytes(ascii, output);
}
