namespace Registry.Verification;

/// <summary>What a pass may still read: its allowance grows with time, up to one day's worth, and shrinks by what is read.</summary>
/// <remarks>
/// Calls count too, since they are paid for as well: a read of content at least 64 KiB, one of a row 4 KiB. So no number of small blobs makes more than
/// 16 reads of a budgeted MiB. (A read of a row costs about a twelfth of one of content on Azure.)
/// </remarks>
internal sealed class VerificationBudget
{
    /// <summary>What a read of content counts at least.</summary>
    public const long ContentCall = 64 * 1024;

    /// <summary>What a read of rows counts.</summary>
    public const long RowCall = 4 * 1024;

    private readonly long? perDay;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private double left;
    private long grownAt;

    /// <param name="perDay">Bytes; null for no bound.</param>
    /// <param name="left">What was left when it was last recorded. It can be less than nothing, by the last read.</param>
    /// <param name="since">How long ago that was.</param>
    /// <param name="time">For what grows from now on.</param>
    public VerificationBudget(long? perDay, long left, TimeSpan since, TimeProvider time)
    {
        (this.perDay, this.time, grownAt) = (perDay, time, time.GetTimestamp());

        // Storage's clock tells the time of an answer in whole seconds, and that of a row more exactly.
        this.left = Grown(left, since > TimeSpan.Zero ? since : TimeSpan.Zero);
    }

    /// <summary>Bytes that may be read now.</summary>
    public long Left
    {
        get
        {
            lock (gate)
            {
                var now = time.GetTimestamp();
                left = Grown(left, time.GetElapsedTime(grownAt, now));
                grownAt = now;
                return perDay is null ? long.MaxValue : (long)left;
            }
        }
    }

    public void Spend(long bytes)
    {
        if (perDay is null)
            return;
        _ = Left;
        lock (gate)
            left -= bytes;
    }

    private double Grown(double from, TimeSpan by) => perDay is { } day ? Math.Min(day, from + (day * by.TotalDays)) : 0;
}
