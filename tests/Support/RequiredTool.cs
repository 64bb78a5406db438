namespace Registry.Tests.Support;

/// <summary>A program that a test runs, and that the machine may lack.</summary>
/// <param name="Name">The program's name on PATH.</param>
/// <param name="HowToGet">What installs it.</param>
public sealed record RequiredTool(string Name, string HowToGet)
{
    public static RequiredTool Skopeo { get; } = new("skopeo", "apt-get install skopeo");

    public static RequiredTool Docker { get; } = new("docker", "apt-get install docker.io");

    public static RequiredTool DockerDaemon { get; } = new("dockerd", "apt-get install docker.io");

    public static RequiredTool Podman { get; } = new("podman", "apt-get install podman");

    public static RequiredTool Buildah { get; } = new("buildah", "apt-get install buildah");

    public static RequiredTool Openssl { get; } = new("openssl", "apt-get install openssl");

    public static RequiredTool Bash { get; } = new("bash", "apt-get install bash");

    public static RequiredTool Distribution { get; } = new("docker-registry", "apt-get install docker-registry");

    public static RequiredTool Dotnet { get; } = new("dotnet", "the .NET SDK, https://dot.net");

    public static RequiredTool Node { get; } = new("node", "Node.js 20 or later, https://nodejs.org, for Azurite (or AZURITE_CONNECTION_STRING names a storage account) and for the grammar of Bicep");

    public static RequiredTool Npm { get; } = new("npm", "it comes with Node.js, https://nodejs.org");

    public static RequiredTool Script { get; } = new("script", "apt-get install bsdutils");

    public static RequiredTool Curl { get; } = new("curl", "apt-get install curl");

    public static RequiredTool Jq { get; } = new("jq", "apt-get install jq");

    /// <summary>A run that may not leave anything out, as in continuous integration.</summary>
    public static bool NothingMayBeSkipped => Environment.GetEnvironmentVariable("CI") == "true";

    /// <summary>
    /// Where the program is. Without it the test is skipped, with a message that says how to get it; with <c>CI=true</c> it fails,
    /// so that a machine which lost a program does not stay green.
    /// </summary>
    public string Find() => Search() ?? throw Missing($"{Name} is not on PATH: {HowToGet}");

    /// <summary>The same for what programs of this kind need beside themselves.</summary>
    public static void RequireRoot(string program)
    {
        if (!Environment.IsPrivilegedProcess)
            throw Missing($"{program} needs root: run the tests as root, or in a container");
    }

    private static InvalidOperationException Missing(string reason)
    {
        if (!NothingMayBeSkipped)
            Assert.Skip(reason);
        return new InvalidOperationException(reason);
    }

    // dockerd lives in /usr/sbin, which the PATH of an ordinary login does not have.
    private string? Search() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Concat(["/usr/local/sbin", "/usr/sbin", "/sbin"])
            .Where(folder => folder.Length > 0)
            .SelectMany(folder => FileNames.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);

    private string[] FileNames => OperatingSystem.IsWindows() ? [$"{Name}.exe", $"{Name}.cmd"] : [Name];
}
