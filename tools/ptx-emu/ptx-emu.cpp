// Runs a kernel of a PTX file on .npy files in the emulator.
#include "../moe-run/Json.h"
#include "../moe-run/Npy.h"
#include "Arguments.h"
#include "Exhaustive.h"
#include "Options.h"
#include "moe-rt/device.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>

using namespace moe;
using namespace moe::ptxemu;
using run::InputError;
using run::jsonList;
using run::jsonString;

namespace {

/// What a run with one seed gave.
struct Outcome {
  uint64_t seed = 0;
  bool clean = true;
  std::vector<emu::Finding> findings;
  std::map<std::string, emu::Counter> counters;
  std::map<std::string, emu::Traffic> traffic;
  std::map<std::pair<std::string, int>, emu::BankCounter> banks;
  emu::TensorCounter tensor;
};

} // namespace

static std::string readFile(const std::string &path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  if (!stream)
    throw InputError("cannot read '" + path + "'");
  return text.str();
}

// ---- the launch interface ----

/// Throws where a call of the launch interface failed. What a kernel did wrong
/// is no failure: it is reported as findings.
static void check(moe_status_t status) {
  if (!status)
    return;
  moe_status_code_t code = moeRuntimeStatusCode(status);
  std::string message = moeRuntimeStatusMessage(status);
  moeRuntimeStatusRelease(status);
  if (code != MOE_STATUS_MODEL_FAILED)
    throw InputError(message);
}

namespace {
template <typename Handle, void (*Release)(Handle *)>
struct Releaser {
  void operator()(Handle *handle) const { Release(handle); }
};
template <typename Handle, void (*Release)(Handle *)>
using Owned = std::unique_ptr<Handle, Releaser<Handle, Release>>;
} // namespace

static moe_device_kernel_t findKernel(moe_device_module_t module,
                                      const Options &options) {
  uint32_t count = moeDeviceModuleKernelCount(module);
  std::vector<std::string> names;
  names.reserve(count);
  for (uint32_t i = 0; i < count; ++i)
    names.emplace_back(moeDeviceKernelName(moeDeviceModuleKernelAt(module, i)));
  moe_device_kernel_t kernel = nullptr;
  check(moeDeviceModuleKernel(module, chooseKernel(names, options).c_str(),
                              &kernel));
  return kernel;
}

static moe_backend_t openEmulator(const Options &options, uint64_t seed) {
  moe_emulator_params_t params{};
  params.struct_size = sizeof(params);
  params.seed = seed;
  params.multiprocessors = options.emulator.multiprocessors;
  params.cores = options.emulator.cores;
  params.schedule =
      static_cast<moe_emulator_schedule_t>(options.emulator.schedule);
  params.flags =
      (options.emulator.checked ? 0u : uint32_t(MOE_EMULATOR_UNCHECKED)) |
      (options.emulator.counting ? uint32_t(MOE_EMULATOR_COUNTING) : 0u);
  moe_backend_t backend = nullptr;
  check(moeDeviceOpenEmulator(&params, &backend));
  return backend;
}

/// Runs once. Buffers are made anew, so that every seed starts from the same.
static Outcome runOnce(const Options &options, const std::string &text,
                       const std::vector<Argument> &arguments, uint64_t seed) {
  Owned<moe_backend_impl, moeDeviceClose> backend(openEmulator(options, seed));
  moe_device_module_t loaded = nullptr;
  check(moeDeviceModuleLoad(backend.get(), text.data(), text.size(),
                            options.file.c_str(), &loaded));
  Owned<moe_device_module_impl, moeDeviceModuleRelease> module(loaded);
  moe_device_stream_t created = nullptr;
  check(moeDeviceStreamCreate(backend.get(), 0, &created));
  Owned<moe_device_stream_impl, moeDeviceStreamRelease> stream(created);

  moe_device_kernel_t kernel = findKernel(module.get(), options);
  uint32_t count = moeDeviceKernelParameterCount(kernel);
  if (count != arguments.size())
    throw InputError("kernel '" + std::string(moeDeviceKernelName(kernel)) +
                     "' expects " + std::to_string(count) +
                     " arguments, but got " + std::to_string(arguments.size()));
  std::vector<uint64_t> values(count);
  std::vector<const void *> pointers(count);
  for (uint32_t i = 0; i < count; ++i) {
    const Argument &argument = arguments[i];
    moe_device_parameter_t parameter{};
    parameter.struct_size = sizeof(parameter);
    check(moeDeviceKernelParameter(kernel, i, &parameter));
    values[i] = argument.bits;
    pointers[i] = argument.structure.empty()
                      ? static_cast<const void *>(&values[i])
                      : argument.structure.data();
    if (argument.isBuffer) {
      size_t size = argument.bufferBytes();
      check(moeDeviceAllocate(backend.get(), 0, size, parameter.name,
                              &values[i]));
      if (argument.input)
        check(moeDeviceWrite(stream.get(), values[i],
                             argument.input->data.get(), size));
    }
    if (bool(parameter.is_array) == argument.structure.empty() ||
        argument.bytes != parameter.bytes)
      throw InputError("parameter '" + std::string(parameter.name) +
                       "' expects " + std::to_string(parameter.bytes) +
                       " bytes, but got '" + options.arguments[i] + "'");
  }
  const emu::LaunchConfig &config = options.config;
  moe_launch_params_t launch{};
  launch.struct_size = sizeof(launch);
  auto set = [](uint32_t (&to)[3], const emu::Dim3 &from) {
    to[0] = from.x;
    to[1] = from.y;
    to[2] = from.z;
  };
  set(launch.grid, config.grid);
  set(launch.block, config.block);
  set(launch.cluster, config.cluster);
  launch.dynamic_shared = config.dynamicShared;
  launch.registers = config.registers;
  launch.flags = config.cooperative ? uint32_t(MOE_LAUNCH_COOPERATIVE) : 0u;
  launch.arguments = pointers.data();
  launch.argument_count = count;
  check(moeDeviceLaunch(stream.get(), kernel, &launch));
  check(moeDeviceSynchronize(backend.get()));

  const emu::Emulator &emulator = emu::emulatorOf(backend.get());
  Outcome outcome;
  outcome.seed = seed;
  outcome.findings = emulator.findings();
  outcome.clean = outcome.findings.empty();
  outcome.counters = emulator.counters();
  outcome.traffic = emulator.traffic();
  outcome.banks = emulator.banks();
  outcome.tensor = emulator.tensorUse();
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Argument &argument = arguments[i];
    if (argument.output.empty())
      continue;
    std::vector<char> data(argument.bufferBytes());
    check(moeDeviceRead(stream.get(), data.data(), values[i], data.size()));
    check(moeDeviceStreamSynchronize(stream.get()));
    moe_tensor_t tensor{{argument.dtype,
                         static_cast<uint32_t>(argument.dims.size()),
                         argument.dims.data()},
                        data.data(),
                        data.size()};
    run::writeNpy(argument.output, tensor);
  }
  if (!options.trace.empty()) {
    std::ofstream trace(options.trace);
    trace << emulator.chromeTrace();
    if (!trace.flush())
      throw InputError("cannot write '" + options.trace + "'");
  }
  return outcome;
}

// ---- reports ----

std::string moe::ptxemu::findingJson(const emu::Finding &f) {
  auto number = [](uint64_t value) { return std::to_string(value); };
  return "{\"kind\": " + jsonString(emu::findingName(f.kind)) +
         ", \"kernel\": " + jsonString(f.kernel) +
         ", \"line\": " + number(static_cast<uint64_t>(f.line)) +
         ", \"instruction\": " + jsonString(f.text) +
         ", \"device\": " + number(static_cast<uint64_t>(f.device)) +
         ", \"cta\": " + jsonList(f.cta, number) +
         ", \"thread\": " + jsonList(f.thread, number) +
         ", \"address\": " + number(f.address) +
         ", \"message\": " + jsonString(f.message) +
         ", \"notes\": " + jsonList(f.notes, jsonString) + "}";
}

static void printJson(const Outcome &outcome, const Options &options) {
  std::string text =
      "{\"file\": " + jsonString(options.file) +
      ", \"seed\": " + std::to_string(outcome.seed) +
      ", \"findings\": " + jsonList(outcome.findings, findingJson);
  if (options.counters) {
    text +=
        ", \"instructions\": " + jsonList(outcome.counters, [](auto &entry) {
          return "{\"opcode\": " + jsonString(entry.first) + ", \"warps\": " +
                 std::to_string(entry.second.warpInstructions) +
                 ", \"threads\": " +
                 std::to_string(entry.second.threadInstructions) + "}";
        });
    text += ", \"traffic\": " + jsonList(outcome.traffic, [](auto &entry) {
              return "{\"space\": " + jsonString(entry.first) +
                     ", \"loads\": " + std::to_string(entry.second.loads) +
                     ", \"stores\": " + std::to_string(entry.second.stores) +
                     "}";
            });
    text += ", \"banks\": " + jsonList(outcome.banks, [](auto &entry) {
              return "{\"kernel\": " + jsonString(entry.first.first) +
                     ", \"line\": " + std::to_string(entry.first.second) +
                     ", \"passes\": " + std::to_string(entry.second.passes) +
                     ", \"cycles\": " + std::to_string(entry.second.cycles) +
                     "}";
            });
    const emu::TensorCounter &tensor = outcome.tensor;
    text += ", \"tensor\": {\"slots\": " + std::to_string(tensor.slots) +
            ", \"tensorSlots\": " + std::to_string(tensor.tensor) +
            ", \"multiplyAdds\": " + std::to_string(tensor.multiplyAdds) + "}";
  }
  std::printf("%s}\n", text.c_str());
}

static void printText(const Outcome &outcome, const Options &options) {
  for (const emu::Finding &finding : outcome.findings)
    std::printf("%s\n", emu::formatFinding(finding, outcome.seed).c_str());
  if (options.counters) {
    std::printf("%14s %16s  instruction\n", "warps", "threads");
    for (const auto &[opcode, counter] : outcome.counters)
      std::printf("%14llu %16llu  %s\n",
                  static_cast<unsigned long long>(counter.warpInstructions),
                  static_cast<unsigned long long>(counter.threadInstructions),
                  opcode.c_str());
    std::printf("%14s %16s  state space\n", "bytes loaded", "bytes stored");
    for (const auto &[space, traffic] : outcome.traffic)
      std::printf(
          "%14llu %16llu  %s\n", static_cast<unsigned long long>(traffic.loads),
          static_cast<unsigned long long>(traffic.stores), space.c_str());
    if (!outcome.banks.empty())
      std::printf("%14s %16s  line, accesses to shared memory\n",
                  "bank conflicts", "cycles");
    for (const auto &[where, banks] : outcome.banks)
      std::printf("%14llu %16llu  %d, %s\n",
                  static_cast<unsigned long long>(banks.cycles - banks.passes),
                  static_cast<unsigned long long>(banks.cycles), where.second,
                  where.first.c_str());
    const emu::TensorCounter &tensor = outcome.tensor;
    if (tensor.tensor)
      std::printf("tensor cores: %.1f %% of %llu issue slots, %llu "
                  "multiply-adds\n",
                  100.0 * static_cast<double>(tensor.tensor) /
                      static_cast<double>(tensor.slots),
                  static_cast<unsigned long long>(tensor.slots),
                  static_cast<unsigned long long>(tensor.multiplyAdds));
  }
  std::printf("%s: %s\n", options.file.c_str(),
              outcome.clean
                  ? "nothing found"
                  : (std::to_string(outcome.findings.size()) +
                     " found with seed " + std::to_string(outcome.seed))
                        .c_str());
}

int main(int argc, char **argv) {
  try {
    Options options = parseOptions(argc, argv);
    if (options.help || options.version) {
      std::fputs(options.help ? kHelp : "ptx-emu " MOE_VERSION "\n", stdout);
      return 0;
    }
    std::vector<Argument> arguments;
    arguments.reserve(options.arguments.size());
    for (const std::string &text : options.arguments)
      arguments.push_back(parseArgument(text));
    std::string text = readFile(options.file);
    if (options.exhaustive)
      return runExhaustively(options, text, arguments);
    Outcome outcome;
    for (uint64_t i = 0; i < options.seeds && outcome.clean; ++i)
      outcome = runOnce(options, text, arguments, options.emulator.seed + i);
    if (options.json)
      printJson(outcome, options);
    else
      printText(outcome, options);
    return outcome.clean ? 0 : 1;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "ptx-emu: error: %s\n", error.what());
    return 2;
  }
}
