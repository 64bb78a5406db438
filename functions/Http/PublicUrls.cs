namespace Registry.Functions.Http;

/// <summary>The URLs that clients are sent to. Relative, unless the operator says what the registry is called from outside: no header of a request is trusted for that.</summary>
/// <param name="publicBaseUrl">Scheme, host and, where there is one, port; null for relative URLs.</param>
public sealed class PublicUrls(Uri? publicBaseUrl)
{
    private readonly string prefix = publicBaseUrl?.GetLeftPart(UriPartial.Path).TrimEnd('/') ?? "";

    public string Of(string path) => prefix + path;
}
