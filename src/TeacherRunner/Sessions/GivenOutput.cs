using Onnx;
using OnnxKd.Core.LogitCaches;
using OnnxKd.Core.Logits;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Preparation;
using OnnxKd.Core.Tensors;
using OnnxKd.TeacherRunner.Logits;

namespace OnnxKd.TeacherRunner.Sessions;

/// <summary>An output as it is given.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Dims">Its lengths after the batch axis.</param>
/// <param name="ClassAxis">Its axis of classes, an index of <paramref name="Dims"/>; <c>null</c>: one column without an axis.</param>
/// <param name="Activation">The function between the scores and it.</param>
internal sealed record GivenOutput(string Name, long[] Dims, int? ClassAxis, HeadActivation Activation)
{
    /// <summary>Finds how an output lies: as its scores do, apart from axes of length 1; <c>null</c>: otherwise.</summary>
    /// <param name="trace">What lies between the scores and the output.</param>
    /// <param name="head">What the scores hold.</param>
    /// <param name="shape">The output's shape, the batch first.</param>
    /// <param name="scores">How the scores lie.</param>
    public static GivenOutput? Find(LogitTrace trace, LogitHead head, long[] shape, RowLayout scores)
    {
        var dims = shape[1..];
        if (trace.IsInner || !dims.Where(d => d != 1).SequenceEqual(scores.Dims.Where(d => d != 1)))
            return null;
        int? axis = dims.SequenceEqual(scores.Dims) ? scores.ClassAxis
            : scores.Classes > 1 ? dims.Index().Where(entry => entry.Item != 1).ElementAt(scores.PositionsBefore).Index
            : dims is [.., 1] ? dims.Length - 1
            : null;
        return new(trace.Output, dims, axis, ActivationOf(trace, head));
    }

    /// <summary>What the graph ends in; where that is something else, what the values are.</summary>
    private static HeadActivation ActivationOf(LogitTrace trace, LogitHead head) => head.Kind is StreamKind.Value or StreamKind.Embedding || head is { Kind: StreamKind.Detection, Transform: LogitTransform.None }
        ? HeadActivation.None
        : head.Transform switch
        {
            LogitTransform.LogOfProbability => HeadActivation.Softmax,
            LogitTransform.LogOddsOfScores => HeadActivation.SigmoidOfScores,
            LogitTransform.LogOdds or LogitTransform.TwoClassesOfProbability => HeadActivation.Sigmoid,
            _ => head.Kind == StreamKind.LogProbability ? HeadActivation.LogSoftmax : trace.Activation,
        };

    /// <summary>What a session sees of a model.</summary>
    /// <param name="model">The model, as it was read.</param>
    /// <param name="input">The input that is fed.</param>
    /// <param name="behind">What feeds each input, where there are several.</param>
    /// <param name="feeds">The constants among them.</param>
    /// <param name="outputs">The outputs that are read.</param>
    public static ModelInterface InterfaceOf(
        OnnxModel model, string input, IReadOnlyList<FedInput> behind, InputFeeds feeds, IReadOnlyList<GivenOutput?> outputs)
    {
        var graph = model.Proto.Graph;
        InterfaceInput[] fed = behind.Count == 0 ? [Of(graph.Input.First(i => i.Name == input))] :
        [
            .. behind.Select(one => Of(one.Input) with
            {
                // A model whose other inputs are constants takes whole samples.
                Part = input == InputFront.Packed ? one.Part?.Name : null, IsText = one.Part?.IsText == true ? true : null,
                Constant = one.Part is null ? feeds.Of(one.Input.Name)!.Constant : null,
            }),
        ];
        var read = outputs.Select(Offered).ToArray();
        return new(fed[0], read[0]) { FurtherInputs = fed.Length > 1 ? fed[1..] : null, Others = read[1..], Order = [.. graph.Output.Select(output => output.Name)] };

        // Numbers that were rounded to whole ones are not what was learned.
        InterfaceOutput? Offered(GivenOutput? output) =>
            output is not null && TypeOf(graph.Output.FirstOrDefault(o => o.Name == output.Name)) is var type && type.IsFloat()
                ? new(output.Name, type, output.Dims, output.Activation, output.ClassAxis)
                {
                    Keys = model.Maps.FirstOrDefault(map => map.Output == output.Name)?.Keys,
                    KeysAreTexts = model.Maps.FirstOrDefault(map => map.Output == output.Name)?.KeysAreTexts,
                }
                : null;

        static InterfaceInput Of(ValueInfoProto value) => new(value.Name, TypeOf(value), [.. (value.ShapeOf() ?? []).Select(axis => new InterfaceAxis(axis.Size, axis.Name))]);
    }

    private static ElementType TypeOf(ValueInfoProto? declared) =>
        declared is not null && TensorTypes.TryElementType(declared.DataTypeOf(), out var type) ? type : ElementType.Float32;
}
