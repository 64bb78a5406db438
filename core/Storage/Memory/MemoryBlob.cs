using System.Collections.ObjectModel;

namespace Registry.Storage.Memory;

/// <summary>A committed blob. It never changes, so a reader keeps what it opened.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Content">All its bytes.</param>
/// <param name="Blocks">What it was committed of; empty for one that was put.</param>
/// <param name="Stat">Its length, time and metadata.</param>
internal sealed record MemoryBlob(string Path, byte[] Content, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Blocks, BlobStat Stat)
{
    /// <summary>The blocks of a blob that was put whole.</summary>
    public static readonly IReadOnlyDictionary<string, ReadOnlyMemory<byte>> NoBlocks = ReadOnlyDictionary<string, ReadOnlyMemory<byte>>.Empty;

    public static readonly Comparer<MemoryBlob> Order = Comparer<MemoryBlob>.Create((a, b) => string.CompareOrdinal(a.Path, b.Path));

    /// <summary>A blob to look others up by.</summary>
    public static MemoryBlob Key(string path) => new(path, [], NoBlocks, new BlobStat(0, default, BlobMetadata.None));
}
