using System.Collections.Concurrent;
using Registry.Tests.Faults;

[assembly: AssemblyFixture(typeof(LabReport))]

namespace Registry.Tests.Faults;

/// <summary>What the fault lab did in this run, printed at its end. A loss fails its test, so a run that passes has none.</summary>
public sealed class LabReport : IDisposable
{
    private static readonly ConcurrentDictionary<string, long> counts = new();
    private static readonly ConcurrentQueue<string> notes = new();

    public static void Count(Fault fault)
    {
        if (fault != Fault.None)
            Count($"fault {fault}");
    }

    public static void Count(string what) => counts.AddOrUpdate(what, 1, (_, n) => n + 1);

    /// <summary>A measured number.</summary>
    public static void Note(string note)
    {
        notes.Enqueue(note);
        TestContext.Current.TestOutputHelper?.WriteLine(note);
    }

    public void Dispose()
    {
        if (counts.IsEmpty && notes.IsEmpty)
            return;
        Console.WriteLine("Fault lab:");
        foreach (var (what, number) in counts.OrderBy(c => c.Key, StringComparer.Ordinal))
            Console.WriteLine($"  {number,8:N0} {what}");
        foreach (var note in notes)
            Console.WriteLine($"  {note}");
    }
}
