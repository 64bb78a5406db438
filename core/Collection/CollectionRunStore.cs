using Registry.Storage;

namespace Registry.Collection;

/// <summary>Keeps runs in the progress table. The row is also the lease: who wrote it last holds it, and every write is if-match.</summary>
internal sealed class CollectionRunStore(ITableStore tables, IdSource ids)
{
    // A list of files or repositories in one property: 32 Ki characters, 100 of the longest. More are in further properties.
    private const int NamesPerProperty = 100;

    // What the row and its files hold while a run is under way: since 2 a bit of a mark tells who made it, and "*" among the unreadable means all. Who knows only 1 would miss marks, and must not go on.
    private const int Version = 2;

    // A row without marks says the same to both: after a roll-back the next run begins.
    private const int FirstVersion = 1;

    private readonly ProgressRows rows = new(tables, ids);

    public async Task<CollectionRun?> Find(CollectionKind kind, CancellationToken cancellation)
    {
        var row = await rows.Find(Tables.CollectionPartition, kind.ToString(), cancellation);
        return row is null ? null : Read(kind, row);
    }

    /// <summary>Begins a run, in place of what the row tells. Null when another process came first.</summary>
    public async Task<CollectionRun?> Begin(CollectionKind kind, CollectionRun? before, CancellationToken cancellation)
    {
        var run = new CollectionRun { Kind = kind, Id = ids.NewHex(16), ETag = before?.ETag ?? "", IsHeld = true };
        return await rows.Begin(Write(run), run.ETag, cancellation) is { } row ? run with { ETag = row.ETag, Age = TimeSpan.Zero, StartedAt = row.Timestamp } : null;
    }

    /// <summary>Writes the row over the version that the run was read with. Null when another process came first.</summary>
    public async Task<CollectionRun?> Save(CollectionRun run, CancellationToken cancellation) =>
        await rows.Save(Write(run), run.ETag, cancellation) is { } etag ? run with { ETag = etag, Age = TimeSpan.Zero } : null;

    private static TableEntity Write(CollectionRun run)
    {
        var row = new TableEntity(Tables.CollectionPartition, run.Kind.ToString())
            .Set("version", run.Phase == CollectionPhase.Finished || run.StartedAt is null ? FirstVersion : Version)
            .Set("run", run.Id)
            .Set("held", run.IsHeld)
            .Set("started", run.StartedAt)
            .Set("phase", run.Phase.ToString())
            .Set("partition", run.Position?.Page?.Partition)
            .Set("row", run.Position?.Page?.Row)
            .Set("key", run.Position?.Key);
        WriteList(row, "marks", [.. run.Marks.Select(f => f.ToString())]);
        WriteList(row, "names", [.. run.Names.Select(f => f.ToString())]);
        WriteList(row, "unreadable", run.Unreadable);
        run.Totals.Write(row);
        return row;
    }

    private static CollectionRun Read(CollectionKind kind, TableEntity row)
    {
        if (row.GetInt64("version") is < FirstVersion or > Version)
            throw new InvalidDataException("the progress of the collection was written by a newer version");
        return new CollectionRun
        {
            Kind = kind,
            Id = row.GetString("run"),
            ETag = row.ETag,
            IsHeld = row.FindBoolean("held") == true,
            Age = row.Age,
            StartedAt = row.FindTime("started"),
            Phase = Enum.Parse<CollectionPhase>(row.GetString("phase")),
            Position = ReadPosition(row),
            Marks = [.. ReadList(row, "marks").Select(KeyFile.Parse)],
            Names = [.. ReadList(row, "names").Select(KeyFile.Parse)],
            Unreadable = ReadList(row, "unreadable"),
            Totals = CollectionTotals.Read(row),
        };
    }

    private static CollectionPosition? ReadPosition(TableEntity row)
    {
        var page = row.FindString("partition") is { } partition ? new TableContinuation(partition, row.FindString("row") ?? "") : null;
        return row.FindString("key") is { } key ? new CollectionPosition(page, key) : CollectionPosition.Of(page);
    }

    private static void WriteList(TableEntity row, string name, IReadOnlyList<string> list)
    {
        foreach (var (part, names) in list.Chunk(NamesPerProperty).Index())
            row.Set($"{name}{part}", string.Join('\n', names));
    }

    private static List<string> ReadList(TableEntity row, string name)
    {
        var list = new List<string>();
        for (var part = 0; row.FindString($"{name}{part}") is { } names; part++)
            list.AddRange(names.Split('\n'));
        return list;
    }
}
