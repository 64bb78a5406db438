using System.Globalization;

namespace Registry.Bench;

/// <summary>What <c>run.sh</c> hands on.</summary>
internal sealed record BenchOptions
{
    public const string Usage = "--package DIR --hello DIR --modules DIR --results DIR [--runs N] [--size MIB] [--seconds S] [--only GROUP,GROUP]";

    /// <summary>The published registry.</summary>
    public required string Package { get; init; }

    /// <summary>The published hello-world.</summary>
    public required string Hello { get; init; }

    /// <summary>The tests' node_modules, with Azurite.</summary>
    public required string Modules { get; init; }

    /// <summary>Where the figures are kept; null for nowhere.</summary>
    public string? Results { get; init; }

    /// <summary>How often each is measured.</summary>
    public int Runs { get; init; } = 5;

    /// <summary>MiB of a body.</summary>
    public int Size { get; init; } = 256;

    /// <summary>How long requests are counted.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Which groups of rows; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    public bool Wants(string group) => Only.Count == 0 || Only.Contains(group);

    /// <exception cref="FormatException">Not these.</exception>
    public static BenchOptions Parse(string[] args)
    {
        if (args.Length % 2 != 0)
            throw new FormatException(Usage);
        var given = args.Chunk(2).ToDictionary(p => p[0], p => p[1]);
        var unknown = given.Keys.Except(["--package", "--hello", "--modules", "--results", "--runs", "--size", "--seconds", "--only"]).ToList();
        if (unknown.Count > 0)
            throw new FormatException($"{string.Join(' ', unknown)}? {Usage}");
        return new BenchOptions
        {
            Package = Required("--package"),
            Hello = Required("--hello"),
            Modules = Path.GetFullPath(Required("--modules")),
            Results = given.GetValueOrDefault("--results"),
            Runs = Number("--runs", 5),
            Size = Number("--size", 256),
            Time = TimeSpan.FromSeconds(Number("--seconds", 3)),
            Only = given.TryGetValue("--only", out var only) ? only.Split(',') : [],
        };

        string Required(string name) => given.GetValueOrDefault(name) ?? throw new FormatException(Usage);
        int Number(string name, int otherwise) => given.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
    }
}
