using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Signals;
using OnnxKd.StudentTrainer.Students;
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
    /// <param name="columns">Columns of the first.</param>
    /// <param name="results">What the stages before made.</param>
    /// <param name="taught">The open cache.</param>
    public OutputHead[] HeadsOf(StudentImport import, int columns, StageResults results, LogitCache? taught)
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
            (not null, OutputKind.Values) => new(name, count, Scale: ColumnStatistics.Of(taught!, stream)),
            (not null, OutputKind.Detector) => new(name, count, Anchors: AnchorStatistics.Of(taught!, stream)),
            (not null, OutputKind.Embedding) => new(name, count, IsUnitLength: IsOfUnitLength(cache!.Members(results)[stream.Teacher ?? 0], tensor)),
            _ => new OutputHead(name, count),
        } with { Positions = kind == OutputKind.Detector ? 1 : stream?.Positions ?? 1 };
    }

    /// <summary>The stream that a further output learns from; <c>null</c>: nothing is taught.</summary>
    /// <param name="output">The output.</param>
    /// <param name="results">What the stages before made.</param>
    public CacheStream? StreamOf(TappedTensor output, StageResults results) =>
        classes is null ? null : CaptureStage.Streams(results[classes.Name]).FirstOrDefault(stream => stream.Name == output.Name);

    private bool IsOfUnitLength(TeacherOptions teacher, Func<TeacherOptions, string?> tensor) => teacher.IsRecorded
        ? RecordedAnswer.Of(graph.Sets.Transfer, teacher).IsOfUnitLength
        : LogitTrace.Find(SharedModels.Load(teacher.Model).Proto.Graph, tensor(teacher), teacher.Model).Activation == HeadActivation.UnitLength;
}
