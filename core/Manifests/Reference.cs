using Registry.Digests;
using Registry.Errors;

namespace Registry.Manifests;

/// <summary>How a manifest is named within a repository: by digest or by tag (the spec's <c>&lt;tag-or-digest&gt;</c>).</summary>
public readonly record struct Reference
{
    private Reference(Digest? digest, Tag? tag)
    {
        Digest = digest;
        Tag = tag;
    }

    public Digest? Digest { get; }

    public Tag? Tag { get; }

    public static Reference To(Digest digest) => new(digest, null);

    public static Reference To(Tag tag) => new(null, tag);

    /// <summary>A text with a colon is a digest, any other a tag: a tag cannot hold a colon.</summary>
    /// <exception cref="RegistryException"><c>DIGEST_INVALID</c> or <c>TAG_INVALID</c></exception>
    public static Reference Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Contains(':', StringComparison.Ordinal) ? To(Digests.Digest.ParseHash(text)) : To(Manifests.Tag.Parse(text));
    }

    public override string ToString() => Digest?.ToString() ?? Tag.ToString()!;
}
