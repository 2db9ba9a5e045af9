using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.TransferSets;

/// <summary>Says of a table which of its columns are texts, where numbers are needed, with the lines that make numbers of them.</summary>
internal static class TextColumns
{
    // A column of more is one of names or notes rather than of categories.
    private const int MostTexts = 50;

    /// <summary>Looks at the rest of a table of which the first row is read, and has a text for a label.</summary>
    /// <param name="table">The table; it is read to its end.</param>
    /// <param name="column">The labels.</param>
    /// <returns>The error, with the line that names the classes; <c>null</c>: not all labels are texts, or there are too many.</returns>
    public static InputException? FindLabels(Table table, int column)
    {
        if (LabelsIn(table, column) is not { } texts)
            return null;
        var line = $"[{string.Join(", ", texts.Select(YamlWord.Of))}]";
        var alike = texts.GroupBy(text => text, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1);
        return new(
            $"The labels of {table.Kind} are texts.", $"{table.Path}, column '{table.NameOf(column)}'", Some(texts), "integers from 0, or the names of the classes",
            $"name the classes in the order of their indices, which is the teacher's (this one is alphabetic, as scikit-learn's encoders have it): table.classes: {line}"
            + $" (on the command line: --set 'data.transfer.table.classes={line}'; of the test set data.test.table.classes)"
            + (alike is null ? "" : $"; if {string.Join(" and ", alike.Select(text => $"'{text}'"))} are one class, write them alike"));
    }

    /// <summary>The texts that labels are.</summary>
    /// <param name="table">The table, of which the first row is read; it is read to its end, if that one's label is a text.</param>
    /// <param name="column">The labels.</param>
    /// <returns><c>null</c>: not all are texts, or there are too many or too few.</returns>
    public static SortedSet<string>? LabelsIn(Table table, int column)
    {
        var texts = new SortedSet<string>(StringComparer.Ordinal);
        do
            if (table.TryRead(column, out double _) || texts.Count > MostTexts)
                return null;
            else if (!table.IsMissing(column))
                texts.Add($"{table.Text(column)}");
        while (table.MoveNext());
        return texts.Count is < 2 or > MostTexts ? null : texts;
    }

    /// <summary>Looks at the rest of a table of which the first row is read.</summary>
    /// <param name="table">The table; it is read to its end.</param>
    /// <param name="columns">The columns that hold no number there.</param>
    /// <returns>The error; <c>null</c>: no column consists of texts alone.</returns>
    public static InputException? Find(Table table, IReadOnlyList<int> columns)
    {
        var found = columns.ToDictionary(column => column, _ => new SortedSet<string>(StringComparer.Ordinal));
        do
            foreach (var (column, texts) in found)
                if (!table.IsMissing(column) && table.TryRead(column, out float _))
                    found.Remove(column);
                else if (texts.Count <= MostTexts && !table.IsMissing(column))
                    texts.Add($"{table.Text(column)}");
        while (found.Count > 0 && table.MoveNext());
        foreach (var column in found.Where(column => !column.Value.Any(text => text.Any(char.IsLetter))).Select(column => column.Key).ToArray())
            found.Remove(column);
        if (found.Count == 0)
            return null;
        var (few, many) = (found.Where(column => column.Value.Count <= MostTexts).ToArray(), found.Where(column => column.Value.Count > MostTexts).ToArray());
        var lines = string.Join(", ", few.Select(column => $"{YamlWord.Of(table.NameOf(column.Key))}: [{string.Join(", ", column.Value.Select(YamlWord.Of))}]"));
        return new(
            $"{(found.Count > 1 ? "Columns" : "A column")} of {table.Kind} {(found.Count > 1 ? "hold" : "holds")} texts, and the model takes numbers.", table.Path,
            string.Join("; ", found.Select(column => $"'{table.NameOf(column.Key)}': {Some(column.Value)}")),
            "numbers",
            string.Join("; ",
            [
                .. few.Length == 0 ? [] : new[]
                {
                    $"say which number the model learned for each text, by their order (this one is alphabetic, as scikit-learn's encoders have it): table.categories: {{ {lines} }}"
                    + $" (on the command line: --set 'data.transfer.table.categories={{ {lines} }}');"
                    + $" a model that takes a 0 or 1 for each text: {YamlWord.Of(table.NameOf(few[0].Key))}: {{ one-hot: [...] }}; what is no feature: table.drop: [{YamlWord.Of(table.NameOf(few[0].Key))}]",
                },
                .. many.Length == 0 ? [] : new[] { $"more than {MostTexts} texts are seldom categories: table.drop: [{string.Join(", ", many.Select(column => YamlWord.Of(table.NameOf(column.Key))))}]" },
            ]));
    }

    private static string Some(SortedSet<string> texts) => string.Join(", ", texts.Take(3).Select(text => $"'{text}'")) + (texts.Count > 3 ? ", ..." : "");
}
