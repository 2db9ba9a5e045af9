using OnnxKd.Benchmarks.Support;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>The test errors of a recipe over several seeds. Runs stay in <c>runs/</c>, so a finished seed is not run again.</summary>
internal static class Seeds
{
    /// <summary>The figures, one per seed.</summary>
    public sealed record Result(string Recipe, int[] Seeds, int[] StudentErrors, int[]? BaselineErrors, int? TeacherErrors, double[] ParityMaxAbs, double[] ParityTop1Agreement);

    /// <summary>Options: <c>--recipe</c>; <c>--seeds</c>, how many from 1 on; <c>--baseline yes|no</c>.</summary>
    public static object Run(Arguments arguments)
    {
        var recipe = arguments.Text("recipe", "recipes/mnist.yaml")!;
        int[] seeds = [.. Enumerable.Range(1, arguments.Number("seeds", 3))];
        string[] without = arguments.Choice("baseline", "yes", "no") == "no" ? ["--no-baseline"] : [];
        arguments.RefuseTheRest();
        var name = Path.GetFileNameWithoutExtension(recipe);
        var runs = seeds.Select(seed => CommandLine.Figures(CommandLine.OfThisCheckout.Run(
            ["run", recipe, "--seed", $"{seed}", "--name", $"{name}-seed-{seed}", "--json", .. without]).Output)).ToArray();
        int[]? ErrorsOf(string role) => runs.All(run => CommandLine.Model(run, role) is not null)
            ? [.. runs.Select(run => CommandLine.Model(run, role)!.Value.GetProperty("errors").GetInt32())]
            : null;
        double[] Parity(string figure) =>
            [.. runs.Select(run => CommandLine.Model(run, "student")!.Value.GetProperty("parity").GetProperty(figure).GetDouble())];
        return new Result(
            recipe, seeds, ErrorsOf("student")!, ErrorsOf("baseline"), ErrorsOf("teacher")?[0], Parity("max_abs"), Parity("top1_agreement"));
    }
}
