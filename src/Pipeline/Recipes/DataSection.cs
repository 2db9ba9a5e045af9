using System.Globalization;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>data</c>.</summary>
internal static class DataSection
{
    /// <summary>Reads it.</summary>
    public static DataOptions Read(RecipeValue value)
    {
        var map = value.Map("transfer", "validation", "test", "alphabet", "preprocessing");
        var transfer = ReadSet(map.Require("transfer"), "texts");
        var test = map.Read("test", null, v => ReadSet(v, "texts"));
        if ((transfer.Texts ?? test?.Texts) is not null != map.Find("alphabet") is not null)
            throw value.Error(
                "Texts and the alphabet go together: one says what is written, the other what classes stand for.",
                map.Find("alphabet") is null ? "texts without an alphabet" : "an alphabet, and no set with texts",
                remedy: "set data.test.texts and data.alphabet, or neither");
        return new(
            transfer,
            map.Read("validation", null, v => ReadSet(v)),
            test,
            map.Read("alphabet", null, ReadAlphabet),
            map.Read("preprocessing", Preprocessing.None, v => SettingsSection.Read<Preprocessing>(v)));
    }

    /// <summary>Writes it.</summary>
    /// <param name="data">The options.</param>
    /// <param name="file">How a path is written.</param>
    public static YamlNode Write(DataOptions data, Func<string, string> file) => YamlTree.Map(
        ("transfer", WriteSet(data.Transfer, file)),
        ("validation", WriteSet(data.Validation, file)),
        ("test", WriteSet(data.Test, file)),
        ("alphabet", data.Alphabet is { } alphabet
            ? YamlTree.Map(("file", file(alphabet.File)), ("blank", alphabet.Blank), ("space", alphabet.Space))
            : null),
        ("preprocessing", WritePreprocessing(data.Preprocessing)));

    /// <summary>Writes preprocessing.</summary>
    public static YamlNode WritePreprocessing(Preprocessing preprocessing) => (YamlNode)SettingsSection.WriteShort(preprocessing);

    private static CtcAlphabetOptions ReadAlphabet(RecipeValue value)
    {
        var map = value.Map("file", "blank", "space");
        return new()
        {
            File = map.Require("file").File(),
            Blank = map.Read("blank", 0, v => v.WholeNumber(0)),
            Space = map.Read("space", false, v => v.Flag()),
        };
    }

    private static TransferSetOptions ReadSet(RecipeValue value, params string[] more)
    {
        var map = value.Map(
            ["samples", "labels", "lengths", "rows", "samples-key", "labels-key", "lengths-key", "lengths-axis", "ignore-label", .. more]);
        var (first, count) = map.Read("rows", (0L, (long?)null), ReadRows);
        return new()
        {
            Samples = map.Require("samples").File(),
            Labels = map.Read("labels", null, v => v.File()),
            Texts = map.Read("texts", null, v => v.File()),
            SamplesKey = map.Read("samples-key", null, v => v.Text()),
            LabelsKey = map.Read("labels-key", null, v => v.Text()),
            IgnoreLabel = map.Read("ignore-label", -1, v => v.WholeNumber(int.MinValue)),
            Lengths = map.Read("lengths", null, v => v.File()),
            LengthsKey = map.Read("lengths-key", null, v => v.Text()),
            LengthsAxis = map.Read("lengths-axis", -1, v => v.WholeNumber(int.MinValue)),
            First = first,
            Count = count,
        };
    }

    private static YamlNode? WriteSet(TransferSetOptions? set, Func<string, string> file) => set is null ? null : YamlTree.Map(
        ("samples", file(set.Samples)),
        ("labels", set.Labels is null ? null : file(set.Labels)),
        ("texts", set.Texts is null ? null : file(set.Texts)),
        ("rows", set is { First: 0, Count: null } ? null : $"{set.First}..{set.First + set.Count}"),
        ("samples-key", set.SamplesKey),
        ("labels-key", set.LabelsKey),
        ("ignore-label", set.IgnoreLabel == -1 ? null : set.IgnoreLabel),
        ("lengths", set.Lengths is null ? null : file(set.Lengths)),
        ("lengths-key", set.LengthsKey),
        ("lengths-axis", set.Lengths is null ? null : set.LengthsAxis));

    /// <summary><c>0..50000</c>: from the first row to before the second; <c>50000..</c>: to the end.</summary>
    private static (long First, long? Count) ReadRows(RecipeValue value)
    {
        var parts = value.Text().Split("..");
        if (parts.Length == 2 && TryParse(parts[0], out var first))
        {
            if (parts[1].Length == 0)
                return (first, null);
            if (TryParse(parts[1], out var end) && end > first)
                return (first, end - first);
        }
        throw value.OutOfRange("a range such as 0..50000 (the end is not included) or 50000..");
    }

    private static bool TryParse(string text, out long row) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out row);
}
