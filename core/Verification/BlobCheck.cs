using System.Buffers;
using Registry.Digests;
using Registry.Storage;

namespace Registry.Verification;

/// <summary>Reads blobs and compares them with what their rows say.</summary>
internal sealed class BlobCheck(IStorageDriver driver)
{
    private const int BufferSize = 256 * 1024;

    /// <summary>Reads a blob from its beginning to its end.</summary>
    public async Task<BlobFault?> Whole(BlobClaim claim, Action<long> read, CancellationToken cancellation)
    {
        using var hash = ResumableHash.Create(claim.Digest.Algorithm);
        return (await Continue(claim, hash, Read, cancellation)).Fault;

        ValueTask<bool> Read(long bytes)
        {
            read(bytes);
            return ValueTask.FromResult(true);
        }
    }

    /// <summary>Reads on from where the hash ends.</summary>
    /// <param name="claim">What the row says.</param>
    /// <param name="hash">Of what was read before; in the end, or when it stops, of all that was read.</param>
    /// <param name="read">Is told of bytes as they were read; false stops it.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Whether it came to the end, and then what is wrong.</returns>
    /// <remarks>A byte more than the row says is asked for: a blob that is longer is as wrong as one that is shorter.</remarks>
    public async Task<(bool IsOver, BlobFault? Fault)> Continue(BlobClaim claim, ResumableHash hash, Func<long, ValueTask<bool>> read, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            return await Continue(claim, hash, buffer.AsMemory(0, BufferSize), read, cancellation);
        }
        catch (StorageNotFoundException)
        {
            return (true, new BlobFault(FindingKind.Missing, "no blob"));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // A disk that cannot read a sector of one blob must not keep the rest from being verified; storage that is down must not make a finding of every blob.
    private async Task<(bool IsOver, BlobFault? Fault)> Continue(BlobClaim claim, ResumableHash hash, Memory<byte> buffer, Func<long, ValueTask<bool>> read, CancellationToken cancellation)
    {
        Exception? before = null;
        Stream? content = null;
        try
        {
            while (true)
            {
                int count;
                try
                {
                    content ??= await driver.Open(claim.Path, hash.Length, claim.Size - hash.Length + 1, cancellation);

                    // Whole buffers, however small the pieces are in which they come: a slice that has little time gets on by one at least.
                    count = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
                }
                catch (Exception e) when (e is StorageFailedException or IOException)
                {
                    // Once more from there: the hash has what was read before. What fails at the same place again stays as it is.
                    if (before is not null)
                        return (true, await Unreadable(claim, e, cancellation));
                    before = e;
                    if (content is not null)
                        await content.DisposeAsync();
                    content = null;
                    continue;
                }

                if (count == 0)
                    return (true, Judge(claim, hash));
                before = null;
                hash.Append(buffer.Span[..count]);
                if (!await read(count) && hash.Length < claim.Size)
                    return (false, null);
            }
        }
        finally
        {
            if (content is not null)
                await content.DisposeAsync();
        }
    }

    private async Task<BlobFault> Unreadable(BlobClaim claim, Exception failure, CancellationToken cancellation) => await driver.Find(claim.Path, cancellation) is null
        ? new BlobFault(FindingKind.Missing, "no blob")
        : new BlobFault(FindingKind.Unreadable, $"a blob that cannot be read: {failure.Message}");

    private static BlobFault? Judge(BlobClaim claim, ResumableHash hash)
    {
        if (hash.Length > claim.Size)
            return new BlobFault(FindingKind.Corrupt, $"more than {claim.Size} bytes");
        return hash.Length == claim.Size && hash.Current() == claim.Digest ? null : new BlobFault(FindingKind.Corrupt, $"{hash.Length} bytes of {hash.Current()}");
    }
}
