// Litmus tests: what the exhaustive search reaches, against documented verdicts
// and against the axioms of the memory model (PtxAxioms.h).
#include "PtxAxioms.h"
#include "Support.h"

#include <random>

using namespace moe::emu;
using namespace moe::emu::test;

namespace {

using Kind = LitmusOp::Kind;

/// Where the locations are: in global memory, or in the shared memory of the
/// first CTA, which has to be in the cluster of all others.
enum class Memory : uint8_t { Global, Shared };

std::string ptxOf(const LitmusOp &op, Memory memory) {
  static const char *const kOrders[] = {"weak",    "relaxed", "acquire",
                                        "release", "acq_rel", "sc"};
  static const char *const kScopes[] = {"cta", "cluster", "gpu", "sys"};
  std::string order = kOrders[static_cast<int>(op.order)],
              scope = kScopes[static_cast<int>(op.scope)],
              suffix = "." + order +
                       (op.order == LitmusOp::Order::Weak ? "" : "." + scope),
              space = memory == Memory::Global ? ".global" : ".shared::cluster",
              place = (memory == Memory::Global ? "[%p0+" : "[%r24+") +
                      std::to_string(op.location * 64) + "]",
              to = op.result < 0 ? "_" : "%r" + std::to_string(op.result),
              value = op.valueFrom < 0 ? std::to_string(op.value)
                                       : "%r" + std::to_string(op.valueFrom);
  switch (op.kind) {
  case Kind::Load:
    return "ld" + suffix + space + ".u32 " + to + ", " + place + ";\n";
  case Kind::Store:
    return "st" + suffix + space + ".u32 " + place + ", " + value + ";\n";
  case Kind::Add:
    return "atom" + suffix + space + ".add.u32 " + to + ", " + place + ", " +
           value + ";\n";
  case Kind::Exchange:
    return "atom" + suffix + space + ".exch.b32 " + to + ", " + place + ", " +
           value + ";\n";
  case Kind::Fence:
    if (op.sharedOnly)
      return "fence." + order + ".sync_restrict::shared::" +
             (op.order == LitmusOp::Order::Acquire ? "cluster" : "cta") +
             ".cluster;\n";
    return "fence" + suffix + ";\n";
  default:
    return "barrier.sync 0;\n";
  }
}

constexpr uint32_t kRegisters = 4;

/// A kernel for all devices: p0 the locations, p1 the registers, p2 the device.
std::string kernelOf(const LitmusProgram &program, Memory memory) {
  const std::string sync = "barrier.cluster.arrive; barrier.cluster.wait;\n";
  std::string body, end, declarations;
  if (memory == Memory::Shared) {
    declarations = ".shared .align 64 .b8 locations[192];\n";
    std::string first = "mov.u32 %r26, %cluster_ctarank; or.b32 %r26, %r26, "
                        "%tid_; setp.eq.u32 %q3, %r26, 0;\n";
    body = "mov.u32 %r24, locations; mov.u32 %r25, 0; mapa.shared::cluster.u32 "
           "%r24, %r24, %r25;\n" +
           first;
    end = sync + first;
    for (int i = 0; i < program.locations; ++i) {
      std::string at = std::to_string(i * 64) + "]";
      body += "@%q3 st.shared.u32 [locations+" + at + ", 0;\n";
      end += "@%q3 ld.shared.u32 %r27, [locations+" + at +
             "; @%q3 st.global.u32 [%p0+" + at + ", %r27;\n";
    }
    body += sync;
  }
  body +=
      "cvt.u32.u64 %r20, %p2; mov.u32 %r21, %ctaid.x; shl.b32 %r20, %r20, 16; "
      "shl.b32 %r21, %r21, 8; add.u32 %r20, %r20, %r21; and.b32 %r22, %tid_, "
      "31; setp.ne.u32 %q1, %r22, 0; @%q1 bra END; shr.u32 %r23, %tid_, 5; "
      "add.u32 %r20, %r20, %r23;\n";
  for (size_t t = 0; t < program.threads.size(); ++t) {
    const LitmusThread &thread = program.threads[t];
    body +=
        "setp.eq.u32 %q2, %r20, " +
        std::to_string(thread.device << 16 | thread.cta << 8 | thread.warp) +
        "; @%q2 bra T" + std::to_string(t) + ";\n";
  }
  body += "bra END;\n";
  for (size_t t = 0; t < program.threads.size(); ++t) {
    body += "T" + std::to_string(t) + ":\n";
    std::string results;
    for (const LitmusOp &op : program.threads[t].ops) {
      body += ptxOf(op, memory);
      if (op.result >= 0)
        results +=
            "st.global.u32 [%p1+" +
            std::to_string((t * kRegisters + static_cast<uint32_t>(op.result)) *
                           4) +
            "], %r" + std::to_string(op.result) + ";\n";
    }
    body += results + "bra END;\n";
  }
  return kernelText(body + "END:\n" + end, 3, declarations);
}

/// Runs a program again and again in one emulator.
class Litmus {
public:
  Litmus(const LitmusProgram &program, EmulatorOptions options,
         Memory memory = Memory::Global)
      : program(program), emulator(withDevices(options)),
        module(&emulator.load(kernelOf(program, memory))) {
    inClusters = memory == Memory::Shared;
    for (const LitmusThread &thread : program.threads) {
      ctas[thread.device] = std::max(ctas[thread.device], thread.cta + 1);
      warps = std::max(warps, thread.warp + 1);
      for (const LitmusOp &op : thread.ops)
        inClusters |= op.scope == LitmusOp::Scope::Cluster;
    }
    locations = emulator.allocate(256, 0, "locations");
    registers = emulator.allocate(256, 0, "registers");
  }

  void start() {
    std::vector<uint32_t> zeros(64);
    emulator.write(locations, zeros.data(), 256);
    emulator.write(registers, zeros.data(), 256);
    for (const auto &[device, count] : ctas) {
      std::vector<char> arguments(24);
      uint64_t number = device;
      std::memcpy(arguments.data(), &locations, 8);
      std::memcpy(arguments.data() + 8, &registers, 8);
      std::memcpy(arguments.data() + 16, &number, 8);
      LaunchConfig config;
      config.grid = {count};
      if (inClusters) {
        config.grid = {(count + 1) / 2 * 2};
        config.cluster = {2};
      }
      // A warp has one thread, all but the last one of a CTA.
      config.block = {32 * (warps - 1) + 1};
      config.device = device;
      emulator.launch(*module, "k", config, arguments);
    }
    emulator.run();
  }

  std::string outcome() const {
    std::vector<std::vector<uint32_t>> values(program.threads.size());
    for (size_t t = 0; t < values.size(); ++t)
      for (const LitmusOp &op : program.threads[t].ops)
        if (op.result >= 0) {
          auto index = static_cast<size_t>(op.result);
          values[t].resize(std::max(values[t].size(), index + 1));
          emulator.read(registers + (t * kRegisters + index) * 4,
                        &values[t][index], 4);
        }
    std::vector<uint32_t> last(static_cast<size_t>(program.locations));
    for (size_t l = 0; l < last.size(); ++l)
      emulator.read(locations + l * 64, &last[l], 4);
    return outcomeText(values, last);
  }

  /// Races are no failure here; anything else is.
  bool isSound() const {
    return std::all_of(emulator.findings().begin(), emulator.findings().end(),
                       [](const Finding &finding) {
                         return finding.kind == FindingKind::Race;
                       });
  }
  const std::vector<Finding> &findings() const { return emulator.findings(); }

private:
  EmulatorOptions withDevices(EmulatorOptions options) const {
    for (const LitmusThread &thread : program.threads)
      options.devices = std::max(options.devices, thread.device + 1);
    options.livelockSlots = 2000;
    options.maxFindings = 1000;
    return options;
  }

  const LitmusProgram &program;
  Emulator emulator;
  Module *module;
  std::map<unsigned, unsigned> ctas;
  unsigned warps = 1;
  bool inClusters = false;
  uint64_t locations = 0, registers = 0;
};

struct Explored {
  std::set<std::string> outcomes;
  uint64_t runs = 0;
  bool complete = false, races = false;
};

Explored explore(const LitmusProgram &program, Memory memory = Memory::Global) {
  Explorer explorer(200000);
  EmulatorOptions options;
  options.schedule = Schedule::Exhaustive;
  options.explorer = &explorer;
  Litmus litmus(program, options, memory);
  Explored result;
  while (explorer.next()) {
    litmus.start();
    if (!explorer.redundant())
      result.outcomes.insert(litmus.outcome());
  }
  EXPECT_TRUE(litmus.isSound());
  result.runs = explorer.runs();
  result.complete = explorer.complete();
  result.races = !litmus.findings().empty();
  return result;
}

std::string listOf(const std::set<std::string> &outcomes) {
  std::string text;
  for (const std::string &outcome : outcomes)
    text += "\n  " + outcome;
  return text;
}

struct LitmusCase {
  const char *name;
  std::vector<std::string> places;
  const char *program;
  /// What an outcome has to contain, in any order.
  std::vector<std::string> asked;
  bool allowed;
  bool races = false; ///< somebody accesses without synchronisation
  Memory memory = Memory::Global;
};

const std::vector<std::string> kTwoCtas = {"0.0.0", "0.1.0"},
                               kOneCta = {"0.0.0", "0.0.1"},
                               kTwoGpus = {"0.0.0", "1.0.0"},
                               kTwoClusters = {"0.0.0", "0.2.0"},
                               kThreeCtas = {"0.0.0", "0.1.0", "0.2.0"},
                               kFourCtas = {"0.0.0", "0.1.0", "0.2.0", "0.3.0"};

/// Fences for shared memory do nothing for global memory.
std::set<std::string> admittedOutcomes(LitmusProgram program, Memory memory) {
  for (LitmusThread &thread : program.threads)
    std::erase_if(thread.ops, [memory](const LitmusOp &op) {
      return op.sharedOnly && memory == Memory::Global;
    });
  return outcomesByAxioms(program);
}

bool contains(const std::set<std::string> &outcomes,
              const std::vector<std::string> &asked) {
  return std::any_of(
      outcomes.begin(), outcomes.end(), [&](const std::string &outcome) {
        return std::all_of(
            asked.begin(), asked.end(), [&](const std::string &part) {
              return (" " + outcome + " ").find(" " + part + " ") !=
                     std::string::npos;
            });
      });
}

const LitmusCase kCases[] = {
#include "LitmusCases.inc"
};

class LitmusVerdict : public testing::TestWithParam<LitmusCase> {};

TEST_P(LitmusVerdict, IsReachedOrNever) {
  const LitmusCase &test = GetParam();
  LitmusProgram program = parseLitmus(test.program, test.places);
  std::set<std::string> admitted = admittedOutcomes(program, test.memory);
  EXPECT_EQ(contains(admitted, test.asked), test.allowed)
      << "the axioms admit" << listOf(admitted);
  Explored explored = explore(program, test.memory);
  EXPECT_TRUE(explored.complete);
  EXPECT_EQ(contains(explored.outcomes, test.asked), test.allowed)
      << explored.runs << " runs reach" << listOf(explored.outcomes);
  EXPECT_EQ(explored.races, test.races);
  for (const std::string &outcome : explored.outcomes)
    EXPECT_TRUE(admitted.count(outcome)) << outcome << " is forbidden";
  if (std::getenv("MOE_LITMUS_PRINT"))
    std::printf("%s: %llu runs, %zu of %zu outcomes\n", test.name,
                static_cast<unsigned long long>(explored.runs),
                explored.outcomes.size(), admitted.size());
}

/// The seeded schedule reaches the same, one run at a time.
TEST_P(LitmusVerdict, IsReachedOrNeverWithSeeds) {
  const LitmusCase &test = GetParam();
  LitmusProgram program = parseLitmus(test.program, test.places);
  std::set<std::string> admitted = admittedOutcomes(program, test.memory),
                        reached;
  EmulatorOptions options;
  options.schedule = Schedule::Weak;
  Litmus litmus(program, options, test.memory);
  constexpr int kMostRuns = 2000;
  for (int run = 0; run < kMostRuns; ++run) {
    litmus.start();
    reached.insert(litmus.outcome());
    // What is allowed has to come up at some time, what is forbidden never: as
    // many runs as every allowed case but the rarest needs.
    if (test.allowed ? contains(reached, test.asked) : run == 200)
      break;
  }
  EXPECT_EQ(contains(reached, test.asked), test.allowed) << listOf(reached);
  for (const std::string &outcome : reached)
    EXPECT_TRUE(admitted.count(outcome)) << outcome << " is forbidden";
  EXPECT_TRUE(litmus.isSound());
}

INSTANTIATE_TEST_SUITE_P(Published, LitmusVerdict, testing::ValuesIn(kCases),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

/// Random programs without dependencies: nothing but what the axioms admit is
/// ever reached.
TEST(Litmus, RandomProgramsStayWithinTheAxioms) {
  std::mt19937 random(7);
  auto pick = [&](size_t count) { return random() % count; };
  constexpr uint64_t measured = 40;
  uint64_t programs = seedLimit(measured), reached = 0, admitted = 0;
  for (uint64_t n = 0; n < programs; ++n) {
    LitmusProgram program;
    size_t threads = 2 + pick(2);
    uint32_t value = 0;
    for (size_t t = 0; t < threads; ++t) {
      LitmusThread thread;
      thread.cta = static_cast<unsigned>(t);
      size_t count = threads == 2 ? 2 + pick(3) : 1 + pick(2);
      int results = 0;
      for (size_t i = 0; i < count; ++i) {
        LitmusOp op{};
        static constexpr Kind kKinds[] = {Kind::Load,  Kind::Load, Kind::Store,
                                          Kind::Store, Kind::Add,  Kind::Fence};
        op.kind = kKinds[pick(6)];
        using Order = LitmusOp::Order;
        static constexpr Order kOfLoads[] = {Order::Weak, Order::Relaxed,
                                             Order::Acquire},
                               kOfStores[] = {Order::Weak, Order::Relaxed,
                                              Order::Release},
                               kOfAtomics[] = {Order::Relaxed, Order::Acquire,
                                               Order::AcqRel},
                               kOfFences[] = {Order::AcqRel, Order::Sc,
                                              Order::Sc};
        size_t order = pick(3);
        op.order = op.kind == Kind::Load    ? kOfLoads[order]
                   : op.kind == Kind::Store ? kOfStores[order]
                   : op.kind == Kind::Add   ? kOfAtomics[order]
                                            : kOfFences[order];
        op.scope = pick(4) ? LitmusOp::Scope::Gpu : LitmusOp::Scope::Cta;
        op.location = static_cast<int>(pick(2));
        op.value = ++value;
        if (op.kind == Kind::Load || op.kind == Kind::Add)
          op.result = results++;
        thread.ops.push_back(op);
      }
      program.threads.push_back(std::move(thread));
    }
    std::set<std::string> allowed = outcomesByAxioms(program);
    Explored explored = explore(program);
    EXPECT_TRUE(explored.complete);
    for (const std::string &outcome : explored.outcomes)
      EXPECT_TRUE(allowed.count(outcome))
          << "program " << n << ": " << outcome << " is forbidden\n"
          << kernelOf(program, Memory::Global);
    if (n >= measured)
      continue;
    reached += explored.outcomes.size();
    admitted += allowed.size();
  }
  // Not shown: orders of writes that race with each other, of which programs
  // have more or fewer.
  EXPECT_GE(static_cast<double>(reached), 0.7 * static_cast<double>(admitted));
  if (std::getenv("MOE_LITMUS_PRINT"))
    std::printf("%llu programs: %llu of %llu outcomes\n",
                static_cast<unsigned long long>(programs),
                static_cast<unsigned long long>(reached),
                static_cast<unsigned long long>(admitted));
}

/// A path that the search names repeats its run.
TEST(Litmus, PathsRepeatRuns) {
  LitmusProgram program = parseLitmus(
      "st.relaxed.gpu x 1; r0 = ld.relaxed.gpu y || st.relaxed.gpu y 1; r0 = "
      "ld.relaxed.gpu x",
      kTwoCtas);
  EmulatorOptions options;
  options.schedule = Schedule::Exhaustive;
  Explorer explorer;
  options.explorer = &explorer;
  Litmus litmus(program, options);
  std::map<std::string, std::string> paths;
  while (explorer.next()) {
    litmus.start();
    if (!explorer.redundant())
      paths[litmus.outcome()] = explorer.path();
  }
  EXPECT_EQ(paths.size(), 4u);
  for (const auto &[outcome, path] : paths) {
    Explorer once(path);
    options.explorer = &once;
    Litmus again(program, options);
    ASSERT_TRUE(once.next());
    again.start();
    EXPECT_EQ(again.outcome(), outcome) << path;
    EXPECT_FALSE(once.next());
  }
}

/// Nobody ever raises the flag: the search calls it a livelock.
TEST(Litmus, WaitsThatNeverEnd) {
  for (bool raised : {true, false}) {
    Explorer explorer;
    EmulatorOptions options;
    options.schedule = Schedule::Exhaustive;
    options.explorer = &explorer;
    options.livelockSlots = 500;
    KernelRun run(
        kernelText("setp.eq.u32 %q1, %gid_, 0; @!%q1 bra READ; "
                   "st.release.gpu.global.u32 [%p0+" +
                       std::string(raised ? "0" : "4") +
                       "], 1; bra END; READ: ld.acquire.gpu.global.u32 %r1, "
                       "[%p0]; setp.eq.u32 %q2, %r1, 0; @%q2 bra READ; END:",
                   1),
        options);
    uint64_t flag = run.input(std::vector<uint32_t>(2));
    std::vector<uint32_t> zeros(2);
    while (explorer.next()) {
      run.emulator.write(flag, zeros.data(), 8);
      run.launch({2}, {1});
    }
    EXPECT_TRUE(explorer.complete());
    EXPECT_EQ(run.findings().empty(), raised) << run.report();
    if (!run.findings().empty()) {
      EXPECT_EQ(run.findings()[0].kind, FindingKind::Livelock);
    }
  }
}

/// What two threads leave that try once to take a lock by compare-and-swap and
/// count where they get it: the count, and 10 for each that does not get it.
/// Whether there was a race. The axioms of PtxAxioms.h have no
/// compare-and-swap: this states what follows from m3 and v5.
struct Locked {
  std::set<uint32_t> counts;
  bool races = false, complete = false;
};
Locked countLocked(const std::string &take, const std::string &release) {
  Explorer explorer(100000);
  EmulatorOptions options;
  options.schedule = Schedule::Exhaustive;
  options.explorer = &explorer;
  KernelRun run(
      kernelText(
          "mul.wide.u32 %rd1, %gid_, 64; add.u64 %rd1, %rd1, %p0; atom." +
              take +
              ".global.cas.b32 %r1, [%p0], 0, 1; setp.ne.u32 %q1, %r1, "
              "0; @%q1 bra FAILED; ld.global.u32 %r2, [%p0+64]; add.u32 "
              "%r2, %r2, 1; st.global.u32 [%p0+64], %r2; " +
              release +
              ".global.u32 [%p0], 0; bra END; FAILED: st.global.u32 "
              "[%rd1+128], 10; END:",
          1),
      options);
  uint64_t memory = run.emulator.allocate(256);
  run.argument(memory);
  LaunchConfig config;
  config.grid = {2};
  config.block = {1};
  Locked result;
  std::vector<uint32_t> words(64);
  while (explorer.next()) {
    std::fill(words.begin(), words.end(), 0);
    run.emulator.write(memory, words.data(), 256);
    run.emulator.launch(*run.module, "k", config, run.arguments);
    run.emulator.run();
    words = run.read<uint32_t>(memory, 64);
    if (!explorer.redundant())
      result.counts.insert(words[16] + words[32] + words[48]);
  }
  result.races = !run.findings().empty();
  result.complete = explorer.complete();
  return result;
}

TEST(Litmus, CompareAndSwap) {
  Locked right = countLocked("acquire.gpu", "st.release.gpu");
  EXPECT_EQ(right.counts, (std::set<uint32_t>{2, 11}));
  EXPECT_FALSE(right.races);
  EXPECT_TRUE(right.complete);
  for (auto [take, release] : {std::pair("relaxed.gpu", "st.release.gpu"),
                               std::pair("acquire.gpu", "st.relaxed.gpu"),
                               std::pair("acquire.cta", "st.release.gpu")}) {
    Locked wrong = countLocked(take, release);
    EXPECT_TRUE(wrong.counts.count(1)) << take << ' ' << release;
    EXPECT_TRUE(wrong.races);
    EXPECT_TRUE(wrong.complete);
  }
}

} // namespace
