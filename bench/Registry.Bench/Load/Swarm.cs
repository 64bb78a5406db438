using System.Diagnostics;
using Registry.Bench.Http;

namespace Registry.Bench.Load;

/// <summary>The same request again and again, on many connections at once, each with a thread that waits for its answer.</summary>
internal static class Swarm
{
    /// <summary>Gives how many answers came in that time.</summary>
    public static long Ask(int port, byte[] request, int connections, TimeSpan time)
    {
        long answers = 0;
        var began = Stopwatch.GetTimestamp();
        Run(connections, _ =>
        {
            using var connection = new RawConnection(port);
            long mine = 0;
            while (Stopwatch.GetElapsedTime(began) < time)
            {
                connection.Send(request);
                connection.Receive();
                if (connection.Status != 200)
                    throw new InvalidDataException($"{connection.Status} instead of 200");
                mine++;
            }

            Interlocked.Add(ref answers, mine);
        });
        return answers;
    }

    /// <summary>Runs an action on so many threads. What one throws is thrown.</summary>
    public static void Run(int threads, Action<int> action)
    {
        var failures = new List<Exception>();
        var all = Enumerable.Range(0, threads).Select(i => new Thread(() => Guarded(i), maxStackSize: 512 * 1024)).ToList();
        all.ForEach(t => t.Start());
        all.ForEach(t => t.Join());
        if (failures.Count > 0)
            throw new AggregateException(failures);

        void Guarded(int index)
        {
            try
            {
                action(index);
            }
            catch (Exception e) when (e is IOException or InvalidDataException or System.Net.Sockets.SocketException)
            {
                lock (failures)
                    failures.Add(e);
            }
        }
    }
}
