using System.Buffers;

namespace Registry.Storage;

/// <summary>The limits of a storage driver, checked alike by every implementation. Every breach is a programming error: <see cref="ArgumentException"/>.</summary>
public static class BlobLimits
{
    /// <summary>Characters of a path.</summary>
    public const int MaxPathLength = 1024;

    /// <summary>Characters of a block id: 64 bytes of Azure, less what base64 takes.</summary>
    public const int MaxBlockIdLength = 48;

    /// <summary>Blocks of a committed blob.</summary>
    public const int MaxBlocks = 50_000;

    private static readonly SearchValues<char> blockIdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>A path: segments between single slashes, one more slash in front at most, none of them <c>.</c> or <c>..</c>, no backslash and no control character.</summary>
    /// <remarks>A file system and a URL both give such segments a meaning of their own, so that one blob would have two names, or another's.</remarks>
    public static void CheckPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length is 0 or > MaxPathLength)
            throw new ArgumentException($"a path has 1 to {MaxPathLength} characters, not {path.Length}", nameof(path));
        ReadOnlySpan<char> relative = path[0] == '/' ? path.AsSpan(1) : path;
        foreach (Range range in relative.Split('/'))
        {
            if (relative[range] is "" or "." or "..")
                throw new ArgumentException($"'{path}' is no path of a blob", nameof(path));
        }

        if (path.Any(c => char.IsControl(c) || c == '\\'))
            throw new ArgumentException($"'{path}' is no path of a blob", nameof(path));
    }

    /// <summary>A block id: 1 to 48 characters of <c>[A-Za-z0-9-]</c>.</summary>
    public static void CheckBlockId(string blockId)
    {
        ArgumentNullException.ThrowIfNull(blockId);
        if (blockId.Length is 0 or > MaxBlockIdLength || blockId.AsSpan().ContainsAnyExcept(blockIdCharacters))
            throw new ArgumentException($"'{blockId}' is no block id", nameof(blockId));
    }

    /// <summary>A block id beside another one of the same blob: of the same length. Azure refuses others, so a local driver must not take them.</summary>
    public static void CheckSameLength(string blockId, string? other)
    {
        ArgumentNullException.ThrowIfNull(blockId);
        if (other is not null && other.Length != blockId.Length)
            throw new ArgumentException($"the block id '{blockId}' has not the length of '{other}', which is staged for the same blob", nameof(blockId));
    }

    /// <summary>What is staged: a block id, and 1 byte or more.</summary>
    public static void CheckBlock(string path, string blockId, in ReadOnlySequence<byte> content)
    {
        CheckPath(path);
        CheckBlockId(blockId);
        if (content.IsEmpty)
            throw new ArgumentException("a block has 1 byte or more", nameof(content));
    }

    /// <summary>What is committed: at most 50,000 block ids.</summary>
    public static void CheckBlockList(string path, IReadOnlyList<string> blockIds)
    {
        CheckPath(path);
        ArgumentNullException.ThrowIfNull(blockIds);
        if (blockIds.Count > MaxBlocks)
            throw new ArgumentException($"a blob has at most {MaxBlocks} blocks, not {blockIds.Count}", nameof(blockIds));
        foreach (string blockId in blockIds)
            CheckBlockId(blockId);
    }

    /// <summary>A range to read: nothing negative.</summary>
    public static void CheckRange(string path, long offset, long? length)
    {
        CheckPath(path);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
    }
}
