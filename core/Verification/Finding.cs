namespace Registry.Verification;

/// <summary>Something that is not as its row says.</summary>
public sealed record Finding
{
    public required FindingKind Kind { get; init; }

    /// <summary>What it is that is so.</summary>
    public required FoundThing Thing { get; init; }

    /// <summary>Whose it is, as people know it; null for content, which belongs to none.</summary>
    public string? Repository { get; init; }

    /// <summary>Its digest or tag; of a row that cannot be read, its key.</summary>
    public required string Name { get; init; }

    /// <summary>The blob; null where it is about rows alone.</summary>
    public string? Path { get; init; }

    /// <summary>What there should be.</summary>
    public required string Expected { get; init; }

    /// <summary>What there is.</summary>
    public required string Found { get; init; }

    /// <summary>Whether a repair has put it right, or made way for a push: the next one brings the content anew.</summary>
    public bool IsRepaired { get; init; }

    /// <summary>When it was found first, in storage's time.</summary>
    public DateTimeOffset FirstSeen { get; init; }

    /// <summary>When it was last found, in storage's time.</summary>
    public DateTimeOffset LastSeen { get; init; }
}

/// <summary>What is wrong.</summary>
public enum FindingKind
{
    /// <summary>The blob has other bytes than it was stored with.</summary>
    Corrupt,

    /// <summary>The blob is not there.</summary>
    Missing,

    /// <summary>A row leads to a row that is not there, or not to be used.</summary>
    Dangling,

    /// <summary>A row that says nothing sensible, or a blob that storage does not give out.</summary>
    Unreadable,
}

/// <summary>What a finding is about.</summary>
public enum FoundThing
{
    /// <summary>The content of a digest: a layer or config.</summary>
    Content,

    /// <summary>A repository's hold on content.</summary>
    Link,

    /// <summary>A manifest: its bytes, or what it refers to.</summary>
    Manifest,

    /// <summary>A tag.</summary>
    Tag,

    /// <summary>A manifest's place in the list of its subject's referrers.</summary>
    Referrer,

    /// <summary>A manifest that was deleted and can be restored.</summary>
    Deleted,
}
