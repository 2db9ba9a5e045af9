using OnnxKd.Core.Safetensors;

namespace OnnxKd.Core.TransferSets;

/// <summary>One tensor of a safetensors file as a set.</summary>
internal static class SafetensorsFormat
{
    public static bool Matches(byte[] head, long length) =>
        head.Length > SafetensorsHeader.LengthBytes && head[SafetensorsHeader.LengthBytes] == '{'
        && BitConverter.ToUInt64(head) <= Math.Min((ulong)length, SafetensorsHeader.MaxBytes);

    /// <summary>The names of the tensors.</summary>
    public static IReadOnlyList<string> Names(SourceFile file) => [.. SafetensorsHeader.Read(file.Path, file.Length, file.Read).Tensors.Keys];

    public static TensorFile Open(SourceFile file, TensorRequest request)
    {
        var header = SafetensorsHeader.Read(file.Path, file.Length, file.Read);
        var entry = header.Tensors[request.Choose([.. header.Tensors.Keys])];
        return new(file, entry.Offset, entry.Bytes, entry.Type, bigEndian: false, entry.Shape);
    }
}
