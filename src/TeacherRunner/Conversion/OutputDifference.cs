using Microsoft.ML.OnnxRuntime;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Metrics;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Deployment;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>How far an output of a converted model is from the original's.</summary>
/// <param name="Output">The output.</param>
/// <param name="MaxAbs">The largest difference.</param>
/// <param name="RelativeError">The root of the mean squared difference, over that of the original's values; infinite where one of the two is not finite.</param>
/// <param name="TopClassAgreement">
/// The share of positions whose largest value is in the same place; <c>null</c> for integers, and outputs of one column. Classes are axis 1 of
/// [N, C] and [N, C, H, W], and the last axis otherwise.
/// </param>
public sealed record OutputDifference(string Output, double MaxAbs, double RelativeError, double? TopClassAgreement)
{
    /// <summary>Of integers: the share that are equal; <c>null</c>: they are floats.</summary>
    public double? Equal { get; init; }

    /// <summary>
    /// Of an output [N, columns] of floats: the root of a column's mean squared difference, over the standard deviation of the original's values in it, in the column where that is
    /// largest; <c>null</c>: it has another shape, or nothing varies.
    /// </summary>
    public double? ColumnError { get; init; }

    /// <summary>Runs both models on samples and compares all outputs.</summary>
    /// <param name="original">The model that is right.</param>
    /// <param name="converted">The other one.</param>
    /// <param name="feeds">The samples.</param>
    /// <param name="samples">How many of them; fewer than there are come from all over the set, which may be sorted.</param>
    /// <param name="batchSize">How many at once, where the model lets choose.</param>
    /// <param name="onBatch">Told how many are done.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="InputException">A model fails, or the two give tensors of different shapes. Texts are not compared.</exception>
    public static IReadOnlyList<OutputDifference> Between(
        ModelSession original, ModelSession converted, ModelFeeds feeds, long samples, int batchSize, Action<long>? onBatch, CancellationToken token)
    {
        var sums = new Sum(original.Outputs);
        long done = 0;
        foreach (var (first, rows) in Batches(feeds, samples, batchSize))
        {
            token.ThrowIfCancellationRequested();
            using var batch = feeds.Batch(first, rows);
            using var expected = original.Run(batch);
            using var found = converted.Run(batch);
            sums.Add(expected, found);
            onBatch?.Invoke(Math.Min(samples, done += rows));
        }
        return sums.Result();
    }

    /// <summary>Where batches begin, and how many samples each has.</summary>
    internal static IEnumerable<(long First, int Rows)> Batches(ModelFeeds feeds, long samples, int batchSize)
    {
        var rows = feeds.FixedBatch ?? batchSize;
        for (long done = 0; done < samples; done += rows)
            yield return ((long)((Int128)done * feeds.Count / samples), feeds.FixedBatch ?? (int)Math.Min(rows, samples - done));
    }

    /// <summary>Adds up the differences of all outputs.</summary>
    /// <param name="outputs">The outputs.</param>
    internal sealed class Sum(IReadOnlyList<SessionTensor> outputs)
    {
        private readonly (int Place, Sums Sums)[] sums = [.. outputs.Index().Where(output => !output.Item.IsText).Select(output => (output.Index, new Sums(output.Item)))];

        /// <summary>Adds a batch.</summary>
        public void Add(IReadOnlyList<OrtValue> expected, IReadOnlyList<OrtValue> found)
        {
            foreach (var (place, own) in sums)
                own.Add(expected[place], found[place]);
        }

        /// <summary>The differences so far.</summary>
        public IReadOnlyList<OutputDifference> Result() => [.. sums.Select(sum => sum.Sums.Result())];
    }

    private sealed class Sums(SessionTensor output)
    {
        private double squares;
        private double squaredDifferences;
        private double largest;
        private long equal;
        private long agreed;
        private long positions;
        private long values;
        private ColumnErrors? columns;

        public OutputDifference Result() => new(
            output.Name, largest,
            squaredDifferences == 0 ? 0 : double.IsFinite(squaredDifferences) ? Math.Sqrt(squaredDifferences / squares) : double.PositiveInfinity,
            positions == 0 ? null : (double)agreed / positions)
        {
            Equal = output.Type.IsFloat() ? null : (double)equal / Math.Max(1, values),
            ColumnError = columns?.Shares.Max() is { } largestShare ? Math.Sqrt(largestShare) : null,
        };

        public void Add(OrtValue expected, OrtValue found)
        {
            var (shape, other) = (expected.GetTensorTypeAndShape().Shape, found.GetTensorTypeAndShape().Shape);
            if (!shape.SequenceEqual(other))
                throw new InputException("A converted model gives another shape.", $"output '{output.Name}'", Shapes.Format(other), Shapes.Format(shape));
            var (own, theirs) = (Floats(expected), Floats(found));
            for (var i = 0; i < own.Length; i++)
            {
                var difference = own[i].Equals(theirs[i]) ? 0 : Math.Abs((double)own[i] - theirs[i]); // infinities that are equal are no difference
                largest = difference > largest || double.IsNaN(difference) ? difference : largest;
                squaredDifferences += difference * difference;
                equal += own[i].Equals(theirs[i]) ? 1 : 0;
                squares += float.IsFinite(own[i]) ? (double)own[i] * own[i] : 0;
            }
            values += own.Length;
            if (output.Type.IsFloat() && shape.Length == 2)
                AddColumns(own, theirs, (int)shape[1]);
            if (output.Type.IsFloat() && shape.Length >= 2)
                AddClasses(own, theirs, [.. shape], shape.Length is 2 or 4 ? 1 : shape.Length - 1);
        }

        private void AddColumns(float[] own, float[] theirs, int count)
        {
            columns ??= new(count);
            for (var i = 0; i < own.Length; i++)
                columns.Add(i % count, own[i], theirs[i]);
        }

        private void AddClasses(float[] own, float[] theirs, long[] shape, int axis)
        {
            var inner = (int)shape[(axis + 1)..].Aggregate(1L, (product, size) => product * size);
            var classes = (int)shape[axis];
            if (classes < 2)
                return;
            for (var start = 0; start < own.Length; start += classes * inner)
                for (var i = 0; i < inner; i++, positions++)
                    agreed += Top(own, start + i, inner, classes) == Top(theirs, start + i, inner, classes) ? 1 : 0;
        }

        private static int Top(float[] values, int start, int stride, int classes)
        {
            var best = 0;
            for (var c = 1; c < classes; c++)
                if (values[start + c * stride] > values[start + best * stride])
                    best = c;
            return best;
        }

        private static float[] Floats(OrtValue value)
        {
            if (!Core.Onnx.TensorTypes.TryElementType((int)value.GetTensorTypeAndShape().ElementDataType, out var type))
                return [];
            var values = new float[value.GetTensorTypeAndShape().ElementCount];
            Elements.ToSingle(value.GetTensorMutableRawData(), type, values);
            return values;
        }
    }
}
