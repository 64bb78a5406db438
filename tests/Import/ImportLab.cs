using System.Globalization;
using Registry.Import;
using Registry.Manifests;
using Registry.Storage;
using Registry.Tests.Collection;
using Registry.Tests.Support;

namespace Registry.Tests.Import;

/// <summary>A registry in memory with distribution's content beside its own.</summary>
internal sealed class ImportLab
{
    private ImportLab(CollectionLab registry)
    {
        Registry = registry;
        Container = new DistributionContainer(registry.Driver);
    }

    public CollectionLab Registry { get; }

    public DistributionContainer Container { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<ImportLab> Make() => new(await CollectionLab.Make());

    public static ImportLab On(CollectionLab registry) => new(registry);

    /// <summary>Imports, and demands that there is something.</summary>
    /// <param name="options">What manifests are accepted.</param>
    /// <param name="isDryRun">Whether nothing is written.</param>
    /// <param name="tables">The tables as the import sees them; null for as they are.</param>
    public async Task<ImportSeen> Import(ManifestOptions? options = null, bool isDryRun = false, ITableStore? tables = null)
    {
        var seen = new ImportSeen();
        var import = new DistributionImport(Registry.Driver, tables ?? Registry.Tables, options ?? new ManifestOptions(), Registry.Options, Registry.Clock);
        seen.Totals = await import.Run(null, isDryRun, seen, Cancel) ?? throw new InvalidOperationException("there is nothing of distribution's");
        return seen;
    }

    /// <summary>Every row with all that is in it, and every blob.</summary>
    /// <param name="withVersions">Also the rows' ETags and times: the same only if nothing was written.</param>
    public async Task<IReadOnlyList<string>> Dump(bool withVersions)
    {
        var all = new List<string>();
        foreach (var table in Tables.All)
        {
            all.AddRange((await Registry.Tables.Query(table, new TableQuery(), Cancel)).Entities.Select(e =>
                $"{table} {e.Partition} {e.Row} {string.Join(' ', e.Properties.OrderBy(p => p.Key, StringComparer.Ordinal).Where(p => p.Key != "created").Select(p => $"{p.Key}={Text(p.Value)}"))} {(withVersions ? e.ETag : "")}"));
        }

        all.AddRange(await Registry.Blobs());
        return all;
    }

    private static string? Text(object value) => value is byte[] bytes ? Convert.ToHexStringLower(bytes) : Convert.ToString(value, CultureInfo.InvariantCulture);
}

/// <summary>Takes down what an import tells.</summary>
internal sealed class ImportSeen : IImportObserver
{
    public List<ImportProblem> Problems { get; } = [];

    public ImportTotals Totals { get; set; } = new();

    public void Problem(ImportProblem problem) => Problems.Add(problem);

    public ValueTask Progress(ImportPhase phase, long done) => ValueTask.CompletedTask;
}
