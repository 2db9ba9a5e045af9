using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Defaults;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.TeacherRunner.Teachers;
using YamlDotNet.RepresentationModel;

namespace OnnxKd.Pipeline.Commands;

/// <summary>The options that say what an inspected model would be used with: those of <c>run</c>, by the same names and read by the same code.</summary>
internal sealed class InspectArguments
{
    private readonly Option<string?> samples = new("--samples")
    {
        Description = "Samples of the model: it is tried on the first of them, and their labels (--labels) can tell what its output holds where nothing else does.",
    };

    private readonly Option<string?> labels = new("--labels") { Description = "The labels of the samples." };
    private readonly Option<string?> output = new("--output") { Description = "The tensor that would be learned from: an output, or one inside the graph." };
    private readonly OutputArguments outputs = new();
    private readonly KeyOption[] preprocessing = KeyOption.OfPreprocessing();

    private readonly Option<string[]> set = new("--set")
    {
        Description = "Any key of a recipe's data or teachers, for example --set data.transfer.labels-key=class.", HelpName = "KEY=VALUE",
    };

    /// <summary>Declares them on a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { samples, labels, output, set }.Concat(preprocessing.Select(key => key.Option)).Concat(outputs.Options))
            command.Add(option);
    }

    /// <summary>What a run would say of the samples.</summary>
    /// <param name="model">The model.</param>
    /// <param name="set">The samples; <c>null</c>: there are none.</param>
    /// <param name="teacher">The model as a run would read it.</param>
    /// <param name="parsed">The command line: who says a scale means it.</param>
    public IEnumerable<string> NotesOf(OnnxModel model, TransferSet? set, TeacherOptions teacher, ParseResult parsed)
    {
        if (set is null)
            return [];
        var saysScale = preprocessing.Any(key => parsed.GetValue(key.Option) is not null);
        var kind = SampleKinds.Of(set, set.LengthsDigest is not null, isSound: false, ReadingModel.Of(model, teacher.Inputs));
        return [.. SetNotes.Of(set), .. !saysScale && PictureScale.NoteOf(set, kind, teacher, model) is { } unscaled ? [unscaled] : Array.Empty<string>()];
    }

    /// <summary>Reads them, and opens the samples.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">The model's file.</param>
    /// <param name="teacher">The model as a run would read it.</param>
    /// <returns>The samples; <c>null</c>: none are named.</returns>
    /// <exception cref="InputException">An option is wrong, or the samples cannot be read.</exception>
    public TransferSet? Open(ParseResult parsed, string model, out TeacherOptions teacher)
    {
        var (source, file) = (RecipeSource.Empty(), parsed.GetValue(samples));
        source.Set("teachers", new YamlSequenceNode(YamlTree.Map((TeachersSection.Model, Path.GetFullPath(model)), ("output", parsed.GetValue(output)))), "MODEL");
        source.Set("data.transfer.samples", new YamlScalarNode(file is null ? "none" : Path.GetFullPath(file)), samples.Name);
        if (parsed.GetValue(labels) is { } of)
            source.Set("data.transfer.labels", new YamlScalarNode(Path.GetFullPath(of)), labels.Name);
        foreach (var key in preprocessing)
            key.Apply(parsed, source);
        outputs.Choose(source, option => parsed.GetValue(option));
        outputs.Describe(source, option => parsed.GetValue(option));
        RecipeArguments.Assign(source, parsed.GetValue(set) ?? [], set.Name);
        if (file is not null)
            InputDefaults.Fill(source);
        teacher = RecipeFile.ReadCapture(source).Teachers[0];
        return file is null ? null : TransferSet.Open(RecipeFile.ReadData(source).Transfer);
    }
}
