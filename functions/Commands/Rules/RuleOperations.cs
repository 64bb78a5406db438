using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Registry.Access;
using Registry.Functions.Commands.Operations;

namespace Registry.Functions.Commands.Rules;

internal sealed record AddRule(string Name, string Repositories, string Actions) : RuleChange<RuleView>
{
    protected override JsonTypeInfo<RuleView> ResultType => RuleJson.Default.RuleView;

    protected override async Task<RuleView> Change(OperationContext context, CancellationToken cancellation)
    {
        if (!AccessActionsText.TryParse(Actions, out var actions, out var problem))
            throw new FormatException(problem);
        var rule = new AccessRule(AccountName.Parse(Name), RepositoryGlob.Parse(Repositories), actions);
        if (await context.Rules.Add(rule, cancellation) == AccessChange.Unknown)
            throw new OperationFailedException($"there is neither an account nor a federation '{Name}': add it first, or say anonymous for everybody");
        return RuleView.Of(rule);
    }
}

internal sealed record ListRules : Operation<RuleList>
{
    protected override JsonTypeInfo<RuleList> ResultType => RuleJson.Default.RuleList;

    protected override async Task<RuleList> Run(OperationContext context, CancellationToken cancellation) =>
        new([.. (await context.Rules.List(cancellation)).Select(RuleView.Of)]);
}

internal sealed record RemoveRule(string Name, string Repositories) : RuleChange<RemovedRule>
{
    protected override JsonTypeInfo<RemovedRule> ResultType => RuleJson.Default.RemovedRule;

    protected override async Task<RemovedRule> Change(OperationContext context, CancellationToken cancellation)
    {
        if (await context.Rules.Remove(AccountName.Parse(Name), RepositoryGlob.Parse(Repositories), cancellation) == AccessChange.Unknown)
            throw new OperationFailedException($"there is no rule of '{Name}' for '{Repositories}': 'registry rule list' shows them");
        return new RemovedRule(Name, Repositories, "removed");
    }
}

/// <param name="Name">An account, a federation, or <c>anonymous</c>.</param>
/// <param name="Repositories">A repository's name in which <c>*</c> stands for any characters.</param>
/// <param name="Actions"><c>pull</c>, <c>push</c>, <c>delete</c>, <c>catalog</c>, in this order.</param>
internal sealed record RuleView(string Name, string Repositories, IReadOnlyList<string> Actions)
{
    public static RuleView Of(AccessRule rule) =>
        new(rule.Name.ToString(), rule.Repositories.ToString(), rule.Actions.ToText().Split(',', StringSplitOptions.RemoveEmptyEntries));
}

internal sealed record RuleList(IReadOnlyList<RuleView> Rules);

/// <param name="Name">Whose rule it was.</param>
/// <param name="Repositories">Its pattern.</param>
/// <param name="Change"><c>removed</c>.</param>
internal sealed record RemovedRule(string Name, string Repositories, string Change);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(AddRule))]
[JsonSerializable(typeof(ListRules))]
[JsonSerializable(typeof(RemoveRule))]
[JsonSerializable(typeof(RuleView))]
[JsonSerializable(typeof(RuleList))]
[JsonSerializable(typeof(RemovedRule))]
internal sealed partial class RuleJson : JsonSerializerContext
{
    public static IEnumerable<JsonTypeInfo> Operations => [Default.AddRule, Default.ListRules, Default.RemoveRule];
}
