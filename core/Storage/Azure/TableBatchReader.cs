using System.Buffers.Text;
using System.Text;

namespace Registry.Storage.Azure;

/// <summary>Reads the answer to an entity group transaction: one answer for each operation, or the one that failed.</summary>
/// <remarks>
/// The parts are told apart by their status lines rather than by the boundaries: a part's own body is one line of JSON, which cannot
/// begin like a status line, a header that we read, or a boundary.
/// </remarks>
internal static class TableBatchReader
{
    public static List<TableAnswer> Read(ReadOnlySpan<byte> body)
    {
        var answers = new List<TableAnswer>();
        int status = 0;
        string? etag = null;
        ReadOnlySpan<byte> error = default;
        foreach (Range range in body.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = body[range].TrimEnd((byte)'\r');
            if (line.StartsWith("HTTP/1.1 "u8))
                status = Utf8Parser.TryParse(line["HTTP/1.1 "u8.Length..], out int number, out _) ? number : 0;
            else if (line.StartsWith("ETag: "u8))
                etag = Encoding.ASCII.GetString(line["ETag: "u8.Length..]);
            else if (line.StartsWith("{"u8))
                error = line;
            else if (line.StartsWith("--"u8) && status != 0)
            {
                answers.Add(TableAnswer.Read(status, error, etag));
                (status, etag) = (0, null);
                error = default;
            }
        }

        return answers;
    }

    /// <summary>The index of the operation that failed, from the message of its answer: <c>2:The update condition …</c>; 0 when it does not begin with one.</summary>
    public static int FailedIndex(string message) =>
        message.IndexOf(':', StringComparison.Ordinal) is var colon and > 0 && int.TryParse(message.AsSpan(0, colon), out int index) ? index : 0;
}
