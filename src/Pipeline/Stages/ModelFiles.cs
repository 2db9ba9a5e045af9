using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.TeacherRunner.Capture;
using OnnxKd.TeacherRunner.Sessions;
using OnnxKd.TeacherRunner.Teachers;

namespace OnnxKd.Pipeline.Stages;

/// <summary>What is known of model files with next to no work, and of where they would run. Each is looked at once.</summary>
internal sealed class ModelFiles
{
    private readonly Dictionary<string, Known> known = new(StringComparer.Ordinal);
    private readonly Dictionary<SignalFiles, string> recorded = [];
    private readonly Dictionary<string, string> providers = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Path, string? Output), IReadOnlyList<long>> dims = [];

    /// <summary>The digest of a file.</summary>
    public string Digest(string path) => Of(path).Digest;

    /// <summary>The digest of a teacher: of its model, or of what it said.</summary>
    public string Digest(TeacherOptions teacher)
    {
        if (!teacher.IsRecorded)
            return Digest(teacher.Model);
        if (!recorded.TryGetValue(teacher.Signals, out var digest))
            recorded.Add(teacher.Signals, digest = teacher.Signals.Digest());
        return digest;
    }

    /// <summary>
    /// How many classes an output of [N, classes] declares; <c>null</c>: it is not declared so. One column is no number of classes: it can stand
    /// for two.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="output">The output; <c>null</c>: the only one that holds floats.</param>
    /// <param name="classAxis">The axis that counts the classes, if the user says.</param>
    public int? DeclaredClasses(string path, string? output, int? classAxis)
    {
        var outputs = Of(path).Outputs;
        var chosen = outputs.Where(value => output is null ? TensorTypes.IsFloat(value.DataTypeOf()) : value.Name == output).ToArray();
        return chosen.Length == 1 && classAxis is null or 1 or -1 && chosen[0].ShapeOf() is [_, { IsDynamic: false } axis] && axis.Size > 1
            ? checked((int)axis.Size!.Value)
            : null;
    }

    /// <summary>The lengths of an output for one sample, as it is declared; else as a run gives it, which is looked at once.</summary>
    /// <param name="path">The file.</param>
    /// <param name="output">The output.</param>
    /// <param name="sampleShape">The shape of one sample.</param>
    public IReadOnlyList<long> SampleDims(string path, StudentImport output, SampleShape sampleShape)
    {
        if (dims.TryGetValue((path, output.Output), out var found))
            return found;
        var model = SharedModels.Load(path);
        var tensor = LogitTrace.Find(model.Proto.Graph, output.Output, path).Output;
        var declared = model.Proto.Graph.Output.FirstOrDefault(value => value.Name == tensor)?.ShapeOf()?.Skip(1).ToArray();
        if (declared is null || declared.Any(axis => axis.IsDynamic))
        {
            using var session = OnnxClassifier.Open(model, sampleShape, [new() { Tensor = tensor, IsFeature = true }], new() { Device = "cpu", Inputs = output.Inputs });
            declared = [.. session.Output.Shape.Select(size => new Dim(size))];
        }

        return dims[(path, output.Output)] = [.. declared.Select(axis => axis.Size!.Value)];
    }

    /// <summary>Where models run on a device: <c>cpu</c> or <c>cuda</c>.</summary>
    /// <exception cref="Core.Errors.InputException">There is no such device.</exception>
    public string ProviderOf(string device)
    {
        if (!providers.TryGetValue(device, out var provider))
            providers.Add(device, provider = CacheCapture.ProviderOf(device));
        return provider;
    }

    private Known Of(string path)
    {
        if (!known.TryGetValue(path, out var file))
        {
            var model = SharedModels.Load(path);
            known.Add(path, file = new(model.Digest, [.. model.Proto.Graph.Output]));
        }
        return file;
    }

    private sealed record Known(string Digest, IReadOnlyList<ValueInfoProto> Outputs);
}
