using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Text;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Students;
using OnnxKd.StudentTrainer.Terms;
using OnnxKd.TeacherRunner.Recorded;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>What built-in students of a training give, as their teachers do.</summary>
/// <param name="graph">The recipe's stages.</param>
/// <param name="cache">The stage whose cache is learned from; <c>null</c>: labels alone.</param>
/// <param name="classes">The stage whose cache says how many classes there are; <c>null</c>: none does.</param>
internal sealed class TaughtOutputs(RecipeGraph graph, CacheStage? cache, CacheStage? classes)
{
    /// <summary>The outputs of a student: for each its columns, and what comes behind them for values, embeddings and detectors.</summary>
    /// <param name="import">What is said of them.</param>
    /// <param name="objective">What the student learns by.</param>
    /// <param name="columns">Columns of the first.</param>
    /// <param name="results">What the stages before made.</param>
    /// <param name="taught">The open cache.</param>
    public OutputHead[] HeadsOf(StudentImport import, IReadOnlyList<Term> objective, int columns, StageResults results, LogitCache? taught)
    {
        return
        [
            Head(CacheStream.Answer, columns, import.Kind, taught?.Streams[0], teacher => teacher.Output),
            .. import.Outputs.Select(output => Head(
                output.Name, StreamOf(output, results)!.StudentClasses, output.Kind, taught?.Streams.First(stream => stream.Name == output.Name),
                teacher => teacher.Outputs.FirstOrDefault(tapped => tapped.Name == output.Name)?.Tensor ?? teacher.Output)),
        ];

        OutputHead Head(string name, int count, OutputKind? kind, CacheStream? stream, Func<TeacherOptions, string?> tensor) => (stream, kind) switch
        {
            (not null, OutputKind.Values) => new(name, count, Scale: ColumnStatistics.Of(taught!, stream) is var plain && IsPulledIn(name, objective) ? plain.PulledIn ?? plain : plain),
            (not null, OutputKind.Detector) => new(name, count, Anchors: AnchorStatistics.Of(taught!, stream)),
            (not null, OutputKind.Embedding) => new(name, count, IsUnitLength: IsOfUnitLength(cache!.Members(results)[stream.Teacher ?? 0], tensor)),
            _ => new OutputHead(name, count),
        } with { Positions = kind == OutputKind.Detector ? 1 : stream?.Positions ?? 1 };
    }

    /// <summary>What there is to say of values that a student learns by their logarithms, a line for each stream.</summary>
    /// <param name="taught">The open cache.</param>
    /// <param name="objective">What the student learns by.</param>
    public static IEnumerable<string> Remarks(LogitCache taught, IReadOnlyList<Term> objective) =>
        from stream in taught.Streams
        where stream.Kind == StreamKind.Value && IsPulledIn(stream.Name, objective)
        let log = ColumnStatistics.Of(taught, stream).PulledIn?.Scale.Log
        where log is not null
        select $"the teacher's values{(taught.Streams.Count > 1 ? $" '{Printable.Escape(stream.Name)}'" : "")} spread over orders of magnitude, or a few are far from all others"
            + $"{(log.Unit.Count > 1 ? $" ({log.Unit.Count(unit => unit > 0)} of {log.Unit.Count} columns)" : "")}: the student learns them by their logarithms, and gives the values (objective: pull-in; a student from a file follows them best if it ends in an Exp)";

    /// <summary>Whether all terms that learn an output's values take logarithms where these ask for it.</summary>
    private static bool IsPulledIn(string output, IReadOnlyList<Term> objective) =>
        objective.OfType<ValueTerm>().Where(term => (term.Teacher ?? term.Student ?? output) == output).ToArray() is [_, ..] terms && terms.All(term => term is { PullIn: true, Standardise: true });

    /// <summary>The stream that a further output learns from; <c>null</c>: nothing is taught.</summary>
    /// <param name="output">The output.</param>
    /// <param name="results">What the stages before made.</param>
    public CacheStream? StreamOf(TappedTensor output, StageResults results) =>
        classes is null ? null : CaptureStage.Streams(results[classes.Name]).FirstOrDefault(stream => stream.Name == output.Name);

    private bool IsOfUnitLength(TeacherOptions teacher, Func<TeacherOptions, string?> tensor) => teacher.IsRecorded
        ? RecordedAnswer.Of(graph.Sets.Transfer, teacher).IsOfUnitLength
        : LogitTrace.Find(SharedModels.Load(teacher.Model).Proto.Graph, tensor(teacher), teacher.Model).Activation == HeadActivation.UnitLength;
}
