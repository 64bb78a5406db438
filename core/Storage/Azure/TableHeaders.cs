namespace Registry.Storage.Azure;

/// <summary>Headers that every request to the table service has.</summary>
internal static class TableHeaders
{
    /// <summary>The first version that takes identities, and the one that Microsoft's own table client sends. Later ones changed nothing for tables.</summary>
    public const string ServiceVersion = "2020-12-06";

    public const string DataServiceVersion = "3.0";

    /// <summary>Rows with their ETags, and with the types that JSON lacks.</summary>
    public const string Accept = "application/json;odata=minimalmetadata";

    /// <summary>An insert would send the row back otherwise.</summary>
    public const string NoContent = "return-no-content";
}
