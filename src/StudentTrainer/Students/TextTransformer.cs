using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>
/// A text classifier: token ids become vectors, each gets a learned position, transformer blocks look both ways (Devlin et al. 2019), and
/// the classifier reads the mean, the first token or each. Tokens that are padding (by the samples' mask, or their id), wherever they stand, are looked at by
/// none, left out of the mean and never the first.
/// </summary>
public sealed record TextTransformer : TextStack
{
    private const int OfBert = 30522;

    /// <summary>The defaults are those of transformer-tiny.</summary>
    public TextTransformer()
        : base(128, 2, 2)
    {
    }

    /// <summary>How many token ids there are; <c>null</c>: 30522, as BERT has. A recipe that does not say finds it in its teacher and sets.</summary>
    [Setting("how many token ids there are; by default the rows of the teacher's table, else one more than the largest id of the sets", AtLeast = 1, AtMost = Most)]
    public int? Vocabulary { get; init; }

    /// <summary>Token id of padding; by default none is masked.</summary>
    [Setting("token id of padding; by default none is masked", AtLeast = 0, AtMost = Most)]
    public int? Padding { get; init; }

    /// <summary>What the classifier reads: the mean of all tokens, the first one, or each: then there is a row of scores for each.</summary>
    [Setting("what the classifier reads: the mean, the first token that is no padding, or (`none`) each token, which gives [N, T, classes]", Words = ["mean", "first", "none"])]
    public string Pooling { get; init; } = "mean";

    /// <inheritdoc/>
    internal override string Meaning => "transformer encoder of text";

    /// <inheritdoc/>
    internal override string Samples => "int64 token ids [length]; of named inputs these, a mask and kinds of tokens";

    /// <summary>The sizes of Turc et al. 2019.</summary>
    internal override IReadOnlyList<NamedSize> Sizes =>
    [
        Sized("transformer-tiny", 128, 2, 2), Sized("transformer-mini", 256, 4, 4),
        Sized("transformer-small", 512, 4, 8), Sized("transformer-medium", 512, 8, 8),
    ];

    /// <inheritdoc/>
    internal override OnnxModel Build(StudentRequest student)
    {
        var sizes = BlockSizes(student);
        var graph = student.Start();
        var (ids, masked, kinds) = TokenInputs.Of(student, graph);
        var padding = masked ?? graph.Padding(ids, Padding);
        var x = graph.Embedding("tokens", ids, Vocabulary ?? OfBert, sizes.Width);
        if (kinds is not null)
            x = graph.Add("kinds.sum", x, graph.Kinds("kinds", kinds, sizes.Width));
        x = graph.Positions("positions", x, Longest(student));
        x = graph.Dropout("positions.dropout", x, sizes.Dropout);
        var hidden = padding is null ? null : graph.Unsqueeze("padding.heads", graph.Unsqueeze("padding.queries", padding, 1), 1);
        x = graph.Blocks(x, sizes, hidden);
        x = Pooling switch { "mean" => graph.MeanOverTime("mean", x, padding), "first" => graph.FirstOverTime("first", x, padding), _ => x };
        return graph.Build(graph.Dense("classifier", x, student.Classes, Initial.TruncatedNormal));
    }
}
