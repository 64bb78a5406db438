using System.Text;
using Registry.Digests;

namespace Registry.Tests.Support;

/// <summary>Talks to a registry as clients do, and records each exchange. It follows no redirect.</summary>
public sealed class ApiClient(HttpClient http, Uri baseAddress)
{
    public Uri BaseAddress { get; } = baseAddress;

    /// <summary>Sends one request.</summary>
    /// <param name="request">Method and target: a path, or a <c>Location</c> as the registry gave it.</param>
    /// <param name="headers">Headers as lines, sent as they are.</param>
    /// <param name="body">The body, or null for none.</param>
    /// <param name="chunked">Whether the body goes without a Content-Length.</param>
    public async Task<Exchange> Send(string request, IEnumerable<string>? headers = null, byte[]? body = null, bool chunked = false)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var space = request.IndexOf(' ', StringComparison.Ordinal);
        using var message = new HttpRequestMessage(new HttpMethod(request[..space]), new Uri(BaseAddress, request[(space + 1)..]));
        var lines = (headers ?? []).ToList();
        if (body is not null || lines.Any(IsContentHeader))
            message.Content = new ByteArrayContent(body ?? []);
        if (chunked)
            message.Headers.TransferEncodingChunked = true;
        foreach (var line in lines)
            Add(message, line);

        using var response = await http.SendAsync(message, cancellation);
        var answered = response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .GroupBy(h => h.Key, StringComparer.OrdinalIgnoreCase)
            .ToDictionary(g => g.Key, g => string.Join(", ", g.SelectMany(h => h.Value)), StringComparer.OrdinalIgnoreCase);
        var content = await response.Content.ReadAsByteArrayAsync(cancellation);
        var sent = new StringBuilder(request).AppendJoin("", lines.Select(l => $"\n{l}"));
        if (body is not null)
            sent.Append("\n\n").Append(Exchange.Show(body));
        return new Exchange(sent.ToString(), (int)response.StatusCode, answered, content);
    }

    /// <summary>Begins an upload and tells its location.</summary>
    public async Task<string> BeginUpload(string repository) => (await Send($"POST /v2/{repository}/blobs/uploads/")).Is(202).Location;

    /// <summary>Pushes a blob, as containerd does: POST, and one PUT with the whole body.</summary>
    public async Task<Digest> PushBlob(string repository, byte[] content, DigestAlgorithm? algorithm = null)
    {
        var digest = Digest.Compute(algorithm ?? DigestAlgorithm.Sha256, content);
        (await Send($"PUT {await BeginUpload(repository)}?digest={digest}", ["Content-Type: application/octet-stream"], content)).Is(201);
        return digest;
    }

    /// <summary>Pushes an image with all that it refers to; the manifest under its digest or, if one is given, a tag.</summary>
    public async Task<Exchange> Push(string repository, TestImage image, string? tag = null)
    {
        foreach (var child in image.Children)
            await Push(repository, child);
        foreach (var blob in image.Blobs)
            await PushBlob(repository, blob);
        return (await Put(repository, image, tag ?? image.Digest.ToString())).Is(201);
    }

    /// <summary>Goes on with a chunk whose connection broke, as clients do: ask how far it came, and send the rest from there.</summary>
    /// <remarks>The broken request may still be recording what it had, so that the rest is refused with 416; then the question is asked again.</remarks>
    public async Task<Exchange> Resume(string upload, int before, byte[] chunk)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        for (var attempt = 0; ; attempt++)
        {
            var status = (await Send($"GET {upload}")).Is(204);
            var end = int.Parse(status.Header("Range")!.Split('-')[1], System.Globalization.CultureInfo.InvariantCulture);

            // 0-0 is said of one byte and of none: both are tried.
            var offset = Math.Max(before, end == 0 ? attempt % 2 : end + 1);
            if (offset > before + chunk.Length)
                throw status.Failure($"a Range of at most {before + chunk.Length} bytes");
            if (offset == before + chunk.Length)
                return status;
            var answer = await Send($"PATCH {upload}", [$"Content-Range: {offset}-{before + chunk.Length - 1}"], chunk[(offset - before)..]);
            if (answer.StatusCode != 416 || attempt == 100)
                return answer.Is(202).Has("Range", $"0-{before + chunk.Length - 1}");
        }
    }

    /// <summary>Puts a manifest alone.</summary>
    public Task<Exchange> Put(string repository, TestImage image, string reference) =>
        Send($"PUT /v2/{repository}/manifests/{reference}", [$"Content-Type: {image.MediaType}"], image.Manifest);

    private static void Add(HttpRequestMessage message, string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        var (name, value) = (line[..colon], line[(colon + 1)..].Trim());
        if (IsContentHeader(line))
            message.Content!.Headers.TryAddWithoutValidation(name, value);
        else
            message.Headers.TryAddWithoutValidation(name, value);
    }

    private static bool IsContentHeader(string line) => line.StartsWith("Content-", StringComparison.OrdinalIgnoreCase);
}
