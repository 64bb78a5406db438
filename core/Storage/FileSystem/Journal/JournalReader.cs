using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Registry.Storage.FileSystem.Journal;

/// <summary>Where reading a file ended.</summary>
/// <param name="Length">The bytes that are good.</param>
/// <param name="Sequence">The number of the last frame.</param>
/// <param name="Salt">The file's salt.</param>
/// <param name="IsEnded">The last frame was the end of a snapshot.</param>
internal readonly record struct JournalEnd(long Length, ulong Sequence, uint Salt, bool IsEnded);

/// <summary>Reads the frames of one file.</summary>
/// <remarks>
/// A frame that is not whole is one of two things. A frame is flushed before the next one is written, so a loss of power harms the last
/// one only: if nothing whole follows, it was never acknowledged, and is cut off. If a whole frame follows, this one had been flushed, and
/// the disk or a hand has harmed it since: then what it held was acknowledged, and going on without it is not ours to decide.
/// </remarks>
internal sealed class JournalReader(string path, bool mayBeTorn)
{
    /// <summary>Reads every whole frame.</summary>
    /// <exception cref="InvalidDataException">A frame is corrupt. Names the file and the offset.</exception>
    public JournalEnd Read(Action<ReadOnlyMemory<byte>> frame)
    {
        using SafeFileHandle file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        long length = RandomAccess.GetLength(file);
        Span<byte> head = stackalloc byte[JournalFormat.FrameHeadLength];
        if (ReadAt(file, head, 0) < JournalFormat.HeaderLength || !JournalFormat.TryReadHeader(head, out uint salt))
            return Torn(file, new JournalEnd(0, 0, 0, false), length);

        var end = new JournalEnd(JournalFormat.HeaderLength, 0, salt, false);
        while (end.Length < length && !end.IsEnded)
        {
            if (!TryReadFrame(file, end.Length, length, end.Sequence + 1, salt, out byte[]? payload, out int count))
                return Torn(file, end, length);
            if (count > 0)
                frame(payload.AsMemory(0, count));
            ArrayPool<byte>.Shared.Return(payload!);
            end = new JournalEnd(end.Length + JournalFormat.FrameHeadLength + count, end.Sequence + 1, salt, count == 0);
        }

        return end;
    }

    private static bool TryReadFrame(
        SafeFileHandle file, long offset, long fileLength, ulong sequence, uint salt, out byte[]? payload, out int count)
    {
        payload = null;
        count = 0;
        Span<byte> headBytes = stackalloc byte[JournalFormat.FrameHeadLength];
        if (ReadAt(file, headBytes, offset) < headBytes.Length)
            return false;
        FrameHead head = JournalFormat.ReadFrameHead(headBytes);
        if (head.Sequence != sequence || !head.IsPlausible(fileLength - offset - JournalFormat.FrameHeadLength))
            return false;
        count = head.Length;
        payload = ArrayPool<byte>.Shared.Rent(Math.Max(count, 1));
        Span<byte> bytes = payload.AsSpan(0, count);
        if (ReadAt(file, bytes, offset + headBytes.Length) == count && JournalFormat.Checksum(salt, headBytes, bytes) == head.Checksum)
            return true;
        ArrayPool<byte>.Shared.Return(payload);
        return false;
    }

    private JournalEnd Torn(SafeFileHandle file, JournalEnd end, long fileLength) =>
        mayBeTorn && !IsFollowed(file, end, fileLength)
            ? end
            : throw new InvalidDataException($"'{path}' is corrupt at offset {end.Length} of {fileLength}");

    /// <summary>Whether a whole frame lies anywhere after the one that is not. Its place is not known: the harmed one's length may be what was harmed.</summary>
    private static bool IsFollowed(SafeFileHandle file, JournalEnd end, long fileLength)
    {
        if (end.Length == 0)
            return fileLength > JournalFormat.HeaderLength;
        byte[] window = new byte[1024 * 1024];
        const int head = JournalFormat.FrameHeadLength;
        for (long start = end.Length + 1; start + head <= fileLength; start += window.Length - head + 1)
        {
            int read = ReadAt(file, window, start);
            for (int i = 0; i + head <= read; i++)
            {
                FrameHead candidate = JournalFormat.ReadFrameHead(window.AsSpan(i));
                bool isLater = candidate.Sequence > end.Sequence && candidate.Sequence - end.Sequence <= (ulong)fileLength;
                if (!isLater || !candidate.IsPlausible(fileLength - start - i - head))
                    continue;
                if (TryReadFrame(file, start + i, fileLength, candidate.Sequence, end.Salt, out byte[]? payload, out _))
                {
                    ArrayPool<byte>.Shared.Return(payload!);
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Reads until the span is full or the file ends.</summary>
    private static int ReadAt(SafeFileHandle file, Span<byte> bytes, long offset)
    {
        int total = 0;
        while (total < bytes.Length && RandomAccess.Read(file, bytes[total..], offset + total) is var read and > 0)
            total += read;
        return total;
    }
}
