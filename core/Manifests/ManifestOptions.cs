namespace Registry.Manifests;

/// <summary>What manifests are accepted.</summary>
public sealed record ManifestOptions
{
    /// <summary>Bytes. The spec asks for 4 MiB at least ("Pushing Manifests").</summary>
    public int MaxSize { get; init; } = 4 * 1024 * 1024;

    /// <summary>Descriptors that one manifest may have: they are kept in its row.</summary>
    public int MaxReferences { get; init; } = 10_000;

    /// <summary>Whether a manifest may refer to content that the repository does not hold (the spec's MAY in "Push"): sparse indexes of mirrors need it.</summary>
    public bool AllowSparse { get; init; }

    /// <summary>Whether docker's schema 1 manifests may be pushed. Those that are there can be pulled in any case.</summary>
    public bool AcceptSchema1 { get; init; } = true;

    /// <summary>Bytes of manifests that are kept in memory. They are kept by the blob that holds them, which is written once, so none is ever stale.</summary>
    public long CacheSize { get; init; } = 32 * 1024 * 1024;
}
