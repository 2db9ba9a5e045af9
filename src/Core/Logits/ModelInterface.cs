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

    /// <summary>How its values lie.</summary>
    public RowLayout Layout => ClassAxis is { } axis ? new([.. Dims], axis) : new([.. Dims, 1], Dims.Count);

    /// <summary>Values at each position.</summary>
    public int Columns => Layout.Classes;
}
