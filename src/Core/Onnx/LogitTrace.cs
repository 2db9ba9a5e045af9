using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Text;

namespace OnnxKd.Core.Onnx;

/// <summary>The function between a model's logits and its output.</summary>
public enum HeadActivation
{
    /// <summary>None that could be found.</summary>
    None,

    /// <summary>Probabilities that sum to one.</summary>
    Softmax,

    /// <summary>Logarithms of such probabilities.</summary>
    LogSoftmax,

    /// <summary>A probability for each class on its own.</summary>
    Sigmoid,

    /// <summary>Division by the Euclidean length.</summary>
    UnitLength,

    /// <summary>Of a detector head: a probability for each score, and boxes as they are.</summary>
    SigmoidOfScores,
}

/// <summary>Where a graph's logits are, as far as its structure tells.</summary>
/// <param name="Output">The tensor that the search started from.</param>
/// <param name="Logits">The tensor before the final activation; <paramref name="Output"/> itself where there is none.</param>
/// <param name="Activation">What lies between the two.</param>
/// <param name="IsInner">Whether it is a tensor inside the graph, and no output; one that the user named is taken as it is.</param>
/// <param name="Axis">The axis that a Softmax or LogSoftmax names, counted with the batch; <c>null</c>: it names none.</param>
internal sealed record LogitTrace(string Output, string Logits, HeadActivation Activation, bool IsInner, long? Axis = null)
{
    /// <summary>The tensor whose values the output has, before any that only reshape or convert them.</summary>
    public string Source { get; init; } = Logits;

    /// <summary>What is decided by these scores, of a model that gives decisions alone; <c>null</c>: it gives scores, or a tensor was named.</summary>
    public Decision? Decision { get; init; }

    /// <summary>Where the scores are a support vector machine's margins between two classes each: of how many classes; <c>null</c>: they are not.</summary>
    public int? PairsOf { get; init; }

    /// <summary>The node that chooses the smallest of them, so that they are distances, and no scores; <c>null</c>: none does.</summary>
    public string? ChosenSmallest { get; init; }

    /// <summary>What all values were before they were moved, joined or averaged, where the output ends in no activation: Sigmoid or Softmax; None: neither, or not all.</summary>
    public HeadActivation Inner { get; init; }

    /// <summary>The axis of the logits along which the graph has classes or channels; <c>null</c>: it does not tell.</summary>
    public ChannelAxis? Channels { get; init; }

    // These pass a row's values on in the same order.
    private static readonly HashSet<string> Passing = ["Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout"];

    /// <summary>Looks for the logits behind an output. What it finds is a claim; running the model must test it.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="requested">An output, or a tensor inside the graph; <c>null</c>: the only float output, or what the outputs' decisions are made by.</param>
    /// <param name="model">The model's name, for messages.</param>
    /// <exception cref="InputException">No tensor of that name, or several float outputs and none requested.</exception>
    public static LogitTrace Find(GraphProto graph, string? requested, string model)
    {
        var index = new GraphIndex(graph);
        if (requested is null && DecisionOf(graph) is { } decision)
            return WithChannels(Follow(index, decision.Scores) with { IsInner = true, Decision = decision });
        var output = requested ?? OnlyFloatOutput(graph, model);
        var isOutput = graph.Output.Any(o => o.Name == output);
        return isOutput ? WithChannels(Follow(index, output))
            : index.Producer(output) is not null || BranchTensors.Contain(graph, output)
            ? WithChannels(new(output, output, HeadActivation.None, IsInner: true))
            : throw new InputException(
                "The model has no tensor of that name.", model, $"'{output}'",
                $"an output ({string.Join(", ", graph.Output.Select(o => o.Name))}) or any tensor that a node gives",
                Suggestions.Nearest(output, graph.Node.SelectMany(node => node.Output)) is { } nearest ? $"did you mean '{nearest}'?" : null);

        LogitTrace WithChannels(LogitTrace trace) => trace with
        {
            Channels = ChannelAxis.Find(index, trace.Logits), PairsOf = PairsOfClasses(index, trace.Source),
            ChosenSmallest = index.Consumers(trace.Output).Where(node => node.OpType == "ArgMin").Select(node => node.Name.Length > 0 ? node.Name : node.Output[0]).FirstOrDefault(),
            Inner = trace.Activation == HeadActivation.None ? InnerActivation.Find(index, trace.Logits) : HeadActivation.None,
        };
    }

    private static LogitTrace Follow(GraphIndex index, string output)
    {
        var tensor = output;
        for (; index.Producer(tensor) is { } node; tensor = node.Input[0])
        {
            if (IsUnitLength(index, node))
                return new(output, output, HeadActivation.UnitLength, IsInner: false);
            if (ActivationOf(node) is not HeadActivation.None and var activation)
                return new(output, node.Input[0], activation, IsInner: false, node.Attribute.FirstOrDefault(a => a.Name == "axis")?.I);
            if (!Passing.Contains(node.OpType) || node.Input.Count == 0)
                break;
        }

        return new(output, output, HeadActivation.None, IsInner: false) { Source = tensor };
    }

    /// <summary>Without the numbers that make probabilities of them, SVMClassifier gives the margins of each two of its classes.</summary>
    private static int? PairsOfClasses(GraphIndex index, string tensor) =>
        index.Producer(tensor) is { OpType: "SVMClassifier" } machine && machine.Output.Count > 1 && machine.Output[1] == tensor
        && !machine.Attribute.Any(attribute => attribute is { Name: "prob_a", Floats.Count: > 0 })
        && machine.Attribute.Where(attribute => attribute.Name.StartsWith("classlabels", StringComparison.Ordinal)).Sum(list => list.Ints.Count + list.Strings.Count) is > 2 and var classes
            ? classes
            : null;

    private static HeadActivation ActivationOf(NodeProto node) => node.Domain is not ("" or "ai.onnx")
        ? HeadActivation.None
        : node.OpType switch
        {
            "Softmax" => HeadActivation.Softmax,
            "LogSoftmax" => HeadActivation.LogSoftmax,
            "Sigmoid" => HeadActivation.Sigmoid,
            _ => HeadActivation.None,
        };

    /// <summary>LpNormalization, or x ÷ ReduceL2(x) with what keeps the length from 0 between the two.</summary>
    private static bool IsUnitLength(GraphIndex index, NodeProto node)
    {
        if (node.OpType == "LpNormalization")
            return (node.Attribute.FirstOrDefault(a => a.Name == "p")?.I ?? 2) == 2;
        if (node.OpType != "Div")
            return false;
        var divisor = index.Producer(node.Input[1]);
        while (divisor?.OpType is "Clip" or "Max" or "Add" or "Expand" or "Unsqueeze" or "Identity")
            divisor = divisor.Input.Select(index.Producer).FirstOrDefault(producer => producer is not null && producer.OpType != "Constant");
        return divisor?.OpType == "ReduceL2" && divisor.Input[0] == node.Input[0];
    }

    /// <summary>Of a model whose outputs only say what is decided, what it is decided by: an ArgMax, and the highest probability beside it.</summary>
    internal static Decision? DecisionOf(GraphProto graph)
    {
        var decisions = Decision.AllOf(graph);
        if (decisions.Count == 0 || decisions.Select(decision => decision.Scores).Distinct().Skip(1).Any())
            return null;
        var index = new GraphIndex(graph);
        return graph.Output.Where(IsFloat).All(output => decisions.Any(decision => decision.Output == output.Name)
            || index.Producer(output.Name) is { OpType: "ReduceMax" } highest && highest.Input[0] == decisions[0].Scores) ? decisions[0] : null;
    }

    /// <summary>The outputs of floats, but for those that only say what is decided.</summary>
    internal static string[] FloatOutputs(GraphProto graph) =>
        [.. graph.Output.Where(IsFloat).Select(output => output.Name).Except(Decision.AllOf(graph).Where(decision => !decision.IsOfValues).Select(decision => decision.Output))];

    private static string OnlyFloatOutput(GraphProto graph, string model)
    {
        var candidates = FloatOutputs(graph);
        return candidates.Length == 1
            ? candidates[0]
            : throw Suppression.Behind(graph, candidates)?.Refusal(string.Join(", ", candidates), model) ?? new InputException(
                "It is not clear which of the model's outputs is learned from.", model,
                $"{candidates.Length} float outputs among {string.Join(", ", graph.Output.Select(o => o.Name))}", "1",
                candidates.Length == 0 && Listed(graph) is { } list
                    ? $"'{list.Output}' is a list of the tensors {string.Join(", ", list.Parts)}: name one (output:), or one student learns them all (--outputs {string.Join(",", list.Parts)})"
                : candidates.Length == 0 && Decision.AllOf(graph) is [var decision, ..]
                    ? $"'{decision.Output}' is decided by '{decision.Scores}': learn from that (--outputs {decision.Scores}; output: in a recipe)"
                : candidates.Length == 0 && graph.Output is [var only] && Before(graph, only.Name) is var (before, how)
                    ? $"'{only.Name}' is made of '{before}', {how}: learn from that (--outputs {before}; output: in a recipe)"
                    : "name the output, or the tensor inside the graph: output: under a teacher (--outputs NAME) or under student (--set student.output=NAME), of a single model --output NAME (adjust-bias: --scores NAME);"
                        + " more of them under outputs:; a detector's boxes under output: and its scores under scores:");
    }

    /// <summary>What an output that holds no floats is made of, where one operator took them away; <c>null</c>: something else did.</summary>
    private static (string Tensor, string How)? Before(GraphProto graph, string output)
    {
        var index = new GraphIndex(graph);
        var made = index.Producer(output);
        if (made is { OpType: "Cast" } && index.Producer(made.Input[0]) is { OpType: "Greater" or "GreaterOrEqual" or "Less" or "LessOrEqual" or "ArgMin" } test)
            made = test;
        return made?.OpType switch
        {
            "Cast" or "QuantizeLinear" => (made.Input[0], "by rounding"),
            "Greater" or "GreaterOrEqual" or "Less" or "LessOrEqual" => (made.Input[0], "by a comparison"),
            "ArgMin" => (made.Input[0], "whose smallest it names, so that they are no scores but values, such as distances"),
            _ => null,
        };
    }

    /// <summary>An output that is a sequence of tensors, as classifiers of several things have it, and what it is made of.</summary>
    private static (string Output, IReadOnlyList<string> Parts)? Listed(GraphProto graph)
    {
        var index = new GraphIndex(graph);
        foreach (var output in graph.Output)
            if (index.Producer(output.Name) is { OpType: "SequenceConstruct" } list)
                return (output.Name, list.Input);
        return null;
    }

    private static bool IsFloat(ValueInfoProto output) => output.Type?.TensorType is not null && TensorTypes.IsFloat(output.DataTypeOf());
}
