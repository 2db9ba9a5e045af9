using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>ConvTranspose against ONNX Runtime, over the ways to say the output's size.</summary>
public class TransposedConvolutionTests
{
    private static readonly float[] Image = Numbers.Uniform(1, 2 * 4 * 5 * 6);

    public static TheoryData<(string, object)[]> Attributes =>
    [
        [],
        [("strides", new[] { 2, 3 })],
        [("strides", new[] { 2, 2 }), ("pads", new[] { 1, 1, 1, 1 }), ("output_padding", new[] { 1, 1 })],
        [("strides", new[] { 2, 3 }), ("pads", new[] { 0, 1, 1, 0 })],
        [("strides", new[] { 3, 3 }), ("pads", new[] { 1, 0, 0, 0 }), ("output_padding", new[] { 2, 1 })],
        [("strides", new[] { 1, 2 }), ("output_padding", new[] { 0, 1 })],
        [("dilations", new[] { 2, 3 }), ("pads", new[] { 1, 2, 1, 2 })],
        [("strides", new[] { 2, 2 }), ("auto_pad", "VALID")],
        [("strides", new[] { 2, 2 }), ("auto_pad", "SAME_UPPER")],
        [("strides", new[] { 2, 2 }), ("auto_pad", "SAME_LOWER")],
        [("strides", new[] { 3, 3 }), ("auto_pad", "SAME_UPPER")],
        [("strides", new[] { 3, 3 }), ("auto_pad", "SAME_LOWER"), ("output_padding", new[] { 1, 2 })],
        [("strides", new[] { 2, 2 }), ("output_shape", new[] { 10, 12 })],
        [("strides", new[] { 2, 2 }), ("output_shape", new[] { 9, 13 })],
        [("strides", new[] { 2, 2 }), ("output_shape", new[] { 10, 12 }), ("auto_pad", "SAME_UPPER")],
        [("strides", new[] { 2, 2 }), ("output_shape", new[] { 10, 12 }), ("auto_pad", "SAME_LOWER")],
        [("strides", new[] { 3, 3 }), ("output_shape", new[] { 17, 19 }), ("output_padding", new[] { 2, 2 })],
    ];

    [Theory]
    [MemberData(nameof(Attributes))]
    public void ConvTranspose_OfTwoAxes_EqualsOnnxRuntime((string, object)[] attributes)
    {
        foreach (var (opset, inputs) in new[] { (11, "x w b"), (22, "x w") })
        {
            var model = new NodeModel(opset, 2, 4, 5, 6)
                .Floats("w", Numbers.Uniform(2, 4 * 3 * 3 * 2), 4, 3, 3, 2).Floats("b", Numbers.Uniform(3, 3), 3)
                .Node("ConvTranspose", inputs, "y", attributes).Build();
            Oracle.RequireParity(model, Image, [2, 4, 5, 6]);
        }
    }

    [Fact]
    public void ConvTranspose_OfGroups_EqualsOnnxRuntime()
    {
        var model = new NodeModel(11, 2, 4, 5, 6)
            .Floats("w", Numbers.Uniform(2, 4 * 3 * 9), 4, 3, 3, 3).Floats("b", Numbers.Uniform(3, 6), 6)
            .Node("ConvTranspose", "x w b", "y", ("group", 2), ("pads", new[] { 2, 0, 0, 1 })).Build();
        Oracle.RequireParity(model, Image, [2, 4, 5, 6]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ConvTranspose_OfOneAndThreeAxes_EqualsOnnxRuntime(int axes)
    {
        long[] shape = axes == 1 ? [2, 4, 30] : [2, 4, 5, 2, 3];
        long[] kernel = axes == 1 ? [4, 3, 3] : [4, 3, 2, 3, 3];
        foreach (var pads in new[] { 0, 1 })
        {
            var model = new NodeModel(11, [.. shape.Select(size => (Dim)size)])
                .Floats("w", Numbers.Uniform(2, (int)kernel.Aggregate((a, b) => a * b)), kernel).Floats("b", Numbers.Uniform(3, 3), 3)
                .Node("ConvTranspose", "x w b", "y", ("strides", Enumerable.Repeat(2, axes).ToArray()),
                    ("pads", Enumerable.Range(0, 2 * axes).Select(i => i % 2 * pads).ToArray())).Build();
            Oracle.RequireParity(model, Image, shape);
        }
    }

    [Theory]
    [InlineData("strides", new[] { 2 }, "1 numbers in strides")]
    [InlineData("strides", new[] { 2, 0 }, "a number below 1 in strides")]
    [InlineData("output_shape", new[] { 2, 3, 10, 12 }, "4 numbers in output_shape")]
    [InlineData("kernel_shape", new[] { 3 }, "kernel_shape that is not its weight's")]
    public void ConvTranspose_OfAttributeThatDoesNotFit_IsRefused(string attribute, int[] value, string expected)
    {
        var model = new NodeModel(11, 2, 4, 5, 6).Floats("w", Numbers.Uniform(2, 4 * 3 * 9), 4, 3, 3, 3)
            .Node("ConvTranspose", "x w", "y", (attribute, value)).Build();
        Assert.Contains(expected, Assert.Throws<UnsupportedModelException>(() => Programs.Compile(model)).Message);
    }
}
