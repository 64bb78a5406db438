using System.Reflection;
using Registry.Errors;

namespace Registry.Tests.Errors;

/// <summary>Clients' programs read codes and statuses, and people read messages: a change of any is a change of the API.</summary>
public sealed class RegistryErrorTests
{
    private static readonly RegistryError[] table =
        [.. typeof(RegistryError).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.FieldType == typeof(RegistryError)).Select(f => (RegistryError)f.GetValue(null)!)];

    [Fact]
    public void The_whole_table_is_as_clients_know_it() => Assert.Equal(
        [
            "404 BLOB_UNKNOWN: blob unknown to registry",
            "400 BLOB_UPLOAD_INVALID: blob upload invalid",
            "404 BLOB_UPLOAD_UNKNOWN: blob upload unknown to registry",
            "416 BLOB_UPLOAD_INVALID: the chunk does not continue the upload",
            "416 RANGE_INVALID: the range is beyond the end of the content",
            "400 DIGEST_INVALID: provided digest did not match uploaded content",
            "400 DIGEST_INVALID: unsupported tarsum version",
            "404 MANIFEST_BLOB_UNKNOWN: manifest references a manifest or blob unknown to registry",
            "400 MANIFEST_INVALID: manifest invalid",
            "413 MANIFEST_INVALID: the manifest is larger than the registry accepts",
            "404 MANIFEST_UNKNOWN: manifest unknown to registry",
            "400 MANIFEST_UNVERIFIED: manifest failed signature verification",
            "400 NAME_INVALID: invalid repository name",
            "404 NAME_UNKNOWN: repository name not known to registry",
            "400 SIZE_INVALID: provided length did not match content length",
            "413 SIZE_INVALID: the blob is larger than the registry accepts",
            "400 TAG_INVALID: invalid tag",
            "414 TAG_INVALID: too many tags in one request",
            "409 TAG_INVALID: the tag is immutable",
            "400 PAGINATION_NUMBER_INVALID: invalid number of results requested",
            "400 UNSUPPORTED: the request is not valid HTTP, or too large",
            "414 NAME_INVALID: the request target is too long",
            "431 UNSUPPORTED: the request headers are too long",
            "401 UNAUTHORIZED: authentication required",
            "403 DENIED: requested access to the resource is denied",
            "400 UNSUPPORTED: not a request for a token",
            "405 UNSUPPORTED: the operation is unsupported",
            "404 UNSUPPORTED: no such endpoint",
            "429 TOOMANYREQUESTS: too many requests",
            "503 UNAVAILABLE: storage cannot be reached; try again",
            "500 UNKNOWN: an unexpected error; the operator finds it by the id in the detail",
        ],
        table.Select(e => $"{e.Status} {e.Code}: {e.Message}"));

    /// <summary>distribution-spec, "Error Codes": "The code field MUST be one of the following".</summary>
    private static readonly string[] oci =
    [
        "BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID", "MANIFEST_UNKNOWN",
        "NAME_INVALID", "NAME_UNKNOWN", "SIZE_INVALID", "UNAUTHORIZED", "DENIED", "UNSUPPORTED", "TOOMANYREQUESTS",
    ];

    /// <summary>Docker's registry API, whose clients know these beside the spec's.</summary>
    private static readonly string[] docker = ["MANIFEST_UNVERIFIED", "TAG_INVALID", "PAGINATION_NUMBER_INVALID", "RANGE_INVALID", "UNKNOWN", "UNAVAILABLE"];

    [Fact]
    public void Every_code_is_the_specs_or_dockers() =>
        Assert.Empty(table.Select(e => e.Code).Except([.. oci, .. docker]));

    [Fact]
    public void Every_code_of_the_spec_is_used() =>
        Assert.Empty(oci.Except(table.Select(e => e.Code)));

    [Fact]
    public void A_code_and_a_status_have_one_row() =>
        Assert.Distinct(table.Select(e => (e.Code, e.Status, e.Message)));
}
