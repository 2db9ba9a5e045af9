using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A small feature pyramid network (Lin et al. 2017): two 3×3 convolutions with normalisation at each level down; from the coarsest level on, each map is doubled and
/// added to a 1×1 convolution of the next finer one; a 3×3 and a 1×1 convolution of the finest give the classes (or values) of each pixel.
/// </summary>
public sealed record Fpn : Architecture
{
    /// <summary>Channels of each level, from the image's own size down.</summary>
    [Setting("channels of each level, from the image's own size down", AtLeast = 1, AtMost = Most)]
    public IReadOnlyList<int> Widths { get; init; } = [16, 32, 64, 128];

    /// <summary>Channels of the maps that are added.</summary>
    [Setting("channels of the maps that are added", AtLeast = 1, AtMost = Most)]
    public int Channels { get; init; } = 32;

    /// <summary>The step of the map in pixels.</summary>
    [Setting("step of the map in pixels, 1, 2, 4, ...: what the image's height and width are divided by", AtLeast = 1, AtMost = Most)]
    public int Stride { get; init; } = 1;

    /// <inheritdoc/>
    internal override string Meaning => "small feature pyramid, for a map of classes or values";

    /// <inheritdoc/>
    internal override string Samples => "images";

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        var finest = student.LevelOf(Stride, Widths.Count);
        var graph = student.Start();
        var levels = graph.Levels(student.Images(graph), Widths);
        var x = Lateral(levels.Count - 1);
        for (var level = levels.Count - 2; level >= finest; level--)
            x = graph.Named($"up{level + 1}", graph.Add($"level{level + 1}.sum", graph.Enlarge($"level{level + 1}.enlarge", x, levels[level]), Lateral(level)));
        x = graph.Relu("smooth.relu", graph.NormalizedConvolution("smooth", x, Channels, 3));
        return graph.Build(graph.Convolution("classifier", x, student.Classes, 1, initial: Initial.Uniform, bias: true));

        Value Lateral(int level) => graph.Convolution($"level{level + 1}.lateral", levels[level], Channels, 1, initial: Initial.Uniform, bias: true);
    }
}
