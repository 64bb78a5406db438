using Registry.Digests;
using Registry.Layers;
using Registry.Storage;

namespace Registry.Tests.Layers;

public sealed class LayerUploadStoreTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_write_whose_answer_was_lost_and_that_was_sent_again_is_known_as_one_s_own()
    {
        var lab = await UploadLab.Make(tablesAre: t => new Repeating(t));
        var store = new LayerUploadStore(lab.Tables, lab.Ids);
        var inserted = await store.Insert(New(lab), Cancellation);
        var saved = await store.Save(inserted with { Tail = new byte[] { 1 } }, Cancellation);

        Assert.NotNull(saved);
        Assert.NotEqual(inserted.ETag, saved.ETag);
        var again = await store.Save(saved with { Tail = new byte[] { 1, 2 } }, Cancellation);
        Assert.Equal(2, (await store.Find(UploadLab.Here, inserted.Id, Cancellation))!.Offset);
        Assert.Equal(again!.ETag, (await store.Find(UploadLab.Here, inserted.Id, Cancellation))!.ETag);
    }

    [Fact]
    public async Task A_write_over_another_s_is_not_one_s_own()
    {
        var lab = await UploadLab.Make();
        var store = new LayerUploadStore(lab.Tables, lab.Ids);
        var read = await store.Insert(New(lab), Cancellation);
        Assert.NotNull(await store.Save(read with { Tail = new byte[] { 1 } }, Cancellation));

        Assert.Null(await store.Save(read with { Tail = new byte[] { 2 } }, Cancellation));
        Assert.False(await store.Delete(read, Cancellation));
        Assert.Equal(new byte[] { 1 }, (await store.Find(UploadLab.Here, read.Id, Cancellation))!.Tail.ToArray());
    }

    [Fact]
    public async Task A_write_to_a_row_that_is_gone_makes_none()
    {
        var lab = await UploadLab.Make();
        var store = new LayerUploadStore(lab.Tables, lab.Ids);
        var state = await store.Insert(New(lab), Cancellation);
        Assert.True(await store.Delete(state, Cancellation));

        Assert.Null(await store.Save(state, Cancellation));
        Assert.Null(await store.Find(UploadLab.Here, state.Id, Cancellation));
    }

    [Fact]
    public async Task A_row_that_contradicts_itself_or_is_of_a_newer_version_is_refused()
    {
        var lab = await UploadLab.Make();
        var store = new LayerUploadStore(lab.Tables, lab.Ids);
        var state = await store.Insert(New(lab) with { Tail = new byte[] { 1, 2, 3 } }, Cancellation);
        foreach (var (name, value) in new[] { ("offset", 4L), ("version", 2L) })
        {
            var row = await lab.Tables.Find(Tables.Uploads, Tables.Key(UploadLab.Here), state.Id.ToString("D"), Cancellation);
            await lab.Tables.Write(Tables.Uploads, TableOperation.Upsert(row!.Copy().Set(name, value)), Cancellation);
            await Assert.ThrowsAsync<InvalidDataException>(() => store.Find(UploadLab.Here, state.Id, Cancellation));
        }
    }

    private static LayerUploadState New(UploadLab lab)
    {
        using var hash = ResumableHash.Create(DigestAlgorithm.Sha256);
        return new LayerUploadState { Repository = UploadLab.Here, Id = lab.Ids.NewUuid(), Hash = hash.Save() };
    }

    /// <summary>Loses the answer of every single write, and sends it again, as a driver's retry does.</summary>
    private sealed class Repeating(ITableStore inner) : ITableStore
    {
        public async Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation)
        {
            await inner.Write(table, operation, cancellation);
            return await inner.Write(table, operation, cancellation);
        }

        public Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation) => inner.Find(table, partition, row, cancellation);

        public Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation) => inner.Query(table, query, cancellation);

        public Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation) =>
            inner.WriteBatch(table, operations, cancellation);

        public Task CreateTable(string table, CancellationToken cancellation) => inner.CreateTable(table, cancellation);
    }
}
