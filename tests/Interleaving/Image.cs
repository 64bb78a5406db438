using Registry.Digests;

namespace Registry.Tests.Interleaving;

/// <summary>A manifest that a client pushes.</summary>
/// <param name="MediaType">What it says that it is.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="Needs">What it refers to.</param>
internal sealed record Image(string MediaType, byte[] Content, IReadOnlyList<Digest> Needs)
{
    private const string ImageType = "application/vnd.oci.image.manifest.v1+json";
    private const string IndexType = "application/vnd.oci.image.index.v1+json";

    public Digest Digest { get; } = Client.Of(Content);

    /// <summary>An image of one blob.</summary>
    public static Image Of(Digest blob, Image? subject = null) => new(
        ImageType,
        Race.Bytes($$"""{"schemaVersion":2,{{Subject(subject)}}"config":{{Descriptor("application/vnd.oci.image.config.v1+json", blob)}},"layers":[]}"""),
        [blob]);

    /// <summary>An index of one manifest.</summary>
    public static Image Index(Image child, Image? subject = null) => new(
        IndexType,
        Race.Bytes($$"""{"schemaVersion":2,{{Subject(subject)}}"manifests":[{{Descriptor(child.MediaType, child.Digest)}}]}"""),
        [child.Digest]);

    private static string Subject(Image? subject) => subject is null ? "" : $"\"subject\":{Descriptor(subject.MediaType, subject.Digest)},";

    private static string Descriptor(string mediaType, Digest digest) => $$"""{"mediaType":"{{mediaType}}","digest":"{{digest}}","size":1}""";
}
