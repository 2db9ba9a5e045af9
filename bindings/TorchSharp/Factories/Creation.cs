using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp;

/// <summary>What the factories share.</summary>
public static partial class torch
{
    private static ScalarType defaultType = ScalarType.Float32;

    public static ScalarType get_default_dtype() => defaultType;

    /// <summary>Sets the type of tensors that are created without one; a floating-point type.</summary>
    public static void set_default_dtype(ScalarType dtype) => defaultType = dtype;

    private static ScalarType TypeOrDefault(ScalarType? dtype) => dtype ?? defaultType;

    private static Tensor Created(Tensor tensor, bool requires_grad, string[]? names = null)
    {
        if (names is not null)
            throw new NotSupportedException("Named dimensions are not supported.");
        return requires_grad ? tensor.requires_grad_() : tensor;
    }

    private static ReadOnlySpan<T> ToSpan<T>(IList<T> list) => list switch
    {
        T[] array => array,
        List<T> elements => CollectionsMarshal.AsSpan(elements),
        _ => list.ToArray(),
    };

    /// <summary>A tensor with a copy of the elements; its type is that of the elements unless another is asked for.</summary>
    private static Tensor FromSpan<T>(
        ReadOnlySpan<T> elements, ReadOnlySpan<long> dimensions, ScalarType? dtype, Device? device, bool requires_grad, string[]? names)
        where T : unmanaged =>
        FromBytes(MemoryMarshal.AsBytes(elements), dimensions, ScalarTypes.Of(typeof(T)), dtype, device, requires_grad, names);

    private static Tensor FromBytes(
        ReadOnlySpan<byte> bytes, ReadOnlySpan<long> dimensions, ScalarType elementType, ScalarType? dtype, Device? device,
        bool requires_grad, string[]? names)
    {
        var count = bytes.Length / ScalarTypes.Size(elementType);
        if (ScalarTypes.Count(dimensions) != count)
            throw new ArgumentException($"A tensor of shape [{string.Join(", ", dimensions.ToArray())}] cannot hold {count} elements.");
        var tensor = empty(dimensions.ToArray(), elementType, CPU);
        bytes.CopyTo(tensor.bytes);
        return Created(tensor.to(dtype ?? elementType, InitializeDevice(device), disposeAfter: true), requires_grad, names);
    }

    /// <summary>A tensor with a copy of an array of any rank.</summary>
    public static Tensor from_array(Array rawArray, Device? device = null) => from_array(rawArray, null, device);

    public static Tensor from_array(
        Array rawArray, ScalarType? dtype, Device? device = null, bool requires_grad = false, string[]? names = null)
    {
        var dimensions = Enumerable.Range(0, rawArray.Rank).Select(rawArray.GetLongLength).ToArray();
        return FromBytes(BytesOf(rawArray), dimensions, ElementType(rawArray), dtype, device, requires_grad, names);
    }

    /// <summary>A one-dimensional tensor from an array's memory, read as elements of the given type.</summary>
    /// <param name="rawArray">Any array of unmanaged elements; copied.</param>
    /// <param name="dtype">What its bytes are.</param>
    /// <param name="count">Elements to take; -1 means all after the offset.</param>
    /// <param name="offset">Elements to skip.</param>
    /// <param name="requires_grad">Whether autograd records operations on the result.</param>
    public static Tensor frombuffer(Array rawArray, ScalarType dtype, long count = -1, long offset = 0, bool requires_grad = false)
    {
        var size = ScalarTypes.Size(dtype);
        var bytes = BytesOf(rawArray)[checked((int)(offset * size))..];
        var taken = count < 0 ? bytes.Length / size : count;
        return FromBytes(bytes[..checked((int)(taken * size))], [taken], dtype, null, CPU, requires_grad, null);
    }

    private static ReadOnlySpan<byte> BytesOf(Array array)
    {
        var bytes = array.LongLength * ScalarTypes.Size(ElementType(array));
        return MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetArrayDataReference(array), checked((int)bytes));
    }

    private static ScalarType ElementType(Array array) => ScalarTypes.Of(array.GetType().GetElementType()!);
}

/// <summary>Element types: their .NET types and their sizes.</summary>
internal static class ScalarTypes
{
    internal static torch.ScalarType Of(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Boolean => torch.ScalarType.Bool,
        TypeCode.Byte => torch.ScalarType.Byte,
        TypeCode.SByte => torch.ScalarType.Int8,
        TypeCode.Int16 => torch.ScalarType.Int16,
        TypeCode.Int32 => torch.ScalarType.Int32,
        TypeCode.Int64 => torch.ScalarType.Int64,
        TypeCode.Single => torch.ScalarType.Float32,
        TypeCode.Double => torch.ScalarType.Float64,
        _ when type == typeof(Half) => torch.ScalarType.Float16,
        _ => throw new NotSupportedException($"No tensor holds elements of type {type.Name}."),
    };

    internal static int Size(torch.ScalarType type) => type switch
    {
        torch.ScalarType.Byte or torch.ScalarType.Int8 or torch.ScalarType.Bool or torch.ScalarType.QInt8 or torch.ScalarType.QUInt8 => 1,
        torch.ScalarType.Int16 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16 => 2,
        torch.ScalarType.Int32 or torch.ScalarType.Float32 or torch.ScalarType.QInt32 => 4,
        torch.ScalarType.Int64 or torch.ScalarType.Float64 or torch.ScalarType.ComplexFloat32 => 8,
        _ => 16,
    };

    internal static long Count(ReadOnlySpan<long> dimensions)
    {
        var count = 1L;
        foreach (var dimension in dimensions)
            count = checked(count * dimension);
        return count;
    }
}
