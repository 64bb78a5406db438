using Registry.Access;
using Registry.Digests;
using Registry.Lifecycle;
using Registry.Manifests;
using Registry.Repositories;

namespace Registry.Storage;

/// <summary>The only place that names a table or builds a row's keys.</summary>
/// <remarks>
/// <code>
/// table         partition    rows
/// uploads       repository   upload id                       one per upload: offset, hash state, blocks, claim
/// content       digest       !content                        the blob that holds the digest's content
///                            repository                      a link: this repository holds the digest
///               tarsum       repository                      an alias: which digest this repository calls so
/// manifests     repository   m DIGEST                        a manifest: media type, size, what it refers to, blob
///                            r SUBJECT DIGEST                a referrer's descriptor
///                            t TAG                           a tag: digest, media type, size, blob
///                            x m DIGEST, x t TAG             a deleted manifest or tag, while it can be restored
/// repositories  r            repository                      the catalog
/// accounts      a            name                            a person, a robot or a federation: one name, one login
/// rules         r            NAME : PATTERN                  what the name (or "anonymous") may do in which repositories
///               immutable    REPOSITORIES : TAGS             tags that do not move
///               retention    REPOSITORIES                    which tags stay
/// progress      collection   Collect, DryRun                 how far the collector's run has come
///                            Import, Import-HASH             an import has not ended: what was taken over is not freed
///               verification Pass, Now                       how far a verification has come
///               findings     HASH                            something that is not as its row says
/// </code>
/// Keys cannot hold <c>/ \ # ?</c>. A repository's <c>- . /</c> are shifted to <c>, - .</c>: that keeps both the order and the length,
/// and no two names meet. (The letters and digits are as they are; <c>!</c> sorts before all of them.)
/// </remarks>
public static class Tables
{
    public const string Uploads = "uploads";
    public const string Content = "content";
    public const string Manifests = "manifests";
    public const string Repositories = "repositories";
    public const string Accounts = "accounts";
    public const string Rules = "rules";
    public const string Progress = "progress";

    /// <summary>The row of a digest's partition that names its blob.</summary>
    public const string ContentRow = "!content";

    /// <summary>The one partition of the catalog.</summary>
    public const string CatalogPartition = "r";

    /// <summary>The one partition of the accounts.</summary>
    public const string AccountsPartition = "a";

    /// <summary>The one partition of the access rules.</summary>
    public const string RulesPartition = "r";

    /// <summary>The one partition of the rules of immutable tags.</summary>
    public const string ImmutableTagsPartition = "immutable";

    /// <summary>The one partition of the retention policies.</summary>
    public const string RetentionPartition = "retention";

    /// <summary>The one partition of the collector's progress.</summary>
    public const string CollectionPartition = "collection";

    /// <summary>What the rows of imports that have not ended begin with, in the same partition.</summary>
    public const string ImportRow = "Import";

    /// <summary>The one partition of the progress of verification.</summary>
    public const string VerificationPartition = "verification";

    /// <summary>The one partition of what verification found, in the same table.</summary>
    public const string FindingsPartition = "findings";

    /// <summary>What the row of a manifest begins with.</summary>
    public const char ManifestPrefix = 'm';

    /// <summary>What the row of a referrer begins with.</summary>
    public const char ReferrerPrefix = 'r';

    /// <summary>What the row of a tag begins with.</summary>
    public const char TagPrefix = 't';

    /// <summary>What the row of something deleted begins with. It sorts behind all others: docs/lifecycle.md needs that.</summary>
    public const char DeletedPrefix = 'x';

    /// <summary>What the row of a deleted manifest begins with.</summary>
    public const string DeletedManifestsPrefix = "xm";

    /// <summary>What the row of a deleted tag begins with.</summary>
    public const string DeletedTagsPrefix = "xt";

    public static readonly IReadOnlyList<string> All = [Uploads, Content, Manifests, Repositories, Accounts, Rules, Progress];

    public static string Key(RepositoryName repository) => Shift(repository.ToString());

    /// <summary>What the rows of a name's rules begin with: no name has a colon.</summary>
    public static string RulesPrefix(AccountName name) => $"{name}:";

    /// <summary>The row of a rule: a pattern has the characters of a repository's name, and <c>*</c>.</summary>
    public static string RuleRow(AccountName name, RepositoryGlob pattern) => $"{name}:{Shift(pattern.ToString())}";

    /// <summary>The row of a rule of immutable tags: neither pattern has a colon, and both together fit a key.</summary>
    public static string ImmutableTagsRow(RepositoryGlob repositories, TagPattern tags) => $"{Shift(repositories.ToString())}:{tags}";

    /// <summary>The row of a retention policy.</summary>
    public static string RetentionRow(RepositoryGlob repositories) => Shift(repositories.ToString());

    public static RepositoryName Repository(string key) => RepositoryName.Parse(Unshift(key));

    /// <summary>The repository of a key that may be none of ours.</summary>
    public static bool TryRepository(string key, out RepositoryName repository) => RepositoryName.TryParse(Unshift(key), out repository);

    private static string Unshift(string key) => string.Create(key.Length, key, (name, from) =>
    {
        from.CopyTo(name);
        foreach (ref var c in name)
            c = c switch { ',' => '-', '-' => '.', '.' => '/', _ => c };
    });

    private static string Shift(string text) => string.Create(text.Length, text, (key, name) =>
    {
        name.CopyTo(key);
        foreach (ref var c in key)
            c = c switch { '-' => ',', '.' => '-', '/' => '.', _ => c };
    });

    public static string ManifestRow(Digest digest) => $"{ManifestPrefix}{digest}";

    public static string TagRow(Tag tag) => $"{TagPrefix}{tag}";

    public static string ReferrersPrefix(Digest subject) => $"{ReferrerPrefix}{subject}";

    public static string ReferrerRow(Digest subject, Digest digest) => $"{ReferrerPrefix}{subject}{digest}";

    /// <summary>The row that the delete of a manifest's or tag's row leaves.</summary>
    public static string DeletedRow(string row) => DeletedPrefix + row;

    /// <summary>The first key after every key that begins with this prefix (which ends in an ASCII character below <c>~</c>).</summary>
    public static string PrefixEnd(string prefix) => prefix[..^1] + (char)(prefix[^1] + 1);

    /// <summary>The first key that can follow this row: keys hold nothing below the space.</summary>
    public static string After(string row) => row + " ";
}
