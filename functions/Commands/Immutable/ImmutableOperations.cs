using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Registry.Access;
using Registry.Functions.Commands.Operations;
using Registry.Lifecycle;

namespace Registry.Functions.Commands.Immutable;

internal sealed record AddImmutable(string Repositories, string Tags) : RuleChange<ImmutableView>
{
    protected override JsonTypeInfo<ImmutableView> ResultType => ImmutableJson.Default.ImmutableView;

    protected override async Task<ImmutableView> Change(OperationContext context, CancellationToken cancellation)
    {
        var rule = new ImmutableTagRule(RepositoryGlob.Parse(Repositories), TagPattern.Parse(Tags));
        await context.ImmutableTags.Add(rule, cancellation);
        return ImmutableView.Of(rule);
    }
}

internal sealed record ListImmutable : Operation<ImmutableList>
{
    protected override JsonTypeInfo<ImmutableList> ResultType => ImmutableJson.Default.ImmutableList;

    protected override async Task<ImmutableList> Run(OperationContext context, CancellationToken cancellation) =>
        new([.. (await context.ImmutableTags.List(cancellation)).Select(ImmutableView.Of)]);
}

internal sealed record RemoveImmutable(string Repositories, string Tags) : RuleChange<RemovedImmutable>
{
    protected override JsonTypeInfo<RemovedImmutable> ResultType => ImmutableJson.Default.RemovedImmutable;

    protected override async Task<RemovedImmutable> Change(OperationContext context, CancellationToken cancellation)
    {
        var rule = new ImmutableTagRule(RepositoryGlob.Parse(Repositories), TagPattern.Parse(Tags));
        return await context.ImmutableTags.Remove(rule, cancellation)
            ? new RemovedImmutable(Repositories, Tags, "removed")
            : throw new OperationFailedException($"there is no rule of '{Tags}' in '{Repositories}': 'registry immutable list' shows them");
    }
}

/// <param name="Repositories">A repository's name in which <c>*</c> stands for any characters.</param>
/// <param name="Tags">A tag in which it does.</param>
internal sealed record ImmutableView(string Repositories, string Tags)
{
    public static ImmutableView Of(ImmutableTagRule rule) => new(rule.Repositories.ToString(), rule.Tags.ToString());
}

internal sealed record ImmutableList(IReadOnlyList<ImmutableView> Rules);

/// <param name="Repositories">Its repositories.</param>
/// <param name="Tags">Its tags.</param>
/// <param name="Change"><c>removed</c>.</param>
internal sealed record RemovedImmutable(string Repositories, string Tags, string Change);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(AddImmutable))]
[JsonSerializable(typeof(ListImmutable))]
[JsonSerializable(typeof(RemoveImmutable))]
[JsonSerializable(typeof(ImmutableView))]
[JsonSerializable(typeof(ImmutableList))]
[JsonSerializable(typeof(RemovedImmutable))]
internal sealed partial class ImmutableJson : JsonSerializerContext
{
    public static IEnumerable<JsonTypeInfo> Operations => [Default.AddImmutable, Default.ListImmutable, Default.RemoveImmutable];
}
