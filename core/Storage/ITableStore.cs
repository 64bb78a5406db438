namespace Registry.Storage;

/// <summary>State and metadata: rows with ETags, in partitions, ordered by key.</summary>
/// <remarks>
/// The shape of Azure Table storage, with its limits enforced by every implementation (<see cref="TableLimits"/>): a key of 1 to 512 characters of printable ASCII
/// without <c>/ \ # ?</c>, a property of at most 64 KiB (a string: 32 Ki characters), 1 MiB an entity, 100 operations and 4 MiB a batch.
/// Breaking one is a programming error: <see cref="ArgumentException"/>. Every method may throw <see cref="StorageFailedException"/>,
/// and does with the code <c>TableNotFound</c> for a table that was never made: that is no absent row.
/// Keys compare ordinally. What was written is durable when the call returns and seen by every later read.
/// </remarks>
public interface ITableStore
{
    /// <summary>Reads one row, or gives null when there is none. One transaction.</summary>
    Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation);

    /// <summary>Reads one page of rows in order of (partition, row). One transaction.</summary>
    Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation);

    /// <summary>Writes one row on its condition. One transaction.</summary>
    Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation);

    /// <summary>Writes 1 to 100 different rows of one partition, all or none. One transaction.</summary>
    Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation);

    /// <summary>Makes a table unless it is there.</summary>
    Task CreateTable(string table, CancellationToken cancellation);
}

/// <summary>A range of rows. Everything left out is unbounded.</summary>
public sealed record TableQuery
{
    /// <summary>Only rows of this partition; null for the whole table.</summary>
    public string? Partition { get; init; }

    /// <summary>Only rows whose key is this or later (within <see cref="Partition"/>, which must be set).</summary>
    public string? FromRow { get; init; }

    /// <summary>Only rows whose key is before this (within <see cref="Partition"/>, which must be set).</summary>
    public string? BeforeRow { get; init; }

    /// <summary>Only rows in which a string property has this value. Storage still reads the others, so the partition should be small.</summary>
    public (string Property, string Value)? Where { get; init; }

    /// <summary>The properties that are wanted; null for all. Keys, ETag and times always come. Spares reading what is large.</summary>
    public IReadOnlyList<string>? Select { get; init; }

    /// <summary>How many rows a page has at most: 1 to 1,000.</summary>
    public int Take { get; init; } = 1000;

    /// <summary>Where the page before ended: <see cref="TablePage.Next"/>.</summary>
    public TableContinuation? Continue { get; init; }
}

/// <summary>One page. It may have fewer rows than were asked for, even none, and still be followed by another.</summary>
/// <param name="Entities">The rows, in order.</param>
/// <param name="Next">Where the next page begins; null when this was the last.</param>
public sealed record TablePage(IReadOnlyList<TableEntity> Entities, TableContinuation? Next);

/// <summary>The first key that a page did not cover. Opaque: it can be stored as text and used by any instance.</summary>
public sealed record TableContinuation(string Partition, string Row);

/// <summary>What became of a write. A lost condition is a value, not an exception.</summary>
/// <param name="Status">The fate of the write, or of the whole batch.</param>
/// <param name="ETags">For <see cref="TableStatus.Done"/> the new ETag of each operation's row (null for a delete); else empty.</param>
/// <param name="Failed">The index of the operation that failed; 0 otherwise.</param>
public sealed record TableResult(TableStatus Status, IReadOnlyList<string?> ETags, int Failed = 0)
{
    public bool IsDone => Status == TableStatus.Done;

    /// <summary>The new ETag of the only or first row.</summary>
    public string ETag => ETags[0] ?? throw new InvalidOperationException("the operation left no row");
}

public enum TableStatus
{
    /// <summary>Written.</summary>
    Done,

    /// <summary>An insert found the row there already.</summary>
    Exists,

    /// <summary>A replace or delete found the row with another ETag.</summary>
    Changed,

    /// <summary>A replace or delete found no row.</summary>
    Missing,
}

/// <summary>One conditional write.</summary>
public sealed record TableOperation
{
    private TableOperation(TableOperationKind kind, TableEntity entity, string? etag)
    {
        Kind = kind;
        Entity = entity;
        ETag = etag;
    }

    public TableOperationKind Kind { get; }

    public TableEntity Entity { get; }

    /// <summary>The ETag that the row must have; null when there is no such condition.</summary>
    public string? ETag { get; }

    /// <summary>Writes a row that must not be there.</summary>
    public static TableOperation Insert(TableEntity entity) => new(TableOperationKind.Insert, entity, null);

    /// <summary>Writes a row in place of the one with this ETag, all its properties with it.</summary>
    public static TableOperation Replace(TableEntity entity, string etag) => new(TableOperationKind.Replace, entity, etag);

    /// <summary>Writes a row, whatever is there.</summary>
    public static TableOperation Upsert(TableEntity entity) => new(TableOperationKind.Upsert, entity, null);

    /// <summary>Removes the row with this ETag; with null, the row whatever its ETag (it must be there).</summary>
    public static TableOperation Delete(string partition, string row, string? etag) =>
        new(TableOperationKind.Delete, new TableEntity(partition, row), etag);
}

public enum TableOperationKind
{
    Insert,
    Replace,
    Upsert,
    Delete,
}
