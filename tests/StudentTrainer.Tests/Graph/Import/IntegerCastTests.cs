using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Graph.Import;

/// <summary>Casts of constant integers, against ONNX Runtime.</summary>
public sealed class IntegerCastTests
{
    private static readonly long[] Values = [0, 1, -1, 127, -128, 200, 300, 70_000, -70_000, 5_000_000_000];

    public static TheoryData<string, string> Pairs()
    {
        string[] types = [.. Enum.GetValues<ElementType>().Where(IsInteger).Select(type => type.ToString())];
        var pairs = new TheoryData<string, string>();
        foreach (var from in types)
        {
            foreach (var to in types)
                pairs.Add(from, to);
        }
        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Cast_OfConstantIntegers_GivesWhatOnnxRuntimeGives(string from, string to)
    {
        // The constants arrive in their type by a cast too; a difference of either shows.
        var model = new NodeModel(17, 1, Values.Length)
            .Integers("constants", Values)
            .Node("Cast", "constants", "given", ("to", DataType(from)))
            .Node("Cast", "given", "cast", ("to", DataType(to)))
            .Node("Cast", "cast", "floats", ("to", ElementType.Float32.ToDataType()))
            .Node("Mul", "x floats", "y")
            .Build();

        Oracle.RequireParity(model, [.. Values.Select(_ => 1f)], [1, Values.Length], tolerance: 0);
        Assert.Contains("3 nodes that depend on constants alone were computed", StudentGraph.Import(model).Notes);
    }

    private static int DataType(string type) => Enum.Parse<ElementType>(type).ToDataType();

    private static bool IsInteger(ElementType type) => !type.IsFloat() && type is not (ElementType.UInt16 or ElementType.UInt32 or ElementType.UInt64);
}
