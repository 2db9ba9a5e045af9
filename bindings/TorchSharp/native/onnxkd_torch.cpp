#include "onnxkd_torch.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/csrc/autograd/anomaly_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/csrc/api/include/torch/version.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

// c10::optional in some versions of libtorch, std::optional in others.
using OptionalTensor = decltype(std::declval<const c10::IValue&>().toOptionalTensorVector())::value_type;

struct OkdOperator {
    c10::OperatorHandle handle;
    // What each argument of the schema wants, looked up once: conversions depend on it.
    std::vector<c10::TypeKind> kinds;
    std::vector<c10::TypeKind> elements;
};

struct OkdGenerator {
    at::Generator generator;
};

namespace {

// ---- Errors

thread_local std::string last_error;

// Runs `body`; an exception becomes okd_last_error() and the value `failure`.
template <typename Result, typename Body>
Result guarded(Result failure, Body&& body) noexcept {
    try {
        return body();
    } catch (const c10::Error& error) {
        last_error = error.what_without_backtrace();
    } catch (const std::exception& error) {
        last_error = error.what();
    } catch (...) {
        last_error = "unknown C++ exception";
    }
    return failure;
}

// ---- Handles

c10::TensorImpl* impl(int64_t handle) {
    return reinterpret_cast<c10::TensorImpl*>(handle);
}

// A tensor that shares what the handle refers to.
at::Tensor borrow(int64_t handle) {
    if (handle == 0)
        return at::Tensor();
    return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(impl(handle)));
}

// The tensor whose reference the handle holds.
at::Tensor own(int64_t handle) {
    if (handle == 0)
        return at::Tensor();
    return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(impl(handle)));
}

// Gives the tensor's reference away as a handle.
int64_t release(at::Tensor tensor) {
    return tensor.defined() ? reinterpret_cast<int64_t>(tensor.unsafeReleaseTensorImpl()) : 0;
}

std::vector<at::Tensor> borrow_all(const int64_t* handles, int32_t count) {
    std::vector<at::Tensor> tensors;
    tensors.reserve(count);
    for (int32_t i = 0; i < count; i++)
        tensors.push_back(borrow(handles[i]));
    return tensors;
}

// ---- Arguments and results of operators

double as_double(const OkdValue& value) {
    if (value.kind == OKD_INT || value.kind == OKD_BOOL)
        return static_cast<double>(value.bits);
    double number;
    std::memcpy(&number, &value.bits, sizeof number);
    return number;
}

c10::IValue list_argument(const OkdValue& value, c10::TypeKind element) {
    auto words = reinterpret_cast<const int64_t*>(value.bits);
    if (value.kind == OKD_TENSOR_LIST) {
        if (element != c10::TypeKind::OptionalType)
            return c10::List<at::Tensor>(borrow_all(words, value.count));
        c10::List<OptionalTensor> list;
        for (int32_t i = 0; i < value.count; i++)
            list.push_back(words[i] == 0 ? OptionalTensor() : OptionalTensor(borrow(words[i])));
        return list;
    }
    if (value.kind == OKD_DOUBLE_LIST) {
        auto numbers = reinterpret_cast<const double*>(value.bits);
        return c10::List<double>(std::vector<double>(numbers, numbers + value.count));
    }
    if (element == c10::TypeKind::BoolType) {
        c10::List<bool> list;
        for (int32_t i = 0; i < value.count; i++)
            list.push_back(words[i] != 0);
        return list;
    }
    return c10::List<int64_t>(std::vector<int64_t>(words, words + value.count));
}

// The argument as the schema wants it: an integer becomes a float or a one-element list where those are asked for.
c10::IValue argument(const OkdValue& value, c10::TypeKind kind, c10::TypeKind element) {
    switch (value.kind) {
        case OKD_NONE:
            // An undefined tensor and "none" are the same thing to a kernel, but only one of them unboxes.
            return kind == c10::TypeKind::TensorType ? c10::IValue(at::Tensor()) : c10::IValue();
        case OKD_TENSOR:
            return borrow(value.bits);
        case OKD_INT:
        case OKD_BOOL:
            if (kind == c10::TypeKind::FloatType)
                return as_double(value);
            if (kind == c10::TypeKind::ListType)
                return c10::List<int64_t>({value.bits});
            if (kind == c10::TypeKind::BoolType || value.kind == OKD_BOOL)
                return value.bits != 0;
            return value.bits;
        case OKD_DOUBLE:
            return as_double(value);
        case OKD_STRING:
            return std::string(reinterpret_cast<const char*>(value.bits), value.count);
        case OKD_DEVICE:
            return c10::Device(static_cast<c10::DeviceType>(static_cast<int8_t>(value.bits)), static_cast<int8_t>(value.bits >> 32));
        case OKD_GENERATOR:
            return reinterpret_cast<OkdGenerator*>(value.bits)->generator;
        default:
            return list_argument(value, element);
    }
}

OkdValue result(c10::IValue value) {
    if (value.isTensor())
        return {OKD_TENSOR, 0, release(std::move(value).toTensor())};
    if (value.isInt())
        return {OKD_INT, 0, value.toInt()};
    if (value.isBool())
        return {OKD_BOOL, 0, value.toBool()};
    if (value.isTensorList()) {
        auto tensors = value.toTensorVector();
        auto handles = static_cast<int64_t*>(std::malloc(sizeof(int64_t) * (tensors.size() + 1)));
        for (size_t i = 0; i < tensors.size(); i++)
            handles[i] = release(std::move(tensors[i]));
        return {OKD_TENSOR_LIST, static_cast<int32_t>(tensors.size()), reinterpret_cast<int64_t>(handles)};
    }
    if (value.isDouble() || value.isScalar()) {
        OkdValue number{OKD_DOUBLE, 0, 0};
        double real = value.toScalar().toDouble();
        std::memcpy(&number.bits, &real, sizeof real);
        return number;
    }
    TORCH_CHECK(value.isNone(), "a result of kind ", value.tagKind(), " has no form on the .NET side");
    return {OKD_NONE, 0, 0};
}

c10::TypePtr without_optional(c10::TypePtr type) {
    return type->kind() == c10::TypeKind::OptionalType ? type->expectRef<c10::OptionalType>().getElementType() : type;
}

// ---- Autograd

torch::autograd::variable_list output_gradients(const std::vector<at::Tensor>& outputs, const int64_t* gradients) {
    torch::autograd::variable_list list;
    for (size_t i = 0; i < outputs.size(); i++)
        list.push_back(gradients == nullptr ? at::Tensor() : borrow(gradients[i]));
    return list;
}

// A node of autograd's graph whose gradient the caller computes.
class CallersNode : public torch::autograd::Node {
public:
    CallersNode(std::string name, int64_t context, OkdBackward backward, OkdForget forget)
        : name_(std::move(name)), context_(context), backward_(backward), forget_(forget) {}

    ~CallersNode() override { release_variables(); }

    std::string name() const override { return name_; }

    void release_variables() override {
        if (context_ != 0)
            forget_(std::exchange(context_, 0));
    }

    torch::autograd::variable_list apply(torch::autograd::variable_list&& gradients) override {
        TORCH_CHECK(context_ != 0, "the graph of ", name_, " was freed by an earlier backward pass; ask it to be retained");
        std::vector<int64_t> given;
        for (auto& gradient : gradients)
            given.push_back(release(std::move(gradient)));
        std::vector<int64_t> results(num_outputs());
        auto status = backward_(context_, given.data(), static_cast<int32_t>(given.size()), results.data(), static_cast<int32_t>(results.size()));
        TORCH_CHECK(status >= 0, last_error);
        torch::autograd::variable_list list;
        for (auto handle : results)
            list.push_back(own(handle));
        return list;
    }

private:
    std::string name_;
    int64_t context_;
    OkdBackward backward_;
    OkdForget forget_;
};

// ---- Devices

const c10::impl::DeviceGuardImplInterface* cuda() {
    return c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA);
}

}  // namespace

// The functions of the header, in its order, under its headings.

const char* okd_last_error() { return last_error.c_str(); }
const char* okd_version() { return TORCH_VERSION; }

// ---- Operators

OkdOperator* okd_operator(const char* name, const char* overload) {
    return guarded<OkdOperator*>(nullptr, [&] {
        auto op = new OkdOperator{c10::Dispatcher::singleton().findSchemaOrThrow(name, overload), {}, {}};
        for (const auto& parameter : op->handle.schema().arguments()) {
            auto type = without_optional(parameter.type());
            auto is_list = type->kind() == c10::TypeKind::ListType;
            op->kinds.push_back(type->kind());
            op->elements.push_back(is_list ? type->expectRef<c10::ListType>().getElementType()->kind() : type->kind());
        }
        return op;
    });
}

int32_t okd_call(const OkdOperator* op, const OkdValue* arguments, int32_t count, OkdValue* results, int32_t capacity) {
    return guarded(-1, [&]() -> int32_t {
        const auto& parameters = op->handle.schema().arguments();
        TORCH_CHECK(static_cast<size_t>(count) <= parameters.size(), "takes ", parameters.size(), " arguments, got ", count);
        torch::jit::Stack stack;
        stack.reserve(parameters.size());
        for (int32_t i = 0; i < count; i++)
            stack.push_back(argument(arguments[i], op->kinds[i], op->elements[i]));
        for (size_t i = count; i < parameters.size(); i++) {
            TORCH_CHECK(parameters[i].default_value().has_value(), "argument '", parameters[i].name(), "' is missing");
            stack.push_back(*parameters[i].default_value());
        }
        op->handle.callBoxed(&stack);
        TORCH_CHECK(stack.size() <= static_cast<size_t>(capacity), "returned ", stack.size(), " results");
        for (size_t i = 0; i < stack.size(); i++)
            results[i] = result(std::move(stack[i]));
        return static_cast<int32_t>(stack.size());
    });
}

void okd_free(void* memory) { std::free(memory); }

// ---- Tensors

void okd_tensor_release(int64_t tensor) {
    c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(impl(tensor));
}

int64_t okd_tensor_retain(int64_t tensor) { return release(borrow(tensor)); }

void okd_tensor_info(int64_t tensor, OkdTensorInfo* info) {
    auto source = impl(tensor);
    auto device = source->device();
    *info = {source->numel(), source->dim(), source->storage_offset(), static_cast<int32_t>(c10::typeMetaToScalarType(source->dtype())),
             static_cast<int32_t>(device.type()), device.index(), static_cast<int32_t>(source->dtype().itemsize())};
}

void okd_tensor_sizes(int64_t tensor, int64_t* sizes) {
    auto source = impl(tensor)->sizes();
    std::copy(source.begin(), source.end(), sizes);
}

int32_t okd_tensor_strides(int64_t tensor, int64_t* strides) {
    return guarded(-1, [&] {
        auto source = impl(tensor)->strides();
        std::copy(source.begin(), source.end(), strides);
        return 0;
    });
}

void* okd_tensor_data(int64_t tensor) {
    return guarded<void*>(nullptr, [&] { return borrow(tensor).data_ptr(); });
}

int32_t okd_tensor_requires_grad(int64_t tensor) { return impl(tensor)->requires_grad(); }

int32_t okd_tensor_set_requires_grad(int64_t tensor, int32_t value) {
    return guarded(-1, [&] { borrow(tensor).set_requires_grad(value != 0); return 0; });
}

int32_t okd_tensor_grad(int64_t tensor, int64_t* grad) {
    return guarded(-1, [&] { *grad = release(borrow(tensor).grad()); return 0; });
}

int32_t okd_tensor_set_grad(int64_t tensor, int64_t grad) {
    return guarded(-1, [&] { borrow(tensor).mutable_grad() = borrow(grad); return 0; });
}

int32_t okd_tensor_retain_grad(int64_t tensor) {
    return guarded(-1, [&] { borrow(tensor).retain_grad(); return 0; });
}

// ---- Autograd

int32_t okd_backward(const int64_t* outputs, const int64_t* gradients, int32_t output_count,
                     const int64_t* inputs, int32_t input_count, int32_t retain_graph, int32_t create_graph) {
    return guarded(-1, [&] {
        auto roots = borrow_all(outputs, output_count);
        torch::autograd::backward(roots, output_gradients(roots, gradients), retain_graph != 0, create_graph != 0,
                                  borrow_all(inputs, input_count));
        return 0;
    });
}

int32_t okd_grad(const int64_t* outputs, const int64_t* gradients, int32_t output_count,
                 const int64_t* inputs, int32_t input_count, int32_t retain_graph, int32_t create_graph,
                 int32_t allow_unused, int64_t* results) {
    return guarded(-1, [&] {
        auto roots = borrow_all(outputs, output_count);
        auto list = torch::autograd::grad(roots, borrow_all(inputs, input_count), output_gradients(roots, gradients),
                                          retain_graph != 0, create_graph != 0, allow_unused != 0);
        for (size_t i = 0; i < list.size(); i++)
            results[i] = release(std::move(list[i]));
        return 0;
    });
}

int32_t okd_record(const int64_t* inputs, int32_t input_count, const int64_t* outputs, int32_t output_count, const char* name,
                   int64_t context, OkdBackward backward, OkdForget forget) {
    return guarded(-1, [&]() -> int32_t {
        auto sources = borrow_all(inputs, input_count);
        if (!torch::autograd::compute_requires_grad(sources))
            return 0;
        std::shared_ptr<CallersNode> node(new CallersNode(name, context, backward, forget), torch::autograd::deleteNode);
        node->set_next_edges(torch::autograd::collect_next_edges(sources));
        for (auto& output : borrow_all(outputs, output_count))
            torch::autograd::set_history(output, node);
        return 1;
    });
}

void okd_fail(const char* message) { last_error = message; }

int32_t okd_grad_enabled() { return c10::GradMode::is_enabled(); }
void okd_set_grad_enabled(int32_t enabled) { c10::GradMode::set_enabled(enabled != 0); }
int32_t okd_inference_enabled() { return c10::InferenceMode::is_enabled(); }
void* okd_inference_guard(int32_t enabled) { return new c10::InferenceMode(enabled != 0); }
void okd_inference_guard_release(void* guard) { delete static_cast<c10::InferenceMode*>(guard); }
void okd_set_anomaly(int32_t enabled, int32_t check_nan) { torch::autograd::AnomalyMode::set_enabled(enabled != 0, check_nan != 0); }
int32_t okd_anomaly_enabled() { return torch::autograd::AnomalyMode::is_enabled(); }
int32_t okd_anomaly_checks_nan() { return torch::autograd::AnomalyMode::should_check_nan(); }

// ---- Threads, determinism, devices

int32_t okd_threads() { return at::get_num_threads(); }
int32_t okd_set_threads(int32_t count) {
    return guarded(-1, [&] { at::set_num_threads(count); return 0; });
}
int32_t okd_interop_threads() { return at::get_num_interop_threads(); }
int32_t okd_set_interop_threads(int32_t count) {
    return guarded(-1, [&] { at::set_num_interop_threads(count); return 0; });
}
int32_t okd_deterministic() { return at::globalContext().deterministicAlgorithms(); }
void okd_set_deterministic(int32_t enabled, int32_t warn_only) {
    at::globalContext().setDeterministicAlgorithms(enabled != 0, warn_only != 0);
}

int32_t okd_tf32(int32_t which) {
    return which == OKD_CUBLAS ? at::globalContext().allowTF32CuBLAS() : at::globalContext().allowTF32CuDNN();
}
void okd_set_tf32(int32_t which, int32_t enabled) {
    if (which == OKD_CUBLAS)
        at::globalContext().setAllowTF32CuBLAS(enabled != 0);
    else
        at::globalContext().setAllowTF32CuDNN(enabled != 0);
}

int32_t okd_cuda_available() { return at::hasCUDA(); }
int32_t okd_cudnn_available() { return at::globalContext().hasCuDNN(); }
int32_t okd_cuda_device_count() {
    return at::hasCUDA() ? guarded(0, [] { return static_cast<int32_t>(cuda()->deviceCount()); }) : 0;
}
int32_t okd_cuda_synchronize(int32_t index) {
    return guarded(-1, [&] {
        auto device = index >= 0 ? index : cuda()->getDevice().index();
        at::detail::getCUDAHooks().deviceSynchronize(device);
        return 0;
    });
}

// ---- Random numbers

int32_t okd_manual_seed(uint64_t seed) {
    return guarded(-1, [&] { at::manual_seed(seed); return 0; });
}

OkdGenerator* okd_generator_new(uint64_t seed, int32_t device_type, int32_t device_index) {
    return guarded<OkdGenerator*>(nullptr, [&] {
        auto device = c10::Device(static_cast<c10::DeviceType>(device_type), static_cast<int8_t>(device_index));
        auto generator = device.is_cpu()
            ? at::detail::createCPUGenerator(seed)
            : at::globalContext().defaultGenerator(device).clone();
        generator.set_current_seed(seed);
        return new OkdGenerator{std::move(generator)};
    });
}

OkdGenerator* okd_generator_default(int32_t device_type, int32_t device_index) {
    return guarded<OkdGenerator*>(nullptr, [&] {
        auto device = c10::Device(static_cast<c10::DeviceType>(device_type), static_cast<int8_t>(device_index));
        return new OkdGenerator{at::globalContext().defaultGenerator(device)};
    });
}

void okd_generator_release(OkdGenerator* generator) { delete generator; }

int32_t okd_generator_set_seed(OkdGenerator* generator, uint64_t seed) {
    return guarded(-1, [&] {
        std::lock_guard<std::mutex> lock(generator->generator.mutex());
        generator->generator.set_current_seed(seed);
        return 0;
    });
}

int32_t okd_generator_seed(OkdGenerator* generator, uint64_t* seed) {
    return guarded(-1, [&] {
        std::lock_guard<std::mutex> lock(generator->generator.mutex());
        *seed = generator->generator.seed();
        return 0;
    });
}

int32_t okd_generator_initial_seed(OkdGenerator* generator, uint64_t* seed) {
    return guarded(-1, [&] { *seed = generator->generator.current_seed(); return 0; });
}

int64_t okd_generator_state(OkdGenerator* generator) {
    return guarded<int64_t>(0, [&] {
        std::lock_guard<std::mutex> lock(generator->generator.mutex());
        return release(generator->generator.get_state());
    });
}

int32_t okd_generator_set_state(OkdGenerator* generator, int64_t state) {
    return guarded(-1, [&] {
        std::lock_guard<std::mutex> lock(generator->generator.mutex());
        generator->generator.set_state(borrow(state));
        return 0;
    });
}
