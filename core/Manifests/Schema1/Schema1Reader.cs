using System.Text.Json;
using Registry.Digests;
using Registry.Errors;

namespace Registry.Manifests.Schema1;

/// <summary>Reads the fields of a schema 1 manifest, and collects what is wrong with them.</summary>
internal sealed class Schema1Reader(JsonElement root, int maxLayers)
{
    private static readonly string[] members = ["schemaVersion", "name", "tag", "architecture", "fsLayers", "history", PrettyJws.Member];
    private static readonly string[] layerMembers = ["blobSum"];
    private static readonly string[] historyMembers = ["v1Compatibility"];

    /// <summary>Problems that are told of one manifest's fields: a hostile one has hundreds of thousands, and each is longer than what it is about.</summary>
    public const int MaxProblems = 100;

    private readonly List<RegistryException.Problem> problems = [];
    private readonly HashSet<Digest> seen = [];
    private readonly List<Digest> layers = [];

    public string? Name { get; private set; }

    public string? Tag { get; private set; }

    public IReadOnlyList<Digest> Layers => layers;

    public IReadOnlyList<RegistryException.Problem> Problems => problems;

    public void Read()
    {
        RequireCase(root, "", members);
        if (!root.TryGetProperty("schemaVersion", out var version) || version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out var number) || number != 1)
            Invalid("'schemaVersion' is not 1");
        Name = Text("name");
        Tag = Text("tag");

        // The API's word for a manifest without a tag, when it is put by digest.
        if (Tag is { Length: > 0 } tag && !Manifests.Tag.TryParse(tag, out _))
            Add(new(RegistryError.TagInvalid, RegistryError.TagInvalid.Message, new TagDetail(tag)));
        if (root.TryGetProperty("architecture", out var architecture) && architecture.ValueKind != JsonValueKind.String)
            Invalid("'architecture' is not a string");

        var (count, history) = (ReadList("fsLayers", AddLayer), ReadList("history", CheckHistory));
        if (count is { } l && history is { } h && l != h)
            Invalid($"there are {l} entries in 'fsLayers' and {h} in 'history'");
    }

    // The clients of the time, written in Go, took a member whatever its case (to Go the long s and the Kelvin sign are cases of s and k too): what
    // is verified here must not be another layer there.
    private void RequireCase(JsonElement parent, string where, string[] known)
    {
        foreach (var member in parent.EnumerateObject())
        {
            var folded = member.Name.Replace('\u017f', 's').Replace('\u212a', 'k');
            var name = known.FirstOrDefault(k => string.Equals(k, folded, StringComparison.OrdinalIgnoreCase));
            if (name is not null && name != member.Name)
                Invalid($"{where}'{member.Name}' is '{name}' in another case");
        }
    }

    private string? Text(string name)
    {
        if (root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String)
            return value.GetString();
        Invalid($"'{name}' is not a string");
        return null;
    }

    private int? ReadList(string name, Action<string, JsonElement> read)
    {
        if (!root.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array)
        {
            Invalid($"'{name}' is not a list");
            return null;
        }

        var length = list.GetArrayLength();
        if (length == 0 || length > maxLayers)
        {
            Invalid($"'{name}' has {length} entries, and must have 1 to {maxLayers}");
            return null;
        }

        foreach (var (index, entry) in list.EnumerateArray().Index())
            read($"{name}[{index}]", entry);
        return length;
    }

    private void AddLayer(string where, JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("blobSum", out var sum) || sum.ValueKind != JsonValueKind.String)
            Invalid($"'{where}' has no blobSum");
        else if (Digest.Read(sum.GetString(), out var digest) is { } problem)
            Add(new(problem.Error, $"{where}: {problem.Message}", new DigestDetail(sum.GetString()!)));
        else if (seen.Add(digest))
            layers.Add(digest);
        if (entry.ValueKind == JsonValueKind.Object)
            RequireCase(entry, $"{where}: ", layerMembers);
    }

    private void CheckHistory(string where, JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("v1Compatibility", out var text) || text.ValueKind != JsonValueKind.String)
            Invalid($"'{where}' has no v1Compatibility");
        if (entry.ValueKind == JsonValueKind.Object)
            RequireCase(entry, $"{where}: ", historyMembers);
    }

    private void Invalid(string message) => Add(new(RegistryError.ManifestInvalid, message));

    private void Add(RegistryException.Problem problem)
    {
        if (problems.Count < MaxProblems)
            problems.Add(problem);
        else if (problems.Count == MaxProblems)
            problems.Add(new(RegistryError.ManifestInvalid, $"and more: the first {MaxProblems} are told"));
    }
}
