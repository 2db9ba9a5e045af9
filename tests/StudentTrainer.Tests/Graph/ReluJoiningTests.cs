using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Graph;

public class ReluJoiningTests
{
    private static readonly float[] Samples = Numbers.Uniform(3, 15, -2, 2);

    [Theory]
    [InlineData("Gemm", "x matrix bias")]
    [InlineData("Gemm", "x matrix")]
    public void ProductAndRelu_InTraining_AreOneStepAndEqualOnnxRuntime(string op, string inputs)
    {
        var model = Start().Node(op, inputs, "sum").Node("Relu", "sum", "y").Build();

        Assert.Equal(["Gemm"], StepsOf(model));
        RequireParity(model);
    }

    [Fact]
    public void MatMulAddAndRelu_InTraining_AreOneStepAndEqualOnnxRuntime()
    {
        var model = Start().Node("MatMul", "x matrix", "product").Node("Add", "product bias", "sum").Node("Relu", "sum", "y").Build();

        Assert.Equal(["MatMul"], StepsOf(model));
        RequireParity(model);
    }

    [Fact]
    public void ProductThatIsReadElsewhere_StaysAlone()
    {
        var model = Start().Node("Gemm", "x matrix bias", "sum").Node("Relu", "sum", "above").Node("Add", "sum above", "y").Build();

        Assert.Equal(["Gemm", "Relu", "Add"], StepsOf(model));
        RequireParity(model);
    }

    [Fact]
    public void ProductThatIsTapped_StaysAlone()
    {
        var model = Start().Node("Gemm", "x matrix bias", "sum").Node("Relu", "sum", "y").Build();

        Assert.Equal(["Gemm", "Relu"], StepsOf(model, "sum"));
    }

    [Fact]
    public void Evaluation_KeepsEveryTensor()
    {
        var model = Start().Node("Gemm", "x matrix bias", "sum").Node("Relu", "sum", "y").Build();

        Assert.Equal(["Gemm", "Relu"], Steps(Programs.CompileForTraining(model), training: false));
    }

    private static NodeModel Start() =>
        new NodeModel(17, "N", 3).Floats("matrix", Numbers.Uniform(1, 12, -1, 1), 3, 4).Floats("bias", Numbers.Uniform(2, 4, -1, 1), 4);

    private static List<string> StepsOf(OnnxModel model, params string[] taps) => Steps(Programs.CompileForTraining(model, taps), training: true);

    private static List<string> Steps(StudentProgram program, bool training)
    {
        using var scope = NewDisposeScope();
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: true);
        var steps = new List<string>();
        (training ? program.Training : program.Graph).Run(
            weights, [tensor(Samples, 5, 3)], training, (step, _) => steps.Add(step.Operator.Name));
        return steps;
    }

    private static void RequireParity(OnnxModel model)
    {
        using var scope = NewDisposeScope();
        var program = Programs.CompileForTraining(model);
        using var weights = WeightSet.Load(program.Plan, CPU, trainable: true);
        var trained = program.Run(weights, tensor(Samples, 5, 3), training: true)[0];
        Near.Equal(Oracle.OnnxRuntime(model, Samples, 5, 3).Values, trained.data<float>().ToArray(), 1e-5);
    }
}
