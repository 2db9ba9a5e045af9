using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Pipeline.Tests.Support;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxKd.Pipeline.Tests.Stages;

/// <summary>
/// Teachers as people have them, and what <c>run</c> makes of each with an architecture and nothing else. The session here is written for the teacher; it runs
/// the student too, and the run's agreement is worked out again from what it reads.
/// </summary>
public sealed class StandInTests : IDisposable
{
    private const int Count = 120;
    private const int Side = 4;

    private readonly TemporaryFolder folder = new();
    private readonly byte[] pixels = new byte[Count * Side * Side];

    public StandInTests()
    {
        new Random(1).NextBytes(pixels);
        Npy.Write(folder["x.npy"], Array.ConvertAll(pixels, value => (float)value), Count, Side, Side);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Run_OfATeacherOfBytesAndProbabilities_GivesAStudentOfTheSame()
    {
        Teacher(ElementType.UInt8, [1, Side, Side], "probs", 3, ("Softmax", "probs"));

        var student = Distil();

        var (own, taught) = (Answers<byte, float>("student", pixels, [Count, 1, Side, Side], "probs", [Count, 3]), Answers<byte, float>("teacher", pixels, [Count, 1, Side, Side], "probs", [Count, 3]));
        Assert.All(own.Chunk(3), row => Assert.Equal(1, row.Sum(), 1e-5));
        RequireAgreement(student, own, taught, 3);
        Assert.Contains("runs in a session that was written for teacher.onnx", student.Output);
    }

    [Fact]
    public void Run_OfATeacherInDoubleWithOneColumn_GivesAStudentOfTheSame()
    {
        Teacher(ElementType.Float64, [Side * Side], "p", 1, ("Sigmoid", "column"), ("Cast", "wide"), ("Squeeze", "p"));

        var student = Distil("--kind", "classes");

        var samples = Array.ConvertAll(pixels, value => (double)value);
        var (own, taught) = (Answers<double, double>("student", samples, [Count, Side * Side], "p", [Count]), Answers<double, double>("teacher", samples, [Count, Side * Side], "p", [Count]));
        Assert.All(own, p => Assert.InRange(p, 0, 1));
        RequireAgreement(student, [.. own.SelectMany(Pair)], [.. taught.SelectMany(Pair)], 2);

        static float[] Pair(double p) => [(float)(1 - p), (float)p];
    }

    [Fact]
    public void Run_OfATeacherThatIsPreparedOtherwise_GivesAStudentThatTakesWhatTheTeacherTakes()
    {
        Teacher(ElementType.Float32, [Side, Side], "y", 3);
        folder.Write("prepared.yaml", """
            data: { transfer: { samples: x.npy }, test: { samples: x.npy } }
            teachers: [ { model: teacher.onnx, kind: classes, preprocessing: { scale: 1/255, mean: 0.5 } } ]
            student: { architecture: mlp, widths: [8], preprocessing: { mean: 128, std: 64 } }
            objective: [ soft: { temperature: 2, weight: 1 } ]
            training: { threads: 1, epochs: 30, batch-size: 32, optimizer: { learning-rate: 0.05 } }
            """);

        var student = Cli.Done("run", folder["prepared.yaml"], "--name", "run", "--runs", folder["runs"], "--json");

        var prepared = Array.ConvertAll(pixels, value => value / 255f - 0.5f);
        RequireAgreement(
            student, Answers<float, float>("student", prepared, [Count, Side, Side], "y", [Count, 3]), Answers<float, float>("teacher", prepared, [Count, Side, Side], "y", [Count, 3]), 3);
    }

    /// <summary>The class of the highest score as a number of the teacher's own list, as a text, and where the scores are one column.</summary>
    /// <summary>The softmax is over the last axis of [N, 1, 3], where the student's logits are [N, 3].</summary>
    [Fact]
    public void Run_OfATeacherWithAnAxisOfOneBeforeItsClasses_GivesAStudentOfTheSame()
    {
        Teacher(ElementType.UInt8, [1, Side, Side], "probs", 3, ("Unsqueeze", "wide"), ("Softmax", "probs"));

        var student = Distil();

        RequireAgreement(
            student, Answers<byte, float>("student", pixels, [Count, 1, Side, Side], "probs", [Count, 1, 3]),
            Answers<byte, float>("teacher", pixels, [Count, 1, Side, Side], "probs", [Count, 1, 3]), 3);
        Cli.Done("evaluate", "--model", folder["runs/run/student.onnx"], "--samples", folder["x.npy"]);
    }

    /// <summary>What is rounded to whole numbers is learned before it is, and the student does not claim to be rounded.</summary>
    [Fact]
    public void Run_OfATeacherOfRoundedValues_GivesThemUnrounded()
    {
        Teacher(ElementType.UInt8, [1, Side, Side], "y", 1);
        var proto = OnnxModel.Load(folder["teacher.onnx"]).Proto;
        proto.Graph.Node.Add(new NodeProto { OpType = "Cast", Input = { "y" }, Output = { "stars" }, Attribute = { To(ElementType.Int64) } });
        proto.Graph.Output[0] = new ValueInfoProto { Name = "stars", Type = new() { TensorType = new() { ElemType = ElementType.Int64.ToDataType() } } };
        OnnxModel.FromProto(proto).Save(folder["teacher.onnx"]);

        var student = Distil("--set", "teachers=[{ model: " + folder["teacher.onnx"] + ", output: stars, kind: values }]");

        Assert.Contains("student.onnx keeps its own output: it does not give what teacher.onnx gives", student.Error);
        Assert.NotEqual("stars", OnnxModel.Load(folder["runs/run/student.onnx"]).Proto.Graph.Output.Single().Name);
    }

    [Theory]
    [InlineData("numbers")]
    [InlineData("texts")]
    [InlineData("places")]
    public void Run_OfATeacherThatNamesTheClass_GivesAStudentThatDoes(string sort)
    {
        Teacher(ElementType.UInt8, [1, Side, Side], "probs", 3, ("Softmax", "probs"));
        AddLabel(sort);

        var student = Distil();

        Assert.Equal(["label", "probs"], OnnxModel.Load(folder["runs/run/student.onnx"]).Proto.Graph.Output.Select(output => output.Name));
        var (own, taught) = (Labels("runs/run/student.onnx"), Labels("teacher.onnx"));
        var probabilities = Answers<byte, float>("student", pixels, [Count, 1, Side, Side], "probs", [Count, 3]);
        string[] classes = sort switch { "numbers" => ["30", "10", "20"], "texts" => ["cat", "ant", "dog"], _ => ["0", "1", "2"] };
        Assert.Equal(probabilities.Chunk(3).Select(row => classes[Array.IndexOf(row, row.Max())]), own);
        Assert.InRange(own.Zip(taught, (a, b) => a == b ? 1.0 : 0).Average(), 0.8, 1);
        Assert.Contains("output 'label': the class of the highest score, checked in ONNX Runtime", student.Output);
        Assert.Contains("same input, same output", student.Output);
        Cli.Done("verify", "--model", folder["runs/run/student.onnx"], "--samples", folder["x.npy"]);
    }

    /// <summary>A student takes the size that it learned from.</summary>
    [Fact]
    public void Run_OfATeacherOfAnySize_SaysWhichSizeTheStudentTakes()
    {
        Teacher(ElementType.UInt8, [1, Side, Side], "probs", 3, ("Softmax", "probs"));
        var proto = OnnxModel.Load(folder["teacher.onnx"]).Proto;
        var input = proto.Graph.Input[0];
        input.Type.TensorType.Shape.Dim[2] = new() { DimParam = "height" };
        OnnxModel.FromProto(proto).Save(folder["teacher.onnx"]);

        var student = Distil();

        Assert.Contains($"same input, same output; it takes {input.Name} [N, 1, {Side}, {Side}] alone, where the teacher takes other sizes too", student.Output);
    }

    /// <summary>Teachers that say which class it is and nothing else: the student says it in the same type and shape, and its scores besides.</summary>
    [Theory]
    [InlineData("numbers")]
    [InlineData("texts")]
    [InlineData("places")]
    [InlineData("kept")] // [N, 1]
    [InlineData("bytes")] // uint8
    [InlineData("floats")] // whole numbers
    public void Run_OfATeacherThatOnlyDecides_GivesAStudentThatDecides(string sort)
    {
        Teacher(ElementType.UInt8, [1, Side, Side], "probs", 3, ("Softmax", "probs"));
        AddLabel(sort is "numbers" or "texts" ? sort : "places");
        var proto = OnnxModel.Load(folder["teacher.onnx"]).Proto;
        proto.Graph.Output.RemoveAt(1);
        var (choice, label) = (proto.Graph.Node.Single(node => node.OpType == "ArgMax"), proto.Graph.Output[0]);
        if (sort == "kept")
            choice.Attribute.Single(attribute => attribute.Name == "keepdims").I = 1;
        if (sort is "bytes" or "floats")
        {
            var type = sort == "bytes" ? ElementType.UInt8 : ElementType.Float32;
            choice.Output[0] = "top";
            proto.Graph.Node.Add(new NodeProto { OpType = "Cast", Input = { "top" }, Output = { "label" }, Attribute = { To(type) } });
            label.Type.TensorType.ElemType = type.ToDataType();
        }
        OnnxModel.FromProto(proto).Save(folder["teacher.onnx"]);

        var student = Distil();

        Assert.Equal(["label", "logits"], OnnxModel.Load(folder["runs/run/student.onnx"]).Proto.Graph.Output.Select(output => output.Name));
        var (own, taught) = (Decisions("runs/run/student.onnx"), Decisions("teacher.onnx"));
        Assert.Equal((taught.Type, taught.Shape), (own.Type, own.Shape));
        Assert.InRange(own.Values.Zip(taught.Values, (a, b) => a == b ? 1.0 : 0).Average(), 0.8, 1);
        Assert.Contains("same input, same output", student.Output);
        Assert.DoesNotContain("keeps its own output", student.Error);
        Cli.Done("verify", "--model", folder["runs/run/student.onnx"], "--samples", folder["x.npy"]);
    }

    /// <summary>Places of the highest and the second highest score: told to be missing.</summary>
    [Fact]
    public void Run_OfATeacherOfSeveralPlaces_NamesWhatTheStudentLacks()
    {
        Teacher(ElementType.UInt8, [1, Side, Side], "probs", 3, ("Softmax", "probs"));
        var proto = OnnxModel.Load(folder["teacher.onnx"]).Proto;
        proto.Graph.Initializer.Add(TensorData.Create("k", [2L], 1));
        proto.Graph.Node.Add(new NodeProto { OpType = "TopK", Input = { "probs", "k" }, Output = { "best", "label" } });
        proto.Graph.Output[0].Name = "best";
        proto.Graph.Output.Add(new ValueInfoProto { Name = "label", Type = new() { TensorType = new() { ElemType = ElementType.Int64.ToDataType() } } });
        OnnxModel.FromProto(proto).Save(folder["teacher.onnx"]);

        var student = Distil();

        Assert.Contains("'best' of teacher.onnx is no output that student.onnx will have", student.Error);
        Assert.Contains("'label' of teacher.onnx is no output that student.onnx will have", student.Error);
    }

    private (string Type, string Shape, string[] Values) Decisions(string file)
    {
        using var session = new InferenceSession(folder[file]);
        using var fed = OrtValue.CreateTensorValueFromMemory(pixels, [Count, 1, Side, Side]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["in"], [fed], ["label"]);
        var (value, info) = (results[0], results[0].GetTensorTypeAndShape());
        return ($"{info.ElementDataType}", string.Join(",", info.Shape), $"{info.ElementDataType}" switch
        {
            "String" => value.GetStringTensorAsArray(),
            "UInt8" => [.. value.GetTensorDataAsSpan<byte>().ToArray().Select(label => $"{label}")],
            "Float" => [.. value.GetTensorDataAsSpan<float>().ToArray().Select(label => $"{label}")],
            _ => [.. value.GetTensorDataAsSpan<long>().ToArray().Select(label => $"{label}")],
        });
    }

    /// <summary>An output that is no class of what is learned: said before any work, and again with the figures.</summary>
    [Theory]
    [InlineData("reversed")] // the class of the lowest score
    [InlineData("flat")] // floats that nobody learns
    public void Run_OfATeacherWithAnOutputThatTheStudentLacks_NamesIt(string sort)
    {
        Teacher(ElementType.UInt8, [1, Side, Side], "probs", 3, ("Softmax", "probs"));
        AddLabel(sort);

        var run = Distil("--set", "teachers=[{ model: " + folder["teacher.onnx"] + ", output: probs }]");

        var said = run.Error.IndexOf("'label' of teacher.onnx is no output that student.onnx will have", StringComparison.Ordinal);
        Assert.InRange(said, 0, run.Error.IndexOf("cache: started", StringComparison.Ordinal));
        Assert.Contains("runs in a session that was written for teacher.onnx and does not ask for output 'label', which it does not have", run.Output);
        Assert.DoesNotContain("same output", run.Output);
    }

    private string[] Labels(string file)
    {
        using var session = new InferenceSession(folder[file]);
        using var fed = OrtValue.CreateTensorValueFromMemory(pixels, [Count, 1, Side, Side]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["in"], [fed], ["label"]);
        Assert.Equal([Count], results[0].GetTensorTypeAndShape().Shape);
        return session.OutputMetadata["label"].IsString ? results[0].GetStringTensorAsArray() : [.. results[0].GetTensorDataAsSpan<long>().ToArray().Select(label => $"{label}")];
    }

    /// <summary>Adds an output in front of the teacher's own.</summary>
    private void AddLabel(string sort)
    {
        var proto = OnnxModel.Load(folder["teacher.onnx"]).Proto;
        var (graph, label) = (proto.Graph, new ValueInfoProto { Name = "label", Type = new() { TensorType = new() { ElemType = ElementType.Int64.ToDataType() } } });
        graph.Output.Insert(0, label);
        if (sort == "flat")
        {
            label.Type.TensorType.ElemType = ElementType.Float32.ToDataType();
            graph.Node.Add(new NodeProto { OpType = "Identity", Input = { "flat" }, Output = { "label" } });
        }
        else
        {
            graph.Node.Add(new NodeProto
            {
                OpType = sort == "reversed" ? "ArgMin" : "ArgMax", Input = { "probs" }, Output = { sort is "numbers" or "texts" ? "top" : "label" },
                Attribute = { new AttributeProto { Name = "axis", Type = AttributeType.Int, I = 1 }, new AttributeProto { Name = "keepdims", Type = AttributeType.Int, I = 0 } },
            });
        }

        if (sort is "numbers" or "texts")
        {
            graph.Initializer.Add(sort == "numbers" ? TensorData.Create("classes", [30L, 10, 20], 3) : new TensorProto
            {
                Name = "classes", DataType = (int)TensorProto.Types.DataType.String, Dims = { 3 },
                StringData = { new[] { "cat", "ant", "dog" }.Select(Google.Protobuf.ByteString.CopyFromUtf8) },
            });
            graph.Node.Add(new NodeProto { OpType = "Gather", Input = { "classes", "top" }, Output = { "label" } });
            if (sort == "texts")
                label.Type.TensorType.ElemType = (int)TensorProto.Types.DataType.String;
        }

        OnnxModel.FromProto(proto).Save(folder["teacher.onnx"]);
    }

    [Fact]
    public void Run_WithItsOwnInterface_ExportsWhatWasTrained()
    {
        Teacher(ElementType.UInt8, [1, Side, Side], "probs", 3, ("Softmax", "probs"));

        var student = Distil("--set", "export.interface=own");

        Assert.Equal("logits", OnnxModel.Load(folder["runs/run/student.onnx"]).Proto.Graph.Output.Single().Name);
        Assert.DoesNotContain("stands_in_for", student.Output);
    }

    private CliResult Distil(params string[] more) => Cli.Done(
    [
        "run", "--name", "run", "--runs", folder["runs"], "--teacher", folder["teacher.onnx"], "--samples", folder["x.npy"], "--test-samples", folder["x.npy"], "--architecture",
        "mlp", "--widths", "8", "--epochs", "30", "--lr", "0.05", "--threads", "1", .. more, .. more.Contains("--kind") ? new[] { "--json" } : [],
    ]);

    private void RequireAgreement(CliResult run, float[] own, float[] taught, int columns)
    {
        static int Top(float[] row) => Array.IndexOf(row, row.Max());
        var agreement = own.Chunk(columns).Zip(taught.Chunk(columns), (a, b) => Top(a) == Top(b) ? 1.0 : 0).Average();
        using var metrics = System.Text.Json.JsonDocument.Parse(File.ReadAllText(folder["runs/run/metrics.json"]));
        var figures = Figures.Of(metrics.RootElement, "student");
        Assert.Equal(agreement, figures.GetProperty("agreement").GetDouble(), 6);
        Assert.Equal("teacher.onnx", figures.GetProperty("parity").GetProperty("stands_in_for").GetString());
        Assert.Equal(0, run.ExitCode);
    }

    private TOut[] Answers<TIn, TOut>(string name, TIn[] samples, long[] shape, string output, long[] expected)
        where TIn : unmanaged
        where TOut : unmanaged
    {
        using var session = new InferenceSession(name == "teacher" ? folder["teacher.onnx"] : folder[$"runs/run/{name}.onnx"]);
        using var fed = OrtValue.CreateTensorValueFromMemory(samples, shape);
        using var options = new RunOptions();
        using var results = session.Run(options, ["in"], [fed], [output]);
        Assert.Equal(expected, results[0].GetTensorTypeAndShape().Shape);
        return results[0].GetTensorDataAsSpan<TOut>().ToArray();
    }

    /// <summary>Casts to float, flattens, centres, multiplies with random weights, and adds what is asked for.</summary>
    private void Teacher(ElementType type, long[] sample, string output, int columns, params (string Operation, string Output)[] last)
    {
        var (centre, size) = type == ElementType.Float32 ? (0, 10) : (127.5f, 0.05f);
        var random = new Random(2);
        var wide = type == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32;
        var graph = new GraphProto
        {
            Name = "teacher",
            Input = { ValueInfo.Create("in", type, ["N", .. sample.Select(size => (Dim)size)]) },
            Output = { new ValueInfoProto { Name = output, Type = new() { TensorType = new() { ElemType = wide.ToDataType() } } } },
            Initializer =
            {
                TensorData.Create("half", [centre]), TensorData.Create("axes", [1L], 1),
                TensorData.Create("W", [.. Enumerable.Range(0, Side * Side * columns).Select(_ => (random.NextSingle() - 0.5f) * size)], Side * Side, columns),
            },
            Node =
            {
                new NodeProto { OpType = "Cast", Input = { "in" }, Output = { "float" }, Attribute = { To(ElementType.Float32) } },
                new NodeProto { OpType = "Flatten", Input = { "float" }, Output = { "flat" } },
                new NodeProto { OpType = "Sub", Input = { "flat", "half" }, Output = { "centred" } },
                new NodeProto { OpType = "MatMul", Input = { "centred", "W" }, Output = { last.Length == 0 ? output : "z" } },
            },
        };
        var previous = "z";
        foreach (var (operation, name) in last)
        {
            var node = new NodeProto { OpType = operation, Input = { previous }, Output = { name } };
            if (operation == "Cast")
                node.Attribute.Add(To(ElementType.Float64));
            if (operation is "Squeeze" or "Unsqueeze")
                node.Input.Add("axes");
            graph.Node.Add(node);
            previous = name;
        }

        OnnxModel.FromProto(new() { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 17 } } }).Save(folder["teacher.onnx"]);
    }

    private static AttributeProto To(ElementType type) => new() { Name = "to", Type = AttributeType.Int, I = type.ToDataType() };
}
