using Registry.Collection;
using Registry.Telemetry;

namespace Registry.Functions.CollectGarbage;

/// <summary>What is done beside the requests, in slices: the timer function does one, and the other ways to run do them from time to time.</summary>
public sealed partial class Maintenance(GarbageCollector collector, CollectionOptions options, TimeProvider time, ILogger<Maintenance> log)
{
    /// <summary>Well within the time limit of a function, and of the host's patience.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMinutes(2);

    // How often it is asked whether a run is due: as often as the timer function's schedule.
    private static readonly TimeSpan Tick = TimeSpan.FromMinutes(10);

    /// <summary>Does one slice of the collector's run, if one is under way or due. Whatever another instance does at the same time does no harm.</summary>
    public async Task<CollectionOutcome> RunSlice(CancellationToken cancellation)
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

    /// <summary>Does slices until it is cancelled: one after the other until a run is over, then again when the next is due.</summary>
    public async Task RunForever(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(options.Interval < Tick ? options.Interval : Tick, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            try
            {
                while (await RunSlice(cancellation) == CollectionOutcome.Paused)
                {
                }
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

    [LoggerMessage(11, LogLevel.Error, "The collection failed and will be gone on with")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(12, LogLevel.Information, "Collecting goes on in the next slice with {Phase}; so far removed {Removed} and freed {Freed} bytes")]
    private partial void LogPaused(CollectionPhase phase, long removed, long freed);

    [LoggerMessage(13, LogLevel.Warning, "Kept {Name} of {Repository}, which cannot be read: {Problem}")]
    private partial void LogUnreadable(string name, string? repository, string problem);

    private sealed class Observer(Maintenance maintenance) : ICollectionObserver
    {
        public void Item(CollectionItem item)
        {
            if (item.Kind == CollectedKind.Unreadable)
                maintenance.LogUnreadable(item.Name, item.Repository, item.Reason);
        }

        public ValueTask Progress(CollectionPhase phase, CollectionTotals totals, double? fraction) => ValueTask.CompletedTask;
    }
}
