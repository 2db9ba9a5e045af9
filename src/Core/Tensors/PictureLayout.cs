namespace OnnxKd.Core.Tensors;

/// <summary>How a picture lies in a sample: [height, width], [channels, height, width] or [height, width, channels].</summary>
/// <param name="Channels">Values of a pixel.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="IsChannelsLast">Whether the values of a pixel lie side by side.</param>
internal readonly record struct PictureLayout(int Channels, int Height, int Width, bool IsChannelsLast)
{
    // Grey, grey with opacity, colour, colour with opacity.
    private const int MostChannels = 4;

    /// <summary>Finds it: of three axes the last is that of the channels if it is as short as theirs are, and the first is not.</summary>
    /// <param name="shape">The shape of a sample.</param>
    /// <returns><c>null</c>: it has other axes than a picture.</returns>
    public static PictureLayout? Of(IReadOnlyList<int> shape) => shape switch
    {
        [var height, var width] => new(1, height, width, false),
        [> MostChannels and var height, var width, <= MostChannels and var channels] => new(channels, height, width, true),
        [var channels, var height, var width] => new(channels, height, width, false),
        _ => null,
    };
}
