using System.Net;

namespace Registry.Functions.Hosting;

/// <summary>What a person who starts the registry sees first.</summary>
internal static class Banner
{
    public static void Print(TextWriter output, IReadOnlyCollection<string> urls, Settings settings, ListenAddress address)
    {
        output.WriteLine($"Registry listens on {string.Join(' ', urls)}{(address.BehindFunctions ? ", behind the Functions host" : "")}");
        output.WriteLine(settings.Storage switch
        {
            { Driver: StorageKind.FileSystem } storage => $"  data       {Path.GetFullPath(storage.RootDirectory)}",
            { Driver: StorageKind.Memory } => "  data       in memory: gone when this ends",
            var storage => $"  data       Azure Storage, container {storage.Container}",
        });
        output.WriteLine((address.NeedsAuth(settings.Auth), address.IsReachable) switch
        {
            (true, _) => "  access     by accounts and rules",
            (false, true) => "  access     ANYONE WHO CAN REACH IT MAY PUSH AND DELETE (Registry:Auth:Enabled is false)",
            (false, false) => "  access     anyone on this machine may push and delete: it only listens on loopback (Registry:Auth:Enabled turns accounts on)",
        });
        if (address is { IsReachable: true, BehindFunctions: false } && settings.PublicBaseUrl is null && address.NeedsAuth(settings.Auth))
            output.WriteLine("             behind a proxy that ends TLS, set Registry:PublicBaseUrl to the https URL, or clients log in over http");
        if (!address.BehindFunctions && urls.FirstOrDefault() is { } first && Uri.TryCreate(first, UriKind.Absolute, out var url))
            output.WriteLine($"  try        docker tag IMAGE {Name(url)}/hello && docker push {Name(url)}/hello");
    }

    // All addresses of the machine are no name to push to; docker takes localhost without TLS.
    private static string Name(Uri url) => IPAddress.TryParse(url.Host, out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)) ? $"localhost:{url.Port}" : url.Authority;
}
