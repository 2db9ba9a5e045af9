using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class TrianglesTests
{
    [Theory]
    [InlineData(0, 1L)]
    [InlineData(1, -1L)]
    [InlineData(0, -9L)]
    public void Trilu_OfDiagonal_EqualsOnnxRuntime(int upper, long diagonal) =>
        new NodeCase(14, "Trilu", ("upper", upper)).Floats(2, 3, 4).Input(ElementType.Int64, [], diagonal).RequireParity();

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.Bool)]
    [InlineData(ElementType.Int64)]
    public void Trilu_OfDefaults_IsUpperTriangle(ElementType type) =>
        new NodeCase(14, "Trilu").Input(type, [3, 3], 1, 1, 1, 1, 1, 1, 1, 1, 1).RequireParity();

    /// <summary>ONNX Runtime has no kernel for these types: worked by hand.</summary>
    [Theory]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.UInt8)]
    public void Trilu_OfOtherTypes_KeepsType(ElementType type)
    {
        using var scope = torch.NewDisposeScope();
        var result = new NodeCase(14, "Trilu").Input(type, [2, 2], 1, 2, 3, 4).Execute();
        Assert.Equal(TorchTypes.Of(type), result.dtype);
        Assert.Equal([1.0, 2, 0, 4], result.to(torch.float64).data<double>().ToArray());
    }
}
