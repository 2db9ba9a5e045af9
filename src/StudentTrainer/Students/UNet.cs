using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A small U-Net (Ronneberger et al. 2015): two 3×3 convolutions with normalisation at each level down, then at each level up again, beside the map of the same size
/// on the way down; a 1×1 convolution gives the classes (or values) of each pixel. Levels are halved by strided convolutions and doubled by repeating values.
/// </summary>
public sealed record UNet : Architecture
{
    /// <summary>Channels of each level, from the image's own size down.</summary>
    [Setting("channels of each level, from the image's own size down", AtLeast = 1, AtMost = Most)]
    public IReadOnlyList<int> Widths { get; init; } = [16, 32, 64, 128];

    /// <summary>The step of the map in pixels.</summary>
    [Setting("step of the map in pixels, 1, 2, 4, ...: what the image's height and width are divided by", AtLeast = 1, AtMost = Most)]
    public int Stride { get; init; } = 1;

    /// <inheritdoc/>
    internal override string Meaning => "small U-Net, for a map of classes or values";

    /// <inheritdoc/>
    internal override string Samples => "images";

    /// <inheritdoc/>
    internal override bool IsConvolutional => true;

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        var finest = student.LevelOf(Stride, Widths.Count);
        var graph = student.Start();
        var levels = graph.Levels(student.Images(graph), Widths);
        var x = levels[^1];
        for (var level = levels.Count - 2; level >= finest; level--)
        {
            var (name, beside) = ($"decoder{level + 1}", levels[level]);
            x = graph.Concat($"{name}.join", 1, x.Size(1) + beside.Size(1), graph.Enlarge($"{name}.enlarge", x, beside), beside);
            x = graph.Named($"up{level + 1}", graph.Twice(name, x, Widths[level]));
        }

        return graph.Build(graph.Convolution("classifier", x, student.Classes, 1, initial: Initial.Uniform, bias: true));
    }
}
