using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Registry.Functions.Commands.Operations;
using Registry.Verification;

namespace Registry.Functions.Commands.Verification;

/// <summary>A whole verification, now.</summary>
/// <param name="Repair">Whether what is corrupt or missing is taken out of use.</param>
/// <param name="Force">Whether also if none of the content is there.</param>
internal sealed record Verify(bool Repair, bool Force) : Operation<VerifiedView>
{
    protected override JsonTypeInfo<VerifiedView> ResultType => VerificationJson.Default.VerifiedView;

    protected override async Task<VerifiedView> Run(OperationContext context, CancellationToken cancellation)
    {
        var seen = new Observer(context.Report);
        var slice = await context.Verifier.Run(Repair, Force, seen, cancellation);
        return slice.Outcome switch
        {
            VerificationOutcome.Finished => VerifiedView.Of(Repair, slice.Totals, seen),
            VerificationOutcome.Refused => throw new OperationFailedException(
                "nothing was repaired: of the first blobs that rows name none is there, as if container or folder were others than the tables belong to. Compare the storage settings. If the content is lost for good, --force repairs all the same"),
            _ => throw new OperationFailedException(
                $"another process is verifying at the moment: try again when it is done (one that died is given up after {context.Settings.Verification.LeaseDuration.TotalMinutes:0} minutes)"),
        };
    }

    /// <summary>Keeps the first findings, and tells how far the pass is.</summary>
    internal sealed class Observer(Func<OperationProgress, ValueTask> report) : IVerificationObserver
    {
        /// <summary>What a person or a script may want to read.</summary>
        public const int MostFindings = 10_000;

        private const int Parts = 1000;

        private readonly List<Finding> findings = [];

        /// <summary>Several are looked at at once; here they are in order again, with what is worst first.</summary>
        public IReadOnlyList<FindingView> Findings => FindingView.Sorted(findings);

        public long LeftOut { get; private set; }

        public void Found(Finding finding)
        {
            if (findings.Count == MostFindings)
                LeftOut++;
            else
                findings.Add(finding);
        }

        public ValueTask Progress(VerificationPhase phase, VerificationTotals totals, double? fraction)
        {
            var (stage, count) = phase == VerificationPhase.Content ? ("content", totals.Contents + totals.Links) : ("manifests", totals.Manifests + totals.Tags);
            return report(fraction is { } part ? new OperationProgress(stage, (long)(part * Parts), Parts) : new OperationProgress(stage, count));
        }
    }
}

/// <summary>What was found and how far the passes are, without reading content.</summary>
internal sealed record ReportVerification : Operation<VerificationReportView>
{
    protected override JsonTypeInfo<VerificationReportView> ResultType => VerificationJson.Default.VerificationReportView;

    protected override async Task<VerificationReportView> Run(OperationContext context, CancellationToken cancellation)
    {
        var findings = new List<Finding>();
        await foreach (var finding in context.Verifier.Findings(cancellation))
            findings.Add(finding);
        return new VerificationReportView([.. (await context.Verifier.States(cancellation)).Select(PassView.Of)], FindingView.Sorted(findings));
    }
}

/// <summary>What a verification came to.</summary>
/// <param name="Repair">Whether what was corrupt or missing was taken out of use.</param>
/// <param name="Contents">Layers and configs that were read.</param>
/// <param name="Links">Holds of repositories on them that were looked at.</param>
/// <param name="Manifests">Manifests that were read.</param>
/// <param name="Tags">Tags that were looked at.</param>
/// <param name="Bytes">Bytes that were read and hashed.</param>
/// <param name="Corrupt">Blobs with other bytes.</param>
/// <param name="Missing">Blobs that are not there.</param>
/// <param name="Dangling">Rows that lead to what is not there.</param>
/// <param name="Unreadable">Rows and blobs that could not be read.</param>
/// <param name="Repaired">How many of these were put right, or come back with a push.</param>
/// <param name="Findings">What was found, the first 10,000.</param>
/// <param name="LeftOut">How much more was.</param>
internal sealed record VerifiedView(
    bool Repair,
    long Contents,
    long Links,
    long Manifests,
    long Tags,
    long Bytes,
    long Corrupt,
    long Missing,
    long Dangling,
    long Unreadable,
    long Repaired,
    IReadOnlyList<FindingView> Findings,
    long LeftOut)
{
    public static VerifiedView Of(bool repair, VerificationTotals totals, Verify.Observer seen) => new(
        repair, totals.Contents, totals.Links, totals.Manifests, totals.Tags, totals.Bytes, totals.Corrupt, totals.Missing, totals.Dangling, totals.Unreadable, totals.Repaired, seen.Findings, seen.LeftOut);
}

/// <param name="Passes">The passes by themselves and by command, if there were any.</param>
/// <param name="Findings">What was found and is not known to be whole or gone since.</param>
internal sealed record VerificationReportView(IReadOnlyList<PassView> Passes, IReadOnlyList<FindingView> Findings);

/// <param name="Kind"><c>pass</c>: by itself; <c>now</c>: by command.</param>
/// <param name="Phase"><c>content</c>, <c>manifests</c> or <c>finished</c>.</param>
/// <param name="IsFinished">Whether it came to its end.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="RecordedAt">When it ended, or last said how far it is.</param>
/// <param name="Contents">Layers and configs that were read.</param>
/// <param name="Links">Holds of repositories on them that were looked at.</param>
/// <param name="Manifests">Manifests that were read.</param>
/// <param name="Tags">Tags that were looked at.</param>
/// <param name="Bytes">Bytes that were read and hashed.</param>
/// <param name="Corrupt">Blobs with other bytes.</param>
/// <param name="Missing">Blobs that are not there.</param>
/// <param name="Dangling">Rows that lead to what is not there.</param>
/// <param name="Unreadable">Rows and blobs that could not be read.</param>
internal sealed record PassView(
    string Kind,
    string Phase,
    bool IsFinished,
    DateTimeOffset StartedAt,
    DateTimeOffset RecordedAt,
    long Contents,
    long Links,
    long Manifests,
    long Tags,
    long Bytes,
    long Corrupt,
    long Missing,
    long Dangling,
    long Unreadable)
{
    public static PassView Of(VerificationState state) => new(
        state.Kind.ToString().ToLowerInvariant(),
        state.Phase.ToString().ToLowerInvariant(),
        state.Phase == VerificationPhase.Finished,
        state.StartedAt,
        state.RecordedAt,
        state.Totals.Contents,
        state.Totals.Links,
        state.Totals.Manifests,
        state.Totals.Tags,
        state.Totals.Bytes,
        state.Totals.Corrupt,
        state.Totals.Missing,
        state.Totals.Dangling,
        state.Totals.Unreadable);
}

/// <param name="Kind"><c>corrupt</c>, <c>missing</c>, <c>dangling</c> or <c>unreadable</c>.</param>
/// <param name="Thing"><c>content</c>, <c>link</c>, <c>manifest</c>, <c>tag</c>, <c>referrer</c> or <c>deleted</c>.</param>
/// <param name="Repository">Whose it is; null for content.</param>
/// <param name="Name">Its digest or tag.</param>
/// <param name="Path">The blob; null where it is about rows alone.</param>
/// <param name="Expected">What there should be.</param>
/// <param name="Found">What there is.</param>
/// <param name="Repaired">Whether a repair made way for a new push, or put right or removed what led nowhere.</param>
/// <param name="FirstSeen">When it was found first; null in the answer of the pass itself.</param>
/// <param name="LastSeen">When it was found last; null in the answer of the pass itself.</param>
internal sealed record FindingView(
    string Kind, string Thing, string? Repository, string Name, string? Path, string Expected, string Found, bool Repaired, DateTimeOffset? FirstSeen, DateTimeOffset? LastSeen)
{
    public static IReadOnlyList<FindingView> Sorted(IEnumerable<Finding> findings) =>
    [
        .. findings.OrderBy(f => f.Kind).ThenBy(f => f.Thing).ThenBy(f => f.Repository, StringComparer.Ordinal).ThenBy(f => f.Name, StringComparer.Ordinal).Select(Of),
    ];

    private static FindingView Of(Finding finding) => new(
        finding.Kind.ToString().ToLowerInvariant(),
        finding.Thing.ToString().ToLowerInvariant(),
        finding.Repository,
        finding.Name,
        finding.Path,
        finding.Expected,
        finding.Found,
        finding.IsRepaired,
        finding.FirstSeen == default ? null : finding.FirstSeen,
        finding.LastSeen == default ? null : finding.LastSeen);
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Verify))]
[JsonSerializable(typeof(VerifiedView))]
[JsonSerializable(typeof(ReportVerification))]
[JsonSerializable(typeof(VerificationReportView))]
internal sealed partial class VerificationJson : JsonSerializerContext
{
    public static IEnumerable<JsonTypeInfo> Operations => [Default.Verify, Default.ReportVerification];
}
