using System.Net;
using System.Net.Sockets;
using Registry.Functions.Hosting;

namespace Registry.Functions.Access;

/// <summary>Where a request comes from, as far as that can be known.</summary>
internal static class CallerAddress
{
    /// <summary>The address that failures are counted under.</summary>
    /// <remarks>
    /// Behind the Functions host every connection is the host's own. There the last hop of X-Forwarded-For was added by the platform's front;
    /// the hops before it are whatever the client claims. Elsewhere the header is not looked at. An IPv6 caller has a /64 to choose from, so that counts as one.
    /// </remarks>
    public static string Of(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        if (context.RequestServices.GetRequiredService<ListenAddress>().BehindFunctions
            && context.Request.Headers["X-Forwarded-For"].LastOrDefault()?.Split(',')[^1].Trim() is { Length: > 0 } hop
            && IPEndPoint.TryParse(hop, out var forwarded))
            address = forwarded.Address;
        if (address is null)
            return "unknown";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address.ToString();
        var bytes = address.GetAddressBytes();
        Array.Clear(bytes, 8, 8);
        return $"{new IPAddress(bytes)}/64";
    }
}
