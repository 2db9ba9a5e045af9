using System.Numerics.Tensors;
using System.Text.Json.Serialization;
using OnnxKd.Core.Settings;
using OnnxKd.Core.Tensors;

namespace OnnxKd.Core.LogitCaches;

/// <summary>A part of what is stored for a row, a tensor of its own in each shard.</summary>
/// <param name="Name">Its name within the stream.</param>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The shape for one row.</param>
public sealed record StorageField(string Name, ElementType Type, IReadOnlyList<int> Shape)
{
    /// <summary>Bytes per row.</summary>
    public long Bytes => Shape.Aggregate((long)Type.Size(), (product, size) => checked(product * size));
}

/// <summary>Which row is encoded; random storages draw from this alone.</summary>
/// <param name="Seed">The seed of the cache.</param>
/// <param name="Id">The sample's id.</param>
/// <param name="View">The view.</param>
public readonly record struct RowKey(ulong Seed, long Id, int View);

/// <summary>How a stream's values lie on disk. The attributes of this class are the table of all storages, by name.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Float32), Float32.TypeName)]
[JsonDerivedType(typeof(Float16), Float16.TypeName)]
[JsonDerivedType(typeof(BFloat16), BFloat16.TypeName)]
[JsonDerivedType(typeof(Int8), Int8.TypeName)]
[JsonDerivedType(typeof(TopK), TopK.TypeName)]
[JsonDerivedType(typeof(Sampled), Sampled.TypeName)]
public abstract record StreamStorage
{
    /// <summary>All storages.</summary>
    public static KindTable Kinds { get; } = KindTable.OfJson(typeof(StreamStorage));

    /// <summary>The name in manifests and recipes.</summary>
    public abstract string Name { get; }

    /// <summary>What is stored for a row, in this order.</summary>
    public abstract IReadOnlyList<StorageField> Fields(CacheStream stream);

    /// <summary>Encodes one row.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="row">Which row.</param>
    /// <param name="values">Its values.</param>
    /// <param name="stored">The bytes of all fields, one after the other, little-endian.</param>
    /// <returns>The index of a value that cannot be stored (not finite, or too large for the type); -1 if all were stored.</returns>
    public abstract int Encode(CacheStream stream, RowKey row, ReadOnlySpan<float> values, Span<byte> stored);

    /// <summary>Decodes one row.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="stored">What <see cref="Encode"/> wrote.</param>
    /// <param name="values">The row's values.</param>
    /// <exception cref="Errors.CheckFailedException">What is stored contradicts itself.</exception>
    public abstract void Decode(CacheStream stream, ReadOnlySpan<byte> stored, Span<float> values);

    /// <summary>Whether what is stored is drawn, so that no single row is the teacher's answer.</summary>
    internal virtual bool IsDrawn => false;

    /// <summary>Whether so many values are a row for <see cref="Encode"/>.</summary>
    internal virtual bool Takes(CacheStream stream, int values) => values == stream.Values;

    /// <summary>Why this storage does not fit a stream; <c>null</c> if it does.</summary>
    internal virtual string? Problem(CacheStream stream) => null;

    /// <summary>The index of the first value that is not a number or larger than a limit; -1 if there is none.</summary>
    private protected static int FirstBeyond(ReadOnlySpan<float> values, float limit)
    {
        // The largest magnitude is NaN if any value is.
        if (TensorPrimitives.MaxMagnitude(values) is var largest && Math.Abs(largest) <= limit)
            return -1;
        var index = 0;
        while (Math.Abs(values[index]) <= limit)
            index++;
        return index;
    }
}

/// <summary>A storage that keeps every value: of class scores or features.</summary>
public abstract record DenseStorage : StreamStorage;
