using Registry.Storage;

namespace Registry.Verification;

/// <summary>Keeps passes in the progress table. The row is also the lease.</summary>
internal sealed class VerificationRunStore(ITableStore tables, IdSource ids)
{
    private readonly ProgressRows rows = new(tables, ids);

    public async Task<VerificationRun?> Find(VerificationKind kind, CancellationToken cancellation)
    {
        var row = await rows.Find(Tables.VerificationPartition, kind.ToString(), cancellation);
        return row is null ? null : Read(kind, row);
    }

    /// <summary>Begins a pass, in place of what the row tells. Null when another process came first.</summary>
    public async Task<VerificationRun?> Begin(VerificationKind kind, VerificationRun? before, long allowance, CancellationToken cancellation)
    {
        var run = new VerificationRun { Kind = kind, ETag = before?.ETag ?? "", IsHeld = true, Allowance = allowance };
        return await rows.Begin(Write(run), run.ETag, cancellation) is { } row ? run with { ETag = row.ETag, Age = TimeSpan.Zero, StartedAt = row.Timestamp } : null;
    }

    /// <summary>Writes the row over the version that the pass was read with. Null when another process came first.</summary>
    public async Task<VerificationRun?> Save(VerificationRun run, CancellationToken cancellation) =>
        await rows.Save(Write(run), run.ETag, cancellation) is { } etag ? run with { ETag = etag, Age = TimeSpan.Zero } : null;

    private static TableEntity Write(VerificationRun run)
    {
        var row = new TableEntity(Tables.VerificationPartition, run.Kind.ToString())
            .Set("version", 1)
            .Set("held", run.IsHeld)
            .Set("started", run.StartedAt)
            .Set("phase", run.Phase.ToString())
            .Set("pagePartition", run.Position?.Page?.Partition)
            .Set("pageRow", run.Position?.Page?.Row)
            .Set("partition", run.Position?.Partition)
            .Set("row", run.Position?.Row)
            .Set("blob", run.Blob?.Path)
            .Set("hash", run.Blob?.Hash)
            .Set("allowance", run.Allowance);
        run.Totals.Write(row);
        return row;
    }

    private static VerificationRun Read(VerificationKind kind, TableEntity row)
    {
        if (row.GetInt64("version") != 1)
            throw new InvalidDataException("the progress of the verification was written by a newer version");
        return new VerificationRun
        {
            Kind = kind,
            ETag = row.ETag,
            IsHeld = row.FindBoolean("held") == true,
            SavedAt = row.Timestamp,
            Age = row.Age,
            StartedAt = row.FindTime("started"),
            Phase = Enum.Parse<VerificationPhase>(row.GetString("phase")),
            Position = row.FindString("partition") is { } partition ? new RowPosition(ReadPage(row), partition, row.GetString("row")) : null,
            Blob = row.FindString("blob") is { } blob ? new PartlyRead(blob, row.GetBinary("hash")) : null,
            Allowance = row.GetInt64("allowance"),
            Totals = VerificationTotals.Read(row),
        };
    }

    private static TableContinuation? ReadPage(TableEntity row) =>
        row.FindString("pagePartition") is { } partition ? new TableContinuation(partition, row.FindString("pageRow") ?? "") : null;
}
