using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// LeNet-5 (LeCun et al. 1998) with Relu and maximum pooling: two 5×5 convolutions, each pooled 2×2, then 120 and 84 units. Images below
/// 32 pixels are padded by 2, as the paper does with 28×28.
/// </summary>
public sealed record LeNet : Architecture
{
    /// <summary>Before the classifier.</summary>
    [Setting("before the classifier", AtLeast = 0, Below = 1)]
    public double Dropout { get; init; }

    /// <inheritdoc/>
    internal override string Meaning => "LeNet-5 with Relu and maximum pooling";

    /// <inheritdoc/>
    internal override string Samples => "images of 12 pixels or more";

    /// <inheritdoc/>
    internal override bool IsConvolutional => true;

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        var graph = student.Start();
        var x = student.Images(graph);
        var pad = Math.Min(x.Size(2), x.Size(3)) < 32 ? 2 : 0;
        x = graph.Convolution("conv1", x, 6, 5, pad: pad, initial: Initial.Uniform, bias: true);
        x = graph.MaxPool("conv1.pool", graph.Relu("conv1.relu", x));
        x = graph.Convolution("conv2", x, 16, 5, pad: 0, initial: Initial.Uniform, bias: true);
        x = graph.MaxPool("conv2.pool", graph.Relu("conv2.relu", x));
        x = graph.Relu("hidden1.relu", graph.Dense("hidden1", graph.Flatten("flatten", x), 120));
        x = graph.Relu("hidden2.relu", graph.Dense("hidden2", x, 84));
        x = graph.Dropout("hidden2.dropout", x, Dropout);
        return graph.Build(graph.Dense("classifier", x, student.Classes));
    }
}
