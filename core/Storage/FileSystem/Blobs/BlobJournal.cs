using Registry.Storage.FileSystem.Journal;

namespace Registry.Storage.FileSystem.Blobs;

/// <summary>How the index of blobs is written to a journal.</summary>
/// <remarks>
/// <code>
/// staged      1  path  file  block id  offset  length  ticks
/// committed   2  path  file  length  ticks  repository?  digest?  blocks?
/// truncated   3  path  length
/// deleted     4  path
/// </code>
/// Strings are UTF-8 after their length, numbers have 7 bits a byte; what may be absent comes after a byte that says whether it is there.
/// </remarks>
internal sealed class BlobJournal : IJournaled<BlobIndex, BlobChange>
{
    private enum Kind : byte
    {
        Staged = 1,
        Committed = 2,
        Truncated = 3,
        Deleted = 4,
    }

    public BlobIndex Empty => BlobIndex.Empty;

    public BlobIndex Apply(BlobIndex state, IEnumerable<BlobChange> changes) => state.Apply(changes);

    public IEnumerable<BlobChange> Snapshot(BlobIndex state)
    {
        foreach ((string path, CommittedBlob blob) in state.Committed)
            yield return new BlobChange.Committed(path, blob);
        foreach ((string path, StagedBlob blob) in state.Staged)
        {
            foreach ((string id, BlockRange range) in blob.Blocks)
                yield return new BlobChange.Staged(path, blob.File, id, range, blob.Time);
        }
    }

    public void Write(BinaryWriter writer, BlobChange change)
    {
        writer.Write((byte)KindOf(change));
        writer.Write(change.Path);
        if (change is BlobChange.Staged staged)
        {
            writer.Write(staged.File);
            writer.Write(staged.BlockId);
            writer.Write7BitEncodedInt64(staged.Range.Offset);
            writer.Write7BitEncodedInt64(staged.Range.Length);
            writer.Write7BitEncodedInt64(staged.Time.UtcTicks);
        }
        else if (change is BlobChange.Committed committed)
        {
            WriteBlob(writer, committed.Blob);
        }
        else if (change is BlobChange.Truncated truncated)
        {
            writer.Write7BitEncodedInt64(truncated.Length);
        }
    }

    public BlobChange Read(BinaryReader reader) => (Kind)reader.ReadByte() switch
    {
        Kind.Staged => new BlobChange.Staged(
            reader.ReadString(),
            reader.ReadString(),
            reader.ReadString(),
            new BlockRange(reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64()),
            ReadTime(reader)),
        Kind.Committed => new BlobChange.Committed(reader.ReadString(), ReadBlob(reader)),
        Kind.Truncated => new BlobChange.Truncated(reader.ReadString(), reader.Read7BitEncodedInt64()),
        Kind.Deleted => new BlobChange.Deleted(reader.ReadString()),
        var kind => throw new InvalidDataException($"a change of blobs has kind {kind}, which this program does not know"),
    };

    private static Kind KindOf(BlobChange change) => change switch
    {
        BlobChange.Staged => Kind.Staged,
        BlobChange.Committed => Kind.Committed,
        BlobChange.Truncated => Kind.Truncated,
        BlobChange.Deleted => Kind.Deleted,
        _ => throw new InvalidOperationException($"a journal holds no {change.GetType()}"),
    };

    private static void WriteBlob(BinaryWriter writer, CommittedBlob blob)
    {
        writer.Write(blob.File);
        writer.Write7BitEncodedInt64(blob.Length);
        writer.Write7BitEncodedInt64(blob.Time.UtcTicks);
        WriteOptional(writer, blob.Metadata.Repository);
        WriteOptional(writer, blob.Metadata.Digest);
        writer.Write(blob.Blocks is not null);
        if (blob.Blocks is null)
            return;
        writer.Write7BitEncodedInt(blob.Blocks.Packed.Length);
        writer.Write(blob.Blocks.Packed.Span);
    }

    private static CommittedBlob ReadBlob(BinaryReader reader)
    {
        string file = reader.ReadString();
        long length = reader.Read7BitEncodedInt64();
        DateTimeOffset time = ReadTime(reader);

        // The blobs of a repository share its name in memory.
        var metadata = new BlobMetadata(ReadOptional(reader) is { } repository ? string.Intern(repository) : null, ReadOptional(reader));
        CommittedBlocks? blocks = reader.ReadBoolean() ? CommittedBlocks.FromPacked(reader.ReadBytes(reader.Read7BitEncodedInt())) : null;
        return new CommittedBlob(file, length, time, metadata, blocks);
    }

    private static DateTimeOffset ReadTime(BinaryReader reader) => new(reader.Read7BitEncodedInt64(), TimeSpan.Zero);

    private static void WriteOptional(BinaryWriter writer, string? text)
    {
        writer.Write(text is not null);
        if (text is not null)
            writer.Write(text);
    }

    private static string? ReadOptional(BinaryReader reader) => reader.ReadBoolean() ? reader.ReadString() : null;
}
