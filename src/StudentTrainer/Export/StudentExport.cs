using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Export;

/// <summary>Writes trained weights back into the model they came from; nothing else of it changes.</summary>
internal static class StudentExport
{
    /// <summary>A copy of the model with the weights, each in the element type that it had.</summary>
    /// <param name="student">The student.</param>
    /// <param name="weights">Weights of a program of this student.</param>
    public static OnnxModel WriteBack(StudentGraph student, WeightSet weights)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var proto = student.File.Proto.Clone();
        var folded = student.Overlay?.Fold(weights);
        foreach (var (weight, tensor) in weights.Trained)
        {
            if (student.Overlay?.Owns(weight.Name) != true)
                Write(student, proto.Graph, weight.Name, folded?.GetValueOrDefault(weight.Name) ?? tensor);
        }
        return OnnxModel.FromProto(proto);
    }

    private static void Write(StudentGraph student, GraphProto graph, string name, Tensor value)
    {
        var split = student.Splits.FirstOrDefault(split => split.Name == name);
        var target = ModelTensors.Find(graph, split?.Original ?? name);
        var type = target.ElementTypeOf();
        var onCpu = value.cpu();
        var values = student.Codecs.TryGetValue(name, out var codec) ? codec.Encode(onCpu) : onCpu.to(TorchTypes.Of(type)!.Value);
        var bytes = values.contiguous().bytes;
        if (bytes.SequenceEqual(target.ToBytes()))
            return;
        if (split is not null)
            target = SharedTensors.Materialise(graph, split, student.Version);
        target.Set(type, bytes);
    }
}
