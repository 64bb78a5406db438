using System.Text.Json;
using System.Text.Json.Serialization;
using Registry.Digests;
using Registry.Errors;
using Registry.Functions.Health;
using Registry.Functions.Token;
using Registry.Layers;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Repositories;

namespace Registry.Functions.Http;

/// <summary>The error envelope of distribution-spec, "Error Codes".</summary>
public sealed record ErrorBody(IReadOnlyList<ErrorEntry> Errors)
{
    public static ErrorBody Of(RegistryException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return new([.. exception.Problems.Select(p => new ErrorEntry(p.Error.Code, p.Message, p.Detail))]);
    }
}

public sealed record ErrorEntry(string Code, string Message, object? Detail);

/// <summary>The detail of an error that only the operator can explain: the id of the log line that does.</summary>
public sealed record FaultDetail(string Id);

/// <summary>The detail of a refusal: what would have been needed.</summary>
public sealed record ScopeDetail(string? Scope);

public sealed record TagList(string Name, IReadOnlyList<string> Tags);

public sealed record RepositoryList(IReadOnlyList<string> Repositories);

/// <summary>Everything that goes over the wire as JSON, save manifests, which go as they came.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(TagList))]
[JsonSerializable(typeof(RepositoryList))]
[JsonSerializable(typeof(TokenAnswer))]
[JsonSerializable(typeof(ReadinessReport))]
[JsonSerializable(typeof(FaultDetail))]
[JsonSerializable(typeof(ScopeDetail))]
[JsonSerializable(typeof(DigestDetail))]
[JsonSerializable(typeof(NameDetail))]
[JsonSerializable(typeof(TagDetail))]
[JsonSerializable(typeof(ImmutableTagDetail))]
[JsonSerializable(typeof(ManifestDetail))]
[JsonSerializable(typeof(UploadDetail))]
[JsonSerializable(typeof(RangeDetail))]
public sealed partial class WireJson : JsonSerializerContext;
