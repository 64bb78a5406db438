using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Registry.Storage;

namespace Registry.Functions.Access;

/// <summary>Protects what is handed out and comes back: ASP.NET Data Protection, with its keys in our storage.</summary>
/// <remarks>
/// Data Protection makes a new key every 90 days, two days before it is used, and reads the ring again every day: so every instance knows a key before
/// it sees it, and what older keys protect still opens. One case is left: two instances that start on empty storage at the same moment each make
/// a first key. So a payload that does not open makes the ring be read once more, at most once a minute, whatever strangers send.
/// </remarks>
internal sealed class KeyRing(IStorageDriver driver, IdSource ids, ILoggerFactory loggers, TimeProvider time)
{
    public static readonly TimeSpan ReopenInterval = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private IDataProtectionProvider? current;
    private long openedAt;

    /// <param name="purpose">What the payload is for: it opens for nothing else.</param>
    /// <param name="payload">What to protect.</param>
    /// <exception cref="StorageFailedException">The keys cannot be read.</exception>
    public byte[] Protect(string purpose, byte[] payload) => OnStorage(() => Provider().CreateProtector(purpose).Protect(payload));

    /// <summary>Opens what <see cref="Protect"/> gave, here or elsewhere. Null when it is anything else.</summary>
    /// <exception cref="StorageFailedException">The keys cannot be read.</exception>
    public byte[]? Unprotect(string purpose, byte[] payload)
    {
        var provider = Provider();
        return TryUnprotect(provider, purpose, payload) ?? (Reopen(provider) is { } other ? TryUnprotect(other, purpose, payload) : null);
    }

    private static byte[]? TryUnprotect(IDataProtectionProvider provider, string purpose, byte[] payload)
    {
        try
        {
            return OnStorage(() => provider.CreateProtector(purpose).Unprotect(payload));
        }
        catch (CryptographicException)
        {
            // Not ours, of another purpose, or altered: all the same to whoever sent it.
            return null;
        }
    }

    // Data Protection makes one exception of everything, and storage that is away must not look like a bad token.
    private static byte[] OnStorage(Func<byte[]> operation)
    {
        try
        {
            return operation();
        }
        catch (CryptographicException e) when (StorageFailure(e) is { } failure)
        {
            throw new StorageFailedException(failure.Operation, failure.Path, failure.Status, failure.Code, e, failure.Attempts);
        }
    }

    private static StorageFailedException? StorageFailure(Exception? e)
    {
        while (e is not null and not StorageFailedException)
            e = e.InnerException;
        return e as StorageFailedException;
    }

    private IDataProtectionProvider Provider()
    {
        lock (gate)
            return current ??= Open();
    }

    private IDataProtectionProvider? Reopen(IDataProtectionProvider failed)
    {
        lock (gate)
        {
            if (current != failed)
                return current;
            if (time.GetElapsedTime(openedAt) < ReopenInterval)
                return null;
            return current = Open();
        }
    }

    private IDataProtectionProvider Open()
    {
        openedAt = time.GetTimestamp();
        var services = new ServiceCollection();
        services.AddSingleton(loggers);
        services.AddLogging();
        services.AddDataProtection().SetApplicationName("registry");
        services.Configure<KeyManagementOptions>(options => options.XmlRepository = new KeyRepository(driver, ids));
        return services.BuildServiceProvider().GetRequiredService<IDataProtectionProvider>();
    }
}
