using OnnxKd.Benchmarks.Capture;
using OnnxKd.Benchmarks.Support;
using OnnxKd.Benchmarks.Training;
using OnnxKd.Core.TransferSets;

namespace OnnxKd.Benchmarks.EndToEnd;

/// <summary>
/// A whole distillation against eager PyTorch with the teacher in the loop, and against the ideal: the bare teacher once over images in
/// memory, and then training steps over batches in memory. All in one run; half of what the others do comes before ours and half after it, and
/// the ideal's steps are timed in pauses of ours.
/// </summary>
internal static class WholeDistillation
{
    // After each of our epochs, the ideal's steps are timed for a fourth of one.
    private const int PartsOfAnEpoch = 4;

    private static readonly (string Name, int Rows, int Epochs)[] Cases = [("mlp", 40_960, 30), ("resnet", 1024, 30)];

    /// <summary>Seconds of each side in one round, and the last losses; without PyTorch, nothing of it.</summary>
    private sealed record Round(OurDistillation.Result Ours, double? Theirs, double? TheirLoss, double Teacher, double Steps)
    {
        /// <summary>What nothing that runs the teacher once and trains so many steps can be faster than.</summary>
        public double Ideal => Teacher + Steps;
    }

    /// <summary>
    /// Options: <c>--case mlp|resnet</c> (default: both), <c>--rows</c>, <c>--epochs</c>, <c>--batch-size</c>, <c>--threads</c>,
    /// <c>--pairs</c>; <c>--peer pytorch|none</c>.
    /// </summary>
    public static object Run(Arguments arguments)
    {
        var only = arguments.Text("case", null);
        var (rows, epochs) = (arguments.Number("rows", 0), arguments.Number("epochs", 0));
        var batchSize = arguments.Number("batch-size", 128);
        var threads = arguments.Number("threads", 2);
        var pairs = arguments.Number("pairs", 1);
        var hasPeer = arguments.Choice("peer", "pytorch", "none") == "pytorch";
        arguments.RefuseTheRest();
        var cases = Cases.Where(c => only is null || c.Name == only).ToArray();
        if (cases.Length == 0)
            throw new UsageException($"unknown case '{only}'; known: {string.Join(", ", Cases.Select(c => c.Name))}");

        var figures = new Dictionary<string, object> { ["threads"] = threads, ["batch_size"] = batchSize, ["pairs"] = pairs };
        foreach (var (name, usualRows, usualEpochs) in cases)
            Measure(name, rows > 0 ? rows : usualRows, epochs > 0 ? epochs : usualEpochs, batchSize, threads, pairs, hasPeer, figures);
        string[] ratios = hasPeer ? ["end_to_end_ratio", "over_ideal_ratio"] : ["over_ideal_ratio"];
        foreach (var ratio in ratios)
            figures[ratio] = cases.Max(c => (double)figures[$"{c.Name}_{ratio}"]);
        return figures;
    }

    private static void Measure(
        string name, int rows, int epochs, int batchSize, int threads, int pairs, bool hasPeer, Dictionary<string, object> figures)
    {
        var folder = Directory.CreateTempSubdirectory("onnxkd-bench-").FullName;
        try
        {
            var work = new DistillationCase(name, rows, batchSize, folder);
            using var set = TransferSet.Open(new() { Samples = work.Images });
            using var teacher = new BareLoop(work.Teacher, set, batchSize, "cpu", threads: threads);
            using var student = new OurStep(work.Student, batchSize, threads, "cpu");
            using var theirs = hasPeer
                ? new Peer("end_to_end.py", name, work.Images, work.Labels, work.TeacherWeights, work.Student.File, batchSize, threads)
                : null;
            if (theirs is not null)
                figures[$"{name}_teacher_logits_max_abs"] = teacher.Logits(0, 1).Zip(theirs.Logits(), (a, b) => Math.Abs(a - b)).Max();
            WarmUp(name, batchSize, threads, Path.Combine(folder, "warm-up"));
            teacher.Run(0, Math.Min(rows, batchSize));
            student.Run(2);

            var rounds = Enumerable.Range(0, pairs)
                .Select(round => Both(work, teacher, student, theirs, epochs, threads, Path.Combine(folder, $"{round}"))).ToList();
            (figures[$"{name}_rows"], figures[$"{name}_epochs"]) = (rows, epochs);
            figures[$"{name}_seconds"] = Median(round => round.Ours.Seconds);
            figures[$"{name}_capture_seconds"] = Median(round => round.Ours.CaptureSeconds);
            figures[$"{name}_ideal_seconds"] = Median(round => round.Ideal);
            figures[$"{name}_ideal_teacher_seconds"] = Median(round => round.Teacher);
            figures[$"{name}_last_loss"] = Median(round => round.Ours.Loss);
            figures[$"{name}_over_ideal_ratio"] = Median(round => round.Ours.Seconds / round.Ideal);
            figures[$"{name}_over_ideal_ratios"] = rounds.Select(round => Math.Round(round.Ours.Seconds / round.Ideal, 3));
            if (hasPeer)
            {
                figures[$"{name}_pytorch_seconds"] = Median(round => round.Theirs!.Value);
                figures[$"{name}_last_loss_pytorch"] = Math.Round(rounds[0].TheirLoss!.Value, 4); // later rounds go on where the first one ended
                figures[$"{name}_end_to_end_ratio"] = Median(round => round.Ours.Seconds / round.Theirs!.Value);
            }

            double Median(Func<Round, double> figure) => Math.Round(Output.Median(rounds.Select(figure)), 4);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Round Both(
        DistillationCase work, BareLoop teacher, OurStep student, Peer? theirs, int epochs, int threads, string folder)
    {
        var half = work.Rows / 2 / work.BatchSize * work.BatchSize;
        var steps = (work.Rows + work.BatchSize - 1) / work.BatchSize;
        var some = Math.Max(1, steps / PartsOfAnEpoch);
        var before = epochs > 1 ? theirs?.Run(epochs / 2).Seconds : 0;
        var (teacherSeconds, stepSeconds) = (teacher.Run(0, half), 0.0);
        var ours = OurDistillation.Run(work, epochs, threads, folder, () => stepSeconds += student.Run(some).Seconds * steps / some);
        teacherSeconds += teacher.Run(half, work.Rows - half);
        var after = theirs?.Run(epochs - epochs / 2);
        return new(ours, before + after?.Seconds, after?.Loss, teacherSeconds, stepSeconds);
    }

    /// <summary>A distillation of two batches, so that no side's first calls count.</summary>
    private static void WarmUp(string name, int batchSize, int threads, string folder)
    {
        Directory.CreateDirectory(folder);
        OurDistillation.Run(new(name, 2 * batchSize, batchSize, folder), epochs: 1, threads, folder, () => { });
    }
}
