using System.Text.Json.Serialization.Metadata;
using Registry.Functions.Commands.Accounts;
using Registry.Functions.Commands.Collection;
using Registry.Functions.Commands.Federations;
using Registry.Functions.Commands.Immutable;
using Registry.Functions.Commands.Import;
using Registry.Functions.Commands.Lifecycle;
using Registry.Functions.Commands.Retention;
using Registry.Functions.Commands.Rules;
using Registry.Functions.Commands.Verification;

namespace Registry.Functions.Commands.Operations;

/// <summary>The operations that travel, by the names of their types: what the control socket takes.</summary>
internal sealed class OperationList(params IEnumerable<JsonTypeInfo> types)
{
    private readonly Dictionary<string, JsonTypeInfo> byName = types.ToDictionary(t => t.Type.Name, StringComparer.Ordinal);

    public static OperationList All { get; } = new(
    [
        .. AccountJson.Operations,
        .. RuleJson.Operations,
        .. FederationJson.Operations,
        .. ImmutableJson.Operations,
        .. RetentionJson.Operations,
        .. CollectionJson.Operations,
        .. RestoreJson.Operations,
        .. ExplainJson.Operations,
        .. VerificationJson.Operations,
        .. ImportJson.Operations,
    ]);

    public JsonTypeInfo? Find(string name) => byName.GetValueOrDefault(name);

    public JsonTypeInfo Get(Operation operation) =>
        Find(operation.GetType().Name) ?? throw new InvalidOperationException($"{operation.GetType().Name} is not in the list of operations");
}
