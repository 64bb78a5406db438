namespace Registry.Tests.Infra;

/// <summary>The network that can be chosen: off unless it is, and when it is, nobody reaches the content but by it.</summary>
public sealed class NetworkTests
{
    [Fact]
    public async Task It_is_off_unless_it_is_chosen()
    {
        var main = await BicepFile.Get("main.bicep");
        Assert.EndsWith("= false", main.Parameters.Single(p => p.Name == "networkEnabled").Text, StringComparison.Ordinal);
        Assert.All(["network", "contentEndpoints"], name => Assert.Contains("= if (networkEnabled) {", main.Modules.Single(m => m.Name == name).Text, StringComparison.Ordinal));
    }

    /// <summary>The account that closes has endpoints, and pulls are not redirected to what clients cannot reach. The host's stays open: the platform brings packages there.</summary>
    [Fact]
    public async Task Content_is_closed_to_all_others_when_it_is_chosen()
    {
        var main = await BicepFile.Get("main.bicep");
        var accounts = main.Modules.Where(m => m.Find("string")!.Literal == "modules/storage.bicep").ToList();
        Assert.Equal([("contentStorage", "networkEnabled"), ("hostStorage", "false")], accounts.Select(a => (a.Name, a.Property("params")!.Property("isPrivate")!.Text)).Order());
        Assert.Equal("contentStorage.outputs.name", main.Modules.Single(m => m.Name == "contentEndpoints").Property("params")!.Property("accountName")!.Text);
        Assert.Equal("redirectPulls && !networkEnabled", main.Modules.Single(m => m.Name == "settings").Property("params")!.Property("redirectPulls")!.Text);

        var account = (await BicepFile.Get("modules/storage.bicep")).Resources.Single(r => r.Name == "account").Property("properties")!;
        Assert.Equal("isPrivate ? 'Disabled' : 'Enabled'", account.Property("publicNetworkAccess")!.Text);
        Assert.Equal("isPrivate ? 'Deny' : 'Allow'", account.Property("networkAcls")!.Property("defaultAction")!.Text);
        Assert.Equal("isPrivate ? 'None' : 'AzureServices'", account.Property("networkAcls")!.Property("bypass")!.Text);
    }

    /// <summary>A service's names without its endpoint, or an endpoint without its names, and the program finds no storage.</summary>
    [Fact]
    public async Task Each_service_that_the_program_uses_has_an_endpoint_and_its_names()
    {
        var network = await BicepFile.Get("modules/network.bicep");
        var endpoints = await BicepFile.Get("modules/endpoints.bicep");
        foreach (var service in (string[])["blob", "table"])
        {
            var endpoint = endpoints.Resources.Single(r => r.Name == service);
            Assert.Contains(endpoint.All, n => n.Type == "array" && n.Children is [{ Type: "string" } group] && group.Literal == service);
            var names = endpoints.Resources.Single(r => r.Name == $"{service}Names");
            Assert.Equal(service, names.Property("parent")!.Text);
            Assert.Contains(names.All, n => n.Text == $"{service}ZoneId");

            var zone = network.Resources.Single(r => r.Name == $"{service}Zone");
            Assert.Equal($"'privatelink.{service}.${{environment().suffixes.storage}}'", zone.Property("name")!.Text);
            Assert.Equal(zone.Name, network.Resources.Single(r => r.Name == $"{service}ZoneLink").Property("parent")!.Text);
            Assert.Equal($"{service}Zone.id", network.Outputs.Single(o => o.Name == $"{service}ZoneId").Children[^1].Text);
        }
    }

    /// <summary>Flex Consumption and Container Apps each want a subnet of their own with this delegation, and an endpoint one without.</summary>
    [Fact]
    public async Task Each_subnet_is_one_service_s_alone()
    {
        var network = await BicepFile.Get("modules/network.bicep");
        var subnets = network.Tree.All.Single(n => n.Type == "object_property" && n.Children[0].Text == "subnets").Children[^1].Children.Where(c => c.Type == "object")
            .ToDictionary(s => s.Property("name")!.Literal, s => s.Property("properties")!);

        Assert.Equal(["endpoints", "functions", "lane"], subnets.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(subnets.Count, subnets.Values.Select(s => s.Property("addressPrefix")!.Text).Distinct().Count());
        Assert.Null(subnets["endpoints"].Property("delegations"));
        foreach (var (name, user) in new Dictionary<string, string> { ["functions"] = "functionApp", ["lane"] = "lane" })
        {
            Assert.Contains(subnets[name].All, n => n.Type == "string" && n.Literal == "Microsoft.App/environments");
            var given = (await BicepFile.Get("main.bicep")).Modules.Single(m => m.Name == user).Property("params")!.Property("subnetId")!.Text;
            Assert.Equal($"networkEnabled ? network!.outputs.{name}SubnetId : ''", given);
        }
    }
}
