using System.Text;

namespace Registry.Tests.Manifests.Schema1;

/// <summary>Changes bytes at random: bits, pieces, and words that mean something to JSON and to signatures.</summary>
internal static class Mutation
{
    private static readonly byte[][] words =
    [
        .. new[]
        {
            "{", "}", "[", "]", "\"", ",", ":", "\\", "\\u0000", "\\ud800", "null", "true", "0", "-1", "1e999", "2147483648", "99999999999999999999", "\ufeff", "\u0000", " ", "\n", "\r\n",
            "\"signatures\":[]", "\"signatures\":", "\"header\":{}", "\"jwk\":null", "\"alg\":\"none\"", "\"alg\":\"RS256\"", "\"x5c\":[]", "\"crit\":[]", "\"kty\":\"RSA\"", "\"crv\":\"P-384\"",
            "\"formatLength\":0", "\"formatTail\":\"fQ\"", "\"schemaVersion\":1", "\"fsLayers\":[]", "\"history\":[]", "\"mediaType\":\"a/b\"", "sha512:", "AQAB", "=", "_", "-",
        }.Select(Encoding.UTF8.GetBytes),
        [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80],
    ];

    /// <summary>One to eight changes.</summary>
    public static byte[] Of(Random random, byte[] bytes)
    {
        var result = new List<byte>(bytes);
        for (var changes = random.Next(1, 9); changes > 0; changes--)
            Change(random, result);
        return [.. result];
    }

    private static void Change(Random random, List<byte> bytes)
    {
        var at = random.Next(bytes.Count + 1);
        var length = Math.Min(bytes.Count - at, random.Next(4) == 0 ? random.Next(512) : random.Next(8));
        switch (random.Next(7))
        {
            case 0 or 1 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2 when at < bytes.Count:
                bytes[at] = (byte)random.Next(256);
                break;
            case 3:
                bytes.RemoveRange(at, length);
                break;
            case 4:
                // A piece once more, somewhere else.
                bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 5:
                bytes.InsertRange(at, words[random.Next(words.Length)]);
                break;
            default:
                var word = words[random.Next(words.Length)];
                bytes.RemoveRange(at, Math.Min(word.Length, bytes.Count - at));
                bytes.InsertRange(at, word);
                break;
        }
    }
}
