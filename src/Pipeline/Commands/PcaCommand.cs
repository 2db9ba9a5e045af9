using System.CommandLine;
using OnnxKd.Core.Text;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.DataSets;
using OnnxKd.Pipeline.Deployment;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Terminal;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd pca</c>: a teacher whose embedding has fewer columns.</summary>
internal sealed class PcaCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();

    private readonly Option<int> columns = new("--columns") { Description = "How many columns the embedding keeps.", Required = true };

    private readonly Option<string> output = new("--output", "-o") { Description = "The file to write.", Required = true };

    private readonly Option<bool> force = new("--force") { Description = "Let --output replace any file, not only one that onnxkd wrote." };

    /// <summary>Declares the command.</summary>
    public PcaCommand()
        : base(
            "pca",
            "Makes a teacher's embedding narrower: finds its principal components on up to 10,000 samples, and writes the teacher with these behind it. Students of it have as many columns.",
            "onnxkd pca --teacher embed.onnx --samples faces.npy --scale 1/255 --columns 64 -o embed-64.onnx",
            "onnxkd pca recipes/sentence-embedding.yaml --columns 128 -o minilm-128.onnx")
    {
        recipe.AddTo(this);
        Add(columns);
        Add(output);
        Add(force);
        Does(Run);
    }

    private void Run(ParseResult parsed, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        var (data, capture, target, style) = (recipe.ReadData(parsed), recipe.ReadCapture(parsed), parsed.GetValue(output)!, GlobalOptions.Style(parsed));
        ExportTarget.Require(target, capture.Teachers.Select(teacher => teacher.Model).Where(path => path.Length > 0), RecipeFile.FilesOf(data), parsed.GetValue(force));
        var progress = new StageReporter(stderr, style.Live);
        DataSetStore.Require(progress.Note, token, data.Transfer);
        using var set = TransferSet.Open(data.Transfer);
        progress.Started("pca", target);
        var (model, figures) = EmbeddingReduction.Reduce(set, capture, parsed.GetValue(columns), progress, token);
        model.Save(target);
        if (style.Json)
            stdout.Write(CanonicalJson.Serialize(figures));
        else
            stdout.WriteLine(
                FormattableString.Invariant($"{figures.Columns} columns -> {figures.Kept}: they keep {figures.Share:0.00 %} of the squared length of {figures.Samples:N0} samples; ")
                + FormattableString.Invariant($"of {figures.OtherSamples:N0} others {figures.SameNeighbours:0.0 %} have the same nearest one\nmodel: {Printable.Escape(target)}"));
    }
}
