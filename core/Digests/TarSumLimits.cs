namespace Registry.Digests;

/// <summary>What an archive may ask of whoever sums it up: a small upload can stand for a large archive.</summary>
public sealed record TarSumLimits
{
    private const long FreeExpansion = 1024L * 1024 * 1024;
    private const int MaxRatio = 100;

    /// <summary>Entries there may be. Each takes <see cref="TarSumEntries.BytesPerEntry"/> bytes of memory until the end.</summary>
    public int MaxEntries { get; init; } = 1_000_000;

    /// <summary>Bytes of one entry's extended header, or of its long name. Linux has attributes of 64 KiB, and names of 4 KiB.</summary>
    public int MaxExtension { get; init; } = 1024 * 1024;

    /// <summary>Parts of one sparse file, of 16 bytes each.</summary>
    public int MaxExtents { get; init; } = 256 * 1024;

    /// <summary>Bytes of the archive when it is decompressed, and of the holes of its sparse files.</summary>
    public required long MaxExpanded { get; init; }

    /// <summary>The limits for an upload: it may expand to 1 GiB and a hundred times its bytes, and to no more than the largest blob.</summary>
    public static TarSumLimits For(long stored, long maxBlobSize) =>
        new() { MaxExpanded = Math.Min(maxBlobSize, stored > (long.MaxValue - FreeExpansion) / MaxRatio ? long.MaxValue : FreeExpansion + (stored * MaxRatio)) };
}
