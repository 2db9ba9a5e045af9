using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.Safetensors;

/// <summary>A tensor within a safetensors file.</summary>
/// <param name="Name">Its name, unique in the file.</param>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The sizes of the axes; empty for a scalar.</param>
/// <param name="Offset">Where its bytes begin, counted from the start of the file.</param>
/// <param name="Bytes">How many bytes it takes.</param>
internal sealed record SafetensorsEntry(string Name, ElementType Type, IReadOnlyList<long> Shape, long Offset, long Bytes);
