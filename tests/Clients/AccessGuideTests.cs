using Registry.Tests.Access;
using Registry.Tests.Commands;
using Registry.Tests.Faults;
using Registry.Tests.Support;
using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Clients;

/// <summary>Somebody who has never seen this registry sets up access control by docs/access.md, and types nothing that is not in it.</summary>
[Collection(ClientCollection.Name)]
public sealed class AccessGuideTests(DockerFixture daemon)
{
    private const string Password = "correct horse battery";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_types_what_the_guide_says_gets_what_it_promises()
    {
        foreach (var tool in (RequiredTool[])[RequiredTool.Bash, RequiredTool.Curl, RequiredTool.Jq])
            tool.Find();
        var docker = await daemon.Client();
        await using var issuer = await HttpsIssuer.Start(Cancellation);
        using var folder = new TemporaryFolder();
        var host = $"localhost:{LoopbackPorts.Take()}";
        await LoadAlpine(docker, folder);

        var steps = GuideStep.ReadAll(new Dictionary<string, string>
        {
            ["localhost:5000"] = host,
            ["registry.example.org"] = host,
            ["https://token.actions.githubusercontent.com"] = issuer.Address,
        });
        await using var terminal = PseudoTerminal.Start([RequiredTool.Bash.Find(), WriteScript(folder, steps, host, issuer, docker)]);
        await terminal.Until("Password for admin: ", Cancellation);
        await terminal.Type($"{Password}\n{Password}\n");
        await terminal.Until("Password: ", Cancellation);
        await terminal.Type($"{Password}\n");

        var code = await terminal.End(Cancellation);
        Assert.True(code == 0, $"{code}:\n{string.Join('\n', terminal.Lines.TakeLast(30))}");
        GuideStep.AssertSaid(steps, terminal.Lines);
        Assert.DoesNotContain(Password, terminal.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain(terminal.Lines, l => l.Contains("rgs_", StringComparison.Ordinal));
        await docker.Run(["image", "prune", "--all", "--force"], Cancellation);
    }

    // What the guide is read for: it must not become empty of what the issue asks of it.
    [Fact]
    public void The_guide_has_a_robot_pushing_where_it_may_refused_elsewhere_an_anonymous_pull_and_a_federated_login()
    {
        var steps = GuideStep.ReadAll(new Dictionary<string, string>());
        Assert.Contains(steps, s => s.IsServer);
        Assert.Contains(steps, s => s.Command == "docker push localhost:5000/team/app:1" && !s.IsRefused);
        Assert.Contains(steps, s => s.Command == "docker push localhost:5000/other/app:1" && s.IsRefused);
        Assert.Contains(steps, s => s.Command == "docker pull localhost:5000/public/alpine:3" && !s.IsRefused);
        Assert.Contains(steps, s => s.Command.EndsWith("docker login --username github --password-stdin registry.example.org", StringComparison.Ordinal));
    }

    private static async Task LoadAlpine(Command docker, TemporaryFolder folder)
    {
        DockerArchive.Write(folder["alpine.tar"], "alpine:latest", new ImageSpec("amd64", LayerSpec.Gzip("guide", 300_000)), folder);
        await docker.Run(["load", "--input", folder["alpine.tar"]], Cancellation);
    }

    // The machine of the guide: the executable is called registry, and the issuer's certificate is trusted.
    private static string WriteScript(TemporaryFolder folder, IReadOnlyList<GuideStep> steps, string host, HttpsIssuer issuer, Command docker)
    {
        var programs = Directory.CreateDirectory(folder["bin"]).FullName;
        File.CreateSymbolicLink(Path.Combine(programs, "registry"), RegistryProcess.Executable);
        File.WriteAllText(folder["issuer.pem"], issuer.CertificatePem);
        var variables = new Dictionary<string, string>
        {
            ["PATH"] = $"{programs}:{Path.GetDirectoryName(docker.Program)}:{Environment.GetEnvironmentVariable("PATH")}",
            ["ASPNETCORE_URLS"] = $"http://{host}",
            ["SSL_CERT_FILE"] = folder["issuer.pem"],
            ["CURL_CA_BUNDLE"] = folder["issuer.pem"],
            ["NO_PROXY"] = "localhost,127.0.0.1",
            ["no_proxy"] = "localhost,127.0.0.1",
            ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = HttpsIssuer.JobSecret,
            ["ACTIONS_ID_TOKEN_REQUEST_URL"] = issuer.TokenAddress,
            ["DOCKER_HOST"] = docker.Environment["DOCKER_HOST"]!,
            ["DOCKER_CONFIG"] = folder["docker"],
        };
        var script = GuideStep.Script(steps, variables, $"curl -sf http://{host}/health > /dev/null");
        File.WriteAllText(folder["guide.sh"], $"cd '{folder.Path}'\n{script}");
        return folder["guide.sh"];
    }
}
