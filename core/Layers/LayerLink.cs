using Registry.Digests;
using Registry.Repositories;

namespace Registry.Layers;

/// <summary>That a repository holds a digest's content, and where the content lies. One row; a pull reads nothing else.</summary>
/// <param name="Repository">Who holds it.</param>
/// <param name="Digest">What it is.</param>
/// <param name="Path">The blob.</param>
/// <param name="Size">Bytes.</param>
/// <param name="CreatedAt">When the content was first stored, in storage's time of its first link.</param>
public sealed record LayerLink(RepositoryName Repository, Digest Digest, string Path, long Size, DateTimeOffset CreatedAt)
{
    /// <summary>The row's version.</summary>
    public required string ETag { get; init; }

    /// <summary>How long ago the link was written or renewed, in storage's time.</summary>
    public required TimeSpan Age { get; init; }
}
