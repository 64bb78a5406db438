using System.Collections;
using System.Globalization;
using Registry.Digests;

namespace Registry.Import;

/// <summary>The sizes of all content that was listed, by digest: 48 bytes a blob, so that ten million fit half a gigabyte.</summary>
internal sealed class FoundBlobs
{
    private readonly Lock gate = new();
    private readonly List<Entry> entries = [];
    private BitArray taken = new(0);
    private long[] seenAt = [];

    /// <summary>Adds the next blob of a listing, which is in order of digest.</summary>
    public void Add(Digest digest, long size) => entries.Add(new Entry(digest, size));

    /// <summary>All were added.</summary>
    public void Seal()
    {
        taken = new BitArray(entries.Count);
        seenAt = new long[entries.Count];
    }

    public bool Contains(Digest digest) => IndexOf(digest) >= 0;

    public long Size(Digest digest) => entries[Known(digest)].Size;

    /// <summary>Counts a blob as taken over. False when it was counted before.</summary>
    public bool TryTake(Digest digest)
    {
        var index = Known(digest);
        lock (gate)
        {
            var isFirst = !taken[index];
            taken[index] = true;
            return isFirst;
        }
    }

    /// <summary>When the blob was last seen to be there, after a row named it: a timestamp, or 0.</summary>
    public long SeenAt(Digest digest) => Volatile.Read(ref seenAt[Known(digest)]);

    public void Saw(Digest digest, long timestamp) => Volatile.Write(ref seenAt[Known(digest)], timestamp);

    private int Known(Digest digest) => IndexOf(digest) is >= 0 and var index ? index : throw new ArgumentException($"{digest} was not found in the storage", nameof(digest));

    private int IndexOf(Digest digest) => digest.Algorithm == DigestAlgorithm.Sha256 ? entries.BinarySearch(new Entry(digest, 0)) : -1;

    private readonly record struct Entry(ulong A, ulong B, ulong C, ulong D, long Size) : IComparable<Entry>
    {
        public Entry(Digest digest, long size)
            : this(Part(digest, 0), Part(digest, 1), Part(digest, 2), Part(digest, 3), size)
        {
        }

        public int CompareTo(Entry other)
        {
            var order = A.CompareTo(other.A);
            if (order == 0)
                order = B.CompareTo(other.B);
            if (order == 0)
                order = C.CompareTo(other.C);
            return order != 0 ? order : D.CompareTo(other.D);
        }

        private static ulong Part(Digest digest, int number) =>
            ulong.Parse(digest.Hex.Slice(number * 16, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
