using OnnxKd.Pipeline.Measuring;

namespace OnnxKd.Pipeline.Tests.Measuring;

/// <summary>Labels in another order than the teacher's classes, told from labels that a teacher contradicts.</summary>
public sealed class LabelNumberingTests
{
    /// <summary>Folders 0 to 11 in the order of their names as texts: 0, 1, 10, 11, 2, ..., so that label 2 is the teacher's 10.</summary>
    [Fact]
    public void Find_NumbersInTheOrderOfTexts_NamesTheLabelsThatMoved()
    {
        var order = Enumerable.Range(0, 12).OrderBy(name => $"{name}", StringComparer.Ordinal).ToArray();

        var found = Find(Enumerable.Range(0, 120).Select(i => (i % 12, order[i % 12])));

        Assert.NotNull(found);
        Assert.Equal(2.0 / 12, found.Right, 12); // 0 and 1 stay
        Assert.Equal(1, found.Renumbered);
        Assert.Equal("label 2 were 10, label 3 were 11, label 4 were 2, label 5 were 3 and 6 more changed", found.Description);
    }

    [Theory]
    [InlineData(1, "each label were 1 more")] // a teacher whose class 0 is the background
    [InlineData(-1, "each label were 1 less")]
    public void Find_LabelsThatCountFromElsewhere_SaysByHowMuch(int apart, string expected) =>
        Assert.Equal(expected, Find(Enumerable.Range(0, 60).Select(i => (1 + i % 3, 1 + i % 3 + apart)))?.Description);

    /// <summary>One in five answers is wrong, and the labels of two of ten classes are exchanged.</summary>
    [Fact]
    public void Find_TwoLabelsExchanged_NamesThem() =>
        Assert.Equal("label 3 were 7, label 7 were 3", Find(Enumerable.Range(0, 1000).Select(i => (i % 10 is 3 ? 7 : i % 10 is 7 ? 3 : i % 10, i / 10 % 20 == 0 ? (i + 1) % 10 : i % 10)))?.Description);

    [Fact]
    public void Find_LabelsOfAGoodTeacher_AreTheClasses() =>
        Assert.Null(Find(Enumerable.Range(0, 1000).Select(i => (i % 10, i / 10 % 20 == 0 ? (i + 1) % 10 : i % 10))));

    /// <summary>One sample in twenty is of the rare class, of which the teacher finds one in five; labels 0 and 1 are exchanged.</summary>
    [Fact]
    public void Find_TwoLabelsOfWhichOneIsRareExchanged_NamesThem()
    {
        var rare = Enumerable.Range(0, 400).Select(i => (IsRare: i % 20 == 0, Top: i % 100 == 0 ? 1 : 0)).ToArray();

        Assert.Equal("label 0 were 1, label 1 were 0", Find(rare.Select(sample => (sample.IsRare ? 0 : 1, sample.Top)))?.Description);
        Assert.Null(Find(rare.Select(sample => (sample.IsRare ? 1 : 0, sample.Top))));
    }

    /// <summary>Of a teacher that mixes up two classes most samples stay where they were put.</summary>
    [Fact]
    public void Find_TeacherThatTakesOneClassForAnother_IsNoNumbering() =>
        Assert.Null(Find(Enumerable.Range(0, 300).Select(i => (i % 3, i % 3 == 2 ? 1 : i % 3))));

    [Theory]
    [InlineData(100, 40)] // fewer than five of each label: any order fits
    [InlineData(3, 300)]
    public void Find_AnswersByChance_AreNoNumbering(int classes, int rows)
    {
        var random = new Random(1);

        Assert.Null(Find(Enumerable.Range(0, rows).Select(i => (i % classes, random.Next(classes)))));
    }

    private static Renumbering? Find(IEnumerable<(int Label, int Top)> samples)
    {
        var numbering = new LabelNumbering();
        foreach (var (label, top) in samples)
            numbering.Add(label, top);
        return numbering.Find();
    }
}
