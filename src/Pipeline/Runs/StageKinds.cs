using OnnxKd.Pipeline.Stages;
using OnnxKd.Pipeline.Stages.Kinds;

namespace OnnxKd.Pipeline.Runs;

/// <summary>The table of kinds.</summary>
internal static class StageKinds
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<StageKind> All { get; } =
    [
        CaptureStage.Definition,
        GraftStage.Definition,
        TrainStage.Definition,
        AdjustBiasStage.Definition,
        QuantiseStage.Definition,
        ClusterStage.Definition,
        SpecialistStage.Definition,
        CombineStage.Definition,
        RateStage.Definition,
        ExportStage.Definition,
        VerifyStage.Definition,
        EvaluateStage.Definition,
        ReportStage.Definition, // the last: it tells of all others
    ];
}
