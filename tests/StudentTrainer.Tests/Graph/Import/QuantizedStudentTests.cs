using System.Runtime.InteropServices;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Tests.Support;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

/// <summary>A student with int8 weights per channel, int32 biases and quantised activations, as ONNX Runtime's quantiser writes.</summary>
public class QuantizedStudentTests
{
    private const int Filters = 6;
    private const int Units = 4;
    private const float InputStep = 2f / 255;
    private const float HiddenStep = 6f / 255;
    private const float OutputStep = 12f / 255;

    private static readonly long[] Shape = [32, 2, 6, 6];

    [Fact]
    public void Export_OfUntrainedStudent_IsTheSameFile()
    {
        var model = Build(1);
        Assert.Equal(model.ToBytes(), Exports.WithoutTraining(model).ToBytes());
    }

    /// <summary>float32 does not hold every int32: what did not change must not be rounded.</summary>
    [Fact]
    public void Export_OfLargeBiasThatDidNotChange_KeepsIt()
    {
        var model = Build(1);
        var bias = model.Proto.Graph.Initializer.Single(tensor => tensor.Name == "bias1");
        bias.Set(ElementType.Int32, MemoryMarshal.AsBytes([2_000_000_001, -1_999_999_999, 123_456_789, 1, 2, 3]));
        Assert.Equal(model.ToBytes(), Exports.WithoutTraining(model).ToBytes());
    }

    [Theory]
    [InlineData(Initialisation.Keep)]
    [InlineData(Initialisation.Fresh)]
    public void Training_OfQuantizedStudent_ShipsIntegersThatOnnxRuntimeRunsAlike(Initialisation start)
    {
        var model = Build(1);
        using var scope = NewDisposeScope();
        var samples = tensor(Numbers.Uniform(3, (int)Shape.Aggregate(1L, (product, size) => product * size)), Shape);
        var targets = Distillation.Logits(Build(2), samples);
        using var student = new Distillation(model, new() { Initialisation = start, Seed = 1 }, samples, targets, learningRate: 5e-3);
        Assert.Empty(student.WithoutGradient(16));
        var before = student.Measure();
        student.Train(60, 16);
        Assert.InRange(student.Measure(), 0, before / 2);

        var shipped = student.Export();
        Assert.Equal(model.Proto.Graph.Node, shipped.Proto.Graph.Node);
        foreach (var (old, trained) in model.Proto.Graph.Initializer.Zip(shipped.Proto.Graph.Initializer))
        {
            Assert.Equal((old.Name, old.DataType), (trained.Name, trained.DataType));
            Assert.Equal(old.Name is "kernel" or "bias1" or "matrix" or "bias2", !old.Equals(trained));
        }
        var (expected, _) = Oracle.OnnxRuntime(shipped, samples.data<float>().ToArray(), Shape);
        // Sums that lie halfway between two codes may be rounded to either.
        var actual = student.Output(samples);
        Near.Equal(expected, actual, OutputStep * 1.01, "logits");
        Assert.InRange(expected.Zip(actual).Count(pair => Math.Abs(pair.First - pair.Second) > OutputStep / 2), 0, expected.Length / 20);
    }

    /// <summary>Conv, Relu, mean, Gemm; each float tensor between them is quantised.</summary>
    private static OnnxModel Build(int seed)
    {
        var kernel = Numbers.Uniform(seed, Filters * 2 * 9, -0.5, 0.5);
        var matrix = Numbers.Uniform(seed + 10, Units * Filters, -1.5, 1.5);
        var (kernelScales, kernelCodes) = PerChannel(kernel, Filters);
        var (matrixScales, matrixCodes) = PerChannel(matrix, Units);
        var model = new NodeModel(13, "N", 2, 6, 6)
            .Tensor(TensorData.Create("kernel", ElementType.Int8, kernelCodes, Filters, 2, 3, 3))
            .Floats("kernel_scale", kernelScales, Filters)
            .Tensor(TensorData.Create("kernel_zero", ElementType.Int8, new byte[Filters], Filters))
            .Tensor(Bias("bias1", Numbers.Uniform(seed + 20, Filters), kernelScales, InputStep))
            .Floats("bias1_scale", Array.ConvertAll(kernelScales, scale => scale * InputStep), Filters)
            .Tensor(TensorData.Create("matrix", ElementType.Int8, matrixCodes, Units, Filters)).Floats("matrix_scale", matrixScales, Units)
            .Tensor(TensorData.Create("matrix_zero", ElementType.Int8, new byte[Units], Units))
            .Tensor(Bias("bias2", Numbers.Uniform(seed + 30, Units), matrixScales, HiddenStep))
            .Floats("bias2_scale", Array.ConvertAll(matrixScales, scale => scale * HiddenStep), Units);
        Grid("x", InputStep, 128);
        Grid("hidden", HiddenStep, 0);
        Grid("mean", HiddenStep, 0);
        Grid("out", OutputStep, 128);
        Quantize("x", "x").Node("DequantizeLinear", "kernel kernel_scale kernel_zero", "kernel_float", ("axis", 0))
            .Node("DequantizeLinear", "bias1 bias1_scale", "bias1_float", ("axis", 0))
            .Node("Conv", "x_float kernel_float bias1_float", "convolved").Node("Relu", "convolved", "positive");
        Quantize("positive", "hidden").Node("GlobalAveragePool", "hidden_float", "averaged");
        Quantize("averaged", "mean").Node("Flatten", "mean_float", "flat")
            .Node("DequantizeLinear", "matrix matrix_scale matrix_zero", "matrix_float", ("axis", 0))
            .Node("DequantizeLinear", "bias2 bias2_scale", "bias2_float", ("axis", 0))
            .Node("Gemm", "flat matrix_float bias2_float", "product", ("transB", 1));
        return Quantize("product", "out").Node("Identity", "out_float", "y").Build();

        void Grid(string name, float step, byte zero) => model.Tensor(TensorData.Create($"{name}_scale", [step]))
            .Tensor(TensorData.Create($"{name}_zero", ElementType.UInt8, [zero]));

        NodeModel Quantize(string tensor, string name) => model
            .Node("QuantizeLinear", $"{tensor} {name}_scale {name}_zero", $"{name}_codes")
            .Node("DequantizeLinear", $"{name}_codes {name}_scale {name}_zero", $"{name}_float");
    }

    private static (float[] Scales, byte[] Codes) PerChannel(float[] weights, int channels)
    {
        var rows = weights.Chunk(weights.Length / channels).ToList();
        float[] scales = [.. rows.Select(row => row.Max(Math.Abs) / 127)];
        var codes = rows.Zip(scales, (row, scale) => row.Select(weight => (byte)(sbyte)MathF.Round(weight / scale)));
        return (scales, [.. codes.SelectMany(row => row)]);
    }

    private static Onnx.TensorProto Bias(string name, float[] values, float[] scales, float step)
    {
        int[] codes = [.. values.Zip(scales, (value, scale) => (int)MathF.Round(value / (scale * step)))];
        return TensorData.Create(name, ElementType.Int32, MemoryMarshal.AsBytes(codes.AsSpan()), codes.Length);
    }
}
