using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Registry.Access;
using Registry.Functions.Commands.Accounts;
using Registry.Functions.Commands.Operations;

namespace Registry.Functions.Commands.Federations;

internal sealed record AddFederation(string Name, string Issuer, string Audience, string Subject) : RuleChange<AddedFederation>
{
    protected override JsonTypeInfo<AddedFederation> ResultType => FederationJson.Default.AddedFederation;

    protected override async Task<AddedFederation> Change(OperationContext context, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(Issuer, UriKind.Absolute, out var issuer))
            throw new FormatException($"'{Issuer}' is no issuer: an https URL, exactly as its tokens have it");
        AccountAnswers.Require(await context.Federations.Add(AccountName.Parse(Name), issuer, Audience, Subject, cancellation), Name);
        return new AddedFederation(Name, Issuer, Audience, Subject);
    }
}

internal sealed record ListFederations : Operation<FederationList>
{
    protected override JsonTypeInfo<FederationList> ResultType => FederationJson.Default.FederationList;

    protected override async Task<FederationList> Run(OperationContext context, CancellationToken cancellation) =>
        new([.. (await context.Federations.List(cancellation)).Select(f => new ListedFederation(f.Name.ToString(), f.Issuer.OriginalString, f.Audience, f.SubjectPattern, f.CreatedAt))]);
}

internal sealed record RemoveFederation(string Name) : RuleChange<RemovedFederation>
{
    protected override JsonTypeInfo<RemovedFederation> ResultType => FederationJson.Default.RemovedFederation;

    protected override async Task<RemovedFederation> Change(OperationContext context, CancellationToken cancellation)
    {
        if (await context.Federations.Remove(AccountName.Parse(Name), cancellation) == AccessChange.Unknown)
            throw new OperationFailedException($"there is no federation '{Name}': 'registry federation list' shows them");
        return new RemovedFederation(Name, "removed");
    }
}

/// <param name="Name">What its callers log in as.</param>
/// <param name="Issuer">The <c>iss</c> of their tokens.</param>
/// <param name="Audience">What <c>aud</c> must hold.</param>
/// <param name="Subject">The pattern that <c>sub</c> must match.</param>
internal sealed record AddedFederation(string Name, string Issuer, string Audience, string Subject);

/// <summary>The same, and when it was added.</summary>
internal sealed record ListedFederation(string Name, string Issuer, string Audience, string Subject, DateTimeOffset Created);

internal sealed record FederationList(IReadOnlyList<ListedFederation> Federations);

/// <param name="Name">Which.</param>
/// <param name="Change"><c>removed</c>.</param>
internal sealed record RemovedFederation(string Name, string Change);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(AddFederation))]
[JsonSerializable(typeof(ListFederations))]
[JsonSerializable(typeof(RemoveFederation))]
[JsonSerializable(typeof(AddedFederation))]
[JsonSerializable(typeof(FederationList))]
[JsonSerializable(typeof(RemovedFederation))]
internal sealed partial class FederationJson : JsonSerializerContext
{
    public static IEnumerable<JsonTypeInfo> Operations => [Default.AddFederation, Default.ListFederations, Default.RemoveFederation];
}
