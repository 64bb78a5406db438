using System.Collections.Immutable;

namespace Registry.Storage.Memory;

/// <summary>All tables at one moment. It never changes: a write makes another state, and a read has the one it began with.</summary>
/// <remarks>
/// A table is a balanced tree that shares all but one path with its predecessor. A row is found, and a page begun, in log(rows) steps;
/// each further row of a page takes log(rows) steps at most. So a page costs what its rows cost, wherever it lies, and a reader
/// needs no lock: a SortedSet's views would need one for as long as they are read, and count their elements to be opened.
/// </remarks>
internal sealed class TableState
{
    public static readonly TableState Empty = new(ImmutableDictionary.Create<string, ImmutableSortedSet<StoredRow>>(StringComparer.Ordinal), 0);

    private static readonly ImmutableSortedSet<StoredRow> noRows = ImmutableSortedSet.Create<StoredRow>(StoredRow.Order);

    private readonly ImmutableDictionary<string, ImmutableSortedSet<StoredRow>> tables;

    private TableState(ImmutableDictionary<string, ImmutableSortedSet<StoredRow>> tables, long version)
    {
        this.tables = tables;
        Version = version;
    }

    /// <summary>The number of the last write. ETags are made of it, so none is ever given twice.</summary>
    public long Version { get; }

    public IEnumerable<KeyValuePair<string, ImmutableSortedSet<StoredRow>>> Tables => tables;

    public bool HasTable(string table) => tables.ContainsKey(table);

    public TableEntity? Find(string table, string partition, string row, DateTimeOffset readAt) =>
        Rows(table).TryGetValue(StoredRow.Key(partition, row), out StoredRow found) ? found.ToEntity(readAt) : null;

    public TablePage Query(string table, TableQuery query, DateTimeOffset readAt)
    {
        ImmutableSortedSet<StoredRow> rows = Rows(table);
        var page = new List<TableEntity>();
        for (int at = Begin(rows, query); at < rows.Count; at++)
        {
            StoredRow row = rows[at];
            if (!IsWithin(row, query))
                break;
            if (query.Where is { } where && !row.Has(where.Property, where.Value))
                continue;
            if (page.Count == query.Take)
                return new TablePage(page, new TableContinuation(row.Partition, row.Row));
            page.Add(row.ToEntity(readAt, query.Select));
        }

        return new TablePage(page, null);
    }

    /// <summary>Looks whether every condition holds. If so, gives the change to make; the result speaks of the state after it.</summary>
    public (TableResult Result, TableChange? Change) Decide(string table, IReadOnlyList<TableOperation> operations, DateTimeOffset now)
    {
        ImmutableSortedSet<StoredRow> rows = Rows(table);
        for (int i = 0; i < operations.Count; i++)
        {
            if (Check(rows, operations[i]) is var status and not TableStatus.Done)
                return (new TableResult(status, [], i), null);
        }

        // The rows of a batch are different ones, so no operation of it changes what another one's condition sees.
        long version = Version;
        var etags = new string?[operations.Count];
        var puts = new List<StoredRow>();
        var deletes = new List<StoredRow>();
        for (int i = 0; i < operations.Count; i++)
        {
            TableEntity entity = operations[i].Entity;
            if (operations[i].Kind == TableOperationKind.Delete)
            {
                deletes.Add(StoredRow.Key(entity.Partition, entity.Row));
                continue;
            }

            puts.Add(StoredRow.From(entity, ++version, now));
            etags[i] = StoredRow.ETagOf(version);
        }

        return (new TableResult(TableStatus.Done, etags), new TableChange(table, version, puts, deletes));
    }

    /// <summary>The state after these changes.</summary>
    public TableState Apply(IEnumerable<TableChange> changes)
    {
        long version = Version;
        var builders = new Dictionary<string, ImmutableSortedSet<StoredRow>.Builder>(StringComparer.Ordinal);
        foreach (TableChange change in changes)
        {
            if (!builders.TryGetValue(change.Table, out ImmutableSortedSet<StoredRow>.Builder? rows))
                builders.Add(change.Table, rows = tables.GetValueOrDefault(change.Table, noRows).ToBuilder());
            foreach (StoredRow put in change.Puts)
            {
                // A set keeps the element it has when an equal one is added.
                rows.Remove(put);
                rows.Add(put);
            }

            foreach (StoredRow delete in change.Deletes)
                rows.Remove(delete);
            version = Math.Max(version, change.Version);
        }

        return new TableState(tables.SetItems(builders.Select(b => KeyValuePair.Create(b.Key, b.Value.ToImmutable()))), version);
    }

    private static TableStatus Check(ImmutableSortedSet<StoredRow> rows, TableOperation operation)
    {
        StoredRow? found = rows.TryGetValue(StoredRow.Key(operation.Entity.Partition, operation.Entity.Row), out StoredRow row) ? row : null;
        return operation.Kind switch
        {
            TableOperationKind.Upsert => TableStatus.Done,
            TableOperationKind.Insert => found is null ? TableStatus.Done : TableStatus.Exists,
            _ when found is null => TableStatus.Missing,
            _ => operation.ETag is null || operation.ETag == found.ETag ? TableStatus.Done : TableStatus.Changed,
        };
    }

    /// <summary>The index of the first row of a page.</summary>
    private static int Begin(ImmutableSortedSet<StoredRow> rows, TableQuery query)
    {
        StoredRow first = StoredRow.Key(query.Partition ?? "", query.FromRow ?? "");
        if (query.Continue is { } next && StoredRow.Key(next.Partition, next.Row) is var continued && StoredRow.Order.Compare(continued, first) > 0)
            first = continued;
        int index = rows.IndexOf(first);
        return index < 0 ? ~index : index;
    }

    private static bool IsWithin(StoredRow row, TableQuery query) =>
        query.Partition is null
        || (row.Partition == query.Partition && (query.BeforeRow is null || string.CompareOrdinal(row.Row, query.BeforeRow) < 0));

    private ImmutableSortedSet<StoredRow> Rows(string table) =>
        tables.TryGetValue(table, out ImmutableSortedSet<StoredRow>? rows)
            ? rows
            : throw new StorageFailedException("use table", table, 404, "TableNotFound");
}
