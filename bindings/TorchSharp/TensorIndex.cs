namespace TorchSharp;

public static partial class torch
{
    /// <summary>One index of <c>tensor[...]</c>: a position, a slice, a new axis, an ellipsis, a flag or a tensor.</summary>
    public struct TensorIndex
    {
        internal enum IndexKind { Null, Single, Slice, Ellipsis, Bool, Tensor }

        internal IndexKind Kind { get; private init; }
        internal long? Start { get; private init; }
        internal long? Stop { get; private init; }
        internal long? Step { get; private init; }
        internal bool Flag { get; private init; }
        internal Tensor? Value { get; private init; }

        /// <summary>All of a dimension.</summary>
        public static TensorIndex Colon = Slice();

        /// <summary>All of as many dimensions as the other indices leave.</summary>
        public static TensorIndex Ellipsis = new() { Kind = IndexKind.Ellipsis };

        /// <summary>A new axis of size 1.</summary>
        public static TensorIndex Null = new() { Kind = IndexKind.Null };

        /// <summary>A new axis of size 1.</summary>
        public static TensorIndex None = new() { Kind = IndexKind.Null };

        public static TensorIndex Bool(bool value) => new() { Kind = IndexKind.Bool, Flag = value };

        /// <summary>One position, which removes the dimension; null is a new axis.</summary>
        public static TensorIndex Single(long? index) => index is null ? Null : new() { Kind = IndexKind.Single, Start = index };

        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) =>
            new() { Kind = IndexKind.Slice, Start = start, Stop = stop, Step = step };

        public static TensorIndex Slice((int?, int?) range) => Slice(range.Item1, range.Item2);

        public static TensorIndex Slice(Range range) => Slice(
            range.Start.IsFromEnd ? -range.Start.Value : range.Start.Value,
            range.End.IsFromEnd ? range.End.Value == 0 ? null : -range.End.Value : range.End.Value);

        public static TensorIndex Tensor(Tensor tensor) => new() { Kind = IndexKind.Tensor, Value = tensor };

        public static implicit operator TensorIndex(long value) => Single(value);
        public static implicit operator TensorIndex(Index index) => Single(index.IsFromEnd ? -index.Value : index.Value);
        public static implicit operator TensorIndex(Range range) => Slice(range);
        public static implicit operator TensorIndex((int?, int?) range) => Slice(range);
    }
}
