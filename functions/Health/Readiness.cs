using Registry.Functions.Hosting;
using Registry.Storage;

namespace Registry.Functions.Health;

/// <summary>Whether requests would succeed: storage answers, in both of its parts, and its clock and ours agree. Asked by monitors; answered anew a few times a minute at most, whoever asks.</summary>
public sealed partial class Readiness(OpenStorage storage, TimeProvider time, ILogger<Readiness> log)
{
    /// <summary>How long an answer is good for. It bounds what strangers can make the registry ask of its storage: two transactions in each such time.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);

    /// <summary>Signed URLs and Azure's own signatures allow for 15 minutes; this is told before they fail.</summary>
    public static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(5);

    // Storage's retries take minutes; a monitor's patience does not.
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private Task<ReadinessReport>? current;
    private long askedAt;
    private Exception? logged;

    public Task<ReadinessReport> Check()
    {
        lock (gate)
        {
            if (current is null || (current.IsCompleted && time.GetElapsedTime(askedAt) >= Lifetime))
            {
                askedAt = time.GetTimestamp();
                current = Ask();
            }

            return current;
        }
    }

    private async Task<ReadinessReport> Ask()
    {
        using var limit = new CancellationTokenSource(patience, time);

        // Names that are never used: an answer that there is no such thing is an answer, of whoever may read.
        var content = Answers("content", () => storage.Driver.Find(PathMapper.Key("readiness"), limit.Token));
        var rows = Answers("rows", () => storage.Tables.Find(Tables.Repositories, Tables.CatalogPartition, "!readiness", limit.Token));
        var checks = new Dictionary<string, string> { ["content"] = await content, ["rows"] = await rows };
        var isReady = checks.Values.All(c => c == ReadinessReport.Ok);
        if (storage.ClockSkew is { } skew)
        {
            checks["clock"] = skew.Duration() <= MaxSkew ? ReadinessReport.Ok : $"storage's clock and this machine's are {skew.Duration().TotalSeconds:0} s apart";
            isReady &= skew.Duration() <= MaxSkew;
        }

        // Nothing is lost by it and requests succeed: it is told, and does not take the registry out of service.
        if (storage.CompactionFailure is { } failure)
        {
            checks["journal"] = "it could not be compacted and goes on growing; the log says why";
            Log(failure);
        }

        return new ReadinessReport(isReady, checks);
    }

    private async Task<string> Answers(string part, Func<Task> ask)
    {
        try
        {
            await ask();
            return ReadinessReport.Ok;
        }
        catch (StorageFailedException e)
        {
            LogFailed(e, part, e.Status, e.Code);
            return "storage failed; the log says how";
        }
        catch (OperationCanceledException)
        {
            LogSilent(part, patience);
            return $"no answer within {patience.TotalSeconds:0} s";
        }
    }

    private void Log(Exception failure)
    {
        // Each once, not each time that somebody asks.
        if (Interlocked.Exchange(ref logged, failure) != failure)
            LogCompaction(failure);
    }

    [LoggerMessage(50, LogLevel.Error, "Not ready: asking storage for {Part} failed: {Status} {Code}")]
    private partial void LogFailed(Exception exception, string part, int status, string code);

    [LoggerMessage(51, LogLevel.Error, "Not ready: storage did not answer for {Part} within {Patience}")]
    private partial void LogSilent(string part, TimeSpan patience);

    [LoggerMessage(52, LogLevel.Warning, "The journal of the data folder could not be compacted. Nothing is lost, and it is tried again, but the next start reads a longer journal")]
    private partial void LogCompaction(Exception exception);
}

/// <param name="Ready">Whether requests would succeed.</param>
/// <param name="Checks">Each thing that was looked at: <c>ok</c>, or what is wrong, without internals.</param>
public sealed record ReadinessReport(bool Ready, IReadOnlyDictionary<string, string> Checks)
{
    public const string Ok = "ok";
}
