using System.Globalization;

namespace Registry.Lifecycle;

/// <summary>Long times as people type and read them: <c>30d</c>, <c>12h</c>; 1 hour to 100 years.</summary>
public static class SpanText
{
    private const int MaxDays = 100 * 366;

    /// <exception cref="FormatException">No such time; the message says what is.</exception>
    public static TimeSpan Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > 1 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0)
        {
            if (text[^1] == 'd' && count <= MaxDays)
                return TimeSpan.FromDays(count);
            if (text[^1] == 'h' && count <= MaxDays * 24)
                return TimeSpan.FromHours(count);
        }

        throw new FormatException($"'{text}' is no length of time: 30d and 12h are");
    }

    /// <summary>As it is typed.</summary>
    public static string Short(TimeSpan span) => IsDays(span) ? $"{(long)span.TotalDays}d" : $"{(long)span.TotalHours}h";

    /// <summary>As it is read in a sentence, in the largest unit of which it is a whole number: settings may be of any length.</summary>
    public static string Words(TimeSpan span) =>
        IsDays(span) ? Words(span.TotalDays, "day")
        : span.Ticks % TimeSpan.TicksPerHour == 0 ? Words(span.TotalHours, "hour")
        : span.Ticks % TimeSpan.TicksPerMinute == 0 ? Words(span.TotalMinutes, "minute")
        : Words(span.TotalSeconds, "second");

    /// <summary>A time in a sentence that is about a length of time: with the hour where that matters.</summary>
    public static string Date(DateTimeOffset at, TimeSpan span) =>
        at.UtcDateTime.ToString(IsDays(span) ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static bool IsDays(TimeSpan span) => span.Ticks % TimeSpan.TicksPerDay == 0;

    private static string Words(double count, string unit) => string.Create(CultureInfo.InvariantCulture, $"{count:0.###} {unit}{(count == 1 ? "" : "s")}");
}
