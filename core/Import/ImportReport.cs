namespace Registry.Import;

/// <summary>What an import has taken over so far; in a dry run, what it would.</summary>
public sealed record ImportTotals
{
    /// <summary>Repositories of which something was taken.</summary>
    public long Repositories { get; set; }

    public long Manifests { get; set; }

    public long Tags { get; set; }

    /// <summary>Layers and configs, each once, whatever the number of repositories that hold it.</summary>
    public long Layers { get; set; }

    /// <summary>Bytes of those layers and manifests, each once.</summary>
    public long Bytes { get; set; }

    /// <summary>Manifests that were here already, and stayed as they are.</summary>
    public long KnownManifests { get; set; }

    /// <summary>Tags that were here already, and stayed as they are.</summary>
    public long KnownTags { get; set; }

    /// <summary>Everything that was found wrong.</summary>
    public long Problems { get; set; }
}

/// <summary>Something that was not taken over.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Repository">Where, as distribution has it.</param>
/// <param name="Name">The digest or the tag; empty for the repository itself.</param>
/// <param name="Reason">Why, as a person would say it.</param>
public sealed record ImportProblem(ImportProblemKind Kind, string Repository, string Name, string Reason);

/// <summary>What an <see cref="ImportProblem"/> is about.</summary>
public enum ImportProblemKind
{
    /// <summary>A repository whose name is not allowed.</summary>
    Repository,

    /// <summary>A manifest that is missing, cannot be read, or needs what is missing.</summary>
    Manifest,

    /// <summary>A tag that cannot be read, leads to no manifest, or is here already for another one.</summary>
    Tag,

    /// <summary>A hold on content that is not there, or a damaged one. No image that was taken needs it.</summary>
    Link,
}

/// <summary>What an import is doing.</summary>
public enum ImportPhase
{
    /// <summary>Listing content.</summary>
    Blobs,

    /// <summary>Taking over one repository after the other.</summary>
    Repositories,
}

/// <summary>Sees what an import does while it does it. Calls come one after the other.</summary>
public interface IImportObserver
{
    void Problem(ImportProblem problem);

    /// <summary>So many blobs, or repositories, were looked at.</summary>
    ValueTask Progress(ImportPhase phase, long done);
}
