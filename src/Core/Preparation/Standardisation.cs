using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Core.Preparation;

/// <summary>
/// Fits preprocessing to a set: afterwards each channel has about mean 0 and standard deviation 1. Of columns of numbers, those that a few far values decide go through a
/// logarithm first (<see cref="LogFit"/>).
/// </summary>
/// <remarks>LeCun et al., "Efficient BackProp", 1998, section 4.3: networks learn fastest from inputs like that.</remarks>
internal static class Standardisation
{
    // What is that near to mean 0 and deviation 1 is left as it is.
    private const double LargestMean = 0.5;
    private const double SmallestStd = 0.5;
    private const double LargestStd = 2;

    // What never varied taught nothing. Divided by so much it stays next to 0 where it does vary, and the weights behind it, which are as random as
    // at the start, do no harm.
    private const double OfConstant = 1e6;

    // Float32 holds 24 bits: what varies by less than that varies by rounding.
    private const double Rounding = 1e-7;

    /// <summary>Reads a set once and fits mean and standard deviation, summed in float64; the numbers are those of float32, which models compute with.</summary>
    /// <param name="set">The set, as stored.</param>
    /// <param name="channelAxis">The axis of a sample with a mean for each of its indices; <c>null</c>: one for all values.</param>
    /// <param name="token">Stops between reads.</param>
    /// <remarks>Of samples with named inputs only amounts are scaled: no texts, token ids and masks.</remarks>
    /// <returns><see cref="Preprocessing.None"/> if every channel is near mean 0 and deviation 1 already.</returns>
    /// <exception cref="InputException">A value is not a finite number, or there is no such axis.</exception>
    public static Preprocessing Fit(TransferSet set, int? channelAxis, CancellationToken token)
    {
        if (channelAxis is { } asked && (asked < 0 || asked >= set.SampleShape.Count))
            throw new InputException(
                "The axis of the channels does not exist.", set.Name, $"axis {asked}", $"an axis of a sample of shape {Shapes.Format(set.SampleShape)}");
        var inner = channelAxis is { } axis ? set.SampleShape.Skip(axis + 1).Aggregate(1, (product, size) => product * size) : set.SampleElements;
        var channels = channelAxis is { } along ? set.SampleShape[along] : 1;
        var moments = new Moments(channels, inner);
        foreach (var chunk in FiniteValues.Chunks(set, token))
            moments.Add(chunk.Span);

        var (means, stds) = moments.Result(Rounding);
        var log = channels == set.SampleElements ? FitLogs(set, means, stds) : null;
        foreach (var part in channels == set.SampleElements ? set.SampleShape.Parts : [])
            Settle(part, set.SampleShape.IsAmount(part), means, stds);
        return log is null && IsStandard(means, stds) ? Preprocessing.None : new()
        {
            Log = log, Mean = [.. means.Select(Short)], Std = [.. stds.Select((std, channel) => std == 0 ? StdOfConstant(Short(means[channel])) : Short(std))],
            ChannelAxis = channels == 1 ? 0 : channelAxis ?? 0,
        };
    }

    /// <summary>The channels that were the same in all samples when preprocessing was fitted.</summary>
    public static IReadOnlyList<int> ConstantChannels(Preprocessing fitted) =>
        [.. fitted.Std.Index().Where(channel => channel.Item == StdOfConstant(fitted.Mean[channel.Index])).Select(channel => channel.Index)];

    private static SymmetricLog? FitLogs(TransferSet set, double[] means, double[] stds) => ColumnSample.Of(set) is { } sample
        ? LogFit.OfColumns(means, stds, column => stds[column] > 0 && IsColumn(set.SampleShape, column) ? sample.Sorted(column) : null)
        : null;

    /// <summary>Whether it is an amount of its own: no name of a thing, and no value of an array.</summary>
    private static bool IsColumn(SampleShape shape, int column) =>
        shape.PartOf(column) is not { } part || shape.IsAmount(part) && part.Shape.Count <= 1;

    /// <summary>Of named inputs, names of things stay as they are, columns have a mean and deviation each, and an array has one.</summary>
    private static void Settle(SamplePart part, bool isAmount, double[] means, double[] stds)
    {
        var own = means.AsSpan(part.Offset, part.Elements);
        var deviations = stds.AsSpan(part.Offset, part.Elements);
        if (!isAmount)
        {
            own.Clear();
            deviations.Fill(1);
        }
        else if (part.Shape.Count > 1)
        {
            double mean = 0, square = 0;
            for (var i = 0; i < own.Length; i++)
            {
                mean += own[i] / own.Length;
                square += (own[i] * own[i] + deviations[i] * deviations[i]) / own.Length;
            }
            own.Fill(mean);
            deviations.Fill(Math.Sqrt(Math.Max(0, square - mean * mean)));
        }
    }

    private static double StdOfConstant(double mean) => Short(OfConstant * Math.Max(1, Math.Abs(mean)));

    private static bool IsStandard(double[] means, double[] stds) => means.Zip(stds).All(channel =>
        Math.Abs(channel.First) <= LargestMean && channel.Second is >= SmallestStd and <= LargestStd);

    /// <summary>The shortest decimal number that is the same in float32.</summary>
    internal static double Short(double value)
    {
        var single = Math.Clamp((float)value, float.MinValue, float.MaxValue);
        return double.Parse(single.ToString("R", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture);
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
