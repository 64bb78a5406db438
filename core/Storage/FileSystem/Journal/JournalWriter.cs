using Microsoft.Win32.SafeHandles;

namespace Registry.Storage.FileSystem.Journal;

/// <summary>Appends frames to one file. Not safe for concurrent use.</summary>
internal sealed class JournalWriter : IDisposable
{
    private readonly Disk disk;
    private readonly SafeFileHandle file;
    private readonly uint salt;
    private ulong sequence;

    private JournalWriter(Disk disk, SafeFileHandle file, uint salt, ulong sequence, long length)
    {
        this.disk = disk;
        this.file = file;
        this.salt = salt;
        this.sequence = sequence;
        Length = length;
    }

    /// <summary>Bytes of the file, header and all.</summary>
    public long Length { get; private set; }

    /// <summary>Nobody knows any more what the file holds: a flush failed, after which the system may have dropped what it was to write.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Begins a file. Its header is durable afterwards; its name is, once the directory is flushed.</summary>
    public static JournalWriter Create(Disk disk, string path, uint salt)
    {
        SafeFileHandle file = disk.Create(path);
        try
        {
            disk.Write(file, [JournalFormat.Header(salt)], 0);
            disk.Flush(file);
            return new JournalWriter(disk, file, salt, 0, JournalFormat.HeaderLength);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Goes on with a file after what was read of it, and cuts off what could not be.</summary>
    /// <remarks>What was read is flushed: a process that was killed may have written it without, and now it is going to be seen.</remarks>
    public static JournalWriter Continue(Disk disk, string path, JournalEnd end)
    {
        SafeFileHandle file = disk.Open(path);
        try
        {
            if (RandomAccess.GetLength(file) > end.Length)
                disk.SetLength(file, end.Length);
            disk.Flush(file);
            return new JournalWriter(disk, file, end.Salt, end.Sequence, end.Length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Appends a frame, durable when the call returns.</summary>
    /// <exception cref="IOException">The frame is not in the file, unless <see cref="IsBroken"/>.</exception>
    public void Append(ReadOnlyMemory<byte> payload)
    {
        AppendUnflushed(payload);
        Flush();
    }

    /// <summary>Appends a frame, durable after the next <see cref="Flush"/>. Only for a file that nobody reads before it.</summary>
    public void AppendUnflushed(ReadOnlyMemory<byte> payload)
    {
        ObjectDisposedException.ThrowIf(IsBroken, this);
        byte[] head = JournalFormat.FrameHead(salt, sequence + 1, payload.Span);
        try
        {
            disk.Write(file, [head, payload], Length);
        }
        catch
        {
            Undo();
            throw;
        }

        sequence++;
        Length += head.Length + payload.Length;
    }

    public void Flush()
    {
        try
        {
            disk.Flush(file);
        }
        catch
        {
            IsBroken = true;
            throw;
        }
    }

    public void Dispose() => file.Dispose();

    /// <summary>A full disk is the failure that passes: what was written in part goes, and the next frame may find room.</summary>
    private void Undo()
    {
        try
        {
            disk.SetLength(file, Length);
        }
        catch
        {
            IsBroken = true;
            throw;
        }
    }
}
