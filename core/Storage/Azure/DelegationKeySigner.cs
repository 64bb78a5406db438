using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Sas;

namespace Registry.Storage.Azure;

/// <summary>Signs under an identity, with a key that storage gives it for that (a user delegation key). One transaction in one to two days.</summary>
internal sealed class DelegationKeySigner(BlobServiceClient service, TimeProvider time) : ReadUrlSigner(time)
{
    /// <summary>Storage gives a key for 7 days at most. What an identity signed should not outlive its roles by that long.</summary>
    private static readonly TimeSpan KeyLifetime = TimeSpan.FromDays(2);

    /// <summary>A key that ends less than this after the URL is renewed, beside the requests: renewing may then fail for hours before one is harmed.</summary>
    private static readonly TimeSpan RenewalMargin = TimeSpan.FromHours(12);

    /// <summary>How long a renewal that failed beside the requests is left alone.</summary>
    private static readonly TimeSpan RenewalPause = TimeSpan.FromMinutes(5);

    /// <summary>How far storage's clock may be from ours: a key begins that much earlier, and is not used for that much at its end.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(15);

    private readonly Lock gate = new();
    private UserDelegationKey? current;
    private Task<UserDelegationKey>? renewal;
    private DateTimeOffset nextEarlyRenewal;

    protected override async ValueTask<BlobSasQueryParameters> Sign(BlobSasBuilder access, CancellationToken cancellation) =>
        access.ToSasQueryParameters(await KeyUntil(access.ExpiresOn, cancellation), service.AccountName);

    private ValueTask<UserDelegationKey> KeyUntil(DateTimeOffset end, CancellationToken cancellation)
    {
        lock (gate)
        {
            bool isGood = current?.SignedExpiresOn >= end + ClockSkew;
            if (isGood && (current!.SignedExpiresOn >= end + RenewalMargin || Time.GetUtcNow() < nextEarlyRenewal))
                return new(current!);

            // One call for all who want a key, which none of them can cancel for the others.
            nextEarlyRenewal = Time.GetUtcNow() + RenewalPause;
            renewal ??= Task.Run(Renew, CancellationToken.None);
            return isGood ? new(current!) : new(renewal.WaitAsync(cancellation));
        }
    }

    private async Task<UserDelegationKey> Renew()
    {
        UserDelegationKey? key = null;
        try
        {
            DateTimeOffset now = Time.GetUtcNow();
            return key = await service.GetUserDelegationKeyAsync(now - ClockSkew, now + KeyLifetime, CancellationToken.None)
                .OrFailure("get user delegation key", service.AccountName, CancellationToken.None);
        }
        finally
        {
            lock (gate)
                (current, renewal) = (key ?? current, null);
        }
    }
}
