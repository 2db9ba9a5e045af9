using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Defaults;

/// <summary>Says which text of a table's labels is which class, where the teacher names its classes itself.</summary>
internal static class LabelDefaults
{
    private static readonly string[] sets = ["transfer", "validation", "test"];

    /// <summary>Fills the classes in, of all sets whose labels are texts that the teacher gives too.</summary>
    /// <param name="source">The recipe; changed.</param>
    /// <param name="note">Told what is filled in.</param>
    public static void Fill(RecipeSource source, Action<string> note)
    {
        if (source.Root.Find("data") is not YamlMappingNode || source.Root.Find("teachers") is not YamlSequenceNode)
            return;
        try
        {
            var data = RecipeFile.ReadData(source);
            TransferSetOptions?[] all = [data.Transfer, data.Validation, data.Test];
            var found = (
                from set in sets.Zip(all)
                where set.Second is { Labels: { } file, Known: null, Table.Classes.Count: 0 } && File.Exists(file) && !file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
                let texts = TensorFormat.LabelTextsIn(set.Second)
                where texts.Count > 0
                select (Name: set.First, Texts: texts)).ToArray();
            if (found.Length == 0 || NamesOf(source, data.Transfer, [.. found.SelectMany(set => set.Texts).Distinct()]) is not { } names || found.Any(set => set.Texts.Except(names).Any()))
                return;
            foreach (var set in found)
                source.Set($"data.{set.Name}.table.classes", new YamlSequenceNode(names.Select(name => new YamlScalarNode(name))), RecipeDefaults.Origin);
            note($"chosen: classes [{string.Join(", ", names.Select(YamlWord.Of))}] for the texts of labels, in the order that the teacher gives them (table.classes)");
        }
        catch (OnnxKdException)
        {
            // Refused where it is used, which says more.
        }
    }

    /// <summary>The classes that the teacher names beside its scores, or as the keys of its maps, by its columns; <c>null</c>: it names none.</summary>
    private static IReadOnlyList<string>? NamesOf(RecipeSource source, TransferSetOptions transfer, IReadOnlyList<string> texts)
    {
        if (RecipeFile.ReadCapture(source) is not { Classes: null, Teachers: [{ Model.Length: > 0, Modality: null } teacher, ..] })
            return null;
        // In any order, only to tell the column of labels from features: the teacher's own label says which of its columns has which name.
        using var set = TransferSet.Open(transfer with { Table = transfer.Table.Classes.Count > 0 ? transfer.Table : transfer.Table with { Classes = texts } });
        var seen = StandIn.FindInterface(teacher, [(CacheStream.Answer, teacher.Kind)], SampleReader.Of(set, teacher.Preprocessing));
        return seen.Output?.KeysAreTexts == true ? seen.Output.Keys : seen.Labels.FirstOrDefault(label => label is { IsText: true, Of: 0 })?.Classes;
    }
}
