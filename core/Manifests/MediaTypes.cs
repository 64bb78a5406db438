using System.Buffers;

namespace Registry.Manifests;

/// <summary>The media types whose structure the registry knows. All others are stored and served as they come.</summary>
public static class MediaTypes
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerList = "application/vnd.docker.distribution.manifest.list.v2+json";

    /// <summary>Docker's image manifest version 2, schema 1, without signatures.</summary>
    public const string Schema1 = "application/vnd.docker.distribution.manifest.v1+json";

    /// <summary>The same with signatures.</summary>
    public const string Schema1Signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";

    /// <summary>RFC 6838, section 4.2: 127 characters on each side of the slash.</summary>
    public const int MaxLength = 255;

    // RFC 9110, section 5.6.2: the characters of a token.
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");

    /// <summary>Whether a text is <c>type/subtype</c>, without parameters.</summary>
    public static bool IsWellFormed(string mediaType)
    {
        var slash = mediaType.IndexOf('/', StringComparison.Ordinal);
        return mediaType.Length <= MaxLength
            && slash > 0 && slash < mediaType.Length - 1
            && !mediaType.AsSpan(0, slash).ContainsAnyExcept(TokenCharacters)
            && !mediaType.AsSpan(slash + 1).ContainsAnyExcept(TokenCharacters);
    }

    public static bool IsImage(string mediaType) => mediaType is OciManifest or DockerManifest;

    public static bool IsSchema1(string mediaType) => mediaType is Schema1 or Schema1Signed;

    public static bool IsIndex(string mediaType) => mediaType is OciIndex or DockerList;

    /// <summary>Whether a layer of this type may lie elsewhere (image-spec, layer.md, "Non-Distributable Layers"; docker's foreign layers).</summary>
    public static bool IsNonDistributable(string mediaType) =>
        mediaType.StartsWith("application/vnd.oci.image.layer.nondistributable.", StringComparison.Ordinal)
        || mediaType.StartsWith("application/vnd.docker.image.rootfs.foreign.", StringComparison.Ordinal);

    /// <summary>The type without its parameters, which the registry ignores (distribution-spec, "Pushing Manifests").</summary>
    public static string WithoutParameters(string mediaType)
    {
        var end = mediaType.IndexOf(';', StringComparison.Ordinal);
        return (end < 0 ? mediaType : mediaType[..end]).Trim();
    }
}
