namespace Registry.Errors;

/// <summary>What a service throws when the client must be told: an error of the table, and what is particular to this case.</summary>
public sealed class RegistryException : Exception
{
    /// <param name="error">The row of the table.</param>
    /// <param name="message">A more precise message than the table's, or null.</param>
    /// <param name="detail">A value that is written as JSON to the client, or null. Never an internal.</param>
    public RegistryException(RegistryError error, string? message = null, object? detail = null)
        : base(message ?? error?.Message)
    {
        ArgumentNullException.ThrowIfNull(error);
        Problems = [new Problem(error, message ?? error.Message, detail)];
    }

    /// <summary>Several problems of one request, reported together; the first gives the status.</summary>
    public RegistryException(IReadOnlyList<Problem> problems)
        : base(string.Join("; ", problems.Select(p => p.Message)))
    {
        ArgumentOutOfRangeException.ThrowIfZero(problems.Count);
        Problems = problems;
    }

    public IReadOnlyList<Problem> Problems { get; }

    public RegistryError Error => Problems[0].Error;

    /// <summary>One entry of the error envelope.</summary>
    public sealed record Problem(RegistryError Error, string Message, object? Detail = null);
}
