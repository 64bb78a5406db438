namespace Registry.Access.Oidc;

/// <summary>A token, or what its issuer publishes, is not as it must be. The message is for the operator's log: the caller only learns that the login failed.</summary>
public sealed class OidcException(string message, Exception? cause = null) : Exception(message, cause);
