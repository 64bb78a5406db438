using System.Buffers;
using Azure.Storage;
using Azure.Storage.Blobs.Specialized;
using Registry.Digests;
using Registry.Storage;
using Registry.Storage.Azure;
using Registry.Tests.Commands;
using Registry.Tests.Support;

namespace Registry.Tests.Import;

/// <summary>Where distribution's files are put, so that they can be taken over there.</summary>
internal sealed class TakeoverPlace(string kind, CommandPlace commands) : IAsyncDisposable
{
    private const int AppendedAtOnce = 4 * 1024 * 1024;

    /// <summary>The places: a container as the Azure driver of distribution 3 writes it, as that of distribution 2 does, also with layers as append blobs, and a data folder.</summary>
    public static TheoryData<string> Names => ["container", "container with a leading slash", "container with a leading slash and append blobs", "data folder"];

    public CommandPlace Commands => commands;

    private string Root => kind.Contains("slash", StringComparison.Ordinal) ? "/" : "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<TakeoverPlace> Open(string kind, DistributionFixture distribution)
    {
        var place = new TakeoverPlace(kind, await CommandPlace.Open(kind == "data folder" ? "server" : "azurite"));
        try
        {
            if (kind != "data folder")
                await place.Storage().Initialize(Cancel);
            foreach (var (path, file) in await distribution.Files())
                await place.Copy(path, file);
            return place;
        }
        catch
        {
            await place.DisposeAsync();
            throw;
        }
    }

    /// <summary>A registry on it, with more settings.</summary>
    public Task<RegistryServer> Serve(params KeyValuePair<string, string>[] more) => RegistryServer.Start([.. commands.Settings, .. more], Cancel);

    /// <summary>Distribution's path, as it is here.</summary>
    public string PathOf(Digest digest) => $"{Root}docker/registry/v2/blobs/sha256/{digest.Hex[..2]}/{digest.Hex}/data";

    /// <summary>The container, once a command has made it.</summary>
    public AzureStorage Storage() =>
        AzureStorage.FromConnectionString(commands.Settings["Storage:ConnectionString"], new AzureStorageOptions(commands.Settings["Storage:Container"], commands.Settings["Storage:TablePrefix"]));

    public ValueTask DisposeAsync() => commands.DisposeAsync();

    private async Task Copy(string path, string file)
    {
        if (kind == "data folder")
        {
            var target = Path.Combine(commands.Settings["Storage:RootDirectory"], "blobs", path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
            return;
        }

        var content = await File.ReadAllBytesAsync(file, Cancel);
        if (kind.EndsWith("append blobs", StringComparison.Ordinal) && path.EndsWith("/data", StringComparison.Ordinal))
            await Append(Root + path, content);
        else
            await Storage().Blobs.Put(Root + path, new ReadOnlySequence<byte>(content), BlobMetadata.None, Cancel);
    }

    private async Task Append(string path, byte[] content)
    {
        var connection = commands.Settings["Storage:ConnectionString"].Split(';').Select(part => part.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        var credential = new StorageSharedKeyCredential(connection["AccountName"], connection["AccountKey"]);
        var blob = new AppendBlobClient(new Uri($"{connection["BlobEndpoint"].TrimEnd('/')}/{commands.Settings["Storage:Container"]}/{path}"), credential);
        await blob.CreateAsync(cancellationToken: Cancel);
        foreach (var piece in content.Chunk(AppendedAtOnce))
        {
            using var body = new MemoryStream(piece);
            await blob.AppendBlockAsync(body, cancellationToken: Cancel);
        }
    }
}
