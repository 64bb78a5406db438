using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;

namespace Registry.Storage.Azure;

/// <summary>A storage account as the registry's storage: blobs for content, tables for state.</summary>
public sealed class AzureStorage
{
    private readonly AzureBlobDriver blobs;

    private readonly StorageClock clock;

    private AzureStorage(AzureBlobDriver blobs, AzureTableStore tables, StorageClock clock)
    {
        this.clock = clock;
        this.blobs = blobs;
        Tables = tables;
    }

    public IStorageDriver Blobs => blobs;

    public ITableStore Tables { get; }

    /// <summary>Storage's time less ours at its last answer, to about a second; null before the first.</summary>
    public TimeSpan? ClockSkew => clock.Skew;

    /// <summary>An account reached with its key.</summary>
    /// <param name="connectionString">As the portal shows it, or <c>UseDevelopmentStorage=true</c> for Azurite on its usual ports.</param>
    /// <param name="options">Where in the account.</param>
    /// <exception cref="FormatException">The connection string is wrong. The message is one line, and has no value of it.</exception>
    public static AzureStorage FromConnectionString(string connectionString, AzureStorageOptions options)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        ArgumentNullException.ThrowIfNull(options);
        var connection = StorageConnection.Parse(connectionString);
        var clock = new StorageClock(options.Time);
        options = options with { Clock = clock };
        var credential = new StorageSharedKeyCredential(connection.Account, connection.Key);
        BlobClientOptions pipeline = BlobPipeline(options);
        var service = new BlobServiceClient(connection.BlobService, credential, pipeline);
        var driver = new AzureBlobDriver(
            service.GetBlobContainerClient(options.Container),
            uri => new BlockBlobClient(uri, credential, pipeline),
            new AccountKeySigner(credential, options.Time));
        var key = new TableSharedKeyPolicy(connection.Account, connection.Key);
        return new(driver, new AzureTableStore(connection.TableService, key, options), clock);
    }

    /// <summary>An account reached with an identity, which needs the roles Storage Blob Data Contributor, Storage Table Data Contributor and, to sign URLs, Storage Blob Delegator.</summary>
    /// <param name="blobService">Such as <c>https://account.blob.core.windows.net</c>.</param>
    /// <param name="tableService">Such as <c>https://account.table.core.windows.net</c>.</param>
    /// <param name="identity">Gives the tokens.</param>
    /// <param name="options">Where in the account.</param>
    /// <exception cref="ArgumentException">A service that is not reached by https: a token must not be sent in the clear.</exception>
    public static AzureStorage FromIdentity(Uri blobService, Uri tableService, TokenCredential identity, AzureStorageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        CheckHttps(blobService, nameof(blobService));
        CheckHttps(tableService, nameof(tableService));
        var clock = new StorageClock(options.Time);
        options = options with { Clock = clock };
        BlobClientOptions pipeline = BlobPipeline(options);
        var service = new BlobServiceClient(blobService, identity, pipeline);
        var driver = new AzureBlobDriver(
            service.GetBlobContainerClient(options.Container),
            uri => new BlockBlobClient(uri, identity, pipeline),
            new DelegationKeySigner(service, options.Time));
        return new(driver, new AzureTableStore(tableService, identity, options), clock);
    }

    /// <summary>Makes the container unless it is there. Tables are made one by one, with <see cref="ITableStore.CreateTable"/>.</summary>
    public Task Initialize(CancellationToken cancellation) => blobs.Initialize(cancellation);

    private static BlobClientOptions BlobPipeline(AzureStorageOptions options)
    {
        var pipeline = new BlobClientOptions { Transport = options.Transport };
        AzureRetry.ForBlobs(pipeline.Retry);
        AzureTransport.LeaveDiagnosticsToHttp(pipeline.Diagnostics);
        if (options.Clock is { } clock)
            pipeline.AddPolicy(clock, HttpPipelinePosition.PerRetry);
        return pipeline;
    }

    private static void CheckHttps(Uri service, string name)
    {
        ArgumentNullException.ThrowIfNull(service, name);
        if (!service.IsAbsoluteUri || service.Scheme != Uri.UriSchemeHttps)
            throw new ArgumentException("with an identity, storage is reached by https only", name);
    }
}
