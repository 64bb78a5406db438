using Azure.Core;
using Azure.Core.Pipeline;

namespace Registry.Storage.Azure;

/// <summary>How far this machine's clock is from storage's, by the Date of storage's answers: known without asking, as long as there are answers.</summary>
/// <param name="time">This machine's clock.</param>
internal sealed class StorageClock(TimeProvider time) : HttpPipelineSynchronousPolicy
{
    // A Date has whole seconds, cut off.
    private static readonly TimeSpan halfASecond = TimeSpan.FromSeconds(0.5);

    private long skew = long.MinValue;
    private volatile Reading last = new("", default);

    /// <summary>Storage's time less ours, to about a second, at the last answer; null before the first.</summary>
    public TimeSpan? Skew => Interlocked.Read(ref skew) is var ticks and not long.MinValue ? TimeSpan.FromTicks(ticks) : null;

    public override void OnReceivedResponse(HttpMessage message)
    {
        if (!message.Response.Headers.TryGetValue("Date", out var text))
            return;

        // Many answers come in a second, and reading a date costs as much as signing a request.
        var reading = last;
        if (reading.Text != text && message.Response.Headers.Date is { } date)
            last = reading = new Reading(text, date);
        if (reading.Text == text)
            Interlocked.Exchange(ref skew, (reading.Date + halfASecond - time.GetUtcNow()).Ticks);
    }

    private sealed record Reading(string Text, DateTimeOffset Date);
}
