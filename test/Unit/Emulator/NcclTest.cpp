// Kernels over NCCL's device API (nccl_kernels.cu): NCCL's own device code on
// 2, 4 and 8 devices, with the communicators that NCCL's host code would make,
// and with a network that delivers late and in any order that NCCL allows.
#include "Support.h"

#include <deque>

using namespace moe::emu;
using namespace moe::emu::test;

namespace nccl_test {

// ---- what NCCL's host code makes ----

/// A struct of NCCL's headers, by offsets that nccl_kernels.cu asserts.
template <size_t size>
struct Bytes {
  std::array<char, size> bytes{};
  template <typename T>
  void set(size_t offset, T value) {
    std::memcpy(bytes.data() + offset, &value, sizeof(T));
  }
};
using WindowBytes = Bytes<72>;
using CommBytes = Bytes<200>;

constexpr uint64_t kFlat = 0x600000000000, kStride = uint64_t(1) << 32;
// Every rank's memory: resources of the communicator, then the windows.
constexpr uint64_t kResourceBytes = 4096, kWindowBytes = 16384,
                   kSource = kResourceBytes + kWindowBytes,
                   kRankBytes = kSource + 4096;
constexpr uint32_t kBarriers = 4, kLsaHandle = 0, kGinHandle = 8;
constexpr uint32_t kQueue = 4, kSignals = 16, kCounters = 4;
constexpr uint32_t kGinBarrierSignal = 10;

/// The network: what the kernels of a rank left for it in the queues of the
/// proxy back end (gin_proxy_device_host_common.h), each a put with its signal
/// or counter.
class Network {
public:
  Network(Emulator &emulator, int ranks, uint64_t seed)
      : emulator(emulator), random(seed) {
    for (int rank = 0; rank < ranks; ++rank) {
      Rank &own = state.emplace_back();
      auto device = static_cast<unsigned>(rank);
      auto make = [&](uint64_t bytes, const char *name) {
        uint64_t address = emulator.allocate(bytes, device, name);
        std::vector<char> zeros(bytes);
        emulator.write(address, zeros.data(), bytes);
        return address;
      };
      auto peers = static_cast<uint64_t>(ranks);
      own.queues = make(peers * kQueue * 64, "queues");
      own.produced = make(peers * 4, "produced");
      own.consumed = make(peers * 4, "consumed");
      own.counters = make(kCounters * 8, "counters");
      own.signals = make(kSignals * 8, "signals");
      own.shadows = make(kSignals * 8, "shadows");
      own.context = make(48, "context");
      emulator.write(own.context, &ranks, 4);
      emulator.write(own.context + 4, &kQueue, 4);
      for (auto [offset, address] : {std::pair(8, own.queues),
                                     {16, own.produced},
                                     {24, own.consumed},
                                     {32, own.counters},
                                     {40, own.signals}})
        emulator.write(own.context + static_cast<uint64_t>(offset), &address,
                       8);
      own.links.resize(peers);
    }
    for (int from = 0; from < ranks; ++from)
      for (int to = 0; to < ranks; ++to)
        emulator.addHostThread([this, from, to](HostThread &host) {
          return step(host, from, to);
        });
  }

  void describe(int rank, CommBytes &comm) const {
    const Rank &own = state[static_cast<size_t>(rank)];
    comm.set(136, uint8_t(1)); // contexts
    comm.set(137, uint8_t(2)); // NCCL_NET_DEVICE_GIN_PROXY
    comm.set(144, own.context);
    comm.set(176, uint32_t(1)); // the first signal: 0 means none
    comm.set(180, kSignals - 1);
    comm.set(184, uint32_t(1)); // the first counter
    comm.set(188, kCounters - 1);
    comm.set(192, own.shadows);
  }

private:
  struct Put {
    uint64_t words[8];
    bool settled = false, signalled = false;
    uint64_t op() const { return words[0] >> 1 & 63; }
    uint64_t bytes() const { return words[0] >> 7; }
    uint32_t counter() const { return words[5] >> 8 & 0xffff; }
    uint32_t signal() const { return words[5] >> 24 & 0xffff; }
    uint64_t value() const {
      return (words[5] >> 40 & 0xffff) | (words[6] >> 8 & 0xffff) << 16 |
             words[6] >> 24 << 32;
    }
  };
  /// Puts from one rank to another, in the order of the queue.
  struct Link {
    uint32_t fetched = 0, freed = 0;
    std::deque<Put> puts;
  };
  struct Rank {
    uint64_t queues, produced, consumed, counters, signals, shadows, context;
    std::vector<Link> links;
  };
  enum : uint64_t { Inline = 2, Counter = 4, SignalInc = 8, SignalAdd = 16 };

  /// One thing that can be done for the puts of one rank to another, chosen at
  /// random.
  bool step(HostThread &host, int from, int to) {
    Rank &own = state[static_cast<size_t>(from)];
    auto queue = static_cast<uint64_t>(to);
    Link &link = own.links[queue];
    std::vector<std::function<void()>> possible;
    if (isFilled(own, queue, link))
      possible.emplace_back([&] { fetch(host, own, queue, link); });
    // A signal is seen behind the data of its put and of those before.
    bool allSettled = true;
    for (Put &put : link.puts) {
      if (!put.settled)
        possible.emplace_back([&] { settle(host, own, from, to, put); });
      allSettled &= put.settled;
      if (allSettled && !put.signalled)
        possible.emplace_back([&] { signal(host, to, put); });
    }
    if (!link.puts.empty() && link.puts.front().signalled)
      possible.emplace_back([&] {
        link.puts.pop_front();
        host.storeRelease(own.consumed + queue * 4, ++link.freed, 4);
      });
    if (possible.empty())
      return false;
    possible[random() % possible.size()]();
    return true;
  }

  uint64_t slot(const Rank &own, uint64_t queue, const Link &link) const {
    return own.queues + (queue * kQueue + link.fetched % kQueue) * 64;
  }
  /// Every word of a descriptor has a bit that says that it is there.
  bool isFilled(const Rank &own, uint64_t queue, const Link &link) const {
    uint64_t words[8], all = 1;
    emulator.read(slot(own, queue, link), words, 64);
    for (uint64_t word : words)
      all &= word;
    return all & 1;
  }
  void fetch(HostThread &host, Rank &own, uint64_t queue, Link &link) {
    // Who filled it counted it behind the fence that releases the data.
    host.loadAcquire(own.produced + queue * 4, 4);
    uint64_t at = slot(own, queue, link), zeros[8] = {};
    Put put{};
    emulator.read(at, put.words, 64);
    emulator.write(at, zeros, 64);
    ++link.fetched;
    link.puts.push_back(put);
  }
  void settle(HostThread &host, Rank &own, int from, int to, Put &put) {
    std::vector<char> data(put.bytes());
    // Windows are named by where they begin in the memory of a rank.
    auto address = [&](int rank, uint64_t window, uint64_t offset) {
      return kFlat + static_cast<uint64_t>(rank) * kStride + (window >> 1) +
             (offset >> 1);
    };
    if (put.op() & Inline) {
      uint64_t value = (put.words[1] >> 8 & 0xffffffff) |
                       (put.words[1] >> 40 & 0xffff) << 32 |
                       (put.words[2] >> 8 & 0xffff) << 48;
      std::memcpy(data.data(), &value, data.size());
    } else if (!data.empty()) {
      host.read(address(from, put.words[2], put.words[1]), data.data(),
                data.size());
    }
    if (!data.empty())
      host.write(address(to, put.words[4], put.words[3]), data.data(),
                 data.size());
    put.settled = true;
    if (put.op() & Counter)
      host.addRelease(own.counters + put.counter() * 8, 1, 8);
  }
  void signal(HostThread &host, int to, Put &put) {
    if (put.op() & (SignalInc | SignalAdd))
      host.addRelease(state[static_cast<size_t>(to)].signals + put.signal() * 8,
                      put.op() & SignalInc ? 1 : put.value(), 8);
    put.signalled = true;
  }
  Emulator &emulator;
  std::mt19937_64 random;
  std::vector<Rank> state;
};

/// A run of one of the kernels on all ranks.
struct Setup {
  Setup(const std::string &text, int ranks, uint64_t seed)
      : ranks(ranks), emulator(options(ranks, seed)),
        module(emulator.load(text, "nccl_kernels")),
        network(emulator, ranks, seed) {
    std::vector<uint64_t> copies;
    for (int rank = 0; rank < ranks; ++rank) {
      uint64_t base = kFlat + static_cast<uint64_t>(rank) * kStride;
      emulator.allocate(kRankBytes, static_cast<unsigned>(rank),
                        "memory of rank " + std::to_string(rank), base);
      // NCCL clears its resources.
      std::vector<char> zeros(kResourceBytes);
      emulator.write(base, zeros.data(), zeros.size());
      copies.push_back(base);
    }
    multicast = emulator.bindMulticast(copies, kRankBytes);
  }

  static EmulatorOptions options(int ranks, uint64_t seed) {
    EmulatorOptions options = optionsOf(seed);
    options.devices = static_cast<unsigned>(ranks);
    options.livelockSlots = 20000;
    return options;
  }

  /// ncclWindow_vidmem of the part of a rank's memory from `offset`.
  WindowBytes window(int rank, uint64_t offset) const {
    WindowBytes window;
    window.set(8, kFlat + offset);
    window.set(16, rank); // of the team of LSA
    window.set(20, rank); // of the world
    window.set(24, static_cast<uint32_t>(kStride >> 32));
    window.set(28, static_cast<uint32_t>(offset / 4096)); // multicast
    window.set(40, offset);                               // GIN: see address()
    return window;
  }
  uint64_t windowOnDevice(int rank, uint64_t offset) {
    WindowBytes bytes = window(rank, offset);
    uint64_t at = emulator.allocate(bytes.bytes.size(),
                                    static_cast<unsigned>(rank), "window");
    emulator.write(at, bytes.bytes.data(), bytes.bytes.size());
    return at;
  }
  CommBytes comm(int rank) const {
    CommBytes comm;
    uint32_t reciprocal = ~0u / static_cast<uint32_t>(ranks) +
                          std::has_single_bit(static_cast<uint32_t>(ranks));
    for (size_t at : {size_t(0), size_t(12)}) { // the world, the team of LSA
      comm.set(at, rank);
      comm.set(at + 4, ranks);
      comm.set(at + 8, reciprocal);
    }
    comm.set(40, window(rank, 0).bytes); // resources
    comm.set(112, multicast);
    comm.set(120, kLsaHandle);
    comm.set(124, kBarriers);
    comm.set(128, kGinBarrierSignal);
    comm.set(132, kGinHandle);
    network.describe(rank, comm);
    return comm;
  }

  std::string report() const {
    std::string text;
    for (const Finding &finding : emulator.findings())
      text += formatFinding(finding, emulator.options().seed);
    return text;
  }

  int ranks;
  Emulator emulator;
  Module &module;
  Network network;
  uint64_t multicast = 0;
};

/// The arguments of a kernel.
class Arguments {
public:
  template <typename T>
  Arguments &add(const T &value) {
    size_t at = (bytes.size() + std::min(sizeof(T), size_t(8)) - 1) /
                std::min(sizeof(T), size_t(8)) * std::min(sizeof(T), size_t(8));
    bytes.resize(at + sizeof(T));
    std::memcpy(bytes.data() + at, &value, sizeof(T));
    return *this;
  }
  std::vector<char> bytes;
};

void launch(Setup &setup, const char *kernel, int rank, uint32_t grid,
            uint32_t threads, const Arguments &arguments) {
  LaunchConfig config;
  config.grid = {grid};
  config.block = {threads};
  config.device = static_cast<unsigned>(rank);
  setup.emulator.launch(setup.module, kernel, config, arguments.bytes);
}

template <typename T>
std::vector<T> readBack(const Setup &setup, uint64_t at, size_t count) {
  std::vector<T> values(count);
  setup.emulator.read(at, values.data(), count * sizeof(T));
  return values;
}

int numberOf(int rank, int index) { return rank * 1000 + index * 3 + 1; }

std::vector<int> numbersOf(int rank, int count) {
  std::vector<int> numbers;
  for (int i = 0; i < count; ++i)
    numbers.push_back(numberOf(rank, i));
  return numbers;
}

/// A buffer on the rank's device that holds its numbers.
uint64_t allocateNumbers(Setup &setup, int rank, int count) {
  std::vector<int> numbers = numbersOf(rank, count);
  uint64_t in = setup.emulator.allocate(numbers.size() * 4,
                                        static_cast<unsigned>(rank), "in");
  setup.emulator.write(in, numbers.data(), numbers.size() * 4);
  return in;
}

/// Two launches: the barriers' epochs go on. Where `out` is of rank r, each
/// number is the sum over ranks and epochs of what they sent.
GemmResult lsaExchange(const std::string &text, int ranks, uint64_t seed) {
  constexpr uint32_t kThreads = 48, kCtas = 2;
  constexpr int kCount = kThreads * kCtas, kEpochs = 3, kLaunches = 2;
  Setup setup(text, ranks, seed);
  std::vector<uint64_t> outs;
  for (int rank = 0; rank < ranks; ++rank) {
    uint64_t in = allocateNumbers(setup, rank, kCount);
    outs.push_back(setup.emulator.allocate(kCount * 4,
                                           static_cast<unsigned>(rank), "out"));
    Arguments arguments;
    arguments.add(setup.comm(rank).bytes)
        .add(setup.windowOnDevice(rank, kResourceBytes))
        .add(in)
        .add(outs.back())
        .add(kCount)
        .add(kEpochs);
    for (int i = 0; i < kLaunches; ++i)
      launch(setup, "lsa_exchange", rank, kCtas, kThreads, arguments);
  }
  GemmResult result;
  result.clean = setup.emulator.run();
  result.report = setup.report();
  result.exact = true;
  for (uint64_t out : outs) {
    auto got = readBack<int>(setup, out, kCount);
    for (int i = 0; i < kCount; ++i) {
      int expected = 0;
      for (int rank = 0; rank < ranks; ++rank)
        for (int epoch = 0; epoch < kEpochs; ++epoch)
          expected += numberOf(rank, i) + epoch;
      result.exact &= got[static_cast<size_t>(i)] == expected;
    }
  }
  return result;
}

/// Whether all ranks have the sums of all numbers.
bool sumsOverRanks(const Setup &setup, const std::vector<uint64_t> &outs,
                   int count) {
  bool exact = true;
  for (uint64_t out : outs) {
    auto got = readBack<int>(setup, out, static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
      int expected = 0;
      for (int rank = 0; rank < setup.ranks; ++rank)
        expected += numberOf(rank, i);
      exact &= got[static_cast<size_t>(i)] == expected;
    }
  }
  return exact;
}

GemmResult lsaMultimem(const std::string &text, int ranks, uint64_t seed) {
  constexpr int kCount = 64;
  Setup setup(text, ranks, seed);
  std::vector<uint64_t> outs;
  for (int rank = 0; rank < ranks; ++rank) {
    uint64_t in = allocateNumbers(setup, rank, kCount);
    outs.push_back(setup.emulator.allocate(kCount * 4,
                                           static_cast<unsigned>(rank), "out"));
    Arguments arguments;
    arguments.add(setup.comm(rank).bytes)
        .add(setup.windowOnDevice(rank, kResourceBytes))
        .add(in)
        .add(outs.back());
    launch(setup, "lsa_multimem", rank, 1, kCount, arguments);
  }
  GemmResult result;
  result.clean = setup.emulator.run();
  result.report = setup.report();
  result.exact = sumsOverRanks(setup, outs, kCount);
  return result;
}

/// Writes a rank's numbers to its memory that puts are made from.
void fillSource(Setup &setup, int rank, int count) {
  std::vector<int> numbers = numbersOf(rank, count);
  setup.emulator.write(kFlat + static_cast<uint64_t>(rank) * kStride + kSource,
                       numbers.data(), numbers.size() * 4);
}

GemmResult ginExchange(const std::string &text, int ranks, uint64_t seed) {
  constexpr int kCount = 40, kEpochs = 3;
  Setup setup(text, ranks, seed);
  std::vector<uint64_t> outs;
  for (int rank = 0; rank < ranks; ++rank) {
    fillSource(setup, rank, kCount);
    outs.push_back(setup.emulator.allocate(kCount * 4,
                                           static_cast<unsigned>(rank), "out"));
    Arguments arguments;
    arguments.add(setup.comm(rank).bytes)
        .add(setup.windowOnDevice(rank, kResourceBytes))
        .add(setup.windowOnDevice(rank, kSource))
        .add(outs.back())
        .add(kCount)
        .add(kEpochs);
    launch(setup, "gin_exchange", rank, 1, kCount, arguments);
  }
  GemmResult result;
  result.clean = setup.emulator.run();
  result.report = setup.report();
  result.exact = true;
  for (int rank = 0; rank < ranks; ++rank) {
    auto got = readBack<int>(setup, outs[static_cast<size_t>(rank)], kCount);
    for (int i = 0; i < kCount; ++i) {
      int expected = 0;
      for (int peer = 0; peer < ranks; ++peer)
        for (int epoch = 0; epoch < kEpochs && peer != rank; ++epoch)
          expected += numberOf(peer, i) + epoch;
      result.exact &= got[static_cast<size_t>(i)] == expected;
    }
  }
  return result;
}

GemmResult ginValues(const std::string &text, int ranks, uint64_t seed) {
  Setup setup(text, ranks, seed);
  std::vector<uint64_t> outs;
  for (int rank = 0; rank < ranks; ++rank) {
    fillSource(setup, rank, 1);
    outs.push_back(
        setup.emulator.allocate(24, static_cast<unsigned>(rank), "out"));
    Arguments arguments;
    arguments.add(setup.comm(rank).bytes)
        .add(setup.windowOnDevice(rank, kResourceBytes))
        .add(setup.windowOnDevice(rank, kSource))
        .add(outs.back());
    launch(setup, "gin_values", rank, 1, 32, arguments);
  }
  GemmResult result;
  result.clean = setup.emulator.run();
  result.report = setup.report();
  result.exact = true;
  for (int rank = 0; rank < ranks; ++rank) {
    int before = (rank + ranks - 1) % ranks;
    std::vector<int64_t> expected = {int64_t(before + 1) << 40, before + 7,
                                     numberOf(before, 0)};
    result.exact &= readBack<int64_t>(setup, outs[static_cast<size_t>(rank)],
                                      3) == expected;
  }
  return result;
}

/// The descriptors of the barrier's signals have reserved bits that NCCL leaves
/// as they are: the only findings.
GemmResult ginBarrier(const std::string &text, int ranks, uint64_t seed) {
  constexpr int kCount = 40;
  Setup setup(text, ranks, seed);
  std::vector<uint64_t> outs;
  for (int rank = 0; rank < ranks; ++rank) {
    outs.push_back(setup.emulator.allocate(kCount * 4,
                                           static_cast<unsigned>(rank), "out"));
    Arguments arguments;
    arguments.add(setup.comm(rank).bytes)
        .add(setup.windowOnDevice(rank, kResourceBytes))
        .add(outs.back());
    launch(setup, "gin_barrier", rank, 1, kCount, arguments);
  }
  setup.emulator.run();
  GemmResult result;
  for (const Finding &finding : setup.emulator.findings())
    if (finding.kind != FindingKind::UninitialisedMemory &&
        finding.kind != FindingKind::UninitialisedRegister)
      result.report += formatFinding(finding, seed);
  result.clean = result.report.empty();
  result.exact = sumsOverRanks(setup, outs, kCount);
  return result;
}

using Scenario = GemmResult (*)(const std::string &, int, uint64_t);
struct Named {
  const char *name;
  Scenario run;
  int ranks;
};
class Nccl : public ::testing::TestWithParam<Named> {};

TEST_P(Nccl, IsRightAndSilent) {
  std::string text = readInput("nccl_kernels.ptx");
  uint64_t seeds = seedLimit(GetParam().ranks == 8 ? 2 : 4);
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    GemmResult result = GetParam().run(text, GetParam().ranks, seed);
    EXPECT_EQ(result.report, "");
    EXPECT_TRUE(result.exact) << seed;
  }
}

TEST_P(Nccl, IsRightOnSeveralCores) {
  expectExactOnCores([text = readInput("nccl_kernels.ptx")](uint64_t run) {
    return GetParam().run(text, GetParam().ranks, run);
  });
}

INSTANTIATE_TEST_SUITE_P(
    All, Nccl,
    ::testing::Values(
        Named{"LsaOn2", lsaExchange, 2}, Named{"LsaOn4", lsaExchange, 4},
        Named{"LsaOn8", lsaExchange, 8},
        Named{"LsaMultimemOn2", lsaMultimem, 2},
        Named{"LsaMultimemOn4", lsaMultimem, 4},
        Named{"LsaMultimemOn8", lsaMultimem, 8},
        Named{"GinOn2", ginExchange, 2}, Named{"GinOn4", ginExchange, 4},
        Named{"GinOn8", ginExchange, 8}, Named{"GinValuesOn2", ginValues, 2},
        Named{"GinValuesOn4", ginValues, 4},
        Named{"GinBarrierOn2", ginBarrier, 2},
        Named{"GinBarrierOn8", ginBarrier, 8}),
    nameOf<Named>);

// ---- wrong versions ----

struct Wrong {
  Scenario run;
  Mutation mutation;
};
class NcclMutant : public ::testing::TestWithParam<Wrong> {};

TEST_P(NcclMutant, IsCaught) {
  std::string text = mutate(readInput("nccl_kernels.ptx"), GetParam().mutation);
  expectCaught([&](uint64_t seed) { return GetParam().run(text, 2, seed); });
}

const Wrong kWrong[] = {
    {lsaExchange,
     {"LsaRelaxedArrivalBeforeStores", "st.release.sys.b32 [%rd32]", 1,
      "st.relaxed.sys.b32 [%rd32]"}},
    {lsaExchange,
     {"LsaRelaxedArrival", "st.release.sys.b32 [%rd51]", 1,
      "st.relaxed.sys.b32 [%rd51]"}},
    {lsaExchange,
     {"LsaArrivalOfOneDevice", "st.release.sys.b32 [%rd51]", 1,
      "st.release.gpu.b32 [%rd51]"}},
    {lsaExchange,
     {"LsaRelaxedWaitBeforeStores", "ld.acquire.sys.b32 %r82", 1,
      "ld.relaxed.sys.b32 %r82"}},
    {lsaExchange,
     {"LsaRelaxedWait", "ld.acquire.sys.b32 %r117", 1,
      "ld.relaxed.sys.b32 %r117"}},
    {lsaExchange,
     {"LsaWaitOfOneDevice", "ld.acquire.sys.b32 %r117", 1,
      "ld.acquire.gpu.b32 %r117"}},
    {lsaExchange, {"LsaNoArrival", "st.release.sys.b32 [%rd51],%r29;", 1, ""}},
    {lsaExchange, {"LsaNoWait", "@%p14 bra \t$L__BB0_18;", 1, ""}},
    {lsaExchange, {"LsaNoBarrierBeforeFirstArrival", "bar.sync \t0;", 1, ""}},
    {lsaExchange, {"LsaNoBarrierBeforeArrival", "bar.sync \t0;", 3, ""}},
    {lsaExchange, {"LsaNoBarrierBehindWait", "bar.sync \t0;", 4, ""}},
    {lsaExchange,
     {"LsaRowOfAnotherRank", "st.u32 \t[%rd50], %r96;", 1,
      "st.u32 [%rd50+384], %r96;"}},
    {lsaMultimem,
     {"MultimemRelaxedArrival", "multimem.red.release.sys", 1,
      "multimem.red.relaxed.sys"}},
    {lsaMultimem,
     {"MultimemArrivalOfOneDevice", "multimem.red.release.sys", 1,
      "multimem.red.release.gpu"}},
    {lsaMultimem,
     {"MultimemRelaxedWait", "ld.acquire.sys.b32 %r35", 1,
      "ld.relaxed.sys.b32 %r35"}},
    {lsaMultimem, {"MultimemNoWait", "@%p2 bra \t$L__BB1_2;", 1, ""}},
    {lsaMultimem, {"MultimemNoBarrierBeforeArrival", "bar.sync \t0;", 6, ""}},
    {lsaMultimem, {"MultimemNoBarrierBehindWait", "bar.sync \t0;", 7, ""}},
    {ginExchange, {"GinNoFence", "fence.acq_rel.sys;", 1, ""}},
    {ginExchange,
     {"GinFenceOfOneDevice", "fence.acq_rel.sys;", 1, "fence.acq_rel.gpu;"}},
    {ginExchange, {"GinNoWaitForSignals", "@%p12 bra \t$L__BB2_15;", 1, ""}},
    {ginExchange,
     {"GinRelaxedWait", "ld.acquire.sys.b64 %rd94", 1,
      "ld.relaxed.sys.b64 %rd94"}},
    {ginExchange, {"GinNoFlush", "@%p15 bra \t$L__BB2_21;", 1, ""}},
    {ginExchange,
     {"GinRelaxedFlush", "ld.acquire.sys.b32 %r173", 1,
      "ld.relaxed.sys.b32 %r173"}},
    {ginExchange, {"GinNoBarrierBehindWait", "bar.sync \t0;", 10, ""}},
    {ginExchange, {"GinNoBarrierBehindChange", "bar.sync \t0;", 13, ""}},
    {ginValues, {"GinNoWaitForCounter", "@%p5 bra \t$L__BB3_8;", 1, ""}},
    {ginValues, {"GinNoWaitForSum", "@%p6 bra \t$L__BB3_10;", 1, ""}},
    {ginBarrier, {"GinBarrierNoFence", "fence.acq_rel.sys;", 5, ""}},
    {ginBarrier,
     {"GinBarrierRelaxedWait", "ld.acquire.sys.b64 %rd55", 1,
      "ld.relaxed.sys.b64 %rd55"}},
};
INSTANTIATE_TEST_SUITE_P(All, NcclMutant, ::testing::ValuesIn(kWrong),
                         [](const auto &info) {
                           return std::string(info.param.mutation.name);
                         });

} // namespace nccl_test
