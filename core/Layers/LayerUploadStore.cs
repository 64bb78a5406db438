using Registry.Digests;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Layers;

/// <summary>Keeps <see cref="LayerUploadState"/> in the uploads table. The row's ETag decides between two writers.</summary>
public sealed class LayerUploadStore(ITableStore tables, IdSource ids)
{
    private const int PropertyLimit = 64 * 1024;

    public async Task<LayerUploadState?> Find(RepositoryName repository, Guid id, CancellationToken cancellation)
    {
        var row = await tables.Find(Tables.Uploads, Tables.Key(repository), id.ToString("D"), cancellation);
        return row is null ? null : Read(repository, id, row);
    }

    public async Task<LayerUploadState> Insert(LayerUploadState state, CancellationToken cancellation)
    {
        var row = Write(state, ids.NewHex(8));
        var result = await tables.Write(Tables.Uploads, TableOperation.Insert(row), cancellation);

        // The id is a fresh UUID: a row that is there already is this one, and the answer to its insert was lost.
        return result.IsDone
            ? state with { ETag = result.ETag }
            : await Find(state.Repository, state.Id, cancellation) ?? throw new InvalidDataException($"upload {state.Id} is there and is not");
    }

    /// <summary>Writes the row over the version that the state was read with. Null when another writer came first.</summary>
    public async Task<LayerUploadState?> Save(LayerUploadState state, CancellationToken cancellation)
    {
        var write = ids.NewHex(8);
        var result = await tables.Write(Tables.Uploads, TableOperation.Replace(Write(state, write), state.ETag), cancellation);
        if (result.IsDone)
            return state with { ETag = result.ETag, Idle = TimeSpan.Zero };
        if (result.Status == TableStatus.Missing)
            return null;

        // Changed: perhaps by this very write, whose answer was lost and which the driver then repeated. Each write is named, so the row tells.
        var row = await tables.Find(Tables.Uploads, Tables.Key(state.Repository), state.Id.ToString("D"), cancellation);
        return row?.FindString("write") == write ? state with { ETag = row.ETag, Idle = row.Age } : null;
    }

    /// <summary>Removes the row. False when it changed since the state was read, or is gone.</summary>
    public async Task<bool> Delete(LayerUploadState state, CancellationToken cancellation)
    {
        var operation = TableOperation.Delete(Tables.Key(state.Repository), state.Id.ToString("D"), state.ETag);
        return (await tables.Write(Tables.Uploads, operation, cancellation)).IsDone;
    }

    private static TableEntity Write(LayerUploadState state, string write)
    {
        var row = new TableEntity(Tables.Key(state.Repository), state.Id.ToString("D"))
            .Set("version", 1)
            .Set("write", write)
            .Set("phase", state.Phase.ToString())
            .Set("offset", state.Offset)
            .Set("hash", state.Hash)
            .Set("claim", state.Claim?.ToString())
            .Set("verified", state.Verified)
            .Set("canonical", state.Canonical?.ToString())
            .Set("staged", state.StagedAt);
        WriteParts(row, "blocks", state.Blocks.Count == 0 ? default : state.Blocks.Encode());
        WriteParts(row, "tail", state.Tail);
        return row;
    }

    private static LayerUploadState Read(RepositoryName repository, Guid id, TableEntity row)
    {
        if (row.GetInt64("version") != 1)
            throw new InvalidDataException($"upload {id} was written by a newer version");
        var blocks = ReadParts(row, "blocks");
        var state = new LayerUploadState
        {
            Repository = repository,
            Id = id,
            ETag = row.ETag,
            Idle = row.Age,
            ReadAt = row.ReadAt,
            StagedAt = row.FindTime("staged"),
            Phase = Enum.Parse<UploadPhase>(row.GetString("phase")),
            Hash = row.GetBinary("hash"),
            Claim = row.FindString("claim") is { } claim ? Digest.Parse(claim) : null,
            Verified = row.FindBinary("verified"),
            Canonical = row.FindString("canonical") is { } canonical ? Digest.Parse(canonical) : null,
            Blocks = blocks.Length == 0 ? new BlockList() : BlockList.Decode(blocks),
            Tail = ReadParts(row, "tail"),
        };
        return state.Offset == row.GetInt64("offset")
            ? state
            : throw new InvalidDataException($"upload {id} has {state.Offset} bytes and says {row.GetInt64("offset")}");
    }

    private static void WriteParts(TableEntity row, string name, ReadOnlyMemory<byte> value)
    {
        for (var part = 0; part * PropertyLimit < value.Length; part++)
            row.Set($"{name}{part}", value.Slice(part * PropertyLimit, Math.Min(PropertyLimit, value.Length - (part * PropertyLimit))).ToArray());
    }

    private static byte[] ReadParts(TableEntity row, string name)
    {
        var parts = new List<byte[]>();
        while (row.FindBinary($"{name}{parts.Count}") is { } part)
            parts.Add(part);
        return parts.Count == 1 ? parts[0] : [.. parts.SelectMany(p => p)];
    }
}
