using Registry.Digests;
using Registry.Manifests;
using Registry.Tests.Digests;
using Registry.Tests.Manifests.Schema1;
using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>Schema 1 manifests as clients of that time pushed and pulled them: docker 1.6 to 1.9 named no type in either direction, and knew tags only; later ones did both.</summary>
public sealed class Schema1Tests(Stands stands) : ApiTests(stands)
{
    private const string Refusing = "Manifests:AcceptSchema1=false";

    private static readonly string[] signedType = [$"Content-Type: {MediaTypes.Schema1Signed}"];
    private static readonly string[] plainType = [$"Content-Type: {MediaTypes.Schema1}"];

    [Theory, EveryStand]
    public async Task A_signed_manifest_is_pushed_and_pulled_as_docker_did_before_there_were_types(string stand)
    {
        var api = await Open(stand);
        var (repository, payload) = await Pushed(api, "base", "top");
        var digest = DigestOf(payload);
        var signed = Schema1Samples.Sign(payload, "ES256");

        (await api.Send($"PUT /v2/{repository}/manifests/v1", body: signed)).Is(201)
            .Has("Location", $"/v2/{repository}/manifests/{digest}").Has("Docker-Content-Digest", digest.ToString());

        foreach (var reference in (string[])["v1", digest.ToString()])
        {
            var pulled = (await api.Send($"GET /v2/{repository}/manifests/{reference}")).Is(200).HasBody(signed)
                .Has("Content-Type", MediaTypes.Schema1Signed).Has("Docker-Content-Digest", digest.ToString())
                .Has("ETag", $"\"{DigestOf(signed)}\"").Has("Cache-Control", "no-cache");
            (await api.Send($"HEAD /v2/{repository}/manifests/{reference}")).Is(200).Has("Content-Length", $"{signed.Length}").Has("ETag", pulled.Header("ETag"));
            (await api.Send($"GET /v2/{repository}/manifests/{reference}", [$"If-None-Match: {pulled.Header("ETag")}"])).Is(304);
        }

        Assert.Equal(["v1"], (await api.Send($"GET /v2/{repository}/tags/list")).Names("tags"));
        (await api.Send($"GET /v2/{repository}/manifests/{DigestOf(signed)}")).IsError(404, "MANIFEST_UNKNOWN");
    }

    /// <summary>The whole of the first form: layers by tarsum, and a signed manifest that names them so. A layer that is missing is told by the name that the manifest has for it.</summary>
    [Theory, EveryStand]
    public async Task A_signed_manifest_names_its_layers_by_tarsum(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        TarFile[][] layers = [[new("base") { Content = SmallImages.Blob("base") }], [new("top") { Content = SmallImages.Blob("top") }]];
        var payload = Schema1Samples.Payload(repository, "v1", layers.Select(l => TarFile.Sum(l)));
        var signed = Schema1Samples.Sign(payload, "ES256");
        await PushTarSum(layers[0]);

        var refused = (await api.Send($"PUT /v2/{repository}/manifests/v1", body: signed)).IsError(404, "MANIFEST_BLOB_UNKNOWN");
        Assert.Equal(TarFile.Sum(layers[1]), refused.Detail().GetProperty("digest").GetString());
        await PushTarSum(layers[1]);
        (await api.Send($"PUT /v2/{repository}/manifests/v1", body: signed)).Is(201).Has("Docker-Content-Digest", DigestOf(payload).ToString());
        var again = Schema1Samples.Sign(payload, "RS256");
        (await api.Send($"PUT /v2/{repository}/manifests/{DigestOf(payload)}", body: again)).Is(201);

        (await api.Send($"GET /v2/{repository}/manifests/v1")).Is(200).HasBody(again).Has("Content-Type", MediaTypes.Schema1Signed);
        foreach (var layer in layers)
            (await api.Send($"GET /v2/{repository}/blobs/{TarFile.Sum(layer)}")).Is(200).HasBody(TarFile.Archive(layer));

        async Task PushTarSum(TarFile[] layer) =>
            (await api.Send($"PUT {await api.BeginUpload(repository)}?digest={Uri.EscapeDataString(TarFile.Sum(layer))}", body: TarFile.Archive(layer))).Is(201);
    }

    /// <summary>The type that a manifest was pushed as is the one that it is pulled as.</summary>
    [Theory, EveryStand]
    public async Task Plain_and_signed_manifests_come_back_byte_for_byte_with_their_type(string stand)
    {
        var api = await Open(stand);
        (string?, string, bool)[] cases =
        [
            (null, MediaTypes.Schema1, false), ("application/json", MediaTypes.Schema1, false), (MediaTypes.Schema1, MediaTypes.Schema1, false),
            (null, MediaTypes.Schema1Signed, true), ("application/json; charset=utf-8", MediaTypes.Schema1Signed, true), (MediaTypes.Schema1Signed, MediaTypes.Schema1Signed, true), (MediaTypes.Schema1, MediaTypes.Schema1, true),
        ];
        foreach (var (index, (sent, served, isSigned)) in cases.Index())
        {
            var repository = Repository($"/{index}");
            var payload = await Push(api, repository, "v1", "base");
            var content = isSigned ? Schema1Samples.Sign(payload, "RS256", "ES384") : payload;

            (await api.Send($"PUT /v2/{repository}/manifests/{DigestOf(payload)}?tag=v1", sent is null ? [] : [$"Content-Type: {sent}"], content)).Is(201).Has("OCI-Tag", "v1");

            (await api.Send($"GET /v2/{repository}/manifests/v1")).Is(200).HasBody(content).Has("Content-Type", served).Has("Docker-Content-Digest", DigestOf(payload).ToString());
        }
    }

    [Theory, EveryStand]
    public async Task A_second_signing_replaces_the_first_under_the_digest_and_the_tag(string stand)
    {
        var api = await Open(stand);
        var (repository, payload) = await Pushed(api, "base");
        var digest = DigestOf(payload);
        var before = Schema1Samples.Sign(payload, "ES256");
        (await api.Send($"PUT /v2/{repository}/manifests/v1", body: before)).Is(201);

        // By tag and by digest; with more signatures and fewer; and the plain manifest, which is the same payload too.
        foreach (var (reference, content, type) in ((string, byte[], string)[])[
            ("v1", Schema1Samples.Sign(payload, "RS256", "ES256"), MediaTypes.Schema1Signed),
            (digest.ToString(), Schema1Samples.Sign(payload, "ES384"), MediaTypes.Schema1Signed),
            (digest.ToString(), payload, MediaTypes.Schema1),
            ("v1", Schema1Samples.Sign(payload, "ES256"), MediaTypes.Schema1Signed)])
        {
            (await api.Send($"PUT /v2/{repository}/manifests/{reference}", [$"Content-Type: {type}"], content)).Is(201).Has("Docker-Content-Digest", digest.ToString());

            foreach (var read in (string[])["v1", digest.ToString()])
            {
                (await api.Send($"GET /v2/{repository}/manifests/{read}", [$"If-None-Match: \"{DigestOf(before)}\""])).Is(200).HasBody(content)
                    .Has("Content-Type", type).Has("Docker-Content-Digest", digest.ToString());
            }

            before = content;
        }

        Assert.Equal(["v1"], (await api.Send($"GET /v2/{repository}/tags/list")).Names("tags"));
    }

    [Theory, EveryStand]
    public async Task The_same_put_again_is_as_good_as_the_first(string stand)
    {
        var api = await Open(stand);
        var (repository, payload) = await Pushed(api, "base");
        var signed = Schema1Samples.Sign(payload, "ES256");
        foreach (var reference in (string[])["v1", DigestOf(payload).ToString(), "v1", DigestOf(payload).ToString()])
            (await api.Send($"PUT /v2/{repository}/manifests/{reference}", signedType, signed)).Is(201);

        (await api.Send($"GET /v2/{repository}/manifests/v1")).Is(200).HasBody(signed);
    }

    /// <summary>Signed by a script with openssl, which shares no code with the registry.</summary>
    [Theory, EveryStand]
    public async Task What_openssl_signed_is_accepted_and_with_any_bit_of_its_payload_flipped_it_is_refused(string stand)
    {
        var api = await Open(stand);
        var (repository, payload) = await Pushed(api, "base");
        foreach (var algorithm in (string[])["ES256", "ES384", "RS256"])
        {
            var signed = await OpensslTests.Sign(payload, algorithm);
            var bits = Schema1Samples.Formatted(payload).Length * 8;

            // All of them are flipped in BitFlipTests; these are spread over the payload, and over the bits of a byte.
            for (var bit = 0; bit < bits; bit += bits / 24 + 1)
            {
                var flipped = (byte[])signed.Clone();
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                var refused = await api.Send($"PUT /v2/{repository}/manifests/{algorithm}", signedType, flipped);
                Assert.All(refused.Is(400).Codes(), c => Assert.Contains(c, (string[])["MANIFEST_UNVERIFIED", "MANIFEST_INVALID", "NAME_INVALID", "TAG_INVALID", "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN"]));
                Assert.Contains(refused.Codes()[0], (string[])["MANIFEST_UNVERIFIED", "MANIFEST_INVALID"]);
            }

            (await api.Send($"GET /v2/{repository}/manifests/{algorithm}")).IsError(404, "MANIFEST_UNKNOWN");
            (await api.Send($"PUT /v2/{repository}/manifests/v1", signedType, signed)).Is(201);
            (await api.Send($"GET /v2/{repository}/manifests/v1")).Is(200).HasBody(signed);
        }
    }

    [Theory, EveryStand]
    public async Task All_that_is_wrong_with_a_manifest_is_told_together(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        await api.PushBlob(repository, SmallImages.Blob("here"));
        var payload = Schema1Samples.Payload("another/name", "another-tag", Schema1Samples.SumOf("missing"), Schema1Samples.SumOf("here"), Schema1Samples.SumOf("missing too"), "sha1:00");
        var signatures = Schema1Samples.Signatures(Schema1Samples.Sign(payload, "ES256", "RS256"));
        signatures[1]!["signature"] = "AAAA";

        var refused = await api.Send($"PUT /v2/{repository}/manifests/v1", signedType, Schema1Samples.Assemble(payload, signatures.ToJsonString()));

        refused.IsError(400, "MANIFEST_UNVERIFIED", "DIGEST_INVALID", "NAME_INVALID", "TAG_INVALID", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN");
        Assert.Equal("sha1:00", refused.Detail(1).GetProperty("digest").GetString());
        Assert.Equal("another/name", refused.Detail(2).GetProperty("name").GetString());
        Assert.Equal("another-tag", refused.Detail(3).GetProperty("tag").GetString());
        Assert.Equal(Schema1Samples.SumOf("missing"), refused.Detail(4).GetProperty("digest").GetString());
        Assert.Equal(Schema1Samples.SumOf("missing too"), refused.Detail(5).GetProperty("digest").GetString());
        (await api.Send($"GET /v2/{repository}/manifests/v1")).IsError(404, "MANIFEST_UNKNOWN");
    }

    [Theory, EveryStand]
    public async Task Name_and_tag_are_those_of_the_request(string stand)
    {
        var api = await Open(stand);
        var (repository, payload) = await Pushed(api, "base");
        var other = Repository("/other");
        await Push(api, other, "v1", "base");
        var digest = DigestOf(payload);

        foreach (var content in (byte[][])[payload, Schema1Samples.Sign(payload, "ES256")])
        {
            (await api.Send($"PUT /v2/{other}/manifests/v1", body: content)).IsError(400, "NAME_INVALID");
            (await api.Send($"PUT /v2/{other}/manifests/{digest}", body: content)).IsError(400, "NAME_INVALID");
            (await api.Send($"PUT /v2/{repository}/manifests/v2", body: content)).IsError(400, "TAG_INVALID");
            (await api.Send($"PUT /v2/{repository}/manifests/v1?tag=v2", body: content)).IsError(400, "TAG_INVALID");
            (await api.Send($"PUT /v2/{repository}/manifests/{digest}?tag=v2&tag=v3", body: content)).IsError(400, "TAG_INVALID", "TAG_INVALID");
            (await api.Send($"PUT /v2/{repository}/manifests/{Absent}", body: content)).IsError(400, "DIGEST_INVALID");
            (await api.Send($"PUT /v2/{repository}/manifests/{digest}", body: content)).Is(201);
            (await api.Send($"PUT /v2/{repository}/manifests/{digest}?tag=v1", body: content)).Is(201);
        }
    }

    [Theory, EveryStand]
    public async Task A_manifest_without_a_tag_is_put_by_digest_only(string stand)
    {
        var api = await Open(stand);
        var repository = Repository();
        var payload = await Push(api, repository, "", "base");
        var signed = Schema1Samples.Sign(payload, "ES256");

        (await api.Send($"PUT /v2/{repository}/manifests/v1", body: signed)).IsError(400, "TAG_INVALID");
        (await api.Send($"PUT /v2/{repository}/manifests/{DigestOf(payload)}", body: signed)).Is(201);
        (await api.Send($"PUT /v2/{repository}/manifests/{DigestOf(payload)}", body: Schema1Samples.Sign(payload, "RS256"))).Is(201);
    }

    [Theory, EveryStand]
    public async Task The_digest_of_the_bytes_is_not_the_manifests(string stand)
    {
        var api = await Open(stand);
        var (repository, payload) = await Pushed(api, "base");
        var signed = Schema1Samples.Sign(payload, "ES256");

        var refused = (await api.Send($"PUT /v2/{repository}/manifests/{DigestOf(signed)}", signedType, signed)).IsError(400, "DIGEST_INVALID");

        Assert.Equal(DigestOf(payload).ToString(), refused.Detail().GetProperty("actual").GetString());
    }

    [Theory, EveryStand]
    public async Task Sha512_is_over_the_payload_too(string stand)
    {
        var api = await Open(stand);
        var (repository, payload) = await Pushed(api, "base");
        var digest = Digest.Compute(DigestAlgorithm.Sha512, payload);
        foreach (var algorithm in (string[])["ES256", "RS256"])
        {
            var signed = Schema1Samples.Sign(payload, algorithm);
            (await api.Send($"PUT /v2/{repository}/manifests/{digest}?tag=v1", signedType, signed)).Is(201).Has("Docker-Content-Digest", digest.ToString());
            foreach (var reference in (string[])["v1", digest.ToString()])
                (await api.Send($"GET /v2/{repository}/manifests/{reference}")).Is(200).HasBody(signed).Has("Docker-Content-Digest", digest.ToString());
        }
    }

    [Theory, EveryStand]
    public async Task Deleting_the_digest_takes_the_tag_along_and_a_tag_goes_alone(string stand)
    {
        var api = await Open(stand);
        var (repository, payload) = await Pushed(api, "base");
        var digest = DigestOf(payload);
        (await api.Send($"PUT /v2/{repository}/manifests/v1", signedType, Schema1Samples.Sign(payload, "ES256"))).Is(201);

        (await api.Send($"DELETE /v2/{repository}/manifests/v1")).Is(202);
        (await api.Send($"PUT /v2/{repository}/manifests/{digest}", signedType, Schema1Samples.Sign(payload, "ES384"))).Is(201);
        (await api.Send($"GET /v2/{repository}/manifests/v1")).IsError(404, "MANIFEST_UNKNOWN");
        (await api.Send($"PUT /v2/{repository}/manifests/v1", signedType, Schema1Samples.Sign(payload, "RS256"))).Is(201);
        (await api.Send($"DELETE /v2/{repository}/manifests/{digest}")).Is(202);

        foreach (var reference in (string[])["v1", digest.ToString()])
            (await api.Send($"GET /v2/{repository}/manifests/{reference}")).IsError(404, "MANIFEST_UNKNOWN");
    }

    [Theory, EveryStand]
    public async Task A_list_refers_to_a_signed_manifest_by_the_payloads_digest(string stand)
    {
        var api = await Open(stand);
        var (repository, payload) = await Pushed(api, "base");
        (await api.Send($"PUT /v2/{repository}/manifests/v1", signedType, Schema1Samples.Sign(payload, "ES256"))).Is(201);
        var list = SmallImages.DockerList(new TestImage(MediaTypes.Schema1Signed, payload, [], []));

        (await api.Put(repository, list, "list")).Is(201);
    }

    /// <summary>The payload alone could be put as a manifest of another type, with any tags; a second signing would not know of those.</summary>
    [Theory, EveryStand]
    public async Task A_digest_is_a_schema_1_manifest_or_another_and_never_both(string stand)
    {
        const string OtherType = "Content-Type: application/vnd.example+json";
        var api = await Open(stand);
        var (repository, payload) = await Pushed(api, "base");
        var digest = DigestOf(payload);
        (await api.Send($"PUT /v2/{repository}/manifests/other", [OtherType], payload)).Is(201);
        (await api.Send($"PUT /v2/{repository}/manifests/v1", signedType, Schema1Samples.Sign(payload, "ES256"))).IsError(400, "MANIFEST_INVALID");
        (await api.Send($"PUT /v2/{repository}/manifests/v1", plainType, payload)).IsError(400, "MANIFEST_INVALID");
        (await api.Send($"GET /v2/{repository}/manifests/other")).Is(200).HasBody(payload);
        (await api.Send($"DELETE /v2/{repository}/manifests/{digest}")).Is(202);

        (await api.Send($"PUT /v2/{repository}/manifests/v1", plainType, payload)).Is(201);
        (await api.Send($"PUT /v2/{repository}/manifests/other", [OtherType], payload)).IsError(400, "MANIFEST_INVALID");
        (await api.Send($"GET /v2/{repository}/manifests/v1")).Is(200).HasBody(payload).Has("Content-Type", MediaTypes.Schema1);
    }

    [Theory, EveryStand]
    public async Task Schema_1_is_refused_where_the_setting_says_so(string stand)
    {
        var api = await Open(stand, Refusing);
        var (repository, payload) = await Pushed(api, "base");

        foreach (var (content, headers) in ((byte[], string[])[])[(payload, []), (payload, plainType), (Schema1Samples.Sign(payload, "ES256"), []), (Schema1Samples.Sign(payload, "ES256"), signedType)])
        {
            var refused = (await api.Send($"PUT /v2/{repository}/manifests/v1", headers, content)).IsError(400, "MANIFEST_INVALID");
            Assert.Contains("does not accept schema 1", refused.Text, StringComparison.Ordinal);
        }

        await api.Push(repository, SmallImages.DockerImage("app", "base"), "v2");
    }

    [Theory, EveryStand]
    public async Task Layers_may_be_missing_where_the_setting_says_so(string stand)
    {
        var api = await Open(stand, "Manifests:AllowSparse=true");
        var repository = Repository();
        var payload = Schema1Samples.Payload(repository, "v1", Schema1Samples.SumOf("nowhere"));

        (await api.Send($"PUT /v2/{repository}/manifests/v1", body: Schema1Samples.Sign(payload, "ES256"))).Is(201);
    }

    private static Digest DigestOf(byte[] content) => Digest.Compute(DigestAlgorithm.Sha256, content);

    private static async Task<(string Repository, byte[] Payload)> Pushed(ApiClient api, params string[] layers)
    {
        var repository = Repository();
        return (repository, await Push(api, repository, "v1", layers));
    }

    // The layers, and the manifest that is to be signed.
    private static async Task<byte[]> Push(ApiClient api, string repository, string tag, params string[] layers)
    {
        foreach (var layer in layers)
            await api.PushBlob(repository, SmallImages.Blob(layer));
        return Schema1Samples.Payload(repository, tag, layers.Select(Schema1Samples.SumOf));
    }
}
