using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation;

/// <summary>Fits preprocessing to a set: afterwards each channel has about mean 0 and standard deviation 1.</summary>
/// <remarks>LeCun et al., "Efficient BackProp", 1998, section 4.3: networks learn fastest from inputs like that.</remarks>
public static class Standardisation
{
    // What is that near to mean 0 and deviation 1 is left as it is.
    private const double LargestMean = 0.5;
    private const double SmallestStd = 0.5;
    private const double LargestStd = 2;

    // Float32 holds 24 bits: what varies by less than that varies by rounding.
    private const double Rounding = 1e-7;

    private const long ChunkValues = 1 << 18;

    /// <summary>Reads a set once and fits mean and standard deviation, summed in float64; the numbers are those of float32, which models compute with.</summary>
    /// <param name="set">The set, as stored.</param>
    /// <param name="channelAxis">The axis of a sample with a mean for each of its indices; <c>null</c>: one for all values.</param>
    /// <param name="token">Stops between reads.</param>
    /// <returns><see cref="Preprocessing.None"/> if every channel is near mean 0 and deviation 1 already, or constant at 0.</returns>
    /// <exception cref="InputException">A value is not a finite number, or there is no such axis.</exception>
    public static Preprocessing Fit(TransferSet set, int? channelAxis, CancellationToken token)
    {
        if (channelAxis is { } asked && (asked < 0 || asked >= set.SampleShape.Count))
            throw new InputException(
                "The axis of the channels does not exist.", set.Name, $"axis {asked}", $"an axis of a sample of shape {Shapes.Format(set.SampleShape)}");
        var inner = channelAxis is { } axis ? set.SampleShape.Skip(axis + 1).Aggregate(1, (product, size) => product * size) : set.SampleElements;
        var channels = channelAxis is { } along ? set.SampleShape[along] : 1;
        var moments = new Moments(channels, inner);
        var rows = (int)Math.Clamp(ChunkValues / Math.Max(1, set.SampleElements), 1, set.Count);
        var values = new float[(long)rows * set.SampleElements];
        var chunk = new long[rows];
        for (long first = 0; first < set.Count; first += rows)
        {
            token.ThrowIfCancellationRequested();
            var count = (int)Math.Min(rows, set.Count - first);
            for (var i = 0; i < count; i++)
                chunk[i] = first + i;
            var read = values.AsSpan(0, count * set.SampleElements);
            set.Read(chunk.AsSpan(0, count), read);
            RequireFinite(set, first, read);
            moments.Add(read);
        }

        var (means, stds) = moments.Result(Rounding);
        return IsStandard(means, stds) ? Preprocessing.None : new()
        {
            Mean = [.. means.Select(Short)], Std = [.. stds.Select(std => std == 0 ? 1 : Short(std))], ChannelAxis = channels == 1 ? 0 : channelAxis ?? 0,
        };
    }

    /// <summary>A constant channel has deviation 0 here; at 0 it may stay where it is.</summary>
    private static bool IsStandard(double[] means, double[] stds) => means.Zip(stds).All(channel =>
        Math.Abs(channel.First) <= LargestMean && channel.Second is 0 or (>= SmallestStd and <= LargestStd));

    /// <summary>The shortest decimal number that is the same in float32.</summary>
    private static double Short(double value)
    {
        var single = Math.Clamp((float)value, float.MinValue, float.MaxValue);
        return double.Parse(single.ToString("R", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static void RequireFinite(TransferSet set, long first, ReadOnlySpan<float> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                throw new InputException(
                    "A sample holds a value that is not a finite number, so that mean and deviation cannot be fitted.",
                    $"{set.Name}, sample {set.IdOf(first + i / set.SampleElements)}, value {i % set.SampleElements}",
                    values[i].ToString(System.Globalization.CultureInfo.InvariantCulture), "numbers",
                    "replace missing values (for tables: table.missing), or say how the student's samples are prepared: student.preprocessing");
        }
    }

    /// <summary>Sums of each channel, from its first value on, so that a large mean costs no digits.</summary>
    private sealed class Moments(int channels, int inner)
    {
        private readonly double[] origins = new double[channels];
        private readonly double[] sums = new double[channels];
        private readonly double[] squares = new double[channels];
        private readonly double[] sizes = new double[channels];
        private long values;

        public void Add(ReadOnlySpan<float> read)
        {
            if (values == 0)
                for (var channel = 0; channel < channels; channel++)
                    origins[channel] = read[channel * inner];
            for (var start = 0; start < read.Length; start += inner)
            {
                var channel = start / inner % channels;
                var (origin, sum, square, size) = (origins[channel], 0.0, 0.0, sizes[channel]);
                foreach (var value in read.Slice(start, inner))
                {
                    var distance = value - origin;
                    sum += distance;
                    square += distance * distance;
                    size = Math.Max(size, Math.Abs(value));
                }

                (sums[channel], squares[channel], sizes[channel]) = (sums[channel] + sum, squares[channel] + square, size);
            }

            values += read.Length;
        }

        public (double[] Means, double[] Stds) Result(double rounding)
        {
            var (means, stds, count) = (new double[channels], new double[channels], (double)values / channels);
            for (var channel = 0; channel < channels; channel++)
            {
                var mean = sums[channel] / count;
                var std = Math.Sqrt(Math.Max(0, squares[channel] / count - mean * mean));
                means[channel] = origins[channel] + mean;
                stds[channel] = std <= rounding * sizes[channel] ? 0 : std;
            }

            return (means, stds);
        }
    }
}
