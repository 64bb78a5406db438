using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-2 where storage has URLs of its own: a pull is sent there, and nothing else is.</summary>
public sealed class RedirectTests(Stands stands) : ApiTests(stands)
{
    private const string Stand = "azurite";
    private const string Enabled = "Redirect:Enabled=true";

    public static readonly Row[] Table =
    [
        new("whole", "GET {blob}", 307) { Headers = ["Docker-Content-Digest: {digest}", "Cache-Control: no-store", "Content-Length: 0", "!ETag"], Body = "" },
        new("a range", "GET {blob}", 307) { Send = ["Range: bytes=2-5"] },
        new("the last bytes, which storage cannot tell", "GET {blob}", 206) { Send = ["Range: bytes=-4"], Headers = ["!Location"], Body = "rage" },
        new("a range beyond the end", "GET {blob}", 416, "RANGE_INVALID") { Send = ["Range: bytes=1000-"] },
        new("HEAD", "HEAD {blob}", 200) { Headers = ["Docker-Content-Digest: {digest}", "!Location"], Body = "" },
        new("absent", $"GET /v2/{{repo}}/blobs/{Absent}", 404, "BLOB_UNKNOWN") { Headers = ["!Location"] },
        new("a manifest", "GET /v2/{repo}/manifests/v1", 200) { Headers = ["!Location"] },
    ];

    public static IEnumerable<TheoryDataRow<Row>> Rows => Table.Select(r => new TheoryDataRow<Row>(r));

    [Theory, MemberData(nameof(Rows))]
    public async Task Pulling_by_redirect(Row row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var api = await Open(Stand, Enabled);
        var repository = Repository();
        var content = SmallImages.Blob("in storage");
        var digest = await api.PushBlob(repository, content);
        await api.Push(repository, SmallImages.Image("app"), "v1");

        var answer = await Check(api, row, ("repo", repository), ("digest", digest.ToString()), ("blob", $"/v2/{repository}/blobs/{digest}"));

        if (row.Status != 307)
            return;
        var ranged = row.Send.Length > 0;
        var followed = await api.Send($"GET {answer.Location}", row.Send);
        followed.Is(ranged ? 206 : 200).HasBody(ranged ? content.AsSpan(2, 4) : content);
    }

    [Fact]
    public async Task A_signed_URL_reads_one_blob_and_does_nothing_else()
    {
        var api = await Open(Stand, Enabled);
        var repository = Repository();
        var digest = await api.PushBlob(repository, SmallImages.Blob("mine"));
        var url = (await api.Send($"GET /v2/{repository}/blobs/{digest}")).Is(307).Location;

        foreach (var request in (string[])[$"DELETE {url}", $"PUT {url}", $"GET {url.Replace("?", "x?", StringComparison.Ordinal)}"])
        {
            var answer = await api.Send(request, ["x-ms-blob-type: BlockBlob"], request.StartsWith("PUT", StringComparison.Ordinal) ? [1] : null);
            if (answer.StatusCode is < 400 or >= 500)
                throw answer.Failure("a refusal");
        }

        (await api.Send($"GET {url}")).Is(200).HasBody(SmallImages.Blob("mine"));
    }
}
