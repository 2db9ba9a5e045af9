using System.Diagnostics;
using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>What a newcomer does: a fresh clone, the README's first command, and the same command again.</summary>
internal static class FirstRun
{
    /// <summary>The figures. What Debian packages the machine already has is not counted in the time.</summary>
    public sealed record Result(string Recipe, double FirstSeconds, double SecondSeconds, string Table);

    /// <summary>Option: <c>--recipe</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var recipe = arguments.Text("recipe", "recipes/mnist.yaml")!;
        arguments.RefuseTheRest();
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            var clone = Path.Combine(folder, "onnxkd");
            using (var git = Process.Start("git", ["clone", "--quiet", CommandLine.OfThisCheckout.Checkout, clone]))
                git.WaitForExit();
            var onnxkd = new CommandLine(clone);
            var first = onnxkd.Run("run", recipe);
            var second = onnxkd.Run("run", recipe);
            return new Result(recipe, Math.Round(first.Seconds, 1), Math.Round(second.Seconds, 2), "\n" + second.Output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
