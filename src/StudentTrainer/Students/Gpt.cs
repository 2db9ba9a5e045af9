using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A causal decoder of text (Radford et al. 2019): each token sees itself and what stands before it, and gives the logits of the token
/// that follows, [N, T, vocabulary]. One matrix embeds tokens and, transposed, gives the logits (Press and Wolf 2017).
/// </summary>
public sealed record Gpt : TextStack
{
    /// <summary>The defaults are those of gpt-mini.</summary>
    public Gpt()
        : base(192, 6, 6)
    {
    }

    /// <inheritdoc/>
    internal override string Meaning => "causal decoder of text; the classes are the vocabulary";

    /// <inheritdoc/>
    internal override string Samples => "int64 token ids [length]";

    /// <inheritdoc/>
    internal override IReadOnlyList<NamedSize> Sizes =>
        [Sized("gpt-nano", 48, 3, 3), Sized("gpt-micro", 128, 4, 4), Sized("gpt-mini", 192, 6, 6)];

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        var (sizes, longest) = (BlockSizes(student), Longest(student));
        var graph = student.Start();
        var ids = student.Tokens(graph);
        var tokens = graph.Weight("tokens.weight", Initial.TruncatedNormal, sizes.Width, student.Classes, sizes.Width);
        var x = graph.Gather("tokens", tokens, ids);
        x = graph.Dropout("positions.dropout", graph.Positions("positions", x, longest), sizes.Dropout);
        x = graph.Blocks(x, sizes, Later(graph, ids, longest));
        return graph.Build(graph.Node(
            "MatMul", "classifier", [.. x.Shape.Take(2), student.Classes], [x, graph.Transpose("unembedding", tokens, 1, 0)]));
    }

    /// <summary>Which tokens come later than the one that looks: true in [T, T].</summary>
    private static Value Later(GraphBuilder graph, Value ids, int longest)
    {
        var later = graph.Square("later.all", longest, (query, key) => key > query);
        var length = graph.Length("length", ids, 1);
        return graph.First("later", later, graph.Concat("later.lengths", 0, 2, length, length), 0, 1);
    }
}
