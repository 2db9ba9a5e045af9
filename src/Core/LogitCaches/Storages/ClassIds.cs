using System.Buffers.Binary;
using OnnxKd.Core.Errors;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.LogitCaches;

/// <summary>Class indices on disk: 16 bits where that is enough.</summary>
internal static class ClassIds
{
    /// <summary>The element type for so many classes.</summary>
    public static ElementType Type(int classes) => classes <= 1 << 16 ? ElementType.UInt16 : ElementType.Int32;

    /// <summary>Writes the id of an index.</summary>
    public static void Write(Span<byte> ids, int classes, int index, int id)
    {
        if (Type(classes) == ElementType.UInt16)
            BinaryPrimitives.WriteUInt16LittleEndian(ids[(index * sizeof(ushort))..], (ushort)id);
        else
            BinaryPrimitives.WriteInt32LittleEndian(ids[(index * sizeof(int))..], id);
    }

    /// <summary>Reads the id of an index.</summary>
    /// <exception cref="CheckFailedException">It is not a class.</exception>
    public static int Read(ReadOnlySpan<byte> ids, int classes, int index)
    {
        var id = Type(classes) == ElementType.UInt16
            ? BinaryPrimitives.ReadUInt16LittleEndian(ids[(index * sizeof(ushort))..])
            : BinaryPrimitives.ReadInt32LittleEndian(ids[(index * sizeof(int))..]);
        return (uint)id < classes ? id : throw new CheckFailedException(
            "A logit cache names a class that does not exist.",
            found: $"class {id}",
            expected: $"0 to {classes - 1}",
            remedy: "capture the cache again");
    }
}
