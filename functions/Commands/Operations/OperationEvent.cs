using System.Text.Json;
using System.Text.Json.Serialization;

namespace Registry.Functions.Commands.Operations;

/// <summary>What comes of an operation: how far it is, any number of times, and then one result or one failure. Exactly one of the three is there.</summary>
internal sealed record OperationEvent
{
    public OperationProgress? Progress { get; init; }

    public JsonElement? Result { get; init; }

    public OperationFailure? Error { get; init; }

    [JsonIgnore]
    public bool IsEnd => Progress is null;
}

/// <summary>How far an operation is.</summary>
/// <param name="Stage">What it is doing, for people: <c>marking</c>.</param>
/// <param name="Done">How many of them it has done.</param>
/// <param name="Total">How many there are; null when that is not known.</param>
internal sealed record OperationProgress(string Stage, long Done, long? Total = null);

/// <summary>Why an operation was not done.</summary>
/// <param name="IsUsage">Whether something else should have been asked for: exit code 2 rather than 1.</param>
/// <param name="Message">One line for people, which says what to do.</param>
internal sealed record OperationFailure(bool IsUsage, string Message);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OperationEvent))]
internal sealed partial class EventJson : JsonSerializerContext;
