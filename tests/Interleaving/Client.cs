using System.Buffers;
using System.IO.Pipelines;
using Registry.Digests;
using Registry.Errors;
using Registry.Layers;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Repositories;
using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Interleaving;

/// <summary>What a client sees of a request: the status, and the offset where the answer tells one.</summary>
internal readonly record struct Answer(int Status, long? Offset = null)
{
    public static readonly Answer Ok = new(200);

    public override string ToString() => Offset is { } offset ? $"{Status} at {offset}" : $"{Status}";
}

/// <summary>Requests to one instance, made of the same calls as the functions make; what is acknowledged goes into the ledger.</summary>
internal sealed class Client(LayerService layers, ManifestService manifests, RestoreService restoring, Ledger ledger, TimeProvider clock)
{
    private static CancellationToken None => CancellationToken.None;

    /// <summary>POST: begins an upload.</summary>
    public async Task<Guid> Start(RepositoryName repository) =>
        (await layers.Start(repository, DigestAlgorithm.Sha256, None)).Id;

    /// <summary>GET of an upload.</summary>
    public Task<Answer> Status(RepositoryName repository, Guid id) => Send(async () =>
    {
        var upload = await layers.Resume(repository, id, None);
        await upload.RequireUnfinished(None);
        return new Answer(204, upload.Offset);
    });

    /// <summary>PATCH. Without <paramref name="from"/> it has no Content-Range.</summary>
    public Task<Answer> Patch(RepositoryName repository, Guid id, byte[] content, long? from = null) => Send(async () =>
    {
        var upload = await layers.Resume(repository, id, None);
        await upload.Append(Body(content), Range(from, content), None);
        ledger.Append(id, upload.Offset, content);
        return new Answer(202, upload.Offset);
    });

    /// <summary>PUT, with the last bytes or none.</summary>
    public Task<Answer> Put(RepositoryName repository, Guid id, Digest digest, byte[]? content = null, long? from = null) => Send(async () =>
    {
        var upload = await layers.Resume(repository, id, None);
        await upload.Finish(digest, null, content is null ? null : Body(content), content is null ? null : Range(from, content), None);
        ledger.Store(repository, digest, clock.GetUtcNow());
        return new Answer(201);
    });

    /// <summary>DELETE of an upload.</summary>
    public Task<Answer> Cancel(RepositoryName repository, Guid id) => Send(async () =>
    {
        var upload = await layers.Resume(repository, id, None);
        await upload.Cancel(None);
        return new Answer(204);
    });

    /// <summary>POST with the whole blob.</summary>
    public Task<Answer> Post(RepositoryName repository, byte[] content, Digest? named = null) => Send(async () =>
    {
        var digest = named ?? Of(content);
        await layers.Upload(repository, digest, Body(content), None);
        ledger.Store(repository, digest, clock.GetUtcNow());
        return new Answer(201);
    });

    /// <summary>POST with mount; 202 when there is nothing to mount.</summary>
    public Task<Answer> Mount(RepositoryName repository, Digest digest, RepositoryName? from) => Send(async () =>
    {
        if (await layers.Mount(repository, digest, from, _ => true, None) is null)
            return new Answer(202);
        ledger.Store(repository, digest, clock.GetUtcNow());
        return new Answer(201);
    });

    /// <summary>DELETE of a blob.</summary>
    public Task<Answer> Delete(RepositoryName repository, Digest digest) => Send(async () =>
    {
        ledger.Doubt(repository, digest);
        await layers.Delete(repository, digest, None);
        return new Answer(202);
    });

    /// <summary>HEAD and GET of a blob: 200 when it is there, and is what it should be.</summary>
    public Task<Answer> Head(RepositoryName repository, Digest digest) => Send(async () =>
    {
        await using var layer = await layers.Open(repository, digest, None);
        var bytes = await Content.ReadAll(layer, None);
        if (!Is(bytes, digest))
            throw new InvariantException($"{repository} reads {digest} as other bytes");
        return Answer.Ok;
    });

    /// <summary>Whether these bytes may be given to whoever asks for the digest.</summary>
    public static bool Is(byte[] content, Digest digest) =>
        (digest.Algorithm.IsHash ? Digest.Compute(digest.Algorithm, content) : TarSumOf(content)) == digest;

    public static Digest TarSumOf(byte[] archive) =>
        World.Require(TarSum.Compute(new MemoryStream(archive), TarSumLimits.For(archive.Length, long.MaxValue), None));

    /// <summary>HEAD of a blob, as a client asks that would spare itself an upload: 200 or 404.</summary>
    public Task<Answer> Has(RepositoryName repository, Digest digest) => Send(async () =>
        await layers.Find(repository, digest, None) is null ? new Answer(404) : Answer.Ok);

    /// <summary>PUT of a manifest, by a tag or by its digest.</summary>
    public Task<Answer> Put(RepositoryName repository, Image image, string? tag = null) => Send(async () =>
    {
        var reference = tag is null ? Reference.To(image.Digest) : Reference.To(Tag.Parse(tag));
        await manifests.Put(repository, reference, [], image.MediaType, image.Content, None);
        ledger.StoreManifest(repository, image);
        return new Answer(201);
    });

    /// <summary>GET of a manifest by digest.</summary>
    public Task<Answer> GetManifest(RepositoryName repository, Digest digest) => Send(async () =>
    {
        var manifest = await manifests.Get(repository, Reference.To(digest), None);
        return Of(manifest.Content.ToArray()) == digest ? Answer.Ok : throw new InvariantException($"{repository} reads {digest} as other bytes");
    });

    /// <summary>DELETE of a manifest.</summary>
    public Task<Answer> DeleteManifest(RepositoryName repository, Digest digest) => Send(async () =>
    {
        ledger.Doubt(repository, digest);
        await manifests.Delete(repository, Reference.To(digest), None);
        return new Answer(202);
    });

    /// <summary>DELETE of a tag.</summary>
    public Task<Answer> DeleteTag(RepositoryName repository, string tag) => Send(async () =>
    {
        await manifests.Delete(repository, Reference.To(Tag.Parse(tag)), None);
        return new Answer(202);
    });

    /// <summary>Restores a manifest, by its digest or by a tag that it had: 201, or 404 when it or what it needs is gone, or 409 when the tag is in use.</summary>
    public Task<Answer> Restore(RepositoryName repository, Image image, string? tag = null) => Send(async () =>
    {
        var restored = await restoring.Restore(repository, tag is null ? Reference.To(image.Digest) : Reference.To(Tag.Parse(tag)), None);
        if (restored.Where(r => r.Digest == image.Digest).All(r => r.Problem is not null))
            return new Answer(404);
        ledger.StoreManifest(repository, image);
        return new Answer(restored.Any(r => r.Problem is not null) ? 409 : 201);
    });

    public static Digest Of(byte[] content) => Digest.Compute(DigestAlgorithm.Sha256, content);

    public static Digest Of512(byte[] content) => Digest.Compute(DigestAlgorithm.Sha512, content);

    private static PipeReader Body(byte[] content) => PipeReader.Create(new ReadOnlySequence<byte>(content));

    private static ChunkRange? Range(long? from, byte[] content) => from is { } start ? new ChunkRange(start, content.Length) : null;

    private static async Task<Answer> Send(Func<Task<Answer>> request)
    {
        try
        {
            return await request();
        }
        catch (RegistryException e)
        {
            return new Answer(e.Error.Status, e.Problems[0].Detail is UploadDetail detail ? detail.Offset : null);
        }
        catch (StorageFailedException)
        {
            return new Answer(503);
        }
    }
}
