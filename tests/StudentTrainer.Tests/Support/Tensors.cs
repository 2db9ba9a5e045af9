using Onnx;
using OnnxKd.Core.Onnx;
using OnnxKd.Core.Tensors;
using OnnxKd.StudentTrainer.Operators;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Tests.Support;

/// <summary>Tensors of any type for <see cref="NodeCase"/>.</summary>
internal static class Tensors
{
    /// <summary>Tensors that are alive, less those that earlier tests left to the garbage collection, which would free them at any moment.</summary>
    public static long CountAlive()
    {
        for (var round = 0; round < 2; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return Tensor.TotalCount;
    }

    /// <summary>Values rounded to a type (integers: their fractions dropped); the shape <c>[]</c> holds one number without axes.</summary>
    public static TensorProto Of(ElementType type, double[] values, params long[] shape)
    {
        using var scope = NewDisposeScope();
        return TensorData.Create("", type, tensor(values).to(TorchTypes.Of(type)!.Value).bytes, shape);
    }

    /// <summary>float32 values.</summary>
    public static TensorProto Floats(double[] values, params long[] shape) => Of(ElementType.Float32, values, shape);

    /// <summary>int64 values along one axis: axes, a count.</summary>
    public static TensorProto Longs(params long[] values) => TensorData.Create("", values, values.Length);

    /// <summary>Seeded numbers.</summary>
    public static TensorProto Random(ElementType type, int seed, double low, double high, params long[] shape)
    {
        var count = (int)shape.Aggregate(1L, (product, size) => product * size);
        return Of(type, Array.ConvertAll(Numbers.Uniform(seed, count, low, high), value => (double)value), shape);
    }

    /// <summary>Seeded float32 numbers between −3 and 3.</summary>
    public static TensorProto Random(int seed, params long[] shape) => Random(ElementType.Float32, seed, -3, 3, shape);
}
