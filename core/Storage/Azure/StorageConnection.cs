namespace Registry.Storage.Azure;

/// <summary>What a connection string says: an account, its key and where its two services are.</summary>
internal sealed record StorageConnection(string Account, string Key, Uri BlobService, Uri TableService)
{
    /// <summary>What <c>UseDevelopmentStorage=true</c> stands for: Azurite's published account on its usual ports.</summary>
    private const string Development =
        "AccountName=devstoreaccount1;"
        + "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
        + "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;TableEndpoint=http://127.0.0.1:10002/devstoreaccount1";

    /// <summary>Parses a connection string with an account key.</summary>
    /// <exception cref="FormatException">It is not one. The message says in one line what is wrong, and never has a value of it.</exception>
    public static StorageConnection Parse(string text)
    {
        Dictionary<string, string> settings = Settings(text);
        if (settings.TryGetValue("UseDevelopmentStorage", out string? development))
            return development.Equals("true", StringComparison.OrdinalIgnoreCase) ? Parse(Development) : throw Wrong("UseDevelopmentStorage can only be true");
        if (settings.ContainsKey("SharedAccessSignature"))
            throw Wrong("a SharedAccessSignature is not supported; use an AccountKey, or an identity");

        string account = Required(settings, "AccountName");
        string key = Required(settings, "AccountKey");
        if (!Convert.TryFromBase64String(key, new byte[key.Length], out _))
            throw Wrong("AccountKey is not base64");
        return new(account, key, Endpoint(settings, account, "Blob"), Endpoint(settings, account, "Table"));
    }

    private static Dictionary<string, string> Settings(string text)
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string part in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw Wrong("a part is not name=value");
            if (!settings.TryAdd(part[..equals].Trim(), part[(equals + 1)..].Trim()))
                throw Wrong($"{part[..equals]} is there twice");
        }

        return settings;
    }

    private static string Required(Dictionary<string, string> settings, string name) =>
        settings.TryGetValue(name, out string? value) && value.Length > 0 ? value : throw Wrong($"{name} is missing");

    private static Uri Endpoint(Dictionary<string, string> settings, string account, string service)
    {
        string name = $"{service}Endpoint";
        if (!settings.TryGetValue(name, out string? endpoint))
        {
            string protocol = settings.GetValueOrDefault("DefaultEndpointsProtocol", "https");
            string suffix = settings.GetValueOrDefault("EndpointSuffix", "core.windows.net");
            endpoint = $"{protocol}://{account}.{service.ToLowerInvariant()}.{suffix}";
            name = $"the {service.ToLowerInvariant()} endpoint made of DefaultEndpointsProtocol, AccountName and EndpointSuffix";
        }

        return Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)
            ? uri
            : throw Wrong($"{name} is no http or https URL");
    }

    private static FormatException Wrong(string problem) => new(problem);
}
