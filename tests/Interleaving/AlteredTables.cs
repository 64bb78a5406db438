using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Interleaving;

/// <summary>Tables that show other rows than there are, or write others than they are asked to: what is left of a rule when it is not followed.</summary>
internal sealed class AlteredTables(ITableStore inner) : TableDecorator(inner)
{
    /// <summary>Makes another row of one that is read; null hides it.</summary>
    public Func<string, TableEntity, TableEntity?> Read { get; init; } = (_, row) => row;

    /// <summary>Whether a row that is read by its key is made another as well.</summary>
    public bool ReadsFinds { get; init; } = true;

    /// <summary>Whether a row that is listed is made another as well.</summary>
    public bool ReadsLists { get; init; } = true;

    /// <summary>Makes another operation of one that is asked for; null is answered as done, and not made.</summary>
    public Func<string, TableOperation, TableOperation?> Change { get; init; } = (_, operation) => operation;

    public override async Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation) =>
        await base.Find(table, partition, row, cancellation) is { } found ? ReadsFinds ? Read(table, found) : found : null;

    public override async Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation)
    {
        var page = await base.Query(table, query, cancellation);
        return !ReadsLists ? page : page with { Entities = [.. page.Entities.Select(row => Read(table, row)).OfType<TableEntity>()] };
    }

    public override async Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation) =>
        Change(table, operation) is { } changed
            ? await base.Write(table, changed, cancellation)
            : new TableResult(TableStatus.Done, [operation.ETag ?? "none"]);

    public override async Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation)
    {
        var changed = operations.Select(o => Change(table, o)).ToList();
        var result = await base.WriteBatch(table, [.. changed.OfType<TableOperation>()], cancellation);
        if (!result.IsDone)
            return result;
        var etags = new Queue<string?>(result.ETags);
        return result with { ETags = [.. changed.Select((c, i) => c is null ? operations[i].ETag ?? "none" : etags.Dequeue())] };
    }

    /// <summary>The same row with another time or without some of its properties.</summary>
    public static TableEntity Copy(TableEntity row, DateTimeOffset? timestamp = null, params string[] without)
    {
        var copy = new TableEntity(row.Partition, row.Row) { ETag = row.ETag, Timestamp = timestamp ?? row.Timestamp, ReadAt = row.ReadAt };
        foreach (var (name, value) in row.Properties.Where(p => !without.Contains(p.Key)))
        {
            _ = value switch
            {
                string text => copy.Set(name, text),
                long number => copy.Set(name, number),
                bool flag => copy.Set(name, flag),
                DateTimeOffset time => copy.Set(name, time),
                _ => copy.Set(name, (byte[])value),
            };
        }

        return copy;
    }
}
