using FsCheck;
using FsCheck.Fluent;
using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>Arbitrary sequences on one upload, beside a model of the bytes it must have: every Range is true, and what is finished is what was sent.</summary>
public sealed class ArbitraryUploadTests(Stands stands) : ApiTests(stands)
{
    private const int Sequences = 60;

    private static readonly Gen<Step> steps =
        from kind in Gen.Frequency(
            (6, Gen.Constant(StepKind.Append)), (2, Gen.Constant(StepKind.Gap)), (2, Gen.Constant(StepKind.Repeat)), (1, Gen.Constant(StepKind.LyingRange)),
            (1, Gen.Constant(StepKind.WrongDigest)), (1, Gen.Constant(StepKind.WrongSize)), (2, Gen.Constant(StepKind.Cut)), (1, Gen.Constant(StepKind.Finish)), (1, Gen.Constant(StepKind.Cancel)))
        from size in Gen.Frequency((4, Gen.Choose(0, 5000)), (1, Gen.Choose(500_000, 1_200_000)))
        from announced in Gen.Elements(true, false)
        from chunked in Gen.Elements(true, false)
        from algorithm in Gen.Elements(DigestAlgorithm.Sha256, DigestAlgorithm.Sha512)
        select new Step(kind, size, announced, chunked, algorithm);

    [Theory, EveryStand(Direct = true)]
    public async Task Every_upload_has_the_bytes_that_it_says(string stand)
    {
        var api = await Open(stand);
        var seed = (ulong)(uint)TestSeed.Current;

        foreach (var sequence in Generated.Values(Gen.NonEmptyListOf(steps), Sequences, size: 12))
            await Run(api, Repository(), sequence, seed);
    }

    private static async Task Run(ApiClient api, string repository, IReadOnlyList<Step> sequence, ulong seed)
    {
        var upload = await api.BeginUpload(repository);
        var random = new Random((int)seed);
        List<byte> model = [];
        foreach (var step in sequence)
        {
            var chunk = new byte[step.Size];
            random.NextBytes(chunk);
            if (!await Take(api, repository, upload, model, step, chunk))
                return;
            (await api.Send($"GET {upload}")).Is(204).Has("Range", $"0-{Math.Max(0, model.Count - 1)}").Has("Location", upload);
        }

        await Finish(api, repository, upload, [.. model], DigestAlgorithm.Sha256);
    }

    /// <summary>Takes one step; false when it ended the upload.</summary>
    private static async Task<bool> Take(ApiClient api, string repository, string upload, List<byte> model, Step step, byte[] chunk)
    {
        string[] right = step.Announced && chunk.Length > 0 ? [$"Content-Range: {model.Count}-{model.Count + chunk.Length - 1}"] : [];
        switch (step.Kind)
        {
            case StepKind.Append:
                model.AddRange(chunk);
                (await api.Send($"PATCH {upload}", right, chunk, step.Chunked)).Is(202).Has("Range", $"0-{Math.Max(0, model.Count - 1)}");
                return true;
            case StepKind.Gap or StepKind.Repeat when chunk.Length > 0 && (step.Kind == StepKind.Gap || model.Count > 0):
                var from = step.Kind == StepKind.Gap ? model.Count + 1 : model.Count - 1;
                (await api.Send($"PATCH {upload}", [$"Content-Range: {from}-{from + chunk.Length - 1}"], chunk, step.Chunked)).IsError(416, "BLOB_UPLOAD_INVALID");
                return true;
            case StepKind.LyingRange when chunk.Length > 0:
                (await api.Send($"PATCH {upload}", [$"Content-Range: {model.Count}-{model.Count + chunk.Length}"], chunk, step.Chunked)).IsError(400, "SIZE_INVALID");
                return true;
            case StepKind.WrongDigest:
                (await api.Send($"PUT {upload}?digest={Absent}", right, chunk, step.Chunked)).IsError(400, "DIGEST_INVALID");
                return true;
            case StepKind.WrongSize:
                var whole = Digest.Compute(DigestAlgorithm.Sha256, [.. model, .. chunk]);
                (await api.Send($"PUT {upload}?digest={whole}&size={model.Count + chunk.Length + 1}", right, chunk, step.Chunked)).IsError(400, "SIZE_INVALID");
                return true;
            case StepKind.Cut:
                await RawHttp.Send(api.BaseAddress, $"PATCH {upload} HTTP/1.1\r\nHost: {api.BaseAddress.Authority}\r\nContent-Length: {chunk.Length + 1}\r\n\r\n", chunk, cut: true);
                await api.Resume(upload, model.Count, chunk);
                model.AddRange(chunk);
                return true;
            case StepKind.Finish:
                await Finish(api, repository, upload, [.. model], step.Algorithm);
                return false;
            case StepKind.Cancel:
                (await api.Send($"DELETE {upload}")).Is(204);
                (await api.Send($"GET {upload}")).IsError(404, "BLOB_UPLOAD_UNKNOWN");
                return false;
            default:
                return true;
        }
    }

    private static async Task Finish(ApiClient api, string repository, string upload, byte[] content, DigestAlgorithm algorithm)
    {
        var digest = Digest.Compute(algorithm, content);
        (await api.Send($"PUT {upload}?digest={digest}")).Is(201).Has("Docker-Content-Digest", digest.ToString());
        (await api.Send($"GET /v2/{repository}/blobs/{digest}")).Is(200).HasBody(content);
    }

    private enum StepKind
    {
        Append,
        Gap,
        Repeat,
        LyingRange,
        WrongDigest,
        WrongSize,

        /// <summary>A chunk whose sender goes away before its end.</summary>
        Cut,
        Finish,
        Cancel,
    }

    private sealed record Step(StepKind Kind, int Size, bool Announced, bool Chunked, DigestAlgorithm Algorithm);
}
