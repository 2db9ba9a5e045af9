using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Reports;
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
        var output = RunProgram("card");

        // Its sample is of zeros; (0 × 0.5 − 1.5) ÷ 2 = −0.75.
        Assert.Equal(Scores(runs["card/student.onnx"], -0.75f), Numbers(output[^1]), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    /// <summary>Its sample is of zeros: the logarithm is sign(0 − 3) × ln(1 + 3 ÷ 0.5), of which 1 is subtracted before it is halved.</summary>
    [Fact]
    public void Card_OfALogarithmOutside_ItsProgramTakesIt()
    {
        var recipe = project.Recipe(TinyProject.StudentRecipe.Replace(
            "data:\n", "data:\n  preprocessing: { log: { centre: 3, unit: 0.5 }, mean: 1, std: 2 }\n", StringComparison.Ordinal));
        Cli.Done("run", recipe, "--name", "log", "--no-baseline", "--runs", runs.Path);
        var output = RunProgram("log");

        Assert.Equal(Scores(runs["log/student.onnx"], (float)((-Math.Log(7) - 1) / 2)), Numbers(output[^1]), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Contains("where L(z) is sign(z) × ln(1 + |z|)", File.ReadAllText(runs["log/README.md"]));
        Assert.Contains("np.log1p", File.ReadAllText(runs["log/README.md"]));
    }

    /// <summary>A mask of zeros would stand for a text that is all padding: what is fed must give other scores than that.</summary>
    [Fact]
    public void Card_SeveralInputsWithAMask_ItsProgramFeedsOnes()
    {
        MaskedSum.Write(runs["teacher.onnx"]);
        Npy.Write(runs["ids.npy"], [.. Enumerable.Range(0, 90 * 5).Select(i => (long)(i * 7 % MaskedSum.Known))], 90, 5);
        Npy.Write(runs["mask.npy"], [.. Enumerable.Range(0, 90 * 5).Select(i => i % 5 < 3 + i / 5 % 3 ? 1L : 0)], 90, 5);
        var set = "{ inputs: { ids: ids.npy, mask: mask.npy } }";
        Cli.Done("run", runs.Write("masked.yaml", $$"""
            data: { transfer: {{set}}, test: {{set}} }
            teachers: [ { model: teacher.onnx, kind: classes } ]
            capture: { threads: 1 }
            student: { architecture: transformer, vocabulary: 9, width: 16, depth: 1, heads: 2 }
            training: { threads: 1, epochs: 60, batch-size: 30, optimizer: { name: adam, learning-rate: 0.01 } }
            """), "--runs", runs.Path);

        var output = RunProgram("masked");

        var ones = Enumerable.Repeat(1L, 5).ToArray();
        using var session = new InferenceSession(runs["masked/student.onnx"]);
        using var options = new RunOptions();
        using var results = session.Run(
            options, session.InputNames.ToDictionary(name => name, _ => OrtValue.CreateTensorValueFromMemory(ones, [1, 5])), session.OutputNames);
        Assert.Equal(results[0].GetTensorDataAsSpan<float>().ToArray(), Numbers(output[^1]), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Contains("\"mask\": np.ones([1, 5], np.int64)", File.ReadAllText(runs["masked/README.md"]));
    }

    [Fact]
    public void Card_SeveralOutputs_ItsProgramPrintsEach()
    {
        var field = Path.Combine(Repository.Root, "tests", "Pipeline.Tests", "Fields", "multihead-classes");
        Cli.Done("run", runs.Write("heads.yaml", $$"""
            data: { transfer: { samples: {{field}}/x.npy }, test: { samples: {{field}}/x.npy } }
            teachers: [ { model: {{field}}/heads.onnx, output: age, kind: classes, outputs: [gender] } ]
            student: { architecture: mlp, widths: [64], outputs: [gender] }
            objective: [ soft: { teacher: logits, temperature: 2 }, soft: { teacher: gender, temperature: 2 } ]
            training: { threads: 1, epochs: 40, batch-size: 32 }
            """), "--runs", runs.Path, "--threads", "1");

        var output = RunProgram("heads");

        using var session = new InferenceSession(runs["heads/student.onnx"]);
        int[] shape = [1, .. session.InputMetadata.Values.Single().Dimensions[1..]];
        using var sample = OrtValue.CreateTensorValueFromMemory(new float[shape.Aggregate(1, (product, size) => product * size)], [.. shape.Select(size => (long)size)]);
        using var options = new RunOptions();
        using var results = session.Run(options, new Dictionary<string, OrtValue> { [session.InputNames[0]] = sample }, ["age", "gender"]);
        foreach (var (i, name) in new[] { "age", "gender" }.Index())
            Assert.Equal(
                results[i].GetTensorDataAsSpan<float>().ToArray(), Numbers(output[^(2 - i)].Split($"{name}: ")[1]), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Contains("for name, values in zip(outputs, session.run(outputs, sample)):", File.ReadAllText(runs["heads/README.md"]));
    }

    /// <summary>Worked out by hand: each named input has its own numbers of the row.</summary>
    [Fact]
    public void Card_NamedInputsWithPreprocessing_SaysTheNumbers()
    {
        var facts = Facts(
            new("age", ElementType.Float32, [1]) { Preprocessing = new() { Mean = [30], Std = [12] } }, new("place", ElementType.Float32, [2]) { Preprocessing = new() { Mean = [1, 2], Std = [4] } });

        var (words, python, csharp) = (InputsOfCard.Describe(facts), CardPrograms.Python(facts), CardPrograms.CSharp(facts));

        Assert.Contains("`age`: float32 [batch, 1], (stored value × 1 − 30) ÷ 12.", words);
        Assert.Contains("((np.ones([1, 2], np.float32) * 1 - np.reshape([1, 2], [1, 2])) / 4).astype(np.float32)", python);
        Assert.Contains("(float)Prepare(value, i, 1, [0], [0], [1, 2], [4])", csharp);
        Assert.DoesNotContain("metadata", words);
    }

    [Fact]
    public void Card_OfARun_HasTheFrontMatterFiguresAndDigestOfTheStudent()
    {
        Cli.Done("run", project["student.yaml"], "--no-baseline", "--runs", runs.Path);
        var card = File.ReadAllText(runs["student/README.md"]);

        Assert.StartsWith("---\nlibrary_name: onnx\n", card);
        Assert.All(
            ["| teacher |", "| student |", "distilled from `teacher.onnx`", Core.Files.Hashing.Sha256OfFile(runs["student/student.onnx"]), "temperature: 2", "| transfer | 240 | `train.npy`, `train-labels.npy` |",
                "model-index:", "type: accuracy", "### Intended use", "### Out of scope", "## Limits", "one test set"],
            part => Assert.Contains(part, card));
    }

    public void Dispose() => runs.Dispose();

    /// <summary>Runs the program of a run's card as it is printed, beside its student.</summary>
    private string[] RunProgram(string run)
    {
        runs.Write($"{run}/program.cs", Program().Match(File.ReadAllText(runs[$"{run}/README.md"])).Groups[1].Value);
        var (exitCode, output) = DotNet.Run(runs[run], "run", "program.cs");
        Assert.True(exitCode == 0, output);
        return output.Trim().Split('\n');
    }

    private static float[] Numbers(string line) => [.. line.Split(' ').Select(word => float.Parse(word, CultureInfo.InvariantCulture))];

    private static CardFacts Facts(params CardInput[] inputs) => new(
        "student.onnx", inputs[0], [3], [new("logits", ElementType.Float32, "class scores")], Preprocessing.None, [], [], "") { Inputs = inputs };

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
