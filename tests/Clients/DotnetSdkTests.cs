using System.Collections;
using System.Formats.Tar;
using Registry.Tests.Support;
using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Clients;

/// <summary>The .NET SDK is a registry client too: it pulls a base image's manifest, and pushes an application on top of it.</summary>
[Collection(ClientCollection.Name)]
public sealed class DotnetSdkTests
{
    private const string Program = """System.Console.WriteLine("hello");""";

    // Packages come from nowhere: what the SDK itself brings is enough.
    private const string NoPackages = "<configuration><packageSources><clear /></packageSources></configuration>";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public Task An_application_is_published_onto_a_base_image(string storage) =>
        Publish(storage, [], uploads => Assert.Equal(uploads.Count(r => r.Method == "PUT"), uploads.Count(r => r.Method == "PATCH")));

    [Theory]
    [MemberData(nameof(ClientStand.Names), MemberType = typeof(ClientStand))]
    public Task An_application_is_published_in_chunks(string storage) =>
        Publish(
            storage,
            new() { ["DOTNET_CONTAINER_DEBUG_REGISTRY_FORCE_CHUNKED_UPLOAD"] = "true", ["DOTNET_CONTAINER_REGISTRY_CHUNKED_UPLOAD_SIZE_BYTES"] = "65536" },
            uploads => Assert.InRange(uploads.Count(r => r.Method == "PATCH"), 20, int.MaxValue));

    /// <param name="environment">What the SDK is told.</param>
    /// <param name="assertUploads">Looks at the requests by which content was sent.</param>
    private static async Task Publish(string storage, Dictionary<string, string?> environment, Action<LoggedRequest[]> assertUploads)
    {
        await using var stand = await ClientStand.Start(storage, Cancellation);
        var blobs = new ImageBlobs(stand.Folder["blobs"]);
        var image = blobs.Write(TestImages.Sibling);
        await stand.Push("base/runtime", "10.0", image, blobs, Cancellation);
        var project = WriteProject(stand);

        var requests = await stand.Requests.During(() => Sdk(project, environment).Run(
            ["publish", "-t:PublishContainer", "--configuration", "Release", "--nologo", "-nodeReuse:false", "-p:UseSharedCompilation=false"], Cancellation));

        assertUploads([.. requests.Where(r => r.UploadsContent)]);
        var (_, _, layers) = await stand.Manifest("team/app", "1", Cancellation);
        Assert.Equal(image.Layers.Select(l => l.Digest), layers.SkipLast(1).Select(l => l.Digest));
        Assert.Equal(
            await File.ReadAllBytesAsync(Path.Combine(project, "bin", "Release", "net10.0", "publish", "app.dll"), Cancellation),
            await Find(await stand.OpenArchive("team/app", layers[^1], Cancellation), "app/app.dll"));
    }

    private static string WriteProject(ClientStand stand)
    {
        var project = Directory.CreateDirectory(stand.Folder["app"]).FullName;
        File.WriteAllText(Path.Combine(project, "nuget.config"), NoPackages);
        File.WriteAllText(Path.Combine(project, "Program.cs"), Program);

        // Makes the application's layer larger than many chunks, though it is compressed.
        File.WriteAllBytes(Path.Combine(project, "content.bin"), Content.Bytes(1, 2 << 20));
        File.WriteAllText(Path.Combine(project, "app.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <UseAppHost>false</UseAppHost>
                <ContainerBaseImage>{stand.Host}/base/runtime:10.0</ContainerBaseImage>
                <ContainerRegistry>{stand.Host}</ContainerRegistry>
                <ContainerRepository>team/app</ContainerRepository>
                <ContainerImageTag>1</ContainerImageTag>
                <ContainerRuntimeIdentifier>linux-x64</ContainerRuntimeIdentifier>
              </PropertyGroup>
              <ItemGroup>
                <None Include="content.bin" CopyToPublishDirectory="Always" />
              </ItemGroup>
            </Project>
            """);
        return project;
    }

    private static Command Sdk(string project, Dictionary<string, string?> environment)
    {
        // Under `dotnet test` this process has variables of the MSBuild that started it, which would lead another one astray.
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (((string)variable.Key).StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase))
                environment[(string)variable.Key] = null;
        }

        environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        return new Command(RequiredTool.Dotnet.Find(), Patience.Limit) { WorkingDirectory = project, Environment = environment };
    }

    private static async Task<byte[]?> Find(Stream archive, string name)
    {
        await using var tar = new TarReader(archive);
        while (await tar.GetNextEntryAsync(copyData: false, Cancellation) is { } entry)
        {
            if (entry.Name.TrimStart('/') == name)
                return await Content.ReadAll(entry.DataStream!, Cancellation);
        }

        return null;
    }
}
