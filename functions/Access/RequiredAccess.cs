using Registry.Access;
using Registry.Errors;
using Registry.Functions.Http;
using Registry.Repositories;

namespace Registry.Functions.Access;

/// <summary>What a request needs: nothing, to be somebody, or rights in a repository.</summary>
internal sealed record RequiredAccess
{
    private static readonly RequiredAccess open = new();

    public bool IsOpen => !IsLogin && !IsCatalog && Repository is null;

    /// <summary>Whether it is enough to be somebody: <c>/v2/</c>.</summary>
    public bool IsLogin { get; private init; }

    public bool IsCatalog { get; private init; }

    public RepositoryName? Repository { get; private init; }

    public AccessActions Actions { get; private init; }

    /// <summary>The repository that a blob is to be mounted from. A right that is missing there does not refuse the request; the mount is just not done.</summary>
    public RepositoryName? MountFrom { get; private init; }

    /// <summary>The scope to ask a token for; null where any will do.</summary>
    public string? Scope => this switch
    {
        { IsCatalog: true } => TokenScopes.Catalog,
        { Repository: { } repository, MountFrom: { } from } => $"{TokenScopes.Of(repository, Actions)} {TokenScopes.Of(from, AccessActions.Pull)}",
        { Repository: { } repository } => TokenScopes.Of(repository, Actions),
        _ => null,
    };

    /// <summary>Goes by the function that the routes chose, because that is what will run: the routes do not mind case or a slash at the end, and what is decided here must not differ.</summary>
    /// <exception cref="RegistryException"><c>NAME_INVALID</c>, or a method that nothing here has.</exception>
    public static RequiredAccess Of(string? function, HttpContext context) => function switch
    {
        // These tell nothing of what is stored. (The timer refuses whoever comes from outside, Token logs in, zFallback only says what is wrong.)
        null or "Home" or "Health" or "HealthReady" or "Token" or "CollectGarbage" or "zFallback" => open,
        "ApiVersion" => new RequiredAccess { IsLogin = true },
        "Catalog" => new RequiredAccess { IsCatalog = true },

        // An upload is part of a push, whoever looks at it or cancels it.
        "UploadStart" => InRepository(context, AccessActions.Pull | AccessActions.Push) with { MountFrom = FindMountFrom(context) },
        "UploadSession" => InRepository(context, AccessActions.Pull | AccessActions.Push),
        "Blob" or "Manifest" or "TagsList" or "Referrers" => InRepository(context, ByMethod(context.Request.Method)),
        _ => throw new InvalidOperationException($"nobody has said who may use the function {function}"),
    };

    private static RequiredAccess InRepository(HttpContext context, AccessActions actions) =>
        new() { Repository = context.Target().Repository, Actions = actions };

    private static AccessActions ByMethod(string method) => method switch
    {
        "GET" or "HEAD" => AccessActions.Pull,
        "PUT" or "POST" or "PATCH" => AccessActions.Pull | AccessActions.Push,
        "DELETE" => AccessActions.Delete,

        // Methods have a case, and the routes do not mind it: "delete" is no DELETE.
        _ => throw new RegistryException(RegistryError.Unsupported),
    };

    private static RepositoryName? FindMountFrom(HttpContext context) =>
        context.Query("mount") is not null && RepositoryName.TryParse(context.Query("from"), out var from) && from != context.Target().Repository ? from : null;
}
