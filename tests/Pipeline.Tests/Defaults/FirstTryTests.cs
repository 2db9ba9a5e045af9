using System.Text.Json;
using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Defaults;

/// <summary>What a user gets who says nothing but which teacher and which samples.</summary>
public sealed class FirstTryTests : IDisposable
{
    private const int Features = 4;

    private readonly TemporaryFolder folder = new();

    public FirstTryTests()
    {
        Write("train", 400, seed: 1);
        Write("test", 200, seed: 2);
        LinearTable(folder["teacher.onnx"], [1 / 50f, -1 / 50f, 3e-5f, -3e-5f, 3, -3, 0, 0]);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_OfATableOfOddScales_TrainsAStudentThatTakesTheSamplesAsTheyAre()
    {
        var result = Run();

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("chosen: student architecture mlp", result.Error);
        Assert.Contains("chosen: student.preprocessing", result.Error);
        Assert.Contains("chosen: training epochs", result.Error);
        Assert.Contains("chosen: learning rate", result.Error);
        var student = Figures.Of(result, "student");
        Assert.True(student.GetProperty("agreement").GetDouble() > 0.9, student.ToString());
        Assert.InRange(student.GetProperty("constant_agreement").GetDouble(), 0.5, 0.75);
        Assert.True(student.GetProperty("kl").GetDouble() < 0.2, student.ToString());
        var alone = Cli.Done(
            "evaluate", "--model", folder["runs/student/student.onnx"], "--teacher", folder["teacher.onnx"], "--kind", "classes", "--samples", folder["test.npy"], "--json");
        var again = JsonDocument.Parse(alone.Output).RootElement.GetProperty("models")[0];
        Assert.Equal(student.GetProperty("agreement").GetDouble(), again.GetProperty("agreement").GetDouble());
        Assert.Equal(["Mul", "Add"], OnnxModel.Load(folder["runs/student/student.onnx"]).Proto.Graph.Node.Take(2).Select(node => node.OpType));
    }

    [Fact]
    public void Run_LeavesTheTeacherThatItsPartsShareAsItWas()
    {
        var held = SharedModels.Load(folder["teacher.onnx"]);

        Assert.Equal(0, Run().ExitCode);
        Cli.Done("evaluate", "--model", folder["teacher.onnx"], "--teacher", folder["teacher.onnx"], "--kind", "classes", "--samples", folder["test.npy"]);

        Assert.Same(held, SharedModels.Load(folder["teacher.onnx"]));
        Assert.Equal(OnnxModel.Load(folder["teacher.onnx"]).ContentDigest, held.ContentDigest);
    }

    [Fact]
    public void Run_OfTheResolvedRecipe_ChoosesNothingAndReusesEverything()
    {
        var first = Run();
        File.Copy(folder["runs/student/recipe.yaml"], folder["student.yaml"]);
        File.WriteAllText(folder["student.yaml"], File.ReadAllText(folder["student.yaml"]).Replace("../../", ""));

        var second = Cli.Done("run", folder["student.yaml"], "--runs", folder["runs"], "--json");

        Assert.Equal(0, first.ExitCode);
        Assert.DoesNotContain("chosen", second.Error);
        Assert.DoesNotContain("started", second.Error);
        Assert.DoesNotContain("auto:", File.ReadAllText(folder["runs/student/recipe.yaml"]));
        Assert.DoesNotContain("learning-rate: auto", File.ReadAllText(folder["student.yaml"]));
    }

    [Fact]
    public void Plan_OfATestTableInAnotherOrder_FindsItsColumnsByName()
    {
        folder.Write("train.csv", "a,b,c,d\n1,2,3,4\n5,6,7,9\n");
        folder.Write("test.csv", "note,d,c,b,a\nx,4,3,2,1\n");

        string[] plan = ["plan", "--runs", folder["runs"], "--teacher", folder["teacher.onnx"], "--kind", "classes", "--samples", folder["train.csv"], "--test-samples"];

        var found = Cli.Done([.. plan, folder["test.csv"]]);
        folder.Write("other.csv", "a,b,c,e\n1,2,3,4\n");
        var missing = Cli.Fails(2, [.. plan, folder["other.csv"]]);

        Assert.Contains($"{folder["test.csv"]}: columns that {folder["train.csv"]} does not have are left out: note", found.Error);
        Assert.Contains("table: { features: [a, b, c, d] }", missing);
    }

    [Fact]
    public void Plan_OfAStudentOfTextForNumbers_SaysWhichStudentsTakeThem()
    {
        var error = Cli.Fails(2, ["plan", .. Arguments, "--architecture", "transformer-tiny"]);

        Assert.Contains("A student of text takes token ids, and a sample holds a fraction", error);
        Assert.Contains("student.architecture mlp for tables", error);
    }

    [Fact]
    public void Run_WithValuesThatAreGiven_ChangesNoneOfThem()
    {
        var result = Cli.Run(
            ["plan", .. Arguments, "--architecture", "mlp", "--widths", "7", "--set", "student.preprocessing=none", "--epochs", "3", "--batch-size", "9",
             "--optimizer", "sgd", "--lr", "0.3"]);

        Assert.Equal(0, result.ExitCode);
        Assert.DoesNotContain("chosen", result.Error);
    }

    [Fact]
    public void Run_WithPreprocessingOutside_NeedsItAndSaysSo()
    {
        var result = Run("--set", "export.preprocessing=outside");

        Assert.True(result.ExitCode == 0, result.Error);
        var student = OnnxModel.Load(folder["runs/student/student.onnx"]);
        Assert.NotEqual("Mul", student.Proto.Graph.Node[0].OpType);
        Assert.Contains("mean", student.GetMetadata("onnxkd.preprocessing"));
    }

    [Fact]
    public void Run_AtARateOf100_EndsWith4()
    {
        var result = Run("--optimizer", "sgd", "--lr", "100", "--epochs", "3");

        Assert.Equal(4, result.ExitCode);
        Assert.Contains("learning rate", result.Error);
    }

    [Fact]
    public void Run_OfAStudentWithADeadHead_EndsWith4AndNamesTheUnits()
    {
        var dead = new Onnx.GraphProto
        {
            Name = "dead",
            Input = { ValueInfo.Create("x", Core.Tensors.ElementType.Float32, "N", Features) },
            Output = { ValueInfo.Create("y", Core.Tensors.ElementType.Float32, "N", 2) },
            Initializer =
            {
                TensorData.Create("w", new float[Features * 8], Features, 8), TensorData.Create("b", [.. Enumerable.Repeat(-1f, 8)], 8),
                TensorData.Create("v", new float[16], 8, 2),
            },
            Node =
            {
                new Onnx.NodeProto { OpType = "Gemm", Input = { "x", "w", "b" }, Output = { "h" } }, new Onnx.NodeProto { OpType = "Relu", Input = { "h" }, Output = { "r" } },
                new Onnx.NodeProto { OpType = "MatMul", Input = { "r", "v" }, Output = { "y" } },
            },
        };
        OnnxModel.FromProto(new() { IrVersion = 8, Graph = dead, OpsetImport = { new Onnx.OperatorSetIdProto { Version = 17 } } }).Save(folder["dead.onnx"]);

        var result = Run("--student", folder["dead.onnx"], "--epochs", "3", "--lr", "0.01");

        Assert.Equal(4, result.ExitCode);
        Assert.Contains("all 8 units before the last layer are 0", result.Error);
    }

    [Fact]
    public void Run_OnLabelsOfOneClass_EndsWith4()
    {
        Npy.Write(folder["ones.npy"], Enumerable.Repeat(1L, 400).ToArray(), 400);

        var result = Cli.Run("run", "--samples", folder["train.npy"], "--labels", folder["ones.npy"], "--runs", folder["runs"], "--threads", "1", "--quick");

        Assert.Equal(4, result.ExitCode);
        Assert.Contains("all samples have one class", result.Error);
    }

    /// <summary>The scale of values is no weight: steps of an optimizer are far larger than a deviation of thousandths, and far smaller than one of millions.</summary>
    [Fact]
    public void Run_FromValuesOfDifferentUnits_LearnsEachColumn()
    {
        LinearTable(folder["teacher.onnx"], [2e4f, 2e-5f, -2, 0, 0, 0, 0, 0]);

        var result = Cli.Done([.. Arguments.Select(word => word == "classes" ? "values" : word).Prepend("run"), "--quick"]);

        Assert.All(Figures.Of(result, "student").GetProperty("r_squared_by_column").EnumerateArray(), column => Assert.InRange(column.GetDouble(), 0.97, 1));
        var scale = OnnxModel.Load(folder["runs/student/student.onnx"]).Proto.Graph.Node.Single(node => node.Name == "output.deviation").Attribute.Single().T.ToFloats();
        Assert.InRange(scale[0], 0.8e6, 1.2e6); // of 50 · 2e4
        Assert.InRange(scale[1], 0.8e-3, 1.2e-3);
    }

    [Fact]
    public void Run_FromAConstantRegressor_EndsWith4()
    {
        LinearTable(folder["teacher.onnx"], new float[Features * 2]);

        var result = Cli.Run([.. Arguments.Select(word => word == "classes" ? "values" : word).Prepend("run"), "--quick"]);

        Assert.Equal(4, result.ExitCode);
        Assert.Contains("the teacher says the same for all samples", result.Error);
    }

    [Fact]
    public void Run_FromAConstantTeacher_EndsWith4()
    {
        LinearTable(folder["teacher.onnx"], new float[Features * 2]);

        var result = Run();

        Assert.Equal(4, result.ExitCode);
        Assert.Contains("the teacher says the same for all samples", result.Error);
    }

    [Fact]
    public void Run_WithoutATestSet_ShowsHowCloselyTheStudentFollowsOnWhatItLearnedFrom()
    {
        string[] words = [.. Arguments.Where(word => word != "--test-samples" && word != folder["test.npy"])];

        var figures = Cli.Done(["run", "--quick", .. words]);
        var table = Cli.Done(["report", folder["runs/student"]]).Output;

        var closeness = Figures.Of(figures, "student").GetProperty("transfer");
        Assert.Equal(400, closeness.GetProperty("samples").GetInt32());
        Assert.InRange(closeness.GetProperty("agreement").GetDouble(), 0.9, 1);
        Assert.Contains("no test set (--test-samples): measured on 400 of the samples that were learned from", table);
        Assert.Contains(closeness.GetProperty("agreement").GetDouble().ToString("0.00 %", System.Globalization.CultureInfo.InvariantCulture), table);
        Assert.DoesNotContain("accuracy", table); // which nobody knows
    }

    private string[] Arguments =>
    [
        "--teacher", folder["teacher.onnx"], "--kind", "classes", "--samples", folder["train.npy"], "--test-samples", folder["test.npy"], "--runs", folder["runs"], "--threads", "1",
        "--json",
    ];

    private CliResult Run(params string[] more) => Cli.Run(["run", "--quick", .. Arguments, .. more]);

    /// <summary>Features of mean 100, 1e6, 0.01 and 5, of deviation 50, 3e4, 0.3, and 0.</summary>
    private void Write(string name, int count, int seed)
    {
        var random = new Random(seed);
        var values = new float[count * Features];
        for (var i = 0; i < count; i++)
        {
            values[i * Features] = 100 + 50 * Normal();
            values[i * Features + 1] = 1e6f + 3e4f * Normal();
            values[i * Features + 2] = 0.01f + 0.3f * Normal();
            values[i * Features + 3] = 5;
        }

        Npy.Write(folder[$"{name}.npy"], values, count, Features);

        float Normal() => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
    }

    /// <summary>Two classes, of x·W, with a bias that puts the border between them at the features' means.</summary>
    private static void LinearTable(string path, float[] weights)
    {
        var bias = -(100 * weights[0] + 1e6f * weights[2] + 0.01f * weights[4]);
        var graph = new Onnx.GraphProto
        {
            Name = "table",
            Input = { ValueInfo.Create("x", Core.Tensors.ElementType.Float32, "N", Features) },
            Output = { ValueInfo.Create("y", Core.Tensors.ElementType.Float32, "N", 2) },
            Initializer = { TensorData.Create("W", weights, Features, 2), TensorData.Create("b", [bias, -bias], 2) },
            Node = { new Onnx.NodeProto { OpType = "Gemm", Input = { "x", "W", "b" }, Output = { "y" } } },
        };
        OnnxModel.FromProto(new() { IrVersion = 8, Graph = graph, OpsetImport = { new Onnx.OperatorSetIdProto { Version = 17 } } }).Save(path);
    }
}
