using System.Text.Json.Serialization;

namespace Registry.Functions.Token;

/// <summary>What docker's token flow answers; the members are those of the distribution project's "Token Authentication Specification" and, with POST, of RFC 6749, 5.1.</summary>
public sealed record TokenAnswer
{
    [JsonPropertyName("token")]
    public required string Token { get; init; }

    /// <summary>The same, under OAuth's name.</summary>
    [JsonPropertyName("access_token")]
    public required string AccessToken { get; init; }

    /// <summary>With a GET nobody asks; OAuth requires it.</summary>
    [JsonPropertyName("token_type")]
    public string TokenType { get; init; } = "Bearer";

    /// <summary>Seconds.</summary>
    [JsonPropertyName("expires_in")]
    public required int ExpiresIn { get; init; }

    /// <summary>RFC 3339, in UTC.</summary>
    [JsonPropertyName("issued_at")]
    public required string IssuedAt { get; init; }

    /// <summary>What was granted, which may be less than was asked for.</summary>
    [JsonPropertyName("scope")]
    public required string Scope { get; init; }

    [JsonPropertyName("refresh_token")]
    public string? RefreshToken { get; init; }
}
