namespace Registry.Functions.Commands;

/// <summary>Something else should have been typed. The message is one line that says what.</summary>
internal sealed class UsageException(string message) : Exception(message);
