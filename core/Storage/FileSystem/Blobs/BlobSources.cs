namespace Registry.Storage.FileSystem.Blobs;

/// <summary>What a commit can be made of: the blocks of a staging file and of the blob that is there, as far as both files really hold them.</summary>
internal sealed class BlobSources
{
    private readonly StagedBlob? staged;
    private readonly string stagedFile;
    private readonly long stagedLength;
    private readonly string committedFile;
    private readonly List<(string Id, BlockRange Range)>? committedBlocks;
    private Dictionary<string, BlockRange>? committedRanges;

    /// <param name="staged">What the index knows to be staged.</param>
    /// <param name="stagedFile">Its file.</param>
    /// <param name="committed">What the index knows of the blob.</param>
    /// <param name="committedFile">Its file.</param>
    /// <param name="isPlaced">Whether that is at the blob's path.</param>
    public BlobSources(StagedBlob? staged, string stagedFile, CommittedBlob? committed, string committedFile, bool isPlaced)
    {
        this.staged = staged;
        this.stagedFile = stagedFile;
        this.committedFile = committedFile;
        stagedLength = LengthOf(stagedFile);

        // A file of another length was put there by hand: its blocks are not known. One that has not got to its path yet may not be cut off yet, either.
        long length = LengthOf(committedFile);
        if (committed?.Blocks is not null && (isPlaced ? length == committed.Length : length >= committed.Length))
            committedBlocks = [.. committed.Blocks.Blocks()];
    }

    /// <summary>Whether these are the blocks that the blob was committed of, none of them staged again since.</summary>
    public bool IsCommitted(IReadOnlyList<string> blockIds) =>
        committedBlocks is not null
        && blockIds.SequenceEqual(committedBlocks.Select(b => b.Id))
        && !blockIds.Any(id => FindStaged(id) is not null);

    /// <summary>Where each block lies, the latest of its id.</summary>
    /// <exception cref="StorageNotFoundException">One is nowhere.</exception>
    public List<(string File, BlockRange Range)> Find(string path, IReadOnlyList<string> blockIds) =>
        [.. blockIds.Select(id => FindOne(id) ?? throw new StorageNotFoundException(path))];

    /// <summary>Whether the parts are the staging file from its first byte on, without gaps: then the file need only be cut off and renamed.</summary>
    public bool IsStagingFile(List<(string File, BlockRange Range)> parts)
    {
        long end = 0;
        foreach ((string file, BlockRange range) in parts)
        {
            if (file != stagedFile || range.Offset != end)
                return false;
            end = range.End;
        }

        return staged is not null && stagedLength >= 0;
    }

    private (string File, BlockRange Range)? FindOne(string id)
    {
        if (FindStaged(id) is { } found)
            return (stagedFile, found);
        if (committedBlocks is null)
            return null;
        if (committedRanges is null)
        {
            committedRanges = new Dictionary<string, BlockRange>(StringComparer.Ordinal);
            foreach ((string blockId, BlockRange range) in committedBlocks)
                committedRanges[blockId] = range;
        }

        return committedRanges.TryGetValue(id, out BlockRange block) ? (committedFile, block) : null;
    }

    private BlockRange? FindStaged(string id) =>
        staged is not null && staged.Blocks.TryGetValue(id, out BlockRange range) && range.End <= stagedLength ? range : null;

    private static long LengthOf(string file) => new FileInfo(file) is { Exists: true } info ? info.Length : -1;
}
