namespace Registry.Functions.Hosting;

/// <summary>Where content and state are kept.</summary>
public sealed record StorageSettings
{
    public required StorageKind Driver { get; init; }

    /// <summary>The folder of embedded storage.</summary>
    public required string RootDirectory { get; init; }

    public string? ConnectionString { get; init; }

    public Uri? BlobServiceUri { get; init; }

    public Uri? TableServiceUri { get; init; }

    public required string Container { get; init; }

    public required string TablePrefix { get; init; }

    internal static StorageSettings Read(SettingReader reader)
    {
        var connection = reader.Text("Storage:ConnectionString");
        var (blobs, tables) = (reader.Url("Storage:BlobServiceUri"), reader.Url("Storage:TableServiceUri"));
        var driver = reader.Text("Storage:Driver") switch
        {
            null => connection is null && blobs is null && tables is null ? StorageKind.FileSystem : StorageKind.Azure,
            var text when Enum.TryParse<StorageKind>(text, ignoreCase: true, out var kind) && Enum.IsDefined(kind) && !char.IsAsciiDigit(text[0]) => kind,
            var text => throw SettingReader.Wrong("Storage:Driver", text, "filesystem, azure or memory"),
        };
        if (driver == StorageKind.Azure && connection is null == (blobs is null || tables is null))
            throw new SettingException("Registry:Storage:Driver azure needs either Storage:ConnectionString, or both Storage:BlobServiceUri and Storage:TableServiceUri");

        return new StorageSettings
        {
            Driver = driver,
            ConnectionString = connection,
            BlobServiceUri = blobs,
            TableServiceUri = tables,
            RootDirectory = reader.Text("Storage:RootDirectory") ?? "data",
            Container = ValidContainer(reader.Text("Storage:Container") ?? "registry"),
            TablePrefix = ValidTablePrefix(reader.Text("Storage:TablePrefix") ?? ""),
        };
    }

    // Azure's rules for containers: 3 to 63 lower-case letters, digits and single dashes between them.
    private static string ValidContainer(string name) =>
        name.Length is >= 3 and <= 63
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
        && name[0] != '-' && name[^1] != '-' && !name.Contains("--", StringComparison.Ordinal)
            ? name
            : throw SettingReader.Wrong("Storage:Container", name, "3 to 63 lower-case letters, digits and single dashes");

    // Azure's rules for tables: letters and digits, a letter first, 63 at most with the name that follows.
    private static string ValidTablePrefix(string prefix) =>
        prefix.Length <= 40 && prefix.All(char.IsAsciiLetterOrDigit) && (prefix.Length == 0 || char.IsAsciiLetter(prefix[0]))
            ? prefix
            : throw SettingReader.Wrong("Storage:TablePrefix", prefix, "at most 40 letters and digits, a letter first");
}

public enum StorageKind
{
    FileSystem,
    Azure,
    Memory,
}
