using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students;

namespace OnnxKd.StudentTrainer.Tests.Students;

public class InitialWeightsTests
{
    [Fact]
    public void Uniform_OfDenseLayer_FillsItsRangeEvenly()
    {
        var weights = Weights("mlp", [28, 28], "hidden1.weight");
        const double Bound = 1.0 / 28;
        Assert.InRange(weights.Max(), 0.999 * Bound, Bound);
        Assert.InRange(weights.Min(), -Bound, -0.999 * Bound);
        RequireSpread(weights, Bound / Math.Sqrt(3));
    }

    /// <summary>Variance 2 over the connections out of a unit: 64 kernels of 3×3.</summary>
    [Fact]
    public void HeNormal_OfConvolution_HasItsSpread() =>
        RequireSpread(Weights("resnet8", [3, 8, 8], "stage3.block1.conv2.weight"), Math.Sqrt(2.0 / (64 * 9)));

    /// <summary>In a depthwise convolution a unit has nine connections, however many channels there are.</summary>
    [Fact]
    public void HeNormal_OfDepthwiseConvolution_CountsOneChannel() =>
        RequireSpread(Weights("mobilenetv2", [3, 8, 8], "stage7.block1.depthwise.weight"), Math.Sqrt(2.0 / 9));

    /// <summary>A normal distribution cut at two deviations keeps 0.8796 of its deviation.</summary>
    [Fact]
    public void TruncatedNormal_OfTransformer_StaysWithinTwoDeviations()
    {
        var weights = Weights("vit", [8, 8], "block1.mlp.hidden.weight");
        Assert.InRange(weights.Max(), 0.0399, 0.04);
        Assert.InRange(weights.Min(), -0.04, -0.0399);
        RequireSpread(weights, 0.02 * 0.87962566);
    }

    private static void RequireSpread(float[] weights, double deviation)
    {
        // Four standard errors: of the mean, and of the variance (which for a normal distribution is √(2/n) of it).
        Assert.Equal(0, weights.Average(), 4 * deviation / Math.Sqrt(weights.Length));
        var variance = weights.Average(weight => (double)weight * weight);
        Assert.Equal(1, variance / (deviation * deviation), 4 * Math.Sqrt(2.0 / weights.Length));
    }

    private static float[] Weights(string architecture, int[] sampleShape, string name) =>
        Architectures.Build(new() { Architecture = architecture }, sampleShape, 10, 1)
            .Proto.Graph.Initializer.Single(tensor => tensor.Name == name).ToFloats();
}
