using System.Diagnostics.Metrics;

namespace Registry.Telemetry;

/// <summary>What the registry counts. Costs next to nothing while nobody listens; who listens, and where it goes, is the host's matter.</summary>
/// <remarks>How long requests take, and how they end, is counted by ASP.NET Core itself (<c>http.server.request.duration</c>).</remarks>
public static class RegistryMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Registry";

    /// <summary>Where bytes go, of <see cref="Bytes"/>.</summary>
    public const string Direction = "direction";

    /// <summary>How something ended.</summary>
    public const string Outcome = "outcome";

    /// <summary>What something is.</summary>
    public const string Kind = "kind";

    private static readonly Meter meter = new(MeterName);

    /// <summary>Manifests that were put: an image with two platforms is three.</summary>
    public static Counter<long> Pushes { get; } = meter.CreateCounter<long>("registry.pushes", "{manifest}", "Manifests that were put");

    /// <summary>Manifests that were read.</summary>
    public static Counter<long> Pulls { get; } = meter.CreateCounter<long>("registry.pulls", "{manifest}", "Manifests that were read");

    /// <summary>Bytes of blobs: <c>in</c>, <c>out</c>, or <c>redirected</c> to storage (as many as the blob has, whatever part of it the client then asks for).</summary>
    public static Counter<long> Bytes { get; } = meter.CreateCounter<long>("registry.bytes", "By", "Bytes of blobs");

    /// <summary>Reads of manifests by where the bytes came from: outcome <c>hit</c> or <c>miss</c>.</summary>
    public static Counter<long> ManifestCache { get; } = meter.CreateCounter<long>("registry.manifest.cache", "{read}", "Reads of manifests, from memory (hit) or from storage (miss)");

    /// <summary>Requests that were sent to Azure Storage, each try by itself, as they are billed: by <c>service</c> and <c>http.response.status_code</c> (0: none came).</summary>
    public static Counter<long> StorageTransactions { get; } = meter.CreateCounter<long>("registry.storage.transactions", "{transaction}", "Requests sent to Azure Storage, each try by itself");

    /// <summary>Logins that were looked at: outcome <c>succeeded</c>, <c>failed</c> or <c>limited</c>.</summary>
    public static Counter<long> Logins { get; } = meter.CreateCounter<long>("registry.logins", "{login}", "Logins by their outcome");

    /// <summary>Slices of the collector: outcome as the collector names it, or <c>Failed</c>.</summary>
    public static Counter<long> CollectorSlices { get; } = meter.CreateCounter<long>("registry.collector.slices", "{slice}", "Slices of the collector by their outcome");

    /// <summary>What finished runs of the collector removed.</summary>
    public static Counter<long> CollectorRemoved { get; } = meter.CreateCounter<long>("registry.collector.removed", "{item}", "What finished runs of the collector removed");

    /// <summary>What finished runs of the collector freed.</summary>
    public static Counter<long> CollectorFreed { get; } = meter.CreateCounter<long>("registry.collector.freed", "By", "Bytes that finished runs of the collector freed");

    /// <summary>Bytes that verification read and hashed.</summary>
    public static Counter<long> VerifiedBytes { get; } = meter.CreateCounter<long>("registry.verification.bytes", "By", "Bytes that verification read and hashed");

    /// <summary>What verification found, each time that it did: by <c>kind</c>.</summary>
    public static Counter<long> VerificationFindings { get; } = meter.CreateCounter<long>("registry.verification.findings", "{finding}", "What verification found, by its kind");

    /// <summary>From the start of a process until it listened: once for each process, so it counts cold starts too.</summary>
    public static Histogram<double> StartDuration { get; } = meter.CreateHistogram<double>("registry.start.duration", "s", "From the start of the process until it listened");

    public static KeyValuePair<string, object?> Of(string name, object? value) => new(name, value);
}
