using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>Pad against ONNX Runtime, over modes, versions and signs.</summary>
public class PaddingTests
{
    private static readonly float[] Values = Numbers.Uniform(1, 2 * 3 * 4 * 5);
    private static readonly long[] Shape = [2, 3, 4, 5];

    public static TheoryData<string, long[]> Pads
    {
        get
        {
            var data = new TheoryData<string, long[]>();
            foreach (var mode in new[] { "constant", "edge", "reflect", "wrap" })
            {
                data.Add(mode, [0, 0, 1, 2, 0, 0, 3, 1]);
                data.Add(mode, [0, 0, 0, 0, 0, 0, 0, 0]);
                data.Add(mode, [1, 2, 0, 0, 0, 1, 0, 4]);
                data.Add(mode, [0, 0, -1, 2, 0, 0, 1, -2]);
                data.Add(mode, [0, -1, -1, 0, -1, 0, -2, -3]);
            }
            data.Add("edge", [0, 0, 6, 0, 0, 0, 0, 9]);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Pads))]
    public void Pad_OfMode_EqualsOnnxRuntime(string mode, long[] pads) =>
        RequireParity(Model(19).Integers("pads", pads).Node("Pad", "x pads", "y", ("mode", mode)));

    /// <summary>As numpy, which defines ONNX's modes, does it; ONNX Runtime reads outside the axis here.</summary>
    [Theory]
    [InlineData("reflect", new float[] { 2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3 })]
    [InlineData("wrap", new float[] { 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1 })]
    public void Pad_LongerThanTheInput_GoesOn(string mode, float[] expected)
    {
        var model = new NodeModel(19, 3).Integers("pads", 5, 4).Node("Pad", "x pads", "y", ("mode", mode)).Build();
        var (values, _) = Oracle.Executor(model, [1, 2, 3], 3);
        Assert.Equal(expected, values);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    [InlineData(21)]
    public void Pad_OfConstantValue_EqualsOnnxRuntime(int opset) =>
        RequireParity(Model(opset).Integers("pads", 0, 1, 0, 2, 0, 0, 3, 1).Floats("value", [2.5f]).Node("Pad", "x pads value", "y"));

    [Theory]
    [InlineData("constant")]
    [InlineData("reflect")]
    public void Pad_OfAxes_EqualsOnnxRuntime(string mode) =>
        RequireParity(Model(18).Integers("pads", 1, 2, 3, 0).Integers("axes", -1, 2).Node("Pad", "x pads  axes", "y", ("mode", mode)));

    [Fact]
    public void Pad_OfAttributes_EqualsOnnxRuntime() =>
        RequireParity(Model(10).Node("Pad", "x", "y", ("pads", new[] { 0, 0, 1, 1, 0, 0, -1, 2 }), ("value", 3.5)));

    [Theory]
    [InlineData("constant")]
    [InlineData("edge")]
    public void Pad_OfIntegers_KeepsType(string mode)
    {
        var model = Model(13).Integers("pads", 0, 0, 1, 2, 0, 0, 0, 1)
            .Node("Cast", "x", "n", ("to", 7)).Node("Pad", "n pads", "p", ("mode", mode)).Node("Cast", "p", "y", ("to", 1)).Build();
        Oracle.RequireParity(model, Array.ConvertAll(Values, value => value * 100), Shape);
    }

    [Fact]
    public void Pad_OfUnknownMode_IsRefused()
    {
        var model = Model(13).Integers("pads", 0, 0, 1, 2, 0, 0, 0, 1).Node("Pad", "x pads", "y", ("mode", "mirror")).Build();
        var error = Assert.Throws<UnsupportedModelException>(() => Programs.Compile(model));
        Assert.Contains("mirror", error.Message);
        Assert.Contains("expected one of constant, edge, reflect, wrap", error.Message);
    }

    [Fact]
    public void Pad_OfTooFewPads_NamesNode()
    {
        var model = Model(13).Integers("pads", 0, 1).Node("Pad", "x pads", "y").Build();
        var error = Assert.Throws<InputException>(() => Oracle.Executor(model, Values, Shape));
        Assert.Contains("2 pads for 4 axes", error.Message);
        Assert.Contains("y_node", error.Message);
    }

    private static NodeModel Model(int opset) => new(opset, [.. Shape.Select(size => (Dim)size)]);

    private static void RequireParity(NodeModel model) => Oracle.RequireParity(model.Build(), Values, Shape);
}
