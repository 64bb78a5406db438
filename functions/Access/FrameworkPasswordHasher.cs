using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Registry.Access;

namespace Registry.Functions.Access;

/// <summary>The framework's own hasher: PBKDF2 with HMAC-SHA512, a salt of 128 bits, and the rounds that OWASP asks for.</summary>
internal sealed class FrameworkPasswordHasher : IPasswordHasher
{
    private const int Rounds = 210_000;

    private static readonly object nobody = new();

    private readonly PasswordHasher<object> hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Rounds }));
    private readonly Lazy<string> nothing;

    public FrameworkPasswordHasher() => nothing = new(() => Hash("nobody's"));

    public string Hash(string password) => hasher.HashPassword(nobody, password);

    public bool Verify(string hash, string password)
    {
        try
        {
            return hasher.VerifyHashedPassword(nobody, hash, password) != PasswordVerificationResult.Failed;
        }
        catch (FormatException)
        {
            // Not base64: nobody's hash.
            return false;
        }
    }

    public void VerifyNothing(string password) => Verify(nothing.Value, password);
}
