using System.Net;
using System.Net.Http.Json;

namespace Registry.Tests.HostEmulation;

/// <summary>The emulated host with <see cref="EchoHandler"/> behind it, and a client that sends targets as they are written.</summary>
internal sealed class EchoHost : IAsyncDisposable
{
    private readonly EchoPackage package;

    private EchoHost(EchoPackage package, FunctionsHost host)
    {
        this.package = package;
        Host = host;
    }

    public FunctionsHost Host { get; }

    public HttpClient Client { get; } = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });

    public static async Task<EchoHost> Start(EchoPackage package, FunctionsHostOptions? options = null)
    {
        try
        {
            var host = await FunctionsHost.Start(package.Folder, options ?? new FunctionsHostOptions(), TestContext.Current.CancellationToken);
            return new EchoHost(package, host);
        }
        catch
        {
            package.Dispose();
            throw;
        }
    }

    /// <summary>A request, its target neither unescaped nor shortened by the client.</summary>
    public HttpRequestMessage Request(HttpMethod method, string target, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        var uri = new Uri(Host.Address.GetLeftPart(UriPartial.Authority) + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(method, uri) { Content = content };
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        return request;
    }

    public Task<HttpResponseMessage> Send(HttpMethod method, string target, HttpContent? content = null, params (string Name, string Value)[] headers) =>
        Client.SendAsync(Request(method, target, content, headers), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);

    /// <summary>Sends, and gives what the handler saw.</summary>
    public async Task<EchoAnswer> Echo(HttpMethod method, string target, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var response = await Send(method, target, content, headers);
        return await Read(response);
    }

    public static async Task<EchoAnswer> Read(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<EchoAnswer>(TestContext.Current.CancellationToken))!;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
        package.Dispose();
    }
}
