using Registry.Collection;
using Registry.Digests;
using Registry.Errors;
using Registry.Layers;
using Registry.Storage;
using Registry.Tests.Digests;
using Registry.Tests.Support;

namespace Registry.Tests.Layers;

/// <summary>What is stored of a layer that goes by its tarsum, and what that costs.</summary>
public sealed class LayerAliasTests
{
    private static readonly TarFile file = new("file") { Content = Content.Bytes(1, 3000) };
    private static readonly byte[] archive = TarFile.Archive(file);
    private static readonly Digest name = Digest.Parse(TarFile.Sum(file));
    private static readonly Digest canonical = UploadLab.Sha256(archive);
    private static readonly CollectionOptions options = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_alias_is_one_row_beside_the_canonical_link_and_names_no_blob()
    {
        var lab = await UploadLab.Make();
        await Push(lab, archive);

        var alias = Assert.Single((await lab.Tables.Query(Tables.Content, new TableQuery { Partition = name.ToString() }, Cancellation)).Entities);
        Assert.Equal(Tables.Key(UploadLab.Here), alias.Row);
        Assert.Equal(["canonical", "version"], alias.Properties.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(canonical.ToString(), alias.GetString("canonical"));
        Assert.Equal(2, (await lab.Tables.Query(Tables.Content, new TableQuery { Partition = canonical.ToString() }, Cancellation)).Entities.Count);
    }

    [Fact]
    public async Task A_finish_by_tarsum_reads_the_content_back_once()
    {
        var counting = default(CountingTableStore);
        var lab = await UploadLab.Make(tablesAre: t => counting = new CountingTableStore(t));
        var upload = await lab.Start();
        await upload.Append(UploadLab.Body(archive), null, Cancellation);
        var calls = lab.Driver.Calls.Count;

        LayerLink? link = null;
        var (rows, _) = await counting!.During(async () => link = await upload.Finish(name, archive.Length, null, null, Cancellation));

        // The commit, its tail before it, and one read. Rows: the claim, the verification, the link with its content row, the alias looked for and written.
        Assert.Equal((canonical, archive.Length), (link!.Digest, link.Size));
        Assert.Equal(["commit 18", "open 0"], lab.Driver.Calls.Skip(calls).Where(c => !c.StartsWith("stage", StringComparison.Ordinal)));
        Assert.Equal(["Write uploads", "Write uploads", "WriteBatch content", "Find content", "Write content"], rows);
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public async Task The_blob_says_of_itself_the_digest_whose_content_it_is(string announced)
    {
        var lab = await UploadLab.Make();
        var upload = await lab.Layers.Start(UploadLab.Here, DigestAlgorithm.Find(announced)!, Cancellation);
        await upload.Append(UploadLab.Body(archive), null, Cancellation);
        var link = await upload.Finish(name, null, null, null, Cancellation);

        Assert.Equal(canonical, link.Digest);
        Assert.Equal(new BlobMetadata("here", canonical.ToString()), (await lab.Driver.Find(link.Path, Cancellation))!.Metadata);
    }

    [Fact]
    public async Task A_push_that_relies_on_an_old_alias_renews_it_and_the_link()
    {
        var lab = await UploadLab.Make();
        await Push(lab, archive);
        lab.Clock.Advance(options.RenewAfter);
        var young = await Ages(lab);
        Assert.NotNull(await lab.Layers.Find(UploadLab.Here, name, Cancellation));
        Assert.Equal(young, await Ages(lab));

        lab.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(await lab.Layers.Find(UploadLab.Here, name, Cancellation));
        Assert.Equal([TimeSpan.Zero, TimeSpan.Zero], await Ages(lab));
    }

    [Fact]
    public async Task A_finish_that_is_repeated_by_another_instance_writes_nothing_new()
    {
        var lab = await UploadLab.Make();
        var upload = await Push(lab, archive);
        var calls = lab.Driver.Calls.Count;
        await (await lab.Resume(upload)).Finish(name, archive.Length, null, null, Cancellation);
        Assert.Equal(calls, lab.Driver.Calls.Count);
    }

    /// <summary>A crash after the link and before the alias, when the own blob was superfluous and is gone.</summary>
    [Fact]
    public async Task A_finish_that_died_before_it_wrote_the_alias_is_ended_by_whoever_repeats_it()
    {
        var lab = await UploadLab.Make();
        await lab.Layers.Upload(UploadLab.There, canonical, UploadLab.Body(archive), Cancellation);
        var upload = await Push(lab, archive);
        await lab.Layers.Delete(UploadLab.Here, name, Cancellation);

        await (await lab.Resume(upload)).Finish(name, null, null, null, Cancellation);
        Assert.Equal(archive, await lab.Read(UploadLab.Here, name));
    }

    [Fact]
    public async Task A_single_post_that_has_another_tarsum_leaves_no_blob()
    {
        var lab = await UploadLab.Make();
        var refused = await Assert.ThrowsAsync<RegistryException>(
            () => lab.Layers.Upload(UploadLab.Here, name, UploadLab.Body(TarFile.Archive(new TarFile("another"))), Cancellation));
        Assert.Equal(RegistryError.DigestInvalid, refused.Error);
        Assert.Empty(await lab.Driver.List("", Cancellation).Select(b => b.Path).ToListAsync(Cancellation));
    }

    [Fact]
    public async Task An_archive_that_expands_to_more_than_the_largest_blob_is_refused()
    {
        var lab = await UploadLab.Make(UploadLab.Small with { MaxBlobSize = 100_000 });
        var bomb = TarFile.Archive(new TarFile("pax") { Type = 'x', Content = TarFile.Text(TarFile.Record("GNU.sparse.map", "0,0") + TarFile.Record("GNU.sparse.size", "1000000")) }, new TarFile("hole"));
        var upload = await lab.Start();
        await upload.Append(UploadLab.Body(bomb), null, Cancellation);
        var refused = await Assert.ThrowsAsync<RegistryException>(() => upload.Finish(name, null, null, null, Cancellation));
        Assert.Equal(RegistryError.DigestInvalid, refused.Error);
        Assert.Contains("expands to more than 100000 bytes", refused.Message, StringComparison.Ordinal);

        await (await lab.Resume(upload.Id)).Finish(UploadLab.Sha256(bomb), null, null, null, Cancellation);
    }

    private static async Task<Guid> Push(UploadLab lab, byte[] content)
    {
        var upload = await lab.Start();
        await upload.Append(UploadLab.Body(content), null, Cancellation);
        await upload.Finish(name, null, null, null, Cancellation);
        return upload.Id;
    }

    private static async Task<TimeSpan[]> Ages(UploadLab lab) =>
    [
        (await lab.Tables.Find(Tables.Content, name.ToString(), Tables.Key(UploadLab.Here), Cancellation))!.Age,
        (await lab.Tables.Find(Tables.Content, canonical.ToString(), Tables.Key(UploadLab.Here), Cancellation))!.Age,
    ];
}
