using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class CastingTests
{
    private static readonly ElementType[] Types =
    [
        ElementType.Bool, ElementType.UInt8, ElementType.Int8, ElementType.Int16, ElementType.Int32, ElementType.Int64,
        ElementType.Float16, ElementType.BFloat16, ElementType.Float32, ElementType.Float64,
    ];

    public static TheoryData<ElementType, ElementType> Pairs
    {
        get
        {
            var pairs = new TheoryData<ElementType, ElementType>();
            foreach (var source in Types)
                Array.ForEach(Types, target => pairs.Add(source, target));
            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Cast_OfPair_EqualsOnnxRuntime(ElementType source, ElementType target)
    {
        double[] values = source.IsFloat() && target != ElementType.UInt8 ? [-2.75, -0.5, 0, 0.5, 1.25, 100.5] : [0, 1, 2, 3, 100, 127];
        new NodeCase(13, "Cast", ("to", target.ToDataType())).Input(source, [2, 3], values).RequireParity();
    }

    [Theory]
    [InlineData(6)]
    [InlineData(9)]
    [InlineData(21)]
    public void Cast_OfVersion_Truncates(int opset) =>
        new NodeCase(opset, "Cast", ("to", 7)).Input(ElementType.Float32, [4], -1.9, -0.9, 0.9, 1.9).RequireParity();

    [Fact]
    public void Cast_OfNanToBool_IsTrue() =>
        new NodeCase(13, "Cast", ("to", 9)).Input(ElementType.Float32, [3], double.NaN, 0, double.NegativeInfinity).RequireParity();

    /// <summary>ONNX Runtime refuses the attribute here; the specification gives it a meaning for 8-bit floats alone.</summary>
    [Theory]
    [InlineData("Cast")]
    [InlineData("CastLike")]
    public void Cast_WithSaturate_Compiles(string op) =>
        new NodeCase(19, op, op == "Cast" ? [("to", 1), ("saturate", 0)] : [("saturate", 0)]).Floats(2).Floats(1).Compile();

    [Fact]
    public void CastLike_OfOtherTensor_TakesItsType() =>
        new NodeCase(19, "CastLike").Floats(2, 2).Input(ElementType.Int64, [1], 0).RequireParity();

    [Theory]
    [InlineData(8, "STRING")]
    [InlineData(12, "UINT32")]
    [InlineData(17, "FLOAT8E4M3FN")]
    [InlineData(99, "type 99")]
    public void Cast_ToUnsupportedType_IsRefused(int type, string found) =>
        Assert.Contains(found, Assert.Throws<UnsupportedModelException>(new NodeCase(19, "Cast", ("to", type)).Floats(2).Compile).Message);
}
