namespace Registry.Digests;

/// <summary>One entry: its header, and where its content lies.</summary>
/// <param name="Header">Every extension applied.</param>
/// <param name="Stored">Bytes that follow in the archive; padding comes after them.</param>
/// <param name="Extents">For a sparse file the parts that are stored, in order; null for any other.</param>
internal sealed record TarEntry(TarHeader Header, long Stored, IReadOnlyList<TarExtent>? Extents);

/// <summary>A part of a sparse file that is stored.</summary>
internal readonly record struct TarExtent(long Offset, long Length);

/// <summary>Reads an archive entry by entry. Whoever takes one reads its content from the source, and the padding behind that, before the next.</summary>
/// <remarks>
/// Not System.Formats.Tar: a tarsum covers the bytes of a header, and that reader gives text where they are no UTF-8, applies global headers, refuses
/// types that it does not know, and does not tell what it made of a field.
/// </remarks>
internal sealed class TarReader(TarSource source, TarSumLimits limits)
{
    /// <summary>Bytes that fill a content's last block.</summary>
    public static long Padding(long size) => -size & (TarHeader.BlockSize - 1);

    /// <summary>Goes to the next entry, or gives null at the end of the archive: two blocks of zeros, or no more bytes, as in the archives of writers that leave them out.</summary>
    /// <exception cref="TarSumException">What follows is no entry.</exception>
    public async Task<TarEntry?> Next(CancellationToken cancellation)
    {
        var extensions = new TarExtensions();
        while (true)
        {
            var at = source.Position;
            if (!await IsThereMore(cancellation))
                return extensions.IsEmpty ? null : throw TarHeader.Invalid(at, "the archive ends where an entry must follow its extension");
            var header = TarHeader.Parse(source.Peek(TarHeader.BlockSize), at);
            if (header.Type is (byte)'x' or (byte)'L' or (byte)'K')
            {
                source.Advance(TarHeader.BlockSize);
                extensions.Add(header.Type, await ReadExtension(header, at, cancellation), at);
                continue;
            }

            return await Open(extensions.Apply(header, at), extensions.FindSparse(at), at, cancellation);
        }
    }

    private async Task<bool> IsThereMore(CancellationToken cancellation)
    {
        if (!await FillBlock(cancellation))
            return false;
        if (source.Peek(TarHeader.BlockSize).ContainsAnyExcept((byte)0))
            return true;
        source.Advance(TarHeader.BlockSize);
        if (await FillBlock(cancellation) && source.Peek(TarHeader.BlockSize).ContainsAnyExcept((byte)0))
            throw TarHeader.Invalid(source.Position, "it follows a single block of zeros");
        return false;
    }

    private async ValueTask<bool> FillBlock(CancellationToken cancellation) => await source.Fill(TarHeader.BlockSize, cancellation) switch
    {
        TarHeader.BlockSize => true,
        0 => false,
        var count => throw new TarSumException($"truncated tar archive: it ends at byte {source.Position + count}, within a header"),
    };

    private async Task<byte[]> ReadExtension(TarHeader header, long at, CancellationToken cancellation)
    {
        if (header.Size < 0 || header.Size > limits.MaxExtension)
            throw TarHeader.Invalid(at, $"an extension of {header.Size} bytes, where {limits.MaxExtension} are the most");

        // Made as the bytes come, so that a header that promises more than follows costs nothing.
        using var content = new MemoryStream();
        var rest = header.Size;
        while (rest > 0)
        {
            var some = await source.Some(rest, cancellation);
            content.Write(some.Span);
            source.Advance(some.Length);
            rest -= some.Length;
        }

        await source.Skip(Padding(header.Size), cancellation);
        return content.ToArray();
    }

    private async Task<TarEntry> Open(TarHeader header, PaxSparse? sparse, long at, CancellationToken cancellation)
    {
        if (header.Size < 0)
            throw TarHeader.Invalid(at, "its size is negative");
        var map = new TarSparseMap(source, limits, at);
        if (sparse is not null)
        {
            source.Advance(TarHeader.BlockSize);
            var stored = header.Size;
            if (sparse.Map is { } numbers)
                map.Add(numbers);
            else
                stored -= await map.ReadPax(stored, cancellation);
            return new TarEntry(header with { Name = sparse.Name ?? header.Name, Size = sparse.Size }, stored, map.Check(sparse.Size, stored));
        }

        if (header.Type != 'S')
        {
            source.Advance(TarHeader.BlockSize);
            return new TarEntry(header, header.Size, null);
        }

        if (!header.IsGnu)
            throw TarHeader.Invalid(at, "a sparse file in a format that has none");
        var size = await map.ReadGnu(cancellation);
        return new TarEntry(header with { Size = size }, header.Size, map.Check(size, header.Size));
    }
}
