using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Settings;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>What an architecture is asked to build, besides its options.</summary>
/// <param name="Architecture">The name that was asked for.</param>
/// <param name="SampleShape">The shape of one sample.</param>
/// <param name="Classes">The number of classes.</param>
/// <param name="Seed">Decides the initial weights; <c>null</c>: they are all 0.</param>
internal sealed record StudentRequest(string Architecture, SampleShape SampleShape, int Classes, ulong? Seed)
{
    private const string OfTokens = "transformer-tiny, bilstm, bigru, mlp";

    /// <summary>Shapes that a student can be built for.</summary>
    /// <exception cref="InputException">There is no output, or a sample is empty.</exception>
    public static SampleShape Buildable(SampleShape sampleShape, int classes) => classes > 0 && sampleShape.All(length => length > 0) ? sampleShape : throw new InputException(
        "No student can be built for this data.", "student", $"{classes} classes, samples of shape {sampleShape}", "1 output or more, and samples that are not empty");

    /// <summary>An option that is not what it may be.</summary>
    public static InputException OutOfRange(SettingProblem problem) => new(
        "An option of the student is out of range.", $"student.{problem.Setting}", problem.Found, problem.Expected);

    /// <summary>Dropout probabilities, one per place; all 0 if none are given.</summary>
    public IReadOnlyList<double> PerPlace(Architecture architecture, string property, IReadOnlyList<double>? given, int places)
    {
        if (given is null)
            return [.. Enumerable.Repeat(0.0, places)];
        var meaning = SettingSchema.Of(architecture.GetType())[Setting.Dashed(property)]!.Meaning;
        return given.Count == places ? given : throw Misfit(
            property, Shapes.Format(given), $"{places} numbers from 0 to below 1: {meaning}");
    }

    /// <summary>An empty graph.</summary>
    public GraphBuilder Start() => new(Architecture, Seed);

    /// <summary>Declares images [height, width], [channels, height, width] or [height, width, channels] as the input.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="width">The width, where it is free; default: the samples'.</param>
    /// <returns>[N, channels, height, width].</returns>
    public Value Images(GraphBuilder graph, Dim? width = null)
    {
        if (PictureLayout.Of(SampleShape) is not { } picture)
            throw WrongSamples("needs images", "[height, width], [channels, height, width] or [height, width, channels]");
        Dim[] shape = [.. SampleShape];
        shape[picture.IsChannelsLast ? 1 : ^1] = width ?? picture.Width;
        var input = graph.Input(ElementType.Float32, shape);
        return shape.Length == 2 ? graph.Unsqueeze("image", input, 1)
            : picture.IsChannelsLast ? graph.Transpose("image", input, 0, 3, 1, 2)
            : input;
    }

    /// <summary>Declares token ids [length] as the input, named or not; the length is free.</summary>
    public Value Tokens(GraphBuilder graph) => SampleShape is { Count: 1, Parts.Count: 0 } ? graph.Input(ElementType.Int64, "T")
        : SampleShape is { AreTokens: true, Parts: [var only] } ? graph.Input(only, ElementType.Int64, "T")
        : throw WrongSamples("needs token ids", "[length]");

    /// <summary>Declares sequences [length, features] as the input; the length is free.</summary>
    public Value Frames(GraphBuilder graph) => SampleShape.Count == 2
        ? graph.Input(ElementType.Float32, "T", SampleShape[1])
        : throw WrongSamples("needs sequences", SampleShape.AreTokens ? "[length, features]; of token ids, student.vocabulary says how many there are" : "[length, features]");

    /// <summary>The level of a pyramid whose map has a step of so many pixels.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public int LevelOf(int stride, int levels)
    {
        for (var level = 0; level < levels; level++)
            if (stride == 1 << level)
                return level;
        throw Misfit("Stride", $"{stride}", $"1, 2, 4, ... up to {1 << (levels - 1)}, the step of the last of {levels} levels");
    }

    /// <summary>The error that samples have another shape than the architecture takes.</summary>
    public InputException WrongSamples(string needs, string expected) => new(
        $"The architecture '{Architecture}' {needs}.", "student", $"samples of {(SampleShape.Parts.Count > 0 ? "inputs" : "shape")} {SampleShape}", expected,
        SampleShape.AreTokens ? $"choose one that takes them ({OfTokens}), or bring the samples into this shape" : "choose another architecture, or bring the samples into this shape");

    /// <summary>The error that an option's value does not fit the rest.</summary>
    public InputException Misfit(string property, string found, string expected) => new(
        $"An option does not fit the architecture '{Architecture}'.", $"student.{Setting.Dashed(property)}", found, expected);
}
