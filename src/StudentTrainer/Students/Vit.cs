using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A vision transformer (Dosovitskiy et al. 2021): patches become tokens, a class token may join them, each gets a learned position; the
/// classifier reads the class token or the mean.
/// </summary>
public sealed record Vit : BlockStack
{
    /// <summary>The defaults have half the depth of vit-tiny.</summary>
    public Vit()
        : base(192, 6, 3)
    {
    }

    /// <summary>Side of a patch in pixels, a divisor of both sides.</summary>
    [Setting("side of a patch in pixels, a divisor of both sides", AtLeast = 1, AtMost = Most)]
    public int Patch { get; init; } = 4;

    /// <summary>What the classifier reads.</summary>
    [Setting("what the classifier reads", Words = ["token", "mean"])]
    public string Pooling { get; init; } = "token";

    /// <inheritdoc/>
    internal override string Meaning => "vision transformer";

    /// <inheritdoc/>
    internal override string Samples => "images";

    /// <summary>The sizes of Touvron et al. 2021.</summary>
    internal override IReadOnlyList<NamedSize> Sizes => [Sized("vit-tiny", 192, 12, 3), Sized("vit-small", 384, 12, 6), Sized("vit-base", 768, 12, 12)];

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        var sizes = BlockSizes(student);
        var graph = student.Start();
        var x = student.Images(graph);
        if (x.Size(2) % Patch != 0 || x.Size(3) % Patch != 0)
            throw student.Misfit(nameof(Patch), $"{Patch} for images of {x.Size(2)}×{x.Size(3)}", "a divisor of both sides");
        x = graph.Convolution("patches", x, sizes.Width, Patch, Patch, pad: 0, initial: Initial.TruncatedNormal, bias: true);
        x = graph.Transpose("tokens", graph.Reshape("patches.flat", x, 0, sizes.Width, -1), 0, 2, 1);
        if (Pooling == "token")
            x = WithClassToken(graph, x);
        x = graph.Dropout("positions.dropout", graph.Positions("positions", x, x.Size(1)), sizes.Dropout);
        x = graph.Blocks(x, sizes);
        x = Pooling == "token" ? graph.Pick("class", x, 1) : graph.Mean("mean", x, 1);
        return graph.Build(graph.Dense("classifier", x, student.Classes, Initial.TruncatedNormal));
    }

    /// <summary>Repeats one learned token for the batch, as exporters do, and puts it first.</summary>
    private static Value WithClassToken(GraphBuilder graph, Value x)
    {
        var width = x.Size(2);
        var token = graph.Weight("class-token.weight", Initial.TruncatedNormal, width, 1, 1, width);
        var shape = graph.Concat("class-token.shape", 0, 3, graph.Length("batch", x, 0), graph.Integers("class-token.rest", 1, width));
        var tokens = graph.Node("Expand", "class-token", [x.Shape[0], 1, width], [token, shape]);
        return graph.Concat("all-tokens", 1, x.Size(1) + 1, tokens, x);
    }
}
