using System.Buffers;

namespace Registry.Storage;

/// <summary>The only place that builds a content path.</summary>
/// <remarks>
/// <code>
/// content/
///   3f/
///     3f0c...e1        one blob, named by the 32 hex digits of the upload that wrote it; never named again
/// collection/
///   7b..e4/
///     0f..             sorted keys of one run of the collector; gone when it ends
/// keys/
///   key-9c..2a.xml     a key of the ring that protects tokens; written once
/// </code>
/// Two hexadecimal digits spread the names, so that a listing can be split and a folder on disk stays small.
/// </remarks>
public static class PathMapper
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>What every path of content begins with.</summary>
    public const string ContentPrefix = "content/";

    /// <summary>The path of the content that an upload or a manifest put writes.</summary>
    /// <param name="id">32 lower-case hexadecimal digits.</param>
    public static string Content(string id) => $"{ContentPrefix}{id.AsSpan(0, 2)}/{id}";

    /// <summary>The id in a path of <see cref="Content"/>; null for any other path.</summary>
    public static string? ContentId(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var id = path.Length == ContentPrefix.Length + 35 ? path[^32..] : "";
        return id.Length == 32 && !id.AsSpan().ContainsAnyExcept(HexDigits) && Content(id) == path ? id : null;
    }

    /// <summary>What every path of the collector's own files begins with.</summary>
    public const string CollectionPrefix = "collection/";

    /// <summary>The path of a file of one run of the collector.</summary>
    public static string Collection(string run, string name) => $"{CollectionPrefix}{run}/{name}";

    /// <summary>What every path of a key begins with.</summary>
    public const string KeysPrefix = "keys/";

    /// <summary>The path of a key of the ring that protects tokens.</summary>
    /// <param name="name">Letters, digits and dashes.</param>
    public static string Key(string name) => $"{KeysPrefix}{name}.xml";
}
