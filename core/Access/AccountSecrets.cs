using System.Security.Cryptography;
using System.Text;

namespace Registry.Access;

/// <summary>Secrets and their hashes. A secret is never stored.</summary>
/// <remarks>
/// A robot's secret has 256 random bits. A slow hash makes guessing expensive, and here there is nothing to guess: 2^256 tries are out of reach
/// at any speed. So it is one SHA-256, and a robot that sends its secret with every request costs nothing. Nor is a salt of use: no two secrets are alike.
/// A person's password gets the slow hash.
/// </remarks>
public sealed class AccountSecrets(IPasswordHasher hasher, IdSource ids)
{
    /// <summary>A password that people choose has at least so many characters.</summary>
    public const int MinPassword = 12;

    /// <summary>And at most so many: hashing takes time by the length.</summary>
    public const int MaxPassword = 256;

    /// <summary>So that a scanner for leaked secrets finds ours, in a log or a repository.</summary>
    private const string RobotPrefix = "rgs_";

    /// <summary>A new secret of 256 random bits.</summary>
    public string New() => RobotPrefix + ids.NewHex(32);

    /// <summary>Changes with every secret, and tells nothing of it.</summary>
    public string NewVersion() => ids.NewHex(8);

    public string Hash(AccountKind kind, string secret) => kind == AccountKind.Robot ? FastHash(secret) : hasher.Hash(secret);

    /// <summary>Whether this is the account's secret.</summary>
    /// <remarks>Every refusal costs one slow verification and no more, whether the account is unknown, a robot or a person: the time tells nothing.</remarks>
    public bool Verify(Account? account, string secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        if (secret.Length > MaxPassword)
        {
            hasher.VerifyNothing("");
            return false;
        }

        if (account is { Kind: AccountKind.Person })
            return hasher.Verify(account.SecretHash, secret);
        if (account is { Kind: AccountKind.Robot } && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(FastHash(secret)), Encoding.UTF8.GetBytes(account.SecretHash)))
            return true;
        hasher.VerifyNothing(secret);
        return false;
    }

    private static string FastHash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
