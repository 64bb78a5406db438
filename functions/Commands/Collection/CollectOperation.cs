using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Registry.Collection;
using Registry.Functions.Commands.Operations;

namespace Registry.Functions.Commands.Collection;

/// <summary>A whole run of the garbage collector, now.</summary>
/// <param name="DryRun">Whether it only tells what would go.</param>
/// <param name="ForgetDeleted">Whether what was deleted goes, though it could still be restored.</param>
internal sealed record Collect(bool DryRun, bool ForgetDeleted) : Operation<CollectedView>
{
    protected override JsonTypeInfo<CollectedView> ResultType => CollectionJson.Default.CollectedView;

    protected override async Task<CollectedView> Run(OperationContext context, CancellationToken cancellation)
    {
        var seen = new Observer(context.Report);
        var slice = await context.Collector.Run(DryRun ? CollectionKind.DryRun : CollectionKind.Collect, ForgetDeleted, seen, cancellation);
        return slice.Outcome == CollectionOutcome.Finished
            ? CollectedView.Of(DryRun, slice.Totals, seen)
            : throw new OperationFailedException(
                $"another process is collecting at the moment: try again when it is done (one that died is given up after {context.Settings.Collection.LeaseDuration.TotalMinutes:0} minutes)");
    }

    /// <summary>Keeps the first items that go, and tells how far the run is.</summary>
    internal sealed class Observer(Func<OperationProgress, ValueTask> report) : ICollectionObserver
    {
        /// <summary>What a person or a script may want to read; a run can take millions.</summary>
        public const int MostItems = 10_000;

        private const int Parts = 1000;

        private readonly List<CollectedItem> items = [];

        public IReadOnlyList<CollectedItem> Items => items;

        public long LeftOut { get; private set; }

        public void Item(CollectionItem item)
        {
            // What waits is counted, and told by its time.
            if (item.GoesAt is not null)
                return;
            if (items.Count == MostItems)
                LeftOut++;
            else
                items.Add(new CollectedItem(item.Kind.ToString().ToLowerInvariant(), item.Name, item.Repository, item.Bytes, item.Reason));
        }

        public ValueTask Progress(CollectionPhase phase, CollectionTotals totals, double? fraction)
        {
            var (stage, count) = phase switch
            {
                CollectionPhase.Mark => ("manifests", totals.Manifests),
                CollectionPhase.Sweep => ("layers", totals.Links + totals.Contents),
                CollectionPhase.Uploads => ("uploads", totals.Uploads),
                _ => ("blobs", totals.Blobs),
            };
            return report(fraction is { } part ? new OperationProgress(stage, (long)(part * Parts), Parts) : new OperationProgress(stage, count));
        }
    }
}

/// <summary>What a run came to.</summary>
/// <param name="DryRun">Whether nothing was really removed.</param>
/// <param name="Manifests">Manifests that were looked at.</param>
/// <param name="Links">Holds of repositories on layers that were looked at.</param>
/// <param name="Contents">Layers that were looked at.</param>
/// <param name="Uploads">Uploads that were looked at.</param>
/// <param name="Blobs">Blobs that were looked at.</param>
/// <param name="Removed">How many of all these went.</param>
/// <param name="Freed">Bytes of content that went with them.</param>
/// <param name="Restorable">Bytes that are kept only because what was deleted can be restored.</param>
/// <param name="Waiting">What nothing needs and is too young to go.</param>
/// <param name="NextAt">When the first of those can go.</param>
/// <param name="Unreadable">What could not be understood and was kept.</param>
/// <param name="Items">What went, the first 10,000.</param>
/// <param name="LeftOut">How many more went.</param>
internal sealed record CollectedView(
    bool DryRun,
    long Manifests,
    long Links,
    long Contents,
    long Uploads,
    long Blobs,
    long Removed,
    long Freed,
    long Restorable,
    long Waiting,
    DateTimeOffset? NextAt,
    long Unreadable,
    IReadOnlyList<CollectedItem> Items,
    long LeftOut)
{
    public static CollectedView Of(bool dryRun, CollectionTotals totals, Collect.Observer seen) => new(
        dryRun, totals.Manifests, totals.Links, totals.Contents, totals.Uploads, totals.Blobs, totals.Removed, totals.Freed, totals.Restorable, totals.Waiting, totals.NextAt, totals.Unreadable, seen.Items, seen.LeftOut);
}

/// <param name="Kind"><c>tag</c>, <c>manifest</c>, <c>link</c>, <c>content</c>, <c>deleted</c>, <c>upload</c>, <c>blob</c>; or <c>kept</c> or <c>unreadable</c>, which stay.</param>
/// <param name="Name">Its digest, id or path.</param>
/// <param name="Repository">Whose it was; null for what belongs to none.</param>
/// <param name="Bytes">What it frees.</param>
/// <param name="Reason">Why it went.</param>
internal sealed record CollectedItem(string Kind, string Name, string? Repository, long Bytes, string Reason);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Collect))]
[JsonSerializable(typeof(CollectedView))]
internal sealed partial class CollectionJson : JsonSerializerContext
{
    public static IEnumerable<JsonTypeInfo> Operations => [Default.Collect];
}
