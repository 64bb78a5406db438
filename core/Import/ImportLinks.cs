using System.Collections.Concurrent;
using Registry.Digests;
using Registry.Repositories;

namespace Registry.Import;

/// <summary>Gives a repository its hold on distribution's blobs, and remembers for as long as the collector is sure to spare it.</summary>
internal sealed class ImportLinks(ImportContext context, RepositoryName repository)
{
    private const int Parallelism = 8;

    private readonly ConcurrentDictionary<Digest, long> heldSince = new();

    /// <summary>Makes sure that the repository holds all of these, by links that were written lately.</summary>
    /// <returns>Those whose blob has gone since it was listed.</returns>
    public async Task<IReadOnlySet<Digest>> Hold(IEnumerable<Digest> digests, CancellationToken cancellation)
    {
        var gone = new ConcurrentDictionary<Digest, bool>();
        await Parallel.ForEachAsync(
            digests.Distinct(),
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellation },
            async (digest, cancel) =>
            {
                if (!await Hold(digest, cancel))
                    gone.TryAdd(digest, true);
            });
        return gone.Keys.ToHashSet();
    }

    private async Task<bool> Hold(Digest digest, CancellationToken cancellation)
    {
        if (heldSince.TryGetValue(digest, out var since) && context.Time.GetElapsedTime(since) <= context.Collection.Late)
            return true;
        var began = context.Time.GetTimestamp();
        var path = context.Layout.Path(digest);
        if (await context.Links.Link(repository, digest, path, context.Blobs.Size(digest), cancellation) is not { } link)
            return false;

        // An upload's blob is its own, and nobody deletes it before it is linked. This one was listed some time ago, and the collector may have freed
        // it since. It does so under the content row, so once that row is written what is there stays.
        if (link.Path == path && !await IsThere(digest, path, began, cancellation))
        {
            await context.Links.Undo(link, cancellation);
            return false;
        }

        heldSince[digest] = began;
        return true;
    }

    private async Task<bool> IsThere(Digest digest, string path, long now, CancellationToken cancellation)
    {
        // Looked at for another repository just now: the content row was joined then, and the collector leaves it alone for the grace period.
        if (context.Blobs.SeenAt(digest) is > 0 and var seenAt && context.Time.GetElapsedTime(seenAt) <= context.Collection.RenewAfter)
            return true;
        if (await context.Driver.Find(path, cancellation) is null)
            return false;
        context.Blobs.Saw(digest, now);
        return true;
    }
}
