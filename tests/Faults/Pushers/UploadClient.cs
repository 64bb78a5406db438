using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Registry.Tests.Faults.Pushers;

/// <summary>What an upload's request came to.</summary>
public enum UploadOutcome
{
    /// <summary>202: the chunk is stored.</summary>
    Accepted,

    /// <summary>201: the blob is stored.</summary>
    Created,

    /// <summary>416: the upload stands elsewhere.</summary>
    OutOfOrder,

    /// <summary>404: there is no such upload.</summary>
    Gone,
}

/// <summary>An answer to PATCH or PUT.</summary>
/// <param name="Outcome">What it says.</param>
/// <param name="Offset">Where the upload stands; 0 where the answer does not tell.</param>
public readonly record struct UploadAnswer(UploadOutcome Outcome, long Offset);

/// <summary>The requests of a push, one by one. Whatever is answered is taken down as a promise.</summary>
/// <remarks>Connections that break, 5xx and 429 are <see cref="TryAgainException"/>; anything that no client expects fails the lab.</remarks>
public sealed class UploadClient(FrontDoor door, Promises promises, string repository)
{
    public string Repository => repository;

    /// <summary>POST (end-4a). Gives the upload's location.</summary>
    public async Task<string> Begin(TestBlob blob, CancellationToken cancellation)
    {
        using var answer = await Send(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/", null, cancellation);
        await Expect(answer, cancellation, HttpStatusCode.Accepted);
        var location = answer.Headers.Location!.OriginalString;
        promises.Began(location, blob);
        return location;
    }

    /// <summary>PATCH (end-5): with Content-Range when <paramref name="from"/> is told.</summary>
    public async Task<UploadAnswer> Patch(string location, ReadOnlyMemory<byte> chunk, long? from, bool chunked, CancellationToken cancellation)
    {
        HttpContent body = chunked ? new ChunkedContent(chunk) : new ReadOnlyMemoryContent(chunk);
        if (from is { } start)
            body.Headers.TryAddWithoutValidation("Content-Range", $"{start}-{start + chunk.Length - 1}");
        using var answer = await Send(HttpMethod.Patch, location, body, cancellation);
        await Expect(answer, cancellation, HttpStatusCode.Accepted, HttpStatusCode.RequestedRangeNotSatisfiable, HttpStatusCode.NotFound);
        return Read(location, answer);
    }

    /// <summary>PUT (end-6), with the whole content as its body or without one.</summary>
    public async Task<UploadAnswer> Put(string location, TestBlob blob, bool body, CancellationToken cancellation)
    {
        using var answer = await Send(HttpMethod.Put, $"{location}?digest={blob.Digest}", new ByteArrayContent(body ? blob.Content : []), cancellation);
        await Expect(answer, cancellation, HttpStatusCode.Created, HttpStatusCode.RequestedRangeNotSatisfiable, HttpStatusCode.NotFound);
        if (answer.StatusCode == HttpStatusCode.Created)
            promises.Finished(location);
        return Read(location, answer);
    }

    /// <summary>GET (end-13): where the upload stands, or null when it is unknown.</summary>
    public async Task<long?> Status(string location, CancellationToken cancellation)
    {
        using var answer = await Send(HttpMethod.Get, location, null, cancellation);
        await Expect(answer, cancellation, HttpStatusCode.NoContent, HttpStatusCode.NotFound);
        return answer.StatusCode == HttpStatusCode.NotFound ? null : Read(location, answer).Offset;
    }

    /// <summary>HEAD (end-2): whether the blob is there.</summary>
    public async Task<bool> Exists(TestBlob blob, CancellationToken cancellation)
    {
        using var answer = await Send(HttpMethod.Head, $"/v2/{repository}/blobs/{blob.Digest}", null, cancellation);
        await Expect(answer, cancellation, HttpStatusCode.OK, HttpStatusCode.NotFound);
        if (answer.StatusCode == HttpStatusCode.OK)
            promises.Stored(blob);
        return answer.StatusCode == HttpStatusCode.OK;
    }

    public async Task PutManifest(string tag, byte[] manifest, string mediaType, CancellationToken cancellation)
    {
        var body = new ByteArrayContent(manifest) { Headers = { ContentType = new MediaTypeHeaderValue(mediaType) } };
        using var answer = await Send(HttpMethod.Put, $"/v2/{repository}/manifests/{tag}", body, cancellation);
        await Expect(answer, cancellation, HttpStatusCode.Created);
        promises.Tagged(tag, manifest);
    }

    /// <summary>Reads a blob or manifest whole; null when it is unknown.</summary>
    public async Task<byte[]?> Read(string path, CancellationToken cancellation)
    {
        using var answer = await Send(HttpMethod.Get, path, null, cancellation);
        await Expect(answer, cancellation, HttpStatusCode.OK, HttpStatusCode.NotFound);
        return answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadAsByteArrayAsync(cancellation) : null;
    }

    /// <summary>The next request goes to another instance.</summary>
    public void TurnAway() => door.TurnAway();

    private UploadAnswer Read(string location, HttpResponseMessage answer)
    {
        var outcome = answer.StatusCode switch
        {
            HttpStatusCode.Created => UploadOutcome.Created,
            HttpStatusCode.NotFound => UploadOutcome.Gone,
            HttpStatusCode.RequestedRangeNotSatisfiable => UploadOutcome.OutOfOrder,
            _ => UploadOutcome.Accepted,
        };
        if (outcome is UploadOutcome.Created or UploadOutcome.Gone)
            return new UploadAnswer(outcome, 0);

        // "0-0" is nothing or one byte; only a chunk of one byte could tell, and the lab has none.
        var range = answer.Headers.GetValues("Range").Single();
        var end = long.Parse(range.Split('-')[1], CultureInfo.InvariantCulture);
        var offset = end == 0 ? 0 : end + 1;
        promises.Offset(location, offset);
        return new UploadAnswer(outcome, offset);
    }

    private async Task<HttpResponseMessage> Send(HttpMethod method, string target, HttpContent? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, target) { Content = body };
        HttpResponseMessage answer;
        try
        {
            answer = await (await door.Client()).SendAsync(request, cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or SocketException)
        {
            // An instance killed between HttpClient's connect and its look at the remote address leaves the SocketException bare.
            throw new TryAgainException($"{method} {target}", e);
        }

        if ((int)answer.StatusCode < 500 && answer.StatusCode != HttpStatusCode.TooManyRequests)
            return answer;
        LabReport.Count($"answers {(int)answer.StatusCode}");
        using (answer)
            throw new TryAgainException($"{method} {target}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellation)}", null);
    }

    private static async Task Expect(HttpResponseMessage answer, CancellationToken cancellation, params HttpStatusCode[] expected)
    {
        if (!expected.Contains(answer.StatusCode))
            throw new LossException($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellation)}");
    }

    /// <summary>A body whose length is not told, as docker sends it.</summary>
    private sealed class ChunkedContent(ReadOnlyMemory<byte> content) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync(content).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

/// <summary>The registry could not be reached, or says that it cannot serve now.</summary>
public sealed class TryAgainException(string message, Exception? cause) : Exception(message, cause);
