using Registry.Collection;
using Registry.Storage;

namespace Registry.Functions.CollectGarbage;

/// <summary>What is done beside the requests, in slices: the timer function does one, and the other ways to run do them from time to time.</summary>
public sealed partial class Maintenance(UploadPurge purge, TimeProvider time, ILogger<Maintenance> log)
{
    /// <summary>Well within the time limit of a function, and of the host's patience.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private TableContinuation? next;

    /// <summary>Does one slice; the next one goes on where it ended. Whatever another instance does at the same time does no harm.</summary>
    public async Task RunSlice(CancellationToken cancellation)
    {
        var slice = await purge.Run(next, Slice, cancellation);
        next = slice.Next;
        LogPurged(slice.Purged, slice.Seen, next is null);
    }

    /// <summary>Does slices until it is cancelled: one after the other until all was seen, then again after the interval.</summary>
    public async Task RunForever(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                do
                {
                    await RunSlice(cancellation);
                }
                while (next is not null);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Nothing depends on this round: the next one begins where this one stood.
                LogFailed(e);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellation));
    }

    [LoggerMessage(10, LogLevel.Information, "Purged {Purged} of {Seen} uploads; all seen: {Complete}")]
    private partial void LogPurged(int purged, int seen, bool complete);

    [LoggerMessage(11, LogLevel.Error, "The purge of uploads failed and will be tried again")]
    private partial void LogFailed(Exception exception);
}
