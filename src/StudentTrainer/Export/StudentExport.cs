using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.StudentTrainer.Graph;
using OnnxKd.StudentTrainer.Graph.Import;
using OnnxKd.StudentTrainer.Operators;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Export;

/// <summary>Writes trained weights back into the model they came from; nothing else of it changes, and what only training had is left out.</summary>
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
        var splits = student.Splits.ToDictionary(split => split.Name, StringComparer.Ordinal);
        // What was split off comes last: it stays where it was only if it equals what its original has become.
        foreach (var (weight, tensor) in weights.Trained.OrderBy(pair => splits.ContainsKey(pair.Weight.Name)))
        {
            if (student.Overlay?.Owns(weight.Name) != true && !student.Attached.Contains(weight.Name))
                Write(student, proto, weight.Name, splits.GetValueOrDefault(weight.Name), folded?.GetValueOrDefault(weight.Name) ?? tensor);
        }
        return OnnxModel.FromProto(proto);
    }

    private static void Write(StudentGraph student, ModelProto proto, string name, SharedTensors.Split? split, Tensor value)
    {
        var stored = ModelTensors.Find(proto.Graph, split?.Original ?? name);
        var type = stored.ElementTypeOf();
        var codec = student.Codecs.GetValueOrDefault(name);
        var values = value.cpu().contiguous();
        var before = codec?.Decode(stored.ToTensor(CPU)) ?? stored.ToTensor(CPU).to(values.dtype);
        if (values.bytes.SequenceEqual(before.contiguous().bytes))
            return; // also where the file is finer than the master
        if (split is not null)
            SharedTensors.Materialise(proto, split);
        var encoded = codec?.Encode(values) ?? values.to(TorchTypes.Of(type)!.Value);
        ModelTensors.Write(proto.Graph, name, type, encoded.contiguous().bytes);
    }
}
