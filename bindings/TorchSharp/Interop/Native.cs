using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp;

/// <summary>The C ABI of native/onnxkd_torch.h, entry by entry; its comments are there.</summary>
internal static unsafe partial class Native
{
    private const string Library = "onnxkd_torch";

    internal enum Kind { None, Tensor, Int, Double, Bool, String, Device, Generator, IntList, DoubleList, TensorList }

    internal enum Tf32 { CuBlas, CuDnn }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Value
    {
        internal Kind Kind;
        internal int Count;
        internal long Bits;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TensorInfo
    {
        internal long ElementCount;
        internal long Dimensions;
        internal long StorageOffset;
        internal int DType;
        internal int DeviceType;
        internal int DeviceIndex;
        internal int ElementSize;
    }

    [LibraryImport(Library)] internal static partial byte* okd_last_error();
    [LibraryImport(Library)] internal static partial byte* okd_version();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint okd_operator(string name, string overload);

    [LibraryImport(Library)] internal static partial int okd_call(nint op, Value* arguments, int count, Value* results, int capacity);
    [LibraryImport(Library)] internal static partial void okd_free(void* memory);

    [LibraryImport(Library)] internal static partial void okd_tensor_release(nint tensor);
    [LibraryImport(Library)] internal static partial nint okd_tensor_retain(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial void okd_tensor_info(nint tensor, TensorInfo* info);
    [LibraryImport(Library), SuppressGCTransition] internal static partial void okd_tensor_sizes(nint tensor, long* sizes);
    [LibraryImport(Library)] internal static partial int okd_tensor_strides(nint tensor, long* strides);
    [LibraryImport(Library)] internal static partial void* okd_tensor_data(nint tensor);
    [LibraryImport(Library)] internal static partial int okd_tensor_requires_grad(nint tensor);
    [LibraryImport(Library)] internal static partial int okd_tensor_set_requires_grad(nint tensor, int value);
    [LibraryImport(Library)] internal static partial int okd_tensor_grad(nint tensor, nint* grad);
    [LibraryImport(Library)] internal static partial int okd_tensor_set_grad(nint tensor, nint grad);
    [LibraryImport(Library)] internal static partial int okd_tensor_retain_grad(nint tensor);

    [LibraryImport(Library)]
    internal static partial int okd_backward(
        nint* outputs, nint* gradients, int outputCount, nint* inputs, int inputCount, int retainGraph, int createGraph);

    [LibraryImport(Library)]
    internal static partial int okd_grad(
        nint* outputs, nint* gradients, int outputCount, nint* inputs, int inputCount, int retainGraph, int createGraph,
        int allowUnused, nint* results);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int okd_record(
        nint* inputs, int inputCount, nint* outputs, int outputCount, string name, nint context,
        delegate* unmanaged<nint, nint*, int, nint*, int, int> backward, delegate* unmanaged<nint, void> forget);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial void okd_fail(string message);
    [LibraryImport(Library)] internal static partial int okd_grad_enabled();
    [LibraryImport(Library)] internal static partial void okd_set_grad_enabled(int enabled);
    [LibraryImport(Library)] internal static partial int okd_inference_enabled();
    [LibraryImport(Library)] internal static partial nint okd_inference_guard(int enabled);
    [LibraryImport(Library)] internal static partial void okd_inference_guard_release(nint guard);
    [LibraryImport(Library)] internal static partial void okd_set_anomaly(int enabled, int checkNan);
    [LibraryImport(Library)] internal static partial int okd_anomaly_enabled();
    [LibraryImport(Library)] internal static partial int okd_anomaly_checks_nan();

    [LibraryImport(Library)] internal static partial int okd_threads();
    [LibraryImport(Library)] internal static partial int okd_set_threads(int count);
    [LibraryImport(Library)] internal static partial int okd_interop_threads();
    [LibraryImport(Library)] internal static partial int okd_set_interop_threads(int count);
    [LibraryImport(Library)] internal static partial int okd_deterministic();
    [LibraryImport(Library)] internal static partial void okd_set_deterministic(int enabled, int warnOnly);

    [LibraryImport(Library)] internal static partial int okd_tf32(Tf32 which);
    [LibraryImport(Library)] internal static partial void okd_set_tf32(Tf32 which, int enabled);
    [LibraryImport(Library)] internal static partial int okd_cuda_available();
    [LibraryImport(Library)] internal static partial int okd_cudnn_available();
    [LibraryImport(Library)] internal static partial int okd_cuda_device_count();
    [LibraryImport(Library)] internal static partial int okd_cuda_synchronize(int index);

    [LibraryImport(Library)] internal static partial int okd_manual_seed(ulong seed);
    [LibraryImport(Library)] internal static partial nint okd_generator_new(ulong seed, int deviceType, int deviceIndex);
    [LibraryImport(Library)] internal static partial nint okd_generator_default(int deviceType, int deviceIndex);
    [LibraryImport(Library)] internal static partial void okd_generator_release(nint generator);
    [LibraryImport(Library)] internal static partial int okd_generator_set_seed(nint generator, ulong seed);
    [LibraryImport(Library)] internal static partial int okd_generator_seed(nint generator, ulong* seed);
    [LibraryImport(Library)] internal static partial int okd_generator_initial_seed(nint generator, ulong* seed);
    [LibraryImport(Library)] internal static partial nint okd_generator_state(nint generator);
    [LibraryImport(Library)] internal static partial int okd_generator_set_state(nint generator, nint state);

    /// <summary>Throws what the last failed call left behind, under the caller's name.</summary>
    internal static void Check(int status, [CallerMemberName] string what = "")
    {
        if (status < 0)
            throw Failure(what);
    }

    internal static nint Check(nint handle, [CallerMemberName] string what = "") => handle != 0 ? handle : throw Failure(what);

    /// <summary>libtorch's message without its C++ stack, preceded by the name of what was called.</summary>
    internal static ExternalException Failure(string what) =>
        new($"{what}: {Marshal.PtrToStringUTF8((nint)okd_last_error())}");
}
