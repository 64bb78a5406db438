using System.Text.RegularExpressions;
using Registry.Tests.Support;

namespace Registry.Tests.Infra;

/// <summary>The saved queries and those of the alerts: each is used, and looks for words that the registry really says.</summary>
public sealed partial class QueryTests
{
    private static readonly string folder = Path.Combine(SourceTree.Root, "infra", "queries");

    private static readonly string[] tables = ["AppExceptions", "AppRequests", "AppTraces", "AzureMetrics", "ContainerAppConsoleLogs"];

    public static TheoryData<string> Queries => [.. Directory.EnumerateFiles(folder, "*.kql").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task Every_query_is_saved_or_asked_by_an_alert()
    {
        var loaded = (await BicepFile.Templates()).SelectMany(f => f.Tree.All).Where(n => n.Type == "call_expression" && n.Name == "loadTextContent")
            .Select(n => n.All.First(s => s.Type == "string").Literal);
        Assert.Equal(Queries.Select(q => $"../queries/{q.Data}"), loaded.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Queries))]
    public void A_query_asks_tables_that_are_filled_and_functions_that_exist(string query)
    {
        var text = Comment().Replace(File.ReadAllText(Path.Combine(folder, query)), "");
        Assert.Contains(tables, t => text.Contains(t, StringComparison.Ordinal));
        Assert.All(Table().Matches(text).Select(m => m.Value), t => Assert.Contains(t, tables));
        Assert.All(FunctionName().Matches(text).Select(m => m.Groups[1].Value), f => Assert.True(Directory.Exists(Path.Combine(SourceTree.Root, "functions", f)), f));
        Assert.Equal(text.Count(c => c == '('), text.Count(c => c == ')'));
    }

    [Theory]
    [MemberData(nameof(Queries))]
    public void Words_that_a_query_looks_for_stand_in_a_message_of_the_log(string query)
    {
        var messages = Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "functions"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(f => LogMessage().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value)).ToList();
        foreach (Match line in Looks().Matches(File.ReadAllText(Path.Combine(folder, query))))
        {
            var words = Words().Matches(line.Value).Select(m => m.Groups[1].Value).ToList();
            Assert.True(messages.Exists(m => words.TrueForAll(w => m.Contains(w, StringComparison.Ordinal))), $"no message says {string.Join(" … ", words)}");
        }
    }

    [GeneratedRegex("//.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\b(App[A-Z]\w+|Azure[A-Z]\w+|Container[A-Z]\w+Logs)\b(?<!AppRoleInstance)")]
    private static partial Regex Table();

    [GeneratedRegex(@"\bName [!=]= '(\w+)'")]
    private static partial Regex FunctionName();

    [GeneratedRegex("""LoggerMessage\(\d+, LogLevel\.\w+, "([^"]+)""")]
    private static partial Regex LogMessage();

    // A line that filters by what a message has.
    [GeneratedRegex(@"where Message has '.*")]
    private static partial Regex Looks();

    [GeneratedRegex(@"Message has '([^']+)'")]
    private static partial Regex Words();
}
