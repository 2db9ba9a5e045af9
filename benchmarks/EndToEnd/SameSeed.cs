using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>Two runs with the same seed, from nothing: the student must have the same bytes.</summary>
internal static class SameSeed
{
    /// <summary>The figures.</summary>
    public sealed record Result(string Recipe, int Epochs, string[] StudentSha256, bool Identical);

    /// <summary>Options: <c>--recipe</c>; <c>--epochs</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var recipe = arguments.Text("recipe", "recipes/mnist.yaml")!;
        var epochs = arguments.Number("epochs", 6);
        arguments.RefuseTheRest();
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            string[] digests = [.. new[] { "one", "two" }.Select(runs =>
            {
                CommandLine.OfThisCheckout.Run(
                    "export", recipe, "--runs", Path.Combine(folder, runs), "--name", "run", "--epochs", $"{epochs}", "--no-baseline");
                return CommandLine.Digest(Path.Combine(folder, runs, "run"), "student.onnx");
            })];
            return new Result(recipe, epochs, digests, digests[0] == digests[1]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
