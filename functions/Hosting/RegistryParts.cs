using Registry.Access.Oidc;
using Registry.Storage;

namespace Registry.Functions.Hosting;

/// <summary>What a test puts in the place of the machine's own.</summary>
public sealed record RegistryParts
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public IdSource Ids { get; init; } = IdSource.Random;

    /// <summary>Storage that another instance uses too; null for what the settings name.</summary>
    public (IStorageDriver Driver, ITableStore Tables)? Storage { get; init; }

    /// <summary>Where issuers' documents come from; null for the network.</summary>
    public IOidcDocuments? OidcDocuments { get; init; }
}
