using Azure.Core.Pipeline;

namespace Registry.Storage.Azure;

/// <summary>Where in a storage account the registry lives.</summary>
/// <param name="Container">The blob container: 3 to 63 of <c>[a-z0-9-]</c>.</param>
/// <param name="TablePrefix">What every table's name begins with: empty, or a letter and more of <c>[A-Za-z0-9]</c>, so that several registries can share an account.</param>
public sealed record AzureStorageOptions(string Container, string TablePrefix)
{
    /// <summary>The clock that signed URLs go by.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Compares that clock with storage's; null where nobody asks.</summary>
    internal StorageClock? Clock { get; init; }

    /// <summary>What requests go over; by default <see cref="AzureTransport.Shared"/>.</summary>
    public HttpPipelineTransport Transport { get; init; } = AzureTransport.Shared;
}
