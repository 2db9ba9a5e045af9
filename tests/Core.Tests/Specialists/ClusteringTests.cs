using OnnxKd.Core.Specialists;

namespace OnnxKd.Core.Tests.Specialists;

public class ClusteringTests
{
    /// <summary>Two samples of two classes: probabilities (0.5, 0.5) and (0.75, 0.25), so the covariance is ±1/64.</summary>
    [Fact]
    public void Directions_OfTwoSamples_AreTheColumnsByHand()
    {
        var covariance = new PredictionCovariance(2);
        covariance.Add([0, 0, MathF.Log(3), 0]);

        var columns = covariance.Directions();

        var half = Math.Sqrt(0.5);
        Assert.Equal([half, -half], columns[0], (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal([-half, half], columns[1], (a, b) => Math.Abs(a - b) < 1e-6);
    }

    /// <summary>Scores of (2 ln 3, 0) at temperature 2 are probabilities of 0.75 and 0.25, as above.</summary>
    [Fact]
    public void Directions_WithTemperature_AreOfSoftenedProbabilities()
    {
        var covariance = new PredictionCovariance(3, temperature: 2);
        covariance.Add([0, 0, -80, 2 * MathF.Log(3), 0, -80]);

        var half = Math.Sqrt(0.5);
        Assert.Equal([half, -half, 0], covariance.Directions()[0], (a, b) => Math.Abs(a - b) < 1e-6);
    }

    /// <summary>Four hundred nearly orthogonal directions in pairs: no group swallows the others.</summary>
    [Fact]
    public void Group_OfManyOrthogonalPairs_KeepsPairsTogetherAndNoGroupTakesMost()
    {
        const int Pairs = 200, Groups = 20;
        var points = Enumerable.Range(0, 2 * Pairs).Select(i =>
        {
            var point = new double[Pairs + Groups];
            (point[i / 2], point[Pairs + i / 2 % Groups]) = (1, 0.5 + i % 2 * 0.01);
            return point;
        }).ToArray();

        var found = OnlineKMeans.Group(points, Groups, seed: 3);

        Assert.All(found, group => Assert.All(group, i => Assert.Contains(i ^ 1, group)));
        Assert.True(found.Max(group => group.Length) <= Pairs, string.Join(' ', found.Select(group => group.Length)));
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    public void Group_OfPlantedConfusions_FindsThem(ulong seed)
    {
        // Classes 0, 4 and 8 look alike, 1, 5 and 9, and so on: a sample of one has high scores of all three.
        const int Classes = 12, Groups = 4;
        var random = new Random(7);
        var covariance = new PredictionCovariance(Classes);
        for (var i = 0; i < 600; i++)
            covariance.Add([.. Enumerable.Range(0, Classes).Select(c => 2 * random.NextSingle() + (c == i % Classes ? 4 : c % Groups == i % Groups ? 3 : 0))]);

        var found = OnlineKMeans.Group(covariance.Directions(), Groups, seed);

        Assert.Equal([[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]], found);
        Assert.Equal(found, OnlineKMeans.Group(covariance.Directions(), Groups, seed));
    }

    [Fact]
    public void Group_WithSize_TakesTheNearestOfEachCentre()
    {
        // Two heaps of directions, and one between them that is the third most similar to both centres.
        double[][] points = [[1, 0.1], [1, -0.1], [1, 1], [0.1, 1], [-0.1, 1]];

        var found = OnlineKMeans.Group(points, 2, seed: 1, size: 3);

        Assert.Equal([[0, 1, 2], [2, 3, 4]], found);
        Assert.Throws<ArgumentException>(() => OnlineKMeans.Group(points, 2, seed: 1, size: 6));
    }

    [Fact]
    public void Coverage_CountsByTheSpecialistsThatHaveTheClass()
    {
        var coverage = new SpecialistCoverage([[0, 1], [1, 2]]);

        coverage.Add(label: 1, generalist: 0, together: 1);
        coverage.Add(label: 1, generalist: 1, together: 1);
        coverage.Add(label: 2, generalist: 2, together: 0);
        coverage.Add(label: 3, generalist: 3, together: 3);
        coverage.Add(label: -1, generalist: 3, together: 3);

        Assert.Equal([new(0, 1, 1, 1), new(1, 1, 1, 0), new(2, 2, 1, 2)], coverage.Rows);
    }

    [Fact]
    public void Group_OfEqualPoints_LeavesGroupsEmpty()
    {
        var found = OnlineKMeans.Group([[1, 0], [1, 0], [1, 0]], 2, seed: 1);

        Assert.Equal([[0, 1, 2], []], found);
    }
}
