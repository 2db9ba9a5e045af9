using System.CommandLine;
using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Stages.Kinds;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd train RECIPE</c>: up to the trained student.</summary>
internal sealed class TrainCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();
    private readonly ProfileArgument profile = new();

    /// <summary>Declares the command.</summary>
    public TrainCommand()
        : base(
            "train",
            "Trains the student (and captures the teachers first, if that is not done). An interrupted training goes on.",
            "onnxkd train recipes/mnist.yaml",
            "onnxkd train recipes/mnist.yaml --temperature 2 --alpha 0.9 --lr 0.05")
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
    /// <exception cref="InputException">The recipe or its inputs are wrong.</exception>
    public static void Run(RecipeRun options, TextWriter stdout, TextWriter stderr, CancellationToken token)
    {
        using var work = options.Open(stderr, token);
        var train = work.TrainingOf(options.Recipe.Final);
        var result = work.Run([train])[train.Name];
        FileList.Write(
            stdout, options.Style, ("model", result[train.FileOf(train.Models[0])]), ("events", result[TrainStage.EventsFile]));
    }
}
