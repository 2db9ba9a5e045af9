using System.Text.Json.Serialization;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Logits;

/// <summary>What a session that is written for a model sees of it: what can be swapped for another model without a change to the session.</summary>
/// <param name="Input">What it feeds.</param>
/// <param name="Output">What it reads; <c>null</c>: what is learned from is inside the graph, and no output depends on it in a way that could be offered.</param>
public sealed record ModelInterface(InterfaceInput Input, InterfaceOutput? Output = null)
{
    /// <summary>Further inputs that it feeds; <c>null</c>: none.</summary>
    public IReadOnlyList<InterfaceInput>? FurtherInputs { get; init; }

    /// <summary>All inputs.</summary>
    [JsonIgnore]
    public IReadOnlyList<InterfaceInput> Inputs => [Input, .. FurtherInputs ?? []];

    /// <summary>Whether it feeds inputs of the samples, each by its name.</summary>
    [JsonIgnore]
    public bool TakesParts => Inputs.Any(input => input.Part is not null);

    /// <summary>Further outputs that it reads, each as <see cref="Output"/>.</summary>
    public IReadOnlyList<InterfaceOutput?> Others { get; init; } = [];

    /// <summary>All outputs.</summary>
    [JsonIgnore]
    public IReadOnlyList<InterfaceOutput?> Outputs => [Output, .. Others];

    /// <summary>Outputs that name what the scores of another one put first.</summary>
    public IReadOnlyList<InterfaceLabel> Labels { get; init; } = [];

    /// <summary>Every output of the model, in its order.</summary>
    public IReadOnlyList<string> Order { get; init; } = [];

    /// <summary>Those of them that are neither read nor follow from what is read: a session that asks for one does not run another model.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Missing =>
        [.. Order.Except(Outputs.OfType<InterfaceOutput>().SelectMany(output => output.Names).Concat(Labels.Select(label => label.Name)))];
}

/// <summary>The input of an interface.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Shape">Its declared shape, the batch first.</param>
public sealed record InterfaceInput(string Name, ElementType Type, IReadOnlyList<InterfaceAxis> Shape)
{
    /// <summary>The input of the samples that it is fed with; <c>null</c>: whole samples, or a constant.</summary>
    public string? Part { get; init; }

    /// <summary>Whether it holds texts, whatever the type says; <c>null</c>: no.</summary>
    public bool? IsText { get; init; }

    /// <summary>The number that it is filled with; <c>null</c>: it is fed with samples.</summary>
    public double? Constant { get; init; }
}

/// <summary>An axis of an input.</summary>
/// <param name="Size">Its size; <c>null</c>: free.</param>
/// <param name="Name">What a free size is called, if anything.</param>
public sealed record InterfaceAxis(long? Size = null, string? Name = null);

/// <summary>The output of an interface.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Dims">Its lengths after the batch axis; none: [N].</param>
/// <param name="Activation">The function between the scores and the output.</param>
/// <param name="ClassAxis">The axis of the classes (or of what else it gives), an index of <paramref name="Dims"/>; <c>null</c>: one column without an axis.</param>
public sealed record InterfaceOutput(string Name, ElementType Type, IReadOnlyList<long> Dims, HeadActivation Activation, int? ClassAxis = null)
{
    /// <summary>
    /// Of a detector head in two outputs: the one with the scores. <see cref="Name"/> is then that of the boxes, and the lengths are those of both joined along the columns;
    /// <c>null</c>: it is one output.
    /// </summary>
    public string? Scores { get; init; }

    /// <summary>What the columns stand for where the model gives a map for each sample, in place of the tensor that is described here; <c>null</c>: it gives the tensor.</summary>
    public IReadOnlyList<string>? Keys { get; init; }

    /// <summary>Whether these are texts, else numbers of 64 bits; <c>null</c>: there are none.</summary>
    public bool? KeysAreTexts { get; init; }

    /// <summary>The names that it has in the model: one, or two of a detector head.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Names => Scores is null ? [Name] : [Name, Scores];

    /// <summary>
    /// The class axis as a reader is told of it, the batch being 0; <c>null</c>: there is none, or it is the only one longer than 1, which a reader finds, in a tensor before a
    /// reshape too.
    /// </summary>
    [JsonIgnore]
    public int? NamedAxis => Dims.Count > 1 && Dims.Count(size => size > 1) < 2 ? null : ClassAxis + 1;

    /// <summary>How its values lie.</summary>
    public RowLayout Layout => ClassAxis is { } axis ? new([.. Dims], axis) : new([.. Dims, 1], Dims.Count);

    /// <summary>Values at each position.</summary>
    public int Columns => Layout.Classes;
}

/// <summary>An output of an interface that names a class for each position: the one whose score another output puts first.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What it holds, where that is numbers.</param>
/// <param name="Dims">Its lengths after the batch axis; none: [N].</param>
/// <param name="Classes">What it says for each class.</param>
public sealed record InterfaceLabel(string Name, ElementType Type, IReadOnlyList<long> Dims, IReadOnlyList<string> Classes)
{
    /// <summary>Whether it holds texts, whatever the type says; <c>null</c>: no.</summary>
    public bool? IsText { get; init; }

    /// <summary>Which of the outputs has the scores; that one may be <c>null</c>, where the model gives decisions alone.</summary>
    public int Of { get; init; }

    /// <summary>How many classes it names for a sample.</summary>
    internal long Positions => Dims.Aggregate(1L, (product, size) => product * size);

    /// <summary>Whether scores lie so that it can name a class for each position of theirs.</summary>
    /// <param name="scores">How they lie.</param>
    internal bool Fits(RowLayout scores) => scores.Positions == Positions && Math.Max(2, scores.Classes) == Classes.Count;
}
