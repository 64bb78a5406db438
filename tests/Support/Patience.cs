namespace Registry.Tests.Support;

/// <summary>How long a test waits for something that will come.</summary>
public static class Patience
{
    /// <summary>What takes longer is stuck. Nothing ends sooner for being waited for less: this is for a machine that is slow and busy with other work, not for the usual one.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>For attributes.</summary>
    public const int Milliseconds = 600_000;
}
