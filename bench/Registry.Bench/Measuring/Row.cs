namespace Registry.Bench.Measuring;

/// <summary>Figures of one entrant in one row.</summary>
internal sealed record Series(string Name, IReadOnlyList<double> Values)
{
    public double Median => Values.Order().ElementAt(Values.Count / 2);

    public double Min => Values.Min();

    public double Max => Values.Max();

    public static Series Rates(string name, IEnumerable<Sample> samples) => new(name, [.. samples.Select(s => s.Rate)]);

    public static Series Processors(string name, IEnumerable<Sample> samples) => new(name, [.. samples.Select(s => s.ProcessorPerGiB)]);
}

/// <summary>One line of the table: ours, beside a peer or a ceiling where there is one.</summary>
/// <param name="What">What was measured.</param>
/// <param name="Unit">Of the figures.</param>
/// <param name="Ours">The registry's.</param>
/// <param name="Other">The peer's or the ceiling's.</param>
/// <param name="Goal">What is to be reached; null where the figure is only told.</param>
internal sealed record Row(string What, string Unit, Series Ours, Series? Other, Goal? Goal)
{
    /// <summary>Median to median.</summary>
    public double? Ratio => Other is null ? null : Ours.Median / Other.Median;

    /// <summary>Each round's own.</summary>
    public IEnumerable<double> Ratios => Other is null ? [] : Ours.Values.Zip(Other.Values, (ours, other) => ours / other);

    public bool? IsReached => Goal?.IsReached(Goal.IsOfRatio ? Ratio!.Value : Ours.Median);
}

/// <summary>What a row is to reach.</summary>
/// <param name="Sign">≥ or ≤.</param>
/// <param name="Value">The bound.</param>
/// <param name="IsOfRatio">Whether it bounds the ratio; otherwise the median.</param>
internal sealed record Goal(string Sign, double Value, bool IsOfRatio)
{
    public static Goal AtLeast(double ratio) => new("≥", ratio, IsOfRatio: true);

    public static Goal AtMost(double ratio) => new("≤", ratio, IsOfRatio: true);

    public static Goal AtMostValue(double value) => new("≤", value, IsOfRatio: false);

    public bool IsReached(double value) => Sign == "≥" ? value >= Value : value <= Value;

    public override string ToString() => FormattableString.Invariant($"{Sign} {Value:0.##}{(IsOfRatio ? " ×" : "")}");
}
