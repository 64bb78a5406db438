namespace Registry.Access;

/// <summary>Patterns in which <c>*</c> stands for any characters, or none.</summary>
internal static class Wildcard
{
    /// <summary>Compares character by character, case and all.</summary>
    /// <remarks>
    /// What stands between two stars is found at its first place: a later one could only leave less for what follows. So nothing is ever
    /// tried again, and the cost is at most the text's length times that of the longest piece, whatever the pattern.
    /// </remarks>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        var star = pattern.IndexOf('*');
        if (star < 0)
            return text.SequenceEqual(pattern);
        if (!text.StartsWith(pattern[..star]))
            return false;

        text = text[star..];
        pattern = pattern[(star + 1)..];
        while ((star = pattern.IndexOf('*')) >= 0)
        {
            var at = text.IndexOf(pattern[..star]);
            if (at < 0)
                return false;
            text = text[(at + star)..];
            pattern = pattern[(star + 1)..];
        }

        return text.EndsWith(pattern);
    }
}
