using Registry.Errors;
using Registry.Functions.Hosting;
using Registry.Storage;

namespace Registry.Functions.Commands.Operations;

/// <summary>Runs an operation and tells what comes of it, in either place.</summary>
internal static partial class OperationRunner
{
    /// <summary>People see no more, and a stage with a million items would be a million lines.</summary>
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);

    /// <param name="operation">What to do.</param>
    /// <param name="context">What with.</param>
    /// <param name="send">Is told of each event, one after the other; of the result or the failure last.</param>
    /// <param name="cancellation">Ends it, without a last event.</param>
    public static async Task Run(Operation operation, OperationContext context, Func<OperationEvent, ValueTask> send, CancellationToken cancellation)
    {
        OperationEvent end;
        try
        {
            var result = await operation.Execute(context with { Report = Throttle(send, context.Time) }, cancellation);
            end = new OperationEvent { Result = result };
        }
        catch (Exception e) when (!(e is OperationCanceledException && cancellation.IsCancellationRequested))
        {
            end = new OperationEvent { Error = Describe(e, context.Loggers) };
        }

        await send(end);
    }

    private static Func<OperationProgress, ValueTask> Throttle(Func<OperationEvent, ValueTask> send, TimeProvider time)
    {
        (string? Stage, long At) last = default;
        return progress =>
        {
            if (progress.Stage == last.Stage && time.GetElapsedTime(last.At) < ReportInterval)
                return ValueTask.CompletedTask;
            last = (progress.Stage, time.GetTimestamp());
            return send(new OperationEvent { Progress = progress });
        };
    }

    private static OperationFailure Describe(Exception e, ILoggerFactory loggers)
    {
        switch (e)
        {
            case ArgumentException or FormatException:
                return new OperationFailure(IsUsage: true, OneLine(WithoutParameter(e)));
            case OperationFailedException or SettingException or RegistryException:
                return new OperationFailure(IsUsage: false, OneLine(e.Message));
            case StorageFailedException storage:
                return new OperationFailure(
                    IsUsage: false, OneLine($"the storage failed: {storage.Operation} '{storage.Path}' answered {storage.Status} {storage.Code}; try again, and see what is done"));
            default:
                LogUnexpected(loggers.CreateLogger(typeof(OperationRunner)), e);
                return new OperationFailure(IsUsage: false, OneLine($"unexpected: {e.GetType().Name}: {e.Message}"));
        }
    }

    // The name of a parameter is nothing to whoever typed a command.
    private static string WithoutParameter(Exception e) =>
        e is ArgumentException { ParamName: { } name } ? e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : e.Message;

    private static string OneLine(string message) => string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    [LoggerMessage(30, LogLevel.Error, "A command failed unexpectedly")]
    private static partial void LogUnexpected(ILogger log, Exception exception);
}
