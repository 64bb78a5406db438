using System.Diagnostics;
using Registry.Storage.Azure;
using Registry.Tests.Faults.Pushers;
using Registry.Tests.Support;

namespace Registry.Tests.Faults;

/// <summary>What the real executable needs while many push at once.</summary>
[Collection("Fault lab")]
public sealed class UploadMemoryTests(AzuriteFixture azurite)
{
    private const int Uploads = 64;
    private const int BlobSize = 8 * 1024 * 1024;

    /// <summary>The runtime ends a process whose heap would outgrow its hard limit: that all uploads succeed proves the bound.</summary>
    [Fact]
    public async Task Sixty_four_uploads_at_once_fit_256_MiB_of_managed_heap()
    {
        var cancellation = TestContext.Current.CancellationToken;
        AzureStorageOptions place = AzuriteAccount.NewPlace();
        await using var instance = RegistryInstance.Start(
            (await azurite.NewAccount()).ConnectionString,
            place,
            cancellation,
            settings: [new("Uploads:MemoryLimit", $"{96 * 1024 * 1024}")],
            environment: [new("DOTNET_GCHeapHardLimit", $"{256 * 1024 * 1024:x}")]);
        var process = await instance.Process();
        var idle = OperatingSystem.IsLinux() ? process.ResidentMemory() : 0;
        var time = Stopwatch.StartNew();

        await Task.WhenAll(Enumerable.Range(0, Uploads).Select(i => Push(instance, i, cancellation)));

        Assert.Same(process, await instance.Process());
        var peak = OperatingSystem.IsLinux() ? process.PeakMemory() : 0;
        LabReport.Note(
            $"{Uploads} uploads of {BlobSize >> 20} MiB at once, memory limit 96 MiB, heap limit 256 MiB: resident {idle >> 20} MiB idle, {peak >> 20} MiB at most, {time.Elapsed.TotalSeconds:F1} s");
    }

    private static async Task Push(RegistryInstance instance, int number, CancellationToken cancellation)
    {
        var promises = new Promises();
        var client = new UploadClient(new FrontDoor(instance), promises, "memory");
        var pusher = Pusher.Create(number % 2 == 0 ? "docker" : "monolithic", client);
        await pusher.Push(TestBlob.Of(number, BlobSize), cancellation);
        await promises.Verify(client, cancellation);
    }
}
