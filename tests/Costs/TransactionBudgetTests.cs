using Registry.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Costs;

/// <summary>
/// What each operation costs in storage transactions, counted where storage counts them: in Azurite's access log. Deletes of blobs are left out, as
/// they are free on Azure. A row that becomes cheaper or dearer fails: its number belongs here and in docs/cost.md.
/// </summary>
public sealed class TransactionBudgetTests(AzuriteFixture azurite)
{
    private const int KiB = 1024;
    private const int MiB = 1024 * KiB;

    private static readonly byte[] content = Content.Bytes(1, MiB);
    private static readonly Digest digest = Digest.Compute(DigestAlgorithm.Sha256, content);
    private static readonly TestImage image = SmallImages.Image("image", "a");

    /// <summary>Each operation by name. What is prepared (an upload's location, a digest) is what the operation is done with.</summary>
    private static readonly Dictionary<string, Operation> operations = new(StringComparer.Ordinal)
    {
        ["POST upload"] = new(1, 1, Nothing, (c, _) => c.Api.Send("POST /v2/app/blobs/uploads/")),
        ["PATCH 64 KiB"] = new(2, 2, Begun, (c, upload) => c.Patch(upload, 64 * KiB)),
        ["PATCH 1 MiB"] = new(3, 3, Begun, (c, upload) => c.Patch(upload, MiB)),
        ["PATCH 64 MiB"] = new(10, 10, Begun, (c, upload) => c.Patch(upload, 64 * MiB)),
        ["PATCH 1 GiB"] = new(145, 145, Begun, (c, upload) => c.Patch(upload, 1024L * MiB)),
        ["GET upload status"] = new(1, 1, Begun, (c, upload) => c.Api.Send($"GET {upload}")),
        ["PUT finish, new content"] = new(4, 4, Patched, Put),
        ["PUT finish, content existed"] = new(6, 6, async c => await Pushed(c, "other") is not null ? await Patched(c) : "", Put),
        ["PUT with the whole body, 1 MiB"] = new(5, 5, Begun, (c, upload) => c.Api.Send($"PUT {upload}?digest={digest}", body: content)),
        ["PUT finish, repeated"] = new(2, 2, Finished, Put),
        ["single POST, 1 MiB"] = new(3, 3, Nothing, (c, _) => c.Api.Send($"POST /v2/app/blobs/uploads/?digest={digest}", body: content)),
        ["single POST, 100 KiB"] = new(3, 2, Nothing, (c, _) => c.Api.Send($"POST /v2/app/blobs/uploads/?digest={Digest.Compute(DigestAlgorithm.Sha256, content.AsSpan(0, 100 * KiB))}", body: content[..(100 * KiB)])),
        ["cancel"] = new(2, 2, Begun, (c, upload) => c.Api.Send($"DELETE {upload}")),
        ["HEAD blob, present"] = new(1, 1, Pushed, (c, _) => c.Api.Send($"HEAD /v2/app/blobs/{digest}")),
        ["HEAD blob, absent"] = new(1, 1, Nothing, (c, _) => c.Api.Send($"HEAD /v2/app/blobs/{digest}")),
        ["GET blob, redirected"] = new(1, 1, Pushed, (c, _) => c.Api.Send($"GET /v2/app/blobs/{digest}")) { Redirect = true },
        ["GET blob, proxied"] = new(2, 2, Pushed, (c, _) => c.Api.Send($"GET /v2/app/blobs/{digest}")),
        ["DELETE blob"] = new(1, 1, Pushed, (c, _) => c.Api.Send($"DELETE /v2/app/blobs/{digest}")),
        ["mount"] = new(2, 2, Pushed, (c, _) => c.Api.Send($"POST /v2/other/blobs/uploads/?mount={digest}&from=app")),
        ["mount that fails"] = new(2, 2, Nothing, (c, _) => c.Api.Send($"POST /v2/other/blobs/uploads/?mount={digest}&from=app")),
        ["PUT manifest, config + 3 layers, in a known repository"] = new(7, 7, c => Blobs(c, SmallImages.Image("three", "a", "b", "c")), (c, _) => c.Api.Put("app", SmallImages.Image("three", "a", "b", "c"), "v1")),
        ["PUT manifest, the first with a tag of its process"] = new(8, 8, async c => await Blobs(c, SmallImages.Image("three", "a", "b", "c")) is not null && await c.Restart() && (await c.Api.Put("app", image, image.Digest.ToString())).Is(201) is not null ? "" : "", (c, _) => c.Api.Put("app", SmallImages.Image("three", "a", "b", "c"), "v1")),
        ["PUT manifest under an immutable tag"] = new(8, 8, async c => await Immutable(c), (c, _) => c.Api.Put("app", SmallImages.Image("three", "a", "b", "c"), "v1")),
        ["PUT manifest under an immutable tag, refused"] = new(6, 6, async c => $"{await Immutable(c)}{(await c.Api.Put("app", image, "v1")).Is(201)}", async (c, _) => (await c.Api.Put("app", SmallImages.Image("three", "a", "b", "c"), "v1")).Is(409)),
        ["PUT manifest with subject, config + 1 layer"] = new(5, 5, c => Blobs(c, Signature), (c, _) => c.Api.Put("app", Signature, Signature.Digest.ToString())),
        ["GET manifest by tag, cold"] = new(2, 2, async c => await Tagged(c, 1) is var reference && await c.Restart() ? reference : "", (c, _) => c.Api.Send("GET /v2/app/manifests/tag0")),
        ["GET manifest by tag, warm"] = new(1, 1, async c => await Tagged(c, 1) is not null ? $"{(await c.Api.Send("GET /v2/app/manifests/tag0")).Is(200)}" : "", (c, _) => c.Api.Send("GET /v2/app/manifests/tag0")),
        ["HEAD manifest by digest"] = new(1, 1, c => Tagged(c, 1), (c, manifest) => c.Api.Send($"HEAD /v2/app/manifests/{manifest}")),
        ["DELETE manifest with 100 tags"] = new(5, 5, c => Tagged(c, 100), (c, manifest) => c.Api.Send($"DELETE /v2/app/manifests/{manifest}")),
        ["DELETE manifest with 1 tag"] = new(3, 3, c => Tagged(c, 1), (c, manifest) => c.Api.Send($"DELETE /v2/app/manifests/{manifest}")),
        ["DELETE tag"] = new(2, 2, c => Tagged(c, 1), (c, _) => c.Api.Send("DELETE /v2/app/manifests/tag0")),
        ["tags/list, 100 tags"] = new(1, 1, c => Tagged(c, 100), (c, _) => c.Api.Send("GET /v2/app/tags/list")),
        ["_catalog"] = new(1, 1, c => Tagged(c, 1), (c, _) => c.Api.Send("GET /v2/_catalog")),
        ["referrers"] = new(1, 1, c => Blobs(c, Signature), (c, _) => c.Api.Send($"GET /v2/app/referrers/{image.Digest}")),
        ["skopeo push of config + 3 × 1 MiB, in a known repository"] = new(45, 45, async c => await Tagged(c, 1) is not null ? await c.WriteImage() : "", (c, layout) => CountedRegistry.Skopeo("copy", $"oci:{layout}:v1", c.Image)),
        ["skopeo push of the same again"] = new(14, 10, async c => await c.WriteImage() is var layout && await CountedRegistry.Skopeo("copy", $"oci:{layout}:v1", c.Image) ? layout : "", (c, layout) => CountedRegistry.Skopeo("copy", $"oci:{layout}:v1", c.Image)),
        ["skopeo pull"] = new(10, 10, async c => await c.WriteImage() is var layout && await CountedRegistry.Skopeo("copy", $"oci:{layout}:v1", c.Image) ? layout : "", (c, layout) => CountedRegistry.Skopeo("copy", c.Image, $"oci:{layout}-back:v1")),
    };

    public static TheoryData<string> Names => [.. operations.Keys];

    private static TestImage Signature => SmallImages.Image("signature", "s").WithSubject(image);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task An_operation_costs_what_it_says(string name)
    {
        var operation = operations[name];
        await using var registry = await CountedRegistry.Start(await azurite.NewAccount(), operation.Redirect, TestContext.Current.CancellationToken);
        var prepared = await operation.Prepare(registry);

        var paid = await registry.Paid(() => operation.Act(registry, prepared));

        Assert.True(
            paid.Count == operation.Reached && paid.Count <= operation.Budget,
            $"{name}: {paid.Count} transactions, where {operation.Reached} are expected and {operation.Budget} allowed:\n{string.Join('\n', paid)}");
    }

    private static Task<string> Nothing(CountedRegistry registry) => Task.FromResult("");

    private static Task<string> Begun(CountedRegistry registry) => registry.Api.BeginUpload("app");

    private static async Task<string> Patched(CountedRegistry registry)
    {
        var upload = await Begun(registry);
        (await registry.Api.Send($"PATCH {upload}", body: content)).Is(202);
        return upload;
    }

    private static async Task<string> Finished(CountedRegistry registry)
    {
        var upload = await Patched(registry);
        await Put(registry, upload);
        return upload;
    }

    private static async Task<object> Put(CountedRegistry registry, string upload) => (await registry.Api.Send($"PUT {upload}?digest={digest}")).Is(201);

    private static Task<string> Pushed(CountedRegistry registry) => Pushed(registry, "app");

    private static async Task<string> Pushed(CountedRegistry registry, string repository) => (await registry.Api.PushBlob(repository, content)).ToString();

    /// <summary>Pushes what an image refers to, in a repository that has one already.</summary>
    private static async Task<string> Blobs(CountedRegistry registry, TestImage of)
    {
        await registry.Api.Push("app", image, "first");
        foreach (var blob in of.Blobs)
            await registry.Api.PushBlob("app", blob);
        return "";
    }

    private static async Task<string> Immutable(CountedRegistry registry)
    {
        await registry.Command("immutable", "add", "*", "v*");
        return await Blobs(registry, SmallImages.Image("three", "a", "b", "c"));
    }

    private static async Task<string> Tagged(CountedRegistry registry, int tags)
    {
        await registry.Api.Push("app", image);
        foreach (var tag in Enumerable.Range(0, tags))
            (await registry.Api.Put("app", image, $"tag{tag}")).Is(201);
        return image.Digest.ToString();
    }

    /// <param name="Budget">The most it may cost.</param>
    /// <param name="Reached">What it costs.</param>
    /// <param name="Prepare">Makes what it needs.</param>
    /// <param name="Act">Does it.</param>
    private sealed record Operation(int Budget, int Reached, Func<CountedRegistry, Task<string>> Prepare, Func<CountedRegistry, string, Task> Act)
    {
        public bool Redirect { get; init; }
    }
}
