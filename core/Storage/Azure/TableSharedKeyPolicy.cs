using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Registry.Storage.Azure;

/// <summary>Signs requests to the table service with the account's key: "Shared Key Lite", in the table service's own form of it.</summary>
/// <remarks>
/// Azure Storage, "Authorize with Shared Key", "Table service (Shared Key Lite authorization)": the string to sign is the date, a line
/// feed, and the canonicalized resource: a slash, the account, and the URL's path as it is sent. A query's <c>comp</c> would belong
/// to it too; no operation of ours has one. Signed anew for each try, since storage refuses a date more than 15 minutes old.
/// </remarks>
internal sealed class TableSharedKeyPolicy(string account, string key) : HttpPipelineSynchronousPolicy
{
    private readonly byte[] key = Convert.FromBase64String(key);

    public override void OnSendingRequest(HttpMessage message)
    {
        string date = TimeProvider.System.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        message.Request.Headers.SetValue("x-ms-date", date);
        message.Request.Headers.SetValue("Authorization", $"SharedKeyLite {account}:{Sign(date, message.Request.Uri.ToUri())}");
    }

    /// <summary>The signature of a request at that date.</summary>
    public string Sign(string date, Uri uri) =>
        Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{date}\n/{account}{uri.AbsolutePath}")));
}
