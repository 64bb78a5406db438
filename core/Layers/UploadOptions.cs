namespace Registry.Layers;

/// <summary>How uploads are cut into blocks, how often they are recorded, and what they may use.</summary>
/// <remarks>The sizes are fixed by Azure's limits and by arithmetic, and are properties only so that tests can set them low.</remarks>
public sealed record UploadOptions
{
    /// <summary>Bytes of an ordinary block. 8 MiB: Azure's high-throughput path begins above 4 MiB, and four in flight are 32 MiB.</summary>
    public int BlockSize { get; init; } = 8 * 1024 * 1024;

    /// <summary>No block but an upload's last is smaller; what is short of it waits in the row. 50,000 of these are 24.4 GiB, whatever the size of the client's chunks.</summary>
    public int MinBlockSize { get; init; } = 512 * 1024;

    /// <summary>Azure's limit of blocks in one blob.</summary>
    public int MaxBlocks { get; init; } = 50_000;

    /// <summary>Blocks of one upload that are being staged at once.</summary>
    public int BlocksInFlight { get; init; } = 4;

    /// <summary>A long body is recorded each time this many bytes are staged.</summary>
    public long CheckpointBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>A long body is recorded at least this often, a part-filled block with it.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Reading content back to verify it is recorded each time this many bytes are read, so that verifying a huge blob survives a restart.</summary>
    public long VerifyCheckpointBytes { get; init; } = 256 * 1024 * 1024;

    /// <summary>Bytes of buffers that all uploads of the process share. A body beyond it waits. 64 MiB: one body at full speed takes 41, and twice as much made sixteen no faster (docs/performance.md).</summary>
    public long MemoryLimit { get; init; } = 64 * 1024 * 1024;

    /// <summary>The largest blob that is accepted, in bytes.</summary>
    public long MaxBlobSize { get; init; } = 200L * 1024 * 1024 * 1024;

    /// <summary>An upload that was not written for so long is over. Azure drops uncommitted blocks after 7 days; a day is kept clear of that.</summary>
    public TimeSpan MaxIdle { get; init; } = TimeSpan.FromDays(6);

    /// <summary>Half a smallest block: two full slabs can always be staged.</summary>
    public int SlabSize => MinBlockSize / 2;
}
