namespace Registry.Lifecycle;

/// <summary>Tags that are named after a manifest: the referrers tag schema of distribution-spec (<c>sha256-HEX</c>), and cosign's, which have a suffix (<c>.sig</c>).</summary>
internal static class Attachment
{
    // distribution-spec, "Referrers Tag Schema": of a long digest only so much is in the tag.
    private const int MaxHexInTag = 64;

    /// <summary>What the tags begin with that are named after a manifest.</summary>
    public static string NameOf(string digest)
    {
        var colon = digest.IndexOf(':', StringComparison.Ordinal);
        var hex = digest.AsSpan(colon + 1);
        return $"{digest.AsSpan(0, colon)}-{hex[..Math.Min(hex.Length, MaxHexInTag)]}";
    }

    /// <summary>The name of the manifest that a tag is named after, if there is such a one; null for a tag that ends in a dot.</summary>
    public static string? NamedAfter(string tag)
    {
        var end = tag.IndexOf('.', StringComparison.Ordinal);
        return end < 0 ? tag : end == tag.Length - 1 ? null : tag[..end];
    }
}
