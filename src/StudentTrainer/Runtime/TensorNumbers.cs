using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxKd.StudentTrainer.Runtime;

/// <summary>A number that a tensor operation takes: a whole one, which leaves integers integers, or a real one.</summary>
internal readonly struct Number
{
    private readonly long? whole;
    private readonly double real;

    private Number(long? whole, double real) => (this.whole, this.real) = (whole, real);

    public static implicit operator Number(long value) => new(value, 0);

    public static implicit operator Number(double value) => new(null, value);

    /// <summary>As libtorch takes it. To be disposed after the call.</summary>
    public Scalar ToScalar() => whole is { } value ? value.ToScalar() : real.ToScalar();
}

/// <summary>
/// Tensor operations that take a number. TorchSharp makes a <see cref="Scalar"/> of the number and keeps no reference to it, so that a garbage
/// collection may free it while libtorch still reads it. Here it lives until the call is over. The names are torch's; a test finds every
/// call that passes these by.
/// </summary>
internal static class TensorNumbers
{
    [OverloadResolutionPriority(1)] // a number is a tensor too, implicitly
    public static Tensor Add(this Tensor x, Number value) => With(value, scalar => WithOne(one => x.add(scalar, one)));

    /// <summary>Has a factor of one, which is a number too.</summary>
    public static Tensor Add(this Tensor x, Tensor y) => x.Add(y, 1);

    public static Tensor Add(this Tensor x, Tensor y, Number factor) => With(factor, scalar => x.add(y, scalar));

    public static Tensor Sub(this Tensor x, Number value) => With(value, x.sub);

    public static Tensor Mul(this Tensor x, Number value) => With(value, x.mul);

    public static Tensor Div(this Tensor x, Number value, RoundingMode rounding = RoundingMode.None) => With(value, scalar => x.div(scalar, rounding));

    public static Tensor Remainder(this Tensor x, Number value) => With(value, x.remainder);

    public static Tensor Pow(this Tensor x, Number exponent) => With(exponent, x.pow);

    public static Tensor Square(this Tensor x) => x.Pow(2);

    public static Tensor AddCMul(this Tensor x, Tensor y, Tensor z, Number factor) => With(factor, scalar => x.addcmul(y, z, scalar));

    [OverloadResolutionPriority(1)] // a number is a tensor too, implicitly
    public static Tensor AddInPlace(this Tensor x, Number value) => With(value, scalar => WithOne(one => x.add_(scalar, one)));

    public static Tensor AddInPlace(this Tensor x, Tensor y) => x.AddInPlace(y, 1);

    public static Tensor AddInPlace(this Tensor x, Tensor y, Number factor) => With(factor, scalar => x.add_(y, scalar));

    public static Tensor MulInPlace(this Tensor x, Number value) => With(value, x.mul_);

    public static Tensor DivInPlace(this Tensor x, Number value) => With(value, scalar => x.div_(scalar));

    public static Tensor AddCMulInPlace(this Tensor x, Tensor y, Tensor z, Number factor) => With(factor, scalar => x.addcmul_(y, z, scalar));

    public static Tensor AddCDivInPlace(this Tensor x, Tensor y, Tensor z, Number factor) => With(factor, scalar => x.addcdiv_(y, z, scalar));

    public static Tensor Eq(this Tensor x, Number value) => With(value, x.eq);

    public static Tensor Ne(this Tensor x, Number value) => With(value, x.ne);

    public static Tensor Lt(this Tensor x, Number value) => With(value, x.lt);

    public static Tensor Le(this Tensor x, Number value) => With(value, x.le);

    public static Tensor Gt(this Tensor x, Number value) => With(value, x.gt);

    public static Tensor Ge(this Tensor x, Number value) => With(value, x.ge);

    public static Tensor ClampMin(this Tensor x, Number lowest) => With(lowest, x.clamp_min);

    public static Tensor ClampMax(this Tensor x, Number highest) => With(highest, x.clamp_max);

    /// <summary>Where the lower bound is above the upper one, all is the upper one. At least one is given.</summary>
    public static Tensor Clamp(this Tensor x, Number? min, Number? max)
    {
        using var lowest = min?.ToScalar();
        using var highest = max?.ToScalar();
        return x.clamp(lowest, highest);
    }

    public static Tensor Threshold(this Tensor x, Number threshold, Number otherwise) =>
        With(threshold, limit => With(otherwise, value => x.threshold(limit, value)));

    public static Tensor LeakyRelu(this Tensor x, Number slope) => With(slope, x.leaky_relu);

    public static Tensor Elu(this Tensor x, Number alpha, Number? scale = null) =>
        With(alpha, factor => With(scale ?? 1, outer => With(1, inner => x.elu(factor, outer, inner))));

    public static Tensor Celu(this Tensor x, Number alpha) => With(alpha, x.celu);

    public static Tensor MaskedFill(this Tensor x, Tensor mask, Number value) => With(value, scalar => x.masked_fill(mask, scalar));

    public static Tensor IndexAdd(this Tensor x, long axis, Tensor index, Tensor source, Number factor) =>
        With(factor, scalar => x.index_add(axis, index, source, scalar));

    /// <summary>A tensor like another one, filled with a value.</summary>
    public static Tensor FullLike(Tensor x, Number value) => With(value, scalar => full_like(x, scalar));

    /// <summary>0, 1, … up to a count.</summary>
    public static Tensor Range(Number count, ScalarType type, Device? device = null) =>
        With(0, start => With(count, stop => With(1, step => arange(start, stop, step, type, device))));

    private static Tensor WithOne(Func<Scalar, Tensor> call) => With(1, call);

    private static Tensor With(Number number, Func<Scalar, Tensor> call)
    {
        using var scalar = number.ToScalar();
        return call(scalar);
    }
}
