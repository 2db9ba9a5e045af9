using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Tests.Support;
using TorchSharp;

namespace OnnxKd.StudentTrainer.Tests.Operators;

public class RegularizationTests
{
    [Theory]
    [InlineData(7, 1)]
    [InlineData(10, 1)] // its mask in ONNX Runtime is all false, against version 12 and the sense of it
    [InlineData(13, 2)]
    [InlineData(22, 2)]
    public void Dropout_InEvaluation_EqualsOnnxRuntime(int opset, int outputs) =>
        new NodeCase(opset, "Dropout").Floats(3, 4).Outputs(outputs).RequireParity();

    /// <summary>ONNX Runtime's mask of version 7 is not of the data's type, as the specification has it.</summary>
    [Fact]
    public void Dropout7_Mask_HasTypeOfData()
    {
        using var scope = torch.NewDisposeScope();
        var (_, mask) = Train(new NodeModel(7, "N").Node("Dropout", "x", "y mask", ("ratio", 0.5)).Build("y"));
        Assert.Equal(torch.ScalarType.Float32, mask.dtype);
    }

    [Fact]
    public void Dropout_InTraining_DropsWhatTheMaskSaysAndScalesTheRest()
    {
        using var scope = torch.NewDisposeScope();
        torch.random.manual_seed(3);
        var model = new NodeModel(13, "N").Floats("ratio", [0.75f]).Node("Dropout", "x ratio", "y mask").Build("y");
        var (y, mask) = Train(model);
        Assert.Equal(mask.to(torch.float32).mul(4).data<float>().ToArray(), y.data<float>().ToArray());
        Assert.InRange(mask.to(torch.float32).mean().item<float>(), 0.22f, 0.28f);
    }

    [Fact]
    public void Dropout_OfTrainingModeInTheFile_IsTheTrainersDecision() =>
        Assert.Equal(
            1f, new NodeCase(13, "Dropout").Input(ElementType.Float32, [], 1).Input(ElementType.Float32, [], 0.5)
                .Input(ElementType.Bool, [], 1).Execute().item<float>());

    [Theory]
    [InlineData(1.0)]
    [InlineData(-0.1)]
    public void Dropout_OfRatioOutOfRange_IsRefused(double ratio)
    {
        var test = new NodeCase(10, "Dropout", ("ratio", ratio)).Floats(3);
        Assert.Contains("outside [0, 1)", Assert.Throws<UnsupportedModelException>(test.Compile).Message);
    }

    private static (torch.Tensor Result, torch.Tensor Mask) Train(Core.Onnx.OnnxModel model)
    {
        var program = Programs.Compile(model, "mask");
        using var weights = WeightSet.Load(program.Plan, torch.CPU, trainable: true);
        var results = program.Run(weights, torch.ones(10_000), training: true);
        return (results[0], results[1]);
    }
}
