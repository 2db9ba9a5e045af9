using System.Globalization;
using OnnxKd.Core.Text;
using OnnxKd.Pipeline.Measuring;
using OnnxKd.Pipeline.Recipes;

namespace OnnxKd.Pipeline.Reports;

/// <summary>The figure by which a run's models are compared: the first that its test set allows.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Of">A model's share of what is wrong, from 0 to 1 (the error rate of characters can be more); <c>null</c>: not known.</param>
/// <param name="IsOfSamples">Whether it is a share of the samples.</param>
/// <param name="IsOfTeacher">Whether the teacher is what it is measured by.</param>
internal sealed record Quality(string Name, Func<ModelMetrics, double?> Of, bool IsOfSamples = true, bool IsOfTeacher = false)
{
    private const double TwoSided95 = 1.959964;

    private static readonly Quality[] InOrder =
    [
        new("character error rate", model => model.CharacterErrorRate, IsOfSamples: false),
        new("error rate", model => 1 - model.Accuracy),
        new("share of wrong neighbours", model => 1 - model.Retrieval, IsOfSamples: false), // of the first ones, where there are many
        new("disagreement with the teacher", model => 1 - model.Agreement, IsOfTeacher: true),
        new("share of the variance that it does not explain", model => 1 - model.RSquared, IsOfSamples: false, IsOfTeacher: true),
        new("distance from the teacher's embeddings (1 - cosine)", model => 1 - model.Cosine, IsOfSamples: false, IsOfTeacher: true),
    ];

    /// <summary>The one for a run; <c>null</c>: nothing of the kind was measured.</summary>
    public static Quality? For(RunMetrics metrics) => InOrder.FirstOrDefault(quality => metrics.Student is { } student && quality.Of(student) is not null);

    /// <summary>
    /// What the student is worth, in sentences: the share of the gap between baseline and teacher that it closes, and how sure its figure is.
    /// </summary>
    public static IEnumerable<string> Verdict(RunMetrics metrics) =>
        Collapsed(metrics).Concat(Labelled(metrics)).Concat(Compared(metrics)).Concat(Outputs(metrics)).Concat(Unlearned(metrics));

    /// <summary>What makes all figures against labels doubtful.</summary>
    private static IEnumerable<string> Labelled(RunMetrics metrics) => metrics.LabelRemark is { } remark ? [$"{char.ToUpperInvariant(remark[0])}{remark[1..]}."] : [];

    private static IEnumerable<string> Collapsed(RunMetrics metrics) => metrics.Students().SelectMany(student => student.Collapses().Select(found =>
        $"{(metrics.Learners is null ? "The student" : Printable.Escape(student.Model))} has not learned{(student.Outputs is null ? "" : $" {RunMetrics.Described(found.Output)}")}: {found.Why}."));

    private static IEnumerable<string> Unlearned(RunMetrics metrics) => metrics.Students().SelectMany(student => student.UnlearnedColumns().Select(found =>
        $"{(metrics.Learners is null ? "It" : Printable.Escape(student.Model))} {found}."));

    /// <summary>How closely it follows its teacher in each further output.</summary>
    private static IEnumerable<string> Outputs(RunMetrics metrics)
    {
        foreach (var name in metrics.OutputNames())
            if (metrics.Rows(name).FirstOrDefault(row => row.Name == StageRules.Student).Metrics is { } output)
                yield return output switch
                {
                    { Agreement: { } agreement } => Text($"Its {RunMetrics.Described(name)} agrees with the teacher's on {agreement:0.00 %}."),
                    { RSquared: { } explained } => Text($"Its {RunMetrics.Described(name)} has an R2 of {explained:0.0000} against the teacher's."),
                    { Cosine: { } cosine } => Text($"Its {RunMetrics.Described(name)} has a mean cosine of {cosine:0.0000} with the teacher's."),
                    _ => $"Its {RunMetrics.Described(name)} was not measured.",
                };
    }

    private static IEnumerable<string> Compared(RunMetrics metrics)
    {
        if (metrics.TestSamples is null)
        {
            yield return $"There is no test set{(metrics.Models.Any(model => model.Transfer is not null) ? ": figures are of samples that were learned from" : ", and nothing was measured")}. Add data.test (--test-samples).";
            yield break;
        }
        if (metrics.Student is not { } student || For(metrics) is not { } quality)
        {
            yield return "The table has the figures of each model.";
            yield break;
        }

        var wrong = quality.Of(student)!.Value;
        yield return Text($"The student's {quality.Name} is {wrong:0.00 %}{Interval(quality, student, metrics.TestSamples)}.");
        var (taught, alone) = (Known(metrics.Teacher), Known(metrics.Models.FirstOrDefault(model => model.Role == StageRules.Baseline)));
        if (taught is { } teacher && !quality.IsOfTeacher)
            yield return Text($"The teacher's is {teacher:0.00 %}.");
        if (alone is { } baseline)
        {
            yield return Text($"The same network without a teacher has {baseline:0.00 %}.");
            if (taught is { } best && best < baseline)
                yield return wrong < baseline
                    ? Text($"Distillation closes {(baseline - wrong) / (baseline - best):0 %} of the gap between the two.")
                    : "Distillation did not help here: the student is no better than without a teacher.";
        }
        if (metrics.Teacher is { Parameters: > 0 } large)
            yield return Text($"The student has {(double?)student.Parameters / large.Parameters:0.00} times the teacher's parameters, ") +
                Text($"and takes {student.LatencyMsP50 / large.LatencyMsP50:0.00} times its time for one sample.");

        double? Known(ModelMetrics? model) => model is null ? null : quality.Of(model);
    }

    /// <summary>Wilson's score interval (1927); it holds for shares of samples that are right or wrong.</summary>
    private static string Interval(Quality quality, ModelMetrics model, long? samples)
    {
        if (samples is not > 0 || !quality.IsOfSamples)
            return "";
        var (share, n, z) = (quality.Of(model)!.Value, (double)samples, TwoSided95);
        var centre = (share + z * z / (2 * n)) / (1 + z * z / n);
        var half = z / (1 + z * z / n) * Math.Sqrt(share * (1 - share) / n + z * z / (4 * n * n));
        return Text($" (95 % interval {Math.Max(0, centre - half):0.00 %} to {centre + half:0.00 %}, from {samples:#,0} test samples)");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
