namespace Registry.Storage.FileSystem.Blobs;

/// <summary>Where a block lies in a file.</summary>
internal readonly record struct BlockRange(long Offset, long Length)
{
    public long End => Offset + Length;
}
