using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class ArithmeticTests
{
    private static readonly ElementType[] Types =
    [
        ElementType.Float16, ElementType.Float32, ElementType.Float64, ElementType.Int8, ElementType.UInt8, ElementType.Int16,
        ElementType.Int32, ElementType.Int64,
    ];

    public static IEnumerable<object[]> OperatorsAndTypes =>
        from op in (string[])["Add", "Sub", "Mul", "Div"]
        from type in Types
        select new object[] { op, type };

    [Theory]
    [MemberData(nameof(OperatorsAndTypes))]
    public void Operator_OfEveryType_EqualsOnnxRuntime(string op, ElementType type) =>
        new NodeCase(14, op)
            .Inputs(Signed(type, 1, 2, 1, 4), Tensors.Of(type, [2, 3, 5, 7, 4, 9], 2, 3, 1)).RequireParity(1e-5);

    [Fact]
    public void Div_OfNegativeIntegers_DropsFraction() =>
        new NodeCase(14, "Div")
            .Inputs(Tensors.Of(ElementType.Int32, [-7, 7, -7, 7], 4), Tensors.Of(ElementType.Int32, [2, -2, -2, 2], 4)).RequireParity(1e-5);

    [Theory]
    [InlineData(ElementType.Float32, ElementType.Float32)]
    [InlineData(ElementType.Float32, ElementType.Int64)]
    [InlineData(ElementType.Float16, ElementType.Float16)]
    [InlineData(ElementType.Float32, ElementType.Float64)]
    [InlineData(ElementType.Float64, ElementType.Float32)]
    [InlineData(ElementType.Int32, ElementType.Float32)]
    [InlineData(ElementType.Int64, ElementType.Float32)]
    [InlineData(ElementType.Int64, ElementType.Int32)]
    public void Pow_OfTwoTypes_HasTypeOfBase(ElementType type, ElementType exponent) =>
        new NodeCase(15, "Pow")
            .Inputs(Tensors.Of(type, [1, 2, 3, 30], 4), Tensors.Of(exponent, [5, 2.5, 3, 2], 4)).RequireParity(1e-4);

    [Theory]
    [InlineData(2, new long[0])]
    [InlineData(0.5, new long[0])]
    [InlineData(3, new long[] { 1 })]
    [InlineData(-1.5, new long[] { 1, 1, 1 })]
    public void Pow_OfOneExponent_EqualsOnnxRuntime(double exponent, long[] shape) =>
        new NodeCase(13, "Pow")
            .Inputs(Tensors.Random(ElementType.Float32, 3, 0.1, 3, 2, 3), Tensors.Floats([exponent], shape)).RequireParity(1e-5);

    [Fact]
    public void Pow_OfNumberAndAxis_HasAxis() =>
        new NodeCase(13, "Pow").Inputs(Tensors.Floats([3]), Tensors.Floats([2], 1)).RequireParity(1e-5);

    [Theory]
    [InlineData(ElementType.Float16, 1)]
    [InlineData(ElementType.Float32, 1)]
    [InlineData(ElementType.Float64, 1)]
    [InlineData(ElementType.Int8, 0)]
    [InlineData(ElementType.Int16, 1)]
    [InlineData(ElementType.Int64, 0)]
    [InlineData(ElementType.UInt8, 0)]
    public void Mod_OfSigns_EqualsOnnxRuntime(ElementType type, int fmod) =>
        new NodeCase(13, "Mod", ("fmod", fmod))
            .Inputs(Tensors.Of(type, [-4.25, 7.5, 5, 4, -7, 8], 2, 3), Tensors.Of(type, [2, -3, 8], 3)).RequireParity(1e-5);

    [Fact]
    public void Mod_OfFloatsWithoutFmod_IsRefused()
    {
        var node = new NodeCase(13, "Mod").Inputs(Tensors.Floats([5], 1), Tensors.Floats([3], 1));
        Assert.Contains("fmod = 1", Assert.Throws<UnsupportedModelException>(() => node.Execute()).Message);
    }

    [Fact]
    public void Div_OfIntegerByZero_NamesNode()
    {
        var node = new NodeCase(14, "Div").Inputs(Tensors.Longs(5), Tensors.Longs(0));
        Assert.Contains("'node'", Assert.Throws<InputException>(() => node.Execute()).Message);
    }

    private static TensorProto Signed(ElementType type, int seed, params long[] shape) =>
        Tensors.Random(type, seed, type == ElementType.UInt8 ? 0 : -50, 50, shape);
}
