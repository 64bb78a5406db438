using Azure.Storage.Blobs.Specialized;

namespace Registry.Storage.Azure;

/// <summary>Clients of the blobs that were used last. The blocks of an upload come one after the other, and a client of the library's costs some kilobytes to make.</summary>
/// <remarks>Each path has one place, and the last that came there keeps it: no lock, no order, no more than so many clients. A client has no state, so it does not matter who loses.</remarks>
internal sealed class RecentBlobs
{
    private const int Places = 64;

    private readonly Entry?[] entries = new Entry?[Places];

    public BlockBlobClient Get<T>(string path, T context, Func<string, T, BlockBlobClient> make)
    {
        ref Entry? place = ref entries[(uint)path.GetHashCode(StringComparison.Ordinal) % Places];
        if (place is { } entry && entry.Path == path)
            return entry.Client;
        var made = new Entry(path, make(path, context));
        place = made;
        return made.Client;
    }

    private sealed record Entry(string Path, BlockBlobClient Client);
}
