using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>A finished run, run again: nothing is to be done, so this is start-up, hashing and the table.</summary>
internal static class Rerun
{
    /// <summary>The figures.</summary>
    public sealed record Result(string Recipe, double[] Seconds, double MedianSeconds);

    /// <summary>Options: <c>--recipe</c>; <c>--repeats</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var recipe = arguments.Text("recipe", "recipes/mnist.yaml")!;
        var repeats = arguments.Number("repeats", 5);
        arguments.RefuseTheRest();
        CommandLine.OfThisCheckout.Run("run", recipe);
        double[] seconds = [.. Enumerable.Range(0, repeats).Select(_ => Math.Round(CommandLine.OfThisCheckout.Run("run", recipe).Seconds, 2))];
        return new Result(recipe, seconds, Output.Median(seconds));
    }
}
