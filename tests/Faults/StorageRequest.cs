using System.Web;

namespace Registry.Tests.Faults;

/// <summary>One request of a registry to storage, as the proxy saw it.</summary>
/// <param name="Number">From 1, since the plan was set.</param>
/// <param name="Method">The method.</param>
/// <param name="Target">Path and query, as sent.</param>
public sealed record StorageRequest(int Number, string Method, string Target)
{
    /// <summary>Blob storage's operation: <c>block</c>, <c>blocklist</c>; null where it is the plain one.</summary>
    public string? Comp => Target.Split('?') is [_, var query] ? HttpUtility.ParseQueryString(query)["comp"] : null;

    public override string ToString() => $"#{Number} {Method} {Target}";
}
