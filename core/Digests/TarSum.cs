using System.IO.Compression;

namespace Registry.Digests;

/// <summary>The tarsum, version 1: docker's digest of what a tar archive unpacks to, which the order of the files and their times do not change.</summary>
/// <remarks>
/// Docker's specification (pkg/tarsum/tarsum_spec.md), in short: each entry has a sha256 over <c>name</c>, <c>mode</c>, <c>uid</c>, <c>gid</c>, <c>size</c>, <c>typeflag</c>,
/// <c>linkname</c>, <c>uname</c>, <c>gname</c>, <c>devmajor</c>, <c>devminor</c>, each followed by its value, then the extended attributes in order of their names, then the content; the
/// sha256 over the entries' sums in hexadecimal, sorted, is the tarsum. What the specification leaves to Go's archive/tar is taken from
/// the one that docker was built with when layers were named so; docs/decisions/0006-tarsum-aliases.md lists it.
/// The archive is read once, forwards. What is kept is a buffer, one entry's header, and <see cref="TarSumEntries.BytesPerEntry"/> bytes an entry: <see cref="TarSumLimits"/> bounds each.
/// </remarks>
public static class TarSum
{
    /// <summary>Reads an archive to its end and gives its tarsum. An archive that is compressed by gzip is decompressed first.</summary>
    /// <param name="archive">Read from where it stands. What follows the end of the archive is not part of the sum, and may be left unread.</param>
    /// <param name="limits">What the archive may ask for.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="TarSumException">No tar archive, a damaged or truncated one, or one beyond a limit.</exception>
    public static async Task<Digest> Compute(Stream archive, TarSumLimits limits, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(archive);
        ArgumentNullException.ThrowIfNull(limits);

        // RFC 1952, section 2.3: two bytes of magic, and 8 for deflate. A tar archive begins with a name.
        var start = new byte[3];
        var count = await archive.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellation);
        await using var whole = new PrefixedStream(start.AsMemory(0, count), archive);
        if (count < start.Length || start is not [0x1f, 0x8b, 8])
            return await Read(whole, isCompressed: false, limits, cancellation);
        await using var plain = new GZipStream(whole, CompressionMode.Decompress, leaveOpen: true);
        return await Read(plain, isCompressed: true, limits, cancellation);
    }

    private static async Task<Digest> Read(Stream plain, bool isCompressed, TarSumLimits limits, CancellationToken cancellation)
    {
        using var source = new TarSource(plain, isCompressed, limits.MaxExpanded);
        using var hash = new TarSumEntryHash();
        var reader = new TarReader(source, limits);
        var entries = new TarSumEntries(limits.MaxEntries);
        while (await reader.Next(cancellation) is { } entry)
        {
            hash.Append(entry.Header);
            await Append(hash, source, entry, cancellation);
            entries.Add(entry.Header.Name, hash.GetSum());
        }

        // The checksum of a compressed archive stands at its very end.
        await source.Drain(cancellation);
        return entries.Sum();
    }

    /// <summary>Hashes the content, a sparse file's holes as the zeros that they stand for.</summary>
    private static async Task Append(TarSumEntryHash hash, TarSource source, TarEntry entry, CancellationToken cancellation)
    {
        var rest = entry.Stored;
        if (entry.Extents is null)
        {
            await AppendStored(hash, source, rest, cancellation);
            rest = 0;
        }
        else
        {
            source.Spend(entry.Header.Size - entry.Extents.Sum(e => e.Length));
            var at = 0L;
            foreach (var (offset, length) in entry.Extents)
            {
                hash.AppendZeros(offset - at, cancellation);
                await AppendStored(hash, source, length, cancellation);
                at = offset + length;
                rest -= length;
            }

            hash.AppendZeros(entry.Header.Size - at, cancellation);
        }

        await source.Skip(rest + TarReader.Padding(entry.Stored), cancellation);
    }

    private static async Task AppendStored(TarSumEntryHash hash, TarSource source, long count, CancellationToken cancellation)
    {
        while (count > 0)
        {
            var some = await source.Some(count, cancellation);
            hash.Append(some.Span);
            source.Advance(some.Length);
            count -= some.Length;
        }
    }
}

/// <summary>The content is no archive that has a tarsum. The message is for the client.</summary>
public sealed class TarSumException(string message) : Exception(message);
