using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Registry.Functions.Commands.Operations;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Repositories;

namespace Registry.Functions.Commands.Lifecycle;

/// <param name="Repository">Only of this one; null for all.</param>
internal sealed record ListDeleted(string? Repository) : Operation<DeletedList>
{
    /// <summary>What a person or a script may want to read; a registry can have millions.</summary>
    public const int MostItems = 10_000;

    protected override JsonTypeInfo<DeletedList> ResultType => RestoreJson.Default.DeletedList;

    protected override async Task<DeletedList> Run(OperationContext context, CancellationToken cancellation)
    {
        var (deleted, leftOut, repositories) = (new List<DeletedView>(), 0L, 0L);
        await foreach (var repository in Repositories(context, cancellation))
        {
            await foreach (var item in context.Restoring.List(repository, cancellation))
            {
                if (deleted.Count == MostItems)
                    leftOut++;
                else
                    deleted.Add(DeletedView.Of(item));
            }

            await context.Report(new OperationProgress("repositories", ++repositories));
        }

        // What a repository's layers take depends on all others, so only a run of the collector knows.
        var restorable = deleted.Count == 0 || Repository is not null ? null : await context.Collector.FindRestorable(cancellation);
        return new DeletedList(deleted, leftOut, restorable is { } known ? new RestorableView(known.Bytes, known.At) : null);
    }

    private async IAsyncEnumerable<RepositoryName> Repositories(OperationContext context, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        if (Repository is not null)
        {
            yield return RepositoryName.Parse(Repository);
            yield break;
        }

        await foreach (var repository in new RepositoryCatalog(context.Tables).All(cancellation))
            yield return repository;
    }
}

/// <param name="Name">A tag, a digest or a whole repository: <see cref="ImageName"/>.</param>
internal sealed record RestoreDeleted(string Name) : Operation<RestoredView>
{
    /// <summary>As many as are listed. What could not be restored is told in any case.</summary>
    public const int MostItems = ListDeleted.MostItems;

    protected override JsonTypeInfo<RestoredView> ResultType => RestoreJson.Default.RestoredView;

    protected override async Task<RestoredView> Run(OperationContext context, CancellationToken cancellation)
    {
        var name = ImageName.Parse(Name);
        var restored = await context.Restoring.Restore(name.Repository, name.Reference, cancellation);
        List<RestoredItem> told = restored.Count <= MostItems ? [.. restored] : [.. restored.Where(r => r.Problem is null).Take(MostItems), .. restored.Where(r => r.Problem is not null)];
        return new RestoredView(
            name.Repository.ToString(), [.. told.Select(r => new RestoredItemView(r.Tag?.ToString(), r.Digest.ToString(), r.Problem))], restored.Count - told.Count);
    }
}

/// <param name="Repository">Where it was.</param>
/// <param name="Tag">The tag; null for a manifest.</param>
/// <param name="Digest">The manifest, or the one that the tag pointed at.</param>
/// <param name="DeletedAt">When.</param>
/// <param name="RestorableUntil">From when on a run of the collector takes it.</param>
/// <param name="Reason">Why it was deleted.</param>
internal sealed record DeletedView(string Repository, string? Tag, string Digest, DateTimeOffset DeletedAt, DateTimeOffset RestorableUntil, string Reason)
{
    public static DeletedView Of(DeletedItem item) =>
        new(item.Repository.ToString(), item.Tag?.ToString(), item.Digest.ToString(), item.DeletedAt, item.RestorableUntil, item.Reason);
}

/// <param name="Deleted">The first 10,000.</param>
/// <param name="LeftOut">How many more there are.</param>
/// <param name="Restorable">What they take; null where one repository was asked about, or no run of the collector has told yet.</param>
internal sealed record DeletedList(IReadOnlyList<DeletedView> Deleted, long LeftOut, RestorableView? Restorable);

/// <param name="Bytes">What only deleted manifests need, in all repositories.</param>
/// <param name="At">When the run of the collector began that told.</param>
internal sealed record RestorableView(long Bytes, DateTimeOffset At);

/// <param name="Tag">The tag; null for a manifest.</param>
/// <param name="Digest">The manifest, or the one that the tag points at.</param>
/// <param name="Problem">Why it is not restored; null when it is.</param>
internal sealed record RestoredItemView(string? Tag, string Digest, string? Problem);

/// <param name="Repository">Where.</param>
/// <param name="Items">What became of each: what could not be restored, and the first 10,000 of what could.</param>
/// <param name="LeftOut">How many more were restored.</param>
internal sealed record RestoredView(string Repository, IReadOnlyList<RestoredItemView> Items, long LeftOut);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ListDeleted))]
[JsonSerializable(typeof(RestoreDeleted))]
[JsonSerializable(typeof(DeletedList))]
[JsonSerializable(typeof(RestoredView))]
internal sealed partial class RestoreJson : JsonSerializerContext
{
    public static IEnumerable<JsonTypeInfo> Operations => [Default.ListDeleted, Default.RestoreDeleted];
}
