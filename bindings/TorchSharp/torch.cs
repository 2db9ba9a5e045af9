using System.Runtime.InteropServices;
using static TorchSharp.Native;

namespace TorchSharp;

/// <summary>PyTorch's namespace: tensors, the functions on them, and the settings of the library behind them.</summary>
public static partial class torch
{
    public static ScalarType uint8 = ScalarType.Byte;
    public static ScalarType int8 = ScalarType.Int8;
    public static ScalarType int16 = ScalarType.Int16;
    public static ScalarType @short = ScalarType.Int16;
    public static ScalarType int32 = ScalarType.Int32;
    public static ScalarType @int = ScalarType.Int32;
    public static ScalarType int64 = ScalarType.Int64;
    public static ScalarType @long = ScalarType.Int64;
    public static ScalarType float16 = ScalarType.Float16;
    public static ScalarType half = ScalarType.Float16;
    public static ScalarType bfloat16 = ScalarType.BFloat16;
    public static ScalarType float32 = ScalarType.Float32;
    public static ScalarType @float = ScalarType.Float32;
    public static ScalarType float64 = ScalarType.Float64;
    public static ScalarType @double = ScalarType.Float64;
    public static ScalarType @bool = ScalarType.Bool;

    /// <summary>The version of libtorch.</summary>
    public static unsafe string __version__ => Marshal.PtrToStringUTF8((nint)okd_version())!;

    /// <summary>Sets how many threads one operator may use. Debian's libtorch starts with one.</summary>
    public static void set_num_threads(int num) => Check(okd_set_threads(num));

    public static int get_num_threads() => okd_threads();

    /// <summary>Sets how many operators may run side by side; once, before the first that does.</summary>
    public static void set_num_interop_threads(int num) => Check(okd_set_interop_threads(num));

    public static int get_num_interop_threads() => okd_interop_threads();

    /// <summary>Makes operators without a deterministic implementation fail (or warn), until the result is disposed.</summary>
    public static IDisposable use_deterministic_algorithms(bool mode = true, bool warn_only = false)
    {
        var before = okd_deterministic();
        okd_set_deterministic(mode ? 1 : 0, warn_only ? 1 : 0);
        return new Restore(() => okd_set_deterministic(before, warn_only ? 1 : 0));
    }

    public static bool are_deterministic_algorithms_enabled() => okd_deterministic() != 0;

    public static bool cuda_is_available() => cuda.is_available();

    public static class cuda
    {
        public static bool is_available() => okd_cuda_available() != 0 && okd_cuda_device_count() > 0;

        public static bool is_cudnn_available() => okd_cudnn_available() != 0;

        public static int device_count() => okd_cuda_device_count();

        /// <summary>Seeds the current device's generator.</summary>
        public static void manual_seed(long seed)
        {
            if (is_available())
                Seed(-1, seed);
        }

        /// <summary>Seeds the generators of all devices; without a device, does nothing.</summary>
        public static void manual_seed_all(long seed)
        {
            for (var index = 0; index < device_count(); index++)
                Seed(index, seed);
        }

        /// <summary>Waits for all work on a device.</summary>
        public static void synchronize(Device? device = null) => Check(okd_cuda_synchronize(device?.index ?? -1));

        private static void Seed(int index, long seed)
        {
            var generator = Native.Check(okd_generator_default((int)DeviceType.CUDA, index));
            Check(okd_generator_set_seed(generator, (ulong)seed));
            okd_generator_release(generator);
        }
    }
}
