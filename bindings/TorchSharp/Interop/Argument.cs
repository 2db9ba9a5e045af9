using static TorchSharp.Native;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>
/// One argument of an operator. Anything an operator takes converts to it implicitly, so a call reads like the operator's
/// schema. Null means the schema's "none".
/// </summary>
internal readonly struct Argument
{
    internal readonly Kind Kind;
    private readonly long bits;
    private readonly object? reference;

    private Argument(Kind kind, long bits = 0, object? reference = null) => (Kind, this.bits, this.reference) = (kind, bits, reference);

    /// <summary>The tensor behind a tensor argument: what an in-place operator returns.</summary>
    internal Tensor? Tensor => reference as Tensor;

    /// <summary>What must stay reachable while native code runs.</summary>
    internal object? Reference => reference;

    /// <summary>Eight-byte words this argument needs besides its <see cref="Value"/>.</summary>
    internal int Words => Kind switch
    {
        Kind.IntList or Kind.DoubleList or Kind.TensorList => ((Array)reference!).Length,
        Kind.String => (System.Text.Encoding.UTF8.GetByteCount((string)reference!) + 7) / 8,
        _ => 0,
    };

    /// <summary>Writes the native form; lists and strings are copied to <paramref name="words"/>, which must not move.</summary>
    internal unsafe Value Write(long* words)
    {
        switch (reference)
        {
            case null: return new Value { Kind = Kind, Bits = bits };
            case Tensor tensor: return new Value { Kind = Kind, Bits = tensor.Handle };
            case Generator generator: return new Value { Kind = Kind, Bits = generator.Handle };
            case string text:
                var length = System.Text.Encoding.UTF8.GetBytes(text, new Span<byte>(words, Words * sizeof(long)));
                return new Value { Kind = Kind, Count = length, Bits = (long)words };
            case long[] numbers: numbers.CopyTo(new Span<long>(words, numbers.Length)); break;
            case double[] numbers: numbers.CopyTo(new Span<double>(words, numbers.Length)); break;
            case Tensor?[] tensors:
                for (var i = 0; i < tensors.Length; i++)
                    words[i] = tensors[i]?.Handle ?? 0;
                break;
        }
        return new Value { Kind = Kind, Count = ((Array)reference).Length, Bits = (long)words };
    }

    public static implicit operator Argument(Tensor? value) => value is null ? default : new(Kind.Tensor, 0, value);
    public static implicit operator Argument(Tensor?[]? value) => value is null ? default : new(Kind.TensorList, 0, value);
    public static implicit operator Argument(long[]? value) => value is null ? default : new(Kind.IntList, 0, value);
    public static implicit operator Argument(ReadOnlySpan<long> value) => value.ToArray();
    public static implicit operator Argument(double[]? value) => value is null ? default : new(Kind.DoubleList, 0, value);
    public static implicit operator Argument(string? value) => value is null ? default : new(Kind.String, 0, value);
    public static implicit operator Argument(Generator? value) => value is null ? default : new(Kind.Generator, 0, value);
    public static implicit operator Argument(int value) => new(Kind.Int, value);
    public static implicit operator Argument(long value) => new(Kind.Int, value);
    public static implicit operator Argument(bool value) => new(Kind.Bool, value ? 1 : 0);
    public static implicit operator Argument(double value) => new(Kind.Double, BitConverter.DoubleToInt64Bits(value));
    public static implicit operator Argument(int? value) => value is { } number ? number : default(Argument);
    public static implicit operator Argument(long? value) => value is { } number ? number : default(Argument);
    public static implicit operator Argument(bool? value) => value is { } flag ? flag : default(Argument);
    public static implicit operator Argument(double? value) => value is { } number ? number : default(Argument);
    public static implicit operator Argument(ScalarType value) => new(Kind.Int, (long)value);
    public static implicit operator Argument(ScalarType? value) => value is { } type ? type : default(Argument);
    public static implicit operator Argument(nn.Reduction value) => new(Kind.Int, (long)value);

    public static implicit operator Argument(Scalar? value) => value is null ? default : value.ToArgument();

    public static implicit operator Argument(Device? value) =>
        value is null ? default : new(Kind.Device, (uint)value.type | (long)value.index << 32);

    /// <summary>How <c>div</c> spells its rounding.</summary>
    public static implicit operator Argument(RoundingMode value) => value switch
    {
        RoundingMode.trunc => "trunc",
        RoundingMode.floor => "floor",
        _ => default(Argument),
    };
}
