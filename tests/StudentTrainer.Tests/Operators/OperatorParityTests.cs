using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Tests.Support;

namespace OnnxKd.StudentTrainer.Tests.Operators;

/// <summary>Every operator against ONNX Runtime, with and without its attributes.</summary>
public class OperatorParityTests
{
    private static readonly float[] Signed = Numbers.Uniform(1, 24, -3, 3);
    private static readonly float[] Positive = Numbers.Uniform(2, 24, 0.1, 3);

    [Theory]
    [InlineData("Relu", 17)]
    [InlineData("LeakyRelu", 17)]
    [InlineData("ThresholdedRelu", 17)]
    [InlineData("Elu", 17)]
    [InlineData("Selu", 17)]
    [InlineData("Celu", 17)]
    [InlineData("Sigmoid", 17)]
    [InlineData("HardSigmoid", 17)]
    [InlineData("HardSwish", 17)]
    [InlineData("Tanh", 17)]
    [InlineData("Softplus", 17)]
    [InlineData("Softsign", 17)]
    [InlineData("Mish", 18)]
    [InlineData("Gelu", 20)]
    [InlineData("Softmax", 17)]
    [InlineData("Softmax", 11)]
    [InlineData("LogSoftmax", 17)]
    [InlineData("LogSoftmax", 11)]
    [InlineData("Neg", 17)]
    [InlineData("Abs", 17)]
    [InlineData("Exp", 17)]
    [InlineData("Erf", 17)]
    [InlineData("Identity", 17)]
    [InlineData("Transpose", 17)]
    [InlineData("Flatten", 17)]
    [InlineData("Squeeze", 17)]
    [InlineData("Dropout", 17)]
    [InlineData("Dropout", 11)]
    [InlineData("Clip", 17)]
    [InlineData("GlobalAveragePool", 17)]
    [InlineData("GlobalMaxPool", 17)]
    public void Unary_OfDefaults_EqualsOnnxRuntime(string op, int opset) =>
        Oracle.RequireParity(new NodeModel(opset, "N", 3, 1, 4).Node(op, "x", "y").Build(), Signed, [2, 3, 1, 4]);

    [Theory]
    [InlineData("Sqrt")]
    [InlineData("Log")]
    [InlineData("Reciprocal")]
    public void Unary_OfPositiveValues_EqualsOnnxRuntime(string op) =>
        Oracle.RequireParity(new NodeModel(17, "N", 12).Node(op, "x", "y").Build(), Positive, [2, 12]);

    public static TheoryData<string, int, string, object> Attributes => new()
    {
        { "LeakyRelu", 17, "alpha", 0.3 },
        { "ThresholdedRelu", 17, "alpha", 0.5 },
        { "Elu", 17, "alpha", 2.5 },
        { "Selu", 17, "gamma", 2.0 },
        { "Celu", 17, "alpha", 0.7 },
        { "HardSigmoid", 17, "alpha", 0.4 },
        { "Gelu", 20, "approximate", "tanh" },
        { "Softmax", 17, "axis", 1 },
        { "Softmax", 11, "axis", 2 },
        { "LogSoftmax", 11, "axis", 1 },
        { "Clip", 6, "max", 0.5 },
        { "Flatten", 17, "axis", 2 },
        { "Flatten", 17, "axis", -1 },
        { "Flatten", 17, "axis", 0 },
        { "Transpose", 17, "perm", new[] { 2, 0, 3, 1 } },
        { "Squeeze", 11, "axes", new[] { 2 } },
        { "Unsqueeze", 11, "axes", new[] { 0, 3 } },
        { "Dropout", 11, "ratio", 0.9 },
    };

    [Theory]
    [MemberData(nameof(Attributes))]
    public void Unary_OfAttribute_EqualsOnnxRuntime(string op, int opset, string attribute, object value) =>
        Oracle.RequireParity(new NodeModel(opset, "N", 3, 1, 4).Node(op, "x", "y", (attribute, value)).Build(), Signed, [2, 3, 1, 4]);

    [Theory]
    [InlineData("Add")]
    [InlineData("Sub")]
    [InlineData("Mul")]
    [InlineData("Div")]
    [InlineData("PRelu")]
    public void Binary_WithBroadcasting_EqualsOnnxRuntime(string op)
    {
        var model = new NodeModel(17, "N", 3, 4).Floats("b", Numbers.Uniform(3, 3, 0.5, 2), 3, 1).Node(op, "x b", "y").Build();
        Oracle.RequireParity(model, Signed, [2, 3, 4]);
    }

    [Fact]
    public void Pow_OfScalarExponent_EqualsOnnxRuntime() =>
        Oracle.RequireParity(new NodeModel(17, "N", 12).Floats("b", [2.5f]).Node("Pow", "x b", "y").Build(), Positive, [2, 12]);

    [Fact]
    public void Clip_OfInputBounds_EqualsOnnxRuntime()
    {
        var model = new NodeModel(17, "N", 12).Floats("low", [-1f]).Floats("high", [1.5f]).Node("Clip", "x low high", "y").Build();
        Oracle.RequireParity(model, Signed, [2, 12]);
    }

    [Theory]
    [InlineData(1.0, 1.0, 0, 0)]
    [InlineData(0.5, 2.0, 1, 1)]
    [InlineData(2.0, 0.25, 0, 1)]
    public void Gemm_OfFactorsAndTransposes_EqualsOnnxRuntime(double alpha, double beta, int transA, int transB)
    {
        var model = new NodeModel(17, transA == 0 ? [4, 6] : [6, 4])
            .Floats("w", Numbers.Uniform(4, 30), transB == 0 ? [6, 5] : [5, 6]).Floats("b", Numbers.Uniform(5, 5), 5)
            .Node("Gemm", "x w b", "y", ("alpha", alpha), ("beta", beta), ("transA", transA), ("transB", transB)).Build();
        Oracle.RequireParity(model, Signed, transA == 0 ? [4, 6] : [6, 4]);
    }

    [Fact]
    public void Gemm_WithoutBias_EqualsOnnxRuntime()
    {
        var model = new NodeModel(17, 4, 6).Floats("w", Numbers.Uniform(4, 30), 6, 5).Node("Gemm", "x w", "y", ("alpha", 0.5)).Build();
        Oracle.RequireParity(model, Signed, [4, 6]);
    }

    [Fact]
    public void MatMul_OfBatches_EqualsOnnxRuntime()
    {
        var model = new NodeModel(17, "N", 3, 4).Floats("w", Numbers.Uniform(4, 20), 4, 5).Node("MatMul", "x w", "y").Build();
        Oracle.RequireParity(model, Signed, [2, 3, 4]);
    }

    [Fact]
    public void BatchNormalization_InEvaluation_EqualsOnnxRuntime()
    {
        var model = new NodeModel(17, "N", 3, 4)
            .Floats("s", Numbers.Uniform(6, 3), 3).Floats("b", Numbers.Uniform(7, 3), 3)
            .Floats("m", Numbers.Uniform(8, 3), 3).Floats("v", Numbers.Uniform(9, 3, 0.5, 2), 3)
            .Node("BatchNormalization", "x s b m v", "y", ("epsilon", 0.01)).Build();
        Oracle.RequireParity(model, Signed, [2, 3, 4]);
    }

    [Theory]
    [InlineData(0, 17)]
    [InlineData(1, 17)]
    public void Reshape_OfZeroAndMinusOne_EqualsOnnxRuntime(int form, int opset)
    {
        var model = new NodeModel(opset, "N", 3, 4).Integers("shape", form == 0 ? [0, -1] : [-1, 2, 6])
            .Node("Reshape", "x shape", "y").Build();
        Oracle.RequireParity(model, Signed, [2, 3, 4]);
    }

    [Fact]
    public void Unsqueeze_OfInputAxes_EqualsOnnxRuntime() =>
        Oracle.RequireParity(new NodeModel(17, "N", 12).Integers("axes", -1, 1).Node("Unsqueeze", "x axes", "y").Build(), Signed, [2, 12]);

    [Fact]
    public void Squeeze_OfInputAxes_EqualsOnnxRuntime() =>
        Oracle.RequireParity(new NodeModel(17, "N", 1, 12).Integers("axes", -2).Node("Squeeze", "x axes", "y").Build(), Signed, [2, 1, 12]);

    [Fact]
    public void Gather_OfNegativeIndices_EqualsOnnxRuntime()
    {
        var model = new NodeModel(17, "N", 3, 4).Integers("i", 2, -1, 0).Node("Gather", "x i", "y", ("axis", 1)).Build();
        Oracle.RequireParity(model, Signed, [2, 3, 4]);
    }

    /// <summary>What exporters write for <c>x.view(x.size(0), -1)</c>.</summary>
    [Fact]
    public void Reshape_OfComputedShape_EqualsOnnxRuntime()
    {
        var model = new NodeModel(17, "N", 3, 4)
            .Constant("zero", TensorData.Create("zero", [0L])).Integers("axes", 0).Integers("rest", -1)
            .Node("Shape", "x", "shape").Node("Gather", "shape zero", "n").Node("Unsqueeze", "n axes", "n1")
            .Node("Concat", "n1 rest", "target", ("axis", 0)).Node("Reshape", "x target", "y").Build();
        Oracle.RequireParity(model, Signed, [2, 3, 4]);
    }

    [Fact]
    public void Concat_OfTensors_EqualsOnnxRuntime() =>
        Oracle.RequireParity(
            new NodeModel(17, "N", 12).Node("Neg", "x", "n").Node("Concat", "x n", "y", ("axis", -1)).Build(), Signed, [2, 12]);
}
