using TorchSharp.Utils;
using static TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>The address of the first element, on the tensor's device.</summary>
        internal unsafe nint DataPointer
        {
            get
            {
                var pointer = (nint)okd_tensor_data(Handle);
                return pointer != 0 || NumberOfElements == 0 ? pointer : throw Failure("data_ptr");
            }
        }

        /// <summary>The memory of a contiguous tensor on the CPU. It is valid while the tensor is.</summary>
        /// <exception cref="NotImplementedException">The tensor is not contiguous.</exception>
        /// <exception cref="InvalidOperationException">The tensor is not on the CPU.</exception>
        public unsafe Span<byte> bytes
        {
            get
            {
                if (!is_contiguous())
                    throw new NotImplementedException("bytes needs a contiguous tensor: call contiguous() first.");
                if (device_type != DeviceType.CPU)
                    throw new InvalidOperationException($"bytes needs a tensor on the CPU, this one is on {device}: call cpu() first.");
                return new Span<byte>((void*)DataPointer, checked((int)(NumberOfElements * ElementSize)));
            }
            set
            {
                if (value.Length != NumberOfElements * ElementSize)
                    throw new ArgumentException($"The tensor holds {NumberOfElements * ElementSize} bytes, got {value.Length}.");
                value.CopyTo(bytes);
            }
        }

        /// <summary>The elements in row-major order, whatever the strides; from another device, a copy on the CPU.</summary>
        /// <exception cref="ArgumentException"><typeparamref name="T"/> is not the type of the elements.</exception>
        public TensorAccessor<T> data<T>() where T : unmanaged
        {
            if (ScalarTypes.Of(typeof(T)) != dtype)
                throw new ArgumentException($"{typeof(T).Name} is not compatible with {dtype}");
            return new TensorAccessor<T>(device_type == DeviceType.CPU ? this : cpu());
        }

        /// <summary>The element of a tensor that has one.</summary>
        public T item<T>() where T : unmanaged
        {
            if (NumberOfElements != 1)
                throw new ArgumentException($"Number of elements in the tensor must be 1, it is {NumberOfElements}.");
            return data<T>()[0];
        }

        /// <summary>The element of a tensor that has one, whatever its type.</summary>
        public Scalar ToScalar() => Aten._local_scalar_dense.Number(this);

        public T ReadCpuValue<T>(long i) where T : unmanaged => data<T>()[i];
        public bool ReadCpuBool(long i) => ReadCpuValue<bool>(i);
        public byte ReadCpuByte(long i) => ReadCpuValue<byte>(i);
        public sbyte ReadCpuSByte(long i) => ReadCpuValue<sbyte>(i);
        public short ReadCpuInt16(long i) => ReadCpuValue<short>(i);
        public int ReadCpuInt32(long i) => ReadCpuValue<int>(i);
        public long ReadCpuInt64(long i) => ReadCpuValue<long>(i);
        public float ReadCpuFloat16(long i) => (float)ReadCpuValue<Half>(i);
        public float ReadCpuSingle(long i) => ReadCpuValue<float>(i);
        public double ReadCpuDouble(long i) => ReadCpuValue<double>(i);
    }
}
