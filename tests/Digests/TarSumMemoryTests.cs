using System.Diagnostics;
using Registry.Digests;

namespace Registry.Tests.Digests;

/// <summary>What is kept of an archive while it is summed up: a buffer, and a little for each entry.</summary>
public sealed class TarSumMemoryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The archive is made as it is read, so it is nowhere in memory; nothing waits, so all is allocated on this thread.</summary>
    [Theory]
    [InlineData(1, 1L << 30)]
    [InlineData(1000, 100_000)]
    public async Task A_large_archive_takes_a_buffer_and_little_more(int entries, long size)
    {
        var archive = new EndlessFiles(entries, size);
        var clock = Stopwatch.StartNew();
        var before = GC.GetAllocatedBytesForCurrentThread();
        await TarSum.Compute(archive, TarSumLimits.For(entries * size, long.MaxValue), Cancellation);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        TestContext.Current.TestOutputHelper!.WriteLine($"{archive.Given >> 20} MiB, {entries} entries: {allocated >> 10} KiB allocated in all, {clock.Elapsed.TotalSeconds:F1} s");
        Assert.InRange(archive.Given, entries * size, long.MaxValue);
        Assert.InRange(allocated, 0, (4 * 1024 * 1024) + (entries * 2048L));
    }

    /// <summary>As many entries as there may be: all that is ever allocated for them, the smaller lists that the list grew out of too.</summary>
    [Fact]
    public void A_million_entries_take_tens_of_megabytes_and_one_more_is_refused()
    {
        var limits = TarSumLimits.For(0, long.MaxValue);
        var name = new byte[8];
        var before = GC.GetAllocatedBytesForCurrentThread();
        var entries = new TarSumEntries(limits.MaxEntries);
        for (var i = 0; i < limits.MaxEntries; i++)
        {
            BitConverter.TryWriteBytes(name, i);
            entries.Add(name, new TarSumEntrySum((UInt128)(uint)(i * 7919), 0));
        }

        entries.Sum();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        TestContext.Current.TestOutputHelper!.WriteLine($"{limits.MaxEntries} entries: {allocated >> 20} MiB allocated in all");
        Assert.InRange(allocated, limits.MaxEntries * 32L, 2L * limits.MaxEntries * TarSumEntries.BytesPerEntry);
        Assert.Throws<TarSumException>(() => entries.Add(name, default));
    }

    /// <summary>Files of zeros, one after the other, and the end of the archive.</summary>
    private sealed class EndlessFiles(int entries, long size) : ForwardStream
    {
        private readonly byte[] header = TarFile.With(new TarFile("file-0000000000").Header(), 124, [0x80, 0, 0, 0, .. BitConverter.GetBytes(size).Reverse()]);
        private int entry;
        private long position;

        public long Given { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

        public override int Read(Span<byte> buffer)
        {
            if (entry == entries)
                return 0;

            var whole = 512 + size + (-size & 511);
            var count = (int)Math.Min(buffer.Length, (position < 512 ? 512 : whole) - position);
            if (position < 512)
                Header().AsSpan((int)position, count).CopyTo(buffer);
            else
                buffer[..count].Clear();
            position += count;
            if (position == whole)
                (position, entry) = (0, entry + 1);
            Given += count;
            return count;
        }

        // The entry's number in its name, and the checksum that goes with it: the digits alone change both.
        private byte[] Header()
        {
            if (position > 0)
                return header;
            var digits = entry.ToString("d10", System.Globalization.CultureInfo.InvariantCulture);
            for (var i = 0; i < digits.Length; i++)
                header[5 + i] = (byte)digits[i];
            var sum = 8 * ' ';
            for (var i = 0; i < header.Length; i++)
                sum += i is >= 148 and < 156 ? 0 : header[i];
            for (var i = 5; i >= 0; i--, sum >>= 3)
                header[148 + i] = (byte)('0' + (sum & 7));
            return header;
        }
    }
}
