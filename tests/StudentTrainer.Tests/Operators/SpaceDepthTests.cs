using OnnxKd.Core.Errors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>Blocks between space and depth against ONNX Runtime.</summary>
public class SpaceDepthTests
{
    private static readonly float[] Values = Numbers.Uniform(1, 2 * 12 * 4 * 6);

    [Theory]
    [InlineData(1, null)]
    [InlineData(13, "DCR")]
    [InlineData(13, "CRD")]
    public void DepthToSpace_OfMode_EqualsOnnxRuntime(int opset, string? mode)
    {
        (string, object)[] attributes = mode is null ? [("blocksize", 2)] : [("blocksize", 2), ("mode", mode)];
        var model = new NodeModel(Math.Max(opset, 7), 2, 12, 4, 6).Node("DepthToSpace", "x", "y", attributes).Build();
        Oracle.RequireParity(model, Values, [2, 12, 4, 6]);
    }

    [Fact]
    public void SpaceToDepth_OfBlocks_EqualsOnnxRuntime()
    {
        var model = new NodeModel(13, 2, 12, 4, 6).Node("SpaceToDepth", "x", "y", ("blocksize", 2)).Build();
        Oracle.RequireParity(model, Values, [2, 12, 4, 6]);
    }

    [Fact]
    public void DepthToSpace_OfUnknownMode_IsRefused()
    {
        var model = new NodeModel(13, 2, 12, 4, 6).Node("DepthToSpace", "x", "y", ("blocksize", 2), ("mode", "RCD")).Build();
        Assert.Contains("expected DCR or CRD", Assert.Throws<UnsupportedModelException>(() => Programs.Compile(model)).Message);
    }

    [Fact]
    public void SpaceToDepth_OfBlocksThatDoNotFit_NamesNode()
    {
        var model = new NodeModel(13, 2, 12, 4, 6).Node("SpaceToDepth", "x", "y", ("blocksize", 4)).Build();
        Assert.Contains("y_node", Assert.Throws<InputException>(() => Oracle.Executor(model, Values, 2, 12, 4, 6)).Message);
    }
}
