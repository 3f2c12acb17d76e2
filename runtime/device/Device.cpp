// The C API of the launch interface: checks arguments, keeps back ends alive,
// turns exceptions into statuses.
#include "Backend.h"

#include "../core/Status.h"

#include <optional>

using moe::device::Backend;
using moe::device::Code;
using moe::device::Launch;
using moe::device::Parameter;
using moe::rt::Error;
using moe::rt::guard;
using moe::rt::readParams;
using moe::rt::requireArgument;

struct moe_device_kernel_impl {
  const moe_device_module_impl *module;
  std::string name;
  std::vector<Parameter> parameters;
};

struct moe_device_module_impl {
  std::shared_ptr<Backend> backend;
  std::unique_ptr<Code> code;
  std::vector<moe_device_kernel_impl> kernels;
};

struct moe_device_stream_impl {
  std::shared_ptr<Backend> backend;
  uint32_t device, number;
};

struct moe_device_event_impl {
  std::shared_ptr<Backend> backend;
  std::optional<uint64_t> record;
};

static std::string orEmpty(const char *text) { return text ? text : ""; }

static Backend &checked(moe_backend_t backend) {
  requireArgument(backend, "requires a back end");
  return *backend->backend;
}

static Backend &checked(moe_device_stream_t stream) {
  requireArgument(stream, "requires a stream");
  return *stream->backend;
}

static void requireDevice(const Backend &backend, uint32_t device) {
  if (device >= backend.deviceCount())
    throw Error(MOE_STATUS_INVALID_ARGUMENT,
                "expects a device below " +
                    std::to_string(backend.deviceCount()) + ", but got " +
                    std::to_string(device));
}

/// Fills an out structure that may come from an older header: the caller's
/// struct_size says how much of it there is.
template <typename Params>
static void writeParams(Params *to, Params from, const char *name) {
  requireArgument(to && to->struct_size >= sizeof(size_t), name);
  size_t size = std::min(to->struct_size, sizeof(from));
  from.struct_size = to->struct_size;
  std::memcpy(to, &from, size);
}

void moeDeviceClose(moe_backend_t backend) { delete backend; }

uint32_t moeDeviceCount(moe_backend_t backend) {
  return backend ? backend->backend->deviceCount() : 0;
}

moe_status_t moeDeviceProperties(moe_backend_t backend, uint32_t device,
                                 moe_device_properties_t *properties) {
  return guard([&] {
    requireDevice(checked(backend), device);
    moe_device_properties_t result{};
    backend->backend->properties(device, result);
    writeParams(properties, result, "requires 'properties' with struct_size");
  });
}

// ---- memory ----

moe_status_t moeDeviceAllocate(moe_backend_t backend, uint32_t device,
                               uint64_t bytes, const char *name,
                               moe_device_address_t *address) {
  return guard([&] {
    requireDevice(checked(backend), device);
    requireArgument(address, "requires 'address'");
    *address = backend->backend->allocate(device, bytes, orEmpty(name));
  });
}

moe_status_t moeDeviceFree(moe_backend_t backend,
                           moe_device_address_t address) {
  return guard([&] {
    if (address)
      checked(backend).release(address);
  });
}

moe_status_t moeDeviceAllocateSymmetric(moe_backend_t backend, uint64_t bytes,
                                        const char *name,
                                        moe_device_window_t *window) {
  return guard([&] {
    moe_device_window_t result{};
    requireArgument(window && window->struct_size >= sizeof(size_t),
                    "requires 'window' with struct_size");
    checked(backend).allocateSymmetric(bytes, orEmpty(name), result);
    writeParams(window, result, "requires 'window' with struct_size");
  });
}

moe_status_t moeDeviceEncodeTensorMap(moe_backend_t backend,
                                      const moe_tensor_map_params_t *params,
                                      void *map) {
  return guard([&] {
    requireArgument(params && map, "requires 'params' and 'map'");
    checked(backend).encodeTensorMap(
        readParams(params, "moe_tensor_map_params_t"), map);
  });
}

// ---- modules ----

moe_status_t moeDeviceModuleLoad(moe_backend_t backend, const char *text,
                                 size_t bytes, const char *name,
                                 moe_device_module_t *module) {
  return guard([&] {
    checked(backend);
    requireArgument(text && module, "requires 'text' and 'module'");
    auto result = std::make_unique<moe_device_module_impl>();
    result->backend = backend->backend;
    result->code =
        result->backend->load(std::string(text, bytes), name ? name : "<ptx>");
    for (const std::string &kernel : result->code->kernels())
      result->kernels.push_back(
          {result.get(), kernel, result->code->parameters(kernel)});
    *module = result.release();
  });
}

void moeDeviceModuleRelease(moe_device_module_t module) { delete module; }

moe_status_t moeDeviceModuleKernel(moe_device_module_t module, const char *name,
                                   moe_device_kernel_t *kernel) {
  return guard([&] {
    requireArgument(module && name && kernel,
                    "requires 'module', 'name' and 'kernel'");
    for (const moe_device_kernel_impl &candidate : module->kernels)
      if (candidate.name == name) {
        *kernel = &candidate;
        return;
      }
    throw Error(MOE_STATUS_NOT_FOUND,
                std::string("the module has no kernel '") + name + "'");
  });
}

uint32_t moeDeviceModuleKernelCount(moe_device_module_t module) {
  return module ? static_cast<uint32_t>(module->kernels.size()) : 0;
}

moe_device_kernel_t moeDeviceModuleKernelAt(moe_device_module_t module,
                                            uint32_t index) {
  return index < moeDeviceModuleKernelCount(module) ? &module->kernels[index]
                                                    : nullptr;
}

moe_status_t moeDeviceModuleVariable(moe_device_module_t module,
                                     const char *name, uint32_t device,
                                     moe_device_address_t *address) {
  return guard([&] {
    requireArgument(module && name && address,
                    "requires 'module', 'name' and 'address'");
    requireDevice(*module->backend, device);
    *address = module->code->variable(name, device);
  });
}

const char *moeDeviceKernelName(moe_device_kernel_t kernel) {
  return kernel ? kernel->name.c_str() : nullptr;
}

uint32_t moeDeviceKernelParameterCount(moe_device_kernel_t kernel) {
  return kernel ? static_cast<uint32_t>(kernel->parameters.size()) : 0;
}

moe_status_t moeDeviceKernelParameter(moe_device_kernel_t kernel,
                                      uint32_t index,
                                      moe_device_parameter_t *parameter) {
  return guard([&] {
    requireArgument(index < moeDeviceKernelParameterCount(kernel),
                    "requires a parameter that the kernel has");
    const Parameter &from = kernel->parameters[index];
    writeParams(parameter,
                {0, from.name.c_str(), from.offset, from.bytes, from.isArray},
                "requires 'parameter' with struct_size");
  });
}

moe_status_t moeDeviceKernelOccupancy(moe_device_kernel_t kernel,
                                      uint32_t threads, uint32_t dynamicShared,
                                      uint32_t *blocks) {
  return guard([&] {
    requireArgument(kernel && blocks && threads,
                    "requires 'kernel', 'blocks' and threads");
    *blocks =
        kernel->module->code->occupancy(kernel->name, threads, dynamicShared);
  });
}

// ---- streams and events ----

moe_status_t moeDeviceStreamCreate(moe_backend_t backend, uint32_t device,
                                   moe_device_stream_t *stream) {
  return guard([&] {
    requireDevice(checked(backend), device);
    requireArgument(stream, "requires 'stream'");
    auto result = std::make_unique<moe_device_stream_impl>();
    result->backend = backend->backend;
    result->device = device;
    result->number = result->backend->createStream(device);
    *stream = result.release();
  });
}

void moeDeviceStreamRelease(moe_device_stream_t stream) { delete stream; }

moe_status_t moeDeviceWrite(moe_device_stream_t stream, moe_device_address_t to,
                            const void *data, uint64_t bytes) {
  return guard([&] {
    requireArgument(data || !bytes, "requires 'data'");
    checked(stream).write(stream->device, stream->number, to, data, bytes);
  });
}

moe_status_t moeDeviceRead(moe_device_stream_t stream, void *data,
                           moe_device_address_t from, uint64_t bytes) {
  return guard([&] {
    requireArgument(data || !bytes, "requires 'data'");
    checked(stream).read(stream->device, stream->number, data, from, bytes);
  });
}

moe_status_t moeDeviceCopy(moe_device_stream_t stream, moe_device_address_t to,
                           moe_device_address_t from, uint64_t bytes) {
  return guard([&] {
    checked(stream).copy(stream->device, stream->number, to, from, bytes);
  });
}

moe_status_t moeDeviceFill(moe_device_stream_t stream, moe_device_address_t to,
                           uint8_t value, uint64_t bytes) {
  return guard([&] {
    checked(stream).fill(stream->device, stream->number, to, value, bytes);
  });
}

moe_status_t moeDeviceEventCreate(moe_backend_t backend,
                                  moe_device_event_t *event) {
  return guard([&] {
    checked(backend);
    requireArgument(event, "requires 'event'");
    *event = new moe_device_event_impl{backend->backend, std::nullopt};
  });
}

void moeDeviceEventRelease(moe_device_event_t event) { delete event; }

static void requireSameBackend(moe_device_event_t event,
                               moe_device_stream_t stream) {
  requireArgument(event && stream && event->backend == stream->backend,
                  "requires an event and a stream of the same back end");
}

moe_status_t moeDeviceEventRecord(moe_device_event_t event,
                                  moe_device_stream_t stream) {
  return guard([&] {
    requireSameBackend(event, stream);
    event->record = stream->backend->record(stream->device, stream->number);
  });
}

moe_status_t moeDeviceEventWait(moe_device_event_t event,
                                moe_device_stream_t stream) {
  return guard([&] {
    requireSameBackend(event, stream);
    if (event->record)
      stream->backend->wait(stream->device, stream->number, *event->record);
  });
}

uint32_t moeDeviceEventQuery(moe_device_event_t event) {
  return event &&
         (!event->record || event->backend->isComplete(*event->record));
}

moe_status_t moeDeviceStreamSynchronize(moe_device_stream_t stream) {
  return guard(
      [&] { checked(stream).synchronize(stream->device, stream->number); });
}

moe_status_t moeDeviceSynchronize(moe_backend_t backend) {
  return guard([&] { checked(backend).synchronizeAll(); });
}

// ---- launches ----

moe_status_t moeDeviceLaunch(moe_device_stream_t stream,
                             moe_device_kernel_t kernel,
                             const moe_launch_params_t *params) {
  return guard([&] {
    checked(stream);
    requireArgument(kernel && kernel->module->backend == stream->backend,
                    "requires a kernel of the stream's back end");
    moe_launch_params_t wanted = readParams(params, "moe_launch_params_t");
    if (wanted.argument_count != kernel->parameters.size())
      throw Error(MOE_STATUS_INVALID_ARGUMENT,
                  "kernel '" + kernel->name + "' expects " +
                      std::to_string(kernel->parameters.size()) +
                      " arguments, but got " +
                      std::to_string(wanted.argument_count));
    constexpr uint32_t kKnown =
        MOE_LAUNCH_COOPERATIVE | MOE_LAUNCH_PROGRAMMATIC;
    requireArgument(!(wanted.flags & ~kKnown), "requires flags that are known");
    Launch launch{};
    for (int axis = 0; axis < 3; ++axis) {
      launch.grid[axis] = std::max(wanted.grid[axis], 1u);
      launch.block[axis] = std::max(wanted.block[axis], 1u);
      launch.cluster[axis] = wanted.cluster[axis];
    }
    launch.dynamicShared = wanted.dynamic_shared;
    launch.registers = wanted.registers;
    launch.cooperative = wanted.flags & MOE_LAUNCH_COOPERATIVE;
    launch.programmatic = wanted.flags & MOE_LAUNCH_PROGRAMMATIC;
    const Code &code = *kernel->module->code;
    launch.arguments.resize(code.parameterBytes(kernel->name));
    for (size_t i = 0; i < kernel->parameters.size(); ++i) {
      const Parameter &parameter = kernel->parameters[i];
      requireArgument(wanted.arguments && wanted.arguments[i],
                      "requires a pointer to every argument");
      std::memcpy(launch.arguments.data() + parameter.offset,
                  wanted.arguments[i], parameter.bytes);
    }
    stream->backend->launch(stream->device, stream->number, code, kernel->name,
                            launch);
  });
}
