using System.Globalization;

namespace Registry.Functions.Commands;

/// <summary>How numbers look to people, wherever they are.</summary>
internal static class Wording
{
    public static string Size(long bytes)
    {
        string[] units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
        var unit = 0;
        double size = bytes;
        while (size >= 1024 && unit < units.Length - 1)
            (size, unit) = (size / 1024, unit + 1);
        return Text($"{size:0.#} {units[unit]}");
    }

    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>So many of something: <c>1 tag</c>, <c>2 tags</c>.</summary>
    public static string Count(long number, string one, string many) => Text($"{number} {(number == 1 ? one : many)}");
}
