using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class ElementaryTests
{
    private static readonly string[] AnySign = ["Neg", "Abs", "Sign", "Exp", "Floor", "Ceil", "Round", "Sin", "Cos", "Erf"];
    private static readonly string[] Positive = ["Sqrt", "Log", "Reciprocal"];
    public static TheoryData<string> Names => [.. AnySign, .. Positive];

    [Theory]
    [MemberData(nameof(Names))]
    public void Function_OfFloats_EqualsOnnxRuntime(string op)
    {
        foreach (var opset in (int[])[13, 22])
            new NodeCase(opset, op)
                .Inputs(Tensors.Random(ElementType.Float32, 1, Positive.Contains(op) ? 0.1 : -3, 3, 2, 5)).RequireParity(1e-5);
    }

    [Theory]
    [InlineData("Abs")]
    [InlineData("Ceil")]
    [InlineData("Cos")]
    [InlineData("Exp")]
    [InlineData("Floor")]
    [InlineData("Log")]
    [InlineData("Neg")]
    [InlineData("Reciprocal")]
    [InlineData("Round")]
    [InlineData("Sign")]
    [InlineData("Sin")]
    [InlineData("Sqrt")]
    public void Function_OfDoubles_EqualsOnnxRuntime(string op) =>
        new NodeCase(13, op).Inputs(Tensors.Random(ElementType.Float64, 1, 0.1, 3, 2, 5)).RequireParity(1e-12);

    /// <summary>Against float32, since ONNX Runtime has not all of them.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Function_OfHalves_IsThatOfFloatsRounded(string op)
    {
        var input = Tensors.Of(ElementType.Float16, [0.25, 0.5, 1.5, 2.5, 3.5, 2.25], 6);
        var floats = Tensors.Floats([0.25, 0.5, 1.5, 2.5, 3.5, 2.25], 6);
        var expected = new NodeCase(13, op).Inputs(floats).Execute().to(TorchSharp.torch.float16);
        var actual = new NodeCase(13, op).Inputs(input).Execute();
        Assert.Equal(expected.dtype, actual.dtype);
        Assert.Equal(expected.data<Half>().ToArray(), actual.data<Half>().ToArray());
    }

    [Theory]
    [InlineData("Neg", ElementType.Int8)]
    [InlineData("Neg", ElementType.Int64)]
    [InlineData("Abs", ElementType.Int32)]
    [InlineData("Abs", ElementType.UInt8)]
    [InlineData("Sign", ElementType.Int64)]
    [InlineData("Sign", ElementType.UInt8)]
    public void Function_OfIntegers_EqualsOnnxRuntime(string op, ElementType type)
    {
        var low = type == ElementType.UInt8 ? 0 : -9;
        new NodeCase(13, op).Inputs(Tensors.Random(type, 2, low, 9, 20)).RequireParity(1e-5);
    }

    [Fact]
    public void Round_OfHalves_GoesToEven() =>
        new NodeCase(11, "Round").Inputs(Tensors.Floats([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, 2.6], 8)).RequireParity();
}
