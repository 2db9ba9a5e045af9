using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Pipeline.Defaults;

/// <summary>What samples most likely are.</summary>
internal enum SampleKind
{
    /// <summary>Features of a table.</summary>
    Table,

    /// <summary>A picture: [height, width], [channels, height, width] or [height, width, channels].</summary>
    Image,

    /// <summary>Feature vectors in time: [length, features].</summary>
    Sequence,

    /// <summary>Channels in time: [channels, length], [length, channels], or [length] of one channel.</summary>
    Signal,

    /// <summary>Token ids: [length].</summary>
    Tokens,

    /// <summary>Something else.</summary>
    Other,
}

/// <summary>Tells kinds of samples apart by their shape, their type and what the teacher takes.</summary>
internal static class SampleKinds
{
    // Both axes of a picture have at least so many values, and neither many more than the other; few things but pictures are square.
    private const int SmallestSide = 8;
    private const int SmallestSquare = 3;
    private const double LargestRatio = 2;

    // Steps that no recurrent student should take, one after the other.
    private const int LongestSequence = 1000;

    /// <summary>Tells.</summary>
    /// <param name="set">The samples.</param>
    /// <param name="hasLengths">Whether they are padded, as sequences are.</param>
    /// <param name="isSound">Whether they were prepared from files of sound.</param>
    /// <param name="teacher">What labels them; <c>null</c>: labels alone.</param>
    public static SampleKind Of(TransferSet set, bool hasLengths, bool isSound, ReadingModel? teacher)
    {
        var shape = set.SampleShape;
        return shape.Count switch
        {
            _ when shape.Parts.Count > 0 => shape.AreTokens ? SampleKind.Tokens : SampleKind.Table,
            <= 1 when IsWhole(set.Type) && TakesIntegers(teacher) && teacher!.TakesIds => SampleKind.Tokens,
            1 when isSound || teacher?.ConvolvesChannels == true => SampleKind.Signal,
            <= 1 => SampleKind.Table,
            2 when !hasLengths && (set.Type == ElementType.UInt8 || IsPicture(shape[0], shape[1])) => SampleKind.Image,
            2 => teacher?.ConvolvesChannels == true || Math.Min(shape[0], shape[1]) == 1 || shape[0] > LongestSequence ? SampleKind.Signal : SampleKind.Sequence,
            3 => SampleKind.Image,
            _ => SampleKind.Other,
        };
    }

    /// <summary>The axis of channels of pictures; <c>null</c>: they have none.</summary>
    public static int? ChannelAxis(IReadOnlyList<int> shape) => shape.Count == 3 && PictureLayout.Of(shape) is { } picture ? picture.IsChannelsLast ? 2 : 0 : null;

    /// <summary>Whether the only input of a model that samples feed takes integers.</summary>
    public static bool TakesIntegers(ReadingModel? model) =>
        model?.Inputs is [var (_, input)] && TensorTypes.TryElementType(input.DataTypeOf(), out var type) && type is ElementType.Int32 or ElementType.Int64;

    private static bool IsWhole(ElementType type) => !type.IsFloat();

    private static bool IsPicture(int height, int width) => height == width && height > SmallestSquare ||
        Math.Min(height, width) >= SmallestSide && Math.Max(height, width) <= LargestRatio * Math.Min(height, width);
}
