using System.Runtime.InteropServices;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.TransferSets;

/// <summary>Reads fields of a table as features.</summary>
internal static class TableFields
{
    private const string Signs = "%$€£ ";

    /// <summary>A field as a number; what is missing there becomes what the options say.</summary>
    public static float Feature(Table table, int column)
    {
        if (table.IsMissing(column))
            return table.FillerOf(column) ?? throw Missing(table, column);
        if (!table.TryRead(column, out float value) || !float.IsFinite(value))
            throw NoNumber(table, column);
        if (table.IsUnclear(column))
            throw table.Bad(
                $"It is not clear what the point in a number of {table.Kind} stands for: nothing else in the file tells.", column, "a point before a fraction, or one between thousands",
                CommaNumbers.Remedy(CommaNumber.UnclearPoint));
        table.NoteRounded(column, value);
        return value;
    }

    /// <summary>Writes a field that is a list.</summary>
    public static void WriteList(Table table, int column, Stream output)
    {
        if (table.IsMissing(column))
        {
            var filler = table.FillerOf(column) ?? throw Missing(table, column);
            foreach (var value in table.List(column))
                Write(float.IsNaN(value) ? filler : value, output);
            return;
        }

        var values = table.List(column);
        if (values.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
            throw table.Bad($"A list of {table.Kind} holds a value that is not finite.", column, "finite numbers", "correct it, or name the column in table.drop");
        output.Write(MemoryMarshal.AsBytes(values));
    }

    /// <summary>The error that a field is no number.</summary>
    public static InputException NoNumber(Table table, int column) => table.Bad(
        $"A value of {table.Kind} is not a finite number.", column, $"a number such as 0{table.Options.Decimal ?? '.'}25 or 1e-3",
        table.Numbers.TryRead(table.Text(column).Trim(Signs), out float _) ? "remove the sign beside the number"
            : table.Text(column).ContainsAny(',', '.') ? CommaNumbers.Remedy(CommaNumbers.Of(table.Text(column)))
            : "correct the value, or name the column in table.drop; a text for what is missing belongs into table.missing-texts, the texts of a column of categories into table.categories");

    /// <summary>The error that a value is not there, and nothing says what to do about that.</summary>
    public static InputException Missing(Table table, int column, string expected = "a number such as 0.25 or 1e-3") => table.Bad(
        $"A value of {table.Kind} is missing.", column, expected,
        $"complete the row, or set table.missing to a number or to 'drop', for all columns or for one: missing: {YamlWord.Map((table.NameOf(column), "0"))}");

    /// <summary>Writes a number.</summary>
    public static void Write(float value, Stream output) => output.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<float>(in value)));
}
