namespace OnnxKd.Core.Tensors;

/// <summary>How a signal lies in a sample: [length], [channels, length] or [length, channels].</summary>
/// <param name="Channels">Values of a moment.</param>
/// <param name="Length">Moments.</param>
/// <param name="IsChannelsLast">Whether the values of a moment lie side by side.</param>
internal readonly record struct SignalLayout(int Channels, int Length, bool IsChannelsLast)
{
    /// <summary>Finds it: there are fewer channels than moments.</summary>
    /// <param name="shape">The shape of a sample.</param>
    /// <returns><c>null</c>: it has other axes than a signal.</returns>
    public static SignalLayout? Of(IReadOnlyList<int> shape) => shape switch
    {
        [var length] => new(1, length, false),
        [var length, var channels] when length > channels => new(channels, length, true),
        [var channels, var length] => new(channels, length, false),
        _ => null,
    };
}
