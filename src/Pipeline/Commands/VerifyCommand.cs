using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.DataSets;
using OnnxKd.Pipeline.Defaults;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Reports;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Stages.Kinds;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd verify</c>: the exported student in ONNX Runtime against the trainer's own executor.</summary>
internal sealed class VerifyCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();

    private readonly Option<string?> model = new("--model")
    {
        Description = "Verify this ONNX model on --samples instead of a recipe's student.",
    };

    private readonly Option<string?> output = new("--output")
    {
        Description = "With --model: the output that is compared; by default the only one that holds floats, or every one that a student of ours learned.",
    };

    /// <summary>Declares the command.</summary>
    public VerifyCommand()
        : base(
            "verify",
            "Checks that a student gives in ONNX Runtime what it gave in training: logits within 1e-4, the same top class (but for ties).",
            "onnxkd verify recipes/mnist.yaml",
            "onnxkd verify --model student.onnx --samples test.npy --scale 1/255",
            "onnxkd verify --model student.onnx --output logits --samples test.npy")
    {
        recipe.AddTo(this);
        Add(model);
        Add(output);
        Does((parsed, stdout, stderr, token) =>
        {
            if (parsed.GetValue(model) is { } path)
                Run(path, parsed.GetValue(output), model => recipe.ReadModel(parsed, model).Inputs, recipe.ReadData(parsed), GlobalOptions.Style(parsed), stdout, stderr, token);
            else
                Run(recipe.Read(parsed, stderr, token), stdout, stderr, token);
        });
    }

    /// <inheritdoc/>
    public override bool GoesOn(ParseResult parsed) => parsed.GetValue(model) is null;

    /// <summary>Verifies a recipe's student.</summary>
    /// <exception cref="CheckFailedException">It differs.</exception>
    public static void Run(RecipeRun options, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        using var work = options.Open(stderr, token);
        var stages = work.Stages.OfType<VerifyStage>().ToArray();
        var results = work.Run(stages);
        Write(VerifyStage.Read(results[stages.First(stage => stage.Export.Role == StageRules.Student).Name]), options.Style, stdout);
    }

    /// <summary>Verifies a model.</summary>
    /// <param name="model">Its file.</param>
    /// <param name="output">The output that is compared; <c>null</c>: the only one, or every one that the file describes.</param>
    /// <param name="feedsOf">What its inputs are fed with otherwise than by name.</param>
    /// <param name="data">The transfer set of this is what it is run on.</param>
    /// <param name="style">How the result is shown.</param>
    /// <param name="stdout">Where.</param>
    /// <param name="stderr">Where progress is told.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="CheckFailedException">It differs.</exception>
    public static void Run(
        string model, string? output, Func<OnnxModel, InputFeeds> feedsOf, DataOptions data, OutputStyle style, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        var progress = new StageReporter(stderr, style.Live);
        DataSetStore.Require(progress.Note, token, data.Transfer);
        var student = OnnxModel.Load(model);
        var feeds = feedsOf(student);
        using var set = TransferSet.Open(InputChoice.ChooseAll(data.Transfer, [ReadingModel.Of(student, feeds)], "--set data.transfer"));
        SampleChecks.Of(set, [new(Path.GetFileName(model), () => student, feeds, data.Preprocessing)]).Require(token);
        progress.Started("verify", model);
        var reader = SampleReader.Of(set, data.Preprocessing);
        Write(VerifyStage.Compare(student, DescribedStudent.Import(student, output) with { Inputs = feeds }, reader, progress, token), style, stdout);
    }

    private static void Write(ParityMetrics parity, OutputStyle style, TextWriter stdout)
    {
        if (style.Json)
            stdout.Write(CanonicalJson.Serialize(parity));
        else
            foreach (var line in Report.DescribeAll(parity))
                stdout.WriteLine(line);
    }
}
