using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>Recurrent layers against ONNX Runtime: 5 steps, 3 samples, 4 inputs, 2 hidden units.</summary>
public class RecurrentLayersTests
{
    private const double Rounding = 1e-5;
    private static readonly string[] Operators = ["RNN", "GRU", "LSTM"];
    private static readonly double[] Lengths = [2, 5, 4];

    public static TheoryData<string, string> Directions
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var op in Operators)
            {
                data.Add(op, "forward");
                data.Add(op, "reverse");
                data.Add(op, "bidirectional");
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public void Layer_OfWeightsAlone_EqualsOnnxRuntime(string op, string direction) => Case(op, direction).RequireParity(Rounding);

    [Theory]
    [MemberData(nameof(Directions))]
    public void Layer_OfBiasesLengthsAndStates_EqualsOnnxRuntime(string op, string direction) =>
        Optional(Case(op, direction, opset: 7), op, direction).RequireParity(Rounding);

    [Theory]
    [MemberData(nameof(Directions))]
    public void Layer_OfClip_EqualsOnnxRuntime(string op, string direction) =>
        Case(op, direction, 14, ("clip", 0.3)).RequireParity(Rounding);

    [Theory]
    [InlineData("forward")]
    [InlineData("bidirectional")]
    public void Gru_ThatResetsTheSum_EqualsOnnxRuntime(string direction)
    {
        Case("GRU", direction, 14, ("linear_before_reset", 1)).RequireParity(Rounding);
        Optional(Case("GRU", direction, 14, ("linear_before_reset", 1)), "GRU", direction).RequireParity(Rounding);
    }

    [Theory]
    [InlineData("forward", 0)]
    [InlineData("bidirectional", 0)]
    [InlineData("reverse", 1)]
    public void Lstm_OfPeepholes_EqualsOnnxRuntime(string direction, int coupled) =>
        Optional(Case("LSTM", direction, 14, ("input_forget", coupled)), "LSTM", direction)
            .Floats(Count(direction), 6).RequireParity(Rounding);

    [Fact]
    public void Lstm_OfCoupledGates_EqualsOnnxRuntime() => Case("LSTM", "forward", 14, ("input_forget", 1)).RequireParity(Rounding);

    public static TheoryData<string, double[], double[]> Functions => new()
    {
        { "Relu", [], [] },
        { "sigmoid", [], [] },
        { "Softsign", [], [] },
        { "Softplus", [], [] },
        { "LeakyRelu", [0.3], [] },
        { "ThresholdedRelu", [0.2], [] },
        { "Elu", [0.7], [] },
        { "Affine", [0.1], [0.2] },
        { "ScaledTanh", [1.5], [0.5] },
        { "HardSigmoid", [0.3], [0.4] },
        { "HardSigmoid", [], [] },
    };

    [Theory]
    [MemberData(nameof(Functions))]
    public void Lstm_OfFunction_EqualsOnnxRuntime(string function, double[] alpha, double[] beta) =>
        Case(
            "LSTM", "forward", 14,
            ("activations", new[] { "Sigmoid", function, "Tanh" }), ("activation_alpha", alpha), ("activation_beta", beta))
            .RequireParity(1e-4);

    [Fact]
    public void Gru_OfFunctionsPerDirection_TakesParametersInOrder() =>
        Case(
            "GRU", "bidirectional", 14,
            ("activations", new[] { "HardSigmoid", "ScaledTanh", "HardSigmoid", "Elu" }),
            ("activation_alpha", new[] { 0.3, 0.7, 0.25, 0.5 }), ("activation_beta", new[] { 0.45, 1.1, 0.55 })).RequireParity(Rounding);

    /// <summary>ONNX Runtime has no layout 1, so it gets the same in layout 0, between transposes, and a state for each sample.</summary>
    [Theory]
    [InlineData("RNN", 1, "h")]
    [InlineData("GRU", 3, "h")]
    [InlineData("LSTM", 4, "h c")]
    public void Layer_OfBatchFirstAndOneStateForAll_EqualsTransposed(string op, int gates, string states)
    {
        float[] state = [0.5f, -1, 2, 0.25f]; // of two directions
        var ours = Model().Floats("h", state, 1, 2, 2).Floats("c", state, 1, 2, 2)
            .Node(op, $"x w r   {states}", "y", ("direction", "bidirectional"), ("hidden_size", 2), ("layout", 1)).Build();
        float[] repeated = [.. state[..2], .. state[..2], .. state[..2], .. state[2..], .. state[2..], .. state[2..]];
        var theirs = Model().Floats("h", repeated, 2, 3, 2).Floats("c", repeated, 2, 3, 2)
            .Node("Transpose", "x", "xt", ("perm", new[] { 1, 0, 2 }))
            .Node(op, $"xt w r   {states}", "yt", ("direction", "bidirectional"), ("hidden_size", 2))
            .Node("Transpose", "yt", "y", ("perm", new[] { 2, 0, 1, 3 })).Build();

        var input = Numbers.Uniform(1, 60);
        var expected = Oracle.OnnxRuntime(theirs, input, 3, 5, 4);
        var actual = Oracle.Executor(ours, input, 3, 5, 4);

        Assert.Equal(expected.Shape, actual.Shape);
        Near.Equal(expected.Values, actual.Values, Rounding);

        NodeModel Model() => new NodeModel(14, "N", 5, 4)
            .Floats("w", Numbers.Uniform(2, 2 * gates * 8), 2, gates * 2, 4)
            .Floats("r", Numbers.Uniform(3, 2 * gates * 4), 2, gates * 2, 2);
    }

    [Theory]
    [InlineData("RNN", 2)]
    [InlineData("GRU", 6)]
    [InlineData("LSTM", 8)]
    public void Layer_OfLastStateAlone_EqualsOnnxRuntime(string op, int rows)
    {
        var model = new NodeModel(14, 5, "N", 4)
            .Floats("w", Numbers.Uniform(2, rows * 4), 1, rows, 4).Floats("r", Numbers.Uniform(3, rows * 2), 1, rows, 2)
            .Node(op, "x w r", " y", ("hidden_size", 2)).Build();
        Oracle.RequireParity(model, Numbers.Uniform(1, 60), [5, 3, 4]);
    }

    [Theory]
    [InlineData("direction", "sideways", "unknown direction")]
    [InlineData("activations", "Tanh", "needs 3 activations")]
    [InlineData("activations", "Tanh Sinus Tanh", "unknown activation")]
    public void Lstm_OfBadAttribute_IsRefused(string attribute, string value, string message)
    {
        object given = attribute == "activations" ? value.Split(' ') : value;
        var test = new NodeCase(14, "LSTM", ("hidden_size", 2), (attribute, given)).Floats(1, 1, 4).Floats(1, 8, 4).Floats(1, 8, 2);
        Assert.Contains(message, Assert.Throws<UnsupportedModelException>(test.Compile).Message);
    }

    private static int Count(string direction) => direction == "bidirectional" ? 2 : 1;

    private static int Rows(string op) => op switch { "RNN" => 2, "GRU" => 6, _ => 8 };

    private static NodeCase Case(string op, string direction, int opset = 14, params (string, object)[] attributes) =>
        new NodeCase(opset, op, [("direction", direction), ("hidden_size", 2), .. attributes])
            .Floats(5, 3, 4).Floats(Count(direction), Rows(op), 4).Floats(Count(direction), Rows(op), 2).Outputs(op == "LSTM" ? 3 : 2);

    private static NodeCase Optional(NodeCase test, string op, string direction)
    {
        var count = Count(direction);
        test.Floats(count, 2 * Rows(op)).Input(ElementType.Int32, [3], Lengths).Floats(count, 3, 2);
        return op == "LSTM" ? test.Floats(count, 3, 2) : test;
    }
}
