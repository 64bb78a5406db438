namespace Registry.Functions.Commands.Operations;

/// <summary>An operation cannot be done. The message is one line that says what to do about it.</summary>
internal sealed class OperationFailedException(string message, Exception? inner = null) : Exception(message, inner);
