using System.Buffers.Binary;
using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using Registry.Digests;

namespace Registry.Tests.Digests;

public sealed class ResumableHashTests
{
    private const string Native = "native";
    private const string Managed = "managed";

    public static TheoryData<string, string> Both { get; } = new()
    {
        { Native, "sha256" }, { Native, "sha512" }, { Managed, "sha256" }, { Managed, "sha512" },
    };

    /// <summary>First the implementation that saves, then the one that restores.</summary>
    public static TheoryData<string, string, string> Crossings { get; } = new()
    {
        { Native, Native, "sha256" }, { Native, Managed, "sha256" }, { Managed, Native, "sha256" }, { Managed, Managed, "sha256" },
        { Native, Native, "sha512" }, { Native, Managed, "sha512" }, { Managed, Native, "sha512" }, { Managed, Managed, "sha512" },
    };

    [Fact]
    public void The_native_implementation_is_preferred_where_it_is_usable() =>
        Assert.Same(LibCrypto.IsUsable ? HashImplementation.Native : HashImplementation.Managed, HashImplementation.Preferred);

    [Theory]
    [MemberData(nameof(HashVectors.All), MemberType = typeof(HashVectors))]
    public void Known_vectors_are_hashed_right(string piece, int times, string sha256, string sha512)
    {
        var content = Convert.FromHexString(piece);
        foreach (var implementation in Available())
        {
            using var short256 = implementation.Create(DigestAlgorithm.Sha256);
            using var long512 = implementation.Create(DigestAlgorithm.Sha512);
            for (var i = 0; i < times; i++)
            {
                short256.Append(content);
                long512.Append(content);
            }

            Assert.Equal($"sha256:{sha256}", short256.Current().ToString());
            Assert.Equal($"sha512:{sha512}", long512.Current().ToString());
            Assert.Equal(content.Length * times, short256.Length);
            Assert.Equal(content.Length * times, long512.Length);
        }
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Every_length_around_the_block_boundaries_equals_the_platforms_hash(string who, string algorithm)
    {
        var (implementation, digest) = (Pick(who), DigestAlgorithm.Find(algorithm)!);
        for (var length = 0; length <= 300; length++)
        {
            var content = Content(length, seed: length);
            using var hash = implementation.Create(digest);
            hash.Append(content);
            Assert.Equal(Digest.Compute(digest, content), hash.Current());
        }
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Any_split_equals_the_hash_of_the_whole(string who, string algorithm)
    {
        var (implementation, digest) = (Pick(who), DigestAlgorithm.Find(algorithm)!);
        Prop.ForAll(Pieces, pieces =>
        {
            using var hash = implementation.Create(digest);
            foreach (var piece in pieces)
                hash.Append(piece);

            byte[] whole = [.. pieces.SelectMany(p => p)];
            return hash.Current() == Digest.Compute(digest, whole) && hash.Length == whole.Length;
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [MemberData(nameof(Crossings))]
    public void Saving_and_restoring_between_any_pieces_changes_nothing(string saver, string restorer, string algorithm)
    {
        var (from, to, digest) = (Pick(saver), Pick(restorer), DigestAlgorithm.Find(algorithm)!);
        Prop.ForAll(Pieces, pieces =>
        {
            var (implementation, other) = (from, to);
            var hash = implementation.Create(digest);
            foreach (var piece in pieces)
            {
                hash.Append(piece);
                var state = hash.Save();
                hash.Dispose();
                (implementation, other) = (other, implementation);
                hash = implementation.Restore(HashState.Parse(state));
                if (!hash.Save().AsSpan().SequenceEqual(state) || state.Length > 256)
                    return false;
            }

            using (hash)
                return hash.Current() == Digest.Compute(digest, [.. pieces.SelectMany(p => p)]);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public void Both_implementations_save_the_same_bytes(string algorithm)
    {
        var digest = DigestAlgorithm.Find(algorithm)!;
        for (var length = 0; length <= 300; length++)
        {
            using var native = Pick(Native).Create(digest);
            using var managed = Pick(Managed).Create(digest);
            native.Append(Content(length, seed: 7));
            managed.Append(Content(length, seed: 7));
            Assert.Equal(managed.Save(), native.Save());
        }
    }

    [Theory]
    [InlineData("sha256", (1L << 29) - 1)] // the bit count leaves 32 bits here
    [InlineData("sha256", 1L << 29)]
    [InlineData("sha256", (1L << 32) - 3)]
    [InlineData("sha256", (1L << 40) + 5)]
    [InlineData("sha256", HashState.MaxLength - 4096)]
    [InlineData("sha512", (1L << 29) - 1)]
    [InlineData("sha512", (1L << 32) - 3)]
    [InlineData("sha512", (1L << 40) + 5)]
    [InlineData("sha512", HashState.MaxLength - 4096)]
    public void Lengths_beyond_four_gibibytes_are_counted_right(string algorithm, long length)
    {
        var state = HashState.Parse(StateOfLength(DigestAlgorithm.Find(algorithm)!, length));
        using var native = Pick(Native).Restore(state);
        using var managed = Pick(Managed).Restore(state);
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal(length + round * 1000, native.Length);
            Assert.Equal(length + round * 1000, managed.Length);
            Assert.Equal(managed.Current(), native.Current());
            Assert.Equal(managed.Save(), native.Save());
            native.Append(Content(1000, round));
            managed.Append(Content(1000, round));
        }
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Asking_for_the_digest_does_not_disturb_the_state(string who, string algorithm)
    {
        var digest = DigestAlgorithm.Find(algorithm)!;
        using var hash = Pick(who).Create(digest);
        var content = Content(200, seed: 1);
        for (var i = 0; i < content.Length; i++)
        {
            var before = hash.Save();
            Assert.Equal(Digest.Compute(digest, content.AsSpan(0, i)), hash.Current());
            Assert.Equal(before, hash.Save());
            hash.Append(content.AsSpan(i, 1));
        }
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Append_allocates_nothing(string who, string algorithm)
    {
        using var hash = Pick(who).Create(DigestAlgorithm.Find(algorithm)!);
        var content = Content(100_000, seed: 2);
        hash.Append(content);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var length = 1; length < content.Length; length *= 3)
            hash.Append(content.AsSpan(0, length));

        // The runtime was seen to allocate a few bytes of its own; an object for each of eleven calls would be 264.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void A_state_that_is_not_one_is_refused(string who, string algorithm)
    {
        var digest = DigestAlgorithm.Find(algorithm)!;
        using var hash = Pick(who).Create(digest);
        hash.Append(Content(333, seed: 3));
        var state = hash.Save();
        using (var restored = ResumableHash.Restore(state))
            Assert.Equal(hash.Current(), restored.Current());

        for (var length = 0; length < state.Length; length++)
            Refused(state[..length]);
        Refused([.. state, 0]);
        Refused(With(state, 0, 0));
        Refused(With(state, 0, 2));
        Refused(With(state, 1, 0));
        Refused(With(state, 1, 3));
        Refused(With(state, 1, (byte)(3 - state[1])));

        var lengthAt = 2 + digest.HexLength / 2;
        Refused(With(state, lengthAt + 7, (byte)(state[lengthAt + 7] + 1)));
        Refused(With(state, lengthAt, 0x80)); // negative as a signed number
        Refused(With(state, lengthAt, 0x10)); // beyond HashState.MaxLength
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    public void Chaining_values_before_the_first_block_can_only_be_the_initial_ones(string algorithm)
    {
        using var hash = ResumableHash.Create(DigestAlgorithm.Find(algorithm)!);
        Refused(With(hash.Save(), 2, 0));
        hash.Append(Content(63, seed: 4));
        Refused(With(hash.Save(), 9, 0xee));
    }

    private static void Refused(byte[] state) => Assert.Throws<FormatException>(() => ResumableHash.Restore(state));

    private static byte[] With(byte[] state, int at, byte value)
    {
        byte[] changed = [.. state];
        changed[at] = value;
        return changed;
    }

    private static byte[] StateOfLength(DigestAlgorithm algorithm, long length)
    {
        var block = HashState.BlockSizeOf(algorithm);
        using var hash = HashImplementation.Managed.Create(algorithm);
        hash.Append(Content(block + (int)(length % block), seed: 5));
        var state = hash.Save();
        BinaryPrimitives.WriteInt64BigEndian(state.AsSpan(2 + algorithm.HexLength / 2), length);
        return state;
    }

    private static byte[] Content(int length, int seed)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        return content;
    }

    /// <summary>Pieces from empty to a few blocks, with sizes at the block boundaries more often than chance has them.</summary>
    private static Arbitrary<byte[][]> Pieces { get; } = Gen.OneOf(Gen.Choose(0, 400), Gen.Elements(0, 1, 63, 64, 65, 127, 128, 129, 256))
        .SelectMany(length => Gen.Choose(0, int.MaxValue).Select(seed => Content(length, seed)))
        .ArrayOf()
        .ToArbitrary();

    private static IEnumerable<HashImplementation> Available() =>
        LibCrypto.IsUsable ? [HashImplementation.Native, HashImplementation.Managed] : [HashImplementation.Managed];

    private static HashImplementation Pick(string who)
    {
        if (who == Managed)
            return HashImplementation.Managed;

        Assert.SkipUnless(LibCrypto.IsUsable, "this platform has no libcrypto.so");
        return HashImplementation.Native;
    }
}
