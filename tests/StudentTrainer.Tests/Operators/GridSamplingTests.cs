using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>GridSample against ONNX Runtime; the grid reaches beyond the input.</summary>
public class GridSamplingTests
{
    private static readonly float[] Image = Numbers.Uniform(1, 2 * 3 * 5 * 6);
    private static readonly float[] Grid = Numbers.Uniform(2, 2 * 4 * 7 * 2, -2.5, 2.5);

    public static TheoryData<string, string, int, int> Modes
    {
        get
        {
            var data = new TheoryData<string, string, int, int>();
            foreach (var padding in new[] { "zeros", "border", "reflection" })
            {
                foreach (var mode in new[] { "bilinear", "nearest", "bicubic" })
                    data.Add(mode, padding, 0, 16);
                foreach (var mode in new[] { "linear", "nearest", "cubic" })
                    data.Add(mode, padding, 1, 20);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void GridSample_OfImages_EqualsOnnxRuntime(string mode, string padding, int alignCorners, int opset)
    {
        var model = new NodeModel(opset, 2, 3, 5, 6).Floats("grid", Grid, 2, 4, 7, 2)
            .Node("GridSample", "x grid", "y", ("mode", mode), ("padding_mode", padding), ("align_corners", alignCorners)).Build();
        Oracle.RequireParity(model, Image, [2, 3, 5, 6]);
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("nearest")]
    public void GridSample_OfVolumes_EqualsOnnxRuntime(string mode)
    {
        var model = new NodeModel(20, 2, 3, 5, 3, 2).Floats("grid", Numbers.Uniform(3, 2 * 2 * 3 * 4 * 3, -1.2, 1.2), 2, 2, 3, 4, 3)
            .Node("GridSample", "x grid", "y", ("mode", mode)).Build();
        Oracle.RequireParity(model, Image, [2, 3, 5, 3, 2]);
    }

    [Fact]
    public void GridSample_OfDefaults_EqualsOnnxRuntime()
    {
        foreach (var opset in new[] { 16, 20 })
        {
            var model = new NodeModel(opset, 2, 3, 5, 6).Floats("grid", Grid, 2, 4, 7, 2).Node("GridSample", "x grid", "y").Build();
            Oracle.RequireParity(model, Image, [2, 3, 5, 6]);
        }
    }

    [Fact]
    public void GridSample_OfCubicVolumes_NamesNode()
    {
        var model = new NodeModel(20, 2, 3, 5, 3, 2).Floats("grid", Numbers.Uniform(3, 2 * 2 * 3 * 4 * 3), 2, 2, 3, 4, 3)
            .Node("GridSample", "x grid", "y", ("mode", "cubic")).Build();
        var error = Assert.Throws<InputException>(() => Oracle.Executor(model, Image, 2, 3, 5, 3, 2));
        Assert.Contains("cubic sampling is for [N, C, H, W]", error.Message);
        Assert.Contains("y_node", error.Message);
    }

    [Theory]
    [InlineData("mode", "area")]
    [InlineData("padding_mode", "wrap")]
    public void GridSample_OfUnknownName_IsRefused(string attribute, string value)
    {
        var model = new NodeModel(20, 2, 3, 5, 6).Floats("grid", Grid, 2, 4, 7, 2)
            .Node("GridSample", "x grid", "y", (attribute, value)).Build();
        Assert.Contains(value, Assert.Throws<UnsupportedModelException>(() => Programs.Compile(model)).Message);
    }
}
