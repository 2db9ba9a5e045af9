using System.Globalization;
using OnnxKd.Core.Files;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.DataSets;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Recipes;

/// <summary>The key <c>data</c>.</summary>
internal static class DataSection
{
    private static readonly string[] FileKeys = ["samples", "labels", "lengths", "samples-key", "labels-key", "lengths-key", "lengths-axis", "groups", "groups-key", "table", "ids", InputsSection.Key, "mask", "padding"];
    private static readonly string[] ModalityKeys = ["set", "part", "samples", "samples-key", "table", "ids", InputsSection.Key, "mask", "padding"];

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
        var validation = map.Read("validation", null, v => ReadSet(v));
        foreach (var (key, other) in new[] { ("validation", validation), ("test", test) })
            if (other?.Table.Classes is { Count: > 0 } classes && transfer.Table.Classes.Count > 0 && !classes.SequenceEqual(transfer.Table.Classes))
                throw map.Require(key).Error(
                    "Two sets name the classes differently.", string.Join(", ", classes), $"{string.Join(", ", transfer.Table.Classes)}, as in data.transfer",
                    "list the same classes in the same order: their places are their indices");
        return new(
            transfer,
            validation,
            test,
            map.Read("alphabet", null, ReadAlphabet),
            map.Read("preprocessing", Preprocessing.None, v => SettingsSection.Read<Preprocessing>(v)));
    }

    /// <summary>Writes it.</summary>
    /// <param name="data">The options.</param>
    /// <param name="file">How a path is written.</param>
    /// <param name="byName">Whether known sets are written by name instead of by their files.</param>
    public static YamlNode Write(DataOptions data, Func<string, string> file, bool byName) => YamlTree.Map(
        ("transfer", WriteSet(data.Transfer, file, byName)),
        ("validation", WriteSet(data.Validation, file, byName)),
        ("test", WriteSet(data.Test, file, byName)),
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
        var map = value.RequireKeys("samples").Map(["set", "part", "rows", "classes", "ignore-label", "modalities", .. FileKeys, .. more]);
        var modalities = map.Read("modalities", SetModalities.None, ReadModalities);
        var (first, count) = map.Read("rows", (0L, (long?)null), ReadRows);
        var classes = map.Read("classes", null, ReadClasses);
        if (map.Find("set") is { } name)
            return ReadKnown(name, map, more) with
            {
                IgnoreLabel = map.Read("ignore-label", -1, v => v.WholeNumber(int.MinValue)),
                Classes = classes,
                Modalities = modalities,
                First = first,
                Count = count,
            };
        if (map.Find("part") is { } part)
            throw part.Error("A part needs the set that it is a part of.", remedy: "add 'set', or remove 'part'");
        var inputs = map.Read(InputsSection.Key, SampleInputs.None, InputsSection.Read);
        return new()
        {
            Samples = InputsSection.FileOf(inputs, map),
            Inputs = inputs,
            Mask = map.Read("mask", null, v => v.Text()),
            Padding = map.Read("padding", null, v => v.Text()),
            Labels = map.Read("labels", null, v => v.File()),
            Texts = map.Read("texts", null, v => v.File()),
            SamplesKey = map.Read("samples-key", null, v => v.Text()),
            LabelsKey = map.Read("labels-key", null, v => v.Text()),
            IgnoreLabel = map.Read("ignore-label", -1, v => v.WholeNumber(int.MinValue)),
            Lengths = map.Read("lengths", null, v => v.File()),
            LengthsKey = map.Read("lengths-key", null, v => v.Text()),
            LengthsAxis = map.Read("lengths-axis", -1, v => v.WholeNumber(int.MinValue)),
            Groups = map.Read("groups", null, v => v.File()),
            GroupsKey = map.Read("groups-key", null, v => v.Text()),
            Table = map.Read("table", new(), TableSection.Read),
            Classes = classes,
            Ids = map.Read("ids", null, v => v.File()),
            Modalities = modalities,
            First = first,
            Count = count,
        };
    }

    private static ClassSelection ReadClasses(RecipeValue value)
    {
        var classes = SettingsSection.Read<ClassSelection>(value);
        return classes.Problem is not { } problem
            ? classes
            : throw value.Error("It is not clear which classes are used.", problem, "{ keep: [classes] } or { drop: [classes] }");
    }

    /// <summary>Other records of the same samples: files, or parts of known sets.</summary>
    private static SetModalities ReadModalities(RecipeValue value) => new(value.Entries().ToDictionary(
        entry => entry.Key.Text(),
        entry => entry.Value.Map(ModalityKeys) is var map && map.Find("set") is { } known
            ? ReadKnown(known, map, []) with { Labels = null }
            : new TransferSetOptions
            {
                Samples = InputsSection.FileOf(map.Read(InputsSection.Key, SampleInputs.None, InputsSection.Read), map),
                Inputs = map.Read(InputsSection.Key, SampleInputs.None, InputsSection.Read),
                Mask = map.Read("mask", null, v => v.Text()),
                Padding = map.Read("padding", null, v => v.Text()),
                SamplesKey = map.Read("samples-key", null, v => v.Text()),
                Table = map.Read("table", new(), TableSection.Read),
                Ids = map.Read("ids", null, v => v.File()),
            }));

    /// <summary>A part of a set that the table of data sets has.</summary>
    private static TransferSetOptions ReadKnown(RecipeValue name, RecipeMap map, string[] more)
    {
        if (FileKeys.Concat(more).Select(map.Find).FirstOrDefault(value => value is not null) is { } file)
            throw file.Error("A known set brings its own files.", remedy: "remove this key, or 'set' and 'part'");
        var set = DataSetTable.All.FirstOrDefault(set => set.Name == name.Text()) is { Parts.Count: 0 } raw
            ? throw name.OutOfRange("a set that can be learned from as it is", $"{raw.Name} has to be prepared first: see 'onnxkd prepare --help'")
            : DataSetTable.All.First(set => set.Name == name.OneOf([.. DataSetTable.All.Where(set => set.Parts.Count > 0).Select(set => set.Name)]));
        var word = map.Require("part").OneOf([.. set.Parts.Select(part => part.Name)]);
        var part = set.Parts.First(part => part.Name == word);
        var folder = DataFolder.Of(set.Name);
        return new()
        {
            Known = new(set.Name, word),
            Samples = Path.Combine(folder, part.Samples),
            Labels = part.Labels is null ? null : Path.Combine(folder, part.Labels),
        };
    }

    private static YamlNode? WriteSet(TransferSetOptions? set, Func<string, string> file, bool byName) => set is null ? null : YamlTree.Map(
        ("set", byName ? set.Known?.Set : null),
        ("part", byName ? set.Known?.Part : null),
        ("samples", byName && set.Known is not null ? null : file(set.Samples)),
        ("labels", set.Labels is null || byName && set.Known is not null ? null : file(set.Labels)),
        ("texts", set.Texts is null ? null : file(set.Texts)),
        ("rows", set is { First: 0, Count: null } ? null : $"{set.First}..{set.First + set.Count}"),
        ("classes", set.Classes is null ? null : SettingsSection.WriteShort(set.Classes)),
        (InputsSection.Key, InputsSection.Write(set.Inputs, file)),
        ("mask", set.Mask),
        ("padding", set.Padding),
        ("samples-key", set.SamplesKey),
        ("labels-key", set.LabelsKey),
        ("ignore-label", set.IgnoreLabel == -1 ? null : set.IgnoreLabel),
        ("lengths", set.Lengths is null ? null : file(set.Lengths)),
        ("lengths-key", set.LengthsKey),
        ("lengths-axis", set.Lengths is null ? null : set.LengthsAxis),
        ("groups", set.Groups is null ? null : file(set.Groups)),
        ("groups-key", set.GroupsKey),
        ("ids", set.Ids is null ? null : file(set.Ids)),
        ("table", TableSection.Write(set.Table)),
        ("modalities", set.Modalities.ByName.Count == 0
            ? null
            : YamlTree.Map([.. set.Modalities.ByName.Select(modality => (modality.Key, (object?)WriteSet(modality.Value, file, byName)))])));

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
