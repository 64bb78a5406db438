namespace Registry.Tests.Support;

/// <summary>Where the repository is that these tests were built in.</summary>
public static class SourceTree
{
    public static string Root { get; } = FindRoot();

    public static string Tests { get; } = Path.Combine(Root, "tests");

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Registry.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"no Registry.sln above {AppContext.BaseDirectory}");
    }
}
