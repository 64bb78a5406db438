namespace Registry.Functions.Http;

/// <summary>Sends content on as it is read.</summary>
internal static class ContentCopy
{
    /// <summary>Reads into the response's own buffers, so that nothing is copied from one buffer to another, and nothing is allocated.</summary>
    /// <param name="content">What is read to its end.</param>
    /// <param name="response">Its headers are complete, and go with the first bytes: a first read that fails can still be answered.</param>
    /// <param name="cancellation">Ends the copying.</param>
    public static async Task CopyTo(this Stream content, HttpResponse response, CancellationToken cancellation)
    {
        var body = response.BodyWriter;
        while (await content.ReadAsync(body.GetMemory(BlockPool.BlockSize), cancellation) is > 0 and var read)
        {
            body.Advance(read);
            await body.FlushAsync(cancellation);
        }
    }
}
