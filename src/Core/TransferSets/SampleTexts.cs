using System.Text.Json;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.TransferSets;

/// <summary>Reads the texts of a set: JSON lines with <c>id</c> and <c>text</c>, as in the <c>sources.jsonl</c> of a prepared set.</summary>
internal static class SampleTexts
{
    /// <summary>Reads a part of the texts.</summary>
    /// <param name="path">The file. Lines without an id, or of other samples, are passed over.</param>
    /// <param name="first">The id of the part's first sample.</param>
    /// <param name="count">Samples of the part.</param>
    /// <exception cref="InputException">The file is missing or damaged, or a sample has no text, or two.</exception>
    public static string[] Read(string path, long first, long count)
    {
        var texts = new string?[count];
        using var file = SourceFile.Open(path, _ => null);
        using var lines = new StreamReader(file.OpenStream());
        for (var number = 1; lines.ReadLine() is { } line; number++)
        {
            if (line.Length == 0 || Parse(line, $"{path}:{number}") is not { Id: { } id, Text: var text } || id < first || id - first >= count)
                continue;
            if (string.IsNullOrEmpty(text))
                throw Wrong("A sample has no text.", number, line, "a text that is not empty");
            ref var place = ref texts[id - first];
            place = place is null ? text : throw Wrong("A sample has two texts.", number, $"id {id} again", "each id once");
        }
        return Array.IndexOf(texts, null) is >= 0 and var missing
            ? throw new InputException(
                "A sample has no text.", path, $"no line with id {first + missing}", "a line for each sample",
                "use the files that belong together")
            : [.. texts.OfType<string>()];

        InputException Wrong(string what, int number, string found, string expected) =>
            new(what, $"{path}:{number}", found, expected, "prepare the set again");
    }

    private static Line Parse(string line, string where)
    {
        try
        {
            return JsonSerializer.Deserialize<Line>(line, JsonSerializerOptions.Web) ?? throw new JsonException("The line is null.");
        }
        catch (Exception error) when (CanonicalJson.IsMalformed(error))
        {
            throw new InputException(
                "A line of texts is not what it should be.", where, error.Message, "{\"id\": 0, \"text\": \"what is written\"}", inner: error);
        }
    }

    private sealed record Line(long? Id, string? Text);
}
