namespace Registry.Tests.Interleaving;

/// <summary>Strikes at each storage call of something, one after the other, until there is none left to strike.</summary>
internal static class Strikes
{
    /// <summary>Every way to be struck.</summary>
    public static TheoryData<FaultKind> Kinds => [.. Enum.GetValues<FaultKind>()];

    /// <param name="kind">What happens to the call.</param>
    /// <param name="run">Runs all of it anew, with the fault where it is to strike, and asserts; the last time the fault finds nothing to strike.</param>
    /// <returns>How many calls were struck.</returns>
    public static int AtEachCall(FaultKind kind, Action<Fault> run)
    {
        for (var call = 0; ; call++)
        {
            var fault = new Fault(kind, call);
            run(fault);
            if (!fault.Struck)
                return call;
        }
    }
}
