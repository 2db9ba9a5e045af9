using static TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        private unsafe TensorInfo Info
        {
            get
            {
                TensorInfo info;
                okd_tensor_info(Handle, &info);
                GC.KeepAlive(this);
                return info;
            }
        }

        public long Dimensions => Info.Dimensions;

        public long dim() => Dimensions;

        public long ndim => Dimensions;

        public long NumberOfElements => Info.ElementCount;

        public long numel() => NumberOfElements;

        public long ElementSize => Info.ElementSize;

        public long element_size() => ElementSize;

        public ScalarType dtype => (ScalarType)Info.DType;

        public DeviceType device_type => (DeviceType)Info.DeviceType;

        public int device_index => Info.DeviceIndex;

        public Device device
        {
            get
            {
                var info = Info;
                return new Device((DeviceType)info.DeviceType, info.DeviceIndex);
            }
        }

        public bool is_cuda => device_type == DeviceType.CUDA;

        public bool is_meta => device_type == DeviceType.META;

        public bool is_cpu() => device_type == DeviceType.CPU;

        public bool is_floating_point() => torch.is_floating_point(dtype);

        public bool is_complex() => torch.is_complex(dtype);

        public bool is_integral() => torch.is_integral(dtype);

        public bool is_leaf => Aten.is_leaf.Flag(this);

        public bool is_nonzero() => Aten.is_nonzero.Flag(this);

        /// <summary>The size of each dimension.</summary>
        public unsafe long[] shape
        {
            get
            {
                var sizes = new long[Dimensions];
                fixed (long* pointer = sizes)
                    okd_tensor_sizes(Handle, pointer);
                GC.KeepAlive(this);
                return sizes;
            }
        }

        public long[] size() => shape;

        public long size(int dim) => Aten.size_int.Integer(this, dim);

        /// <summary>Elements to step over from one index to the next, per dimension.</summary>
        public unsafe long[] stride()
        {
            var strides = new long[Dimensions];
            fixed (long* pointer = strides)
                Check(okd_tensor_strides(Handle, pointer));
            GC.KeepAlive(this);
            return strides;
        }

        public long stride(int dim) => Aten.stride_int.Integer(this, dim);

        public long storage_offset() => Info.StorageOffset;

        public unsafe bool is_contiguous()
        {
            var info = Info;
            if (info.ElementCount == 0)
                return true;
            Span<long> sizes = stackalloc long[(int)info.Dimensions], strides = stackalloc long[(int)info.Dimensions];
            fixed (long* s = sizes, t = strides)
            {
                okd_tensor_sizes(Handle, s);
                Check(okd_tensor_strides(Handle, t));
            }
            GC.KeepAlive(this);
            var expected = 1L;
            for (var i = sizes.Length - 1; i >= 0; i--)
            {
                if (sizes[i] != 1 && strides[i] != expected)
                    return false;
                expected *= sizes[i];
            }
            return true;
        }
    }

    public static long numel(Tensor input) => input.numel();

    public static bool is_floating_point(Tensor input) => input.is_floating_point();

    public static bool is_complex(Tensor input) => input.is_complex();

    public static bool is_integral(Tensor t) => t.is_integral();

    public static bool is_nonzero(Tensor input) => input.is_nonzero();

    public static bool is_tensor(object obj) => obj is Tensor;

    public static bool is_floating_point(ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16;

    public static bool is_complex(ScalarType type) => type is ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64;

    public static bool is_integral(ScalarType type) => type is <= ScalarType.Int64 or ScalarType.Bool;
}
