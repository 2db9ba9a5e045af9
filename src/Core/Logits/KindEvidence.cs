using Onnx;
using OnnxKd.Core.Onnx;

namespace OnnxKd.Core.Logits;

/// <summary>What an output holds, and how that is known.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Reason">A phrase, such as <c>it ends in Softmax</c>.</param>
internal sealed record KindEvidence(OutputKind Kind, string Reason)
{
    /// <summary>The key under which exported models say their kind.</summary>
    public const string MetadataKey = "onnxkd.kind";

    /// <summary>What a single column is that the user calls a probability.</summary>
    public static KindEvidence DeclaredProbability { get; } = new(OutputKind.Labels, "the recipe says that it is a probability");

    // Beyond this, an operator would have to see through arithmetic.
    private static readonly HashSet<string> Passing = ["Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout"];

    private static readonly Dictionary<string, OutputKind> Names = new(StringComparer.Ordinal)
    {
        ["logit"] = OutputKind.Classes,
        ["logits"] = OutputKind.Classes,
        ["class"] = OutputKind.Classes,
        ["classes"] = OutputKind.Classes,
        ["classifier"] = OutputKind.Classes,
        ["classification"] = OutputKind.Classes,
        ["cls"] = OutputKind.Classes,
        ["variable"] = OutputKind.Values, // what sklearn-onnx and onnxmltools call the output of a regressor
        ["value"] = OutputKind.Values,
        ["values"] = OutputKind.Values,
        ["regression"] = OutputKind.Values,
        ["regressor"] = OutputKind.Values,
        ["embedding"] = OutputKind.Embedding,
        ["embeddings"] = OutputKind.Embedding,
        ["embed"] = OutputKind.Embedding,
        ["embeds"] = OutputKind.Embedding,
    };

    /// <summary>What a model says without being run: its metadata, which speak of its only output, or the structure of its graph.</summary>
    /// <param name="model">The model.</param>
    /// <param name="requested">The tensor that was asked for; <c>null</c>: the only float output.</param>
    /// <param name="trace">What was found behind it.</param>
    public static KindEvidence? OfModel(ModelProto model, string? requested, LogitTrace trace) =>
        (requested is null ? OfMetadata(model) : null) ?? OfActivation(trace) ?? OfDecision(trace) ?? OfReaders(new(model.Graph), trace.Output, 4);

    /// <summary>What an exported student says of itself.</summary>
    public static KindEvidence? OfMetadata(ModelProto model) =>
        model.MetadataProps.FirstOrDefault(entry => entry.Key == MetadataKey)?.Value is { } word
        && Enum.GetValues<OutputKind>().Where(kind => kind.Word() == word).ToArray() is [var kind]
            ? new(kind, "its metadata say so")
            : null;

    /// <summary>What the last operator says.</summary>
    /// <param name="trace">What was found behind the output.</param>
    public static KindEvidence? OfActivation(LogitTrace trace) => trace.Activation switch
    {
        HeadActivation.Softmax or HeadActivation.LogSoftmax => new(OutputKind.Classes, $"it ends in {trace.Activation}"),
        HeadActivation.Sigmoid => new(OutputKind.Labels, "it ends in Sigmoid"),
        HeadActivation.UnitLength => new(OutputKind.Embedding, "it ends in a division by its length"),
        _ => null,
    };

    private static KindEvidence? OfDecision(LogitTrace trace) => trace.Decision is { } decision
        ? new(decision.IsOfOneColumn ? OutputKind.Labels : OutputKind.Classes, $"'{decision.Output}' is decided by it")
        : null;

    /// <summary>What values say that the model gave.</summary>
    /// <param name="values">Rows × columns.</param>
    /// <param name="columns">Values per row.</param>
    public static KindEvidence? OfValues(ReadOnlySpan<float> values, int columns) =>
        columns == 1 ? null
        : Distributions.AreProbabilities(values, columns) ? new(OutputKind.Classes, "each row sums to 1")
        : Distributions.AreLogProbabilities(values, columns) ? new(OutputKind.Classes, "the exponentials of each row sum to 1")
        : Distributions.AreUnitVectors(values, columns) ? new(OutputKind.Embedding, "each row has the length 1")
        : null;

    /// <summary>What a name says; <c>null</c>: nothing, or more than one thing.</summary>
    /// <param name="tensor">The output.</param>
    /// <param name="columns">Values per row: a score that stands alone is a label's, if it is called a logit; else it may be any number.</param>
    public static KindEvidence? OfName(string tensor, int columns)
    {
        var found = Words(tensor).Where(Names.ContainsKey).ToArray();
        var kinds = found.Select(word => Names[word]).Distinct().ToArray();
        if (kinds.Length != 1)
            return null;
        if (columns > 1 || kinds[0] == OutputKind.Values)
            return new(kinds[0], $"its name is '{tensor}'");
        return SaysLogits(tensor) ? new(OutputKind.Labels, $"its name is '{tensor}', and it has one column") : null;
    }

    /// <summary>Whether a name says that a tensor holds logits, and no probabilities.</summary>
    /// <param name="tensor">The tensor.</param>
    public static bool SaysLogits(string tensor) => Words(tensor).Any(word => word is "logit" or "logits");

    /// <summary>What labels say: as classes the values are right far more often than the commonest label alone would be.</summary>
    /// <param name="values">Rows × columns.</param>
    /// <param name="columns">Values per row.</param>
    /// <param name="labels">The class of each row.</param>
    public static KindEvidence? OfLabels(ReadOnlySpan<float> values, int columns, ReadOnlySpan<int> labels)
    {
        var classes = Math.Max(2, columns);
        if (labels.Length < FewestLabels || labels.ContainsAnyExceptInRange(0, classes - 1))
            return null;
        var (right, counts) = (0, new int[classes]);
        for (var row = 0; row < labels.Length; row++)
        {
            var scores = values.Slice(row * columns, columns);
            right += (columns == 1 ? scores[0] > 0 ? 1 : 0 : System.Numerics.Tensors.TensorPrimitives.IndexOfMax(scores)) == labels[row] ? 1 : 0;
            counts[labels[row]]++;
        }

        var chance = (double)counts.Max() / labels.Length;
        var deviation = Math.Sqrt(chance * (1 - chance) / labels.Length);
        var share = (double)right / labels.Length;
        return chance < 1 && share > chance + ClearlyBetter * deviation
            ? new(
                columns == 1 ? OutputKind.Labels : OutputKind.Classes,
                FormattableString.Invariant($"it is right on {share:0 %} of {labels.Length} labelled samples, chance being {chance:0 %}"))
            : null;
    }

    // Standard deviations of the commonest label's share: a number that is met by chance once in 30,000 models.
    private const double ClearlyBetter = 4;
    private const int FewestLabels = 20;

    /// <summary>What the weights of the last product, and of the addition behind it, are called: the weakest evidence.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="trace">What was found behind the output.</param>
    public static KindEvidence? OfWeights(GraphProto graph, LogitTrace trace)
    {
        var index = new GraphIndex(graph);
        var last = index.Producer(trace.Source);
        var before = last?.OpType == "Add" ? last.Input.Select(index.Producer).FirstOrDefault(node => node?.OpType is "MatMul" or "Gemm" or "Conv") : null;
        foreach (var weight in (last?.Input ?? []).Concat(before?.Input ?? []).Where(index.Initializers.ContainsKey))
            foreach (var word in Words(weight))
                if (word is "classifier" or "classification" or "regressor")
                    return new(word == "regressor" ? OutputKind.Values : OutputKind.Classes, $"its last weights are called '{weight}'");
        return null;
    }

    private static KindEvidence? OfReaders(GraphIndex index, string tensor, int depth)
    {
        var kinds = new HashSet<KindEvidence>();
        Follow(tensor, depth);
        return kinds.Count == 1 ? kinds.Single() : null;

        void Follow(string name, int left)
        {
            foreach (var reader in left == 0 ? [] : index.Consumers(name).Where(node => OperatorSets.IsOwn(node.Domain)))
            {
                if (reader.OpType is "Softmax" or "LogSoftmax" or "ArgMax")
                    kinds.Add(new(OutputKind.Classes, $"{reader.OpType} reads it"));
                // x · sigmoid(x) is an activation of hidden units.
                else if (reader.OpType == "Sigmoid" && !index.Consumers(reader.Output[0]).Any(next => next.OpType == "Mul" && next.Input.Contains(name)))
                    kinds.Add(new(OutputKind.Labels, "Sigmoid reads it"));
                else if (Passing.Contains(reader.OpType) && reader.Input[0] == name)
                    Follow(reader.Output[0], left - 1);
            }
        }
    }

    /// <summary>A name's words, in lower case: runs of letters, which a capital after a small letter begins anew.</summary>
    private static IEnumerable<string> Words(string name)
    {
        var start = 0;
        for (var i = 1; i <= name.Length; i++)
        {
            var ends = i == name.Length || !char.IsAsciiLetter(name[i]) || !char.IsAsciiLetter(name[i - 1])
                || (char.IsAsciiLetterUpper(name[i]) && char.IsAsciiLetterLower(name[i - 1]));
            if (!ends)
                continue;
            if (char.IsAsciiLetter(name[start]))
                yield return name[start..i].ToLowerInvariant();
            start = i;
        }
    }
}
