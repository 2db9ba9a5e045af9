using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Reports;

namespace OnnxKd.Pipeline.Tests.Reports;

public class SeedGroupTests
{
    /// <summary>Differences of 2, 3 and 4 points: mean 3, deviation 1, and 3 ± 4.3027 / √3 = 0.52 to 5.48.</summary>
    [Fact]
    public void Verdict_EverySeedIsBetter_SaysThatItHelpsAndHowSure()
    {
        var verdict = string.Join(' ', Group((0.08, 0.10), (0.07, 0.10), (0.06, 0.10)).Verdict);

        Assert.Contains("Over 3 seeds the student's error rate is 7.00 % ± 1.00 % (standard deviation), from 6.00 % to 8.00 %.", verdict);
        // The teacher has 5 %: 2/5, 3/5, 4/5 of the gap.
        Assert.Contains("Distillation closes 60 % ± 20 % of the gap between the two (seed 1: 40 %, seed 2: 60 %, seed 3: 80 %).", verdict);
        Assert.Contains("It helps: 3.00 points fewer than without a teacher (95 % interval of the mean, seed by seed: 0.52 to 5.48 points).", verdict);
    }

    [Fact]
    public void Verdict_SeedsThatDisagree_SaysThatTheyDoNotShowIt() =>
        Assert.EndsWith("more of them would.", Group((0.08, 0.10), (0.11, 0.10), (0.09, 0.10)).Verdict[^1]);

    /// <summary>Differences of 0.1, 8 and 16 points: mean 8.03, deviation 7.95, and 8.03 ± 19.75.</summary>
    [Fact]
    public void Verdict_EverySeedIsBetterByAnotherAmount_AsksForMore() => Assert.Equal(
        "With each of these seeds it is better, but by so different amounts that more of them are needed to say so (95 % interval of the mean, seed by seed: -11.72 to 27.78 points).",
        Group((0.099, 0.10), (0.02, 0.10), (0.04, 0.20)).Verdict[^1]);

    [Fact]
    public void Verdict_EverySeedIsWorse_SaysSo() => Assert.StartsWith("It does harm: 3.00 points more", Group((0.13, 0.10), (0.12, 0.10), (0.14, 0.10)).Verdict[^1]);

    [Fact]
    public void Gap_BaselineThatBeatsTheTeacher_IsNone()
    {
        var group = Group((0.08, 0.04), (0.07, 0.10), (0.06, 0.10));

        Assert.Equal([null, 0.6, 0.8], group.Runs.Select(run => run.Gap is { } gap ? Math.Round(gap, 9) : (double?)null));
        Assert.Equal(2, group.Gap!.Count);
    }

    [Theory]
    [InlineData("mnist", "mnist-1", "mnist-2")]
    [InlineData("a, b", "a", "b")]
    public void Name_OfRuns_IsWhatTheirNamesShare(string expected, params string[] names) => Assert.Equal(
        $"{expected} (2 seeds)", SeedGroup.Of(null, [.. names.Select((name, i) => (name, Run(1 + i, 0.1, 0.2)))]).Name);

    private static SeedGroup Group(params (double Student, double Baseline)[] wrong) =>
        SeedGroup.Of("all", [.. wrong.Select((one, i) => ($"run {i + 1}", Run(i + 1, one.Student, one.Baseline)))]);

    private static RunMetrics Run(int seed, double student, double baseline) => new(
        "run", (ulong)seed, 100,
        [
            new("teacher.onnx") { Role = "teacher", Accuracy = 0.95 },
            new("student.onnx") { Role = "student", Accuracy = 1 - student, Parity = new(0, 1, 10) },
            new("baseline.onnx") { Role = "baseline", Accuracy = 1 - baseline, Parity = new(0, 1, 10) },
        ]);
}
