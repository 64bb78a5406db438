using System.Net;
using System.Net.Http.Headers;
using Registry.Functions.Commands;
using Registry.Functions.Hosting;
using Registry.Storage.Azure;
using Registry.Tests.Support;
using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Costs;

/// <summary>A registry on an Azurite account of its own, every transaction of which is counted.</summary>
internal sealed class CountedRegistry : IAsyncDisposable
{
    private const int MiB = 1024 * 1024;

    private readonly AzuriteAccount account;
    private readonly AzureStorageOptions place = AzuriteAccount.NewPlace();
    private readonly bool redirect;
    private readonly TemporaryFolder folder = new();
    private RegistryServer server = null!;

    private CountedRegistry(AzuriteAccount account, bool redirect) => (this.account, this.redirect) = (account, redirect);

    public ApiClient Api { get; private set; } = null!;

    /// <summary>The image that skopeo pushes and pulls.</summary>
    public string Image => $"docker://localhost:{server.BaseAddress.Port}/app:v1";

    public static async Task<CountedRegistry> Start(AzuriteAccount account, bool redirect, CancellationToken cancellation)
    {
        var registry = new CountedRegistry(account, redirect);
        await registry.Open(cancellation);
        return registry;
    }

    /// <summary>The transactions of an action, deletes of blobs aside.</summary>
    public async Task<IReadOnlyList<AzuriteRequest>> Paid(Func<Task> action)
    {
        var requests = await account.RequestsDuring(action, TestContext.Current.CancellationToken);
        return [.. requests.Where(r => !(r.Method == "DELETE" && r.Target.StartsWith($"/{place.Container}/", StringComparison.Ordinal)))];
    }

    /// <summary>Gives a command to the same storage.</summary>
    public async Task Command(params string[] words)
    {
        using var errors = new StringWriter();
        string[] settings = [.. Settings.Select(s => $"--Registry:{s.Key}={s.Value}")];
        var code = await CommandLine.Run([.. words, .. settings], new Terminal(TextReader.Null, TextWriter.Null, errors), TestContext.Current.CancellationToken);
        Assert.True(code == 0, $"{string.Join(' ', words)}: {code}\n{errors}");
    }

    /// <summary>Another process: nothing is in memory.</summary>
    public async Task<bool> Restart()
    {
        await server.DisposeAsync();
        await Open(TestContext.Current.CancellationToken);
        return true;
    }

    /// <summary>One PATCH with that many bytes, which no array has to hold.</summary>
    public async Task Patch(string upload, long length)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, upload) { Content = new Zeros(length) };
        using var answer = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    /// <summary>Writes an image of a config and three layers of 1 MiB, and gives the folder of its OCI layout.</summary>
    public Task<string> WriteImage()
    {
        var layout = new OciLayout(folder["layout"]);
        layout.Add("v1", new ImageSpec("amd64", LayerSpec.Gzip("one", MiB), LayerSpec.Gzip("two", MiB), LayerSpec.Gzip("three", MiB)));
        return Task.FromResult(layout.Path);
    }

    public static async Task<bool> Skopeo(string verb, string from, string to)
    {
        var command = new Command(RequiredTool.Skopeo.Find(), Patience.Limit);
        await command.Run(["--insecure-policy", verb, "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false", from, to], TestContext.Current.CancellationToken);
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Dispose();
    }

    private Dictionary<string, string> Settings => new()
    {
        ["Storage:ConnectionString"] = account.ConnectionString,
        ["Storage:Container"] = place.Container,
        ["Storage:TablePrefix"] = place.TablePrefix,
        ["Redirect:Enabled"] = redirect ? "true" : "false",
    };

    private async Task Open(CancellationToken cancellation)
    {
        server = await RegistryServer.Start(
            Settings,
            cancellation,

            // Its clock stands still: a long body is then recorded by its bytes alone, however slow the machine is.
            new RegistryParts { Time = new TestClock(TimeProvider.System.GetUtcNow()) });
        Api = new ApiClient(server.Client, server.BaseAddress);
    }

    private sealed class Zeros(long length) : HttpContent
    {
        private static readonly byte[] piece = new byte[MiB];

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var left = length; left > 0; left -= piece.Length)
                await stream.WriteAsync(piece.AsMemory(0, (int)Math.Min(left, piece.Length)));
        }

        protected override bool TryComputeLength(out long computed)
        {
            computed = length;
            return true;
        }
    }
}
