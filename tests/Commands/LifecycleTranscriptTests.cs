using Registry.Tests.Faults;
using Registry.Tests.Support;

namespace Registry.Tests.Commands;

/// <summary>What somebody sees who asks why something is there, lets tags go, and brings back what was deleted: with images, on each place.</summary>
public sealed class LifecycleTranscriptTests
{
    private static readonly TestImage old = SmallImages.Image("old", "base");
    private static readonly TestImage young = SmallImages.Image("new", "base");
    private static readonly TestImage signature = SmallImages.Image("signature", "signature");

    public static TheoryData<string> Places => CommandPlace.Names;

    [Theory, MemberData(nameof(Places))]
    public async Task Retention_says_what_it_would_take_takes_it_and_it_comes_back(string kind)
    {
        await using var place = await CommandPlace.Open(kind);
        await ByClient(place, async client =>
        {
            await client.Push("team/app", old, "v1");
            await client.Push("team/app", signature, $"sha256-{old.Digest.Hex}.sig");
            await client.Push("team/app", young, "v2");
        });
        await Replay(
            place,
            """
            $ retention preview team/app --keep-newest 1
            team/app, by the policy of team/app: 1 tag stays, 2 go, and 2 manifests after them
            TAG                                                                          PUSHED                WHY
            sha256-OLDHEX.sig  TIME  taken: it belongs to OLD, which goes
            v1                                                                           TIME  taken: pushed TIME, not the newest
            v2                                                                           TIME  kept: the newest
            nothing was changed: the collector's next run takes the tags, and one after the grace period the manifests, with their attachments' tags; registry restore brings them back, for as long as Collection:RestorableFor says
            $ retention preview team/app --keep-newest 1 --json
            {"repositories":[{"repository":"team/app","policy":"team/app","kept":1,"taken":2,"manifests":2,"tags":[{"tag":"sha256-OLDHEX.sig","digest":"SIG","pushed":"TIME","kept":false,"reason":"taken: it belongs to OLD, which goes"},{"tag":"v1","digest":"OLD","pushed":"TIME","kept":false,"reason":"taken: pushed TIME, not the newest"},{"tag":"v2","digest":"NEW","pushed":"TIME","kept":true,"reason":"kept: the newest"}]}],"leftOut":0}
            $ explain team/app:v1
            team/app@OLD, a manifest, stays
              tag v1 → OLD
            $ explain team/app:v1 --json
            {"repository":"team/app","digest":"OLD","kind":"manifest","kept":true,"goesAt":null,"reasons":["tag v1 → OLD"]}
            $ retention set team/app --keep-newest 1
            retention of team/app: keeps the newest tag
            $ explain team/app:v1
            team/app@OLD, a manifest, goes
              tag v1 → OLD (taken: pushed TIME, not the newest)
              no tag that stays leads to it: the next run notes that, and one that begins 1 day later takes it, by the retention of team/app
            $ explain team/app:v1 --json
            {"repository":"team/app","digest":"OLD","kind":"manifest","kept":false,"goesAt":null,"reasons":["tag v1 → OLD (taken: pushed TIME, not the newest)","no tag that stays leads to it: the next run notes that, and one that begins 1 day later takes it, by the retention of team/app"]}
            $ explain team/app@SIG
            team/app@SIG, a manifest, goes
              tag sha256-OLDHEX.sig → SIG (taken: it belongs to OLD, which goes)
              tag v1 → OLD has the attachment SIG (taken: pushed TIME, not the newest)
              no tag that stays leads to it: the next run notes that, and one that begins 1 day later takes it, by the retention of team/app
              what leads to it goes before: OLD
            $ explain team/app@LAYER
            team/app@LAYER, a layer, stays
              OLD needs it (v1)
              NEW needs it (v2)
            $ explain team/app@LAYER --json
            {"repository":"team/app","digest":"LAYER","kind":"layer","kept":true,"goesAt":null,"reasons":["OLD needs it (v1)","NEW needs it (v2)"]}
            $ gc --dry-run
            KIND  REPOSITORY  BYTES  NAME  WHY
            tag   team/app           v1    taken: pushed TIME, not the newest
            looked at 3 manifests, 5 links to 5 layers, 6 uploads and 8 blobs
            1 would go, and free 0 bytes
            2 more are needed by nothing, and wait for the grace period; the first can go at TIME
            $ gc
            KIND  REPOSITORY  BYTES  NAME  WHY
            tag   team/app           v1    taken: pushed TIME, not the newest
            looked at 3 manifests, 5 links to 5 layers, 6 uploads and 8 blobs
            1 went, and freed 0 bytes
            2 more are needed by nothing, and wait for the grace period; the first can go at TIME
            $ gc --json
            {"dryRun":false,"manifests":3,"links":5,"contents":5,"uploads":6,"blobs":8,"removed":0,"freed":0,"restorable":0,"waiting":2,"nextAt":"TIME","unreadable":0,"items":[],"leftOut":0}
            $ retention preview
            team/app, by the policy of team/app: 1 tag stays, 1 goes, and 2 manifests after them
            TAG                                                                          PUSHED                WHY
            sha256-OLDHEX.sig  TIME  taken: it belongs to OLD, which goes
            v2                                                                           TIME  kept: the newest
            nothing was changed: the collector's next run takes the tags, and one after the grace period the manifests, with their attachments' tags; registry restore brings them back, for as long as Collection:RestorableFor says
            $ explain team/app:v1
            team/app@OLD, a manifest, goes from TIME on
              the tag v1 was deleted at TIME: retention of team/app: taken: pushed TIME, not the newest; it can be restored until the first run from TIME on
              nothing has led to it since TIME: the first run from TIME on takes it, by the retention of team/app
            $ deleted list
            NAME         DIGEST                                                                   DELETED               RESTORABLE UNTIL      WHY
            team/app:v1  OLD  TIME  TIME  retention of team/app: taken: pushed TIME, not the newest
            $ deleted list team/app --json
            {"deleted":[{"repository":"team/app","tag":"v1","digest":"OLD","deletedAt":"TIME","restorableUntil":"TIME","reason":"retention of team/app: taken: pushed TIME, not the newest"}],"leftOut":0,"restorable":null}
            $ restore team/app:v1
            restored team/app:v1
            $ deleted list
            NAME  DIGEST  DELETED  RESTORABLE UNTIL  WHY
            $ retention preview
            team/app, by the policy of team/app: 3 tags stay, none goes
            TAG                                                                          PUSHED                WHY
            sha256-OLDHEX.sig  TIME  kept: it belongs to OLD, which stays
            v1                                                                           TIME  kept: restored TIME, less than 7 days ago
            v2                                                                           TIME  kept: the newest
            """);
    }

    [Fact]
    public async Task What_was_deleted_is_listed_and_explained_and_comes_back_but_for_what_is_somebody_elses_by_now()
    {
        await using var place = await CommandPlace.Open("server");
        await ByClient(place, async client =>
        {
            await client.Push("team/app", old, "v1");
            await client.Push("team/app", old, "v2");
            (await client.Send($"DELETE /v2/team/app/manifests/{old.Digest}")).Is(202);
            await client.Push("team/app", young, "v2");
        });
        await Replay(
            place,
            """
            $ deleted list
            NAME         DIGEST                                                                   DELETED               RESTORABLE UNTIL      WHY
            team/app:v1  OLD  TIME  TIME  deleted by a client
            team/app:v2  OLD  TIME  TIME  deleted by a client
            team/app     OLD  TIME  TIME  deleted by a client
            $ deleted list --json
            {"deleted":[{"repository":"team/app","tag":"v1","digest":"OLD","deletedAt":"TIME","restorableUntil":"TIME","reason":"deleted by a client"},{"repository":"team/app","tag":"v2","digest":"OLD","deletedAt":"TIME","restorableUntil":"TIME","reason":"deleted by a client"},{"repository":"team/app","tag":null,"digest":"OLD","deletedAt":"TIME","restorableUntil":"TIME","reason":"deleted by a client"}],"leftOut":0,"restorable":null}
            $ explain team/app:v1
            team/app@OLD, a deleted manifest, goes from TIME on
              deleted at TIME: deleted by a client
              it can be restored, and what it needs stays, until the first run from TIME on
            $ explain team/app@OLD --json
            {"repository":"team/app","digest":"OLD","kind":"deleted","kept":false,"goesAt":"TIME","reasons":["deleted at TIME: deleted by a client","it can be restored, and what it needs stays, until the first run from TIME on"]}
            $ gc
            looked at 1 manifests, 3 links to 3 layers, 6 uploads and 5 blobs
            nothing went
            466 bytes are kept because what was deleted can be restored: registry gc --forget-deleted frees them
            $ deleted list
            NAME         DIGEST                                                                   DELETED               RESTORABLE UNTIL      WHY
            team/app:v1  OLD  TIME  TIME  deleted by a client
            team/app:v2  OLD  TIME  TIME  deleted by a client
            team/app     OLD  TIME  TIME  deleted by a client
            466 bytes were kept only for these at TIME, by the collector's last run: registry gc --forget-deleted frees them
            $ restore team/app@OLD
            restored team/app@OLD
            restored team/app:v1
            ! not restored: team/app:v2: the tag points at NEW by now: delete it first, and restore again
            = 1
            $ restore team/app:v2 --json
            {"repository":"team/app","items":[{"tag":"v2","digest":"OLD","problem":"the tag points at NEW by now: delete it first, and restore again"}],"leftOut":0}
            = 1
            $ restore team/app:v1
            ! nothing that was deleted lately in team/app is called v1
            = 1
            $ gc --forget-deleted
            KIND     REPOSITORY  BYTES  NAME  WHY
            deleted  team/app           v2    it was deleted at TIME, and could be restored since
            looked at 2 manifests, 3 links to 3 layers, 6 uploads and 5 blobs
            1 went, and freed 0 bytes
            $ deleted list
            NAME  DIGEST  DELETED  RESTORABLE UNTIL  WHY
            $ restore team/app
            nothing was deleted there lately
            $ restore team/app:v2
            ! nothing that was deleted lately in team/app is called v2
            = 1
            """);
    }

    private static Task Replay(CommandPlace place, string transcript) => Transcript.Replay(
        transcript
            .Replace("OLDHEX", new string(old.Digest.Hex), StringComparison.Ordinal)
            .Replace("OLD", old.Digest.ToString(), StringComparison.Ordinal)
            .Replace("NEW", young.Digest.ToString(), StringComparison.Ordinal)
            .Replace("SIG", signature.Digest.ToString(), StringComparison.Ordinal)
            .Replace("LAYER", Registry.Digests.Digest.Compute(Registry.Digests.DigestAlgorithm.Sha256, old.Blobs[1]).ToString(), StringComparison.Ordinal),
        place.Arguments);

    /// <summary>Has a client do something, by the server that runs there or by one that runs for as long.</summary>
    private static async Task ByClient(CommandPlace place, Func<ApiClient, Task> act)
    {
        await using var started = place.Server is null ? await RegistryProcess.Start(place.Settings, [], TestContext.Current.CancellationToken) : null;
        var server = place.Server ?? started!;
        await act(new ApiClient(server.Client, server.BaseAddress));
        if (started is not null)
            Assert.Equal(0, await started.Stop(TestContext.Current.CancellationToken));
    }
}
