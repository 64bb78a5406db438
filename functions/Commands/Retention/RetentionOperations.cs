using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Registry.Access;
using Registry.Functions.Commands.Operations;
using Registry.Lifecycle;
using Registry.Repositories;

namespace Registry.Functions.Commands.Retention;

internal sealed record SetRetention(RetentionView Policy) : Operation<RetentionView>
{
    protected override JsonTypeInfo<RetentionView> ResultType => RetentionJson.Default.RetentionView;

    protected override async Task<RetentionView> Run(OperationContext context, CancellationToken cancellation)
    {
        var policy = Policy.Read();
        await context.Retention.Set(policy, cancellation);
        return RetentionView.Of(policy);
    }
}

/// <param name="Repository">Only the policy that applies to this one; null for all.</param>
internal sealed record ShowRetention(string? Repository) : Operation<RetentionList>
{
    protected override JsonTypeInfo<RetentionList> ResultType => RetentionJson.Default.RetentionList;

    protected override async Task<RetentionList> Run(OperationContext context, CancellationToken cancellation)
    {
        var all = await context.Retention.List(cancellation);
        if (Repository is null)
            return new RetentionList([.. all.Select(RetentionView.Of)]);
        return new RetentionPolicies(all).Find(RepositoryName.Parse(Repository)) is { } policy
            ? new RetentionList([RetentionView.Of(policy)])
            : new RetentionList([]);
    }
}

internal sealed record RemoveRetention(string Repositories) : Operation<RemovedRetention>
{
    protected override JsonTypeInfo<RemovedRetention> ResultType => RetentionJson.Default.RemovedRetention;

    protected override async Task<RemovedRetention> Run(OperationContext context, CancellationToken cancellation) =>
        await context.Retention.Remove(RepositoryGlob.Parse(Repositories), cancellation)
            ? new RemovedRetention(Repositories, "removed")
            : throw new OperationFailedException($"there is no retention policy for '{Repositories}': 'registry retention show' shows them");
}

/// <param name="Repositories">Only these; null for all.</param>
/// <param name="Policy">A policy that is taken for stored; null for none.</param>
internal sealed record PreviewRetention(string? Repositories, RetentionView? Policy) : Operation<PreviewView>
{
    /// <summary>What a person or a script may want to read; a registry can have millions.</summary>
    public const int MostTags = 10_000;

    protected override JsonTypeInfo<PreviewView> ResultType => RetentionJson.Default.PreviewView;

    protected override async Task<PreviewView> Run(OperationContext context, CancellationToken cancellation)
    {
        var glob = Repositories is null ? (RepositoryGlob?)null : RepositoryGlob.Parse(Repositories);
        var policies = new RetentionPolicies(await context.Retention.List(cancellation));
        if (Policy is not null)
            policies = policies.With(Policy.Read());
        var (repositories, left, leftOut) = (new List<PreviewedView>(), MostTags, 0L);
        await foreach (var judged in context.RetentionPreview.Of(glob, policies, cancellation))
        {
            var shown = Math.Min(left, judged.Tags.Count);
            (left, leftOut) = (left - shown, leftOut + judged.Tags.Count - shown);
            repositories.Add(PreviewedView.Of(judged, shown));
        }

        return new PreviewView(repositories, leftOut);
    }
}

/// <param name="Repositories">A repository's name in which <c>*</c> stands for any characters.</param>
/// <param name="KeepNewest">So many tags stay, the last pushed.</param>
/// <param name="KeepWithin">Tags stay that were pushed less than this ago: <c>30d</c>, <c>12h</c>.</param>
/// <param name="Keep">Tags stay that match one of these.</param>
/// <param name="Untagged">Manifests that nothing leads to go after this.</param>
internal sealed record RetentionView(string Repositories, int? KeepNewest, string? KeepWithin, IReadOnlyList<string> Keep, string? Untagged)
{
    public static RetentionView Of(RetentionPolicy policy) => new(
        policy.Repositories.ToString(), policy.KeepNewest, Short(policy.KeepWithin), [.. policy.Keep.Select(p => p.ToString())], Short(policy.Untagged));

    /// <exception cref="FormatException">It is no policy.</exception>
    public RetentionPolicy Read() => new RetentionPolicy(RepositoryGlob.Parse(Repositories))
    {
        KeepNewest = KeepNewest,
        KeepWithin = KeepWithin is null ? null : SpanText.Parse(KeepWithin),
        Keep = [.. Keep.Select(TagPattern.Parse)],
        Untagged = Untagged is null ? null : SpanText.Parse(Untagged),
    }.Checked();

    private static string? Short(TimeSpan? span) => span is { } some ? SpanText.Short(some) : null;
}

internal sealed record RetentionList(IReadOnlyList<RetentionView> Policies);

/// <param name="Repositories">Its repositories.</param>
/// <param name="Change"><c>removed</c>.</param>
internal sealed record RemovedRetention(string Repositories, string Change);

/// <param name="Repositories">Those that a policy applies to.</param>
/// <param name="LeftOut">How many tags more there are than the 10,000 that are shown.</param>
internal sealed record PreviewView(IReadOnlyList<PreviewedView> Repositories, long LeftOut);

/// <param name="Repository">Which.</param>
/// <param name="Policy">The repositories of the policy that applies to it.</param>
/// <param name="Kept">How many tags stay.</param>
/// <param name="Taken">How many tags go.</param>
/// <param name="Manifests">How many manifests go with them, a grace period later.</param>
/// <param name="Tags">The tags.</param>
internal sealed record PreviewedView(string Repository, string Policy, int Kept, int Taken, int Manifests, IReadOnlyList<PreviewedTagView> Tags)
{
    public static PreviewedView Of(PreviewedRepository judged, int shown) => new(
        judged.Repository.ToString(),
        judged.Policy.Repositories.ToString(),
        judged.Tags.Count(t => t.IsKept),
        judged.Tags.Count(t => !t.IsKept),
        judged.Manifests,
        [.. judged.Tags.Take(shown).Select(t => new PreviewedTagView(t.Tag.ToString(), t.Digest.ToString(), t.PushedAt, t.IsKept, t.Reason))]);
}

/// <param name="Tag">Its name.</param>
/// <param name="Digest">What it points at.</param>
/// <param name="Pushed">When it was pushed last.</param>
/// <param name="Kept">Whether it stays.</param>
/// <param name="Reason">What keeps or takes it.</param>
internal sealed record PreviewedTagView(string Tag, string Digest, DateTimeOffset Pushed, bool Kept, string Reason);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SetRetention))]
[JsonSerializable(typeof(ShowRetention))]
[JsonSerializable(typeof(RemoveRetention))]
[JsonSerializable(typeof(PreviewRetention))]
[JsonSerializable(typeof(RetentionView))]
[JsonSerializable(typeof(RetentionList))]
[JsonSerializable(typeof(RemovedRetention))]
[JsonSerializable(typeof(PreviewView))]
internal sealed partial class RetentionJson : JsonSerializerContext
{
    public static IEnumerable<JsonTypeInfo> Operations => [Default.SetRetention, Default.ShowRetention, Default.RemoveRetention, Default.PreviewRetention];
}
