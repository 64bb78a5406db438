using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Registry.Functions.Commands.Operations;
using Registry.Lifecycle;
using Registry.Manifests;
using static Registry.Functions.Commands.Wording;

namespace Registry.Functions.Commands.Lifecycle;

/// <summary><c>registry explain</c>: why something is there, or when it goes.</summary>
internal static class ExplainCommand
{
    public static Command Create(CommandShell shell)
    {
        var name = new Argument<string>("NAME") { Description = "REPOSITORY:TAG or REPOSITORY@DIGEST, of a manifest or a layer" }.Checked(text => _ = Explain.Parse(text));
        return shell.Leaf(
            new ExampledCommand(
                "explain",
                "Tells why a manifest or layer is there, by which tags, indexes and subjects, or when it goes and by what rule.",
                "registry explain team/app:v1",
                "registry explain team/app@sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865 --json"),
            [name],
            parsed => new Explain(parsed.GetRequiredValue(name)),
            Print);
    }

    private static void Print(ExplanationView explained, Terminal terminal)
    {
        var state = (explained.Kept, explained.GoesAt) switch
        {
            (true, _) => "stays",
            (false, { } at) => Text($"goes from {at:u} on"),
            _ => "goes",
        };
        terminal.Line($"{explained.Repository}@{explained.Digest}, {(explained.Kind == "deleted" ? "a deleted manifest" : $"a {explained.Kind}")}, {state}");
        foreach (var reason in explained.Reasons)
            terminal.Line($"  {reason}");
    }
}

/// <param name="Name">A tag or a digest in a repository: <see cref="ImageName"/>.</param>
internal sealed record Explain(string Name) : Operation<ExplanationView>
{
    protected override JsonTypeInfo<ExplanationView> ResultType => ExplainJson.Default.ExplanationView;

    /// <exception cref="FormatException">It is no name of one manifest or layer.</exception>
    public static ImageName Parse(string text)
    {
        var name = ImageName.Parse(text);
        return name.Reference is not null ? name : throw new FormatException($"'{text}' is a whole repository: name a tag or a digest in it");
    }

    protected override async Task<ExplanationView> Run(OperationContext context, CancellationToken cancellation)
    {
        var name = Parse(Name);
        var explained = await context.Explaining.Explain(name.Repository, name.Reference!.Value, cancellation);
        return new(
            explained.Repository.ToString(), explained.Digest.ToString(), explained.Kind.ToString().ToLowerInvariant(), explained.IsKept, explained.GoesAt, explained.Reasons);
    }
}

/// <param name="Repository">Where.</param>
/// <param name="Digest">What.</param>
/// <param name="Kind"><c>manifest</c>, <c>deleted</c> or <c>layer</c>.</param>
/// <param name="Kept">Whether it stays as long as nobody changes anything.</param>
/// <param name="GoesAt">From when on a run of the collector takes it; null when it stays, or a run has to note it first.</param>
/// <param name="Reasons">Sentences.</param>
internal sealed record ExplanationView(string Repository, string Digest, string Kind, bool Kept, DateTimeOffset? GoesAt, IReadOnlyList<string> Reasons);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Explain))]
[JsonSerializable(typeof(ExplanationView))]
internal sealed partial class ExplainJson : JsonSerializerContext
{
    public static IEnumerable<JsonTypeInfo> Operations => [Default.Explain];
}
