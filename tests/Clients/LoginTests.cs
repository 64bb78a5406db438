using Registry.Tests.Access;
using Registry.Tests.Commands;
using Registry.Tests.Faults;
using Registry.Tests.HostEmulation;
using Registry.Tests.Support;
using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Clients;

/// <summary>Real clients log in, push where they may, and are refused elsewhere.</summary>
[Collection(ClientCollection.Name)]
public sealed class LoginTests(DockerFixture daemon)
{
    private static readonly ImageSpec image = new("amd64", LayerSpec.Gzip("login", 300_000));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Docker_pushes_as_a_robot_of_team_and_nowhere_else_and_anybody_pulls_what_is_public()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        var secret = await world.AddRobot("ci", ("team/*", "pull,push"), ("public/*", "pull,push"));
        await world.Allow("anonymous", ("public/*", "pull"));
        world.PassAMinute();
        using var folder = new TemporaryFolder();
        var host = $"localhost:{world.Client.BaseAddress!.Port}";
        var docker = await daemon.Client();
        string[] names = [$"{host}/team/app:1", $"{host}/public/app:1", $"{host}/other/app:1"];
        foreach (var name in names)
        {
            var archive = folder[$"{name.Replace('/', '-').Replace(':', '-')}.tar"];
            DockerArchive.Write(archive, name, image, folder);
            await docker.Run(["load", "--input", archive], Cancellation);
        }

        Assert.Contains("unauthorized", await docker.Fail(["login", "--username", "ci", "--password", "wrong", host], Cancellation), StringComparison.OrdinalIgnoreCase);
        await docker.Fail(["push", names[0]], Cancellation);
        await docker.Run(["login", "--username", "ci", "--password", secret, host], Cancellation);
        await docker.Run(["push", names[0]], Cancellation);
        await docker.Run(["push", names[1]], Cancellation);
        await IsDeniedAtOnce(docker, names[2]);

        await docker.Run(["rmi", "--force", .. names], Cancellation);
        await docker.Run(["pull", names[0]], Cancellation);
        await docker.Run(["logout", host], Cancellation);
        await docker.Run(["rmi", "--force", names[0]], Cancellation);
        await docker.Fail(["pull", names[0]], Cancellation);
        await docker.Run(["pull", names[1]], Cancellation);
        await docker.Run(["rmi", "--force", names[1]], Cancellation);
    }

    [Fact]
    public async Task Skopeo_logs_in_pushes_pulls_and_is_refused_elsewhere()
    {
        await using var world = await AccessWorld.Start(Cancellation);
        await world.AddPerson("alice", ("team/*", "pull,push"));
        await world.Allow("anonymous", ("public/*", "pull"));
        world.PassAMinute();
        await SkopeoLogsIn($"localhost:{world.Client.BaseAddress!.Port}", "alice", AccessWorld.Password);
    }

    /// <summary>Accounts and rules by the command line, on Azure storage; in front of it the registry itself, or the Functions host, behind which access control is on by itself.</summary>
    [Theory]
    [InlineData("azurite")]
    [InlineData("functions")]
    public async Task On_Azure_storage_skopeo_and_docker_log_in_push_pull_and_are_refused_elsewhere(string front)
    {
        await using var place = await CommandPlace.Open("azurite");
        var secret = await place.Give("account", "add", "ci", "--robot", "--expires", "90d");
        await place.Give("rule", "add", "ci", "team/*", "pull,push");
        await using var server = front == "functions" ? (IAsyncDisposable)await BehindFunctions(place) : await OnItsOwn(place);
        var host = $"localhost:{(server is FunctionsHost functions ? functions.Address : ((RegistryProcess)server).BaseAddress).Port}";

        await SkopeoLogsIn(host, "ci", secret);

        using var folder = new TemporaryFolder();
        var docker = await daemon.Client();
        var (mine, other) = ($"{host}/team/docker:1", $"{host}/other/docker:1");
        foreach (var name in (string[])[mine, other])
        {
            DockerArchive.Write(folder["image.tar"], name, image, folder);
            await docker.Run(["load", "--input", folder["image.tar"]], Cancellation);
            File.Delete(folder["image.tar"]);
        }

        await docker.Fail(["login", "--username", "ci", "--password", "wrong", host], Cancellation);
        await docker.Run(["login", "--username", "ci", "--password", secret, host], Cancellation);
        await docker.Run(["push", mine], Cancellation);
        await IsDeniedAtOnce(docker, other);
        await docker.Run(["rmi", "--force", mine, other], Cancellation);
        await docker.Run(["pull", mine], Cancellation);
        await docker.Run(["logout", host], Cancellation);
        await docker.Run(["rmi", "--force", mine], Cancellation);
        await docker.Fail(["pull", mine], Cancellation);
    }

    // docker tries again whatever it does not understand, for most of a minute.
    private static async Task IsDeniedAtOnce(Command docker, string name)
    {
        var push = await docker.TryRun(["push", name], Cancellation);
        Assert.True(push.ExitCode != 0, $"{push}");
        Assert.Contains("denied: requested access to the resource is denied", push.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Retrying", push.Output, StringComparison.Ordinal);
    }

    private static Task<RegistryProcess> OnItsOwn(CommandPlace place) =>
        RegistryProcess.Start([.. place.Settings, new("Auth:Enabled", "true")], [], Cancellation);

    private static Task<FunctionsHost> BehindFunctions(CommandPlace place) => FunctionsHost.Start(
        Stands.Package(),
        new FunctionsHostOptions { AppSettings = place.Settings.ToDictionary(s => $"Registry__{s.Key.Replace(":", "__", StringComparison.Ordinal)}", s => s.Value) },
        Cancellation);

    // Somebody who may pull and push below team/.
    private static async Task SkopeoLogsIn(string host, string name, string password)
    {
        using var folder = new TemporaryFolder();
        var logins = folder["auth.json"];
        var skopeo = new Command(RequiredTool.Skopeo.Find(), Patience.Limit);
        var layout = new OciLayout(folder["pushed"]);
        layout.Add("1", image);

        string[] Push(string repository) =>
            ["--insecure-policy", "copy", "--preserve-digests", "--authfile", logins, "--dest-tls-verify=false", $"oci:{layout.Path}:1", $"docker://{host}/{repository}:1"];
        string[] Pull(string repository, string authFile) =>
            ["--insecure-policy", "copy", "--authfile", authFile, "--src-tls-verify=false", $"docker://{host}/{repository}:1", $"oci:{folder["pulled"]}:1"];

        await skopeo.Fail(["login", "--tls-verify=false", "--authfile", logins, "--username", name, "--password", "wrong", host], Cancellation);
        await skopeo.Run(["login", "--tls-verify=false", "--authfile", logins, "--username", name, "--password", password, host], Cancellation);
        await skopeo.Run(Push("team/app"), Cancellation);
        Assert.Contains("403 (Forbidden)", await skopeo.Fail(Push("other/app"), Cancellation), StringComparison.Ordinal);
        await skopeo.Run(Pull("team/app", logins), Cancellation);
        await skopeo.Fail(Pull("team/app", folder["nobody.json"]), Cancellation);
    }
}
