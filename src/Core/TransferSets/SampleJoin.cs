using System.Text.Json;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.TransferSets;

/// <summary>Finds for each sample of a set the row of another file that is about the same thing.</summary>
internal static class SampleJoin
{
    private const int MostNamed = 5;

    /// <summary>Joins by ids, or by row where neither file has any.</summary>
    /// <param name="set">The set.</param>
    /// <param name="first">The first row of its file that is used.</param>
    /// <param name="count">How many are.</param>
    /// <param name="stored">Rows of its file.</param>
    /// <param name="name">The modality.</param>
    /// <param name="other">Where its samples are.</param>
    /// <param name="otherStored">Rows of its file.</param>
    /// <returns>For each sample the row of the other file.</returns>
    /// <exception cref="InputException">A sample has no partner, or two; names it.</exception>
    public static long[] Rows(TransferSetOptions set, long first, long count, long stored, string name, TransferSetOptions other, long otherStored)
    {
        if ((set.Ids is null) != (other.Ids is null))
            throw new InputException(
                "Samples of two modalities are joined by ids, and only one has them.", set.Ids is null ? set.Samples : other.Samples, "no ids",
                $"ids of both, as {set.Ids ?? other.Ids} has", "add ids, or remove them: then row 0 belongs to row 0");
        if (set.Ids is null)
            return stored == otherStored ? [.. Enumerable.Range(0, checked((int)count)).Select(i => first + i)] : throw Alone(
                set, name, other, $"{stored} samples, and {otherStored} of '{name}'",
                [.. Enumerable.Range(0, (int)Math.Min(MostNamed, Math.Abs(stored - otherStored))).Select(i => $"row {Math.Min(stored, otherStored) + i}")]);
        return IdJoin.Rows(
            Read(set.Ids, stored).AsSpan((int)first, (int)count).ToArray(), Read(other.Ids!, otherStored),
            (id, row, second) => new("Two samples have one id.", $"{other.Ids}, modality '{name}'", $"'{id}' of rows {row} and {second}", "each id once"),
            missing => Alone(set, name, other, $"no such id in {other.Ids}", [.. missing.Select(id => $"'{id}'")]));
    }

    private static InputException Alone(TransferSetOptions set, string name, TransferSetOptions other, string found, string[] samples) => new(
        "Samples have no partner in another modality.", $"{set.Samples}, and {other.Samples} (modality '{name}')",
        $"{found}: {string.Join(", ", samples.Take(MostNamed))}{(samples.Length > MostNamed ? ", ..." : "")}", "a partner for each sample",
        set.Ids is null ? "use files of the same samples in the same order, or name the samples of both (ids)" : "add the partners, or leave these samples out");

    private static string[] Read(string path, long rows)
    {
        using var file = SourceFile.Open(path, _ => null);
        using var lines = new StreamReader(file.OpenStream());
        var ids = new List<string>();
        for (var number = 1; lines.ReadLine() is { } line; number++)
            if (line.Length > 0 && Id(line, $"{path}:{number}") is { } id)
                ids.Add(id);
        return ids.Count == rows ? [.. ids] : throw new InputException(
            "Samples and ids differ in number.", path, $"{ids.Count} ids", $"{rows}, one for each sample of the file", "use the files that belong together");
    }

    /// <summary>The id of a line; <c>null</c>: of a source that was left out.</summary>
    private static string? Id(string line, string where)
    {
        if (line[0] != '{')
            return line;
        try
        {
            var parsed = JsonSerializer.Deserialize<Line>(line, JsonSerializerOptions.Web) ?? throw new JsonException("The line is null.");
            return parsed.Id is null ? null : parsed.Source is { Length: > 0 } source ? Path.ChangeExtension(source, null) : throw new JsonException("There is no source.");
        }
        catch (Exception error) when (CanonicalJson.IsMalformed(error))
        {
            throw new InputException(
                "A line of ids is not what it should be.", where, error.Message, "a name, or {\"id\": 0, \"source\": \"cats/001.png\"}", inner: error);
        }
    }

    private sealed record Line(long? Id, string? Source);
}
