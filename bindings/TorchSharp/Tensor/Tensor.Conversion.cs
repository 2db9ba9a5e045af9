using static TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>The tensor as another type; itself when it has that type already and no copy was asked for.</summary>
        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            type == dtype && !copy ? this : Converted(Aten.to_dtype.Call(this, type, non_blocking, copy), disposeAfter);

        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(type, copy, disposeAfter, non_blocking);

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(dtype, device, copy, disposeAfter, non_blocking);

        public Tensor to(
            DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);

        public Tensor to(string device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(new Device(device), copy, disposeAfter, non_blocking);

        public Tensor to(Tensor other, bool non_blocking = false) => to(other.dtype, other.device, non_blocking: non_blocking);

        /// <summary>The tensor as another type on a device; itself when nothing changes and no copy was asked for.</summary>
        /// <param name="type">Type of the result.</param>
        /// <param name="device">Device of the result.</param>
        /// <param name="copy">Copy even when nothing changes.</param>
        /// <param name="disposeAfter">Dispose this tensor when the result is another one.</param>
        /// <param name="non_blocking">Let a copy from pinned memory overlap with the caller.</param>
        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false)
        {
            var info = Info;
            var stays = (DeviceType)info.DeviceType == device.type && (device.index < 0 || device.index == info.DeviceIndex || !is_cuda);
            return stays && type == (ScalarType)info.DType && !copy
                ? this
                : Converted(Aten.to_device.Call(this, device, type, non_blocking, copy), disposeAfter);
        }

        public Tensor type(ScalarType dtype) => to(dtype);

        public Tensor type(Func<Tensor, Tensor> typeFunc) => typeFunc(this);

        public Tensor type_as(Tensor tensor) => to(tensor.dtype);

        public Tensor cpu() => to(CPU);

        public Tensor cuda(Device? device = null, bool non_blocking = false) => to(device ?? CUDA, non_blocking: non_blocking);

        public Tensor pin_memory() => Aten.pin_memory.Call(this);

        public bool is_pinned() => Aten.is_pinned.Flag(this);

        public Tensor @bool() => to(ScalarType.Bool);
        public Tensor @byte() => to(ScalarType.Byte);
        public Tensor @char() => to(ScalarType.Int8);
        public Tensor @short() => to(ScalarType.Int16);
        public Tensor @int() => to(ScalarType.Int32);
        public Tensor @long() => to(ScalarType.Int64);
        public Tensor half() => to(ScalarType.Float16);
        public Tensor bfloat16() => to(ScalarType.BFloat16);
        public Tensor @float() => to(ScalarType.Float32);
        public Tensor @double() => to(ScalarType.Float64);

        /// <summary>Copies elements in, converting and broadcasting them.</summary>
        public Tensor copy_(Tensor source, bool nonBlocking = false) => Aten.copy_.Mutate(this, source, nonBlocking);

        public Tensor fill_(Scalar value) => Aten.fill__Scalar.Mutate(this, value);

        public Tensor zero_() => Aten.zero_.Mutate(this);

        /// <summary>Makes this tensor share the source's memory.</summary>
        public Tensor set_(Tensor source) => Aten.set__source_Tensor.Mutate(this, source);

        private Tensor Converted(Tensor result, bool disposeAfter)
        {
            if (disposeAfter)
                Dispose();
            return result;
        }
    }

    public static Tensor BoolTensor(Tensor t) => t.to(ScalarType.Bool);
    public static Tensor ByteTensor(Tensor t) => t.to(ScalarType.Byte);
    public static Tensor ShortTensor(Tensor t) => t.to(ScalarType.Int16);
    public static Tensor IntTensor(Tensor t) => t.to(ScalarType.Int32);
    public static Tensor LongTensor(Tensor t) => t.to(ScalarType.Int64);
    public static Tensor FloatTensor(Tensor t) => t.to(ScalarType.Float32);
    public static Tensor DoubleTensor(Tensor t) => t.to(ScalarType.Float64);

    public static ScalarType result_type(Tensor tensor1, Tensor tensor2) =>
        (ScalarType)Aten.result_type_Tensor.Integer(tensor1, tensor2);

    /// <summary>The smallest type that both convert to without loss of kind.</summary>
    public static ScalarType promote_types(ScalarType type1, ScalarType type2) =>
        (ScalarType)Aten.promote_types.Integer(type1, type2);

    public static bool can_cast(ScalarType from, ScalarType to) => Aten.can_cast.Flag(from, to);
}
