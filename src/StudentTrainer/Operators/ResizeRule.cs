namespace OnnxKd.StudentTrainer.Operators;

/// <summary>How elements between those of the input are found, as the attributes of a resize say it.</summary>
/// <param name="Mode"><c>nearest</c>, <c>linear</c> or <c>cubic</c>.</param>
/// <param name="Coordinates">A name in <see cref="ResizeCoordinates.Rules"/>.</param>
/// <param name="Nearest">A name in <see cref="ResizeCoordinates.Nearest"/>.</param>
internal sealed record ResizeRule(string Mode, string Coordinates, string Nearest)
{
    /// <summary>The cubic's parameter a.</summary>
    public float CubicA { get; init; } = -0.75f;

    /// <summary>Whether places outside the input have no weight; else they show its edge.</summary>
    public bool ExcludeOutside { get; init; }

    /// <summary>Whether a smaller output averages over all that it leaves out.</summary>
    public bool Antialias { get; init; }

    /// <summary>What a crop shows outside the input.</summary>
    public float Extrapolation { get; init; }

    /// <summary>Which input element each output element takes, for <c>nearest</c>.</summary>
    public long[] Indices(ResizeAxis axis) =>
        [.. Places(axis).Select(place => Math.Clamp((long)ResizeCoordinates.Nearest[Nearest](place, axis), 0, axis.Size - 1))];

    /// <summary>The weight of each input element in each output element, [Length, Size]; each row's sum is 1.</summary>
    public float[] Weights(ResizeAxis axis)
    {
        var matrix = new float[axis.Length * axis.Size];
        var narrowing = Antialias ? Math.Min(1, axis.Scale) : 1;
        var radius = (Mode == "cubic" ? 2 : 1) / narrowing;
        var rows = Places(axis);
        for (var i = 0; i < rows.Length; i++)
        {
            var row = matrix.AsSpan(i * (int)axis.Size, (int)axis.Size);
            var total = 0f;
            for (var j = (long)MathF.Floor(rows[i] - radius) + 1; j <= rows[i] + radius; j++)
            {
                if (ExcludeOutside && (j < 0 || j >= axis.Size))
                    continue;
                var weight = Filter(Math.Abs((j - rows[i]) * narrowing));
                row[(int)Math.Clamp(j, 0, axis.Size - 1)] += weight;
                total += weight;
            }
            if (total == 0)
                continue;
            foreach (ref var weight in row)
                weight /= total;
        }
        return matrix;
    }

    /// <summary>Which output elements show a place outside the input; <c>null</c> if none does, or the rule has no such places.</summary>
    public bool[]? Outside(ResizeAxis axis)
    {
        if (Coordinates != ResizeCoordinates.Crop)
            return null;
        var outside = Array.ConvertAll(Places(axis), place => place < 0 || place > axis.Size - 1);
        return Array.Exists(outside, isOutside => isOutside) ? outside : null;
    }

    private float[] Places(ResizeAxis axis)
    {
        var rule = ResizeCoordinates.Rules[Coordinates];
        var places = new float[axis.Length];
        for (var i = 0; i < places.Length; i++)
            places[i] = rule(i, axis);
        return places;
    }

    /// <summary>The weight at a distance: a triangle, or Keys' cubic convolution ("Cubic convolution interpolation ...", 1981).</summary>
    private float Filter(float distance)
    {
        var (d, a) = (distance, CubicA);
        if (Mode == "linear")
            return Math.Max(0, 1 - d);
        return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1
            : d < 2 ? ((d - 5) * a * d + 8 * a) * d - 4 * a
            : 0;
    }
}
