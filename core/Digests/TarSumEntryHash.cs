using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Registry.Digests;

/// <summary>The sum of one entry after another: its header as text, then its content.</summary>
internal sealed class TarSumEntryHash : IDisposable
{
    // A hole is hashed by pieces of this size, between which the work can be cancelled.
    private static readonly byte[] zeros = new byte[64 * 1024];

    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ArrayBufferWriter<byte> text = new(1024);

    public void Append(TarHeader header)
    {
        text.ResetWrittenCount();
        Write("name"u8, header.Name);
        Write("mode"u8, header.Mode);
        Write("uid"u8, header.Uid);
        Write("gid"u8, header.Gid);
        Write("size"u8, header.Size);
        Write("typeflag"u8, [header.Type]);
        Write("linkname"u8, header.LinkName);
        Write("uname"u8, header.UserName);
        Write("gname"u8, header.GroupName);
        Write("devmajor"u8, header.DeviceMajor);
        Write("devminor"u8, header.DeviceMinor);
        foreach (var (name, value) in header.Attributes)
            Write(Encoding.Latin1.GetBytes(name), value);
        hash.AppendData(text.WrittenSpan);
    }

    public void Append(ReadOnlySpan<byte> content) => hash.AppendData(content);

    public void AppendZeros(long count, CancellationToken cancellation)
    {
        while (count > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            var some = (int)Math.Min(count, zeros.Length);
            hash.AppendData(zeros, 0, some);
            count -= some;
        }
    }

    /// <summary>The sum of the entry; the next one begins.</summary>
    public TarSumEntrySum GetSum()
    {
        Span<byte> sum = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(sum);
        return TarSumEntrySum.From(sum);
    }

    public void Dispose() => hash.Dispose();

    private void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        text.Write(key);
        text.Write(value);
    }

    private void Write(ReadOnlySpan<byte> key, long value)
    {
        text.Write(key);
        value.TryFormat(text.GetSpan(20), out var written);
        text.Advance(written);
    }
}
