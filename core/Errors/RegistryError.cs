namespace Registry.Errors;

/// <summary>THE table of the errors a client can see: code, HTTP status, message.</summary>
/// <remarks>Codes 1 to 14 are those of OCI distribution-spec, "Error Codes"; the others are docker's (registry API v2, "Errors").</remarks>
/// <param name="Code">What the client's program reads.</param>
/// <param name="Status">The status the API answers with.</param>
/// <param name="Message">What its user reads.</param>
public sealed record RegistryError(string Code, int Status, string Message)
{
    public static readonly RegistryError BlobUnknown = new("BLOB_UNKNOWN", 404, "blob unknown to registry");
    public static readonly RegistryError BlobUploadInvalid = new("BLOB_UPLOAD_INVALID", 400, "blob upload invalid");
    public static readonly RegistryError BlobUploadUnknown = new("BLOB_UPLOAD_UNKNOWN", 404, "blob upload unknown to registry");
    public static readonly RegistryError RangeInvalid = new("BLOB_UPLOAD_INVALID", 416, "the chunk does not continue the upload");
    public static readonly RegistryError RangeNotSatisfiable = new("RANGE_INVALID", 416, "the range is beyond the end of the content");
    public static readonly RegistryError DigestInvalid = new("DIGEST_INVALID", 400, "provided digest did not match uploaded content");
    public static readonly RegistryError TarSumUnsupported = new("DIGEST_INVALID", 400, "unsupported tarsum version");
    public static readonly RegistryError ManifestBlobUnknown = new("MANIFEST_BLOB_UNKNOWN", 404, "manifest references a manifest or blob unknown to registry");
    public static readonly RegistryError ManifestInvalid = new("MANIFEST_INVALID", 400, "manifest invalid");
    public static readonly RegistryError ManifestTooLarge = new("MANIFEST_INVALID", 413, "the manifest is larger than the registry accepts");
    public static readonly RegistryError ManifestUnknown = new("MANIFEST_UNKNOWN", 404, "manifest unknown to registry");
    public static readonly RegistryError ManifestUnverified = new("MANIFEST_UNVERIFIED", 400, "manifest failed signature verification");
    public static readonly RegistryError NameInvalid = new("NAME_INVALID", 400, "invalid repository name");
    public static readonly RegistryError NameUnknown = new("NAME_UNKNOWN", 404, "repository name not known to registry");
    public static readonly RegistryError SizeInvalid = new("SIZE_INVALID", 400, "provided length did not match content length");
    public static readonly RegistryError BlobTooLarge = new("SIZE_INVALID", 413, "the blob is larger than the registry accepts");
    public static readonly RegistryError TagInvalid = new("TAG_INVALID", 400, "invalid tag");
    public static readonly RegistryError TooManyTags = new("TAG_INVALID", 414, "too many tags in one request");
    public static readonly RegistryError TagImmutable = new("TAG_INVALID", 409, "the tag is immutable");
    public static readonly RegistryError PaginationInvalid = new("PAGINATION_NUMBER_INVALID", 400, "invalid number of results requested");
    public static readonly RegistryError NotHttp = new("UNSUPPORTED", 400, "the request is not valid HTTP, or too large");
    public static readonly RegistryError TargetTooLong = new("NAME_INVALID", 414, "the request target is too long");
    public static readonly RegistryError HeadersTooLong = new("UNSUPPORTED", 431, "the request headers are too long");
    public static readonly RegistryError Unauthorized = new("UNAUTHORIZED", 401, "authentication required");
    public static readonly RegistryError Denied = new("DENIED", 403, "requested access to the resource is denied");
    public static readonly RegistryError TokenRequestInvalid = new("UNSUPPORTED", 400, "not a request for a token");
    public static readonly RegistryError Unsupported = new("UNSUPPORTED", 405, "the operation is unsupported");
    public static readonly RegistryError NotFound = new("UNSUPPORTED", 404, "no such endpoint");
    public static readonly RegistryError TooManyRequests = new("TOOMANYREQUESTS", 429, "too many requests");
    public static readonly RegistryError Unavailable = new("UNAVAILABLE", 503, "storage cannot be reached; try again");
    public static readonly RegistryError Unknown = new("UNKNOWN", 500, "an unexpected error; the operator finds it by the id in the detail");
}
