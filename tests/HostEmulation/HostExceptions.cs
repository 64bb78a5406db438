namespace Registry.Tests.HostEmulation;

/// <summary>The handler crashed too often, or never answered: the host serves nothing any more.</summary>
internal sealed class HostStoppedException(string message) : Exception(message);

/// <summary>An invocation that the host counts as failed.</summary>
internal sealed class InvocationFailedException(string message, Exception? inner = null) : Exception(message, inner);
