using System.Text;
using Registry.Manifests;
using Registry.Manifests.Schema1;

namespace Registry.Tests.Manifests.Schema1;

/// <summary>Every bit of a signed manifest, one after the other.</summary>
public sealed class BitFlipTests
{
    [Theory]
    [MemberData(nameof(Schema1Samples.Algorithms), MemberType = typeof(Schema1Samples))]
    public void Any_bit_of_the_payload_that_is_flipped_is_refused(string algorithm)
    {
        var signed = Schema1Samples.Sign(Schema1Samples.Small, algorithm);
        var formatted = Schema1Samples.Formatted(Schema1Samples.Small).Length;
        Assert.Empty(Schema1Samples.Refusals(signed));

        for (var bit = 0; bit < formatted * 8; bit++)
            Assert.True(IsRefused(Flip(signed, bit)), $"bit {bit} is flipped, and the manifest accepted");
    }

    /// <summary>The payload's end stands in the protected header.</summary>
    [Fact]
    public void Any_bit_of_the_payloads_end_that_is_flipped_is_refused()
    {
        var signed = Schema1Samples.Sign(Schema1Samples.Small, "ES256");
        var text = Schema1Samples.Signatures(signed)[0]!["protected"]!.GetValue<string>();
        var at = Encoding.UTF8.GetString(signed).IndexOf(text, StringComparison.Ordinal);

        for (var bit = at * 8; bit < (at + text.Length) * 8; bit++)
            Assert.True(IsRefused(Flip(signed, bit)), $"bit {bit} is flipped, and the manifest accepted");
    }

    /// <summary>White space, and the names of members that nobody reads, are not signed.</summary>
    [Fact]
    public void Any_other_bit_that_is_flipped_is_refused_or_changes_nothing_of_what_was_signed()
    {
        var signed = Schema1Samples.Sign(Schema1Samples.Small, "ES256", "RS256");
        var accepted = 0;
        for (var bit = Schema1Samples.Formatted(Schema1Samples.Small).Length * 8; bit < signed.Length * 8; bit++)
        {
            var flipped = Flip(signed, bit);
            if (IsRefused(flipped))
                continue;
            accepted++;
            Assert.Equal(Schema1Samples.Small, ManifestDocument.Parse(flipped, MediaTypes.Schema1Signed, new ManifestOptions()).Schema1!.Payload.ToArray());
        }

        // A member of a key that nobody needs ("kid") gets another name, which nobody knows: such bits there are, and not many.
        Assert.InRange(accepted, 1, 400);
    }

    private static bool IsRefused(byte[] content) => Schema1Samples.Refusals(content).Count > 0;

    private static byte[] Flip(byte[] content, int bit)
    {
        var flipped = (byte[])content.Clone();
        flipped[bit / 8] ^= (byte)(1 << (bit % 8));
        return flipped;
    }
}
