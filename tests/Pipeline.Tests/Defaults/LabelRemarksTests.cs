using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Defaults;

/// <summary>Labels that are of no use, or of other samples, and what else of the data should be said before it is trained on.</summary>
[Collection(nameof(TinyProject))]
public sealed class LabelRemarksTests(TinyProject project) : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_WithOneClassForEachSampleBesideIndependentLabels_SaysThatTheyAreNotUsed()
    {
        var teacher = LinearModel.Write(folder["labels.onnx"], activation: "Sigmoid");

        Assert.Contains("say --kind classes", Cli.Run("cache", "--name", "a", "--runs", folder["runs"], "--teacher", teacher, "--samples", project["train.npy"], "--labels", project["train-labels.npy"]).Error);
    }

    [Fact]
    public void Run_WithLabelsOfOtherSamples_SaysThatTheTeacherContradictsThem()
    {
        Npy.Write(folder["turned.npy"], Enumerable.Range(0, 240).Select(i => (long)(i / 80)).ToArray(), 240);

        Assert.Contains("the teacher agrees with", Cache(folder["turned.npy"]));
        Assert.DoesNotContain("the teacher agrees with", Cache(project["train-labels.npy"]));

        string Cache(string labels) => Cli.Done("cache", "--name", Path.GetFileNameWithoutExtension(labels), "--runs", folder["runs"], "--teacher", project["teacher.onnx"], "--samples", project["train.npy"], "--labels", labels, "--threads", "1").Error;
    }

    [Fact]
    public void Run_WithLabelsInAnotherOrder_SaysWhichOneTheTeachersClassesHave()
    {
        using var set = TransferSet.Open(new() { Samples = project["train.npy"], Labels = project["train-labels.npy"] });
        Npy.Write(folder["next.npy"], set.Labels.ToArray().Select(label => (label + 1) % 3L).ToArray(), 240);

        Assert.Contains(
            "if label 0 were 2, label 1 were 0, label 2 were 1; number them as the teacher's classes are",
            Cli.Done("cache", "--name", "next", "--runs", folder["runs"], "--teacher", project["teacher.onnx"], "--samples", project["train.npy"], "--labels", folder["next.npy"], "--threads", "1").Error);
    }

    [Fact]
    public void Run_ThatLearnsFromLabelsInAnotherOrder_TrainsNothingAndSaysWhichOneIsRight()
    {
        using var set = TransferSet.Open(new() { Samples = project["train.npy"], Labels = project["train-labels.npy"] });
        Npy.Write(folder["next.npy"], set.Labels.ToArray().Select(label => (label + 1) % 3L).ToArray(), 240);
        string[] run = ["run", "--name", "wrong", "--runs", folder["runs"], "--teacher", project["teacher.onnx"], "--samples", project["train.npy"], "--labels", folder["next.npy"], "--alpha", "0.5", "--threads", "1", "--quick"];

        for (var i = 0; i < 2; i++) // the cache is there the second time
            Assert.Contains("if label 0 were 2", Cli.Fails(2, run));
        Assert.Empty(Directory.GetFiles(folder["runs/wrong"], "model.onnx", SearchOption.AllDirectories));
    }

    [Fact]
    public void Run_WithTestLabelsOfTheOtherDecision_SaysSoInEveryReport()
    {
        var teacher = LinearModel.Write(folder["decides.onnx"], classes: 1, activation: "Sigmoid", edit: model =>
        {
            var weights = Array.ConvertAll(Enumerable.Range(0, 16).ToArray(), i => i % 2 == 0 ? 3f : -3f);
            model.Graph.Initializer[0] = TensorData.Create("W", weights, 16, 1);
        });
        using (var set = TransferSet.Open(new() { Samples = project["test.npy"] }))
        {
            var values = new float[set.Count * 16];
            set.Read([.. Enumerable.Range(0, (int)set.Count).Select(row => (long)row)], values);
            Npy.Write(folder["other.npy"], values.Chunk(16).Select(sample => sample.Select((value, i) => i % 2 == 0 ? value : -value).Sum() > 0 ? 0L : 1).ToArray(), (int)set.Count);
        }

        var run = Cli.Run(
            "run", "--name", "other", "--runs", folder["runs"], "--teacher", teacher, "--kind", "labels", "--samples", project["train.npy"], "--test-samples", project["test.npy"],
            "--test-labels", folder["other.npy"], "--threads", "1", "--quick");

        Assert.Contains("if label 0 were 1, label 1 were 0", run.Output);
        foreach (var report in new[] { "metrics.json", "report.md", "report.html", "README.md" })
            Assert.Contains("seem to be numbered otherwise", File.ReadAllText(Path.Combine(folder["runs/other"], report)), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Run_OfAColumnWithACodeForMissingValues_NamesIt()
    {
        var (random, values) = (new Random(1), new float[300 * 2]);
        for (var i = 0; i < values.Length; i++)
            values[i] = i % 50 == 1 ? -99999 : (float)random.NextDouble();
        Npy.Write(folder["x.npy"], values, 300, 2);
        var graph = new GraphProto
        {
            Name = "g", Input = { ValueInfo.Create("x", ElementType.Float32, "N", 2) }, Output = { ValueInfo.Create("logits", ElementType.Float32, "N", 2) },
            Node = { new NodeProto { OpType = "Relu", Input = { "x" }, Output = { "logits" } } },
        };
        OnnxModel.FromProto(new() { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }).Save(folder["t.onnx"]);

        var error = Cli.Done("plan", "--teacher", folder["t.onnx"], "--samples", folder["x.npy"], "--runs", folder["runs"]).Error;

        Assert.Contains("channel 1 has values far from all others (-1e+05", error);
        Assert.DoesNotContain("channel 0 has", error);
    }

    [Fact]
    public void Run_OfIdsThatFloat32DoesNotHold_SaysWhichColumnAndHowToLeaveItOut()
    {
        File.WriteAllText(folder["t.csv"], "a,customer id\n1,1000000123\n2,1000000187\n");
        var recipe = folder["r.yaml"];
        File.WriteAllText(recipe, "name: ids\ndata: { transfer: { samples: t.csv, labels: t.csv, labels-key: a } }\nteachers: none\nstudent: { architecture: mlp, widths: [8] }\n");

        Assert.Contains("1000000123 (line 2) is read as 1000000128; if they are ids, leave them out: table.drop: [customer id]", Cli.Done("plan", recipe, "--runs", folder["runs"]).Error);
    }

    [Theory]
    [InlineData("teachers: none")]
    [InlineData("teachers: []")]
    public void Run_WithoutTeachersAndObjective_LearnsFromLabels(string teachers)
    {
        var recipe = project.Recipe($"name: alone\n{TinyProject.Data}{teachers}\nstudent: {{ architecture: mlp, widths: [8] }}\ntraining: {{ threads: 1, epochs: 3, batch-size: 32, optimizer: {{ learning-rate: 0.05 }} }}\n");

        Assert.Contains("train-student", Cli.Done("plan", recipe, "--runs", folder["runs"]).Output);
    }

    [Fact]
    public void Run_WhoseLaterTeacherDoesNotFit_RunsNothing()
    {
        LinearModel.Write(folder["other.onnx"], side: 5);
        var recipe = project.Recipe(TinyProject.Data + $$"""
            name: late
            student: { architecture: mlp, widths: [8] }
            objective: [ soft: { temperature: 2 } ]
            training: { threads: 1, epochs: 3, batch-size: 32, optimizer: { learning-rate: 0.05 } }
            stages:
              first: { train: { teachers: [ model: teacher.onnx ] } }
              student: { train: { teachers: [ model: {{folder["other.onnx"]}} ] } }
            """);

        Assert.Contains("other.onnx", Cli.Fails(2, "run", recipe, "--runs", folder["runs"]));
        Assert.Empty(Directory.GetDirectories(folder["runs/late"], "cache-*"));
        Assert.Contains("other.onnx", Cli.Fails(2, "plan", recipe, "--runs", folder["runs"]));
    }

    [Fact]
    public void Evaluate_WithNothingToCompareWith_SaysWhatIsMissing() => Assert.Contains(
        "--labels FILE", Cli.Done("evaluate", "--model", project["teacher.onnx"], "--samples", project["test.npy"]).Error);
}
