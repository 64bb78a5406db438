using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Registry.Functions.Commands.Operations;
using Registry.Import;

namespace Registry.Functions.Commands.Import;

/// <summary>Takes over what docker's distribution keeps in the same storage.</summary>
/// <param name="DryRun">Whether it only tells what would be taken.</param>
/// <param name="Prefix">What stands before distribution's folders; null for the places where they are by default.</param>
internal sealed record ImportDistribution(bool DryRun, string? Prefix) : Operation<ImportedView>
{
    protected override JsonTypeInfo<ImportedView> ResultType => ImportJson.Default.ImportedView;

    protected override async Task<ImportedView> Run(OperationContext context, CancellationToken cancellation)
    {
        var seen = new Observer(context.Report);
        var totals = await context.Import.Run(Prefix, DryRun, seen, cancellation) ?? throw new OperationFailedException(
            Prefix is null
                ? "the storage has no docker/registry/v2/repositories: name what stands before it with --prefix"
                : $"the storage has no docker/registry/v2/repositories below '{Prefix}'");
        return ImportedView.Of(DryRun, totals, seen);
    }

    /// <summary>Keeps the first problems, and tells how far the import is.</summary>
    internal sealed class Observer(Func<OperationProgress, ValueTask> report) : IImportObserver
    {
        /// <summary>What a person or a script may want to read; a container can have millions.</summary>
        public const int MostItems = 10_000;

        private readonly List<ImportProblem> problems = [];

        /// <summary>Repositories are taken over beside each other; here they are one after the other again, with what is worst first.</summary>
        public IReadOnlyList<ImportItem> Items =>
        [
            .. problems.OrderBy(p => p.Kind == ImportProblemKind.Link).ThenBy(p => p.Repository, StringComparer.Ordinal).ThenBy(p => p.Kind).ThenBy(p => p.Name, StringComparer.Ordinal)
                .Select(p => new ImportItem(p.Kind.ToString().ToLowerInvariant(), p.Repository, p.Name, p.Reason)),
        ];

        public void Problem(ImportProblem problem)
        {
            if (problems.Count < MostItems)
                problems.Add(problem);
        }

        public ValueTask Progress(ImportPhase phase, long done) => report(new OperationProgress(phase == ImportPhase.Blobs ? "blobs" : "repositories", done));
    }
}

/// <summary>What an import came to.</summary>
/// <param name="DryRun">Whether nothing was really taken.</param>
/// <param name="Repositories">Repositories of which something was taken.</param>
/// <param name="Manifests">Manifests that were taken.</param>
/// <param name="Tags">Tags that were taken.</param>
/// <param name="Layers">Layers and configs that those manifests need, each once.</param>
/// <param name="Bytes">The size of those manifests and layers. None of it was copied.</param>
/// <param name="KnownManifests">Manifests that were here already.</param>
/// <param name="KnownTags">Tags that were here already, and name the same manifest in both places.</param>
/// <param name="Problems">How much was found wrong.</param>
/// <param name="Items">What was, the first 10,000.</param>
internal sealed record ImportedView(
    bool DryRun,
    long Repositories,
    long Manifests,
    long Tags,
    long Layers,
    long Bytes,
    long KnownManifests,
    long KnownTags,
    long Problems,
    IReadOnlyList<ImportItem> Items)
{
    public static ImportedView Of(bool dryRun, ImportTotals totals, ImportDistribution.Observer seen) => new(
        dryRun, totals.Repositories, totals.Manifests, totals.Tags, totals.Layers, totals.Bytes, totals.KnownManifests, totals.KnownTags, totals.Problems, seen.Items);
}

/// <param name="Kind"><c>repository</c>, <c>manifest</c>, <c>tag</c> or <c>link</c>.</param>
/// <param name="Repository">Where.</param>
/// <param name="Name">Its digest or tag.</param>
/// <param name="Reason">Why it was not taken.</param>
internal sealed record ImportItem(string Kind, string Repository, string Name, string Reason);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ImportDistribution))]
[JsonSerializable(typeof(ImportedView))]
internal sealed partial class ImportJson : JsonSerializerContext
{
    public static IEnumerable<JsonTypeInfo> Operations => [Default.ImportDistribution];
}
