using System.CommandLine;
using System.Globalization;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Files;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.DataSets;
using OnnxKd.Pipeline.Defaults;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Stages.Kinds;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd adjust-bias</c>: offsets for the scores of some classes of a finished model.</summary>
internal sealed class AdjustBiasCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();

    private readonly Option<string> model = new("--model") { Description = "The ONNX model.", Required = true };

    private readonly Option<string[]> classes = new("--classes")
    {
        Description = "The classes whose scores get an offset: 2,6.", Required = true, AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<bool> each = new("--each") { Description = "Find an offset for each class; default: one for all of them." };

    private readonly Option<string?> scores = new("--scores")
    {
        Description = "The output that holds the class scores; by default the only one that holds floats, or the first that a student of ours learned.",
    };

    private readonly Option<string> output = new("--output", "-o") { Description = "Where the adjusted model goes.", Required = true };

    private readonly Option<bool> force = new("--force") { Description = "Let --output replace any file that is not read." };

    /// <summary>Declares the command.</summary>
    public AdjustBiasCommand()
        : base(
            "adjust-bias",
            "Finds what to add to the scores of some classes, so that a validation set has the fewest errors, and writes it into a copy of a model. "
            + "The validation set is the recipe's, or --samples with --labels.",
            "onnxkd adjust-bias --model student.onnx --classes 3 --samples validation.npy --labels validation-labels.npy --scale 1/255 -o adjusted.onnx",
            "onnxkd adjust-bias recipes/papers/no-threes.yaml --model student.onnx --classes 3 -o adjusted.onnx")
    {
        recipe.AddTo(this);
        Add(model);
        Add(classes);
        Add(each);
        Add(scores);
        Add(output);
        Add(force);
        Does(Run);
    }

    /// <summary>Adjusts a model.</summary>
    /// <exception cref="InputException">The set or the classes do not fit the model, or something is in the place of the output.</exception>
    private void Run(ParseResult parsed, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        var (path, copy, style) = (parsed.GetValue(model)!, parsed.GetValue(output)!, GlobalOptions.Style(parsed));
        var options = new BiasOptions
        {
            Classes = [.. parsed.GetValue(classes)!.SelectMany(text => text.Split(',')).Select(Class)], Offsets = parsed.GetValue(each) ? OffsetCount.Each : OffsetCount.One,
        };
        var data = Validation(recipe.ReadData(parsed), recipe.NamesRecipe(parsed));
        if (FileStatus.Of(copy).Kind != FileKind.None && !parsed.GetValue(force))
            throw new InputException("The adjusted model would replace something.", copy, "a file or a folder", "nothing", "choose another name, or say --force");
        ExportTarget.Require(copy, [path], RecipeFile.FilesOf(data), parsed.GetValue(force));
        var progress = new StageReporter(stderr, style.Live);
        DataSetStore.Require(progress.Note, token, data.Transfer);
        var student = OnnxModel.Load(path);
        var feeds = recipe.ReadModel(parsed, student).Inputs;
        using var set = TransferSet.Open(InputChoice.ChooseAll(data.Transfer, [ReadingModel.Of(student, feeds)], "--set data.transfer"));
        data.Preprocessing.Validate(set.SampleShape);
        SampleChecks.Of(set, [new(Path.GetFileName(path), () => student, feeds, data.Preprocessing)]).Require(token);
        progress.Started("adjust-bias", path);
        var (adjusted, figures) = BiasAdjustment.Adjust(
            student, DescribedStudent.Import(student, parsed.GetValue(scores)).Apart()[0] with { Inputs = feeds }, SampleReader.Of(set, data.Preprocessing), options, progress, token);
        ZipMaps.Restore(adjusted.Proto, student.Maps);
        adjusted.Save(copy);
        if (style.Json)
            stdout.Write(CanonicalJson.Serialize(figures));
        else
            stdout.WriteLine($"{AdjustBiasStage.Describe(figures)}\nmodel: {copy}");
    }

    private static int Class(string text) => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new InputException("That is not a class.", "--classes", $"'{text}'", "whole numbers from 0: 2,6");

    /// <summary>The sets with the one that offsets are found on in the transfer set's place: a recipe's own transfer set was learned from.</summary>
    private static DataOptions Validation(DataOptions data, bool isRecipe)
    {
        var set = isRecipe ? data.Validation : data.Transfer;
        return set is { Labels: not null } ? data with { Transfer = set } : throw new InputException(
            "Offsets are found on a validation set with labels.", found: set is null ? "a recipe without data.validation" : "no labels",
            remedy: isRecipe ? "set data.validation and its labels" : "add --labels");
    }
}
