using OnnxKd.Core.Settings;
using OnnxKd.StudentTrainer.Students.Layers;

namespace OnnxKd.StudentTrainer.Students;

/// <summary>An architecture of transformer blocks, with defaults of its own.</summary>
public abstract record BlockStack : Architecture
{
    private protected BlockStack(int width, int depth, int heads) => (Width, Depth, Heads) = (width, depth, heads);

    /// <summary>Features per token.</summary>
    [Setting("features per token", AtLeast = 1, AtMost = Most)]
    public int Width { get; init; }

    /// <summary>Blocks.</summary>
    [Setting("blocks", AtLeast = 1, AtMost = Most)]
    public int Depth { get; init; }

    /// <summary>Heads of the attention, a divisor of width.</summary>
    [Setting("heads of the attention, a divisor of width", AtLeast = 1, AtMost = Most)]
    public int Heads { get; init; }

    /// <summary>Units of a block's hidden layer, as a multiple of width.</summary>
    [Setting("units of a block's hidden layer, as a multiple of width", Above = 0, AtMost = 100)]
    public double MlpRatio { get; init; } = 4;

    /// <summary>Of the embedding, and after each attention and hidden layer.</summary>
    [Setting("of the embedding, and after each attention and hidden layer", AtLeast = 0, Below = 1)]
    public double Dropout { get; init; }

    /// <summary>A name for sizes.</summary>
    private protected static NamedSize Sized(string name, int width, int depth, int heads) =>
        new(name, ("width", width), ("depth", depth), ("heads", heads));

    /// <summary>What is asked for.</summary>
    /// <exception cref="Core.Errors.InputException">The heads do not divide the width.</exception>
    private protected TransformerSizes BlockSizes(StudentRequest student)
    {
        if (Width % Heads != 0)
            throw student.Misfit(nameof(Heads), $"{Heads} heads for a width of {Width}", "a divisor of the width");
        return new(Width, Depth, Heads, Math.Max(1, (int)Math.Round(Width * MlpRatio)), Dropout);
    }
}
