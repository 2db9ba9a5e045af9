namespace OnnxKd.Core.Preparation;

/// <summary>What is done to stored values before a model sees them: <c>(value × scale − mean[c]) ÷ std[c]</c>.</summary>
/// <remarks>Mean and standard deviation have one entry, or one per index of the channel axis.</remarks>
public sealed record Preprocessing
{
    /// <summary>Values as stored.</summary>
    public static Preprocessing None { get; } = new();

    /// <summary>The factor that stored values are multiplied with first; default 1 (bytes to [0, 1]: 1/255).</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Subtracted after scaling; default 0.</summary>
    public IReadOnlyList<double> Mean { get; init; } = [0];

    /// <summary>Divided by after subtracting; default 1. Never 0.</summary>
    public IReadOnlyList<double> Std { get; init; } = [1];

    /// <summary>The axis of a sample that <see cref="Mean"/> and <see cref="Std"/> run along when they have several entries; default 0 (channels first).</summary>
    public int ChannelAxis { get; init; }
}
