using System.Text.Json;
using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Clients;

/// <summary>A repository with a multi-arch image, a signature and twenty tags, by skopeo and the commands, as their user meets it.</summary>
[Collection(ClientCollection.Name)]
public sealed class RetentionClientTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(ClientStand.Commanded), MemberType = typeof(ClientStand))]
    public async Task Retention_to_three_tags_leaves_exactly_what_is_needed_says_so_before_and_all_of_it_comes_back(string storage)
    {
        // Times of seconds, as a deployment could set them: a run takes the tags, the next the manifests.
        await using var stand = await ClientStand.Start(storage, Cancellation, ("Collection:GracePeriod", "00:00:04"), ("Collection:RenewAfter", "00:00:01"), ("Collection:Interval", "01:00:00"));
        var (layout, skopeo) = (new OciLayout(stand.Folder["layout"]), new Skopeo(stand));
        var (index, _) = layout.AddIndex("multi", new ImageSpec("amd64", LayerSpec.Gzip("amd", 1000)), new ImageSpec("arm64", LayerSpec.Gzip("arm", 1000)));
        layout.Add("signature", new ImageSpec("amd64", LayerSpec.Gzip("signature", 100)));
        var signature = $"sha256-{index.Digest.Hex}.sig";
        await skopeo.PushAs($"{layout.Path}:multi", "team/app", "v1", Cancellation);
        await skopeo.PushAs($"{layout.Path}:signature", "team/app", signature, Cancellation);
        foreach (var i in Enumerable.Range(2, 17))
        {
            layout.Add($"v{i}", new ImageSpec("amd64", LayerSpec.Gzip("base", 1000), LayerSpec.Gzip($"v{i}", 1000)));
            await skopeo.PushAs($"{layout.Path}:v{i}", "team/app", $"v{i}", Cancellation);
        }

        // The multi-arch image once more, as the newest but one.
        await skopeo.PushAs($"{layout.Path}:multi", "team/app", "v19", Cancellation);
        await skopeo.PushAs($"{layout.Path}:v18", "team/app", "v20", Cancellation);
        string[] kept = [signature, "v18", "v19", "v20"];
        var gone = Enumerable.Range(1, 17).Select(i => $"v{i}").ToArray();

        var said = JsonDocument.Parse(await stand.Give("retention", "preview", "team/*", "--keep-newest", "3", "--json")).RootElement.GetProperty("repositories")[0];
        Assert.Equal(20 + 1, (await Tags(skopeo)).Count);
        Assert.Equal(kept.Order(StringComparer.Ordinal), said.GetProperty("tags").EnumerateArray().Where(t => t.GetProperty("kept").GetBoolean()).Select(t => t.GetProperty("tag").GetString()!));
        Assert.Equal((4, 17, 16), (said.GetProperty("kept").GetInt32(), said.GetProperty("taken").GetInt32(), said.GetProperty("manifests").GetInt32()));
        var shown = await stand.Give("retention", "preview", "team/app", "--keep-newest", "3");
        Assert.Contains("team/app, by the policy of team/app: 4 tags stay, 17 go, and 16 manifests after them", shown, StringComparison.Ordinal);
        Assert.Contains("kept: one of the 3 newest (2nd)", shown, StringComparison.Ordinal);
        Assert.Contains($"kept: it belongs to {index.Digest}, which stays", shown, StringComparison.Ordinal);

        await stand.Give("retention", "set", "team/*", "--keep-newest", "3");
        Assert.Equal(gone.Order(StringComparer.Ordinal), (await Gone(stand)).Where(i => i.Kind == "tag").Select(i => i.Name));
        Assert.Equal(kept.Order(StringComparer.Ordinal), await Tags(skopeo));
        var manifests = new HashSet<string>();
        await Until(async () =>
        {
            manifests.UnionWith((await Gone(stand)).Where(i => i.Kind == "manifest").Select(i => i.Name));
            return manifests.Count >= 16;
        });
        Assert.Equal(16, manifests.Count);
        foreach (var tag in kept)
            await skopeo.Pull("team/app", tag, stand.Folder[$"kept-{tag}"], Cancellation);
        await skopeo.FailToPull("team/app", "v1", stand.Folder["taken"], Cancellation);
        Assert.Contains("4 tags stay, none goes", await stand.Give("retention", "preview", "team/app"), StringComparison.Ordinal);

        await stand.Give("restore", "team/app");
        Assert.Equal(21, (await Tags(skopeo)).Count);
        foreach (var tag in gone)
            await skopeo.Pull("team/app", tag, stand.Folder[$"restored-{tag}"], Cancellation);
        Assert.Contains("21 tags stay, none goes", await stand.Give("retention", "preview", "team/app"), StringComparison.Ordinal);
    }

    // The grace period is by storage's clock: a run that comes too early says that all of it waits.
    private static async Task Until(Func<Task<bool>> done)
    {
        for (var i = 0; i < 200; i++)
        {
            if (await done())
                return;
            await Task.Delay(TimeSpan.FromMilliseconds(250), Cancellation);
        }

        Assert.Fail("the manifests never went");
    }

    private static async Task<IReadOnlyList<(string Kind, string Name)>> Gone(ClientStand stand)
    {
        using var run = JsonDocument.Parse(await stand.Give("gc", "--json"));
        return [.. run.RootElement.GetProperty("items").EnumerateArray().Select(i => (i.GetProperty("kind").GetString()!, i.GetProperty("name").GetString()!))];
    }

    private static async Task<IReadOnlyList<string>> Tags(Skopeo skopeo)
    {
        using var answer = JsonDocument.Parse(await skopeo.Tags("team/app", Cancellation));
        return [.. answer.RootElement.GetProperty("Tags").EnumerateArray().Select(t => t.GetString()!)];
    }
}
