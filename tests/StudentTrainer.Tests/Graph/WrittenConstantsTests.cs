using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Graph;

public class WrittenConstantsTests
{
    private const int Rows = 40;
    private const int Columns = 8;

    /// <summary>Section 3.5 of "Attention is all you need": sin(t / 10000^(2i/d)) and the cosine of the same, in the layouts that are in use.</summary>
    [Theory]
    [InlineData("beside each other")]
    [InlineData("in halves")]
    [InlineData("in quarters, two axes")]
    [InlineData("from the second row on")]
    [InlineData("with a last zero")]
    [InlineData("in float16")]
    [InlineData("in bfloat16")]
    public void Plan_OfTableOfPositions_LeavesItConstant(string layout) => Assert.Equal("Constant", RoleOf(layout, Table(layout)));

    [Fact]
    public void Plan_OfTableOfPositionsWithChannelsFirst_LeavesItConstant()
    {
        var (table, turned) = (Table("beside each other"), new float[Rows * Columns]);
        for (var i = 0; i < table.Length; i++)
            turned[i % Columns * Rows + i / Columns] = table[i];
        var plan = Plan(new NodeModel(17, "N", Columns, Rows).Floats("w", Numbers.Uniform(1, Rows * Rows), Rows, Rows).Floats("positions", turned, 1, Columns, Rows)
            .Node("MatMul", "x w", "a").Node("Add", "a positions", "b").Node("Relu", "b", "y"));
        Assert.Equal([("w", "Parameter"), ("positions", "Constant")], plan);
    }

    [Fact]
    public void Plan_OfTableOfPositionsThatIsLookedUp_LeavesItConstant()
    {
        var plan = Plan(new NodeModel(17, "N", 5, Columns).Floats("positions", Table("in halves"), Rows, Columns).Integers("places", 0, 1, 2, 3, 4).Floats("w", Numbers.Uniform(1, 64), 8, 8)
            .Node("Gather", "positions places", "p").Node("Add", "x p", "a").Node("MatMul", "a w", "y"));
        Assert.Equal([("positions", "Constant"), ("places", "Constant"), ("w", "Parameter")], plan);
    }

    /// <summary>A table that began as sines and was trained has moved further than rounding does.</summary>
    [Theory]
    [InlineData("beside each other")]
    [InlineData("in halves")]
    public void Plan_OfTableThatWasTrainedFromSines_LearnsIt(string layout)
    {
        var table = Table(layout);
        table[3 * Columns + 5] += 1e-4f;
        Assert.Equal("Parameter", RoleOf(layout, table));
    }

    [Fact]
    public void Plan_OfLearnedPositions_LearnsThem() => Assert.Equal("Parameter", RoleOf("fresh", Numbers.Uniform(3, Rows * Columns)));

    /// <summary>Two columns on a circle may be a direction that somebody normalised.</summary>
    [Fact]
    public void Plan_OfDirections_LearnsThem()
    {
        float[] directions = [.. Numbers.Uniform(5, Rows).SelectMany(angle => new[] { MathF.Sin(angle), MathF.Cos(angle) })];
        var plan = Plan(new NodeModel(17, "N", Rows, 2).Floats("w", Numbers.Uniform(1, 4), 2, 2).Floats("directions", directions, Rows, 2).Node("MatMul", "x w", "a").Node("Add", "a directions", "y"));
        Assert.Equal([("w", "Parameter"), ("directions", "Parameter")], plan);
    }

    /// <summary>As PyTorch's exporter writes GroupNorm of four channels in two groups.</summary>
    [Fact]
    public void Plan_OfGroupNormalizationAsInstances_LearnsTheFactorsOfChannelsAlone()
    {
        var plan = Plan(Groups([1, 1], [0, 0]).Floats("gain", [1, 1, 1, 1], 4, 1, 1).Floats("shift", [0, 0, 0, 0], 4, 1, 1).Node("Mul", "r gain", "m").Node("Add", "m shift", "y"));
        Assert.Equal([("w", "Parameter"), ("groups", "Constant"), ("one", "Constant"), ("zero", "Constant"), ("gain", "Parameter"), ("shift", "Parameter")], plan);
    }

    /// <summary>Factors that are no ones were learned, and where none stand behind, these are the only ones.</summary>
    [Theory]
    [InlineData(1.5f, "Mul")]
    [InlineData(1f, "Relu")]
    public void Plan_OfInstanceNormalizationWithFactorsOfItsOwn_LearnsThem(float one, string next)
    {
        var model = Groups([one, 1], [0.25f, 0]);
        model = next == "Mul" ? model.Floats("gain", [1, 1, 1, 1], 4, 1, 1).Node("Mul", "r gain", "y") : model.Node("Relu", "r", "y");
        Assert.Equal("Parameter", Plan(model)[2].Role);
    }

    private static NodeModel Groups(float[] ones, float[] zeros) => new NodeModel(17, "N", 4, 2, 2).Floats("w", Numbers.Uniform(1, 16), 4, 4, 1, 1).Integers("groups", 0, 2, -1)
        .Floats("one", ones, 2).Floats("zero", zeros, 2)
        .Node("Conv", "x w", "c").Node("Reshape", "c groups", "g").Node("InstanceNormalization", "g one zero", "i").Node("Shape", "c", "shape").Node("Reshape", "i shape", "r");

    private static string RoleOf(string layout, float[] table)
    {
        var columns = layout == "with a last zero" ? Columns + 1 : Columns;
        return Plan(new NodeModel(17, "N", Rows, columns).Floats("w", Numbers.Uniform(1, columns * columns), columns, columns).Floats("positions", table, 1, Rows, columns)
            .Node("MatMul", "x w", "a").Node("Add", "a positions", "b").Node("Relu", "b", "y"))[1].Role;
    }

    private static float[] Table(string layout) => layout switch
    {
        "in halves" => Each((t, c) => Entry(t, c % 4, c >= 4)),
        "in quarters, two axes" => Each((t, c) => Entry(c < 4 ? t % 5 : t / 5, c % 2, c / 2 % 2 == 1)),
        "from the second row on" => Each((t, c) => t == 0 ? 0 : Entry(t + 1, c / 2, c % 2 == 1)),
        "with a last zero" => [.. Enumerable.Range(0, Rows * (Columns + 1)).Select(i => i % (Columns + 1) is var c && c == Columns ? 0 : (float)Entry(i / (Columns + 1), c % 4, c >= 4))],
        "in float16" => Array.ConvertAll(Table("in halves"), value => (float)(Half)value),
        "in bfloat16" => Array.ConvertAll(Table("in halves"), value => BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(value) + 0x8000) & 0xFFFF0000)),
        _ => Each((t, c) => Entry(t, c / 2, c % 2 == 1)),
    };

    private static float[] Each(Func<int, int, double> entry) => [.. Enumerable.Range(0, Rows * Columns).Select(i => (float)entry(i / Columns, i % Columns))];

    private static double Entry(int position, int pair, bool isCosine)
    {
        var angle = position / Math.Pow(10_000, 2.0 * pair / Columns);
        return isCosine ? Math.Cos(angle) : Math.Sin(angle);
    }

    private static (string Name, string Role)[] Plan(NodeModel model) =>
        [.. Programs.Compile(model.Build()).Plan.Select(weight => (weight.Name, weight.Role.ToString()))];
}
