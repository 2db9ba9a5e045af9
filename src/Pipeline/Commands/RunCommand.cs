using System.CommandLine;
using OnnxKd.Pipeline.Reports;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd run RECIPE</c>: every stage, and the comparison.</summary>
internal sealed class RunCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();
    private readonly ProfileArgument profile = new();

    /// <summary>Declares the command.</summary>
    public RunCommand()
        : base(
            "run",
            "Does everything: capture, train, export, verify, evaluate. What is finished is reused.",
            "onnxkd run recipes/mnist.yaml",
            "onnxkd run recipes/mnist.yaml --seed 2 --epochs 5 --no-baseline --name quick",
            "onnxkd run --teacher big.onnx --samples train.npy --architecture mlp --widths 256,256 --epochs 20 --temperature 4")
    {
        recipe.AddTo(this);
        profile.AddTo(this);
        Does((parsed, stdout, stderr, token) =>
        {
            using var recording = profile.Start(parsed);
            Run(recipe.Read(parsed, stderr, token), stdout, stderr, token);
        });
    }

    /// <inheritdoc/>
    public override bool GoesOn(ParseResult parsed) => true;

    /// <summary>Runs it.</summary>
    public static void Run(RecipeRun options, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        using var work = options.Open(stderr, token);
        var metrics = work.RunAll();
        Report.Write(metrics, stdout, options.Style);
        stderr.WriteLine($"results: {work.Folder}");
        metrics.RequireUse();
    }
}
