namespace Registry.Digests;

/// <summary>Reads which parts of a sparse file are stored, in the four ways that GNU tar has written it down.</summary>
internal sealed class TarSparseMap(TarSource source, TarSumLimits limits, long at)
{
    private readonly List<TarExtent> extents = [];

    /// <summary>Takes offsets and lengths in turn (pax formats 0.0 and 0.1).</summary>
    public void Add(IReadOnlyList<byte[]> numbers)
    {
        if (numbers.Count % 2 != 0)
            throw Invalid("an offset without a length");
        for (var i = 0; i < numbers.Count; i += 2)
            Add(Decimal(numbers[i]), Decimal(numbers[i + 1]));
    }

    /// <summary>Reads a map that stands before the content: the number of parts, then offset and length of each, a line each, filled up to a block (pax format 1.0).</summary>
    /// <returns>Bytes that it took.</returns>
    public async Task<long> ReadPax(long stored, CancellationToken cancellation)
    {
        var lines = new MapLines(source, stored, at);
        var count = Decimal(await lines.Next(cancellation));
        if (count > limits.MaxExtents)
            throw TooMany();
        for (var i = 0L; i < count; i++)
            Add(Decimal(await lines.Next(cancellation)), Decimal(await lines.Next(cancellation)));
        lines.Close();
        return lines.Taken;
    }

    /// <summary>Reads the map of an old GNU header: four parts in it, 21 in each block that follows while it says so.</summary>
    /// <returns>The file's size.</returns>
    public async Task<long> ReadGnu(CancellationToken cancellation)
    {
        var block = source.Peek(TarHeader.BlockSize);
        var size = TarHeader.Number(block[483..495], at, "real size");
        AddAll(block[386..482]);
        var isExtended = block[482] != 0;
        source.Advance(TarHeader.BlockSize);
        while (isExtended)
        {
            if (await source.Fill(TarHeader.BlockSize, cancellation) < TarHeader.BlockSize)
                throw new TarSumException($"truncated tar archive: it ends behind byte {source.Position}, within a sparse file's map");
            isExtended = AddBlock(source.Peek(TarHeader.BlockSize));
            source.Advance(TarHeader.BlockSize);
        }

        return size;
    }

    /// <summary>Gives the parts, which must be in order, within the file, and stored.</summary>
    public IReadOnlyList<TarExtent> Check(long size, long stored)
    {
        if (size < 0)
            throw Invalid("its size is negative");
        var end = 0L;
        foreach (var (offset, length) in extents)
        {
            if (offset < end || length < 0 || offset > size || length > size - offset)
                throw Invalid("its parts are not in order, or beyond its end");
            end = offset + length;
            stored -= length;
            if (stored < 0)
                throw Invalid("its parts are more than what is stored");
        }

        return extents;
    }

    private bool AddBlock(ReadOnlySpan<byte> block)
    {
        AddAll(block[..504]);
        return block[504] != 0;
    }

    private void AddAll(ReadOnlySpan<byte> parts)
    {
        for (; !parts.IsEmpty && parts[12] != 0; parts = parts[24..])
            Add(TarHeader.Number(parts[..12], at, "sparse map"), TarHeader.Number(parts[12..24], at, "sparse map"));
    }

    private void Add(long offset, long length)
    {
        if (extents.Count >= limits.MaxExtents)
            throw TooMany();
        extents.Add(new TarExtent(offset, length));
    }

    private long Decimal(ReadOnlySpan<byte> text) =>
        TarExtensions.TryDecimal(text, out var number) ? number : throw Invalid("its map is not made of numbers");

    private TarSumException TooMany() => Invalid($"it has more than {limits.MaxExtents} parts");

    private TarSumException Invalid(string problem) => new($"invalid sparse file at byte {at} of the tar archive: {problem}");

    /// <summary>Lines of a map, read block by block, so that it ends where the content begins.</summary>
    private sealed class MapLines(TarSource source, long stored, long at)
    {
        // A number has 19 digits at most.
        private const int MaxLine = 20;

        private readonly byte[] line = new byte[MaxLine];
        private int inBlock;

        public long Taken { get; private set; }

        public async ValueTask<byte[]> Next(CancellationToken cancellation)
        {
            for (var length = 0; ; length++)
            {
                var next = await NextByte(cancellation);
                if (next == '\n')
                    return line[..length];
                if (length == MaxLine)
                    throw new TarSumException($"invalid sparse file at byte {at} of the tar archive: its map is not made of numbers");
                line[length] = next;
            }
        }

        public void Close()
        {
            if (inBlock > 0)
                source.Advance(TarHeader.BlockSize);
            inBlock = 0;
        }

        private async ValueTask<byte> NextByte(CancellationToken cancellation)
        {
            if (inBlock is 0 or TarHeader.BlockSize)
            {
                Close();
                Taken += TarHeader.BlockSize;
                if (Taken > stored || await source.Fill(TarHeader.BlockSize, cancellation) < TarHeader.BlockSize)
                    throw new TarSumException($"invalid sparse file at byte {at} of the tar archive: its map ends too soon");
            }

            return source.Peek(TarHeader.BlockSize)[inBlock++];
        }
    }
}
