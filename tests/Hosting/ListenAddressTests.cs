using Microsoft.Extensions.Configuration;
using Registry.Functions.Hosting;

namespace Registry.Tests.Hosting;

/// <summary>Where the registry listens: what it is told, who can reach it there, and what is no address.</summary>
public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("urls", "http://localhost:5001", "http://localhost:5001", false)]
    [InlineData("urls", "http://LOCALHOST:5001", "http://LOCALHOST:5001", false)]
    [InlineData("urls", "http://127.0.0.1:0", "http://127.0.0.1:0", false)]
    [InlineData("urls", "http://127.0.0.9:5000", "http://127.0.0.9:5000", false)]
    [InlineData("urls", "http://[::1]:5000", "http://[::1]:5000", false)]
    [InlineData("urls", "http://localhost:5000; http://[::1]:5001 ;", "http://localhost:5000 http://[::1]:5001", false)]
    [InlineData("urls", "http://localhost:5000;http://192.0.2.1:5000", "http://localhost:5000 http://192.0.2.1:5000", true)]
    [InlineData("urls", "http://0.0.0.0:5000", "http://0.0.0.0:5000", true)]
    [InlineData("urls", "http://[::]:5000", "http://[::]:5000", true)]
    [InlineData("urls", "http://*:5000", "http://*:5000", true)]
    [InlineData("urls", "http://+:5000", "http://+:5000", true)]
    [InlineData("http_ports", "8080", "http://*:8080", true)]
    [InlineData("http_ports", "8080; 8081", "http://*:8080 http://*:8081", true)]
    [InlineData("FUNCTIONS_CUSTOMHANDLER_PORT", "7071", "http://127.0.0.1:7071", true)]
    [InlineData("other", "", "http://localhost:5000", false)]
    public void An_address_and_whether_others_can_reach_it(string setting, string value, string urls, bool reachable)
    {
        var address = Read((setting, value));
        Assert.Equal(urls, string.Join(' ', address.Urls));
        Assert.Equal(reachable, address.IsReachable);
    }

    [Fact]
    public void The_Functions_host_goes_before_an_address_and_an_address_before_ports()
    {
        Assert.Equal(["http://127.0.0.1:7071"], Read(("FUNCTIONS_CUSTOMHANDLER_PORT", "7071"), ("urls", "http://localhost:1"), ("http_ports", "2")).Urls);
        Assert.Equal(["http://localhost:1"], Read(("urls", "http://localhost:1"), ("http_ports", "2")).Urls);
    }

    [Theory]
    [InlineData("urls", "nonsense")]
    [InlineData("urls", "5000")]
    [InlineData("urls", ";")]
    [InlineData("urls", "localhost:5000")]
    [InlineData("urls", "http://localhost:80a")] // to Kestrel a host of that name: all addresses, port 80
    [InlineData("urls", "http://registry.example.org:5000")] // likewise
    [InlineData("urls", "http://localhost:65536")]
    [InlineData("urls", "http://localhost:-1")]
    [InlineData("urls", "http://localhost:0")]
    [InlineData("urls", "http://localhost:5000/base")]
    [InlineData("urls", "https://localhost:5000")]
    [InlineData("urls", "ftp://localhost:5000")]
    [InlineData("urls", "http://:5000")]
    [InlineData("http_ports", "80a")]
    [InlineData("http_ports", "8080;;65536")]
    [InlineData("FUNCTIONS_CUSTOMHANDLER_PORT", "port")]
    public void What_is_no_address_is_refused_in_one_line(string setting, string value)
    {
        var refused = Assert.Throws<SettingException>(() => Read((setting, value)));
        Assert.StartsWith($"{setting} is '", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith(setting == "urls" ? "such as http://localhost:5000" : "a port, 0 to 65535", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    private static ListenAddress Read(params (string Name, string Value)[] settings) =>
        ListenAddress.Read(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Name, (string?)s.Value))).Build());
}
