using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>A number that an operator takes as such, without a tensor around it.</summary>
public sealed class Scalar : IDisposable
{
    private readonly double real;
    private readonly long integer;

    private Scalar(double value) => (real, integer, Type) = (value, (long)value, ScalarType.Float64);

    private Scalar(long value, ScalarType type) => (real, integer, Type) = (value, value, type);

    /// <summary>As libtorch keeps it: Float64, Int64 or Bool.</summary>
    public ScalarType Type { get; }

    public static implicit operator Scalar(byte value) => new(value, ScalarType.Int64);
    public static implicit operator Scalar(sbyte value) => new(value, ScalarType.Int64);
    public static implicit operator Scalar(short value) => new(value, ScalarType.Int64);
    public static implicit operator Scalar(int value) => new(value, ScalarType.Int64);
    public static implicit operator Scalar(long value) => new(value, ScalarType.Int64);
    public static implicit operator Scalar(Half value) => new((double)value);
    public static implicit operator Scalar(float value) => new(value);
    public static implicit operator Scalar(double value) => new(value);
    public static implicit operator Scalar(bool value) => new(value ? 1 : 0, ScalarType.Bool);

    /// <summary>Does nothing: a scalar holds no native memory here. It is part of TorchSharp's API.</summary>
    public void Dispose() { }

    internal double AsDouble => real;

    internal long AsInteger => integer;

    internal Argument ToArgument() => Type switch
    {
        ScalarType.Float64 => real,
        ScalarType.Bool => integer != 0,
        _ => integer,
    };
}
