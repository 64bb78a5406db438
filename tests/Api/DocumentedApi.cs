using System.Text.RegularExpressions;
using Registry.Functions.Http;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>docs/api.md as it is held against every answer that a table asks for: its endpoint's section has the status, and the page has each header.</summary>
internal static partial class DocumentedApi
{
    private static readonly string page = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "api.md"));
    private static readonly Dictionary<string, string> sections = Heading().Split(page).Skip(1).Chunk(2).ToDictionary(s => s[0], s => s[1], StringComparer.Ordinal);

    // What HTTP itself sends.
    private static readonly HashSet<string> http = new(StringComparer.OrdinalIgnoreCase) { "Date", "Server", "Connection", "Transfer-Encoding" };

    /// <param name="request">Method and target.</param>
    /// <param name="answer">What came back.</param>
    /// <param name="code">The code of a refusal. Wrong names and methods are the same at every endpoint, and documented with the errors.</param>
    public static void Has(string request, Exchange answer, string? code)
    {
        var missing = answer.Headers.Keys.FirstOrDefault(h => !http.Contains(h) && !page.Contains($"`{h}", StringComparison.OrdinalIgnoreCase));
        if (missing is not null)
            throw answer.Failure($"docs/api.md to tell of the header {missing}");
        if (code is "UNSUPPORTED" or "NAME_INVALID" || SectionsOf(request) is not { Length: > 0 } names)
            return;
        if (!names.Any(n => Regex.IsMatch(sections[n], $@"\b{answer.StatusCode}\b", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1))))
            throw answer.Failure($"docs/api.md to tell of the status {answer.StatusCode} under {string.Join(" or ", names)}");
    }

    // A PUT that finishes an upload has the errors of a PATCH.
    private static string[] SectionsOf(string request)
    {
        var (method, target) = (request[..request.IndexOf(' ', StringComparison.Ordinal)], request[(request.IndexOf(' ', StringComparison.Ordinal) + 1)..].Split('?')[0]);
        return (method, RegistryPath.Parse(Uri.UnescapeDataString(target)).Kind) switch
        {
            ("GET" or "HEAD", EndpointKind.Blob) => ["end-2"],
            ("DELETE", EndpointKind.Blob) => ["end-10"],
            ("GET" or "HEAD", EndpointKind.Manifest) => ["end-3"],
            ("PUT", EndpointKind.Manifest) => ["end-7a", "Schema 1 (docker)"],
            ("DELETE", EndpointKind.Manifest) => ["end-9"],
            ("POST", EndpointKind.UploadStart) => ["end-4a"],
            ("PATCH", EndpointKind.UploadSession) => ["end-5"],
            ("PUT", EndpointKind.UploadSession) => ["end-6", "end-5"],
            ("GET", EndpointKind.UploadSession) => ["end-13"],
            ("DELETE", EndpointKind.UploadSession) => ["end-14"],
            ("GET", EndpointKind.TagsList) => ["end-8a"],
            ("GET", EndpointKind.Referrers) => ["end-12a"],
            ("GET", _) when target == "/v2/_catalog" => ["GET /v2/_catalog (docker)"],
            ("GET" or "HEAD", _) when target is "/v2" or "/v2/" => ["end-1"],
            _ => [],
        };
    }

    // The first clause that a section is of, or all of its heading.
    [GeneratedRegex(@"^### (end-\w+|.*)(?:[:,].*)?$\n", RegexOptions.Multiline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Heading();
}
