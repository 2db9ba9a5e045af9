namespace TorchSharp;

public static partial class torch
{
    /// <summary>Integers from <paramref name="low"/> (inclusive) to <paramref name="high"/> (exclusive); Int64 by default.</summary>
    public static Tensor randint(
        long low, long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null, string[]? names = null) =>
        Created(
            Aten.randint_low_generator.Call(
                low, high, size, generator, dtype ?? ScalarType.Int64, default(Argument), InitializeDevice(device)),
            requires_grad, names);

    public static Tensor randint(
        long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null, string[]? names = null) =>
        randint(0, high, size, dtype, device, requires_grad, generator, names);

    /// <summary>The integers below n in random order; Int64 by default.</summary>
    public static Tensor randperm(
        long n, ScalarType? dtype = null, Device? device = null, bool requires_grad = false, Generator? generator = null) =>
        Created(
            Aten.randperm_generator.Call(n, generator, dtype ?? ScalarType.Int64, default(Argument), InitializeDevice(device)),
            requires_grad);

    public static Tensor normal(
        double mean, double std, ReadOnlySpan<long> size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null, string[]? names = null) =>
        Created(
            Aten.normal_float_float.Call(
                mean, std, size, generator, TypeOrDefault(dtype), default(Argument), InitializeDevice(device)),
            requires_grad, names);

    public static Tensor normal(Tensor mean, Tensor std, Generator? generator = null) =>
        Aten.normal_Tensor_Tensor.Call(mean, std, generator);
}
