using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class VariadicTests
{
    [Theory]
    [InlineData("Max")]
    [InlineData("Min")]
    [InlineData("Sum")]
    [InlineData("Mean")]
    public void Operator_OfThreeShapes_EqualsOnnxRuntime(string op) =>
        new NodeCase(13, op)
            .Inputs(Tensors.Random(1, 2, 1, 4), Tensors.Random(2, 3, 1), Tensors.Random(3)).RequireParity(1e-5);

    [Theory]
    [InlineData("Max")]
    [InlineData("Min")]
    [InlineData("Sum")]
    [InlineData("Mean")]
    public void Operator_OfOneInput_IsTheInput(string op) =>
        new NodeCase(13, op).Inputs(Tensors.Random(1, 2, 4)).RequireParity();

    [Theory]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.Float64)]
    [InlineData(ElementType.Int32)]
    [InlineData(ElementType.Int64)]
    public void Extremes_OfType_EqualOnnxRuntime(ElementType type)
    {
        foreach (var op in (string[])["Max", "Min"])
            new NodeCase(13, op)
                .Inputs(Tensors.Random(type, 1, -9, 9, 2, 3), Tensors.Random(type, 2, -9, 9, 3)).RequireParity(1e-5);
    }
}
