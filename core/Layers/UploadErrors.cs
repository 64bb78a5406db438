using Registry.Digests;
using Registry.Errors;

namespace Registry.Layers;

internal static class UploadErrors
{
    public static RegistryException Unknown(Guid id) =>
        new(RegistryError.BlobUploadUnknown, detail: new UploadDetail(id));

    public static RegistryException OutOfOrder(LayerUploadState state, string message) =>
        new(RegistryError.RangeInvalid, message, new UploadDetail(state.Id, state.Offset));

    public static RegistryException DigestMismatch(Digest named, Digest actual) =>
        new(RegistryError.DigestInvalid, detail: new DigestDetail(named.ToString(), actual.ToString()));
}

/// <summary>The detail of an upload's errors: which one, and from where it can be continued.</summary>
public sealed record UploadDetail(Guid Upload, long? Offset = null);
