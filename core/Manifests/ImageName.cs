using Registry.Digests;
using Registry.Errors;
using Registry.Repositories;

namespace Registry.Manifests;

/// <summary>What people call a manifest: <c>team/app:v1</c>, <c>team/app@sha256:…</c>, or a whole repository, <c>team/app</c>.</summary>
/// <param name="Repository">Where.</param>
/// <param name="Reference">Which; null for the whole repository.</param>
public readonly record struct ImageName(RepositoryName Repository, Reference? Reference)
{
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public static ImageName Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            if (text.IndexOf('@', StringComparison.Ordinal) is var at and >= 0)
                return new(RepositoryName.Parse(text[..at]), Manifests.Reference.To(Digest.ParseHash(text[(at + 1)..])));
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            return colon < 0
                ? new(RepositoryName.Parse(text), null)
                : new(RepositoryName.Parse(text[..colon]), Manifests.Reference.To(Tag.Parse(text[(colon + 1)..])));
        }
        catch (RegistryException e)
        {
            throw new FormatException($"'{text}' is not what a manifest is called, such as team/app:v1 or team/app@sha256:…: {e.Message}", e);
        }
    }

    public override string ToString() => Reference is { } reference ? $"{Repository}{(reference.Tag is null ? '@' : ':')}{reference}" : Repository.ToString();
}
