using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Registry.Access;
using Registry.Lifecycle;

namespace Registry.Functions.Commands;

/// <summary>Arguments and options that several commands take. What they cannot be is said before anything is done or asked.</summary>
internal static class CommandInputs
{
    public static Argument<string> Name(string description) =>
        new Argument<string>("NAME") { Description = description }.Checked(text => _ = AccountName.Parse(text));

    public static Argument<string> Repositories() =>
        new Argument<string>("REPOSITORIES") { Description = "A repository's name in which * stands for any characters, slashes too; in quotes, or the shell takes the * for itself" }
            .Checked(text => _ = RepositoryGlob.Parse(text));

    public static Argument<string> Tags() =>
        new Argument<string>("TAGS") { Description = "A tag in which * stands for any characters; in quotes, or the shell takes the * for itself" }
            .Checked(text => _ = TagPattern.Parse(text));

    public static Option<bool> PasswordFromInput() =>
        new("--password-stdin") { Description = "Read the password from the first line of standard input" };

    /// <summary>Has the value read by something that throws <see cref="FormatException"/> with what is wrong.</summary>
    public static Argument<string> Checked(this Argument<string> argument, Action<string> read)
    {
        argument.Validators.Add(result =>
        {
            try
            {
                read(result.Tokens.Count > 0 ? result.Tokens[0].Value : "");
            }
            catch (FormatException e)
            {
                result.AddError(e.Message);
            }
        });
        return argument;
    }

    /// <summary>When something ends: so many days or hours from now, or a date, at its beginning in UTC, or a time.</summary>
    public static Option<DateTimeOffset?> Expires(TimeProvider time)
    {
        var option = new Option<DateTimeOffset?>("--expires") { Description = "When it ends by itself: 90d, 12h, 2027-01-31 or 2027-01-31T18:00:00Z (UTC)", HelpName = "90d|DATE" };
        option.CustomParser = result =>
        {
            var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (Read(text, time.GetUtcNow()) is { } expires)
                return expires;
            result.AddError($"'{text}' is no time that something can end: 90d, 12h, 2027-01-31 and 2027-01-31T18:00:00Z are");
            return null;
        };
        return option;
    }

    private static DateTimeOffset? Read(string text, DateTimeOffset now)
    {
        const int Longest = 100 * 366;
        now = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), now.Offset);
        if (text.Length > 1 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0)
        {
            if (text[^1] == 'd' && count <= Longest)
                return now.AddDays(count);
            if (text[^1] == 'h' && count <= Longest * 24)
                return now.AddHours(count);
        }

        string[] formats = ["yyyy-MM-dd", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mmK"];
        return DateTimeOffset.TryParseExact(text, formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null;
    }
}
