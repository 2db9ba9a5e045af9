using OnnxKd.Core.Logits;
using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Tests.Measuring;

public class TeacherComparisonTests
{
    private static readonly float Log3 = MathF.Log(3);

    [Fact]
    public void Add_Classes_KeepsSamplesThatTheTeacherKnowsAndTheModelDoesNot()
    {
        var comparison = new TeacherComparison(OutputKind.Classes, [2]);
        comparison.Add(4, model: [0, Log3], teacher: [Log3, 0], labels: [0]); // ¾ → ¼
        comparison.Add(5, model: [0, 0.1f], teacher: [Log3, 0], labels: [0]); // less
        comparison.Add(6, model: [0, 1], teacher: [0, 1], labels: [0]); // both wrong
        comparison.Add(7, model: [1, 0], teacher: [1, 0], labels: [0]);

        var details = comparison.AddTo(new("student"), areTexts: false);

        Assert.Equal([4L, 5], details.Samples.Select(gap => gap.Row));
        Assert.Equal(0.5, details.Samples[0].Gap, 6);
        Assert.Equal((0, 1), (details.Samples[0].Class, details.Samples[0].Said));
        Assert.Equal([new(0, 4, 3, 1)], details.Changes);
        Assert.Equal([new(0, 1, 2), new(0, 0, 1), new(1, 1, 1)], details.Pairs);
    }

    [Fact]
    public void Add_ManyClasses_KeepsTheMostFrequentDifferencesAlone()
    {
        var comparison = new TeacherComparison(OutputKind.Classes, [50]);
        for (var i = 0; i < 50; i++)
            comparison.Add(i, model: OneHot((i + 1) % 50), teacher: OneHot(i), labels: []);

        var details = comparison.AddTo(new("student"), areTexts: false);

        Assert.Equal((ModelDetails.MostRows, ModelDetails.MostRows), (details.Pairs.Count, details.Changes.Count));
        Assert.Equal([0L, 1, 2], details.Samples.Select(gap => gap.Row)); // one each of the three worst classes
    }

    [Fact]
    public void Add_Labels_CountsDecisionsOfEachLabel()
    {
        var comparison = new TeacherComparison(OutputKind.Labels, [2]);
        comparison.Add(0, model: [1, -1], teacher: [1, 1], labels: [1, 1]);
        comparison.Add(1, model: [1, 1], teacher: [-1, 1], labels: [0, -1]);

        var details = comparison.AddTo(new("student"), areTexts: false);

        Assert.Equal([new(0, 2, 2, 1), new(1, 1, 1, 0)], details.Changes);
        Assert.Equal([(0L, 1.0), (1, 1.0)], details.Samples.Select(gap => (gap.Row, gap.Gap)));
    }

    [Fact]
    public void Add_ValuesAndEmbeddings_KeepsTheFurthestAway()
    {
        var values = new TeacherComparison(OutputKind.Values, [2]);
        values.Add(0, model: [1, 1], teacher: [1, 1], labels: []);
        values.Add(1, model: [1, 1], teacher: [3, 1], labels: []);
        var embeddings = new TeacherComparison(OutputKind.Embedding, [2]);
        embeddings.Add(0, model: [1, 0], teacher: [0, 1], labels: []);

        Assert.Equal([(1L, 2.0)], values.AddTo(new("s"), false).Samples.Select(gap => (gap.Row, gap.Gap))); // 2² ÷ 2
        Assert.Equal(1.0, embeddings.AddTo(new("s"), false).Samples.Single().Gap, 6);
    }

    [Fact]
    public void AddText_Lines_KeepsThoseWithMoreEdits()
    {
        var comparison = new TeacherComparison(OutputKind.Classes, [3]);
        comparison.AddText(0, known: "cat", model: "cot", teacher: "cat");
        comparison.AddText(1, known: "dog", model: "dog", teacher: "dig");

        var gap = Assert.Single(comparison.AddTo(new("student"), areTexts: true).Samples);

        Assert.Equal((0L, 1.0, "cat", "cot"), (gap.Row, gap.Gap, gap.Text, gap.Read));
    }

    private static float[] OneHot(int index) => [.. Enumerable.Range(0, 50).Select(i => i == index ? 9f : 0)];
}
