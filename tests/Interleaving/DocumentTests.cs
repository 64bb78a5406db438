using System.Reflection;
using System.Text.RegularExpressions;

namespace Registry.Tests.Interleaving;

public sealed partial class DocumentTests
{
    [Theory]
    [InlineData("uploads.md", 25)]
    [InlineData("garbage-collection.md", 45)]
    [InlineData("verification.md", 20)]
    [InlineData("lifecycle.md", 20)]
    public void Every_test_that_the_document_names_is_there(string document, int atLeast)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Registry.sln")))
            folder = folder.Parent;
        Assert.NotNull(folder);
        var named = TestName().Matches(File.ReadAllText(Path.Combine(folder.FullName, "docs", document))).Select(m => m.Groups[1].Value).ToList();
        var tests = typeof(DocumentTests).Assembly.GetTypes()
            .SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)).Select(m => m.Name).ToHashSet();

        Assert.InRange(named.Count, atLeast, 100);
        Assert.Empty(named.Except(tests));
    }

    [GeneratedRegex("`([A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+){3,})`")]
    private static partial Regex TestName();
}
