using System.Security.Cryptography;
using System.Text;
using Registry.Access;

namespace Registry.Functions.Access;

/// <summary>Remembers which credentials were right a moment ago: a client that sends Basic with every request (kaniko, curl) must not cost a slow hash each time.</summary>
/// <remarks>
/// What is kept is an HMAC under a key that only this process has, so memory holds nothing that could be tried elsewhere. The principal's version is
/// part of it and is checked against the rules by whoever asks, so a new secret or a shut account ends it like any token.
/// </remarks>
internal sealed class VerifiedCredentials(TimeProvider time)
{
    private const int MaxEntries = 1000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);
    private readonly Lock gate = new();
    private readonly Dictionary<string, (Principal Principal, long At)> entries = new(StringComparer.Ordinal);

    public Principal? Find(Credentials credentials)
    {
        var mac = Mac(credentials);
        lock (gate)
            return entries.TryGetValue(mac, out var entry) && time.GetElapsedTime(entry.At) < Lifetime ? entry.Principal : null;
    }

    public void Add(Credentials credentials, Principal principal)
    {
        var mac = Mac(credentials);
        lock (gate)
        {
            // Rarely so many at once: forgetting all of them costs each one verification.
            if (entries.Count >= MaxEntries)
                entries.Clear();
            entries[mac] = (principal, time.GetTimestamp());
        }
    }

    // The name's length keeps name and secret apart.
    private string Mac(Credentials credentials) =>
        Convert.ToHexString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{credentials.Name.Length}:{credentials.Name}{credentials.Secret}")));
}
