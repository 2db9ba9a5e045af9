using System.Globalization;
using System.Text.RegularExpressions;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// Wide residual networks (Zagoruyko and Komodakis 2016): three stages of (depth − 4)/6 blocks that normalise before they convolve, with
/// 16, 32 and 64 channels times the widening factor. <c>wrn-D-K</c> has depth D and factor K.
/// </summary>
public sealed partial record WideResNet : Architecture
{
    /// <summary>Weighted layers: 10, 16, 22, ... (6n + 4).</summary>
    [Setting("weighted layers: 10, 16, 22, ... (6n + 4)", AtLeast = 1, AtMost = Most)]
    public int Depth { get; init; } = 16;

    /// <summary>Factor on the channels.</summary>
    [Setting("factor on the channels", AtLeast = 1, AtMost = Most)]
    public int Widening { get; init; } = 2;

    /// <summary>Between the convolutions of a block.</summary>
    [Setting("between the convolutions of a block", AtLeast = 0, Below = 1)]
    public double Dropout { get; init; }

    /// <inheritdoc/>
    internal override string Meaning => "wide residual network, wrn-D-K for any legal depth D and factor K";

    /// <inheritdoc/>
    internal override string Samples => "images";

    /// <inheritdoc/>
    internal override bool IsConvolutional => true;

    /// <summary>The sizes of the literature; every other legal one is read from its name.</summary>
    internal override IReadOnlyList<NamedSize> Sizes => [Sized(16, 1), Sized(16, 2), Sized(28, 10), Sized(40, 1), Sized(40, 2)];

    /// <inheritdoc/>
    internal override NamedSize? Parse(string name) =>
        Pattern().Match(name) is { Success: true } match ? Sized(Number(match, 1), Number(match, 2)) : null;

    private static NamedSize Sized(int depth, int widening) => new($"wrn-{depth}-{widening}", ("depth", depth), ("widening", widening));

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^wrn-(\d{1,4})-(\d{1,3})$")]
    private static partial Regex Pattern();

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        if (Depth < 10 || Depth % 6 != 4)
            throw student.Misfit(nameof(Depth), $"{Depth}", "10, 16, 22, ... (6n + 4)");
        var graph = student.Start();
        var x = graph.Named("stem", graph.Convolution("conv", student.Images(graph), 16, 3));
        for (var stage = 1; stage <= 3; stage++)
        {
            for (var block = 1; block <= (Depth - 4) / 6; block++)
            {
                var stride = stage > 1 && block == 1 ? 2 : 1;
                x = Block(graph, $"stage{stage}.block{block}", x, (8 << stage) * Widening, stride, Dropout);
            }

            x = graph.Named($"stage{stage}", x);
        }
        x = graph.Relu("relu", graph.BatchNormalization("norm", x));
        return graph.Build(graph.PooledClassifier(x, student.Classes));
    }

    private static Value Block(GraphBuilder graph, string name, Value x, int width, int stride, double dropout)
    {
        var active = graph.Relu($"{name}.relu1", graph.BatchNormalization($"{name}.norm1", x));
        var y = graph.Convolution($"{name}.conv1", active, width, 3, stride);
        y = graph.Relu($"{name}.relu2", graph.BatchNormalization($"{name}.norm2", y));
        y = graph.Convolution($"{name}.conv2", graph.Dropout($"{name}.dropout", y, dropout), width, 3);
        var same = stride == 1 && x.Size(1) == width;
        return graph.Add($"{name}.sum", y, same ? x : graph.Convolution($"{name}.shortcut", active, width, 1, stride));
    }
}
