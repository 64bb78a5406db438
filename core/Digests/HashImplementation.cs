namespace Registry.Digests;

/// <summary>Who computes a <see cref="ResumableHash"/>. The choice is made once in a process.</summary>
internal abstract class HashImplementation
{
    /// <summary>libcrypto, which uses the processor's SHA instructions. Only where <see cref="LibCrypto.IsUsable"/>.</summary>
    public static readonly HashImplementation Native = new NativeImplementation();

    /// <summary>C# on any platform: right, and several times slower than the processor's own instructions.</summary>
    public static readonly HashImplementation Managed = new ManagedImplementation();

    private static readonly Lazy<HashImplementation> Choice = new(() => LibCrypto.IsUsable ? Native : Managed);

    public static HashImplementation Preferred => Choice.Value;

    public ResumableHash Create(DigestAlgorithm algorithm) => Restore(HashState.Initial(algorithm));

    public abstract ResumableHash Restore(HashState state);

    private sealed class NativeImplementation : HashImplementation
    {
        public override ResumableHash Restore(HashState state) =>
            state.Algorithm == DigestAlgorithm.Sha256 ? new NativeSha256(state) : new NativeSha512(state);
    }

    private sealed class ManagedImplementation : HashImplementation
    {
        public override ResumableHash Restore(HashState state) =>
            state.Algorithm == DigestAlgorithm.Sha256 ? new ManagedHash<uint, Sha256Functions>(state) : new ManagedHash<ulong, Sha512Functions>(state);
    }
}
