namespace OnnxKd.Core.Tensors;

/// <summary>Arithmetic on shapes that come from files, where no number can be trusted.</summary>
public static class Shapes
{
    /// <summary>The number of elements of a shape.</summary>
    /// <param name="shape">The sizes of the axes; none for a scalar.</param>
    /// <param name="elements">The product; 1 for a scalar.</param>
    /// <returns>Whether every size is at least 0 and the product of those that are not 0 fits 63 bits.</returns>
    public static bool TryElements(IReadOnlyList<long> shape, out long elements)
    {
        elements = 0;
        long product = 1;
        foreach (var size in shape)
        {
            if (size < 0)
                return false;
            if (size > 0 && product > long.MaxValue / size)
                return false;
            product *= Math.Max(size, 1);
        }
        elements = shape.Contains(0) ? 0 : product;
        return true;
    }

    /// <summary>The size in bytes of a tensor.</summary>
    /// <inheritdoc cref="TryElements"/>
    /// <param name="type">The element type.</param>
    /// <param name="shape">The sizes of the axes.</param>
    /// <param name="bytes">Elements × size.</param>
    /// <returns>Whether the shape is valid and the size fits 63 bits.</returns>
    public static bool TryBytes(ElementType type, IReadOnlyList<long> shape, out long bytes)
    {
        bytes = 0;
        if (!TryElements(shape, out var elements) || elements > long.MaxValue / type.Size())
            return false;
        bytes = elements * type.Size();
        return true;
    }

    /// <summary>A shape for people: <c>[60000, 28, 28]</c>.</summary>
    public static string Format<T>(IEnumerable<T> shape) => $"[{string.Join(", ", shape)}]";
}
