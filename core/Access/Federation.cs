namespace Registry.Access;

/// <summary>An issuer of OpenID Connect tokens whose tokens are taken as passwords: a CI system, a directory.</summary>
/// <param name="Name">What such a caller logs in as, and what rules call it.</param>
/// <param name="Issuer">The <c>iss</c> of its tokens: an https URL, exactly.</param>
/// <param name="Audience">What <c>aud</c> must be or hold: what the registry is called in those tokens.</param>
/// <param name="SubjectPattern">What <c>sub</c> must match; <c>*</c> stands for any characters: <c>repo:example/app:ref:refs/heads/*</c>.</param>
/// <param name="Version">Random, and another when the name is added again.</param>
/// <param name="CreatedAt">When it was added.</param>
public sealed record Federation(AccountName Name, Uri Issuer, string Audience, string SubjectPattern, string Version, DateTimeOffset CreatedAt);
