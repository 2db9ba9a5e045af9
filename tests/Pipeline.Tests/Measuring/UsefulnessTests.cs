using OnnxKd.Core.Logits;
using OnnxKd.Core.Metrics;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Tests.Measuring;

public class UsefulnessTests
{
    [Theory]
    [InlineData(0.40, 1.3, 500, true)] // 0.394 of the rows by chance alone may be 0.438
    [InlineData(0.45, 1.3, 500, false)]
    [InlineData(0.40, 0.5, 500, false)] // its probabilities tell the samples apart
    [InlineData(0.20, 1.3, 19, false)] // too few to say anything
    public void Collapse_OfClasses_LetsNoChanceThrough(double agreement, double kl, long rows, bool expected) => Assert.Equal(
        expected, Usefulness.Collapse(new Fidelity(0.394, 3, 3, kl, 0.881, rows), agreement, isTaught: true) is not null);

    [Theory]
    [InlineData(0.003, null)] // where the teacher is nearly sure, so is the student
    [InlineData(0.5, "one class")]
    public void Collapse_WhereTheTeacherSaysOneClass_AsksHowFarTheStudentIs(double kl, string? says) => Assert.Equal(
        says is not null, Usefulness.Collapse(new Fidelity(1, 1, 1, kl, 0, 200), 1, isTaught: true)?.Contains(says!) == true);

    [Fact]
    public void Values_AreJudgedColumnByColumn()
    {
        var meter = new OutputMeter(OutputKind.Values, [3], thorough: false);
        // Right, off by a constant share, and the mean of the teacher's whatever it says.
        for (var i = 0; i < 40; i++)
            meter.Add([i, 0.9f * i, 19.5f], [], [i, i, i % 2 == 0 ? 0 : 39]);
        var found = meter.Result();

        Assert.Equal(1, found.Values!.Columns[0]!.Value, 9);
        Assert.Equal(0, found.Values.Columns[2]!.Value, 9);
        Assert.Equal([2], Usefulness.Unlearned(found));
        Assert.Null(Usefulness.Collapse(found));
    }

    /// <summary>Learned by similarities, embeddings may lie elsewhere than the teacher's and find the same.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Embeddings_FarFromTheTeachers_AreACollapse_UnlessTheyFindItsNeighbours(bool areTurned, bool isCollapse)
    {
        var (meter, random) = (new OutputMeter(OutputKind.Embedding, [3], thorough: true), new Random(1));
        for (var i = 0; i < 60; i++)
        {
            float[] taught = [3, random.NextSingle(), random.NextSingle()];
            meter.Add(areTurned ? [taught[1], taught[2], taught[0]] : [random.NextSingle(), random.NextSingle(), 3], [], taught);
        }

        var found = meter.Result();

        Assert.True(found.Embeddings!.Cosine < found.Embeddings.ConstantCosine);
        Assert.Equal(isCollapse, Usefulness.Collapse(found)?.Contains("same embedding", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void Values_OfWhichMostAreUnlearned_AreACollapse()
    {
        var meter = new OutputMeter(OutputKind.Values, [3], thorough: false);
        for (var i = 0; i < 40; i++)
            meter.Add([i, 0, 0], [], [i, i % 2, i % 3]);

        Assert.Contains("no better than", Usefulness.Collapse(meter.Result()));
    }

    [Fact]
    public void Labels_AreJudgedLabelByLabel()
    {
        var (meter, random) = (new OutputMeter(OutputKind.Labels, [3], thorough: false), new Random(1));
        for (var i = 0; i < 400; i++)
        {
            var (even, other) = (i % 2 == 0 ? 2f : -2, random.Next(2) == 0 ? 2f : -2);
            // The second is decided by a coin, the third always in one way, as the teacher nearly always does.
            meter.Add([even, other, -2], [], [even, i % 4 < 2 ? 2 : -2, i < 5 ? 2 : -2]);
        }

        Assert.Equal([1], Usefulness.Unlearned(meter.Result()));
    }

    /// <summary>A teacher that decides for no label tells samples apart by its probabilities alone: agreement is whole whatever the student says of them.</summary>
    [Theory]
    [InlineData(1, 0.0f, false)]  // follows them
    [InlineData(1, -3.0f, true)]  // far off, but on the same side of 1/2
    [InlineData(3, 0.0f, false)]
    [InlineData(3, -3.0f, true)]
    public void Labels_ThatTheTeacherDecidesInOneWay_AreJudgedByTheirProbabilities(int labels, float shift, bool isCollapse)
    {
        var meter = new OutputMeter(OutputKind.Labels, [labels], thorough: false);
        for (var i = 0; i < 200; i++)
        {
            float[] taught = [.. Enumerable.Range(0, labels).Select(label => -1.5f + (i + label) % 5 * 0.2f)];
            meter.Add([.. taught.Select(logit => logit + shift)], [], taught);
        }
        var found = meter.Result();

        Assert.Equal(1, found.Labels!.Agreement);
        Assert.Equal(isCollapse, Usefulness.Collapse(found)?.Contains("decides each label in one way", StringComparison.Ordinal) == true);
    }
}
