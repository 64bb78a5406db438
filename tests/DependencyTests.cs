using Registry.Functions.Hosting;
using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests;

/// <summary>
/// Dependencies point one way: functions → core → storage's seams ← Storage/Azure, Storage/FileSystem, Storage/Memory. Read from what the compiler made, which
/// cannot be fooled by how a name is written (<see cref="TypeReferences"/>).
/// </summary>
public sealed class DependencyTests
{
    private static readonly string core = typeof(Tables).Assembly.Location;
    private static readonly string functions = typeof(RegistryApplication).Assembly.Location;

    [Fact]
    public void Core_needs_nothing_of_ASP_NET()
    {
        using var references = new TypeReferences(core);
        Assert.DoesNotContain(references.Assemblies, a => a.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) || a.StartsWith("registry", StringComparison.Ordinal));
    }

    [Fact]
    public void Only_Azure_storage_names_Azure_or_HTTP() =>
        Assert.Empty(Breaches(core, from => !In(from, "Registry.Storage.Azure"), to => In(to, "Azure") || In(to, "System.Net.Http") || In(to, "System.Net")));

    [Fact]
    public void Of_the_functions_only_hosting_names_Azure_and_only_its_identity() =>
        Assert.DoesNotContain(
            Breaches(functions, _ => true, to => In(to, "Azure")),
            b => !(In(b.From, "Registry.Functions.Hosting") && (In(b.To, "Azure.Identity") || b.To is "Azure.Core.TokenCredential" or "Azure.Core.TokenRequestContext" or "Azure.Core.AccessToken")));

    [Fact]
    public void Nothing_in_core_knows_a_driver() =>
        Assert.Empty(Breaches(core, from => !IsDriver(from), IsDriver));

    [Fact]
    public void Of_the_functions_only_hosting_knows_a_driver() =>
        Assert.Empty(Breaches(functions, from => !In(from, "Registry.Functions.Hosting"), IsDriver));

    [Fact]
    public void A_driver_knows_storages_seams_and_no_service() =>
        Assert.Empty(Breaches(core, IsDriver, to =>
            In(to, "Registry.Layers") || In(to, "Registry.Manifests") || In(to, "Registry.Repositories") || In(to, "Registry.Collection") || In(to, "Registry.Errors")));

    [Fact]
    public void A_driver_knows_no_other()
    {
        // The embedded tables are the memory store and a journal.
        foreach (var driver in Drivers)
        {
            Assert.DoesNotContain(
                Breaches(core, from => In(from, driver), to => IsDriver(to) && !In(to, driver)),
                b => !(In(b.From, "Registry.Storage.FileSystem") && In(b.To, "Registry.Storage.Memory")));
        }
    }

    /// <summary>What must be found: else the rules above would hold of anything.</summary>
    [Fact]
    public void References_are_found_wherever_they_are()
    {
        using var references = new TypeReferences(typeof(DependencyTests).Assembly.Location);
        var named = references.All().ToDictionary(t => t.Type, t => t.Names);

        Assert.Contains("System.Net.Http.HttpMethod", named[typeof(InBody).FullName!]);
        Assert.Contains("System.Net.Http.HttpMethod", named[typeof(InSignature).FullName!]);
        Assert.Contains("System.Net.Http.HttpMethod", named[typeof(InAsyncLocal).FullName!]);
        Assert.Contains("System.Net.Http.HttpRequestException", named[typeof(InCatch).FullName!]);
        Assert.DoesNotContain("System.Net.Http.HttpMethod", named[typeof(Nowhere).FullName!]);
        Assert.Contains(Breaches(core, from => In(from, "Registry.Storage.Azure"), to => In(to, "Azure")), b => b.To == "Azure.Core.Pipeline.HttpPipeline");
        Assert.NotEmpty(Breaches(functions, from => In(from, "Registry.Functions.Hosting"), IsDriver));
    }

    private static readonly string[] Drivers = ["Registry.Storage.Azure", "Registry.Storage.FileSystem", "Registry.Storage.Memory"];

    private static bool IsDriver(string type) => Drivers.Any(d => In(type, d));

    private static bool In(string type, string space) => type.StartsWith(space + ".", StringComparison.Ordinal);

    private static List<(string From, string To)> Breaches(string assembly, Func<string, bool> from, Func<string, bool> to)
    {
        using var references = new TypeReferences(assembly);
        return [.. references.All().Where(t => from(t.Type)).SelectMany(t => t.Names.Where(to).Select(n => (t.Type, n)))];
    }
}

internal static class InBody
{
    public static string Name() => System.Net.Http.HttpMethod.Get.ToString();
}

internal interface InSignature
{
    Dictionary<string, System.Net.Http.HttpMethod[]> Methods { get; }
}

internal static class InAsyncLocal
{
    public static async Task<bool> Run()
    {
        var method = new System.Net.Http.HttpMethod("X");
        await Task.Yield();
        return method.Method.Length > 0;
    }
}

internal static class InCatch
{
    public static void Run(Action action)
    {
        try
        {
            action();
        }
        catch (System.Net.Http.HttpRequestException)
        {
            Console.WriteLine();
        }
    }
}

internal static class Nowhere
{
    public static string Name() => "System.Net.Http.HttpMethod";
}
