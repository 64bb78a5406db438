namespace Registry.Functions.Hosting;

/// <summary>Where uploads go: to this process, or from a front to a lane that takes bodies of any size.</summary>
public sealed record UploadLaneSettings
{
    /// <summary>Where the lane is: upload URLs that are handed out lead there. Null for here.</summary>
    public Uri? PublicBaseUrl { get; init; }

    /// <summary>Whether this process is the lane: it serves the uploads that a front signed a URL for, and nothing else.</summary>
    public bool IsLane { get; init; }

    /// <summary>How long such a URL works after the answer that it came with. Each answer has a new one.</summary>
    public TimeSpan UrlLifetime { get; init; } = TimeSpan.FromMinutes(15);

    internal static UploadLaneSettings Read(SettingReader reader)
    {
        var settings = new UploadLaneSettings
        {
            PublicBaseUrl = reader.Url("Uploads:PublicBaseUrl"),
            IsLane = reader.Boolean("Uploads:Lane", false),
            UrlLifetime = reader.Time("Uploads:UrlLifetime", TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(1), TimeSpan.FromHours(24)),
        };
        return settings is { IsLane: true, PublicBaseUrl: not null }
            ? throw new SettingException("Registry:Uploads:Lane and Registry:Uploads:PublicBaseUrl exclude each other: the lane is where a front's Uploads:PublicBaseUrl leads")
            : settings;
    }
}
