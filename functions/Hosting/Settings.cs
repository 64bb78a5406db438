using System.Globalization;
using Registry.Collection;
using Registry.Layers;
using Registry.Manifests;
using Registry.Verification;

namespace Registry.Functions.Hosting;

/// <summary>What the operator can set, validated. Names are those of .NET configuration below <c>Registry</c>: <c>Registry__Storage__Driver</c> in the environment.</summary>
public sealed record Settings
{
    public required StorageSettings Storage { get; init; }

    public required RedirectSettings Redirect { get; init; }

    public required UploadOptions Uploads { get; init; }

    public required UploadLaneSettings UploadLane { get; init; }

    public required ManifestOptions Manifests { get; init; }

    public required CollectionOptions Collection { get; init; }

    public required VerificationOptions Verification { get; init; }

    /// <summary>What the registry is called from outside; null for relative URLs.</summary>
    public Uri? PublicBaseUrl { get; init; }

    public required AuthSettings Auth { get; init; }

    public required TelemetrySettings Telemetry { get; init; }

    /// <exception cref="SettingException">A value is wrong, or a name is not one of these.</exception>
    public static Settings Read(IConfiguration configuration)
    {
        var reader = new SettingReader(configuration.GetSection("Registry"));
        var settings = Read(reader);
        reader.RequireNothingElse();
        return settings;
    }

    private static Settings Read(SettingReader reader) => new()
    {
        Storage = StorageSettings.Read(reader),
        Redirect = new RedirectSettings { Enabled = reader.Boolean("Redirect:Enabled", true), Lifetime = reader.Time("Redirect:Lifetime", TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(1), TimeSpan.FromHours(24)) },
        Uploads = new UploadOptions
        {
            MemoryLimit = reader.Bytes("Uploads:MemoryLimit", new UploadOptions().MemoryLimit, 1024 * 1024),
            MaxBlobSize = reader.Bytes("Uploads:MaxBlobSize", new UploadOptions().MaxBlobSize, 1),
            MaxIdle = reader.Time("Uploads:MaxIdle", new UploadOptions().MaxIdle, TimeSpan.FromMinutes(1), new UploadOptions().MaxIdle),
        },
        UploadLane = UploadLaneSettings.Read(reader),
        Manifests = new ManifestOptions { AllowSparse = reader.Boolean("Manifests:AllowSparse", false), AcceptSchema1 = reader.Boolean("Manifests:AcceptSchema1", true) },
        Collection = ReadCollection(reader),
        Verification = new VerificationOptions
        {
            BytesPerDay = reader.Bytes("Verification:BytesPerDay", new VerificationOptions().BytesPerDay, 0),
            Interval = reader.Time("Verification:Interval", new VerificationOptions().Interval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(365)),
        },
        PublicBaseUrl = reader.Url("PublicBaseUrl"),
        Auth = AuthSettings.Read(reader),
        Telemetry = TelemetrySettings.Read(reader),
    };

    /// <summary>The names of all settings, below <c>Registry</c>.</summary>
    internal static IReadOnlyCollection<string> Names()
    {
        var reader = new SettingReader(new ConfigurationBuilder().Build().GetSection("Registry"));
        Read(reader);
        return reader.Known;
    }

    private static CollectionOptions ReadCollection(SettingReader reader)
    {
        var otherwise = new CollectionOptions();
        var options = new CollectionOptions
        {
            RenewAfter = reader.Time("Collection:RenewAfter", otherwise.RenewAfter, TimeSpan.FromSeconds(1), TimeSpan.FromHours(6)),
            GracePeriod = reader.Time("Collection:GracePeriod", otherwise.GracePeriod, TimeSpan.FromSeconds(4), TimeSpan.FromDays(365)),
            Interval = reader.Time("Collection:Interval", otherwise.Interval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30)),
            UntaggedAfter = reader.Time("Collection:UntaggedAfter", TimeSpan.Zero, TimeSpan.FromSeconds(4), TimeSpan.FromDays(3650)) is var after && after > TimeSpan.Zero ? after : null,
            RestorableFor = reader.Time("Collection:RestorableFor", otherwise.RestorableFor, TimeSpan.Zero, TimeSpan.FromDays(365)),
        };
        return options.GracePeriod >= 4 * options.RenewAfter
            ? options
            : throw new SettingException($"Registry:Collection:GracePeriod is {options.GracePeriod:c}; it must be at least four times Collection:RenewAfter, which is {options.RenewAfter:c}");
    }
}

/// <summary>Whether pulls of blobs are sent to storage.</summary>
public sealed record RedirectSettings
{
    /// <summary>Off behind private endpoints, where clients cannot reach the storage.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>How long a signed URL works. It outlives a delete by as much.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>A setting is wrong. The message is one line that says what to change.</summary>
public sealed class SettingException(string message) : Exception(message)
{
    /// <summary>Whether nothing is wrong but that another process has the storage, which it may let go of.</summary>
    public bool IsBusy { get; init; }
}

/// <summary>Reads settings of a section by name, and knows which were asked for.</summary>
internal sealed class SettingReader(IConfiguration section)
{
    private readonly HashSet<string> known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The names that were asked for.</summary>
    public IReadOnlyCollection<string> Known => known;

    public string? Text(string name)
    {
        known.Add(name);
        if (section[name] is not { Length: > 0 } value)
            return null;

        // What App Service leaves in place of a secret that it could not read. Taken for the secret, it would be one that everybody knows.
        return value.StartsWith("@Microsoft.KeyVault(", StringComparison.OrdinalIgnoreCase)
            ? throw new SettingException($"Registry:{name} is a reference to a Key Vault that was not resolved: the secret is missing, or the app's identity lacks the role Key Vault Secrets User")
            : value;
    }

    public bool Boolean(string name, bool otherwise) => Text(name) switch
    {
        null => otherwise,
        var text when bool.TryParse(text, out var value) => value,
        var text => throw Wrong(name, text, "true or false"),
    };

    public long Bytes(string name, long otherwise, long least) => Text(name) switch
    {
        null => otherwise,
        var text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least => value,
        var text => throw Wrong(name, text, $"a number of bytes, {least} or more"),
    };

    public TimeSpan Time(string name, TimeSpan otherwise, TimeSpan least, TimeSpan most) => Text(name) switch
    {
        null => otherwise,
        var text when TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most => value,
        var text => throw Wrong(name, text, $"a time from {least:c} to {most:c} (hh:mm:ss)"),
    };

    public Uri? Url(string name) => Text(name) switch
    {
        null => null,
        var text when Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Query.Length == 0 && url.Fragment.Length == 0 && url.UserInfo.Length == 0 => url,
        var text => throw Wrong(name, text, "a URL such as https://registry.example.org"),
    };

    /// <summary>A misspelled setting that is silently ignored is worse than a registry that does not start.</summary>
    public void RequireNothingElse()
    {
        foreach (var (key, value) in section.AsEnumerable(makePathsRelative: true))
        {
            if (value is not null && !known.Contains(key))
                throw new SettingException($"Registry:{key} is not a setting of this registry; its settings are {string.Join(", ", known.Order(StringComparer.Ordinal))}");
        }
    }

    public static SettingException Wrong(string name, string value, string expected) =>
        new($"Registry:{name} is '{value}'; it must be {expected}");
}
