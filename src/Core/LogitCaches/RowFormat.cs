namespace OnnxKd.Core.LogitCaches;

/// <summary>A field of a stream, where it lies.</summary>
/// <param name="Tensor">The tensor's name in a shard.</param>
/// <param name="Field">Name, type and shape.</param>
/// <param name="Offset">Where its bytes begin within a row's bytes.</param>
/// <param name="Bytes">How many bytes it takes in a row.</param>
internal sealed record StoredField(string Tensor, StorageField Field, int Offset, int Bytes);

/// <summary>A stream, where it lies.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Offset">Where its bytes begin within a row's bytes.</param>
/// <param name="Bytes">How many bytes it takes in a row.</param>
/// <param name="Fields">Its fields.</param>
internal sealed record StoredStream(CacheStream Stream, int Offset, int Bytes, StoredField[] Fields);

/// <summary>A row's bytes: stream after stream, field after field.</summary>
internal sealed class RowFormat
{
    /// <summary>Lays out the streams of an identity that follows the rules.</summary>
    public RowFormat(CacheIdentity identity)
    {
        var streams = new List<StoredStream>();
        foreach (var stream in identity.Streams)
        {
            var fields = new List<StoredField>();
            var start = RowBytes;
            var all = stream.Storage.Fields(stream);
            foreach (var field in all)
            {
                var tensor = all.Count == 1 ? stream.Name : $"{stream.Name}/{field.Name}";
                fields.Add(new(tensor, field, RowBytes, checked((int)field.Bytes)));
                RowBytes = checked(RowBytes + (int)field.Bytes);
            }
            streams.Add(new(stream, start, RowBytes - start, [.. fields]));
        }
        Streams = streams;
    }

    /// <summary>The streams in order.</summary>
    public IReadOnlyList<StoredStream> Streams { get; }

    /// <summary>All fields in order.</summary>
    public IEnumerable<StoredField> Fields => Streams.SelectMany(stream => stream.Fields);

    /// <summary>Bytes of a row, without the sample's id.</summary>
    public int RowBytes { get; }
}
