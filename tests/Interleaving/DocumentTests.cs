using System.Reflection;
using System.Text.RegularExpressions;

namespace Registry.Tests.Interleaving;

public sealed partial class UploadDocumentTests
{
    [Fact]
    public void Every_test_that_the_document_names_is_there()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Registry.sln")))
            folder = folder.Parent;
        Assert.NotNull(folder);
        var named = TestName().Matches(File.ReadAllText(Path.Combine(folder.FullName, "docs", "uploads.md"))).Select(m => m.Groups[1].Value).ToList();
        var tests = typeof(UploadDocumentTests).Assembly.GetTypes()
            .SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)).Select(m => m.Name).ToHashSet();

        Assert.InRange(named.Count, 25, 100);
        Assert.Empty(named.Except(tests));
    }

    [GeneratedRegex("`([A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+){3,})`")]
    private static partial Regex TestName();
}
