using System.Text.Json;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.EndToEnd;

/// <summary>Models as people bring them that compute in other types than float32, are of newer files, or choose what they compute; and tables that teach them.</summary>
public sealed class FieldArithmeticTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Always the same answer agrees with 89 % of it.</summary>
    [Theory]
    [InlineData("qdq.onnx", true)]
    [InlineData("qlinear.onnx", true)]
    [InlineData("dynq.onnx", false)] // what it computes is not written as floats, and nothing can be compared
    [InlineData("blocked.onnx", false)]
    [InlineData("int4.onnx", false)]
    public void QuantisedTeacher_Teaches_AndWhatItsIntegersChangeIsTold(string teacher, bool isTold)
    {
        var run = Distil("quantised", teacher, "x.npy", epochs: 100, "--architecture", "mlp", "--widths", "32");

        Assert.InRange(Figure("agreement"), 0.9, 1);
        Assert.Equal(isTold, run.Error.Contains("computed in integers; from the float32 reading of its nodes it differs by at most"));
    }

    [Fact]
    public void QdqStudent_LearnsAndIsVerifiedWithinItsSteps()
    {
        var run = Distil("quantised", "qdq.onnx", "x.npy", epochs: 20, "--student", Repository.Field("quantised", "qdq.onnx"));

        Assert.InRange(Figure("agreement"), 0.97, 1);
        Assert.Contains("is allowed for, a step for each rounding", run.Output);
        Assert.Contains(OnnxModel.Load(StudentFile).Proto.Graph.Initializer, tensor => tensor.DataType == ElementType.Int8.ToDataType());
    }

    [Theory]
    [InlineData("qlinear.onnx", "QLinearMatMul")]
    [InlineData("dynq.onnx", "MatMulInteger")]
    [InlineData("blocked.onnx", "in blocks")]
    [InlineData("int4.onnx", "INT4")]
    public void QuantisedStudent_ThatIsNotTrained_IsRefusedByItsNode(string student, string expected)
    {
        var verdict = Verdict(Repository.Field("quantised", student));
        Assert.False(verdict.GetProperty("possible").GetBoolean());
        Assert.Contains(expected, verdict.GetProperty("reason").GetString());
    }

    [Fact]
    public void BFloat16_WhichOnnxRuntimeDoesNotCompute_IsRefusedAlikeByInspectAndRun()
    {
        var verdict = Verdict(Repository.Field("fp16", "bf16.onnx"));
        var error = Cli.Fails(3, Command("fp16", "fp16_keepio.onnx", "x.npy", 1, "--student", Repository.Field("fp16", "bf16.onnx")));

        Assert.False(verdict.GetProperty("possible").GetBoolean());
        foreach (var line in verdict.GetProperty("reason").GetString()!.Split('\n'))
            Assert.Contains(line.Trim(), error);
        Assert.Contains("Gemm", error);
        Assert.Contains("export the model in float32", error);
    }

    /// <summary>Its batch of one and its types stay; the fitted preprocessing is inside.</summary>
    [Fact]
    public void ConvolutionsOfFloat16_LearnAndAreExportedAsTheyCame()
    {
        Distil("fp16", "fp16_cnn.onnx", "img.npy", epochs: 30, "--student", Repository.Field("fp16", "fp16_cnn.onnx"), "--init", "fresh");

        var graph = OnnxModel.Load(StudentFile).Proto.Graph;
        Assert.All(graph.Input.Concat(graph.Output), value => Assert.Equal(ElementType.Float16.ToDataType(), value.DataTypeOf()));
        Assert.Equal("1, 3, 8, 8", string.Join(", ", graph.Input.Single().ShapeOf()!));
        Assert.True(File.Exists(Path.Combine(folder.Path, "run", "metrics.json")));
    }

    [Fact]
    public void TeacherOfFloat16_TeachesABuiltInStudentInItsPlace()
    {
        var run = Distil("fp16", "fp16_overflow.onnx", "x.npy", epochs: 20, "--architecture", "mlp", "--widths", "32");

        Assert.InRange(Figure("agreement"), 0.9, 1);
        Assert.Contains("same input, same output", run.Output);
        Assert.Equal(ElementType.Float16.ToDataType(), OnnxModel.Load(StudentFile).Proto.Graph.Input.Single().DataTypeOf());
    }

    [Fact]
    public void SamplesBeyondFloat16_AreRefusedWithTheFirst()
    {
        var error = Cli.Fails(2, Command("fp16", "fp16_overflow.onnx", "big.npy", 1, "--architecture", "mlp"));
        Assert.Contains("a number that an input of a model cannot", error);
        Assert.Contains("-65504 to 65504", error);
    }

    /// <summary>The condition is about the samples as they are: no preprocessing may come before it.</summary>
    [Fact]
    public void IfOfWhatASampleHolds_LearnsBothBranches()
    {
        File.WriteAllText(folder["if.yaml"], $$"""
            name: run
            data: { transfer: { samples: {{Repository.Field("loop-if-scan", "x.npy")}} }, test: { samples: {{Repository.Field("loop-if-scan", "x.npy")}} } }
            teachers: [{ model: {{Repository.Field("loop-if-scan", "if.onnx")}}, kind: values }]
            student: { model: {{Repository.Field("loop-if-scan", "if.onnx")}}, init: fresh, preprocessing: none }
            objective: [mse: {}]
            training: { epochs: 100, batch-size: 16, optimizer: { name: adam, learning-rate: 0.05 }, schedule: { name: cosine }, threads: 1 }
            """);
        var run = Cli.Done("run", folder["if.yaml"], "--runs", folder.Path);

        Assert.InRange(Figure("r_squared"), 0.99, 1);
        Assert.Contains("verified in ONNX Runtime", run.Output);
        var (before, after) = (BranchesOf(Repository.Field("loop-if-scan", "if.onnx")), BranchesOf(StudentFile));
        Assert.Equal(["Wa", "Wb"], after.Keys.Order());
        Assert.All(after, weight => Assert.NotEqual(before[weight.Key], weight.Value));

        static Dictionary<string, float[]> BranchesOf(string path) => OnnxModel.Load(path).Proto.Graph.Node.Single(node => node.OpType == "If").Attribute
            .SelectMany(attribute => attribute.G.Initializer).ToDictionary(tensor => tensor.Name, tensor => tensor.ToFloats());
    }

    [Fact]
    public void NewerIrVersionThatNothingUses_TeachesAndLearns()
    {
        var run = Distil("opset23", "mlp22_ir14.onnx", "x8.npy", epochs: 40, "--student", Repository.Field("opset23", "mlp22_ir14.onnx"), "--init", "fresh");

        Assert.InRange(Figure("agreement"), 0.9, 1);
        Assert.Contains("its IR version 14 is newer than ONNX Runtime reads", run.Error);
        Assert.Equal(IrVersions.Newest, OnnxModel.Load(StudentFile).Proto.IrVersion);
        Assert.Contains("IR version 14, which ONNX Runtime does not read, became 13", Cli.Done("inspect", Repository.Field("opset23", "mlp22_ir14.onnx")).Output);
    }

    /// <summary>A column without a name is the rows' names, which a teacher of four columns never saw.</summary>
    [Theory]
    [InlineData("t4.onnx", "header.csv")]
    [InlineData("t4.onnx", "index.csv")]
    [InlineData("t5.onnx", "header.csv")] // with the label as a feature, where no labels are named
    public void Table_TeachesByItsColumns(string teacher, string table)
    {
        var path = Path.Combine(Repository.Root, "tests", "Core.Tests", "TransferSets", "Tables", table);
        string[] labels = teacher == "t4.onnx" ? ["--labels", path, "--test-labels", path] : [];
        Cli.Done([
            "run", "--runs", folder.Path, "--name", "run", "--teacher", Repository.Field("csv", teacher), "--kind", "classes", "--samples", path, "--test-samples", path, .. labels,
            "--architecture", "mlp", "--widths", "32", "--epochs", "40", "--batch-size", "4", "--lr", "0.05", "--threads", "1"]);
        Assert.InRange(Figure("agreement"), 0.9, 1);
    }

    private CliResult Distil(string field, string teacher, string samples, int epochs, params string[] more) => Cli.Done(Command(field, teacher, samples, epochs, more));

    private string[] Command(string field, string teacher, string samples, int epochs, params string[] more) =>
    [
        "run", "--runs", folder.Path, "--name", "run", "--teacher", Repository.Field(field, teacher), "--kind", "classes", "--samples", Repository.Field(field, samples), "--test-samples",
        Repository.Field(field, samples), "--epochs", $"{epochs}", "--batch-size", "16", "--lr", "0.05", "--threads", "1", .. more,
    ];

    private string StudentFile => Path.Combine(folder.Path, "run", "student.onnx");

    private static JsonElement Verdict(string model) => JsonDocument.Parse(Cli.Done("inspect", model, "--json").Output).RootElement.GetProperty("student");

    private double Figure(string name)
    {
        using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.Path, "run", "metrics.json")));
        return metrics.RootElement.GetProperty("models").EnumerateArray().Single(model => model.GetProperty("role").GetString() == "student").GetProperty(name).GetDouble();
    }
}
