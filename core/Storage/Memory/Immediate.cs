using System.Diagnostics.CodeAnalysis;

namespace Registry.Storage.Memory;

/// <summary>Calls that are done at once behind a seam that is asynchronous.</summary>
internal static class Immediate
{
    /// <summary>A failure comes with the task, as it does from a storage that is really asynchronous, not out of the call.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "The task carries whatever the call throws.")]
    public static Task<T> Run<T>(Func<T> call, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellation);
        try
        {
            return Task.FromResult(call());
        }
        catch (Exception error)
        {
            return Task.FromException<T>(error);
        }
    }
}
