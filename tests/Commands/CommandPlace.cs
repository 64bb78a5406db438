using Registry.Tests.Faults;
using Registry.Tests.Support;

namespace Registry.Tests.Commands;

/// <summary>A registry that commands are given to: where it keeps what it has, and whether a server runs.</summary>
internal sealed class CommandPlace : IAsyncDisposable
{
    /// <summary>The places; to add one is to add a line.</summary>
    private static readonly Dictionary<string, Func<CommandPlace, Task<Dictionary<string, string>>>> kinds = new()
    {
        ["folder"] = place => Task.FromResult(place.Folder()),
        ["server"] = async place =>
        {
            var settings = place.Folder();
            place.Server = await RegistryProcess.Start(settings, [], TestContext.Current.CancellationToken);
            return settings;
        },
        ["azurite"] = _ => Azurite(),
    };

    private readonly TemporaryFolder folder = new();
    private Dictionary<string, string> settings = [];

    private CommandPlace()
    {
    }

    public static TheoryData<string> Names => [.. kinds.Keys];

    /// <summary>What runs on it; null where nothing does.</summary>
    public RegistryProcess? Server { get; private set; }

    /// <summary>The settings, as arguments.</summary>
    public string[] Arguments => [.. settings.Select(s => $"--Registry:{s.Key}={s.Value}")];

    public static async Task<CommandPlace> Open(string kind)
    {
        var place = new CommandPlace();
        try
        {
            place.settings = await kinds[kind](place);
            return place;
        }
        catch
        {
            await place.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
        folder.Dispose();
    }

    internal static async Task<Dictionary<string, string>> Azurite()
    {
        var azurite = await TestContext.Current.GetFixture<AzuriteFixture>() ?? throw new InvalidOperationException("the tests have no Azurite");
        var place = AzuriteAccount.NewPlace();
        return new()
        {
            ["Storage:ConnectionString"] = (await azurite.NewAccount()).ConnectionString,
            ["Storage:Container"] = place.Container,
            ["Storage:TablePrefix"] = place.TablePrefix,
        };
    }

    private Dictionary<string, string> Folder() => new() { ["Storage:Driver"] = "filesystem", ["Storage:RootDirectory"] = Directory.CreateDirectory(folder["data"]).FullName };
}
