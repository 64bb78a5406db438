using System.Text.RegularExpressions;

namespace Registry.Tests.Support;

/// <summary>One request of Azurite's access log: one storage transaction.</summary>
/// <param name="Account">The first segment of the path.</param>
/// <param name="Method">The method.</param>
/// <param name="Target">What follows the account: path and query, percent-encoded as it was sent.</param>
/// <param name="Status">The answer's status; 0 when the client did not wait for one.</param>
public sealed partial record AzuriteRequest(string Account, string Method, string Target, int Status)
{
    /// <summary>A line in the common log format, or null for a line that tells of no request.</summary>
    public static AzuriteRequest? Parse(string line) =>
        CommonLog().Match(line) is { Success: true } match
            ? new(match.Groups[2].Value, match.Groups[1].Value, match.Groups[3].Value, int.TryParse(match.Groups[4].Value, out int status) ? status : 0)
            : null;

    public override string ToString() => $"{Method} {Target} {Status}";

    [GeneratedRegex("""^\S+ - - \[[^\]]*\] "(\w+) /([^/? ]*)(\S*) HTTP/1\.\d" (\S+) \S+$""")]
    private static partial Regex CommonLog();
}
