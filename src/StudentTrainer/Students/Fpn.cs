using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A small feature pyramid network (Lin et al. 2017): two 3×3 convolutions with normalisation at each level down; from the coarsest level on, each map is doubled and
/// added to a 1×1 convolution of the next finer one; a 3×3 and a 1×1 convolution of the finest, or of several, give the classes (or values) of each pixel.
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

    /// <summary>The steps of several maps that are given together; none: one map.</summary>
    [Setting("steps of several maps, given together as [N, places, classes], map after map and row by row, as detectors have it; none: one map, of `stride`", AtLeast = 1, AtMost = Most)]
    public IReadOnlyList<int> Strides { get; init; } = [];

    /// <inheritdoc/>
    internal override string Meaning => "small feature pyramid, for a map of classes or values";

    /// <inheritdoc/>
    internal override string Samples => "images";

    /// <inheritdoc/>
    internal override bool IsConvolutional => true;

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        int[] wanted = Strides.Count > 0 ? [.. Strides.Select(stride => student.LevelOf(stride, Widths.Count))] : [student.LevelOf(Stride, Widths.Count)];
        var graph = student.Start();
        var levels = graph.Levels(student.Images(graph), Widths);
        var maps = new Value[levels.Count];
        maps[^1] = Lateral(levels.Count - 1);
        for (var level = levels.Count - 2; level >= wanted.Min(); level--)
            maps[level] = graph.Named(
                $"up{level + 1}", graph.Add($"level{level + 1}.sum", graph.Enlarge($"level{level + 1}.enlarge", maps[level + 1], levels[level]), Lateral(level)));
        return graph.Build(Strides.Count == 0 ? Classified(wanted[0], "") : Joined([.. wanted.Select(level => Classified(level, $"{level + 1}"))]));

        Value Classified(int level, string name)
        {
            var smooth = graph.Relu($"smooth{name}.relu", graph.NormalizedConvolution($"smooth{name}", maps[level], Channels, 3));
            return graph.Convolution($"classifier{name}", smooth, student.Classes, 1, initial: Initial.Uniform, bias: true);
        }

        Value Joined(Value[] given)
        {
            Value[] flat = [.. given.Select(map => graph.Reshape($"{map.Name}.flat", map, 0, student.Classes, -1))];
            return graph.Transpose("places", graph.Concat("maps", 2, flat.Sum(map => map.Size(2)), flat), 0, 2, 1);
        }

        Value Lateral(int level) => graph.Convolution($"level{level + 1}.lateral", levels[level], Channels, 1, initial: Initial.Uniform, bias: true);
    }
}
