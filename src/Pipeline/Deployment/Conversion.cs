using OnnxKd.Core.Onnx;
using OnnxKd.Pipeline.Terminal;
using OnnxKd.StudentTrainer.Operators;
using OnnxKd.TeacherRunner.Conversion;
using OnnxKd.TeacherRunner.Deployment;

namespace OnnxKd.Pipeline.Deployment;

/// <summary>Another form that a model gets.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Opset">The operator set, of <see cref="ConversionKind.Opset"/>.</param>
/// <param name="Goal">The error that each output may have, of <see cref="ConversionKind.Mixed"/>.</param>
/// <param name="Feeds">The samples.</param>
/// <param name="Probed">How many of them scales and the effects of nodes are found with.</param>
internal sealed record Conversion(ConversionKind Kind, int Opset, MixedGoal Goal, ModelFeeds Feeds, long Probed)
{
    /// <summary>Writes it.</summary>
    /// <param name="source">The model.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="reporter">Told about nodes and samples.</param>
    /// <param name="token">Stops between batches.</param>
    /// <returns>What nodes do in float16, where that was measured.</returns>
    public IReadOnlyList<NodeEffect>? Run(OnnxModel source, string path, StageReporter reporter, CancellationToken token)
    {
        switch (Kind)
        {
            case ConversionKind.Mixed:
                return ModelConverter.ToMixed(source, path, Goal, new(Feeds, Probed), (done, all) => reporter.Report(new("measure", done, all, "nodes")), token);
            case ConversionKind.Float16:
                ModelConverter.ToFloat16(source, path, new(Feeds, Feeds.Count), token);
                return null;
            case ConversionKind.Int8:
                ModelConverter.ToInt8(source, path, new(Feeds, Probed), OperatorReference.Names, done => reporter.Report(new("calibrate", done, Probed, "samples")), token);
                return null;
            case ConversionKind.Opset:
                ModelConverter.ToOpset(source, path, Opset, OperatorReference.Names);
                return null;
            default:
                ModelConverter.ToOrt(source, path);
                return null;
        }
    }
}
