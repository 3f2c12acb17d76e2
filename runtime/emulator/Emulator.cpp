// The public API: loading, memory, launches, reports.
#include "Cores.h"
#include "Decoder.h"
#include "Explorer.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <memory>
#include <sstream>

using namespace moe::emu;

struct Emulator::State : Machine {
  using Machine::Machine;
};

const char *moe::emu::findingName(FindingKind kind) {
  static const char *const kNames[] = {"out-of-bounds",
                                       "use-after-free",
                                       "misaligned",
                                       "uninitialised-memory",
                                       "uninitialised-register",
                                       "read-only-write",
                                       "race",
                                       "barrier-misuse",
                                       "mbarrier-misuse",
                                       "divergence",
                                       "async-misuse",
                                       "trap",
                                       "deadlock",
                                       "livelock"};
  return kNames[static_cast<size_t>(kind)];
}

Emulator::Emulator(const EmulatorOptions &options)
    : state(std::make_unique<State>(options)) {
  if (options.devices == 0 || options.multiprocessors == 0)
    throw UsageError("expects at least one device with one multiprocessor");
  if (state->weak && !options.checked)
    throw UsageError("expects checks with the weak schedules");
  if ((options.schedule == Schedule::Exhaustive) !=
      (options.explorer != nullptr))
    throw UsageError("expects an explorer with the exhaustive schedule only");
  if (options.cores == 0)
    throw UsageError("expects at least one core");
  if (options.cores > 1 && options.checked)
    throw UsageError("expects one core with checks: they follow one order of "
                     "all accesses, which several cores do not have");
  if (options.cores > 1 && options.seed != EmulatorOptions().seed)
    throw UsageError("expects one core with a seed: several cores run in an "
                     "order that no seed repeats");
  if (options.cores > 1 &&
      (options.schedule != Schedule::Random || options.counting))
    throw UsageError("expects one core with a schedule other than random and "
                     "with counters");
  if (options.cores > 1)
    state->cores = std::make_unique<Cores>(*state, options.cores);
  if (options.explorer)
    state->explorerState = options.explorer->state.get();
}

Emulator::~Emulator() = default;

// ---- modules ----

/// The bytes of an initialised variable; addresses of other variables are those
/// of `symbols`.
static std::vector<char>
initialBytes(const ast::Variable &variable, uint64_t size,
             const std::map<std::string, uint64_t> &symbols) {
  std::vector<char> bytes(size);
  auto width =
      static_cast<size_t>(std::max(bitsOf(parseType(variable.type)), 8)) / 8;
  size_t at = 0;
  for (const ast::Initialiser &part : variable.initialisers) {
    uint64_t value = part.value.bits;
    if (part.value.kind == ast::Operand::Kind::Name) {
      auto found = symbols.find(part.value.name);
      if (found == symbols.end())
        throw LoadError("the initialiser of '" + variable.name + "' names '" +
                        part.value.name + "', which has no address");
      value = found->second + static_cast<uint64_t>(part.value.offset);
      if (part.mask)
        value = (value & part.mask) >> std::countr_zero(part.mask);
    } else if (part.value.kind == ast::Operand::Kind::Float64 && width == 4) {
      value = asBits(static_cast<float>(asDouble(value)));
    } else if (part.value.kind == ast::Operand::Kind::Float32 && width == 8) {
      value =
          asBits(static_cast<double>(asFloat(static_cast<uint32_t>(value))));
    }
    if (at + width > size)
      throw LoadError("'" + variable.name +
                      "' has more initial values than elements");
    std::memcpy(bytes.data() + at, &value, std::min<size_t>(width, 8));
    at += width;
  }
  return bytes;
}

static void placeVariables(Machine &state, LoadedModule &loaded,
                           const ast::Module &module, unsigned device);

Module &Emulator::load(const std::string &text, const std::string &name) {
  Problems problems;
  ast::Module module = parseModule(text, problems);
  auto loaded = std::make_unique<LoadedModule>();
  loaded->name = name;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    size_t begin = line.find_first_not_of(" \t");
    loaded->lines.push_back(begin == std::string::npos ? ""
                                                       : line.substr(begin));
  }
  DecodeOptions options{state->options.checked, state->weak};
  // Every kernel is decoded, so that one error names everything in the file.
  for (const ast::Function &function : module.functions)
    if (function.isEntry && function.body)
      loaded->programs[function.name] = std::make_unique<Program>(
          Decoder(module, function, problems, options).run());
  if (!problems.empty())
    throw LoadError(problems.text(name));
  loaded->symbols.resize(state->options.devices);
  for (unsigned device = 0; device < state->options.devices; ++device)
    placeVariables(*state, *loaded, module, device);
  state->modules.push_back(std::move(loaded));
  return *state->modules.back();
}

static void placeVariables(Machine &state, LoadedModule &loaded,
                           const ast::Module &module, unsigned device) {
  auto &symbols = loaded.symbols[device];
  std::vector<std::pair<const ast::Variable *, Allocation *>> placed;
  for (const ast::Variable &variable : module.variables) {
    if (variable.space != "global" && variable.space != "const")
      continue;
    uint64_t size =
        static_cast<uint64_t>(std::max(bitsOf(parseType(variable.type)), 8)) /
        8 * variable.vector;
    for (uint64_t extent : variable.shape)
      size *= extent == 0 ? variable.initialisers.size() : extent;
    if (variable.isExtern || symbols.count(variable.name))
      continue;
    Allocation &allocation =
        state.memory.add(std::max<uint64_t>(size, 1), variable.name,
                         static_cast<int>(device), 0);
    symbols[variable.name] = allocation.base;
    placed.emplace_back(&variable, &allocation);
  }
  for (const auto &[variable, allocation] : placed) {
    std::vector<char> bytes =
        initialBytes(*variable, allocation->size, symbols);
    std::memcpy(allocation->bytes.get(), bytes.data(), bytes.size());
    // Variables without an initialiser are zero.
    std::fill_n(allocation->states.get(), allocation->size,
                Allocation::kInitialised);
    allocation->readOnly = variable->space == "const";
  }
}

std::vector<std::string> LoadedModule::kernels() const {
  std::vector<std::string> names;
  names.reserve(programs.size());
  for (const auto &entry : programs)
    names.push_back(entry.first);
  return names;
}

const Program &LoadedModule::program(const std::string &kernel) const {
  auto found = programs.find(kernel);
  if (found == programs.end())
    throw UsageError("'" + name + "' has no kernel '" + kernel + "'");
  return *found->second;
}

std::vector<KernelParameter>
LoadedModule::parameters(const std::string &kernel) const {
  std::vector<KernelParameter> result;
  for (const KernelParam &param : program(kernel).params)
    result.push_back({param.name, param.type, param.offset, param.size,
                      param.align, param.isArray});
  return result;
}

uint32_t LoadedModule::parameterBytes(const std::string &kernel) const {
  return program(kernel).paramBytes;
}

uint64_t LoadedModule::variable(const std::string &symbol,
                                unsigned device) const {
  auto found = symbols.at(device).find(symbol);
  if (found == symbols[device].end())
    throw UsageError("'" + name + "' has no variable '" + symbol + "'");
  return found->second;
}

// ---- memory ----

uint64_t Emulator::allocate(uint64_t bytes, unsigned device,
                            const std::string &name, uint64_t at) {
  if (device >= state->options.devices)
    throw UsageError("there is no device " + std::to_string(device));
  return state->memory
      .add(std::max<uint64_t>(bytes, 1), name.empty() ? "memory" : name,
           static_cast<int>(device), at)
      .base;
}

void Emulator::release(uint64_t address) {
  Place place = state->memory.place(address, 1);
  if (place.offset)
    throw UsageError("expects the address of an allocation");
  place.allocation->released = true;
}

uint64_t Emulator::bindMulticast(const std::vector<uint64_t> &copies,
                                 uint64_t bytes) {
  for (uint64_t copy : copies)
    state->memory.place(copy, bytes);
  uint64_t base = kMulticastBase;
  if (!state->multicasts.empty()) {
    const Multicast &last = state->multicasts.back();
    base = (last.base + last.bytes + 2 * kRedZone) / kRedZone * kRedZone;
  }
  state->multicasts.push_back({base, bytes, copies});
  return base;
}

void Emulator::write(uint64_t address, const void *data, uint64_t bytes) {
  if (bytes == 0)
    return;
  Place to = state->memory.place(address, bytes);
  forgetHistory(to, bytes);
  copyBytes(*state, to.bytes(), static_cast<const char *>(data), bytes);
  std::fill_n(to.states(), bytes, Allocation::kInitialised);
}

void Emulator::read(uint64_t address, void *data, uint64_t bytes) const {
  if (bytes == 0)
    return;
  copyBytes(*state, static_cast<char *>(data),
            state->memory.place(address, bytes).bytes(), bytes);
}

uint64_t Emulator::uninitialised(uint64_t address, uint64_t bytes) const {
  const uint8_t *states = state->memory.place(address, bytes).states();
  return static_cast<uint64_t>(
      std::count_if(states, states + bytes,
                    [](uint8_t s) { return !(s & Allocation::kInitialised); }));
}

// ---- launches ----

void Emulator::launch(Module &module, const std::string &kernel,
                      const LaunchConfig &config,
                      const std::vector<char> &arguments) {
  auto &loaded = static_cast<LoadedModule &>(module);
  const Program &program = loaded.program(kernel);
  auto need = [&](bool condition, const std::string &message) {
    if (!condition)
      throw UsageError("kernel '" + kernel + "': " + message);
  };
  uint64_t threads = config.block.count();
  need(config.device < state->options.devices,
       "there is no device " + std::to_string(config.device));
  need(threads >= 1 && threads <= 1024,
       "expects 1 to 1024 threads per CTA, but got " + std::to_string(threads));
  need(config.grid.count() >= 1 && config.grid.count() < 1u << 20,
       "expects 1 to 1048575 CTAs, but got " +
           std::to_string(config.grid.count()));
  need(arguments.size() == program.paramBytes,
       "expects " + std::to_string(program.paramBytes) +
           " bytes of arguments, but got " + std::to_string(arguments.size()));
  auto directive = program.directives.find(".reqntid");
  if (directive != program.directives.end()) {
    std::array<uint64_t, 3> wanted{1, 1, 1};
    std::copy_n(directive->second.begin(),
                std::min<size_t>(directive->second.size(), 3), wanted.begin());
    need(wanted[0] == config.block.x && wanted[1] == config.block.y &&
             wanted[2] == config.block.z,
         "expects the block size that its '.reqntid' names");
  }
  directive = program.directives.find(".maxntid");
  if (directive != program.directives.end()) {
    uint64_t most = 1;
    for (uint64_t extent : directive->second)
      most *= extent;
    need(threads <= most, "expects at most the " + std::to_string(most) +
                              " threads that its '.maxntid' names");
  }
  Dim3 cluster = config.cluster;
  directive = program.directives.find(".reqnctapercluster");
  bool names = directive != program.directives.end();
  if (!cluster.count() && names) {
    uint32_t *axes[] = {&cluster.x, &cluster.y, &cluster.z};
    for (size_t axis = 0; axis < 3; ++axis)
      *axes[axis] = axis < directive->second.size()
                        ? static_cast<uint32_t>(directive->second[axis])
                        : 1;
  }
  for (uint32_t *extent : {&cluster.x, &cluster.y, &cluster.z})
    *extent = std::max(*extent, 1u);
  need(cluster.count() <= 16, "expects at most 16 CTAs in a cluster, but got " +
                                  std::to_string(cluster.count()));
  need(config.grid.x % cluster.x == 0 && config.grid.y % cluster.y == 0 &&
           config.grid.z % cluster.z == 0,
       "expects a grid that is a multiple of the cluster");
  need(program.dynamicShared + config.dynamicShared <=
           kMostSharedBytes +
               (program.usesReservedShared ? kReservedShared : 0),
       "needs more than 227 KiB of shared memory");
  auto launch = std::make_unique<Launch>();
  launch->program = &program;
  launch->module = &loaded;
  launch->config = config;
  launch->id = ++state->launches;
  launch->knowledge = state->hostKnowledge;
  launch->cluster = cluster;
  launch->perMultiprocessor = ctasPerMultiprocessor(program, config);
  need(launch->perMultiprocessor,
       "needs more registers than a multiprocessor has");
  need(cluster.count() <=
           uint64_t(launch->perMultiprocessor) * state->options.multiprocessors,
       "a cluster of more CTAs than can be resident");
  need(!config.cooperative ||
           config.grid.count() <= uint64_t(launch->perMultiprocessor) *
                                      state->options.multiprocessors,
       "a cooperative launch of more CTAs than can be resident (" +
           std::to_string(config.grid.count()) + "; multiprocessors: " +
           std::to_string(state->options.multiprocessors) +
           ", of room for CTAs each: " +
           std::to_string(launch->perMultiprocessor) + ")");
  if (!arguments.empty()) {
    launch->params =
        &state->memory.add(arguments.size(), "parameters of " + kernel,
                           static_cast<int>(config.device), 0);
    std::memcpy(launch->params->bytes.get(), arguments.data(),
                arguments.size());
    std::fill_n(launch->params->states.get(), arguments.size(),
                Allocation::kInitialised);
    launch->params->readOnly = true;
  }
  if (config.cooperative) {
    constexpr uint64_t kWorkspace = 64;
    launch->workspace = &state->memory.add(kWorkspace, "workspace of " + kernel,
                                           static_cast<int>(config.device), 0);
    std::fill_n(launch->workspace->states.get(), kWorkspace,
                Allocation::kInitialised);
  }
  launch->constantBytes =
      std::max<size_t>((program.constants.size() + 127) / 128 * 128, 128);
  size_t ranks = program.sharedAddresses.empty() ? 1 : cluster.count();
  launch->constants.reset(static_cast<char *>(
      std::aligned_alloc(128, launch->constantBytes * ranks)));
  std::copy(program.constants.begin(), program.constants.end(),
            launch->constants.get());
  for (const Program::Relocation &relocation : program.relocations) {
    auto found = loaded.symbols[config.device].find(relocation.symbol);
    need(found != loaded.symbols[config.device].end(),
         "variable '" + relocation.symbol + "' has no definition");
    uint64_t address = found->second + static_cast<uint64_t>(relocation.addend);
    for (int lane = 0; lane < kWarpSize; ++lane)
      std::memcpy(launch->constants.get() + relocation.constant +
                      size_t(8) * lane,
                  &address, 8);
  }
  for (size_t rank = 1; rank < ranks; ++rank) {
    char *own = launch->constants.get() + rank * launch->constantBytes;
    std::copy_n(launch->constants.get(), launch->constantBytes, own);
    for (const auto &[offset, isWide] : program.sharedAddresses)
      for (size_t lane = 0; lane < kWarpSize; ++lane)
        // The fourth byte of either width: rank times kSharedStride.
        own[offset + lane * (isWide ? 8 : 4) + 3] = static_cast<char>(rank);
  }
  state->streams[{config.device, config.stream}].push_back(std::move(launch));
}

unsigned Emulator::occupancy(const Module &module, const std::string &kernel,
                             const LaunchConfig &config) const {
  return ctasPerMultiprocessor(
      static_cast<const LoadedModule &>(module).program(kernel), config);
}

static void queueAction(Machine &machine, unsigned device, unsigned stream,
                        std::function<bool(Knowledge &)> action) {
  if (device >= machine.options.devices)
    throw UsageError("there is no device " + std::to_string(device));
  auto launch = std::make_unique<Launch>();
  launch->action = std::move(action);
  machine.streams[{device, stream}].push_back(std::move(launch));
}

void Emulator::enqueue(unsigned device, unsigned stream,
                       std::function<void()> work) {
  queueAction(*state, device, stream,
              [this, host = state->hostKnowledge,
               work = std::move(work)](Knowledge &knowledge) {
                knowledge.join(host);
                work();
                state->noteProgress();
                return true;
              });
}

void Emulator::addHostThread(std::function<bool(HostThread &)> step) {
  if (state->options.schedule == Schedule::Exhaustive)
    throw UsageError("an exhaustive search has no threads of the host");
  state->addHost(std::move(step));
}

uint64_t Emulator::recordEvent(unsigned device, unsigned stream) {
  uint64_t event = state->events.size();
  queueAction(*state, device, stream, [this, event](Knowledge &knowledge) {
    state->events[event] = knowledge;
    return true;
  });
  state->events.emplace_back();
  return event;
}

bool Emulator::isComplete(uint64_t event) const {
  return state->events.at(event).has_value();
}

void Emulator::waitEvent(unsigned device, unsigned stream, uint64_t event) {
  if (event >= state->events.size())
    throw UsageError("there is no event " + std::to_string(event));
  queueAction(*state, device, stream, [this, event](Knowledge &knowledge) {
    if (!isComplete(event))
      return false;
    knowledge.join(*state->events[event]);
    return true;
  });
}

/// Runs; a finding that ends the run leaves nothing queued.
static void runQueues(Machine &machine,
                      const std::optional<StreamKey> &stream) {
  auto abandon = [&] {
    machine.abandon();
    if (machine.cores)
      machine.cores->abandon();
    for (auto &entry : machine.streams)
      entry.second.clear();
    for (auto &event : machine.events)
      if (!event)
        event.emplace();
  };
  if (machine.options.schedule == Schedule::Exhaustive &&
      machine.resident.empty()) {
    // Every run finds the same machine.
    machine.firstExplored = machine.races.ctaCount();
    machine.freeSlots.clear();
    machine.slotCount = 0;
    machine.slots = machine.progress = 0;
  }
  try {
    machine.run(stream);
  } catch (const RunStopped &) {
    abandon();
  } catch (const RunRedundant &) {
    machine.explorer().redundant = true;
    abandon();
  }
}

bool Emulator::run() {
  runQueues(*state, std::nullopt);
  // The host has waited for everything.
  state->races.synchroniseAll();
  state->streamKnowledge.clear();
  state->hostKnowledge = {};
  state->memory.forgetHistories();
  state->scFences.clear();
  state->pollsOf.clear();
  state->tensormapReleases.clear();
  state->tensormapAcquires.clear();
  return state->findings.empty();
}

bool Emulator::run(unsigned device, unsigned stream) {
  runQueues(*state, std::pair(device, stream));
  state->hostKnowledge.join(state->streamKnowledge[{device, stream}]);
  return state->findings.empty();
}

// ---- reports ----

const std::vector<Finding> &Emulator::findings() const {
  return state->findings;
}
std::map<std::string, Counter> Emulator::counters() const {
  return state->counts;
}
std::map<std::string, Traffic> Emulator::traffic() const {
  return state->traffic;
}
std::map<std::pair<std::string, int>, BankCounter> Emulator::banks() const {
  return state->banks;
}
TensorCounter Emulator::tensorUse() const { return state->tensorUse; }
const EmulatorOptions &Emulator::options() const { return state->options; }

std::string Emulator::chromeTrace() const {
  // A process is a device, a thread a place for a CTA.
  std::string text = "{\"traceEvents\": [";
  bool first = true;
  for (unsigned device = 0; device < state->options.devices; ++device) {
    text += std::string(first ? "" : ",") +
            "\n  {\"name\": \"process_name\", \"ph\": \"M\", \"pid\": " +
            std::to_string(device) + ", \"args\": {\"name\": \"device " +
            std::to_string(device) + "\"}}";
    first = false;
  }
  for (const Machine::Span &span : state->spans) {
    text += std::string(first ? "" : ",") + "\n  {\"name\": \"" + span.name +
            "\", \"ph\": \"X\", \"ts\": " + std::to_string(span.begin) +
            ", \"dur\": " + std::to_string(span.end - span.begin) +
            ", \"pid\": " + std::to_string(span.device) +
            ", \"tid\": " + std::to_string(span.slot) + "}";
    first = false;
  }
  return text + "\n]}\n";
}

/// `text` with the names of C++ as they are in the source.
static std::string demangled(std::string text) {
  auto isPart = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$';
  };
  for (size_t at = 0; (at = text.find("_Z", at)) != std::string::npos;) {
    size_t end = at;
    while (end < text.size() && isPart(text[end]))
      ++end;
    std::unique_ptr<char, void (*)(void *)> name(
        abi::__cxa_demangle(text.substr(at, end - at).c_str(), nullptr, nullptr,
                            nullptr),
        std::free);
    bool isName = name && (at == 0 || !isPart(text[at - 1]));
    if (isName)
      text.replace(at, end - at, name.get());
    at = isName ? at + std::strlen(name.get()) : end;
  }
  return text;
}

std::string moe::emu::formatFinding(const Finding &f, uint64_t seed) {
  auto triple = [](const std::array<uint32_t, 3> &v) {
    return "(" + std::to_string(v[0]) + ", " + std::to_string(v[1]) + ", " +
           std::to_string(v[2]) + ")";
  };
  constexpr size_t kMostText = 160; // wgmma names many registers
  std::string text = std::string("ERROR: ") + findingName(f.kind) + ": " +
                     f.message + "\n  in kernel '" + demangled(f.kernel) +
                     "', device " + std::to_string(f.device) + ", CTA " +
                     triple(f.cta) + ", thread " + triple(f.thread);
  if (f.line)
    text += "\n  at line " + std::to_string(f.line) + ": " +
            (f.text.size() > kMostText ? f.text.substr(0, kMostText) + "..."
                                       : f.text);
  for (const std::string &note : f.notes)
    text += "\n  note: " + demangled(note);
  return text + "\n  replay with --seed=" + std::to_string(seed) + "\n";
}
