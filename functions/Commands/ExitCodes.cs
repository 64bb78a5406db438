namespace Registry.Functions.Commands;

/// <summary>What a command ends with.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>It could not be done: there is no such account, the storage cannot be reached.</summary>
    public const int Failed = 1;

    /// <summary>It was done, and what it looks for is there: something is damaged. The same as <see cref="Failed"/>: whoever relies on it goes on after <see cref="Done"/> alone.</summary>
    public const int Found = 1;

    /// <summary>Something else should have been typed.</summary>
    public const int Usage = 2;

    /// <summary>Ctrl-C, as shells have it: 128 and the signal.</summary>
    public const int Cancelled = 130;
}
