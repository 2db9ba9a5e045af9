using System.Numerics.Tensors;
using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Specialists;

/// <summary>
/// On-line k-means (MacQueen 1967) by direction, as Hinton, Vinyals and Dean (2015, section 5.2) group classes with: points come one after another in random order, and
/// each pulls the centre of the most similar direction towards it by one over the number of points that the centre has had.
/// </summary>
/// <remarks>
/// Columns of a covariance are nearly orthogonal where classes are many. By distance the mean of a large group, which is short, would then be nearest to every point,
/// and by the farthest points as first centres all other groups would keep a single one; so similarity is the cosine, and first centres are drawn.
/// </remarks>
internal static class OnlineKMeans
{
    /// <summary>Passes over the points; the last one only assigns.</summary>
    public const int Passes = 10;

    /// <summary>Times that it begins anew, with other first centres; the best result counts.</summary>
    public const int Restarts = 4;

    /// <summary>Groups points.</summary>
    /// <param name="points">The points, of one length; what counts is their direction.</param>
    /// <param name="count">How many groups.</param>
    /// <param name="seed">Decides the order, and the first centres, which are drawn from the points, those more likely that are less similar to centres drawn before.</param>
    /// <param name="size">Points of each group: those that are most similar to its centre, so that groups may share points and leave some out; <c>null</c>: each point is in
    /// the one group whose centre is most similar.</param>
    /// <returns>For each group the indices of its points, in order; the groups in the order of their first points. A group may be empty: several points are one.</returns>
    /// <exception cref="ArgumentException">There are fewer points than groups, or than a group is to have.</exception>
    public static IReadOnlyList<int[]> Group(IReadOnlyList<double[]> points, int count, ulong seed, int? size = null)
    {
        if (count < 1 || points.Count < count)
            throw new ArgumentException($"{points.Count} points do not make {count} groups.", nameof(count));
        if (size < 1 || size > points.Count)
            throw new ArgumentException($"A group cannot have {size} of {points.Count} points.", nameof(size));
        points = [.. points.Select(Direction)];
        var centres = Enumerable.Range(0, Restarts).Select(start => Centres(points, count, seed, (ulong)start))
            .MaxBy(found => points.Sum(point => found.Max(centre => Similarity(point, centre))))!;
        var groups = size is { } members
            ? centres.Select(centre => Enumerable.Range(0, points.Count).OrderByDescending(i => Similarity(points[i], centre)).Take(members).Order().ToArray())
            : Enumerable.Range(0, points.Count).GroupBy(i => Nearest(points[i], centres)).Select(group => group.ToArray());
        return [.. groups.OrderBy(group => group[0]).Concat(Enumerable.Repeat(Array.Empty<int>(), count)).Take(count)];
    }

    private static double[][] Centres(IReadOnlyList<double[]> points, int count, ulong seed, ulong start)
    {
        var centres = Start(points, count, new CounterRandom(seed, RandomPurpose.Clustering, start));
        var lengths = centres.Select(centre => TensorPrimitives.Norm<double>(centre)).ToArray();
        var order = new long[points.Count];
        for (var pass = 0; pass < Passes; pass++)
        {
            var had = new int[count];
            for (var i = 0; i < order.Length; i++)
                order[i] = i;
            new CounterRandom(seed, RandomPurpose.Clustering, start, round: (uint)pass + 1).Shuffle(order);
            foreach (var i in order)
            {
                var nearest = Nearest(points[(int)i], centres, lengths);
                var (centre, share) = (centres[nearest], 1.0 / ++had[nearest]);
                for (var d = 0; d < centre.Length; d++)
                    centre[d] += share * (points[(int)i][d] - centre[d]);
                lengths[nearest] = TensorPrimitives.Norm<double>(centre);
            }
        }
        return [.. centres.Select(Direction)];
    }

    private static double[][] Start(IReadOnlyList<double[]> points, int count, CounterRandom random)
    {
        var centres = new List<double[]> { points[random.NextInt32(0, points.Count)] };
        var unlike = points.Select(_ => 2.0).ToArray();
        while (centres.Count < count)
        {
            for (var i = 0; i < unlike.Length; i++)
                unlike[i] = Math.Min(unlike[i], 1 - Similarity(points[i], centres[^1]));
            var left = unlike.Sum() * random.NextSingle();
            centres.Add(points[Math.Max(0, Array.FindIndex(unlike, share => (left -= share) < 0))]);
        }
        return [.. centres.Select(centre => (double[])centre.Clone())];
    }

    private static int Nearest(double[] point, double[][] centres, double[]? lengths = null)
    {
        var (nearest, most) = (0, double.NegativeInfinity);
        for (var c = 0; c < centres.Length; c++)
            if (Similarity(point, centres[c]) / Math.Max(lengths?[c] ?? 1, double.Epsilon) is var similarity && similarity > most)
                (nearest, most) = (c, similarity);
        return nearest;
    }

    /// <summary>The cosine of two directions.</summary>
    private static double Similarity(double[] a, double[] b) => TensorPrimitives.Dot<double>(a, b);

    /// <summary>A point at length 1; one without a direction stays as it is.</summary>
    private static double[] Direction(double[] point)
    {
        var (direction, length) = (new double[point.Length], TensorPrimitives.Norm<double>(point));
        TensorPrimitives.Divide(point, length > 0 ? length : 1, direction);
        return direction;
    }
}
