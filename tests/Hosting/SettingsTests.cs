using Microsoft.Extensions.Configuration;
using Registry.Functions.Hosting;

namespace Registry.Tests.Hosting;

/// <summary>A wrong value stops the program with one line that names the setting, repeats the value, and says what to change.</summary>
public sealed class SettingsTests
{
    private const string TimeOfDay = "a time from 00:01:00 to 1.00:00:00 (hh:mm:ss)";
    private const string AzureNeeds = "Registry:Storage:Driver azure needs either Storage:ConnectionString, or both Storage:BlobServiceUri and Storage:TableServiceUri";

    [Theory]
    [InlineData("Storage:Driver", "disk", "filesystem, azure or memory")]
    [InlineData("Storage:Driver", "1", "filesystem, azure or memory")]
    [InlineData("Storage:Container", "Upper", "3 to 63 lower-case letters, digits and single dashes")]
    [InlineData("Storage:Container", "ab", "3 to 63 lower-case letters, digits and single dashes")]
    [InlineData("Storage:Container", "a--b", "3 to 63 lower-case letters, digits and single dashes")]
    [InlineData("Storage:Container", "abc-", "3 to 63 lower-case letters, digits and single dashes")]
    [InlineData("Storage:TablePrefix", "1a", "at most 40 letters and digits, a letter first")]
    [InlineData("Storage:TablePrefix", "a-b", "at most 40 letters and digits, a letter first")]
    [InlineData("Storage:BlobServiceUri", "account", "a URL such as https://registry.example.org")]
    [InlineData("Storage:TableServiceUri", "https://account.example.org/?sig=x", "a URL such as https://registry.example.org")]
    [InlineData("PublicBaseUrl", "registry.example.org", "a URL such as https://registry.example.org")]
    [InlineData("PublicBaseUrl", "ftp://registry.example.org", "a URL such as https://registry.example.org")]
    [InlineData("PublicBaseUrl", "https://me@registry.example.org", "a URL such as https://registry.example.org")]
    [InlineData("PublicBaseUrl", "https://registry.example.org/#top", "a URL such as https://registry.example.org")]
    [InlineData("Uploads:PublicBaseUrl", "/lane", "a URL such as https://registry.example.org")]
    [InlineData("Redirect:Enabled", "yes", "true or false")]
    [InlineData("Manifests:AllowSparse", "1", "true or false")]
    [InlineData("Manifests:AcceptSchema1", "on", "true or false")]
    [InlineData("Uploads:Lane", "no", "true or false")]
    [InlineData("Auth:Enabled", "maybe", "true or false")]
    [InlineData("Redirect:Lifetime", "10m", TimeOfDay)]
    [InlineData("Redirect:Lifetime", "00:00:59", TimeOfDay)]
    [InlineData("Auth:TokenLifetime", "1.00:00:01", TimeOfDay)]
    [InlineData("Uploads:UrlLifetime", "-00:15:00", TimeOfDay)]
    [InlineData("Uploads:MaxIdle", "7.00:00:00", "a time from 00:01:00 to 6.00:00:00 (hh:mm:ss)")]
    [InlineData("Uploads:MemoryLimit", "64MB", "a number of bytes, 1048576 or more")]
    [InlineData("Uploads:MemoryLimit", "1048575", "a number of bytes, 1048576 or more")]
    [InlineData("Uploads:MaxBlobSize", "-1", "a number of bytes, 1 or more")]
    [InlineData("Verification:BytesPerDay", "10GiB", "a number of bytes, 0 or more")]
    [InlineData("Verification:Interval", "0", "a time from 00:00:01 to 365.00:00:00 (hh:mm:ss)")]
    [InlineData("Collection:RenewAfter", "00:00:00.5", "a time from 00:00:01 to 06:00:00 (hh:mm:ss)")]
    [InlineData("Collection:GracePeriod", "soon", "a time from 00:00:04 to 365.00:00:00 (hh:mm:ss)")]
    [InlineData("Collection:Interval", "31.00:00:00", "a time from 00:00:01 to 30.00:00:00 (hh:mm:ss)")]
    [InlineData("Collection:UntaggedAfter", "never", "a time from 00:00:04 to 3650.00:00:00 (hh:mm:ss)")]
    [InlineData("Collection:RestorableFor", "-1", "a time from 00:00:00 to 365.00:00:00 (hh:mm:ss)")]
    [InlineData("Auth:Service", "my registry", "letters, digits and . - : _")]
    [InlineData("Auth:Admin:Name", "Admin", "1 to 64 lower-case letters, digits and . _ @ -, and not anonymous")]
    [InlineData("Telemetry:TokenScope", "monitor", "a scope such as https://monitor.azure.com/.default")]
    public void A_wrong_value_is_told_with_what_is_right(string name, string value, string right) =>
        Assert.Equal($"Registry:{name} is '{value}'; it must be {right}", Refused((name, value)));

    [Fact]
    public void Azure_needs_a_connection_or_both_services()
    {
        Assert.Equal(AzureNeeds, Refused(("Storage:Driver", "azure")));
        Assert.Equal(AzureNeeds, Refused(("Storage:BlobServiceUri", "https://account.example.org")));
        Assert.Equal(AzureNeeds, Refused(("Storage:ConnectionString", "UseDevelopmentStorage=true"), ("Storage:BlobServiceUri", "https://b.example.org"), ("Storage:TableServiceUri", "https://t.example.org")));
    }

    [Fact]
    public void A_grace_period_is_four_times_the_renewal_at_least() => Assert.Equal(
        "Registry:Collection:GracePeriod is 00:39:59; it must be at least four times Collection:RenewAfter, which is 00:10:00", Refused(("Collection:GracePeriod", "00:39:59")));

    [Fact]
    public void A_secret_is_no_part_of_a_message()
    {
        Assert.Equal("Registry:Auth:Admin:Password has 5 characters; it must have 12 to 256", Refused(("Auth:Admin:Password", "short")));
        Assert.StartsWith(
            "Registry:Auth:Admin:Password is a reference to a Key Vault that was not resolved", Refused(("Auth:Admin:Password", "@Microsoft.KeyVault(SecretUri=https://v.example.org/s)")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Storge:Driver")]
    [InlineData("Storage")]
    [InlineData("Storage:Driver:More")]
    public void A_name_that_is_none_is_told_with_those_that_are(string name)
    {
        var message = Refused((name, "memory"));
        Assert.StartsWith($"Registry:{name} is not a setting of this registry; its settings are Auth:Admin:Name, ", message, StringComparison.Ordinal);
        Assert.All(Settings.Names(), known => Assert.Contains(known, message, StringComparison.Ordinal));
    }

    [Fact]
    public void The_driver_follows_from_a_connection()
    {
        Assert.Equal(StorageKind.FileSystem, Read().Storage.Driver);
        Assert.Equal(StorageKind.Azure, Read(("Storage:ConnectionString", "UseDevelopmentStorage=true")).Storage.Driver);
        Assert.Equal(StorageKind.Azure, Read(("Storage:BlobServiceUri", "https://b.example.org"), ("Storage:TableServiceUri", "https://t.example.org")).Storage.Driver);
        Assert.Equal(StorageKind.Memory, Read(("Storage:ConnectionString", "UseDevelopmentStorage=true"), ("Storage:Driver", "Memory")).Storage.Driver);
    }

    private static string Refused(params (string Name, string Value)[] settings)
    {
        var message = Assert.Throws<SettingException>(() => Read(settings)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private static Settings Read(params (string Name, string Value)[] settings) =>
        Settings.Read(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create($"Registry:{s.Name}", (string?)s.Value))).Build());
}
