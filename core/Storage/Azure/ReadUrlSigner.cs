using Azure.Storage;
using Azure.Storage.Sas;

namespace Registry.Storage.Azure;

/// <summary>Signs URLs by which anybody can read one blob for a while (a shared access signature of the blob service).</summary>
/// <remarks>
/// A URL has no start time, so it is good at once though our clock may run ahead of storage's. Where storage is reached by https the URL is
/// good for https only.
/// </remarks>
internal abstract class ReadUrlSigner(TimeProvider time)
{
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(1);

    protected TimeProvider Time { get; } = time;

    /// <exception cref="ArgumentOutOfRangeException">A lifetime that is not positive, or longer than <see cref="MaxLifetime"/>.</exception>
    public async ValueTask<Uri> Sign(string container, string path, Uri blob, TimeSpan lifetime, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, MaxLifetime);
        var access = new BlobSasBuilder(BlobSasPermissions.Read, Time.GetUtcNow() + lifetime)
        {
            BlobContainerName = container,
            BlobName = path,
            Resource = "b",
            Protocol = blob.Scheme == Uri.UriSchemeHttps ? SasProtocol.Https : SasProtocol.HttpsAndHttp,
        };
        BlobSasQueryParameters signed = await Sign(access, cancellation);
        return new UriBuilder(blob) { Query = signed.ToString() }.Uri;
    }

    protected abstract ValueTask<BlobSasQueryParameters> Sign(BlobSasBuilder access, CancellationToken cancellation);
}

/// <summary>Signs with the account's key, which needs no call to storage.</summary>
internal sealed class AccountKeySigner(StorageSharedKeyCredential credential, TimeProvider time) : ReadUrlSigner(time)
{
    protected override ValueTask<BlobSasQueryParameters> Sign(BlobSasBuilder access, CancellationToken cancellation) =>
        new(access.ToSasQueryParameters(credential));
}
