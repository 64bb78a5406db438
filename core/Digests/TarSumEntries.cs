using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Registry.Digests;

/// <summary>A sha256 as two numbers, which compare as its hexadecimal text does.</summary>
internal readonly record struct TarSumEntrySum(UInt128 High, UInt128 Low) : IComparable<TarSumEntrySum>
{
    public static TarSumEntrySum From(ReadOnlySpan<byte> sum) =>
        new(BinaryPrimitives.ReadUInt128BigEndian(sum), BinaryPrimitives.ReadUInt128BigEndian(sum[16..]));

    public int CompareTo(TarSumEntrySum other) => High == other.High ? Low.CompareTo(other.Low) : High.CompareTo(other.High);
}

/// <summary>The sums of all entries of an archive, and what they add up to.</summary>
/// <remarks>
/// Sums are sorted as text, but those of entries of one name keep the order of the archive among themselves: of two files with one path the latter wins when they are unpacked, so
/// their order matters. (Docker compares two sums by position when their names are equal and by value otherwise. That is no order when there are three entries
/// or more, so what it gives then depends on its sort. Here the places that the sums of a name have are filled in the order of the archive, which is the same for an archive of that name alone.)
/// </remarks>
internal sealed class TarSumEntries(int maxEntries)
{
    /// <summary>Memory of an entry: its sum, 16 bytes of the hash of its name, and three numbers while the sums are put in order.</summary>
    public const int BytesPerEntry = 32 + 16 + 12;

    private readonly List<Entry> entries = [];

    public void Add(ReadOnlySpan<byte> name, TarSumEntrySum sum)
    {
        if (entries.Count >= maxEntries)
            throw new TarSumException($"the tar archive has more than {maxEntries} entries, which is more than the registry sums up");
        entries.Add(new Entry(sum, NameKey(name)));
    }

    public Digest Sum()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> text = stackalloc byte[2 * SHA256.HashSizeInBytes];
        foreach (var index in Order())
        {
            var sum = entries[index].Sum;
            BinaryPrimitives.WriteUInt128BigEndian(bytes, sum.High);
            BinaryPrimitives.WriteUInt128BigEndian(bytes[16..], sum.Low);
            Convert.TryToHexStringLower(bytes, text, out _);
            hash.AppendData(text);
        }

        hash.GetHashAndReset(bytes);
        return Digest.FromHash(DigestAlgorithm.TarSum, bytes);
    }

    private int[] Order()
    {
        var all = CollectionsMarshal.AsSpan(entries);
        var order = new int[all.Length];
        var byName = new int[all.Length];
        for (var i = 0; i < all.Length; i++)
            order[i] = byName[i] = i;
        Array.Sort(order, (a, b) => entries[a].Sum.CompareTo(entries[b].Sum) is var c && c != 0 ? c : a - b);
        Array.Sort(byName, (a, b) => entries[a].Name.CompareTo(entries[b].Name) is var c && c != 0 ? c : a - b);

        int[]? places = null;
        for (var from = 0; from < byName.Length;)
        {
            var to = from + 1;
            while (to < byName.Length && entries[byName[to]].Name == entries[byName[from]].Name)
                to++;
            if (to - from > 1)
                KeepOrder(order, places ??= PlacesOf(order), byName.AsSpan(from, to - from));
            from = to;
        }

        return order;
    }

    // The entries of one name take the places that their sums have, in the order of the archive.
    private static void KeepOrder(int[] order, int[] places, ReadOnlySpan<int> sameName)
    {
        var mine = new int[sameName.Length];
        for (var i = 0; i < mine.Length; i++)
            mine[i] = places[sameName[i]];
        Array.Sort(mine);
        for (var i = 0; i < mine.Length; i++)
            order[mine[i]] = sameName[i];
    }

    private static int[] PlacesOf(int[] order)
    {
        var places = new int[order.Length];
        for (var i = 0; i < order.Length; i++)
            places[order[i]] = i;
        return places;
    }

    // What docker calls the same path: a leading "./" and a trailing "/" do not count.
    private static UInt128 NameKey(ReadOnlySpan<byte> name)
    {
        if (name.StartsWith("./"u8))
            name = name[2..];
        if (name.EndsWith("/"u8))
            name = name[..^1];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(name, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    private readonly record struct Entry(TarSumEntrySum Sum, UInt128 Name);
}
