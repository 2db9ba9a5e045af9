using System.Numerics.Tensors;

namespace OnnxKd.Core.Logits;

/// <summary>Tells rows of probabilities and log-probabilities from other rows.</summary>
internal static class Distributions
{
    /// <summary>Room for a softmax in float16, whose rounding is 5e-4; a wrong axis or a wrong tensor misses by far more.</summary>
    public const double Tolerance = 2e-3;

    // Of a sum of whole numbers that were rounded: more would let any scores pass.
    private const double MostRounding = 0.05;

    /// <summary>Whether every row that is finite lies in [0, 1] and sums to 1; <c>false</c> without such a row.</summary>
    public static bool AreProbabilities(ReadOnlySpan<float> values, int columns) => EveryRow(values, columns, static row =>
    {
        var sum = 0.0;
        foreach (var value in row)
            sum += value;
        return AllIn01(row) && Math.Abs(sum - 1) < Tolerance;
    });

    /// <summary>Whether log Σ exp of every row that is finite is 0; <c>false</c> without such a row.</summary>
    public static bool AreLogProbabilities(ReadOnlySpan<float> values, int columns) =>
        EveryRow(values, columns, static row => Math.Abs(SoftmaxMath.LogSumExp(row)) < Tolerance);

    /// <summary>Whether every row that is finite has the Euclidean length 1; <c>false</c> without such a row.</summary>
    public static bool AreUnitVectors(ReadOnlySpan<float> values, int columns) =>
        EveryRow(values, columns, static row => Math.Abs(TensorPrimitives.Norm(row) - 1) < Tolerance);

    /// <summary>
    /// The sum that every finite row has, other than 1, where no value is negative: of percentages 100 (of whole ones but for their rounding), of votes the number of voters.
    /// <c>null</c>: sums differ, or nothing tells, as rows are alike.
    /// </summary>
    public static double? CommonSum(ReadOnlySpan<float> values, int columns)
    {
        double? sum = null;
        var differs = false;
        var rounding = AreWhole(values) ? columns / 2.0 : 0;
        for (var start = 0; columns > 1 && start < values.Length; start += columns)
        {
            var row = values.Slice(start, columns);
            if (row.ContainsAnyExceptInRange(0f, float.MaxValue))
                return null;
            var own = 0.0;
            foreach (var value in row)
                own += value;
            sum ??= own;
            if (own == 0 || Math.Abs(own - sum.Value) > Math.Max(Tolerance, Math.Min(MostRounding, rounding / sum.Value)) * sum.Value)
                return null;
            differs |= TensorPrimitives.Distance(row, values[..columns]) > Tolerance * own;
        }

        return !differs || sum is null || Math.Abs(sum.Value - 1) < Tolerance ? null : sum;
    }

    private static bool AreWhole(ReadOnlySpan<float> values)
    {
        foreach (var value in values)
            if (value != MathF.Truncate(value))
                return false;
        return true;
    }

    /// <summary>Whether all values lie in [0, 1].</summary>
    public static bool AllIn01(ReadOnlySpan<float> values) => !values.ContainsAnyExceptInRange(0f, 1f);

    /// <summary>A finite value that lies outside [0, 1] by more than rounding; <c>null</c>: there is none.</summary>
    public static float? FirstOutside(ReadOnlySpan<float> values)
    {
        foreach (var value in values)
            if (float.IsFinite(value) && value is < -(float)Tolerance or > 1 + (float)Tolerance)
                return value;
        return null;
    }

    /// <summary>Whether no value is NaN or infinite.</summary>
    public static bool AllFinite(ReadOnlySpan<float> values) => !values.ContainsAnyExceptInRange(float.MinValue, float.MaxValue);

    private static bool EveryRow(ReadOnlySpan<float> values, int columns, Func<ReadOnlySpan<float>, bool> holds)
    {
        var seen = false;
        for (var start = 0; start < values.Length; start += columns)
        {
            var row = values.Slice(start, columns);
            if (!AllFinite(row))
                continue;
            if (!holds(row))
                return false;
            seen = true;
        }

        return seen;
    }
}
