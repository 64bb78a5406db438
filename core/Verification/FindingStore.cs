using System.Security.Cryptography;
using System.Text;
using Registry.Storage;

namespace Registry.Verification;

/// <summary>Keeps findings, each in a row of the progress table, until a pass finds the thing whole or gone. A row's Timestamp is when it was last seen.</summary>
internal sealed class FindingStore(ITableStore tables)
{
    // Foreign rows may be unreadable by their length alone; a property takes 32 Ki characters.
    private const int MaxText = 2000;

    public async Task Put(Finding finding, CancellationToken cancellation)
    {
        var key = Key(finding);
        var before = await tables.Find(Tables.Progress, Tables.FindingsPartition, key, cancellation);
        var row = new TableEntity(Tables.FindingsPartition, key)
            .Set("version", 1)
            .Set("kind", finding.Kind.ToString())
            .Set("thing", finding.Thing.ToString())
            .Set("repository", finding.Repository)
            .Set("name", Short(finding.Name))
            .Set("blob", finding.Path)
            .Set("expected", Short(finding.Expected))
            .Set("found", Short(finding.Found))
            .Set("repaired", finding.IsRepaired)
            .Set("first", before is null ? (DateTimeOffset?)null : before.FindTime("first") ?? before.Timestamp);
        await tables.Write(Tables.Progress, TableOperation.Upsert(row), cancellation);
    }

    public async IAsyncEnumerable<Finding> List([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var row in Rows(cancellation))
            yield return Read(row);
    }

    /// <summary>Removes what was last seen before a pass began that has come to its end: it is whole by now, or gone. One transaction for a hundred.</summary>
    public async Task RemoveBefore(DateTimeOffset began, CancellationToken cancellation)
    {
        var old = new List<TableOperation>(TableLimits.MaxBatch);
        await foreach (var row in Rows(cancellation).Where(row => row.Timestamp < began))
        {
            old.Add(TableOperation.Delete(row.Partition, row.Row, row.ETag));
            if (old.Count == TableLimits.MaxBatch)
                await Remove(old, cancellation);
        }

        await Remove(old, cancellation);
    }

    // What another pass has seen again meanwhile stays, and must not keep the others.
    private async Task Remove(List<TableOperation> deletes, CancellationToken cancellation)
    {
        while (deletes.Count > 0)
        {
            var result = await tables.WriteBatch(Tables.Progress, deletes, cancellation);
            if (result.IsDone)
                deletes.Clear();
            else
                deletes.RemoveAt(result.Failed);
        }
    }

    private IAsyncEnumerable<TableEntity> Rows(CancellationToken cancellation) =>
        tables.ReadAll(Tables.Progress, new TableQuery { Partition = Tables.FindingsPartition }, cancellation);

    // A thing has one row for its bytes, and one for what it leads to: both can be wrong.
    private static string Key(Finding finding) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{finding.Thing}\n{finding.Repository}\n{finding.Name}\n{finding.Kind == FindingKind.Dangling}")));

    private static Finding Read(TableEntity row) => new()
    {
        Kind = Enum.Parse<FindingKind>(row.GetString("kind")),
        Thing = Enum.Parse<FoundThing>(row.GetString("thing")),
        Repository = row.FindString("repository"),
        Name = row.GetString("name"),
        Path = row.FindString("blob"),
        Expected = row.GetString("expected"),
        Found = row.GetString("found"),
        IsRepaired = row.FindBoolean("repaired") == true,
        FirstSeen = row.FindTime("first") ?? row.Timestamp,
        LastSeen = row.Timestamp,
    };

    private static string Short(string text) => text.Length <= MaxText ? text : text[..MaxText];
}
