using OnnxKd.Core.Errors;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.TransferSets;
using OnnxKd.Pipeline.Recipes;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Recorded;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages.Kinds;

/// <summary>What can be wrong with teachers and what they are captured for, found before the capture.</summary>
/// <param name="graph">The recipe's stages.</param>
/// <param name="stage">The capture.</param>
/// <param name="set">Its samples.</param>
/// <param name="teachers">Its teachers.</param>
internal sealed class CaptureChecks(RecipeGraph graph, CaptureStage stage, TransferSet set, TeachersOptions teachers)
{
    private TeacherOptions First => teachers.Capture.Teachers[0];

    /// <summary>Checks the settings and the teachers' files.</summary>
    /// <param name="declared">How many classes each teacher's file declares; <c>null</c>: it does not say.</param>
    /// <exception cref="OnnxKdException">Something does not fit.</exception>
    public void Require(IReadOnlyList<int?> declared)
    {
        foreach (var teacher in teachers.Capture.Teachers)
            teachers.Capture.Augmentation.Validate(set.Modality(teacher.Modality).SampleShape, "capture.augmentation");
        foreach (var (teacher, maker) in teachers.Capture.Teachers.Zip(teachers.Stages))
            if (teacher.IsRecorded)
                RecordedAnswer.Of(set, teacher);
            else if (maker is null)
                RequireTensors(teacher, () => SharedModels.Load(teacher.Model));
            else if (graph.Find(maker) is TrainStage made && made.GraphOf(maker.Name) is { } untrained)
                RequireTensors(teacher, () => untrained);
        CacheCapture.Check(teachers.Capture, [.. declared]);
        if (stage.DeclaredClasses is { } classes && set.HasLabelsFor([classes]) && set.LargestLabel >= classes && (First.Kind ?? StructureKind()) == OutputKind.Classes)
            set.RequireLabelsBelow(classes, NamesOf(classes));
    }

    /// <summary>Holds terms, labels and groups against what the teachers were found to give.</summary>
    /// <param name="streams">What they give.</param>
    /// <exception cref="InputException">A term reads what is not there, or a set's labels or groups do not fit.</exception>
    public void RequireFit(IReadOnlyList<CacheStream> streams)
    {
        foreach (var training in graph.Stages.Stages.OfType<TrainStage>().Where(training => training.Cache == stage))
            training.RequireStreamsFit(streams);
        var stream = streams[0];
        if (stream.Kind.Output() is not { } kind)
            return;
        graph.Sets.Test?.RequireSought(kind);
        foreach (var labelled in new[] { graph.Sets.Transfer, graph.Sets.Validation, graph.Sets.Test }.OfType<TransferSet>())
            if (kind == OutputKind.Classes && labelled.HasLabelsFor(stream.StudentShape))
                labelled.RequireLabelsBelow(stream.StudentClasses, NamesOf(stream.StudentClasses));
    }

    private IReadOnlyList<string>? NamesOf(int classes) => teachers.Stages[0] is null && teachers.Capture.Classes is null ? First.ClassNames(classes) : null;

    /// <summary>What the graph and the output's name say that the first teacher gives; <c>null</c>: what its values say is known when it runs.</summary>
    private OutputKind? StructureKind()
    {
        if (First.IsRecorded || teachers.Stages[0] is not null)
            return OutputKind.Classes;
        var model = SharedModels.Load(First.Model);
        var trace = LogitTrace.Find(model.Proto.Graph, First.Output, First.Model);
        return (KindEvidence.OfModel(model.Proto, First.Output, trace) ?? KindEvidence.OfName(trace.Output, stage.DeclaredClasses ?? 1))?.Kind;
    }

    private void RequireTensors(TeacherOptions teacher, Func<OnnxModel> model)
    {
        if (teacher.Model.Length > 0)
            graph.Files.Digest(teacher.Model);
        if (teacher.Output is not null || teacher.Outputs.Count + teacher.Features.Count > 0)
            CacheCapture.RequireTensors(teacher, model());
    }
}
