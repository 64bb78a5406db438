namespace Registry.Storage;

/// <summary>The only place that builds a content path.</summary>
/// <remarks>
/// <code>
/// content/
///   3f/
///     3f0c...e1        one blob, named by the 32 hex digits of the upload that wrote it; never named again
/// keys/
///   key-9c..2a.xml     a key of the ring that protects tokens; written once
/// </code>
/// Two hexadecimal digits spread the names, so that a listing can be split and a folder on disk stays small.
/// </remarks>
public static class PathMapper
{
    /// <summary>What every path of content begins with.</summary>
    public const string ContentPrefix = "content/";

    /// <summary>The path of the content that an upload or a manifest put writes.</summary>
    /// <param name="id">32 lower-case hexadecimal digits.</param>
    public static string Content(string id) => $"{ContentPrefix}{id.AsSpan(0, 2)}/{id}";

    /// <summary>What every path of a key begins with.</summary>
    public const string KeysPrefix = "keys/";

    /// <summary>The path of a key of the ring that protects tokens.</summary>
    /// <param name="name">Letters, digits and dashes.</param>
    public static string Key(string name) => $"{KeysPrefix}{name}.xml";
}
