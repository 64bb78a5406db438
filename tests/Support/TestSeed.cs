using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Registry.Tests.Support;

/// <summary>A seed that every test has to itself, and has again in every run.</summary>
public static class TestSeed
{
    /// <summary>Made of the running test's display name, so each row of a theory has its own.</summary>
    public static int Current => Of(TestContext.Current.Test?.TestDisplayName ?? throw new InvalidOperationException("no test is running"));

    public static int Of(string name) => BinaryPrimitives.ReadInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
}
