using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Onnx;
using OnnxKd.TeacherRunner.Deployment;
using OnnxKd.TeacherRunner.Sessions;

namespace OnnxKd.TeacherRunner.Conversion;

/// <summary>What a model is converted to.</summary>
public enum ConversionKind
{
    /// <summary>Weights and arithmetic in float16; inputs and outputs as they are.</summary>
    Float16,

    /// <summary>The same, with the nodes in float32 that a tolerance asks for.</summary>
    Mixed,

    /// <summary>Weights and activations in 8 bits, between QuantizeLinear and DequantizeLinear.</summary>
    Int8,

    /// <summary>A newer operator set.</summary>
    Opset,

    /// <summary>ONNX Runtime's own format, optimised ahead of time for any processor.</summary>
    Ort,
}

/// <summary>Converts models for deployment. What comes out is only as good as the comparison that follows: <see cref="OutputDifference"/>.</summary>
public static class ModelConverter
{
    /// <summary>The newest operator set that models are converted to.</summary>
    public const int NewestOpset = OpsetConversion.Newest;

    // The first with scales for each channel.
    private const int OpsetOfChannels = 13;

    /// <summary>Writes a model in float16.</summary>
    /// <param name="model">A float32 model, of which nothing is changed.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="samples">What shows how large values become.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="UnsupportedModelException">It has subgraphs, or computes nothing in float32.</exception>
    /// <exception cref="CheckFailedException">A value is larger than float16 can hold.</exception>
    public static void ToFloat16(OnnxModel model, string path, ProbeSamples samples, CancellationToken token)
    {
        var (name, conversion) = (NameOf(model), MixedFloat16.Of(model.Proto, NameOf(model)));
        if (Float16Range.Beyond(conversion, model.Proto, name, samples, token).MaxBy(found => found.Value) is { } overflow)
            throw new CheckFailedException(
                "A value within the model is larger than float16 can hold.", $"tensor '{overflow.Tensor}' of {name}, {samples.Count} samples", $"{overflow.Value:g6}", $"at most {Float16Range.Largest:0}",
                "nothing was written; leave such nodes in float32: --to mixed");
        Save(model, conversion.Convert(new HashSet<int>()), "float16", path);
    }

    /// <summary>Writes a model in float16 with as few nodes in float32 as a tolerance asks for.</summary>
    /// <param name="model">A float32 model, of which nothing is changed.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="goal">The error that each output may have. Nodes with values that float16 cannot hold stay in float32 in any case.</param>
    /// <param name="samples">What it is measured with.</param>
    /// <param name="onNode">Told of how many nodes it is known what they do, of how many.</param>
    /// <param name="token">Stops between batches.</param>
    /// <returns>What nodes do, the largest effect first; 1 where a value is larger than float16 can hold.</returns>
    /// <exception cref="UnsupportedModelException">It has subgraphs, or computes nothing in float32.</exception>
    public static IReadOnlyList<NodeEffect> ToMixed(
        OnnxModel model, string path, MixedGoal goal, ProbeSamples samples, Action<int, int>? onNode, CancellationToken token)
    {
        var name = NameOf(model);
        using var original = ModelSession.Of(model.Proto, name);
        using var reference = OutputReference.Of(original, samples, token);
        var conversion = MixedFloat16.Of(model.Proto, name);
        var beyond = Float16Range.Beyond(conversion, model.Proto, name, samples, token).Select(found => found.Node).ToHashSet();
        var (converted, effects) = new SensitiveNodes(conversion.Without(beyond), Measure, onNode).Find(goal.Tolerance);
        Save(model, converted, "mixed", path);
        return [.. beyond.Order().Select(place => SensitiveNodes.Describe(conversion.Nodes[place], effect: 1, isKept: true)), .. effects];

        double Measure(ModelProto candidate)
        {
            using var session = ModelSession.Of(candidate, name);
            return reference.Compare(session, token).Max(goal.ErrorOf);
        }
    }

    /// <summary>Refuses what int8 has no meaning for.</summary>
    /// <param name="model">A model.</param>
    /// <exception cref="UnsupportedModelException">It is quantised already, or has no float32 weights in convolutions and products.</exception>
    public static void RequireFloat(OnnxModel model) => Int8.Require(model.Proto.Graph, NameOf(model));

    /// <summary>
    /// Writes a model in int8: normalisations are folded into convolutions, then weights and activations are rounded, the latter with scales that fit what they are on samples.
    /// </summary>
    /// <param name="model">A float32 model, of which nothing is changed.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="samples">What scales are found with.</param>
    /// <param name="known">The operators whose rules are known, for models of an operator set before 13.</param>
    /// <param name="onBatch">Told how many samples are done.</param>
    /// <param name="token">Stops between batches.</param>
    /// <exception cref="OnnxKdException">It is quantised already, has nothing to quantise, or a value within is not finite.</exception>
    public static void ToInt8(
        OnnxModel model, string path, ProbeSamples samples, IReadOnlyCollection<string> known, Action<long>? onBatch, CancellationToken token)
    {
        var name = NameOf(model);
        RequireFloat(model);
        var folded = Fold(model, known, path);
        var places = Int8Places.Of(folded.Graph);
        Int8.Apply(folded.Graph, places, ActivationRanges.Measure(folded, name, places.Scaled, samples, onBatch, token));
        Save(model, folded, "int8", path);
    }

    /// <summary>Writes a model with a newer operator set.</summary>
    /// <inheritdoc cref="OpsetConversion.Apply"/>
    /// <param name="model">The model, of which nothing is changed.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="target">The operator set.</param>
    /// <param name="known">The operators whose rules are known.</param>
    public static void ToOpset(OnnxModel model, string path, int target, IReadOnlyCollection<string> known)
    {
        var converted = model.Proto.Clone();
        OpsetConversion.Apply(converted, target, known, NameOf(model));
        Save(model, converted, $"opset {target}", path);
    }

    /// <summary>Writes a model in ONNX Runtime's format.</summary>
    /// <param name="model">The model, of which nothing is changed.</param>
    /// <param name="path">The file to write.</param>
    /// <exception cref="OnnxKdException">ONNX Runtime refuses it.</exception>
    public static void ToOrt(OnnxModel model, string path)
    {
        // Beyond this level, the layout of weights depends on the processor.
        SaveOptimised(Describe(model, model.Proto.Clone(), "ort"), path, "ORT", GraphOptimizationLevel.ORT_ENABLE_EXTENDED, NameOf(model));
    }

    /// <summary>Lets a converted model give maps again, where the original does.</summary>
    /// <param name="path">The file; changed.</param>
    /// <param name="maps">The original's.</param>
    internal static void GiveMaps(string path, IReadOnlyList<MappedOutput> maps)
    {
        var proto = OnnxModel.Load(path).Proto;
        ZipMaps.Restore(proto, maps);
        using (SessionFactory.Open(proto, ExecutionDevice.Resolve("cpu"), threads: 1, Path.GetFileName(path), brief: true))
            OnnxModel.FromProto(proto).Save(path);
    }

    /// <summary>Writes what ONNX Runtime makes of a model when it opens it.</summary>
    private static void SaveOptimised(OnnxModel model, string path, string format, GraphOptimizationLevel level, string name)
    {
        SessionFactory.Open(new(model.ToBytes()), ExecutionDevice.Resolve("cpu"), threads: 1, name, set: options =>
        {
            options.AddSessionConfigEntry("session.save_model_format", format);
            options.OptimizedModelFilePath = path;
            options.GraphOptimizationLevel = level;
        }).Dispose();
    }

    /// <summary>The model as ONNX Runtime simplifies it, within ONNX's own operators.</summary>
    private static ModelProto Fold(OnnxModel model, IReadOnlyCollection<string> known, string path)
    {
        var (current, scratch) = (model.Proto.Clone(), $"{path}.folded");
        if (current.OwnVersion() < OpsetOfChannels)
            OpsetConversion.Apply(current, OpsetOfChannels, known, NameOf(model));
        SaveOptimised(OnnxModel.FromProto(current), scratch, "ONNX", GraphOptimizationLevel.ORT_ENABLE_BASIC, NameOf(model));
        var folded = OnnxModel.Load(scratch).Proto;
        File.Delete(scratch);
        var domains = folded.Graph.Node.Select(node => node.Domain).ToHashSet();
        foreach (var unused in folded.OpsetImport.Where(entry => !OperatorSets.IsOwn(entry.Domain) && !domains.Contains(entry.Domain)).ToArray())
            folded.OpsetImport.Remove(unused);
        folded.MetadataProps.Clear();
        folded.MetadataProps.AddRange(model.Proto.MetadataProps);
        return folded;
    }

    private static void Save(OnnxModel source, ModelProto converted, string what, string path) => Describe(source, converted, what).Save(path);

    private static OnnxModel Describe(OnnxModel source, ModelProto converted, string what)
    {
        var model = OnnxModel.FromProto(converted);
        model.SetMetadata("onnxkd.converted-from", source.Digest);
        model.SetMetadata("onnxkd.converted-to", what);
        return model;
    }

    private static string NameOf(OnnxModel model) => model.Path is { } path ? Path.GetFileName(path) : "the model in memory";
}
