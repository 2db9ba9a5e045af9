using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace OnnxKd.Core.Files;

/// <summary>SHA-256 as lower-case hexadecimal text, the form that every manifest here uses.</summary>
internal static class Hashing
{
    // .NET's own loop over a stream takes 4 KiB.
    private const int ReadBytes = 1 << 15;

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
        using var file = InputFile.OpenHandle(path, "A file", options: FileOptions.SequentialScan);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendFile(file, long.MaxValue);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Appends a file's bytes up to a place, or to its end if that comes first.</summary>
    internal static void AppendFile(this IncrementalHash hash, SafeFileHandle file, long end) => hash.AppendFile(file, 0, end);

    /// <summary>Appends a file's bytes from one place to another, or to its end if that comes first.</summary>
    public static void AppendFile(this IncrementalHash hash, SafeFileHandle file, long start, long end)
    {
        Span<byte> buffer = stackalloc byte[ReadBytes];
        for (var at = start; RandomAccess.Read(file, buffer[..(int)Math.Min(ReadBytes, end - at)], at) is > 0 and var count; at += count)
            hash.AppendData(buffer[..count]);
    }
}
