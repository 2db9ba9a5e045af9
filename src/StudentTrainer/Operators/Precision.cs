using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Operators;

/// <summary>Computing in a wider type where libtorch has no kernel for a tensor's own.</summary>
internal static class Precision
{
    /// <summary>Computes in float32 and gives the result in the type of the input; float32 and float64 are left alone.</summary>
    public static Tensor Widened(Tensor x, Func<Tensor, Tensor> function) =>
        x.dtype is ScalarType.Float32 or ScalarType.Float64 ? function(x) : function(x.to(float32)).to(x.dtype);

    /// <summary>The same for two inputs of one type.</summary>
    public static Tensor Widened(Tensor x, Tensor y, Func<Tensor, Tensor, Tensor> function) =>
        x.dtype is ScalarType.Float32 or ScalarType.Float64 ? function(x, y) : function(x.to(float32), y.to(float32)).to(x.dtype);

    /// <summary>Computes with integers in float64, drops the fraction, and gives their type back.</summary>
    public static Tensor IntegersAsDoubles(Tensor x, Func<Tensor, Tensor> function) =>
        x.is_integral() ? function(x.to(float64)).to(x.dtype) : function(x);
}
