using System.Text.Json;
using System.Text.Json.Serialization;
using Registry.Access;

namespace Registry.Functions.Hosting;

/// <summary>A federation that is there from the first start on, with its rules: CI can push without anybody having logged in before.</summary>
/// <param name="Name">What its callers log in as.</param>
/// <param name="Issuer">An https URL, as <c>iss</c> has it.</param>
/// <param name="Audience">What <c>aud</c> must hold.</param>
/// <param name="Subject">What <c>sub</c> must match.</param>
/// <param name="Rules">What it may do.</param>
public sealed partial record FederationSettings(AccountName Name, Uri Issuer, string Audience, string Subject, IReadOnlyList<AccessRule> Rules)
{
    private const string Setting = "Registry:Auth:Federation";

    /// <summary>One setting, JSON: it comes from a vault as one secret.</summary>
    /// <exception cref="SettingException">It is not of the form, or FederationStore would not take it.</exception>
    internal static FederationSettings? Read(SettingReader reader)
    {
        if (reader.Text("Auth:Federation") is not { } text)
            return null;
        try
        {
            var form = JsonSerializer.Deserialize(text, FormJson.Default.Form)!;
            if (!AccountName.TryParse(form.Name, out var name) || name.IsAnonymous)
                throw Wrong("its name must be 1 to 64 lower-case letters, digits and . _ @ -, and not anonymous");
            if (!Uri.TryCreate(form.Issuer, UriKind.Absolute, out var issuer))
                throw Wrong("its issuer must be an https URL");
            FederationStore.Check(issuer, form.Audience, form.Subject);
            return new FederationSettings(name, issuer, form.Audience, form.Subject, [.. form.Rules.Select(r => Rule(name, r))]);
        }
        catch (JsonException e)
        {
            throw Wrong($"""it must be JSON such as {"{"}"name":"github","issuer":"https://…","audience":"…","subject":"repo:yours/app:*","rules":[{"{"}"repositories":"team/*","actions":"pull,push"{"}"}]{"}"} (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})""");
        }
        catch (ArgumentException e)
        {
            throw Wrong(e.Message);
        }
    }

    private static AccessRule Rule(AccountName name, RuleForm form)
    {
        if (!RepositoryGlob.TryParse(form.Repositories, out var repositories))
            throw Wrong("the repositories of a rule must be a repository's name in which * stands for any characters");
        return AccessActionsText.TryParse(form.Actions, out var actions, out var problem) ? new AccessRule(name, repositories, actions) : throw Wrong(problem);
    }

    // The text itself is never part of a message.
    private static SettingException Wrong(string problem) => new($"{Setting} is wrong: {problem}");

    internal sealed record Form(string Name, string Issuer, string Audience, string Subject, RuleForm[] Rules);

    internal sealed record RuleForm(string Repositories, string Actions);

    [JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
    [JsonSerializable(typeof(Form))]
    internal sealed partial class FormJson : JsonSerializerContext;
}
