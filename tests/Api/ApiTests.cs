using System.Globalization;
using System.Reflection;
using Registry.Tests.Support;
using Xunit.Sdk;
using Xunit.v3;

namespace Registry.Tests.Api;

/// <summary>What the classes share that test the API over HTTP: one class an endpoint, and each test on every stand.</summary>
public abstract class ApiTests(Stands stands)
{
    /// <summary>A well-formed digest that nothing has.</summary>
    protected const string Absent = "sha256:" + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    protected Task<ApiClient> Open(string stand, string setting = "") => stands.Open(stand, setting);

    /// <summary>A repository that no other test uses, so that all of them can share one registry.</summary>
    protected static string Repository(string suffix = "")
    {
        var test = TestContext.Current.Test!.TestDisplayName;
        var method = TestContext.Current.TestMethod!.MethodName.ToLower(CultureInfo.InvariantCulture);
        return $"{method}/{TestSeed.Of(test):x8}{suffix}";
    }

    /// <summary>Sends a row's request and holds the answer to what the row says.</summary>
    /// <param name="api">The registry.</param>
    /// <param name="row">The row.</param>
    /// <param name="names">What stands for the names in braces.</param>
    protected static async Task<Exchange> Check(ApiClient api, Row row, params (string Name, string Value)[] names)
    {
        var answer = await api.Send(Fill(row.Request), row.Send.Select(Fill), row.SendBody is { } body ? System.Text.Encoding.UTF8.GetBytes(Fill(body)) : null, row.Chunked);
        if (row.Code is { } code && !row.Request.StartsWith("HEAD", StringComparison.Ordinal))
            answer.IsError(row.Status, code.Split(' '));
        answer.Is(row.Status);
        DocumentedApi.Has(Fill(row.Request), answer, row.Code);
        foreach (var header in row.Headers.Select(Fill))
        {
            if (header.StartsWith('!'))
                answer.Has(header[1..], null);
            else
                answer.Has(header[..header.IndexOf(':', StringComparison.Ordinal)], header[(header.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
        }

        return row.Body is { } expected ? answer.HasBody(System.Text.Encoding.UTF8.GetBytes(Fill(expected))) : answer;

        string Fill(string text) => names.Aggregate(text, (t, n) => t.Replace($"{{{n.Name}}}", n.Value, StringComparison.Ordinal));
    }
}

/// <summary>One row of an endpoint's table.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Request">Method and target.</param>
/// <param name="Status">The status that must come back.</param>
/// <param name="Code">The error codes, separated by spaces; null where the answer is no error.</param>
public sealed record Row(string Name, string Request, int Status, string? Code = null)
{
    /// <summary>Headers to send, as lines.</summary>
    public string[] Send { get; init; } = [];

    public string? SendBody { get; init; }

    /// <summary>Whether the body goes without a Content-Length.</summary>
    public bool Chunked { get; init; }

    /// <summary>Headers that must come back, as lines; <c>!Name</c> for one that must not.</summary>
    public string[] Headers { get; init; } = [];

    /// <summary>The body that must come back; null where it does not matter.</summary>
    public string? Body { get; init; }

    public override string ToString() => Name;
}

/// <summary>Runs a theory on every stand.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryStandAttribute : DataAttribute
{
    /// <summary>Only where nothing stands between the client and the registry.</summary>
    public bool Direct { get; set; }

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([.. Of(Direct).Select(n => new TheoryDataRow(n))]);

    public static IEnumerable<string> Of(bool direct) => Stands.Names.Where(n => !direct || n != Stands.Functions);

    public override bool SupportsDiscoveryEnumeration() => true;
}

/// <summary>Runs a theory on every stand for each row of a table: a static field or property of the test's class.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryStandTimesAttribute(string table) : DataAttribute
{
    public string Table => table;

    /// <summary>Only where nothing stands between the client and the registry.</summary>
    public bool Direct { get; set; }

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        const BindingFlags Static = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        ArgumentNullException.ThrowIfNull(testMethod);
        var type = testMethod.DeclaringType!;
        var rows = (System.Collections.IEnumerable)(type.GetField(table, Static)?.GetValue(null) ?? type.GetProperty(table, Static)!.GetValue(null)!);
        return new([.. EveryStandAttribute.Of(Direct).SelectMany(n => rows.Cast<object>().Select(r => new TheoryDataRow(n, r)))]);
    }

    // Rows need not be serialisable, so they are found when the test runs.
    public override bool SupportsDiscoveryEnumeration() => false;
}
