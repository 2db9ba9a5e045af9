using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Graph;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Export;

/// <summary>Writes trained weights back into the model they came from; nothing else of it changes.</summary>
internal static class StudentExport
{
    /// <summary>A copy of the model with the weights, each in the element type that it had.</summary>
    public static OnnxModel WriteBack(OnnxModel student, WeightSet weights)
    {
        var proto = student.Proto.Clone();
        var tensors = ModelTensors.Of(proto.Graph);
        using var scope = NewDisposeScope();
        foreach (var (weight, tensor) in weights.Trained)
        {
            var target = tensors[weight.Name];
            var type = target.ElementTypeOf();
            var values = tensor.detach().cpu().to(TypeOf(type)).contiguous();
            target.Set(type, values.bytes);
        }
        return OnnxModel.FromProto(proto);
    }

    private static ScalarType TypeOf(ElementType type) => type switch
    {
        ElementType.Float16 => float16,
        ElementType.BFloat16 => bfloat16,
        ElementType.Float64 => float64,
        _ => float32,
    };
}
