using System.IO.Pipelines;
using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Repositories;
using Registry.Storage;

namespace Registry.Layers;

/// <summary>Layers of repositories: stat, fetch, upload, resume, mount, delete. Content is never visible to a repository without a link of its own.</summary>
public sealed class LayerService
{
    private readonly LayerUploadContext context;

    public LayerService(IStorageDriver driver, ITableStore tables, UploadOptions uploads, CollectionOptions collection, TimeProvider time, IdSource ids)
    {
        context = new LayerUploadContext(
            driver, new LayerUploadStore(tables, ids), new LayerLinks(tables, collection), new SlabPool(uploads, time), uploads, collection, time, ids);
    }

    /// <summary>Tells whether the repository holds the layer; null when it does not. A push that relies on the answer is safe: an old link is renewed.</summary>
    public Task<LayerLink?> Find(RepositoryName repository, Digest digest, CancellationToken cancellation) =>
        context.Links.FindRenewed(repository, digest, cancellation);

    /// <summary>Opens a layer for reading. One transaction; the content is fetched when it is read.</summary>
    /// <exception cref="RegistryException"><c>BLOB_UNKNOWN</c></exception>
    public async Task<Layer> Open(RepositoryName repository, Digest digest, CancellationToken cancellation)
    {
        var link = await context.Links.Find(repository, digest, cancellation) ?? throw Unknown(digest);
        return new Layer(context.Driver, link);
    }

    /// <summary>Makes a URL by which the layer can be read for that long, or null where storage has none.</summary>
    public ValueTask<Uri?> SignReadUrl(Layer layer, TimeSpan lifetime, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return context.Driver.SignReadUrl(layer.Path, lifetime, cancellation);
    }

    /// <summary>Begins an upload. The algorithm is a hint: the finish may name a digest of another.</summary>
    public async Task<LayerUpload> Start(RepositoryName repository, DigestAlgorithm algorithm, CancellationToken cancellation) =>
        new(context, await context.Store.Insert(NewState(repository, algorithm), cancellation));

    /// <summary>Takes up an upload that any instance began.</summary>
    /// <exception cref="RegistryException"><c>BLOB_UPLOAD_UNKNOWN</c>: no such upload, or it was left alone for too long.</exception>
    public async Task<LayerUpload> Resume(RepositoryName repository, Guid id, CancellationToken cancellation)
    {
        var state = await context.Store.Find(repository, id, cancellation) ?? throw UploadErrors.Unknown(id);
        if (state.IsExpired(context.Uploads.MaxIdle))
            throw new RegistryException(
                RegistryError.BlobUploadUnknown,
                $"the upload was left alone for more than {context.Uploads.MaxIdle.TotalDays:0.#} days and has expired; begin a new one",
                new UploadDetail(id));
        return new LayerUpload(context, state);
    }

    /// <summary>Stores a layer that comes whole in one request (end-4b). Nobody learns of an upload that could be resumed, so there is no row for it.</summary>
    /// <remarks>A crash before the link leaves blocks that storage drops, or a blob without any row, which the collector removes by its age.</remarks>
    /// <exception cref="RegistryException"><c>DIGEST_INVALID</c>, <c>SIZE_INVALID</c></exception>
    /// <exception cref="ClientGoneException">The client went away; nothing is kept.</exception>
    public Task<LayerLink> Upload(RepositoryName repository, Digest digest, PipeReader body, CancellationToken clientGone) =>
        new LayerUpload(context, NewState(repository, digest.Algorithm)).Finish(digest, null, body, null, clientGone);

    /// <summary>Gives the repository a layer that another holds. Null when there is nothing to mount.</summary>
    /// <param name="repository">Who gets it.</param>
    /// <param name="digest">What.</param>
    /// <param name="from">Who must hold it; null for any repository that <paramref name="mayRead"/> allows.</param>
    /// <param name="mayRead">Whether the caller may pull from a repository.</param>
    /// <param name="cancellation">Ends the call.</param>
    public Task<LayerLink?> Mount(
        RepositoryName repository, Digest digest, RepositoryName? from, Func<RepositoryName, bool> mayRead, CancellationToken cancellation) =>
        context.Links.Mount(repository, digest, from, mayRead, cancellation);

    /// <summary>Takes the layer from the repository; other repositories keep it.</summary>
    /// <exception cref="RegistryException"><c>BLOB_UNKNOWN</c></exception>
    public async Task Delete(RepositoryName repository, Digest digest, CancellationToken cancellation)
    {
        if (!await context.Links.Delete(repository, digest, cancellation))
            throw Unknown(digest);
    }

    private LayerUploadState NewState(RepositoryName repository, DigestAlgorithm algorithm)
    {
        using var hash = ResumableHash.Create(algorithm.Hash);
        return new LayerUploadState { Repository = repository, Id = context.Ids.NewUuid(), Hash = hash.Save() };
    }

    /// <summary>The error for a layer that the repository does not hold.</summary>
    public static RegistryException Unknown(Digest digest) => new(RegistryError.BlobUnknown, detail: new DigestDetail(digest.ToString()));
}
