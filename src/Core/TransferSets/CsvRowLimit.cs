using OnnxKd.Core.Errors;

namespace OnnxKd.Core.TransferSets;

/// <summary>
/// Passes a text on and refuses rows that never seem to end (a file without line feeds, a quote that is not closed), which the parser
/// would keep in memory, and bytes that are no text. As for the parser, line feeds between quotes end no row.
/// </summary>
/// <param name="text">The text.</param>
/// <param name="path">The file, for messages.</param>
/// <param name="line">The line that the text begins with, for messages.</param>
internal sealed class CsvRowLimit(TextReader text, string path, long line) : TextReader
{
    /// <summary>The most characters of a row; the parser's own limit is 2²⁴.</summary>
    public const int MostCharacters = 1 << 23;

    /// <summary>What stands for bytes that are no UTF-8: a number that is no character.</summary>
    public const char NotUtf8 = '\uffff';

    private long length;
    private bool isQuoted;

    /// <inheritdoc/>
    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    /// <inheritdoc/>
    public override int Read(Span<char> buffer)
    {
        var count = text.Read(buffer[..Math.Min(buffer.Length, 1 << 16)]);
        for (ReadOnlySpan<char> rest = buffer[..count]; !rest.IsEmpty;)
        {
            var next = rest.IndexOfAny(['"', '\n', '\r', NotUtf8]);
            var passed = next < 0 ? rest.Length : next + 1;
            length += passed;
            if (length > MostCharacters)
                throw new InputException(
                    "A line of a CSV file is too long.", path, $"more than {MostCharacters:N0} characters",
                    "a line for each sample, and quotes that are closed", "store samples of such a size as NPY");
            if (next >= 0 && rest[next] == NotUtf8)
                throw new InputException(
                    "A CSV file is not UTF-8, perhaps Windows-1252.", $"{path}, line {line}", "bytes that stand for no character", "UTF-8, or UTF-16 with its byte order mark",
                    $"convert it: iconv -f windows-1252 -t utf-8 {path} > {Path.GetFileNameWithoutExtension(path)}-utf8.csv");
            if (next >= 0 && rest[next] == '\n')
                line++;
            if (next >= 0 && rest[next] == '"')
                isQuoted = !isQuoted;
            else if (next >= 0 && !isQuoted)
                length = 0;
            rest = rest[passed..];
        }
        return count;
    }

    /// <inheritdoc/>
    public override int Read() => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            text.Dispose();
        base.Dispose(disposing);
    }
}
