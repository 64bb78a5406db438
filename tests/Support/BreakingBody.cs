namespace Registry.Tests.Support;

/// <summary>Answers whose connection breaks in the middle of the body.</summary>
public static class BreakingBody
{
    /// <summary>The same answer, but after so many bytes reading it fails.</summary>
    public static async Task<HttpResponseMessage> After(int bytes, HttpResponseMessage answer)
    {
        HttpContent whole = answer.Content;
        answer.Content = new StreamContent(new BreakingStream(await whole.ReadAsStreamAsync(TestContext.Current.CancellationToken), bytes));
        foreach ((string name, IEnumerable<string> values) in whole.Headers)
            answer.Content.Headers.TryAddWithoutValidation(name, values);
        return answer;
    }

    /// <summary>The same bytes, but after so many reading fails.</summary>
    public static Stream After(Stream whole, int bytes) => new BreakingStream(whole, bytes);

    private sealed class BreakingStream(Stream whole, int bytes) : ForwardStream
    {
        private int left = bytes;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (left == 0)
                throw new IOException("the connection broke");
            int count = await whole.ReadAsync(buffer[..Math.Min(left, buffer.Length)], cancellationToken);
            left -= count;
            return count;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                whole.Dispose();
            base.Dispose(disposing);
        }
    }
}
