using System.Runtime.InteropServices;
using System.Text;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;

namespace OnnxKd.TeacherRunner.Preparation.Text;

/// <summary>The lines of a text file as bytes, read on the way. Line feeds end them; carriage returns before them, and a byte order mark, are dropped.</summary>
internal sealed class TextLines(string path)
{
    private static readonly UTF8Encoding strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The lines.</summary>
    /// <exception cref="InputException">The file cannot be read.</exception>
    public IEnumerable<byte[]> Read()
    {
        using var stream = InputFile.OpenStream(path, "A text file");
        var line = new List<byte>();
        var isFirst = true;
        for (var value = stream.ReadByte(); value >= 0; value = stream.ReadByte())
        {
            if (value != '\n')
            {
                line.Add((byte)value);
                continue;
            }
            yield return Line(line, isFirst);
            line.Clear();
            isFirst = false;
        }
        if (line.Count > 0)
            yield return Line(line, isFirst);
    }

    /// <summary>A line as text.</summary>
    /// <exception cref="InputException">It is not UTF-8.</exception>
    public static string Decode(byte[] line, string name)
    {
        try
        {
            return strict.GetString(line);
        }
        catch (DecoderFallbackException error)
        {
            throw new InputException("A line is not UTF-8.", name, error.Message, remedy: SourceFolder.SkipHint, inner: error);
        }
    }

    /// <summary>A file's text without its byte order mark.</summary>
    public static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> text) => text.StartsWith(Encoding.UTF8.Preamble) ? text[Encoding.UTF8.Preamble.Length..] : text;

    private static byte[] Line(List<byte> line, bool isFirst)
    {
        var text = CollectionsMarshal.AsSpan(line is [.., (byte)'\r'] ? line[..^1] : line);
        return (isFirst ? WithoutMark(text) : text).ToArray();
    }
}
