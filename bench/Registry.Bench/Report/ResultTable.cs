using System.Globalization;
using Registry.Bench.Measuring;

namespace Registry.Bench.Report;

/// <summary>The rows as a Markdown table, so that it can be read in a terminal and pasted into a page.</summary>
internal static class ResultTable
{
    public static void Print(TextWriter output, IEnumerable<Row> rows)
    {
        output.WriteLine("| what | unit | registry: median (min to max) | beside | median (min to max) | ratio (of each round) | goal | reached |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var row in rows)
        {
            var ratio = row.Ratio is { } r ? $"{Text(r)} ({Text(row.Ratios.Min())} to {Text(row.Ratios.Max())})" : "";
            var reached = row.IsReached is { } yes ? yes ? "yes" : "**no**" : "";
            output.WriteLine($"| {row.What} | {row.Unit} | {Text(row.Ours)} | {row.Other?.Name} | {(row.Other is { } other ? Text(other) : "")} | {ratio} | {row.Goal} | {reached} |");
        }
    }

    private static string Text(Series series) => $"{Text(series.Median)} ({Text(series.Min)} to {Text(series.Max)})";

    private static string Text(double value) => value.ToString(Math.Abs(value) >= 100 ? "F0" : Math.Abs(value) >= 10 ? "F1" : "F2", CultureInfo.InvariantCulture);
}
