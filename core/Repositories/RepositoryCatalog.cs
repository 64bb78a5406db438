using System.Collections.Concurrent;
using Registry.Manifests;
using Registry.Storage;

namespace Registry.Repositories;

/// <summary>The repositories that ever had a manifest.</summary>
public sealed class RepositoryCatalog(ITableStore tables)
{
    // A row is only ever added, so what was seen once need not be asked again.
    private readonly ConcurrentDictionary<RepositoryName, bool> known = new();

    /// <summary>Makes sure that the catalog lists the repository. One transaction the first time, none later.</summary>
    public async Task Add(RepositoryName repository, CancellationToken cancellation)
    {
        if (known.ContainsKey(repository))
            return;
        var row = new TableEntity(Tables.CatalogPartition, Tables.Key(repository)).Set("version", 1);

        // Existing already is as good as inserted.
        await tables.Write(Tables.Repositories, TableOperation.Insert(row), cancellation);
        known.TryAdd(repository, true);
    }

    public async Task<bool> Contains(RepositoryName repository, CancellationToken cancellation) =>
        known.ContainsKey(repository)
        || await tables.Find(Tables.Repositories, Tables.CatalogPartition, Tables.Key(repository), cancellation) is not null;

    /// <summary>Lists up to so many repositories that follow a name and are visible.</summary>
    /// <remarks>
    /// What is not visible is read past, a thousand rows a transaction: for a caller who may see few of many, a page costs in proportion to the catalog.
    /// Whether there are more is said only of what is visible.
    /// </remarks>
    public async Task<NamePage> List(RepositoryName? last, int limit, Func<RepositoryName, bool> isVisible, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(isVisible);
        var visible = new List<string>();

        // As many as are wanted, and one that tells whether there are more. When some are hidden, whole pages.
        for (var take = limit + 1; ; take = NamePages.MaxPage)
        {
            var page = await List(last, take, cancellation);
            visible.AddRange(page.Names.Where(name => isVisible(RepositoryName.Parse(name))));
            if (visible.Count > limit)
                return new NamePage(visible[..limit], More: true);
            if (!page.More || page.Names.Count == 0)
                return new NamePage(visible, More: false);
            last = RepositoryName.Parse(page.Names[^1]);
        }
    }

    /// <summary>All repositories, in order. One transaction for a thousand.</summary>
    public IAsyncEnumerable<RepositoryName> All(CancellationToken cancellation) =>
        tables.ReadAll(Tables.Repositories, new TableQuery { Partition = Tables.CatalogPartition }, cancellation).Select(row => Tables.Repository(row.Row));

    /// <summary>Lists up to so many repositories that follow a name. One transaction.</summary>
    public Task<NamePage> List(RepositoryName? last, int limit, CancellationToken cancellation)
    {
        var query = new TableQuery
        {
            Partition = Tables.CatalogPartition,
            FromRow = last is { } name ? Tables.After(Tables.Key(name)) : null,
        };
        return NamePages.Read(tables, Tables.Repositories, query, row => Tables.Repository(row).ToString(), limit, cancellation);
    }
}
