using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Tests.Support;

namespace OnnxKd.Pipeline.Tests.Stages;

/// <summary>A trained student in int8, and one that learns on from it.</summary>
[Collection(nameof(TinyProject))]
public sealed class QuantiseTests(TinyProject project) : IDisposable
{
    private const string Recipe = TinyProject.Data + """
        name: int8
        teachers: [ model: teacher.onnx ]
        capture: { threads: 1, batch-size: 50 }
        student: { architecture: mlp, widths: [8], preprocessing: { scale: 0.5 } }
        objective: [ soft: { temperature: 4 } ]
        training: { threads: 1, epochs: 20, batch-size: 20, optimizer: { learning-rate: 0.02 } }
        stages:
          float: { train: {} }
          rounded: { quantise: { model: { stage: float }, samples: 64 } }
          student: { train: { student: { stage: rounded, init: keep }, training: { epochs: 3, optimizer: { learning-rate: 0.002 } } } }
        """;

    private readonly TemporaryFolder runs = new();

    [Fact]
    public void Run_FromARoundedModel_TrainsAnInt8Student()
    {
        var result = Cli.Done("run", project.Recipe(Recipe), "--runs", runs.Path, "--json");

        var (before, rounded, student) = (Load("float"), Load("rounded"), Load("student"));
        Assert.DoesNotContain(before.Proto.Graph.Node, node => node.OpType == "QuantizeLinear");
        foreach (var model in new[] { rounded, student })
        {
            Assert.Contains(model.Proto.Graph.Node, node => node.OpType == "QuantizeLinear");
            Assert.Equal(2, model.Proto.Graph.Initializer.Count(tensor => tensor.DataType == (int)Onnx.TensorProto.Types.DataType.Int8 && tensor.Dims.Count == 2));
        }
        Assert.Equal("int8", rounded.GetMetadata("onnxkd.quantised"));
        Assert.Null(before.GetMetadata("onnxkd.quantised"));
        // Each weight of the rounded file is within half a step of the float one's; training moved some by more.
        Assert.All(Steps(before, rounded), step => Assert.InRange(step, 0, 0.5001));
        Assert.Contains(Steps(rounded, student), step => step > 0.9);
        // The student still sees what its first weights were trained with.
        Assert.All(new[] { before, rounded, student }, model => Assert.Equal(
            before.GetMetadata("onnxkd.preprocessing_inside") ?? before.GetMetadata("onnxkd.preprocessing"),
            model.GetMetadata("onnxkd.preprocessing_inside") ?? model.GetMetadata("onnxkd.preprocessing")));
        Assert.All(new[] { "float", "rounded", "student" }, role => Assert.Equal(1, Figures.Of(result, role).GetProperty("parity").GetProperty("top1_agreement").GetDouble()));
        Assert.InRange(Figures.Of(result, "student").GetProperty("errors").GetInt32(), 0, 9);
        Assert.Contains("quantise-rounded: reused", Cli.Done("run", project.Recipe(Recipe), "--runs", runs.Path).Error);
    }

    [Theory]
    [InlineData("model: { stage: float }, samples: 64", "model: teacher.onnx", "{ stage: NAME }")]
    [InlineData("model: { stage: float }, samples: 64", "model: { stage: flaot }", "did you mean 'float'")]
    [InlineData("samples: 64", "samples: 0", "a whole number from 1 on")]
    [InlineData("samples: 64", "sample: 64", "did you mean 'samples'")]
    [InlineData("rounded: { quantise: { model: { stage: float }, samples: 64 } }", "rounded: { quantise: { model: { stage: logits } } }", "The model is not trained.")]
    public void Run_OfWhatCannotBeQuantised_IsRefused(string written, string instead, string message) => Assert.Contains(
        message, Cli.Fails(2, "run", project.Recipe(Recipe.Replace("stages:\n", "stages:\n  logits: { capture: {} }\n").Replace(written, instead)), "--runs", runs.Path));

    [Fact]
    public void Run_OfARoundedModelAgain_SaysThatItIs() => Assert.Contains(
        "quantised already", Cli.Fails(2, "run", project.Recipe(Recipe + "\n  twice: { quantise: { model: { stage: rounded } } }"), "--runs", runs.Path));

    public void Dispose() => runs.Dispose();

    private OnnxModel Load(string role) => OnnxModel.Load(runs[$"int8/{role}.onnx"]);

    /// <summary>How far each weight of two models is apart, in steps of the second one's scales.</summary>
    private static IEnumerable<double> Steps(OnnxModel model, OnnxModel quantised)
    {
        var (own, theirs) = (Weights(model), Weights(quantised));
        Assert.Equal(own.Count, theirs.Count);
        return own.Zip(theirs).SelectMany(pair => pair.First.Values.Zip(pair.Second.Values, (a, b) => Math.Abs((double)a - b)).Select((difference, i) => difference / pair.Second.Scale(i)));
    }

    /// <summary>The matrices of a model in the order of its products, [K, N] or as stored, with the step of each value.</summary>
    private static List<(float[] Values, Func<int, double> Scale)> Weights(OnnxModel model)
    {
        var tensors = model.Proto.Graph.Initializer.ToDictionary(tensor => tensor.Name);
        var makers = model.Proto.Graph.Node.SelectMany(node => node.Output.Select(output => (output, node))).ToDictionary(pair => pair.output, pair => pair.node);
        return
        [
            .. model.Proto.Graph.Node.Where(node => node.OpType is "Gemm" or "MatMul").Select(node =>
            {
                if (tensors.TryGetValue(node.Input[1], out var plain))
                    return (plain.ToFloats(), (Func<int, double>)(_ => 1));
                var dequantize = makers[node.Input[1]];
                var (codes, scale) = (tensors[dequantize.Input[0]], tensors[dequantize.Input[1]].ToFloats());
                var axis = (int)dequantize.Attribute.Single(attribute => attribute.Name == "axis").I;
                double StepOf(int i) => scale[axis == 0 ? i / (int)codes.Dims[1] : i % (int)codes.Dims[1]];
                return (codes.RawData.ToByteArray().Select((code, i) => (float)((sbyte)code * StepOf(i))).ToArray(), StepOf);
            }),
        ];
    }
}
