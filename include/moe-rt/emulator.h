// The PTX emulator's C++ API: runs GPU kernels on a machine without a GPU and
// checks what hardware never checks. Needs no LLVM. See docs/emulator.md.
//
//   Emulator -> Module (PTX text) -> launch -> run -> findings, memory
//
// Ownership: an Emulator owns its devices' memory and its modules; pointers and
// references that it returns live as long as it does. An Emulator is used by
// one thread at a time; different Emulators share nothing.
#ifndef MOE_RT_EMULATOR_H
#define MOE_RT_EMULATOR_H

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct moe_backend_impl;

namespace moe::emu {

/// A module that cannot be loaded. what() has one line "file:line: problem" for
/// each statement that is not supported or not well formed.
class LoadError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A call of this API that breaks its contract.
class UsageError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

enum class FindingKind : uint8_t {
  OutOfBounds,
  UseAfterFree,
  Misaligned,
  UninitialisedMemory,
  UninitialisedRegister,
  ReadOnlyWrite,
  Race,
  BarrierMisuse,
  MbarrierMisuse,
  Divergence, ///< an .aligned or .sync instruction without all of its lanes
  AsyncMisuse,
  Trap,
  Deadlock,
  Livelock,
};
/// "out-of-bounds", "race", ...
const char *findingName(FindingKind kind);

/// Something a kernel did wrong.
struct Finding {
  FindingKind kind;
  std::string kernel;
  int line = 0;     ///< of the module's text; 0: none
  std::string text; ///< the instruction
  int device = 0;
  std::array<uint32_t, 3> cta{}, thread{};
  uint64_t address = 0;
  std::string message;            ///< one sentence
  std::vector<std::string> notes; ///< the other access, who waits for what, ...
};

enum class Schedule : uint8_t {
  Random, ///< seeded choice of warps, quanta and completions
  Latest, ///< asynchronous copies complete late, the last one first
  Starve, ///< one CTA runs when nothing else can; copies are done at once
  /// As Random, and a read may give any value that the memory model lets it:
  /// stores arrive late and in any order, loads happen late.
  Weak,
  /// As Weak, with all choices of EmulatorOptions::explorer one after the
  /// other.
  Exhaustive,
};

/// Walks through everything that a small program can do, depth first: all
/// schedules that differ in more than the order of independent accesses, and
/// in each all values that the memory model allows. The same program has to run
/// between two calls of next(), from the same memory, in one Emulator whose
/// options name the explorer.
///
///   while (explorer.next()) {
///     emulator.write(...); emulator.launch(...); emulator.run();
///     if (!explorer.redundant()) ... look at memory and findings ...
///   }
class Explorer {
public:
  /// Stops after `maxRuns` runs.
  explicit Explorer(uint64_t maxRuns = 1000000);
  /// The one run that `path` names.
  explicit Explorer(const std::string &path);
  ~Explorer();
  /// Begins the next run; false where there is none.
  bool next();
  /// Whether the run does nothing that another one does not do. It has been
  /// cut short and memory has no result.
  bool redundant() const;
  /// Whether all runs have been made.
  bool complete() const;
  uint64_t runs() const;
  /// The choices of this run, to repeat it.
  std::string path() const;

  struct State;

private:
  friend class Emulator;
  std::unique_ptr<State> state;
};

struct EmulatorOptions {
  uint64_t seed = 1;
  Schedule schedule = Schedule::Random;
  /// Of Schedule::Exhaustive; it lives at least as long as the emulator.
  Explorer *explorer = nullptr;
  /// All checks of FindingKind; off: only those that keep the emulator safe.
  bool checked = true;
  /// Tensor memory that is ordered but for a missing tcgen05.fence is a race,
  /// as the PTX ISA has it. CUTLASS leaves these fences out.
  bool tensorFences = true;
  /// Counts instructions by opcode; see Emulator::counters.
  bool counting = false;
  unsigned devices = 1;
  /// Multiprocessors of a device: limits how many CTAs are resident.
  unsigned multiprocessors = 132;
  /// Threads of the host that run CTAs side by side, in an order that nothing
  /// repeats: only without checks and counters, with Schedule::Random and the
  /// seed that options have anyway. Kernels get anywhere as on one core;
  /// deadlocks and livelocks are found.
  unsigned cores = 1;
  /// How many findings that do not end the run are kept.
  unsigned maxFindings = 20;
  /// Scheduling slots in which no memory changes and no thread ends, after
  /// which a run is called a livelock.
  uint64_t livelockSlots = 200000;
  /// Scheduling slots of one run, after which it is stopped; 0: no limit.
  uint64_t slotLimit = 0;
};

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
};

struct KernelParameter {
  std::string name;
  std::string type; ///< "u64", "f32", "b8" of arrays
  uint32_t offset, size, align;
  bool isArray;
};

struct LaunchConfig {
  Dim3 grid, block;
  uint32_t dynamicShared = 0;
  unsigned device = 0;
  unsigned stream = 0;
  /// Of a thread, as ptxas reports them: limit how many CTAs are resident. 0:
  /// what the kernel's .maxnreg names, else no limit.
  uint32_t registers = 0;
  /// All CTAs must be resident at once.
  bool cooperative = false;
  /// CTAs of a cluster; zeros: what the kernel's .reqnctapercluster names, else
  /// one.
  Dim3 cluster{0, 0, 0};
  /// May start when every CTA of the kernel before it in the stream has
  /// executed griddepcontrol.launch_dependents or ended.
  bool programmatic = false;
};

/// Describes a tensor in global memory for tensor copies, in the terms and with
/// the numbers of cuTensorMapEncodeTiled. Dimension 0 is the innermost one.
struct TensorMapParams {
  /// CUtensorMapDataType: 0 u8, 1 u16, 2 u32, 3 s32, 4 u64, 5 s64, 6 f16, 7
  /// f32, 8 f64, 9 bf16, 10 f32 ftz, 11 tf32, 12 tf32 ftz.
  uint32_t type = 0;
  uint32_t rank = 1;
  uint64_t address = 0;
  std::array<uint64_t, 5> dims{};    ///< elements
  std::array<uint64_t, 4> strides{}; ///< bytes, of dimensions 1 to 4
  std::array<uint32_t, 5> box{};     ///< elements
  std::array<uint32_t, 5> elementStrides{1, 1, 1, 1, 1};
  uint32_t interleave = 0; ///< 0: none; others are not supported
  uint32_t swizzle = 0;    ///< 0 none, 1: 32, 2: 64, 3: 128 bytes
  uint32_t l2Promotion = 0;
  uint32_t oobFill = 0; ///< 0: zeros; 1 (NaN) is not supported
};
/// The 128 opaque bytes that kernels get. Throws UsageError where the encoding
/// rules of the CUDA driver are broken.
std::array<char, 128> encodeTensorMap(const TensorMapParams &params);

struct Counter {
  uint64_t warpInstructions = 0, threadInstructions = 0;
};

struct Traffic {
  uint64_t loads = 0, stores = 0; ///< bytes
};

/// Accesses of an instruction to shared memory: passes of a warp over the banks
/// (one for up to 4 bytes per thread, two for 8, four for 16) and the cycles
/// that they take; without conflicts one each.
struct BankCounter {
  uint64_t passes = 0, cycles = 0;
};

/// Issue slots are warp instructions; `tensor` of them multiply matrices.
struct TensorCounter {
  uint64_t slots = 0, tensor = 0, multiplyAdds = 0;
};

class Module;
struct Machine;

/// A thread of the host that shares memory with kernels while they run, such as
/// the proxy of a network. Its accesses are checked for races like those of any
/// thread. Ranges that are not within one allocation are UsageErrors, writes to
/// read-only memory too.
class HostThread {
public:
  ~HostThread();
  /// Weak accesses.
  void read(uint64_t address, void *data, uint64_t bytes);
  void write(uint64_t address, const void *data, uint64_t bytes);
  /// Accesses of system scope: of 1, 2, 4 or 8 bytes, at a multiple of that.
  /// Anything else is a UsageError.
  uint64_t loadAcquire(uint64_t address, uint32_t bytes);
  void storeRelease(uint64_t address, uint64_t value, uint32_t bytes);
  void addRelease(uint64_t address, uint64_t value, uint32_t bytes);

  struct State;

private:
  friend class Emulator;
  friend struct Machine;
  explicit HostThread(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

class Emulator {
public:
  explicit Emulator(const EmulatorOptions &options = {});
  ~Emulator();
  Emulator(const Emulator &) = delete;
  Emulator &operator=(const Emulator &) = delete;

  /// Loads PTX text on every device. Throws LoadError; `name` begins the lines
  /// of its message.
  Module &load(const std::string &text, const std::string &name = "<ptx>");

  /// Memory of a device, uninitialised, aligned to 256 bytes and no better. The
  /// address is reproducible. `at`: a fixed address, such as a symmetric
  /// window's; 0: anywhere.
  uint64_t allocate(uint64_t bytes, unsigned device = 0,
                    const std::string &name = "", uint64_t at = 0);
  void release(uint64_t address);
  /// A window of `bytes` bytes for multimem instructions, whose accesses go to
  /// all of `copies`. Only those instructions may use its addresses.
  uint64_t bindMulticast(const std::vector<uint64_t> &copies, uint64_t bytes);
  void write(uint64_t address, const void *data, uint64_t bytes);
  void read(uint64_t address, void *data, uint64_t bytes) const;
  /// Bytes of a range that nobody has written; without checks, no kernel
  /// counts.
  uint64_t uninitialised(uint64_t address, uint64_t bytes) const;

  /// Queues a launch behind the others of its stream. `arguments` has the
  /// kernel's parameters one after the other at their offsets.
  void launch(Module &module, const std::string &kernel,
              const LaunchConfig &config, const std::vector<char> &arguments);
  /// How many CTAs of a launch one multiprocessor holds; 0: none, and a launch
  /// is a UsageError.
  unsigned occupancy(const Module &module, const std::string &kernel,
                     const LaunchConfig &config) const;
  /// Queues work of the host: called when the stream comes to it. It must not
  /// use the emulator but for reading and writing memory.
  void enqueue(unsigned device, unsigned stream, std::function<void()> work);
  /// Adds a thread of the host. `step` is called again and again while kernels
  /// run, at times that the schedule chooses, and does one thing; it returns
  /// false where there was nothing to do. The thread lives as long as the
  /// emulator. Not for exhaustive searches.
  void addHostThread(std::function<bool(HostThread &)> step);
  /// Queues an event, which is complete when the stream comes to it.
  uint64_t recordEvent(unsigned device, unsigned stream);
  /// What the stream gets from now on comes after the event.
  void waitEvent(unsigned device, unsigned stream, uint64_t event);
  bool isComplete(uint64_t event) const;
  /// Runs everything that is queued on all devices to its end. Returns true
  /// where there is no finding at all since the emulator was made; a run that a
  /// finding ends leaves nothing queued.
  bool run();
  /// Runs until everything that this stream has is done. Others get as far as
  /// they get, and go on with the next run.
  bool run(unsigned device, unsigned stream);

  const std::vector<Finding> &findings() const;
  /// By full opcode; filled where EmulatorOptions::counting.
  std::map<std::string, Counter> counters() const;
  /// By state space ("tensor": tensor memory), asynchronous copies and operands
  /// of matrix instructions included; filled where EmulatorOptions::counting.
  std::map<std::string, Traffic> traffic() const;
  /// By kernel and line; filled where EmulatorOptions::counting.
  std::map<std::pair<std::string, int>, BankCounter> banks() const;
  /// Filled where EmulatorOptions::counting.
  TensorCounter tensorUse() const;
  /// When each CTA ran, in scheduling slots: Chrome's trace event format.
  std::string chromeTrace() const;
  const EmulatorOptions &options() const;

  struct State;

private:
  std::unique_ptr<State> state;
};

/// A loaded module.
class Module {
public:
  virtual ~Module() = default;
  virtual std::vector<std::string> kernels() const = 0;
  /// Throws UsageError where there is no such kernel.
  virtual std::vector<KernelParameter>
  parameters(const std::string &kernel) const = 0;
  virtual uint32_t parameterBytes(const std::string &kernel) const = 0;
  /// The address of a .global or .const variable on a device.
  virtual uint64_t variable(const std::string &name,
                            unsigned device = 0) const = 0;
};

/// The emulator behind a back end that moeDeviceOpenEmulator opened
/// (moe-rt/device.h).
Emulator &emulatorOf(moe_backend_impl *backend);

/// A finding as a sanitizer would print it, several lines.
std::string formatFinding(const Finding &finding, uint64_t seed);

} // namespace moe::emu

#endif // MOE_RT_EMULATOR_H
