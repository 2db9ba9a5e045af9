// C ABI over libtorch's dispatcher: any operator by name, plus the few things that are not operators.
//
// A tensor handle is a c10::TensorImpl* that holds one reference; 0 is "no tensor". Functions that take handles borrow
// them; functions that return handles give a reference away, to be returned with okd_tensor_release.
// Functions that can fail return -1 or null, and okd_last_error() then says why (per thread).
#pragma once
#include <cstdint>

#define OKD_API extern "C" __attribute__((visibility("default")))

enum OkdKind : int32_t {
    OKD_NONE,          // no value; as an argument: the schema's "none"
    OKD_TENSOR,        // bits = handle
    OKD_INT,           // bits = value; also dtype, layout and memory format
    OKD_DOUBLE,        // bits = the double's bits
    OKD_BOOL,          // bits = 0 or 1
    OKD_STRING,        // bits = address of UTF-8, count = bytes
    OKD_DEVICE,        // bits = type | index << 32
    OKD_GENERATOR,     // bits = address of a generator
    OKD_INT_LIST,      // bits = address of int64_t[count]
    OKD_DOUBLE_LIST,   // bits = address of double[count]
    OKD_TENSOR_LIST,   // bits = address of handles[count]
};

struct OkdValue {
    int32_t kind;
    int32_t count;
    int64_t bits;
};

struct OkdTensorInfo {
    int64_t element_count;
    int64_t dimensions;
    int64_t storage_offset;
    int32_t dtype;
    int32_t device_type;
    int32_t device_index;
    int32_t element_size;
};

enum OkdTf32 : int32_t { OKD_CUBLAS, OKD_CUDNN };

struct OkdOperator;
struct OkdGenerator;

OKD_API const char* okd_last_error();
OKD_API const char* okd_version();

// Operators. Arguments after the last one given take the schema's defaults. Returns the number of results written.
OKD_API OkdOperator* okd_operator(const char* name, const char* overload);
OKD_API int32_t okd_call(const OkdOperator* op, const OkdValue* arguments, int32_t count, OkdValue* results, int32_t capacity);
OKD_API void okd_free(void* memory);

// Tensors.
OKD_API void okd_tensor_release(int64_t tensor);
OKD_API int64_t okd_tensor_retain(int64_t tensor);
OKD_API void okd_tensor_info(int64_t tensor, OkdTensorInfo* info);
OKD_API void okd_tensor_sizes(int64_t tensor, int64_t* sizes);
OKD_API int32_t okd_tensor_strides(int64_t tensor, int64_t* strides);
OKD_API void* okd_tensor_data(int64_t tensor);
OKD_API int32_t okd_tensor_requires_grad(int64_t tensor);
OKD_API int32_t okd_tensor_set_requires_grad(int64_t tensor, int32_t value);
OKD_API int32_t okd_tensor_grad(int64_t tensor, int64_t* grad);
OKD_API int32_t okd_tensor_set_grad(int64_t tensor, int64_t grad);
OKD_API int32_t okd_tensor_retain_grad(int64_t tensor);

// Autograd. Gradient handles may be 0 ("ones for a scalar output").
OKD_API int32_t okd_backward(const int64_t* outputs, const int64_t* gradients, int32_t output_count,
                             const int64_t* inputs, int32_t input_count, int32_t retain_graph, int32_t create_graph);
OKD_API int32_t okd_grad(const int64_t* outputs, const int64_t* gradients, int32_t output_count,
                         const int64_t* inputs, int32_t input_count, int32_t retain_graph, int32_t create_graph,
                         int32_t allow_unused, int64_t* results);

// Functions that the caller computes, and whose gradients it computes too. `backward` gets the gradient of each output (0: none; references
// are given to it), writes that of each input (0: none; references are given away), and returns -1 after okd_fail if it cannot.
// `forget` is called once the context is not needed any more. okd_record returns 1 if it will call them, 0 if no input wants a gradient.
typedef int32_t (*OkdBackward)(int64_t context, const int64_t* gradients, int32_t count, int64_t* results, int32_t capacity);
typedef void (*OkdForget)(int64_t context);
OKD_API int32_t okd_record(const int64_t* inputs, int32_t input_count, const int64_t* outputs, int32_t output_count, const char* name,
                           int64_t context, OkdBackward backward, OkdForget forget);
OKD_API void okd_fail(const char* message);
OKD_API int32_t okd_grad_enabled();
OKD_API void okd_set_grad_enabled(int32_t enabled);
OKD_API int32_t okd_inference_enabled();
OKD_API void* okd_inference_guard(int32_t enabled);
OKD_API void okd_inference_guard_release(void* guard);
OKD_API void okd_set_anomaly(int32_t enabled, int32_t check_nan);
OKD_API int32_t okd_anomaly_enabled();
OKD_API int32_t okd_anomaly_checks_nan();

// Threads, determinism, devices.
OKD_API int32_t okd_threads();
OKD_API int32_t okd_set_threads(int32_t count);
OKD_API int32_t okd_interop_threads();
OKD_API int32_t okd_set_interop_threads(int32_t count);
OKD_API int32_t okd_deterministic();
OKD_API void okd_set_deterministic(int32_t enabled, int32_t warn_only);
OKD_API int32_t okd_tf32(int32_t which);
OKD_API void okd_set_tf32(int32_t which, int32_t enabled);
OKD_API int32_t okd_cuda_available();
OKD_API int32_t okd_cudnn_available();
OKD_API int32_t okd_cuda_device_count();
OKD_API int32_t okd_cuda_synchronize(int32_t index);

// Random numbers. okd_generator_default returns the process-wide generator of a device.
OKD_API int32_t okd_manual_seed(uint64_t seed);
OKD_API OkdGenerator* okd_generator_new(uint64_t seed, int32_t device_type, int32_t device_index);
OKD_API OkdGenerator* okd_generator_default(int32_t device_type, int32_t device_index);
OKD_API void okd_generator_release(OkdGenerator* generator);
OKD_API int32_t okd_generator_set_seed(OkdGenerator* generator, uint64_t seed);
OKD_API int32_t okd_generator_seed(OkdGenerator* generator, uint64_t* seed);
OKD_API int32_t okd_generator_initial_seed(OkdGenerator* generator, uint64_t* seed);
OKD_API int64_t okd_generator_state(OkdGenerator* generator);
OKD_API int32_t okd_generator_set_state(OkdGenerator* generator, int64_t state);
