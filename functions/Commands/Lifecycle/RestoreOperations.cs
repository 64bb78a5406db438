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
    protected override JsonTypeInfo<DeletedList> ResultType => RestoreJson.Default.DeletedList;

    protected override async Task<DeletedList> Run(OperationContext context, CancellationToken cancellation)
    {
        var deleted = new List<DeletedView>();
        await foreach (var repository in Repositories(context, cancellation))
        {
            await foreach (var item in context.Restoring.List(repository, cancellation))
                deleted.Add(DeletedView.Of(item));
        }

        return new DeletedList(deleted);
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
    protected override JsonTypeInfo<RestoredView> ResultType => RestoreJson.Default.RestoredView;

    protected override async Task<RestoredView> Run(OperationContext context, CancellationToken cancellation)
    {
        var name = ImageName.Parse(Name);
        var restored = await context.Restoring.Restore(name.Repository, name.Reference, cancellation);
        return new RestoredView(name.Repository.ToString(), [.. restored.Select(r => new RestoredItemView(r.Tag?.ToString(), r.Digest.ToString(), r.Problem))]);
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

internal sealed record DeletedList(IReadOnlyList<DeletedView> Deleted);

/// <param name="Tag">The tag; null for a manifest.</param>
/// <param name="Digest">The manifest, or the one that the tag points at.</param>
/// <param name="Problem">Why it is not restored; null when it is.</param>
internal sealed record RestoredItemView(string? Tag, string Digest, string? Problem);

internal sealed record RestoredView(string Repository, IReadOnlyList<RestoredItemView> Items);

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
