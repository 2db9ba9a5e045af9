using System.Security.Cryptography;
using System.Text;

namespace OnnxKd.Core.Files;

/// <summary>SHA-256 as lower-case hexadecimal text, the form that every manifest here uses.</summary>
public static class Hashing
{
    // .NET's hash asks a stream for 4 KiB at a time.
    private const int ReadBytes = 1 << 17;

    /// <summary>The digest of bytes.</summary>
    public static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>The digest of a text's UTF-8 bytes.</summary>
    public static string Sha256(string text) => Sha256(Encoding.UTF8.GetBytes(text));

    /// <summary>The digest of what something writes.</summary>
    public static string Sha256(Action<Stream> write)
    {
        using var stream = new HashingStream(Stream.Null);
        write(stream);
        return Convert.ToHexStringLower(stream.Digest());
    }

    /// <summary>The digest of a file's bytes.</summary>
    public static string Sha256OfFile(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, ReadBytes, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
