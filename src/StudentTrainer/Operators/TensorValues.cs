using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Values of tensors, on their way to .NET.</summary>
internal static class TensorValues
{
    /// <summary>All elements of a tensor on the CPU, row by row. (TorchSharp's own ToArray throws where there are none.)</summary>
    /// <typeparam name="T">The tensor's element type.</typeparam>
    public static T[] Values<T>(this Tensor tensor) where T : unmanaged => tensor.numel() == 0 ? [] : tensor.data<T>().ToArray();
}
