using System.Diagnostics;

namespace Registry.Tests.Support;

/// <summary>Takes turns among processes: two test runs at once must not install or publish into the same folder.</summary>
public static class Turn
{
    /// <summary>Waits for the turn, which lasts until the result is disposed. It is a file that only one process can have open.</summary>
    /// <exception cref="IOException">Another process has had it for longer than <paramref name="patience"/>.</exception>
    public static async Task<IDisposable> Take(string path, TimeSpan patience)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(TimeSpan.FromMilliseconds(200)))
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited.Elapsed < patience)
            {
                // It is another's turn.
            }
        }
    }
}
