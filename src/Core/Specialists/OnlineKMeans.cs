using System.Numerics.Tensors;
using OnnxKd.Core.Randomness;

namespace OnnxKd.Core.Specialists;

/// <summary>
/// On-line k-means (MacQueen 1967), as Hinton, Vinyals and Dean (2015, section 5.2) group classes with: points come one after another in random order, and each
/// pulls the nearest centre towards it by one over the number of points that the centre has had.
/// </summary>
public static class OnlineKMeans
{
    /// <summary>Passes over the points; the last one only assigns.</summary>
    public const int Passes = 10;

    /// <summary>Groups points.</summary>
    /// <param name="points">The points, of one length.</param>
    /// <param name="count">How many groups.</param>
    /// <param name="seed">Decides the order, and the first centre; each further one is the point that is farthest from those before.</param>
    /// <param name="size">Points of each group: those that are nearest to its centre, so that groups may share points and leave some out; <c>null</c>: each point is in the one
    /// group whose centre is nearest.</param>
    /// <returns>For each group the indices of its points, in order; the groups in the order of their first points. A group may be empty: several points are one.</returns>
    /// <exception cref="ArgumentException">There are fewer points than groups, or than a group is to have.</exception>
    public static IReadOnlyList<int[]> Group(IReadOnlyList<double[]> points, int count, ulong seed, int? size = null)
    {
        if (count < 1 || points.Count < count)
            throw new ArgumentException($"{points.Count} points do not make {count} groups.", nameof(count));
        if (size < 1 || size > points.Count)
            throw new ArgumentException($"A group cannot have {size} of {points.Count} points.", nameof(size));
        var centres = Start(points, count, seed);
        var order = new long[points.Count];
        for (var pass = 0; pass < Passes; pass++)
        {
            var had = new int[count];
            for (var i = 0; i < order.Length; i++)
                order[i] = i;
            new CounterRandom(seed, RandomPurpose.Clustering, round: (uint)pass + 1).Shuffle(order);
            foreach (var i in order)
            {
                var nearest = Nearest(points[(int)i], centres);
                var (centre, share) = (centres[nearest], 1.0 / ++had[nearest]);
                for (var d = 0; d < centre.Length; d++)
                    centre[d] += share * (points[(int)i][d] - centre[d]);
            }
        }
        if (size is { } nearestPoints)
            return
            [
                .. centres.Select(centre => Enumerable.Range(0, points.Count).OrderBy(i => Distance(points[i], centre)).Take(nearestPoints).Order().ToArray())
                    .OrderBy(group => group[0]),
            ];
        return
        [
            .. Enumerable.Range(0, points.Count).GroupBy(i => Nearest(points[i], centres)).Select(group => group.ToArray()).OrderBy(group => group[0])
                .Concat(Enumerable.Repeat(Array.Empty<int>(), count)).Take(count),
        ];
    }

    private static double[][] Start(IReadOnlyList<double[]> points, int count, ulong seed)
    {
        var random = new CounterRandom(seed, RandomPurpose.Clustering);
        var centres = new List<double[]> { points[random.NextInt32(0, points.Count)] };
        while (centres.Count < count)
            centres.Add(points.MaxBy(point => centres.Min(centre => Distance(point, centre)))!);
        return [.. centres.Select(centre => (double[])centre.Clone())];
    }

    private static int Nearest(double[] point, double[][] centres)
    {
        var nearest = 0;
        for (var c = 1; c < centres.Length; c++)
            if (Distance(point, centres[c]) < Distance(point, centres[nearest]))
                nearest = c;
        return nearest;
    }

    private static double Distance(double[] a, double[] b) => TensorPrimitives.Distance<double>(a, b);
}
