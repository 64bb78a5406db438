using Registry.Tests.Support;

namespace Registry.Tests.Api;

/// <summary>end-1, and what lies outside of /v2/.</summary>
public sealed class ApiVersionTests(Stands stands) : ApiTests(stands)
{
    public static readonly Row[] Table =
    [
        new("this is a registry", "GET /v2/", 200) { Headers = ["Content-Type: application/json", "Content-Length: 2", "Docker-Distribution-Api-Version: registry/2.0"], Body = "{}" },
        new("without the slash", "GET /v2", 200) { Body = "{}" },
        new("HEAD", "HEAD /v2/", 200) { Headers = ["Content-Length: 2"], Body = "" },
        new("an unknown query is ignored", "GET /v2/?n=-1&x", 200) { Body = "{}" },
        new("POST is not allowed", "POST /v2/", 405, "UNSUPPORTED") { Headers = ["Allow: GET, HEAD"] },
        new("DELETE is not allowed", "DELETE /v2", 405, "UNSUPPORTED") { Headers = ["Allow: GET, HEAD"] },
        new("the liveness ping", "GET /", 200),
        new("health", "GET /health", 200) { Body = "ok\n" },
        new("health by HEAD", "HEAD /health", 200) { Body = "" },
    ];

    public static readonly Row[] Outside =
    [
        new("the first version of docker's API", "GET /v1/_ping", 404, "UNSUPPORTED"),
        new("docker's search", "GET /v1/search", 404, "UNSUPPORTED"),
        new("anything", "PUT /anything", 404, "UNSUPPORTED") { SendBody = "x" },
    ];

    [Theory, EveryStandTimes(nameof(Table))]
    public async Task Version_check(string stand, Row row) => await Check(await Open(stand), row);

    [Theory, EveryStandTimes(nameof(Outside), Direct = true)]
    public async Task Outside_of_the_API(string stand, Row row) => await Check(await Open(stand), row);
}
