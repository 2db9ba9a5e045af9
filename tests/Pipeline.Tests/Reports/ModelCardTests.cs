using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Reports;

/// <summary>The card of a student that was made by a run.</summary>
[Collection(nameof(TinyProject))]
public sealed partial class ModelCardTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Card_ItsProgramAsPrinted_GivesTheStudentsScoresOfPreparedValues()
    {
        var recipe = project.Recipe(TinyProject.StudentRecipe.Replace(
            "data:\n", "data:\n  preprocessing: { scale: 0.5, mean: 1.5, std: 2 }\n", StringComparison.Ordinal));
        Cli.Done("run", recipe, "--name", "card", "--no-baseline", "--runs", runs.Path);
        var card = File.ReadAllText(runs["card/README.md"]);
        runs.Write("card/program.cs", Program().Match(card).Groups[1].Value);

        var (exitCode, output) = DotNet.Run(runs["card"], "run", "program.cs");

        Assert.True(exitCode == 0, output);
        // Its sample is of zeros; (0 × 0.5 − 1.5) ÷ 2 = −0.75.
        var printed = output.Trim().Split('\n')[^1].Split(' ').Select(word => float.Parse(word, CultureInfo.InvariantCulture));
        Assert.Equal(Scores(runs["card/student.onnx"], -0.75f), printed, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Card_OfARun_HasTheFrontMatterFiguresAndDigestOfTheStudent()
    {
        Cli.Done("run", project["student.yaml"], "--no-baseline", "--runs", runs.Path);
        var card = File.ReadAllText(runs["student/README.md"]);

        Assert.StartsWith("---\nlibrary_name: onnx\n", card);
        Assert.All(
            ["| teacher |", "| student |", "distilled from `teacher.onnx`", Core.Files.Hashing.Sha256OfFile(runs["student/student.onnx"]), "temperature: 2", "240 samples"],
            part => Assert.Contains(part, card));
    }

    public void Dispose() => runs.Dispose();

    private static float[] Scores(string model, float value)
    {
        using var session = new InferenceSession(model);
        using var sample = OrtValue.CreateTensorValueFromMemory(Enumerable.Repeat(value, 16).ToArray(), [1, 4, 4]);
        using var options = new RunOptions();
        using var results = session.Run(options, new Dictionary<string, OrtValue> { [session.InputNames[0]] = sample }, session.OutputNames);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Program();
}
