using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Pipeline.Reports;

/// <summary>What a card says of a student besides its figures.</summary>
/// <param name="File">The model's file, beside the card.</param>
/// <param name="Input">What is fed; of several inputs the first.</param>
/// <param name="SampleShape">The shape of one sample as it is stored.</param>
/// <param name="Outputs">What is read.</param>
/// <param name="Preprocessing">What must be done to stored values first.</param>
/// <param name="Teachers">The files of its teachers.</param>
/// <param name="Sets">What it learned from and was measured on.</param>
/// <param name="Training">Its settings, as a recipe.</param>
internal sealed record CardFacts(
    string File, CardInput Input, IReadOnlyList<int> SampleShape, IReadOnlyList<CardOutput> Outputs, Preprocessing Preprocessing, IReadOnlyList<string> Teachers,
    IReadOnlyList<CardSet> Sets, string Training)
{
    /// <summary>All inputs, where there are several or samples have names; else none.</summary>
    public IReadOnlyList<CardInput> Inputs { get; init; } = [];

    /// <summary>The columns of the table that its one input takes, in their order, each with what stands for its texts; else none.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>The task as Hugging Face names it; <c>null</c>: nothing tells.</summary>
    public string? Task { get; init; }

    /// <summary>The graph beside it that makes its samples; <c>null</c>: there is none.</summary>
    public CardPreparation? Preparation { get; init; }

    /// <summary>What it is known to be worse at, a sentence each.</summary>
    public IReadOnlyList<string> Weaknesses { get; init; } = [];
}

/// <summary>The input of a card's model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Dims">Its lengths for one sample, without the batch.</param>
internal sealed record CardInput(string Name, ElementType Type, IReadOnlyList<long> Dims)
{
    /// <summary>An example, if it holds texts.</summary>
    public string? Text { get; init; }

    /// <summary>Whether it has no axis, not even the batch.</summary>
    public bool IsScalar { get; init; }

    /// <summary>What must be done to its stored values, where samples have names: a number for all, or one for each value.</summary>
    public Preprocessing Preprocessing { get; init; } = Preprocessing.None;
}

/// <summary>An output of a card's model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Meaning">What that is.</param>
internal sealed record CardOutput(string Name, ElementType Type, string Meaning)
{
    /// <summary>The type of the keys in C#, where it holds a map for each sample; <c>null</c>: it is a tensor.</summary>
    public string? Keys { get; init; }

    /// <summary>Whether it holds texts.</summary>
    public bool IsText { get; init; }
}

/// <summary>A set of a card's model.</summary>
/// <param name="Role">What it is for: <c>transfer</c>, <c>validation</c> or <c>test</c>.</param>
/// <param name="Samples">How many samples it has.</param>
/// <param name="Files">The names of its files.</param>
/// <param name="SamplesDigest">SHA-256 of the samples.</param>
/// <param name="LabelsDigest">SHA-256 of the labels; <c>null</c>: there are none.</param>
internal sealed record CardSet(string Role, long Samples, IReadOnlyList<string> Files, string SamplesDigest, string? LabelsDigest);
