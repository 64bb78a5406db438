using Registry.Storage;

namespace Registry.Manifests;

/// <summary>What the collector notes on the row of a manifest to which nothing leads. Whoever writes the row for another reason takes the notes away.</summary>
internal static class ManifestLead
{
    /// <summary>Since when nothing was seen to lead to it.</summary>
    public const string Since = "untaggedSince";

    /// <summary>That it is so because retention took the tags that led to it.</summary>
    public const string Released = "released";

    /// <summary>Takes the notes from a row that is to be written.</summary>
    public static TableEntity Unnoted(this TableEntity row) => row.Set(Since, (DateTimeOffset?)null).Set(Released, (bool?)null);

    /// <summary>Notes it on a row that is to be written.</summary>
    public static TableEntity Noted(this TableEntity row, DateTimeOffset since, bool isReleased) => row.Set(Since, since).Set(Released, isReleased ? true : null);
}
