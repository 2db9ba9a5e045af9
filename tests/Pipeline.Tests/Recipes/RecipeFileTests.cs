using System.Text.RegularExpressions;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Preparation.Steps;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.Pipeline.Runs;
using OnnxKd.Pipeline.Tests.Support;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Optimizers;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.Pipeline.Tests.Recipes;

public sealed class RecipeFileTests : IDisposable
{
    private const string Everything = """
        seed: 18446744073709551615
        data:
          transfer: { samples: sub/a.csv, labels: sub/a.csv, labels-key: class, rows: 0..50000, table: { separator: "\t", decimal: ",", thousands: ".", header: true, missing: drop, missing-texts: ["-", "-99999"], categories: { b: ["", "1", x], "a, c": { one-hot: [y, "null"] } }, features: [b, "a, c"], drop: id, classes: [cat, "1"] } }
          validation: { samples: a.npz, samples-key: x, labels: a.npz, labels-key: y, rows: 50000.. }
          test: { samples: t.npy, labels: tl.npy, lengths: t.npz, lengths-key: n, lengths-axis: 0, texts: t.jsonl }
          alphabet: { file: sub/keys.txt, blank: 2, space: true }
          preprocessing: { scale: 1/255, mean: [0.5, 0.4, 0.3], std: 2, channel-axis: 2 }
        teachers:
          - model: ../big.onnx
            weight: 3
          - { model: other.onnx, output: logits, name: other, class-axis: -1, outputs: { aux: t1 }, features: [t2], preprocessing: { scale: 2 } }
        capture: { storage: { top-k: 3, temperatures: [1, 4] }, feature-storage: int8, precision: fp16, batch-size: 8, combination: mean-of-logits, views: 4, augmentation: { shift: 2 }, device: cpu, threads: 1 }
        student: { architecture: cnn, widths: [4, 8], hidden: 16, dropout: [0.1, 0.2] }
        objective:
          - soft: { temperature: { 0: 8, 5: 2.5 }, weight: { 0: 1, 10: 0.5 } }
          - hard:
          - logit-matching: { weight: 0.25, teacher: big }
        training:
          epochs: 7
          batch-size: 32
          optimizer: { name: adamw, learning-rate: 1e-3, weight-decay: 0.01, beta1: 0.8, beta2: 0.99, epsilon: 1e-7 }
          schedule: { name: step, warmup-epochs: 0.5, milestones: [2, 4.5], gamma: 0.2 }
          clip-norm: 5
          max-norm: 3
          average-decay: 0.99
          early-stop: { patience: 2, metric: nll }
          keep: best
          precision: bfloat16
          device: cpu
          threads: 2
        baseline: { training: { average-decay: none, early-stop: none, optimizer: { name: sgd } } }
        """;

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Read_EveryKey_ReachesItsOption()
    {
        var recipe = Read("all.yaml", Everything);

        Assert.Equal(("all", ulong.MaxValue), (recipe.Name, recipe.Seed));
        var (transfer, validation) = (recipe.Data.Transfer, recipe.Data.Validation!);
        Assert.Equal((folder["sub/a.csv"], 0L, 50000L), (transfer.Samples, transfer.First, transfer.Count));
        Assert.Equal(('\t', ',', '.', true, true, (float?)null), (
            transfer.Table.Separator, transfer.Table.Decimal, transfer.Table.Thousands, transfer.Table.Header, transfer.Table.DropMissing,
            transfer.Table.MissingValue));
        Assert.Equal([["b", "a, c"], ["id"], ["cat", "1"]], new[] { transfer.Table.Features, transfer.Table.Drop, transfer.Table.Classes });
        Assert.Equal(new(), validation.Table);
        Assert.Equal((50000L, (long?)null, "x"), (validation.First, validation.Count, validation.SamplesKey));
        var test = recipe.Data.Test!;
        Assert.Equal((folder["t.npz"], "n", 0, -1), (test.Lengths, test.LengthsKey, test.LengthsAxis, transfer.LengthsAxis));
        Assert.Equal(folder["t.jsonl"], test.Texts);
        Assert.Equal(new() { File = folder["sub/keys.txt"], Blank = 2, Space = true }, recipe.Data.Alphabet);
        Assert.Equal(1 / 255.0, recipe.Data.Preprocessing.Scale);
        Assert.Equal([0.5, 0.4, 0.3], recipe.Data.Preprocessing.Mean);
        Assert.Equal(recipe.Data.Preprocessing, recipe.Final.Capture.Teachers[0].Preprocessing);
        Assert.Equal((2.0, "logits"), (recipe.Final.Capture.Teachers[1].Preprocessing.Scale, recipe.Final.Capture.Teachers[1].Output));
        var capture = recipe.Final.Capture;
        Assert.Equal(
            (Combination.MeanOfLogits, 4, 2, ulong.MaxValue),
            (capture.Combination, capture.Views, Assert.IsType<ShiftStep>(Assert.Single(capture.Augmentation.Steps)).Pixels, capture.Seed));
        Assert.Equal(
            (new TopK(3, [1, 4]), new Int8(), Precision.Fp16), ((TopK)capture.Storage, (Int8)capture.FeatureStorage, capture.Precision));
        var other = capture.Teachers[1];
        Assert.Equal(("other", -1, "t1", "aux"), (other.Name, other.ClassAxis, other.Outputs[0].Tensor, other.Outputs[0].Stream));
        Assert.Equal(new TappedTensor("t2"), Assert.Single(other.Features));
        Assert.Equal([(0, 1), (10, 0.5)], recipe.Final.Learners[0].Objective[0].Weight.Points);
        Assert.Equal(1, recipe.Final.Learners[0].Objective[1].Weight.At(3));
        Assert.Equal([null, null, "big"], recipe.Final.Learners[0].Objective.Select(term => (term as ScoreTerm)?.Teacher));
        Assert.Equal((0.001, 5.0, "best"), (recipe.Final.Training.Optimizer.LearningRate, recipe.Final.Training.ClipNorm, recipe.Final.Training.Keep));
        Assert.Equal(("bfloat16", "bfloat16"), (recipe.Final.Training.Precision, recipe.Baseline!.Training.Precision));
    }

    [Fact]
    public void Read_Baseline_DiffersFromTrainingOnlyWhereItSaysSo()
    {
        var recipe = Read("all.yaml", Everything);

        Assert.Equal(
            recipe.Final.Training with
            {
                AverageDecay = null, EarlyStop = null, Optimizer = new SgdOptions(), Augmentation = recipe.Final.Capture.Augmentation,
            },
            recipe.Baseline!.Training);
        Assert.Equal("hard", Assert.Single(recipe.Baseline.Learners[0].Objective).Name);
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("float16")]
    [InlineData("bfloat16")]
    [InlineData("int8")]
    [InlineData("{top-k: 16, temperatures: [1, 2.5]}")]
    [InlineData("{top-k: 16, temperatures: none}")]
    [InlineData("{sampled: 50, temperature: 2}")]
    public void Write_EveryStorage_ReadsBackTheSame(string storage)
    {
        var yaml = TinyProject.StudentRecipe.Replace("batch-size: 50", $"batch-size: auto, storage: {storage}");
        var recipe = Read("all.yaml", yaml);
        var text = RecipeFile.Write(recipe, folder["runs/all"]);

        Assert.Null(recipe.Final.Capture.BatchSize);
        Assert.Contains($"storage: {storage}", text);
        Assert.Equal(recipe.Final.Capture.Storage, Read("runs/all/recipe.yaml", text).Final.Capture.Storage);
    }

    [Theory]
    [InlineData(Everything)]
    [InlineData(TinyProject.StudentRecipe)]
    [InlineData(TinyProject.TeacherRecipe)]
    public void Write_ResolvedRecipe_ReadsBackTheSameFromItsFolder(string yaml)
    {
        var recipe = Read("all.yaml", yaml);

        var text = RecipeFile.Write(recipe, folder["runs/all"]);
        var again = Read("runs/all/recipe.yaml", text);

        Assert.Equal(text, RecipeFile.Write(again, folder["runs/all"]));
        Assert.Equal(
            (recipe.Data.Transfer, recipe.Data.Test, recipe.Data.Alphabet), (again.Data.Transfer, again.Data.Test, again.Data.Alphabet));
        Assert.Equal(recipe.Final.Capture.Teachers.Select(t => t.Model), again.Final.Capture.Teachers.Select(t => t.Model));
        Assert.Equal(recipe.Baseline?.Training.AverageDecay, again.Baseline?.Training.AverageDecay);
    }

    [Theory]
    [InlineData(
        "vit-tiny, patch: 8, pooling: mean",
        "architecture: vit-tiny|patch: 8|mlp-ratio: 4|dropout: 0|pooling: mean")]
    [InlineData("transformer, padding: 0, mlp-ratio: 2.5", "vocabulary: none|mlp-ratio: 2.5|padding: 0")]
    [InlineData("bilstm, vocabulary: none", "hidden: 128|output: sequence")]
    [InlineData("wrn-22-3", "architecture: wrn-22-3|dropout: 0")]
    public void Write_StudentOfAnyArchitecture_SpellsOutItsOptions(string student, string lines)
    {
        var recipe = Read("all.yaml", Everything.Replace(
            "architecture: cnn, widths: [4, 8], hidden: 16, dropout: [0.1, 0.2]", $"architecture: {student}"));

        var text = RecipeFile.Write(recipe, folder["runs/all"]);

        Assert.All(lines.Split('|'), line => Assert.Contains($"  {line}\n", text));
        Assert.Equal(text, RecipeFile.Write(Read("runs/all/recipe.yaml", text), folder["runs/all"]));
    }

    [Fact]
    public void Read_StudentFromFile_KnowsHowItIsImported()
    {
        var recipe = Read("all.yaml", Everything.Replace(
            "architecture: cnn, widths: [4, 8], hidden: 16, dropout: [0.1, 0.2]",
            "model: s.onnx, init: fresh, output: head, norm-overlay: false, parameters: { include: [a.*, b], exclude: c }"));

        var import = recipe.Final.Learners[0].Student.Import;
        Assert.Equal(folder["s.onnx"], recipe.Final.Learners[0].Student.Model);
        Assert.Equal((Initialisation.Fresh, "head", false), (import.Initialisation, import.Output, import.NormOverlay));
        Assert.Equal(["a.*", "b"], import.Parameters.Include);
        Assert.Equal(["c"], import.Parameters.Exclude);
        var text = RecipeFile.Write(recipe, folder["runs/all"]);
        Assert.Equal(text, RecipeFile.Write(Read("runs/all/recipe.yaml", text), folder["runs/all"]));
    }

    [Fact]
    public void WriteForKey_AnotherFolder_GivesTheSameText()
    {
        var here = RecipeFile.WriteForKey(Read("all.yaml", Everything));
        var there = RecipeFile.WriteForKey(Read("elsewhere/all.yaml", Everything));

        Assert.Equal(here, there);
    }

    [Fact]
    public void Read_ShippedRecipes_AreValid() => Assert.All(
        Directory.GetFiles(Path.Combine(Repository.Root, "recipes"), "*.yaml"),
        path => Assert.Equal(Path.GetFileNameWithoutExtension(path), RecipeFile.Read(RecipeSource.Load(path), StageKinds.All).Name));

    [Fact]
    public void Documentation_EveryKey_IsDescribed()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "recipes.md"));
        var resolved = RecipeFile.WriteForKey(Read("all.yaml", Everything));

        Assert.All(
            Regex.Matches(resolved, "([a-z][a-z0-9-]+):").Select(match => match.Groups[1].Value).Distinct(),
            key => Assert.Matches($"{key}:|`{key}`", page));
    }

    public void Dispose() => folder.Dispose();

    private Recipe Read(string name, string yaml) => RecipeFile.Read(RecipeSource.Load(folder.Write(name, yaml)), StageKinds.All);
}
