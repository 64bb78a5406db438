using System.Net.Sockets;
using Azure;
using Azure.Identity;

namespace Registry.Storage.Azure;

/// <summary>Turns what Azure's client library throws into <see cref="StorageFailedException"/>.</summary>
internal static class AzureFailure
{
    /// <summary>Awaits a call to storage, and makes a storage error of what it throws.</summary>
    public static async Task<T> OrFailure<T>(this Task<T> call, string operation, string path, CancellationToken cancellation)
    {
        try
        {
            return await call;
        }
        catch (Exception e) when (IsStorage(e, cancellation))
        {
            throw Of(e, operation, path);
        }
    }

    /// <summary>Whether an exception tells of storage. Our caller's cancellation does not; the pipeline's own time limit, which looks alike, does.</summary>
    public static bool IsStorage(Exception exception, CancellationToken cancellation) => exception switch
    {
        OperationCanceledException => !cancellation.IsCancellationRequested,
        FileNotFoundException or FileLoadException => false,
        RequestFailedException or AggregateException or AuthenticationFailedException or HttpRequestException or IOException => true,
        _ => false,
    };

    public static StorageFailedException Of(Exception exception, string operation, string path)
    {
        // The retry policy throws all tries' failures together; the last says how it stands.
        var tries = exception is AggregateException { InnerExceptions: { Count: > 0 } all } ? all : [exception];
        return new(operation, path, tries[^1] is RequestFailedException failed ? failed.Status : 0, Code(tries[^1]), exception, tries.Count);
    }

    private static string Code(Exception? exception) => exception switch
    {
        RequestFailedException { ErrorCode: { Length: > 0 } code } => code,
        OperationCanceledException => "Timeout",
        AuthenticationFailedException => "AuthenticationFailed",
        SocketException socket => socket.SocketErrorCode.ToString(),
        HttpRequestException { InnerException: not SocketException } http => http.HttpRequestError.ToString(),
        { InnerException: { } inner } => Code(inner),
        _ => exception?.GetType().Name ?? "",
    };
}
