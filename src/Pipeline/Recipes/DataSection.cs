using System.Globalization;
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
        var map = value.Map("transfer", "validation", "test", "preprocessing");
        return new(
            ReadSet(map.Require("transfer")),
            map.Read("validation", null, ReadSet),
            map.Read("test", null, ReadSet),
            map.Read("preprocessing", Preprocessing.None, ReadPreprocessing));
    }

    /// <summary>Writes it.</summary>
    /// <param name="data">The options.</param>
    /// <param name="file">How a path is written.</param>
    public static YamlNode Write(DataOptions data, Func<string, string> file) => YamlTree.Map(
        ("transfer", WriteSet(data.Transfer, file)),
        ("validation", WriteSet(data.Validation, file)),
        ("test", WriteSet(data.Test, file)),
        ("preprocessing", WritePreprocessing(data.Preprocessing)));

    /// <summary>Reads preprocessing: the data's, or one teacher's own.</summary>
    public static Preprocessing ReadPreprocessing(RecipeValue value)
    {
        var map = value.Map("scale", "mean", "std", "channel-axis");
        return new()
        {
            Scale = map.Read("scale", 1, v => v.Number(NumberRange.Above(0))),
            Mean = map.Read("mean", Preprocessing.None.Mean, v => v.OneOrMore(entry => entry.Number(NumberRange.Any))),
            Std = map.Read("std", Preprocessing.None.Std, v => v.OneOrMore(entry => entry.Number(NumberRange.Above(0)))),
            ChannelAxis = map.Read("channel-axis", 0, v => v.WholeNumber(0)),
        };
    }

    /// <summary>Writes preprocessing.</summary>
    public static YamlNode WritePreprocessing(Preprocessing preprocessing) => YamlTree.Line(
        ("scale", preprocessing.Scale),
        ("mean", preprocessing.Mean),
        ("std", preprocessing.Std),
        ("channel-axis", preprocessing.ChannelAxis));

    private static TransferSetOptions ReadSet(RecipeValue value)
    {
        var map = value.Map("samples", "labels", "lengths", "rows", "samples-key", "labels-key", "lengths-key", "lengths-axis");
        var (first, count) = map.Read("rows", (0L, (long?)null), ReadRows);
        return new()
        {
            Samples = map.Require("samples").File(),
            Labels = map.Read("labels", null, v => v.File()),
            SamplesKey = map.Read("samples-key", null, v => v.Text()),
            LabelsKey = map.Read("labels-key", null, v => v.Text()),
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
        ("rows", set is { First: 0, Count: null } ? null : $"{set.First}..{set.First + set.Count}"),
        ("samples-key", set.SamplesKey),
        ("labels-key", set.LabelsKey),
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
