using System.Security.Cryptography;
using Registry.Tests.Faults.Pushers;

namespace Registry.Tests.Faults;

/// <summary>What clients were told: how far each upload came, which blobs and manifests are stored. The registry is held to it.</summary>
public sealed class Promises
{
    private readonly Dictionary<string, Session> sessions = [];
    private readonly Dictionary<string, TestBlob> stored = [];
    private readonly Dictionary<string, byte[]> manifests = [];

    /// <summary>An upload began.</summary>
    public void Began(string location, TestBlob blob) => sessions.TryAdd(location, new Session(blob));

    /// <summary>The upload was said to stand there. It never goes back.</summary>
    public void Offset(string location, long offset)
    {
        var session = sessions[location];
        if (offset < session.Offset)
            throw new LossException($"{location} was told to stand at {session.Offset} and is told to stand at {offset}");
        if (offset > session.Blob.Content.Length)
            throw new LossException($"{location} is told to stand at {offset}, beyond the {session.Blob.Content.Length} bytes that there are");
        session.Offset = offset;
    }

    /// <summary>201 for the upload's end.</summary>
    public void Finished(string location)
    {
        sessions[location].IsFinished = true;
        Stored(sessions[location].Blob);
    }

    /// <summary>201, or 200 for a HEAD.</summary>
    public void Stored(TestBlob blob) => stored[blob.Digest] = blob;

    public void Tagged(string tag, byte[] manifest) => manifests[tag] = manifest;

    /// <summary>Asks an instance for all that was promised: every upload that is not finished is continued from where it is said to stand to its end, and every blob and manifest is read back.</summary>
    public async Task Verify(UploadClient client, CancellationToken cancellation)
    {
        foreach (var (location, session) in sessions.Where(s => !s.Value.IsFinished).ToList())
            await Continue(client, location, session, cancellation);
        foreach (var blob in stored.Values)
        {
            var content = await client.Read($"/v2/{client.Repository}/blobs/{blob.Digest}", cancellation);
            if (content is null)
                throw new LossException($"blob {blob.Digest} was promised and is unknown");
            if (Convert.ToHexStringLower(SHA256.HashData(content)) != blob.Digest["sha256:".Length..])
                throw new LossException($"blob {blob.Digest} is corrupt: {content.Length} bytes where there were {blob.Content.Length}");
            LabReport.Count("blobs read back");
        }

        foreach (var (tag, manifest) in manifests)
        {
            var content = await client.Read($"/v2/{client.Repository}/manifests/{tag}", cancellation);
            if (content is null || !content.AsSpan().SequenceEqual(manifest))
                throw new LossException($"tag {tag} was promised and is {(content is null ? "unknown" : "another manifest")}");
            LabReport.Count("manifests read back");
        }
    }

    private static async Task Continue(UploadClient client, string location, Session session, CancellationToken cancellation)
    {
        if (await client.Status(location, cancellation) is not { } offset)
        {
            // Over, and so it must have ended well: nobody cancelled it.
            if (!await client.Exists(session.Blob, cancellation))
                throw new LossException($"{location}, told to stand at {session.Offset}, is unknown, and so is its blob");
            LabReport.Count("uploads that were over after all");
            return;
        }

        if (offset < session.Blob.Content.Length)
        {
            var answer = await client.Patch(location, session.Blob.Content.AsMemory((int)offset), offset, chunked: false, cancellation);
            if (answer.Outcome != UploadOutcome.Accepted)
                throw new LossException($"{location} says that it stands at {offset} and does not continue there: {answer}");
        }

        if (await client.Put(location, session.Blob, body: false, cancellation) is { Outcome: not UploadOutcome.Created } refused)
            throw new LossException($"{location} has all its bytes and cannot be finished: {refused}");
        LabReport.Count("uploads continued to their end");
    }

    private sealed class Session(TestBlob blob)
    {
        public TestBlob Blob { get; } = blob;

        public long Offset { get; set; }

        public bool IsFinished { get; set; }
    }
}

/// <summary>The registry broke a promise.</summary>
public sealed class LossException(string message) : Exception(message);
