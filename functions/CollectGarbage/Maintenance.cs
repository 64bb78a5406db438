using Registry.Collection;
using Registry.Telemetry;
using Registry.Verification;

namespace Registry.Functions.CollectGarbage;

/// <summary>What is done beside the requests, in slices: the timer function does one, and the other ways to run do them from time to time.</summary>
public sealed partial class Maintenance(GarbageCollector collector, Verifier verifier, CollectionOptions options, TimeProvider time, ILogger<Maintenance> log)
{
    /// <summary>Well within the time limit of a function, and of the host's patience.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMinutes(2);

    /// <summary>After the collector's. What one leaves the next goes on with.</summary>
    private static readonly TimeSpan VerificationSlice = TimeSpan.FromMinutes(1);

    // How often it is asked whether a run is due: as often as the timer function's schedule.
    private static readonly TimeSpan Tick = TimeSpan.FromMinutes(10);

    /// <summary>Does one slice of the collector's run and one of a verification, each if it is under way or due, and also if the other fails. Whatever another instance does at the same time does no harm.</summary>
    public Task RunSlice(CancellationToken cancellation) => ThenVerify(Collect(cancellation), cancellation);

    // A collector that fails each time must not keep content from being verified. Its failure is the one that is thrown.
    private async Task ThenVerify(Task collecting, CancellationToken cancellation)
    {
        await collecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(collecting, Verify(cancellation));
    }

    private async Task CollectAll(CancellationToken cancellation)
    {
        while (await Collect(cancellation) == CollectionOutcome.Paused)
        {
        }
    }

    private async Task<CollectionOutcome> Collect(CancellationToken cancellation)
    {
        var slice = await Count(() => collector.RunSlice(Slice, new Observer(this), cancellation));
        var totals = slice.Totals;
        if (slice.Outcome == CollectionOutcome.Finished)
        {
            RegistryMetrics.CollectorRemoved.Add(totals.Removed);
            RegistryMetrics.CollectorFreed.Add(totals.Freed);
            LogFinished(totals.Manifests, totals.Links, totals.Contents, totals.Uploads, totals.Blobs, totals.Removed, totals.Freed, totals.Waiting, totals.Unreadable);
        }
        else if (slice.Outcome == CollectionOutcome.Paused)
        {
            LogPaused(slice.Phase, totals.Removed, totals.Freed);
        }

        return slice.Outcome;
    }

    private async Task Verify(CancellationToken cancellation)
    {
        var slice = await verifier.RunSlice(VerificationSlice, new VerificationObserver(this), cancellation);
        var totals = slice.Totals;
        if (slice.Outcome == VerificationOutcome.Finished)
            LogVerified(totals.Contents, totals.Links, totals.Manifests, totals.Tags, totals.Bytes, totals.Corrupt, totals.Missing, totals.Dangling, totals.Unreadable);
    }

    /// <summary>Does slices until it is cancelled: of the collector one after the other until a run is over, then again when the next is due; of a verification one each time.</summary>
    public async Task RunForever(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(options.Interval < Tick ? options.Interval : Tick, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            try
            {
                await ThenVerify(CollectAll(cancellation), cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Nothing depends on this slice: the next one begins where the run was last recorded.
                LogFailed(e);
            }
        }
    }

    private static async Task<CollectionSlice> Count(Func<Task<CollectionSlice>> run)
    {
        var outcome = "Failed";
        try
        {
            var slice = await run();
            outcome = slice.Outcome.ToString();
            return slice;
        }
        finally
        {
            RegistryMetrics.CollectorSlices.Add(1, RegistryMetrics.Of(RegistryMetrics.Outcome, outcome));
        }
    }

    [LoggerMessage(10, LogLevel.Information, "Collected: looked at {Manifests} manifests, {Links} links, {Contents} contents, {Uploads} uploads and {Blobs} blobs; removed {Removed} and freed {Freed} bytes; {Waiting} wait for the grace period; {Unreadable} could not be read and were kept")]
    private partial void LogFinished(long manifests, long links, long contents, long uploads, long blobs, long removed, long freed, long waiting, long unreadable);

    [LoggerMessage(11, LogLevel.Error, "The collection or the verification failed and will be gone on with")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(12, LogLevel.Information, "Collecting goes on in the next slice with {Phase}; so far removed {Removed} and freed {Freed} bytes")]
    private partial void LogPaused(CollectionPhase phase, long removed, long freed);

    [LoggerMessage(13, LogLevel.Warning, "Kept {Name} of {Repository}, which cannot be read: {Problem}")]
    private partial void LogUnreadable(string name, string? repository, string problem);

    [LoggerMessage(14, LogLevel.Information, "Verified: looked at {Contents} contents, {Links} links, {Manifests} manifests and {Tags} tags and read {Bytes} bytes; {Corrupt} corrupt, {Missing} missing, {Dangling} dangling, {Unreadable} unreadable")]
    private partial void LogVerified(long contents, long links, long manifests, long tags, long bytes, long corrupt, long missing, long dangling, long unreadable);

    [LoggerMessage(15, LogLevel.Error, "Verification found damage: {Thing} {Name} {Repository} is {Kind}: {Found} at {Path}, and there should be {Expected}")]
    private partial void LogDamage(FoundThing thing, string name, string? repository, FindingKind kind, string found, string? path, string expected);

    [LoggerMessage(16, LogLevel.Warning, "Verification found a row that leads nowhere or cannot be read: {Thing} {Name} {Repository} is {Kind}: {Found}, and there should be {Expected}")]
    private partial void LogDangling(FoundThing thing, string name, string? repository, FindingKind kind, string found, string expected);

    [LoggerMessage(17, LogLevel.Warning, "Kept {Name} of {Repository}: {Reason}")]
    private partial void LogKept(string name, string? repository, string reason);

    private sealed class VerificationObserver(Maintenance maintenance) : IVerificationObserver
    {
        public void Found(Finding finding)
        {
            if (finding.Kind is FindingKind.Corrupt or FindingKind.Missing)
                maintenance.LogDamage(finding.Thing, finding.Name, finding.Repository, finding.Kind, finding.Found, finding.Path, finding.Expected);
            else
                maintenance.LogDangling(finding.Thing, finding.Name, finding.Repository, finding.Kind, finding.Found, finding.Expected);
        }

        public ValueTask Progress(VerificationPhase phase, VerificationTotals totals, double? fraction) => ValueTask.CompletedTask;
    }

    private sealed class Observer(Maintenance maintenance) : ICollectionObserver
    {
        public void Item(CollectionItem item)
        {
            if (item.Kind == CollectedKind.Unreadable)
                maintenance.LogUnreadable(item.Name, item.Repository, item.Reason);
            else if (item.Kind == CollectedKind.Kept)
                maintenance.LogKept(item.Name, item.Repository, item.Reason);
        }

        public ValueTask Progress(CollectionPhase phase, CollectionTotals totals, double? fraction) => ValueTask.CompletedTask;
    }
}
