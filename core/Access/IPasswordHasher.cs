namespace Registry.Access;

/// <summary>Makes slow, salted hashes of what people choose as passwords.</summary>
public interface IPasswordHasher
{
    string Hash(string password);

    /// <summary>Compares in constant time. A hash that cannot be read matches nothing.</summary>
    bool Verify(string hash, string password);

    /// <summary>Takes the time that <see cref="Verify"/> takes for a wrong password.</summary>
    void VerifyNothing(string password);
}
