using Registry.Storage;

namespace Registry.Tests.Interleaving;

/// <summary>What a storage call reads and writes. Two calls of different actors that do not meet can be exchanged, and nobody can tell.</summary>
/// <remarks>
/// Names are of rows and blobs; one that ends in a star stands for all that begin so. That a row's time and its reader's clock are the same in both orders
/// holds because a step of the clock meets everything.
/// </remarks>
internal sealed record Touch
{
    /// <summary>A step of the clock.</summary>
    public static readonly Touch All = new() { Writes = ["*"] };

    private IReadOnlyList<string> Reads { get; init; } = [];

    private IReadOnlyList<string> Writes { get; init; } = [];

    public static Touch Read(string table, string? partition, string? row = null) => new() { Reads = [Name(table, partition, row)] };

    public static Touch Write(string table, IEnumerable<TableOperation> operations) =>
        new() { Writes = [.. operations.Select(o => Name(table, o.Entity.Partition, o.Entity.Row))] };

    public static Touch ReadBlob(string path) => new() { Reads = [path] };

    public static Touch WriteBlob(string path) => new() { Writes = [path] };

    public static Touch List(string prefix) => new() { Reads = [prefix + "*"] };

    public bool Meets(Touch other) =>
        Writes.Any(w => other.Writes.Concat(other.Reads).Any(o => Overlap(w, o))) || other.Writes.Any(w => Reads.Any(r => Overlap(w, r)));

    private static string Name(string table, string? partition, string? row) =>
        partition is null ? $"{table}|*" : row is null ? $"{table}|{partition}|*" : $"{table}|{partition}|{row}";

    private static bool Overlap(string a, string b) =>
        (a[^1] == '*' && b.StartsWith(a[..^1], StringComparison.Ordinal))
        || (b[^1] == '*' && a.StartsWith(b[..^1], StringComparison.Ordinal))
        || a == b;
}
