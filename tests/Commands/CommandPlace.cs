using Registry.Functions.Commands;
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

    /// <summary>The settings by name, for a server.</summary>
    public IReadOnlyDictionary<string, string> Settings => settings;

    /// <summary>Gives a command here, and demands that it is done.</summary>
    /// <returns>What it wrote to stdout, without the end of the last line.</returns>
    public async Task<string> Give(params string[] words)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = await CommandLine.Run([.. words, .. Arguments], new Terminal(TextReader.Null, output, errors), TestContext.Current.CancellationToken);
        Assert.True(code == 0, $"{string.Join(' ', words)}: {code}\n{errors}");
        return output.ToString().TrimEnd();
    }

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

    private static async Task<Dictionary<string, string>> Azurite()
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
