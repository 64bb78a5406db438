using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Registry.Digests;

/// <summary>The part of OpenSSL's libcrypto that hashes into a plain struct, which can be read and written as memory.</summary>
/// <remarks>
/// .NET's own <see cref="IncrementalHash"/> cannot be saved: it hides its state behind a handle. These functions are deprecated
/// since OpenSSL 3.0 but present in every 3.x, and their structs have been the same since 0.9.8. Because that is
/// trust in a layout, <see cref="IsUsable"/> proves it on a known vector before anything relies on it.
/// </remarks>
internal static unsafe partial class LibCrypto
{
    private const string Name = "libcrypto";

    private static readonly nint Library = Load();
    private static readonly Lazy<bool> Usable = new(() => Library != 0 && HasFunctions() && PassesSelfTest());

    static LibCrypto() => NativeLibrary.SetDllImportResolver(
        typeof(LibCrypto).Assembly, (name, _, _) => name == Name ? Library : 0);

    public static bool IsUsable => Usable.Value;

    public static void Check(int result)
    {
        if (result != 1)
            throw new CryptographicException("libcrypto refused to hash");
    }

    [LibraryImport(Name, EntryPoint = "SHA256_Update")]
    public static partial int Sha256Update(Sha256Context* context, byte* data, nuint length);

    [LibraryImport(Name, EntryPoint = "SHA256_Final")]
    public static partial int Sha256Final(byte* hash, Sha256Context* context);

    [LibraryImport(Name, EntryPoint = "SHA512_Update")]
    public static partial int Sha512Update(Sha512Context* context, byte* data, nuint length);

    [LibraryImport(Name, EntryPoint = "SHA512_Final")]
    public static partial int Sha512Final(byte* hash, Sha512Context* context);

    private static nint Load()
    {
        foreach (var name in (ReadOnlySpan<string>)["libcrypto.so.3", "libcrypto.so.1.1"])
        {
            if (NativeLibrary.TryLoad(name, typeof(LibCrypto).Assembly, DllImportSearchPath.SafeDirectories, out var library))
                return library;
        }

        return 0;
    }

    private static bool HasFunctions()
    {
        foreach (var name in (ReadOnlySpan<string>)["SHA256_Update", "SHA256_Final", "SHA512_Update", "SHA512_Final"])
        {
            if (!NativeLibrary.TryGetExport(Library, name, out _))
                return false;
        }

        return true;
    }

    private static bool PassesSelfTest()
    {
        try
        {
            return PassesVectors();
        }
        catch (CryptographicException)
        {
            // A library that is built or configured to refuse these functions is one that cannot be used: the managed code stands in.
            return false;
        }
    }

    /// <summary>The two-block messages of FIPS 180's examples, saved and restored inside the blocks.</summary>
    private static bool PassesVectors() =>
        Passes(
            DigestAlgorithm.Sha256,
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"u8,
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        && Passes(
            DigestAlgorithm.Sha512,
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"u8,
            "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909");

    private static bool Passes(DigestAlgorithm algorithm, ReadOnlySpan<byte> message, string hash)
    {
        using var whole = HashImplementation.Native.Create(algorithm);
        using var peer = HashImplementation.Managed.Create(algorithm);
        whole.Append(message);
        if (!whole.Current().Hex.SequenceEqual(hash))
            return false;

        // Four times the message ends inside a block behind at least one whole one.
        for (var i = 0; i < 3; i++)
        {
            using var restored = HashImplementation.Native.Restore(HashState.Parse(whole.Save()));
            whole.Append(message);
            restored.Append(message);
            if (whole.Current() != restored.Current())
                return false;
        }

        for (var i = 0; i < 4; i++)
            peer.Append(message);

        return whole.Current() == peer.Current() && whole.Save().AsSpan().SequenceEqual(peer.Save());
    }
}

/// <summary>SHA256_CTX of openssl/sha.h: 112 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Sha256Context
{
    public fixed uint Chaining[8];

    /// <summary>Bits so far, the low word and the high one.</summary>
    public uint BitsLow;
    public uint BitsHigh;
    public fixed byte Pending[64];
    public uint PendingLength;
    public uint HashLength;
}

/// <summary>SHA512_CTX of openssl/sha.h: 216 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Sha512Context
{
    public fixed ulong Chaining[8];

    /// <summary>Bits so far, the low word and the high one.</summary>
    public ulong BitsLow;
    public ulong BitsHigh;
    public fixed byte Pending[128];
    public uint PendingLength;
    public uint HashLength;
}
