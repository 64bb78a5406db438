using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Registry.Storage.Azure;

/// <summary>Content in a container of Azure Blob storage, as block blobs. Each call is one storage transaction unless it says otherwise.</summary>
/// <remarks>Nothing is hashed on the way: the registry verifies a digest over what it received, and TLS guards the rest of the way.</remarks>
public sealed class AzureBlobDriver : IStorageDriver
{
    private const string RepositoryKey = "repository";
    private const string DigestKey = "digest";

    private readonly BlobContainerClient container;
    private readonly RecentBlobs recent = new();
    private readonly Func<Uri, BlockBlobClient> open;
    private readonly ReadUrlSigner signer;

    /// <param name="container">The container.</param>
    /// <param name="open">Makes a client of a blob's URL, with the container's credential and pipeline.</param>
    /// <param name="signer">Signs for the container's account.</param>
    internal AzureBlobDriver(BlobContainerClient container, Func<Uri, BlockBlobClient> open, ReadUrlSigner signer)
    {
        this.container = container;
        this.open = open;
        this.signer = signer;
    }

    /// <summary>Makes the container unless it is there. Looks first: an identity that may only use the container may not make it.</summary>
    public async Task Initialize(CancellationToken cancellation)
    {
        if (!await container.ExistsAsync(cancellation).OrFailure("find container", container.Name, cancellation))
            await container.CreateIfNotExistsAsync(cancellationToken: cancellation).OrFailure("create container", container.Name, cancellation);
    }

    public async Task<BlobStat?> Find(string path, CancellationToken cancellation)
    {
        BlobLimits.CheckPath(path);
        try
        {
            BlobProperties found = await Blob(path).GetPropertiesAsync(cancellationToken: cancellation).OrFailure("find", path, cancellation);
            return new BlobStat(found.ContentLength, found.LastModified, FromHeaders(found.Metadata));
        }
        catch (StorageFailedException e) when (IsAbsent(e))
        {
            return null;
        }
    }

    /// <inheritdoc/>
    /// <remarks>A range of no bytes is not asked for, so a missing blob shows there as an empty stream.</remarks>
    public async Task<Stream> Open(string path, long offset, long? length, CancellationToken cancellation)
    {
        BlobLimits.CheckRange(path, offset, length);
        cancellation.ThrowIfCancellationRequested();
        if (length == 0)
            return Stream.Null;

        // A range that ends beyond the largest number would wrap around on the wire.
        var range = new HttpRange(offset, length > long.MaxValue - offset ? null : length);
        try
        {
            var options = new BlobDownloadOptions { Range = range };
            BlobDownloadStreamingResult found = await Blob(path).DownloadStreamingAsync(options, cancellation).OrFailure("open", path, cancellation);
            return new BlobReadStream(found.Content, path);
        }
        catch (StorageFailedException e) when (e.Status == 416)
        {
            // The blob is there and ends before the range begins.
            return Stream.Null;
        }
        catch (StorageFailedException e) when (IsAbsent(e))
        {
            throw new StorageNotFoundException(path, e);
        }
    }

    public async Task Put(string path, ReadOnlySequence<byte> content, BlobMetadata metadata, CancellationToken cancellation)
    {
        BlobLimits.CheckPath(path);
        using var body = new SequenceStream(content);
        var options = new BlobUploadOptions
        {
            Metadata = ToHeaders(metadata),

            // One Put Blob, whatever the size: what is not below this the library stages and commits.
            TransferOptions = new StorageTransferOptions { InitialTransferSize = content.Length + 1 },
        };
        await Blob(path).UploadAsync(body, options, cancellation).OrFailure("put", path, cancellation);
    }

    public async Task StageBlock(string path, string blockId, ReadOnlySequence<byte> content, CancellationToken cancellation)
    {
        BlobLimits.CheckBlock(path, blockId, content);
        using var body = new SequenceStream(content);
        try
        {
            await Blob(path).StageBlockAsync(Encode(blockId), body, cancellationToken: cancellation);
        }
        catch (Exception e) when (AzureFailure.IsStorage(e, cancellation))
        {
            // Not OrFailure, which is one object more for each block.
            throw AzureFailure.Of(e, "stage block", path);
        }
    }

    public async Task CommitBlocks(string path, IReadOnlyList<string> blockIds, BlobMetadata metadata, CancellationToken cancellation)
    {
        BlobLimits.CheckBlockList(path, blockIds);
        var options = new CommitBlockListOptions { Metadata = ToHeaders(metadata) };
        try
        {
            // The library lists each block as "Latest": the staged one, or else the committed one, so that a repeated commit finds its blocks.
            await Blob(path).CommitBlockListAsync(blockIds.Select(Encode), options, cancellation).OrFailure("commit blocks", path, cancellation);
        }
        catch (StorageFailedException e) when (e.Code == BlobErrorCode.InvalidBlockList)
        {
            throw new StorageNotFoundException(path, e);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Snapshots that an operator took of it go with it; they would hold the blob for ever otherwise.</remarks>
    public async Task<bool> Delete(string path, CancellationToken cancellation)
    {
        BlobLimits.CheckPath(path);
        try
        {
            await Blob(path).DeleteAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellation).OrFailure("delete", path, cancellation);
            return true;
        }
        catch (StorageFailedException e) when (IsAbsent(e))
        {
            return false;
        }
    }

    /// <inheritdoc/>
    /// <remarks>One transaction for each 5,000 blobs.</remarks>
    public async IAsyncEnumerable<BlobListing> List(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        IAsyncEnumerable<Page<BlobItem>> listing = container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, prefix, cancellation).AsPages();
        await using IAsyncEnumerator<Page<BlobItem>> pages = listing.GetAsyncEnumerator(cancellation);
        while (await pages.MoveNextAsync().AsTask().OrFailure("list", prefix, cancellation))
        {
            foreach (BlobItem item in pages.Current.Values)
            {
                BlobItemProperties found = item.Properties;
                yield return new BlobListing(item.Name, new(found.ContentLength ?? 0, found.LastModified ?? default, FromHeaders(item.Metadata)));
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>No transaction with an account key; under an identity one a day, for the key that signs.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">A lifetime that is not positive, or longer than <see cref="ReadUrlSigner.MaxLifetime"/>.</exception>
    public async ValueTask<Uri?> SignReadUrl(string path, TimeSpan lifetime, CancellationToken cancellation)
    {
        BlobLimits.CheckPath(path);
        return await signer.Sign(container.Name, path, Blob(path).Uri, lifetime, cancellation);
    }

    private BlockBlobClient Blob(string path) => recent.Get(path, this, static (path, driver) => driver.NewBlob(path));

    /// <summary>A client of one blob. The container's own way to make one drops a slash in front, which would be another blob.</summary>
    private BlockBlobClient NewBlob(string path) =>
        path[0] != '/' ? container.GetBlockBlobClient(path) : open(new Uri($"{container.Uri.AbsoluteUri}/{Escape(path)}"));

    private static string Escape(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    private static string Encode(string blockId)
    {
        Span<byte> ascii = stackalloc byte[BlobLimits.MaxBlockIdLength];
        return Convert.ToBase64String(ascii[..Encoding.ASCII.GetBytes(blockId, ascii)]);
    }

    /// <summary>Whether the blob is absent, and not the container, whose absence must not pass for that of every blob.</summary>
    private static bool IsAbsent(StorageFailedException failure) => failure.Code == BlobErrorCode.BlobNotFound;

    private static Dictionary<string, string> ToHeaders(BlobMetadata metadata)
    {
        var headers = new Dictionary<string, string>(2);
        Add(RepositoryKey, metadata.Repository);
        Add(DigestKey, metadata.Digest);
        return headers;

        void Add(string key, string? value)
        {
            if (value is null)
                return;

            // A header is sent as ASCII and is signed; storage trims it.
            if (value.Length == 0 || value.AsSpan().ContainsAnyExceptInRange('!', '~'))
                throw new ArgumentException($"metadata '{key}' is not printable ASCII without spaces", nameof(metadata));
            headers.Add(key, value);
        }
    }

    private static BlobMetadata FromHeaders(IDictionary<string, string> headers) =>
        headers.Count == 0 ? BlobMetadata.None : new(Value(headers, RepositoryKey), Value(headers, DigestKey));

    private static string? Value(IDictionary<string, string> headers, string key) => headers.TryGetValue(key, out string? value) ? value : null;
}
