using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;

namespace Registry.Tests.Support;

/// <summary>Azurite as a child process: blobs and tables on loopback ports of its own, data in a folder of its own.</summary>
/// <remarks>
/// <c>--loose</c> is not given: it would hide headers and parameters that Azurite does not know. <c>--skipApiVersionCheck</c> is: the clients name
/// API versions that are newer than this Azurite, and ask for nothing new in them.
/// </remarks>
public sealed class AzuriteServer : IAsyncDisposable
{
    /// <summary>Any key will do; this one is short, since a thousand accounts stand in one environment variable.</summary>
    public const string AccountKey = "dGhlIHRlc3RzJyBhY2NvdW50IGtleQ==";

    private const int Accounts = 1000;

    private readonly string script;
    private readonly string folder = Directory.CreateTempSubdirectory("azurite-").FullName;
    private readonly AzuriteAccessLog log = new();
    private readonly HttpClient probe;
    private Process? process;
    private volatile bool stopping;
    private int fences;
    private int accounts;

    private AzuriteServer(string script, X509Certificate2? certificate)
    {
        this.script = script;
        Certificate = certificate;
        var handler = new SocketsHttpHandler { UseProxy = false };
        if (certificate is not null)
            handler.SslOptions.RemoteCertificateValidationCallback = Trusts;
        probe = new HttpClient(handler) { Timeout = Patience.Limit };
    }

    /// <summary>The certificate of https; null for http.</summary>
    public X509Certificate2? Certificate { get; }

    public int BlobPort { get; private set; }

    public int TablePort { get; private set; }

    private string Scheme => Certificate is null ? "http" : "https";

    /// <summary>Starts one. With a certificate it speaks https and takes the tokens of <see cref="TestIdentity"/>.</summary>
    public static async Task<AzuriteServer> Start(X509Certificate2? certificate, CancellationToken cancellation)
    {
        var server = new AzuriteServer(Path.Combine(await NodePackages.Folder(), "azurite", "dist", "src", "azurite.js"), certificate);
        for (int attempt = 0; ; attempt++)
        {
            (server.BlobPort, server.TablePort) = (LoopbackPorts.Take(), LoopbackPorts.Take());
            try
            {
                await server.Start(cancellation);
                return server;
            }
            catch (PortTakenException) when (attempt < 10)
            {
                // Another process took it between our look and Azurite's.
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        }
    }

    /// <summary>An account that no other test uses: its requests can be counted, whatever runs beside it.</summary>
    public AzuriteAccount NewAccount()
    {
        int number = Interlocked.Increment(ref accounts);
        Assert.InRange(number, 1, Accounts - 1);
        return new AzuriteAccount(this, AccountName(number));
    }

    public Uri BlobService(string account) => new($"{Scheme}://127.0.0.1:{BlobPort}/{account}");

    public Uri TableService(string account) => new($"{Scheme}://127.0.0.1:{TablePort}/{account}");

    /// <summary>Whether a certificate is this server's: to be asked by clients, which trust nothing else.</summary>
    public bool Trusts(object? sender, X509Certificate? presented, X509Chain? chain, System.Net.Security.SslPolicyErrors errors) =>
        presented is not null && presented.GetRawCertData().AsSpan().SequenceEqual(Certificate!.RawData);

    /// <summary>Ends it in good order, with all data kept. Connections are refused from then on.</summary>
    public async Task Stop()
    {
        Process running = process ?? throw new InvalidOperationException("Azurite is not running");
        stopping = true;
        await running.StandardInput.WriteLineAsync("stop");
        await running.StandardInput.FlushAsync();
        using var limit = new CancellationTokenSource(Patience.Limit);
        await running.WaitForExitAsync(limit.Token);
        running.Dispose();
        process = null;
        stopping = false;
    }

    /// <summary>Starts it again where it was, on the data it had.</summary>
    public async Task Start(CancellationToken cancellation)
    {
        if (process is not null)
            throw new InvalidOperationException("Azurite is running");
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var errors = new List<string>();
        process = new Process { StartInfo = StartInfo(), EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null)
                return;
            if (AzuriteRequest.Parse(line.Data) is { } request)
                log.Add(request);
            else if (line.Data.StartsWith("Azurite Table service is successfully listening", StringComparison.Ordinal))
                listening.TrySetResult();
        };
        process.ErrorDataReceived += (_, line) =>
        {
            lock (errors)
                errors.Add(line.Data ?? "");
        };
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await Task.WhenAny(listening.Task, process.WaitForExitAsync(cancellation)).WaitAsync(Patience.Limit, cancellation);
        if (!listening.Task.IsCompleted)
            throw await StartFailure(process, errors);
        _ = TellEnd(process, errors);
        foreach (Uri service in (Uri[])[BlobService(AccountName(0)), TableService(AccountName(0))])
            (await probe.GetAsync(service, cancellation)).Dispose();
    }

    /// <summary>The requests to an account that were answered before this call.</summary>
    public async Task<AzuriteRequest[]> Requests(string account, CancellationToken cancellation)
    {
        // Azurite answers and logs in one thread, so when a later request is in the log, so is every earlier one.
        string fence = $"fence{Interlocked.Increment(ref fences)}";
        (await probe.GetAsync(BlobService(fence), cancellation)).Dispose();
        await log.First(fence).WaitAsync(Patience.Limit, cancellation);
        return log.Of(account);
    }

    public async ValueTask DisposeAsync()
    {
        stopping = true;
        if (process is not null)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        probe.Dispose();
        Certificate?.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static string AccountName(int number) => $"account{number}";

    private ProcessStartInfo StartInfo()
    {
        List<string> arguments =
        [
            Path.Combine(SourceTree.Tests, "Support", "azurite-host.cjs"), script,
            "--location", folder, "--disableTelemetry", "--skipApiVersionCheck",
            "--blobPort", $"{BlobPort}", "--tablePort", $"{TablePort}", "--queuePort", "0",

            // Node's five seconds would close a connection just when a client uses it again, and count as a retry.
            "--blobKeepAliveTimeout", "3600", "--tableKeepAliveTimeout", "3600",
        ];
        if (Certificate is not null)
            arguments.AddRange(["--oauth", "basic", .. TestIdentity.WriteCertificate(Certificate, folder)]);
        return new ProcessStartInfo("node", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["AZURITE_ACCOUNTS"] = string.Join(';', Enumerable.Range(0, Accounts).Select(i => $"{AccountName(i)}:{AccountKey}")) },
        };
    }

    // Every test that needs it fails from then on, each with a cause of its own that is none.
    private async Task TellEnd(Process running, List<string> errors)
    {
        await running.WaitForExitAsync();
        if (running != process || stopping)
            return;
        lock (errors)
            Console.Error.WriteLine($"Azurite at port {BlobPort} ended by itself, exit code {running.ExitCode}: {string.Join('\n', errors.TakeLast(40))}");
    }

    private async Task<Exception> StartFailure(Process failed, List<string> errors)
    {
        await failed.WaitForExitAsync();
        failed.Dispose();
        process = null;
        string text;
        lock (errors)
            text = string.Join('\n', errors);
        return text.Contains("EADDRINUSE", StringComparison.Ordinal) ? new PortTakenException(text) : new InvalidOperationException($"Azurite did not start: {text}");
    }

    private sealed class PortTakenException(string message) : Exception(message);
}
