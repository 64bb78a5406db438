namespace Registry.Jose;

/// <summary>A key or a signature is not what RFC 7515 and 7517 say it is. The message says how; whoever reads it tells whose.</summary>
internal sealed class JoseException(string message, Exception? cause = null) : Exception(message, cause);
