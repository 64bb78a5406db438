using System.Globalization;
using System.Text;

namespace Registry.Storage.Azure;

/// <summary>Where a table, a row and a query are: the URLs of the table service.</summary>
/// <remarks>
/// A key stands in a URL as an OData string: a quote in it is doubled, then all but unreserved characters are percent-encoded, so that the
/// path is signed exactly as it is sent.
/// </remarks>
internal sealed class TableAddress(Uri service, string prefix)
{
    private readonly string service = service.AbsoluteUri.TrimEnd('/');

    public Uri Tables => new($"{service}/Tables");

    public Uri Batch => new($"{service}/$batch");

    /// <summary>The table's name in the account.</summary>
    public string Name(string table) => prefix + table;

    public string Table(string table) => $"{service}/{prefix}{table}";

    public string Row(string table, string partition, string row) =>
        $"{service}/{prefix}{table}(PartitionKey='{Escape(partition)}',RowKey='{Escape(row)}')";

    public Uri Query(string table, TableQuery query)
    {
        var uri = new StringBuilder($"{service}/{prefix}{table}()?$top={query.Take.ToString(CultureInfo.InvariantCulture)}");
        if (Filter(query) is { Length: > 0 } filter)
            uri.Append("&$filter=").Append(Uri.EscapeDataString(filter));
        if (query.Select is { } columns)
            uri.Append("&$select=").AppendJoin(',', ["PartitionKey", "RowKey", "Timestamp", .. columns]);
        if (query.Continue is { } next)
        {
            uri.Append("&NextPartitionKey=").Append(Uri.EscapeDataString(next.Partition));

            // Storage may name a partition alone, when the page ended with the one before.
            if (next.Row.Length > 0)
                uri.Append("&NextRowKey=").Append(Uri.EscapeDataString(next.Row));
        }

        return new Uri(uri.ToString());
    }

    private static string Filter(TableQuery query)
    {
        var terms = new List<string>(4);
        Add("PartitionKey eq", query.Partition);
        Add("RowKey ge", query.FromRow);
        Add("RowKey lt", query.BeforeRow);
        if (query.Where is { } where)
            Add($"{where.Property} eq", where.Value);
        return string.Join(" and ", terms);

        void Add(string term, string? value)
        {
            if (value is not null)
                terms.Add($"{term} '{Quote(value)}'");
        }
    }

    private static string Escape(string key) => Uri.EscapeDataString(Quote(key));

    private static string Quote(string value) => value.Replace("'", "''", StringComparison.Ordinal);
}
