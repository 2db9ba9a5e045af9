using System.Security.Cryptography;
using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.Core.Text;

/// <summary>
/// Records as <see cref="CanonicalJson"/> with one more field at the end, <c>checksum</c>: SHA-256 of the document without it. So a change is found before
/// anything is made of the document.
/// </summary>
internal static class SealedJson
{
    private const string Before = ",\n  \"checksum\": \"";
    private const string End = "\n}\n";

    /// <summary>The text of a record that has at least one field.</summary>
    public static string Serialize<T>(T value)
    {
        var text = CanonicalJson.Serialize(value);
        return $"{text[..^End.Length]}{Tail(Hashing.Sha256(text))}";
    }

    /// <summary>Whether a document ends in the checksum of all before it.</summary>
    /// <param name="document">The document.</param>
    /// <param name="content">The document without the checksum.</param>
    public static bool TryOpen(ReadOnlySpan<byte> document, out byte[] content)
    {
        content = [];
        var head = document.Length - Tail("").Length - SHA256.HashSizeInBytes * 2;
        if (head < 0)
            return false;
        content = [.. document[..head], .. Encoding.UTF8.GetBytes(End)];
        return document[head..].SequenceEqual(Encoding.UTF8.GetBytes(Tail(Hashing.Sha256(content))));
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it is, to begin a sentence with.</param>
    /// <param name="remedy">What to do where it was changed.</param>
    /// <exception cref="CheckFailedException">It was changed.</exception>
    public static T Read<T>(string path, string kind, string remedy) => TryOpen(InputFile.ReadAllBytes(path, kind), out var content)
        ? CanonicalJson.Deserialize<T>(content, path)
        : throw new CheckFailedException($"{kind} was changed, or is that of an older version.", path, "its content does not fit its checksum", remedy: remedy);

    private static string Tail(string digest) => $"{Before}{digest}\"{End}";
}
