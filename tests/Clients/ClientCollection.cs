namespace Registry.Tests.Clients;

/// <summary>
/// All tests with real clients run one after another: they share one docker daemon, and each keeps a machine of two cores busy.
/// Other tests may run beside them.
/// </summary>
[CollectionDefinition(Name)]
public sealed class ClientCollection : ICollectionFixture<DockerFixture>
{
    public const string Name = "real clients";
}
