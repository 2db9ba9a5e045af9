using OnnxKd.Core.Errors;
using OnnxKd.Pipeline.Runs;

namespace OnnxKd.Pipeline.Commands;

/// <summary><c>onnxkd plan RECIPE</c>: the stages, what is done, and what will run.</summary>
internal sealed class PlanCommand : ExampleCommand
{
    private readonly RecipeArguments recipe = new();

    /// <summary>Declares the command.</summary>
    public PlanCommand()
        : base(
            "plan",
            "Shows the stages of a recipe in order: what each needs, whether it is done, and what it costs. Teachers are looked at; nothing is created.",
            "onnxkd plan recipes/mnist.yaml",
            "onnxkd plan recipes/mnist.yaml --epochs 5 --json")
    {
        recipe.AddTo(this);
        Does((parsed, stdout, stderr, token) => Run(recipe.Read(parsed, stderr, token), stdout, stderr, token));
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="OnnxKdException">Something in the recipe cannot work.</exception>
    public static void Run(RecipeRun options, TextWriter stdout, TextWriter stderr, CancellationToken token) =>
        PlanTable.Write(RunPlan.Of(options.Recipe, options.Runs, new(stderr, options.Style.Live), token), stdout, options.Style);
}
