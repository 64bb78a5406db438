using Registry.Access;

namespace Registry.Functions.Hosting;

/// <summary>Who may use the registry.</summary>
public sealed record AuthSettings
{
    /// <summary>Whether accounts and rules decide. Null where the operator did not say: then they do wherever others than this machine can reach the registry.</summary>
    public bool? Enabled { get; init; }

    /// <summary>The name of the first administrator.</summary>
    public required AccountName AdminName { get; init; }

    /// <summary>The password of the first administrator; null for none. Used once, when there is no account at all.</summary>
    public string? AdminPassword { get; init; }

    /// <summary>A federation that is made at start; null for none.</summary>
    public FederationSettings? Federation { get; init; }

    /// <summary>How long an access token lasts. It is checked against accounts and rules with every request all the same.</summary>
    public TimeSpan TokenLifetime { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>What the registry calls itself in challenges.</summary>
    public string Service { get; init; } = "registry";

    internal static AuthSettings Read(SettingReader reader)
    {
        var service = reader.Text("Auth:Service") ?? "registry";
        if (service.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or ':' or '_')))
            throw SettingReader.Wrong("Auth:Service", service, "letters, digits and . - : _");
        var name = reader.Text("Auth:Admin:Name") ?? "admin";
        if (!AccountName.TryParse(name, out var admin) || admin.IsAnonymous)
            throw SettingReader.Wrong("Auth:Admin:Name", name, "1 to 64 lower-case letters, digits and . _ @ -, and not anonymous");

        // A password is never part of a message.
        var password = reader.Text("Auth:Admin:Password");
        if (password is { Length: < AccountSecrets.MinPassword or > AccountSecrets.MaxPassword })
            throw new SettingException($"Registry:Auth:Admin:Password has {password.Length} characters; it must have {AccountSecrets.MinPassword} to {AccountSecrets.MaxPassword}");
        return new AuthSettings
        {
            Enabled = reader.Text("Auth:Enabled") is null ? null : reader.Boolean("Auth:Enabled", false),
            AdminName = admin,
            AdminPassword = password,
            Federation = FederationSettings.Read(reader),
            TokenLifetime = reader.Time("Auth:TokenLifetime", TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(1), TimeSpan.FromHours(24)),
            Service = service,
        };
    }

    /// <summary>Without the password, which a record would print.</summary>
    public override string ToString() => $"Auth {Enabled} {AdminName}";
}
