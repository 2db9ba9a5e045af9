using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Export;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Tests.Support;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Export;

public class InputPreprocessingTests
{
    private static readonly int[] Sample = [2, 2, 2];

    /// <summary>The input that a model declares for samples [2, 2, 2], and the axis of the channels.</summary>
    public static TheoryData<long[], int> Inputs => new()
    {
        { [2, 2, 2], 0 }, { [2, 2, 2], 1 }, { [2, 2, 2], 2 }, { [1, 2, 2, 2], 1 }, { [2, 1, 2, 2], 2 }, { [8], 0 }, { [8], 1 }, { [8], 2 },
    };

    [Theory]
    [MemberData(nameof(Inputs))]
    public void PutInside_GivesWhatTheModelGivesForPreprocessedSamples(long[] input, int axis)
    {
        float[] raw = [100, 110, 120, 130, 140, 150, 160, 170];
        var preprocessing = new Preprocessing { Scale = 0.5, Mean = [60, 80], Std = [10, 20], ChannelAxis = axis };
        int[] strides = [4, 2, 1];
        var expected = raw.Select((value, i) => i / strides[axis] % 2 == 0 ? (value * 0.5 - 60) / 10 : (value * 0.5 - 80) / 20).ToArray();

        var made = InputPreprocessing.PutInside(Flattening(17, input), preprocessing, Sample);

        var given = Run(made, raw);
        Assert.All(expected.Zip(given), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0.5)]
    public void PutInside_WithFillers_GivesThemInPlaceOfMissingValues(double scale, double mean)
    {
        var model = new NodeModel(17, "N", 8).Node("Identity", "x", "y").Build();

        var made = InputPreprocessing.PutInside(model, new() { Scale = scale, Mean = [mean] }, [8], [7, float.NaN, 9, -1, 0, 0, 0, 0]);

        Assert.Equal(
            new[] { 7, 2, 3, -1, 4, 5, 6, 0 }.Select(value => (float)(value * scale - mean)), Run(made, [float.NaN, 2, 3, float.NaN, 4, 5, 6, float.NaN]));
    }

    /// <summary>Worked out by hand, in ONNX Runtime and in the trainer, of every input type that samples are fed to.</summary>
    [Theory]
    [InlineData(ElementType.Float32, 1e-6)]
    [InlineData(ElementType.Float64, 1e-6)]
    [InlineData(ElementType.Float16, 3e-3)]
    public void PutInside_WithLogarithmsOfSomeChannels_GivesThemAndTheOthers(ElementType type, double tolerance)
    {
        float[] raw = [-1000, 0, 3, 5, 20_000, 1, 2, 4];
        var model = new NodeModel(17, "N", 8).Node("Identity", "x", "y").Build();
        foreach (var value in model.Proto.Graph.Input.Concat(model.Proto.Graph.Output))
            value.Type.TensorType.ElemType = type.ToDataType();
        var preprocessing = new Preprocessing { Scale = 2, Log = new() { Centre = [1], Unit = [4, 0, 4, 0, 4, 0, 4, 0] }, Mean = [0.5], Std = [3] };
        var expected = raw.Select((value, i) => i % 2 == 1 ? (value * 2 - 0.5) / 3
            : (Math.Sign(value * 2 - 1) * Math.Log(1 + Math.Abs(value * 2 - 1) / 4) - 0.5) / 3).ToArray();

        var made = InputPreprocessing.PutInside(model, preprocessing, [8]);

        using var session = Oracle.Session(made);
        using var results = session.Run([type switch
        {
            ElementType.Float64 => NamedOnnxValue.CreateFromTensor("x", new DenseTensor<double>(Array.ConvertAll(raw, value => (double)value), [1, 8])),
            ElementType.Float16 => NamedOnnxValue.CreateFromTensor("x", new DenseTensor<Float16>(Array.ConvertAll(raw, value => (Float16)value), [1, 8])),
            _ => NamedOnnxValue.CreateFromTensor("x", new DenseTensor<float>(raw, [1, 8])),
        }]);
        var given = results[0].Value switch
        {
            Tensor<double> wide => wide.ToArray(),
            Tensor<Float16> narrow => [.. narrow.Select(value => (double)value.ToFloat())],
            var values => ((Tensor<float>)values).Select(value => (double)value).ToArray(),
        };
        Assert.All(expected.Zip(given), pair => Assert.Equal(pair.First, pair.Second, tolerance));
        if (type == ElementType.Float32)
            Assert.All(expected.Zip(Run(made, raw)), pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }

    [Fact]
    public void PutInside_WithNamesThatAreTaken_ChoosesOthers()
    {
        var model = InputPreprocessing.PutInside(Flattening(17, [8]), new() { Mean = [1] }, [8]);

        var twice = InputPreprocessing.PutInside(model, new() { Scale = 2 }, [8]);

        Assert.Equal([1.0f, 3, 5, 7, 9, 11, 13, 15], Run(twice, [1, 2, 3, 4, 5, 6, 7, 8]));
    }

    /// <summary>Bytes are exact in float16, and what they become is rounded once.</summary>
    [Fact]
    public void PutInside_OfFloat16_ComputesInFloat32()
    {
        var model = new NodeModel(17, "N", 8).Node("Identity", "x", "y").Build();
        foreach (var value in model.Proto.Graph.Input.Concat(model.Proto.Graph.Output))
            value.Type.TensorType.ElemType = ElementType.Float16.ToDataType();
        float[] raw = [0, 1, 2, 100, 101, 254, 255, 3];

        var made = InputPreprocessing.PutInside(model, new() { Mean = [127.50483f], Std = [73.85552f] }, [8]);

        using var session = Oracle.Session(made);
        var given = new DenseTensor<Float16>(Array.ConvertAll(raw, value => (Float16)value), [1, 8]);
        using var results = session.Run([NamedOnnxValue.CreateFromTensor("x", given)]);
        Assert.Equal(raw.Select(value => (float)(Half)((value - 127.50483f) / 73.85552f)), results[0].AsTensor<Float16>().Select(value => value.ToFloat()), (a, b) => Math.Abs(a - b) < 1e-3);
    }

    [Fact]
    public void PutInside_IsNotLearned()
    {
        var model = new NodeModel(17, "N", 8).Floats("w", new float[16], 8, 2).Node("MatMul", "x w", "y").Build();

        var made = InputPreprocessing.PutInside(model, new() { Log = new() { Unit = [1, 2, 3, 0, 1, 1, 1, 1] }, Mean = [1, 2, 3, 4, 5, 6, 7, 8], Std = [2] }, [8]);

        var graph = StudentGraph.Import(made);
        Assert.Equal(["w"], graph.Compile(graph.FindLogits()).Plan.Where(weight => weight.Role == WeightRole.Parameter).Select(weight => weight.Name));
    }

    [Theory]
    [InlineData(6, false)]
    [InlineData(8, true)]
    public void PutInside_OfAnOldOperatorSet_IsRefused(int opset, bool logarithms)
    {
        var error = Assert.Throws<UnsupportedModelException>(
            () => InputPreprocessing.PutInside(Flattening(opset, [8]), new() { Scale = 2, Log = logarithms ? new() : null }, [8]));

        Assert.Contains("outside", error.Message);
    }

    private static OnnxModel Flattening(int opset, long[] input) =>
        new NodeModel(opset, ["N", .. input.Select(size => (Dim)size)]).Node("Flatten", "x", "y").Build();

    private static float[] Run(OnnxModel model, float[] raw)
    {
        using var scope = NewDisposeScope();
        var graph = StudentGraph.Import(model);
        var program = graph.Compile("y");
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: false);
        return program.Run(weights, tensor(raw, [1, .. graph.Input.Fit(raw.Length == 8 && graph.Input.Dims!.Count == 1 ? [8] : Sample)]), training: false)[0]
            .data<float>().ToArray();
    }
}
