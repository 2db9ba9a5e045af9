using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>Convolution and pooling against ONNX Runtime, over strides, pads, dilations and the ways to say them.</summary>
public class WindowParityTests
{
    private static readonly float[] Image = Numbers.Uniform(1, 2 * 4 * 7 * 9);
    private static readonly long[] ImageShape = [2, 4, 7, 9];

    public static TheoryData<(string, object)[]> ConvAttributes =>
    [
        [],
        [("strides", new[] { 2, 1 }), ("pads", new[] { 1, 1, 1, 1 })],
        [("pads", new[] { 0, 1, 2, 0 })],
        [("dilations", new[] { 2, 3 }), ("pads", new[] { 2, 3, 2, 3 })],
        [("auto_pad", "SAME_UPPER"), ("strides", new[] { 2, 2 })],
        [("auto_pad", "SAME_LOWER"), ("strides", new[] { 2, 2 })],
        [("auto_pad", "VALID")],
    ];

    [Theory]
    [MemberData(nameof(ConvAttributes))]
    public void Conv_OfTwoAxes_EqualsOnnxRuntime((string, object)[] attributes)
    {
        var model = new NodeModel(17, "N", 4, 7, 9)
            .Floats("w", Numbers.Uniform(2, 3 * 4 * 3 * 2), 3, 4, 3, 2).Floats("b", Numbers.Uniform(3, 3), 3)
            .Node("Conv", "x w b", "y", attributes).Build();
        Oracle.RequireParity(model, Image, ImageShape);
    }

    [Fact]
    public void Conv_OfGroups_EqualsOnnxRuntime()
    {
        var model = new NodeModel(17, "N", 4, 7, 9)
            .Floats("w", Numbers.Uniform(2, 6 * 2 * 9), 6, 2, 3, 3).Node("Conv", "x w", "y", ("group", 2)).Build();
        Oracle.RequireParity(model, Image, ImageShape);
    }

    [Fact]
    public void Conv_OfOnePixelWithStrides_EqualsOnnxRuntime()
    {
        var model = new NodeModel(17, "N", 4, 7, 9)
            .Floats("w", Numbers.Uniform(2, 3 * 4), 3, 4, 1, 1).Node("Conv", "x w", "y", ("strides", new[] { 2, 3 })).Build();
        Oracle.RequireParity(model, Image, ImageShape);
    }

    /// <summary>The gradients by their formulas: older versions of oneDNN wrote beyond their buffers here.</summary>
    [Fact]
    public void Conv_OfOnePixelWithStrides_HasTheGradientsOfTheFormula()
    {
        const int Samples = 2, Channels = 8, Outputs = 3, Height = 6, Width = 9;
        var (x, w) = (Numbers.Uniform(1, Samples * Channels * Height * Width), Numbers.Uniform(2, Outputs * Channels));
        var (expectedX, expectedW) = (new double[x.Length], new double[w.Length]);
        for (var n = 0; n < Samples; n++)
            for (var c = 0; c < Channels; c++)
                for (var row = 0; row < Height; row += 2)
                    for (var column = 0; column < Width; column += 2)
                        for (var o = 0; o < Outputs; o++)
                        {
                            var at = ((n * Channels + c) * Height + row) * Width + column;
                            expectedX[at] += (o + 1) * w[o * Channels + c]; // the loss is Σ (o + 1) · y
                            expectedW[o * Channels + c] += (o + 1) * x[at];
                        }
        using var scope = torch.NewDisposeScope();
        var program = Programs.Compile(new NodeModel(17, "N", Channels, Height, Width)
            .Floats("w", w, Outputs, Channels, 1, 1).Node("Conv", "x w", "y", ("strides", new[] { 2, 2 })).Build());
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);
        var input = torch.tensor(x, [Samples, Channels, Height, Width]).requires_grad_(true);

        (program.Graph.Run(weights, [input], training: true)[0] * torch.tensor([1f, 2, 3]).reshape(1, 3, 1, 1)).sum().backward();

        Near.Equal(expectedX, Doubles(input.grad!), 1e-5);
        Near.Equal(expectedW, Doubles(weights.Parameters[0].Tensor.grad!), 1e-4);

        static double[] Doubles(torch.Tensor values) => [.. values.to(torch.float64).data<double>()];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Conv_OfOneAndThreeAxes_EqualsOnnxRuntime(int axes)
    {
        long[] shape = axes == 1 ? [2, 4, 63] : [2, 4, 3, 3, 7];
        long[] kernel = axes == 1 ? [5, 4, 3] : [5, 4, 2, 3, 3];
        var pads = Enumerable.Range(0, 2 * axes).Select(i => i % 2).ToArray();
        var model = new NodeModel(17, ["N", .. shape[1..].Select(size => (Core.Onnx.Dim)size)])
            .Floats("w", Numbers.Uniform(2, (int)kernel.Aggregate((a, b) => a * b)), kernel)
            .Node("Conv", "x w", "y", ("pads", pads)).Build();
        Oracle.RequireParity(model, Image, shape);
    }

    public static TheoryData<string, (string, object)[]> PoolAttributes
    {
        get
        {
            var data = new TheoryData<string, (string, object)[]>();
            foreach (var op in new[] { "MaxPool", "AveragePool" })
            {
                data.Add(op, [("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 2, 2 })]);
                data.Add(op, [("kernel_shape", new[] { 3, 2 })]);
                data.Add(op, [("kernel_shape", new[] { 3, 3 }), ("strides", new[] { 2, 2 }), ("pads", new[] { 1, 0, 2, 1 })]);
                data.Add(op, [("kernel_shape", new[] { 3, 3 }), ("strides", new[] { 2, 3 }), ("ceil_mode", 1)]);
                data.Add(op, [("kernel_shape", new[] { 2, 2 }), ("strides", new[] { 3, 3 }), ("pads", Ones(4)), ("ceil_mode", 1)]);
                data.Add(op, [("kernel_shape", new[] { 3, 3 }), ("strides", new[] { 2, 2 }), ("auto_pad", "SAME_UPPER")]);
                data.Add(op, [("kernel_shape", new[] { 2, 4 }), ("strides", new[] { 3, 2 }), ("auto_pad", "SAME_LOWER")]);
            }
            data.Add("MaxPool", [("kernel_shape", new[] { 2, 3 }), ("dilations", new[] { 2, 3 }), ("pads", new[] { 1, 0, 1, 1 })]);
            data.Add("AveragePool", [("kernel_shape", new[] { 3, 3 }), ("pads", new[] { 1, 2, 1, 1 }), ("count_include_pad", 1)]);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(PoolAttributes))]
    public void Pool_OfTwoAxes_EqualsOnnxRuntime(string op, (string, object)[] attributes) =>
        Oracle.RequireParity(new NodeModel(17, "N", 4, 7, 9).Node(op, "x", "y", attributes).Build(), Image, ImageShape);

    [Theory]
    [InlineData("MaxPool", 1)]
    [InlineData("MaxPool", 3)]
    [InlineData("AveragePool", 1)]
    [InlineData("AveragePool", 3)]
    public void Pool_OfOneAndThreeAxes_EqualsOnnxRuntime(string op, int axes)
    {
        long[] shape = axes == 1 ? [2, 4, 63] : [2, 4, 3, 3, 7];
        var model = new NodeModel(17, ["N", .. shape[1..].Select(size => (Core.Onnx.Dim)size)])
            .Node(op, "x", "y", ("kernel_shape", Enumerable.Repeat(2, axes).ToArray()), ("pads", Ones(2 * axes))).Build();
        Oracle.RequireParity(model, Image, shape);
    }

    /// <summary>libtorch has no such kernels on the CPU; the results are those of float32, rounded.</summary>
    [Theory]
    [InlineData("Conv", "x w")]
    [InlineData("ConvTranspose", "x w")]
    [InlineData("MaxPool", "x")]
    [InlineData("AveragePool", "x")]
    [InlineData("GlobalAveragePool", "x")]
    [InlineData("Resize", "x  scales")]
    [InlineData("Pad", "x pads")]
    [InlineData("GridSample", "x grid")]
    public void Operator_OfHalfPrecision_EqualsSinglePrecision(string op, string inputs)
    {
        (string, object)[] attributes = op switch
        {
            "MaxPool" or "AveragePool" => [("kernel_shape", new[] { 3, 2 }), ("pads", Ones(4))],
            "Resize" => [("mode", "linear")],
            "Pad" => [("mode", "reflect")],
            _ => [],
        };
        var (single, shape) = Oracle.Executor(Model().Node(op, inputs, "y", attributes).Build(), Image, ImageShape);
        var half = Model().Node("Cast", "x", "hx", ("to", 10)).Node("Cast", "w", "hw", ("to", 10)).Node("Cast", "grid", "hgrid", ("to", 10))
            .Node(op, inputs.Replace("x", "hx").Replace("w", "hw").Replace("grid", "hgrid"), "h", attributes)
            .Node("Cast", "h", "y", ("to", 1)).Build();
        var (values, halfShape) = Oracle.Executor(half, Image, ImageShape);
        Assert.Equal(shape, halfShape);
        Near.Equal(single, values, 0.02); // eleven bits, of sums up to 8

        static NodeModel Model() => new NodeModel(17, "N", 4, 7, 9).Floats("w", Numbers.Uniform(2, 4 * 4 * 9), 4, 4, 3, 3)
            .Floats("scales", [1, 1, 2, 1.5f], 4).Integers("pads", 0, 0, 1, 2, 0, 0, 2, 1)
            .Floats("grid", Numbers.Uniform(4, 2 * 3 * 3 * 2), 2, 3, 3, 2);
    }

    private static int[] Ones(int count) => [.. Enumerable.Repeat(1, count)];
}
