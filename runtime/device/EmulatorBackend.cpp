// The back end that runs kernels in the PTX emulator.
#include "Backend.h"

#include "../core/Status.h"
#include "moe-rt/emulator.h"

#include <map>

using namespace moe::device;
using moe::rt::Error;

namespace {

/// Runs `body` with the emulator's exceptions as errors of the C API.
template <typename Body>
auto translated(Body body) {
  try {
    return body();
  } catch (const moe::emu::LoadError &error) {
    throw Error(MOE_STATUS_INCOMPATIBLE, error.what());
  } catch (const moe::emu::UsageError &error) {
    throw Error(MOE_STATUS_INVALID_ARGUMENT, error.what());
  }
}

struct EmulatorCode final : Code {
  EmulatorCode(moe::emu::Emulator &emulator, moe::emu::Module &module)
      : emulator(emulator), module(module) {}

  std::vector<std::string> kernels() const override { return module.kernels(); }
  std::vector<Parameter> parameters(const std::string &kernel) const override {
    std::vector<Parameter> result;
    for (const auto &from : module.parameters(kernel))
      result.push_back({from.name, from.offset, from.size, from.isArray});
    return result;
  }
  uint32_t parameterBytes(const std::string &kernel) const override {
    return module.parameterBytes(kernel);
  }
  uint64_t variable(const std::string &name, uint32_t device) const override {
    try {
      return module.variable(name, device);
    } catch (const moe::emu::UsageError &error) {
      throw Error(MOE_STATUS_NOT_FOUND, error.what());
    }
  }
  uint32_t occupancy(const std::string &kernel, uint32_t threads,
                     uint32_t dynamicShared) const override {
    moe::emu::LaunchConfig config;
    config.block = {threads};
    config.dynamicShared = dynamicShared;
    return emulator.occupancy(module, kernel, config);
  }

  moe::emu::Emulator &emulator;
  moe::emu::Module &module;
};

class EmulatorBackend final : public Backend {
public:
  explicit EmulatorBackend(const moe::emu::EmulatorOptions &options)
      : emulator(options), streams(options.devices) {}

  uint32_t deviceCount() const override { return emulator.options().devices; }

  void properties(uint32_t, moe_device_properties_t &to) const override {
    std::strncpy(to.name, "moec PTX emulator", sizeof(to.name) - 1);
    to.major = 9;
    to.minor = 0;
    to.multiprocessors = emulator.options().multiprocessors;
    to.threads_per_block = 1024;
    to.shared_per_block = 232448;
    to.cluster_size = 16;
  }

  uint64_t allocate(uint32_t device, uint64_t bytes,
                    const std::string &name) override {
    return translated([&] { return emulator.allocate(bytes, device, name); });
  }

  void allocateSymmetric(uint64_t bytes, const std::string &name,
                         moe_device_window_t &window) override {
    // Windows of different devices are at least this far apart.
    constexpr uint64_t kGranularity = 2 << 20;
    window.stride = (bytes + kGranularity) / kGranularity * kGranularity;
    window.base = nextWindow;
    nextWindow += window.stride * deviceCount();
    translated([&] {
      std::vector<uint64_t> copies;
      copies.reserve(deviceCount());
      for (uint32_t device = 0; device < deviceCount(); ++device)
        copies.push_back(emulator.allocate(
            bytes, device, name + " of rank " + std::to_string(device),
            window.base + window.stride * device));
      window.multicast = emulator.bindMulticast(copies, bytes);
    });
    windows[window.base] = window.stride;
  }

  void release(uint64_t address) override {
    auto window = windows.find(address);
    uint32_t count = window == windows.end() ? 1 : deviceCount();
    translated([&] {
      for (uint32_t device = 0; device < count; ++device)
        emulator.release(address + (count > 1 ? window->second * device : 0));
    });
    if (window != windows.end())
      windows.erase(window);
  }

  void encodeTensorMap(const moe_tensor_map_params_t &params,
                       void *map) override {
    moe::emu::TensorMapParams to;
    to.type = params.type;
    to.rank = params.rank;
    to.address = params.address;
    std::copy_n(params.dims, 5, to.dims.begin());
    std::copy_n(params.strides, 4, to.strides.begin());
    std::copy_n(params.box, 5, to.box.begin());
    for (size_t dim = 0; dim < 5; ++dim)
      to.elementStrides[dim] = std::max(params.element_strides[dim], 1u);
    to.swizzle = params.swizzle;
    to.l2Promotion = params.l2_promotion;
    std::array<char, 128> bytes =
        translated([&] { return moe::emu::encodeTensorMap(to); });
    std::memcpy(map, bytes.data(), bytes.size());
  }

  std::unique_ptr<Code> load(const std::string &text,
                             const std::string &name) override {
    return translated([&] {
      return std::make_unique<EmulatorCode>(emulator,
                                            emulator.load(text, name));
    });
  }

  uint32_t createStream(uint32_t device) override { return streams[device]++; }

  void write(uint32_t device, uint32_t stream, uint64_t to, const void *data,
             uint64_t bytes) override {
    requireRange(to, bytes);
    const auto *from = static_cast<const char *>(data);
    emulator.enqueue(device, stream,
                     [=, this, copy = std::vector<char>(from, from + bytes)] {
                       emulator.write(to, copy.data(), bytes);
                     });
  }
  void read(uint32_t device, uint32_t stream, void *data, uint64_t from,
            uint64_t bytes) override {
    requireRange(from, bytes);
    emulator.enqueue(device, stream,
                     [=, this] { emulator.read(from, data, bytes); });
  }
  void copy(uint32_t device, uint32_t stream, uint64_t to, uint64_t from,
            uint64_t bytes) override {
    requireRange(to, bytes);
    requireRange(from, bytes);
    emulator.enqueue(device, stream, [=, this] {
      std::vector<char> data(bytes);
      emulator.read(from, data.data(), bytes);
      emulator.write(to, data.data(), bytes);
    });
  }
  void fill(uint32_t device, uint32_t stream, uint64_t to, uint8_t value,
            uint64_t bytes) override {
    requireRange(to, bytes);
    emulator.enqueue(device, stream, [=, this] {
      std::vector<char> data(bytes, static_cast<char>(value));
      emulator.write(to, data.data(), bytes);
    });
  }

  uint64_t record(uint32_t device, uint32_t stream) override {
    return emulator.recordEvent(device, stream);
  }
  void wait(uint32_t device, uint32_t stream, uint64_t event) override {
    emulator.waitEvent(device, stream, event);
  }
  bool isComplete(uint64_t event) const override {
    return emulator.isComplete(event);
  }

  void launch(uint32_t device, uint32_t stream, const Code &code,
              const std::string &kernel, const Launch &launch) override {
    moe::emu::LaunchConfig config;
    config.grid = {launch.grid[0], launch.grid[1], launch.grid[2]};
    config.block = {launch.block[0], launch.block[1], launch.block[2]};
    config.cluster = {launch.cluster[0], launch.cluster[1], launch.cluster[2]};
    config.programmatic = launch.programmatic;
    config.dynamicShared = launch.dynamicShared;
    config.registers = launch.registers;
    config.cooperative = launch.cooperative;
    config.device = device;
    config.stream = stream;
    translated([&] {
      emulator.launch(static_cast<const EmulatorCode &>(code).module, kernel,
                      config, launch.arguments);
    });
  }

  void synchronize(uint32_t device, uint32_t stream) override {
    emulator.run(device, stream);
    throwFindings();
  }
  void synchronizeAll() override {
    emulator.run();
    throwFindings();
  }

  moe::emu::Emulator emulator;

private:
  void requireRange(uint64_t address, uint64_t bytes) {
    translated([&] { emulator.uninitialised(address, bytes); });
  }
  /// Every finding is an error of the first wait behind it.
  void throwFindings() {
    const auto &findings = emulator.findings();
    if (findings.size() <= reported)
      return;
    std::string text =
        formatFinding(findings[reported], emulator.options().seed);
    if (findings.size() - reported > 1)
      text += "and " + std::to_string(findings.size() - reported - 1) +
              " more findings";
    reported = findings.size();
    throw Error(MOE_STATUS_MODEL_FAILED, text);
  }

  std::vector<uint32_t> streams;        ///< by device: how many there are
  std::map<uint64_t, uint64_t> windows; ///< base -> stride
  uint64_t nextWindow = 0x0000'6000'0000'0000;
  size_t reported = 0;
};

} // namespace

moe_status_t moeDeviceOpenEmulator(const moe_emulator_params_t *params,
                                   moe_backend_t *backend) {
  return moe::rt::guard([&] {
    moe_emulator_params_t wanted =
        moe::rt::readParams(params, "moe_emulator_params_t");
    moe::rt::requireArgument(backend, "requires 'backend'");
    moe::rt::requireArgument(wanted.schedule <= MOE_EMULATOR_WEAK,
                             "requires a schedule that is known");
    moe::emu::EmulatorOptions options;
    options.devices = std::max(wanted.devices, 1u);
    if (wanted.multiprocessors)
      options.multiprocessors = wanted.multiprocessors;
    if (wanted.seed)
      options.seed = wanted.seed;
    options.schedule = static_cast<moe::emu::Schedule>(wanted.schedule);
    options.checked = !(wanted.flags & MOE_EMULATOR_UNCHECKED);
    options.counting = wanted.flags & MOE_EMULATOR_COUNTING;
    options.cores = std::max(wanted.cores, 1u);
    *backend = new moe_backend_impl{
        translated([&] { return std::make_shared<EmulatorBackend>(options); })};
  });
}

moe::emu::Emulator &moe::emu::emulatorOf(moe_backend_impl *backend) {
  return dynamic_cast<EmulatorBackend &>(*backend->backend).emulator;
}
