namespace Registry.Access.Oidc;

/// <summary>Fetches what an issuer publishes.</summary>
public interface IOidcDocuments
{
    /// <summary>Reads a document over https, within limits of size and time, following no redirect.</summary>
    /// <exception cref="OidcException">It cannot be had.</exception>
    Task<ReadOnlyMemory<byte>> Get(Uri address, CancellationToken cancellation);
}
