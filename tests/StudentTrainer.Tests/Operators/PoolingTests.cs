using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>What pooling has besides windows (see <see cref="WindowParityTests"/>): indices, dilated averages, other types.</summary>
public class PoolingTests
{
    private static readonly float[] Image = Numbers.Uniform(1, 2 * 3 * 7 * 9);
    private static readonly (string, object) Threes = ("kernel_shape", new[] { 3, 3 });

    public static TheoryData<(string, object)[]> Windows =>
    [
        [("kernel_shape", new[] { 2, 2 })],
        [("kernel_shape", new[] { 3, 3 }), ("strides", new[] { 2, 2 }), ("pads", new[] { 1, 1, 1, 1 })],
        [("kernel_shape", new[] { 3, 2 }), ("strides", new[] { 2, 3 }), ("pads", new[] { 2, 0, 1, 1 })],
        [("kernel_shape", new[] { 3, 3 }), ("strides", new[] { 2, 2 }), ("auto_pad", "SAME_LOWER")],
        [("kernel_shape", new[] { 3, 3 }), ("strides", new[] { 2, 3 }), ("ceil_mode", 1)],
        [("kernel_shape", new[] { 2, 3 }), ("dilations", new[] { 2, 3 }), ("pads", new[] { 1, 0, 1, 1 })],
    ];

    [Theory]
    [MemberData(nameof(Windows))]
    public void MaxPoolIndices_OfTwoAxes_EqualOnnxRuntimes((string, object)[] attributes)
    {
        foreach (var storageOrder in new[] { 0, 1 })
            RequireIndices([2, 3, 7, 9], [.. attributes, ("storage_order", storageOrder)]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void MaxPoolIndices_OfOneAndThreeAxes_EqualOnnxRuntimes(int storageOrder)
    {
        RequireIndices([2, 3, 63], ("kernel_shape", new[] { 3 }), ("pads", new[] { 2, 0 }), ("storage_order", storageOrder));
        RequireIndices(
            [2, 3, 3, 3, 7], ("kernel_shape", new[] { 2, 2, 3 }), ("pads", new[] { 1, 0, 2, 1, 1, 0 }), ("storage_order", storageOrder));
    }

    [Theory]
    [InlineData(2)] // uint8
    [InlineData(3)] // int8
    public void MaxPool_OfBytes_EqualsOnnxRuntime(int type)
    {
        var model = new NodeModel(12, 2, 3, 7, 9).Node("Cast", "x", "n", ("to", type))
            .Node("MaxPool", "n", "p", ("kernel_shape", new[] { 3, 3 }), ("pads", new[] { 1, 1, 1, 1 }))
            .Node("Cast", "p", "y", ("to", 1)).Build();
        var low = type == 3 ? 60 : 0;
        Oracle.RequireParity(model, Array.ConvertAll(Image, value => MathF.Round((value + 1) * 60) - low), [2, 3, 7, 9]);
    }

    public static TheoryData<(string, object)[]> Averages =>
    [
        [("kernel_shape", new[] { 2, 3 }), ("dilations", new[] { 2, 3 })],
        [("kernel_shape", new[] { 3, 2 }), ("dilations", new[] { 2, 2 }), ("strides", new[] { 2, 3 }), ("pads", new[] { 1, 1, 2, 1 })],
        [("kernel_shape", new[] { 2, 2 }), ("dilations", new[] { 2, 2 }), ("pads", new[] { 1, 1, 1, 1 }), ("count_include_pad", 1)],
        [("kernel_shape", new[] { 3, 2 }), ("dilations", new[] { 2, 2 }), ("strides", new[] { 2, 2 }), ("ceil_mode", 1)],
        [Threes, ("strides", new[] { 2, 2 }), ("ceil_mode", 1), ("count_include_pad", 1), ("pads", new[] { 1, 1, 1, 1 })],
        [Threes, ("strides", new[] { 3, 2 }), ("ceil_mode", 1), ("count_include_pad", 1), ("pads", new[] { 0, 1, 2, 0 })],
        [("kernel_shape", new[] { 2, 4 }), ("strides", new[] { 3, 2 }), ("auto_pad", "SAME_UPPER"), ("count_include_pad", 1)],
        [("kernel_shape", new[] { 2, 4 }), ("strides", new[] { 3, 2 }), ("auto_pad", "VALID"), ("ceil_mode", 1)],
        [("kernel_shape", new[] { 3, 3 }), ("strides", new[] { 2, 2 }), ("pads", new[] { 1, 1, 1, 1 })],
    ];

    [Theory]
    [MemberData(nameof(Averages))]
    public void AveragePool_OfAttributes_EqualsOnnxRuntime((string, object)[] attributes)
    {
        int[] versions = attributes.Any(attribute => attribute.Item1 == "dilations") ? [19, 22] : [11, 19, 22];
        foreach (var opset in versions)
            Oracle.RequireParity(new NodeModel(opset, 2, 3, 7, 9).Node("AveragePool", "x", "y", attributes).Build(), Image, [2, 3, 7, 9]);
    }

    [Fact]
    public void GlobalPool_OfVolumes_EqualsOnnxRuntime()
    {
        foreach (var op in new[] { "GlobalAveragePool", "GlobalMaxPool" })
            Oracle.RequireParity(new NodeModel(13, 2, 3, 3, 3, 7).Node(op, "x", "y").Build(), Image, [2, 3, 3, 3, 7]);
    }

    [Fact]
    public void MaxPool_OfWindowLargerThanInput_NamesNode()
    {
        var model = new NodeModel(13, 2, 3, 7, 9).Node("MaxPool", "x", "y", ("kernel_shape", new[] { 3, 10 })).Build();
        var error = Assert.Throws<InputException>(() => Oracle.Executor(model, Image, 2, 3, 7, 9));
        Assert.Contains("larger than axis 3", error.Message);
        Assert.Contains("y_node", error.Message);
    }

    [Theory]
    [InlineData("kernel_shape", new[] { 2, 2, 2, 2 }, "one to three spatial axes")]
    [InlineData("pads", new[] { 1, 1 }, "2 numbers in pads")]
    [InlineData("dilations", new[] { 1, 0 }, "below 1 in dilations")]
    public void MaxPool_OfAttributeThatDoesNotFit_IsRefused(string attribute, int[] value, string expected)
    {
        (string, object)[] attributes = attribute == "kernel_shape"
            ? [(attribute, value)]
            : [("kernel_shape", new[] { 2, 2 }), (attribute, value)];
        var model = new NodeModel(13, 2, 3, 7, 9).Node("MaxPool", "x", "y", attributes).Build();
        Assert.Contains(expected, Assert.Throws<UnsupportedModelException>(() => Programs.Compile(model)).Message);
    }

    private static void RequireIndices(long[] shape, params (string, object)[] attributes)
    {
        var model = new NodeModel(12, [.. shape.Select(size => (Dim)size)])
            .Node("MaxPool", "x", "values indices", attributes).Node("Cast", "indices", "y", ("to", 1)).Build();
        Oracle.RequireParity(model, Image, shape);
    }
}
