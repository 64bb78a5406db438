using System.Buffers;
using System.Text.Json;
using Registry.Digests;
using Registry.Functions.Http;
using Registry.Manifests;

namespace Registry.Functions.Referrers;

/// <summary>GET /v2/NAME/referrers/DIGEST (end-12): an index of the manifests that have this one as their subject.</summary>
/// <remarks>The spec forbids 404 here: an unknown repository or subject has an empty list.</remarks>
public sealed class ReferrersFunction(ReferrerService referrers, PublicUrls urls) : IFunction
{
    public async Task Run(HttpContext context)
    {
        var (repository, reference) = context.Target();
        var subject = Digest.ParseHash(reference);
        var artifactType = context.Query("artifactType");
        var page = await referrers.List(repository, subject, artifactType, Last(context), context.RequestAborted);

        if (artifactType is not null)
            context.Response.Headers["OCI-Filters-Applied"] = "artifactType";
        if (page.More)
            Link(context, artifactType, page.Referrers[^1].Info.Digest);
        var body = Index(page.Referrers);
        context.Response.ContentType = MediaTypes.OciIndex;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static Digest? Last(HttpContext context) => context.Query("last") is { } last ? Digest.ParseHash(last) : null;

    private void Link(HttpContext context, string? artifactType, Digest last)
    {
        var filter = artifactType is null ? "" : $"&artifactType={Uri.EscapeDataString(artifactType)}";
        var next = urls.Of($"{context.Request.Path}?last={Uri.EscapeDataString(last.ToString())}{filter}");
        context.Response.Headers.Link = $"<{next}>; rel=\"next\"";
    }

    private static ReadOnlyMemory<byte> Index(IReadOnlyList<Referrer> referrers)
    {
        var output = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteNumber("schemaVersion", 2);
        json.WriteString("mediaType", MediaTypes.OciIndex);
        json.WriteStartArray("manifests");
        foreach (var (info, artifactType, annotations) in referrers)
        {
            json.WriteStartObject();
            json.WriteString("mediaType", info.MediaType);
            json.WriteNumber("size", info.Size);
            json.WriteString("digest", info.Digest.ToString());
            if (artifactType is not null)
                json.WriteString("artifactType", artifactType);
            if (annotations is not null)
            {
                json.WritePropertyName("annotations");
                json.WriteRawValue(annotations);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return output.WrittenMemory;
    }
}
