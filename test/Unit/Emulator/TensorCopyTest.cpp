// Tensor copies of every rank and swizzle against plain loops on the host; bulk
// reductions; the encoding rules of tensor maps; misuse.
#include "Support.h"

#include <algorithm>
#include <numeric>

using namespace moe::emu;
using namespace moe::emu::test;

namespace tensor_copy_test {

/// What a box of `map` holds, outside of the tensor zeros: `memory` at its
/// address, elements of `bytes` bytes, by offset in shared memory.
std::vector<uint8_t> boxBytes(const TensorMapParams &map, uint32_t elementBytes,
                              const std::vector<uint8_t> &memory,
                              const std::array<int, 5> &at) {
  std::vector<uint8_t> result;
  auto extent = [&](uint32_t dim) {
    return (map.box[dim] + map.elementStrides[dim] - 1) /
           map.elementStrides[dim];
  };
  uint64_t count = map.box[0];
  for (uint32_t dim = 1; dim < map.rank; ++dim)
    count *= extent(dim);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t rest = i, offset = 0;
    bool inside = true;
    for (uint32_t dim = 0; dim < map.rank; ++dim) {
      uint32_t size = dim ? extent(dim) : map.box[0];
      int64_t where = at[dim] + static_cast<int64_t>(rest % size) *
                                    (dim ? map.elementStrides[dim] : 1);
      rest /= size;
      inside &= where >= 0 && where < static_cast<int64_t>(map.dims[dim]);
      offset += static_cast<uint64_t>(where) *
                (dim ? map.strides[dim - 1] : elementBytes);
    }
    for (uint32_t b = 0; b < elementBytes; ++b)
      result.push_back(inside ? memory[offset + b] : 0);
  }
  if (!map.swizzle)
    return result;
  // Chunks of 16 bytes, within rows of 128 bytes, by the row's number.
  std::vector<uint8_t> swizzled(result.size());
  for (size_t i = 0; i < result.size(); ++i) {
    size_t row = i / 128 % (1u << map.swizzle);
    swizzled[i ^ row * 16] = result[i];
  }
  return swizzled;
}

std::string coordinates(uint32_t rank) {
  std::string text;
  for (uint32_t dim = 0; dim < rank; ++dim)
    text += (dim ? ", %r" : "%r") + std::to_string(10 + dim);
  return "{" + text + "}";
}

const std::string kTile = ".shared .align 1024 .b8 tile[16384]; .shared .align "
                          "8 .b8 bar[8];";
// Thread 0 initialises the mbarrier for one arrival.
const std::string kInit =
    "mov.u32 %r1, tile; mov.u32 %r2, bar; setp.eq.u32 %q1, %tid_, 0; @%q1 "
    "mbarrier.init.shared.b64 [%r2], 1; fence.mbarrier_init.release.cluster; "
    "fence.proxy.async; bar.sync 0;\n";
const std::string kWait = "WAIT: mbarrier.try_wait.parity.shared.b64 %q2, "
                          "[%r2], 0; @!%q2 bra WAIT;\n";

std::string setCoordinates(const std::array<int, 5> &at, uint32_t rank) {
  std::string text;
  for (uint32_t dim = 0; dim < rank; ++dim)
    text += "mov.u32 %r" + std::to_string(10 + dim) + ", " +
            std::to_string(at[dim]) + ";";
  return text;
}

/// Loads a box and writes it to p1 as it lies in shared memory.
std::string loadText(uint32_t rank, const std::array<int, 5> &at,
                     uint32_t bytes) {
  std::string n = std::to_string(bytes), dim = std::to_string(rank);
  return kInit + setCoordinates(at, rank) +
         "@!%q1 bra GO; mbarrier.arrive.expect_tx.shared.b64 _, [%r2], " + n +
         "; cp.async.bulk.tensor." + dim +
         "d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r1], "
         "[%p0, " +
         coordinates(rank) + "], [%r2]; GO:" + kWait +
         "mov.u32 %r5, %tid_; LOOP: setp.ge.u32 %q3, %r5, " + n +
         "; @%q3 bra DONE; add.u32 %r6, %r1, %r5; ld.shared.u8 %r7, [%r6]; "
         "cvt.u64.u32 %rd1, %r5; add.u64 %rd1, %rd1, %p1; st.global.u8 [%rd1], "
         "%r7; add.u32 %r5, %r5, 64; bra LOOP; DONE:";
}

std::vector<uint8_t> randomBytes(size_t count) {
  std::vector<uint8_t> bytes(count);
  for (size_t i = 0; i < count; ++i)
    bytes[i] = static_cast<uint8_t>(i * 37 + i / 256 * 11 + 1);
  return bytes;
}

struct Geometry {
  uint32_t type, elementBytes, rank, swizzle;
  std::array<uint64_t, 5> dims;
  std::array<uint32_t, 5> box, elementStrides;
  std::array<int, 5> at;
};

const Geometry kGeometries[] = {
    {7, 4, 1, 0, {100}, {32}, {1, 1, 1, 1, 1}, {40}},
    {7, 4, 1, 0, {100}, {32}, {1, 1, 1, 1, 1}, {80}},  // behind the end
    {7, 4, 1, 0, {100}, {32}, {1, 1, 1, 1, 1}, {-12}}, // before the begin
    {9, 2, 2, 0, {80, 50}, {64, 8}, {1, 1, 1, 1, 1}, {16, 3}},
    {9, 2, 2, 1, {80, 50}, {16, 16}, {1, 1, 1, 1, 1}, {8, 40}},
    {9, 2, 2, 2, {80, 50}, {32, 16}, {1, 1, 1, 1, 1}, {8, 45}},
    {9, 2, 2, 3, {80, 50}, {64, 32}, {1, 1, 1, 1, 1}, {30, -5}},
    {0, 1, 2, 3, {256, 20}, {128, 20}, {1, 1, 1, 1, 1}, {100, 2}},
    {9, 2, 3, 3, {64, 9, 7}, {64, 4, 3}, {1, 1, 1, 1, 1}, {0, 7, 5}},
    {9, 2, 3, 0, {64, 9, 7}, {32, 8, 3}, {1, 2, 1, 1, 1}, {0, 1, 2}},
    {7, 4, 4, 2, {16, 5, 4, 3}, {16, 2, 3, 2}, {1, 1, 1, 1, 1}, {0, 4, 2, 1}},
    {6,
     2,
     5,
     1,
     {16, 3, 4, 3, 5},
     {16, 2, 2, 2, 2},
     {1, 1, 1, 1, 1},
     {0, 2, 3, 1, 3}},
};

TensorMapParams mapOf(const Geometry &g, uint64_t address) {
  TensorMapParams map;
  map.type = g.type;
  map.rank = g.rank;
  map.address = address;
  map.dims = g.dims;
  map.box = g.box;
  map.elementStrides = g.elementStrides;
  map.swizzle = g.swizzle;
  uint64_t stride = g.dims[0] * g.elementBytes;
  for (uint32_t dim = 1; dim < g.rank; ++dim) {
    stride = (stride + 15) / 16 * 16 + 16; // rows are apart
    map.strides[dim - 1] = stride;
    stride *= g.dims[dim];
  }
  return map;
}

uint32_t bytesOf(const TensorMapParams &map, uint32_t elementBytes) {
  return static_cast<uint32_t>(
      boxBytes(map, elementBytes, std::vector<uint8_t>(1 << 20), {0}).size());
}

class TensorCopy : public ::testing::TestWithParam<Geometry> {};

TEST_P(TensorCopy, LoadsWhatTheHostReads) {
  const Geometry &g = GetParam();
  std::vector<uint8_t> memory = randomBytes(1 << 17);
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    EmulatorOptions options;
    options.seed = seed;
    options.schedule = static_cast<Schedule>(seed % 3);
    TensorMapParams map = mapOf(g, 0);
    uint32_t bytes = bytesOf(map, g.elementBytes);
    KernelRun run(kernelText(loadText(g.rank, g.at, bytes), 2, kTile), options);
    map.address = run.emulator.allocate(memory.size(), 0, "tensor");
    run.emulator.write(map.address, memory.data(), memory.size());
    std::array<char, 128> encoded = encodeTensorMap(map);
    run.input(std::vector<char>(encoded.begin(), encoded.end()));
    uint64_t out = run.output(bytes);
    ASSERT_TRUE(run.launch({1}, {64})) << run.report();
    EXPECT_EQ(run.read<uint8_t>(out, bytes),
              boxBytes(map, g.elementBytes, memory, g.at));
  }
}

TEST_P(TensorCopy, StoresWhatLoadsRead) {
  // Stores a box, out of bounds nothing; what was loaded from there comes back.
  const Geometry &g = GetParam();
  TensorMapParams map = mapOf(g, 0);
  uint32_t bytes = bytesOf(map, g.elementBytes);
  std::string text =
      "mov.u32 %r1, tile; mov.u32 %r5, %tid_; LOOP: setp.ge.u32 %q3, %r5, " +
      std::to_string(bytes) +
      "; @%q3 bra DONE; add.u32 %r6, %r1, %r5; add.u64 %rd1, %p1, 0; "
      "cvt.u64.u32 %rd2, %r5; add.u64 %rd1, %rd1, %rd2; ld.global.u8 %r7, "
      "[%rd1]; st.shared.u8 [%r6], %r7; add.u32 %r5, %r5, 64; bra LOOP; DONE: "
      "fence.proxy.async.shared::cta; bar.sync 0; setp.ne.u32 %q1, %tid_, 0; "
      "@%q1 bra END;" +
      setCoordinates(g.at, g.rank) + "cp.async.bulk.tensor." +
      std::to_string(g.rank) + "d.global.shared::cta.tile.bulk_group [%p0, " +
      coordinates(g.rank) +
      "], [%r1]; cp.async.bulk.commit_group; cp.async.bulk.wait_group 0; END:";
  KernelRun run(kernelText(text, 2, kTile));
  std::vector<uint8_t> zeros(1 << 17), data = randomBytes(bytes);
  map.address = run.emulator.allocate(zeros.size(), 0, "tensor");
  run.emulator.write(map.address, zeros.data(), zeros.size());
  std::array<char, 128> encoded = encodeTensorMap(map);
  run.input(std::vector<char>(encoded.begin(), encoded.end()));
  run.input(data);
  ASSERT_TRUE(run.launch({1}, {64})) << run.report();
  auto memory = run.read<uint8_t>(map.address, zeros.size());
  std::vector<uint8_t> ones(1 << 17, 1);
  auto inside = boxBytes(map, g.elementBytes, ones, g.at),
       stored = boxBytes(map, g.elementBytes, memory, g.at);
  size_t within = 0;
  for (size_t i = 0; i < bytes; ++i) {
    EXPECT_EQ(stored[i], inside[i] ? data[i] : 0) << i;
    within += inside[i];
  }
  // And nothing anywhere else.
  EXPECT_EQ(
      static_cast<size_t>(std::count_if(memory.begin(), memory.end(),
                                        [](uint8_t b) { return b != 0; })),
      within - static_cast<size_t>(
                   std::count_if(stored.begin(), stored.end(), [&](uint8_t &b) {
                     return inside[&b - stored.data()] && b == 0;
                   })));
}

INSTANTIATE_TEST_SUITE_P(All, TensorCopy, ::testing::ValuesIn(kGeometries));

// ---- reductions ----

TEST(BulkReduce, AddsInGlobalMemory) {
  std::string text =
      "mov.u32 %r1, tile; shl.b32 %r2, %tid_, 2; add.u32 %r3, %r1, %r2; "
      "mov.u32 %r4, %ctaid.x; add.u32 %r4, %r4, %tid_; cvt.rn.f32.u32 %f1, "
      "%r4; st.shared.f32 [%r3], %f1; fence.proxy.async.shared::cta; bar.sync "
      "0; setp.ne.u32 %q1, %tid_, 0; @%q1 bra END; cp.reduce.async.bulk.global"
      ".shared::cta.bulk_group.add.f32 [%p0], [%r1], 256; mov.u32 %r10, 0; "
      "mov.u32 %r11, 1; cp.reduce.async.bulk.tensor.2d.global.shared::cta.max"
      ".tile.bulk_group [%p1, {%r10, %r11}], [%r1]; "
      "cp.async.bulk.commit_group; cp.async.bulk.wait_group 0; END:";
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    EmulatorOptions options;
    options.seed = seed;
    KernelRun run(kernelText(text, 2, kTile), options);
    uint64_t sums = run.input(std::vector<float>(64, 0.5f));
    TensorMapParams map;
    map.type = 7;
    map.rank = 2;
    map.dims = {32, 4};
    map.strides = {128};
    map.box = {32, 2};
    map.address = run.emulator.allocate(512);
    std::vector<float> start(128, 20.0f);
    run.emulator.write(map.address, start.data(), 512);
    std::array<char, 128> encoded = encodeTensorMap(map);
    run.input(std::vector<char>(encoded.begin(), encoded.end()));
    ASSERT_TRUE(run.launch({5}, {64})) << run.report();
    auto got = run.read<float>(sums, 64);
    auto most = run.read<float>(map.address, 128);
    for (int i = 0; i < 64; ++i) {
      EXPECT_EQ(got[i], 0.5f + 10 + 5 * i);
      EXPECT_EQ(most[32 + i], std::max(20.0f, 4.0f + i));
    }
    EXPECT_EQ(most[0], 20.0f);
    EXPECT_EQ(most[127], 20.0f);
  }
}

// ---- multicast and copies between CTAs ----

const std::string kClusterSync = "barrier.cluster.arrive.aligned; "
                                 "barrier.cluster.wait.aligned;\n";
// Every CTA stores the first 256 bytes of its tile.
const std::string kStoreTile =
    "shl.b32 %r5, %tid_, 2; add.u32 %r6, %r1, %r5; ld.shared.u32 %r7, [%r6]; "
    "shl.b32 %r8, %r20, 8; add.u32 %r8, %r8, %r5; cvt.u64.u32 %rd1, %r8; "
    "add.u64 %rd1, %rd1, %p1; st.global.u32 [%rd1], %r7;\n" +
    kClusterSync;

std::string multicastText(const std::string &mask, const std::string &expect,
                          const std::string &map = "%p0") {
  // CTA 0 copies a box to every CTA of the mask; all wait for their own.
  return kInit + kClusterSync +
         "mov.u32 %r10, 0; mov.u32 %r11, 4; mov.u32 %r3, "
         "%cluster_ctarank; mov.u32 %r20, %ctaid.x;\n"
         "@%q1 mbarrier.arrive.expect_tx.shared.b64 _, [%r2], " +
         expect + "; setp.eq.and.u32 %q4, %r3, 0, %q1; mov.u16 %h1, " + mask +
         "; @%q4 cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::"
         "complete_tx::bytes.multicast::cluster [%r1], [" +
         map + ", {%r10, %r11}], [%r2], %h1;\n" + kWait + kStoreTile;
}

/// The same by pairs: CTA 0 names the mbarrier of CTA `named`, and the CTAs of
/// that parity (`parity`) expect the bytes of both CTAs of their pairs.
std::string pairMulticastText(const std::string &mask,
                              const std::string &expect,
                              const std::string &named,
                              const std::string &parity,
                              const std::string &group = ".cta_group::2") {
  return kInit + kClusterSync +
         "mov.u32 %r10, 0; mov.u32 %r11, 4; mov.u32 %r20, %ctaid.x; mov.u32 "
         "%r3, %cluster_ctarank; and.b32 %r4, %r3, 1; setp.eq.u32 %q3, %r4, " +
         parity +
         "; and.pred %q4, %q3, %q1; @%q4 mbarrier.arrive.expect_tx.shared.b64 "
         "_, [%r2], " +
         expect + "; mov.u32 %r5, " + named +
         "; mapa.shared::cluster.u32 %r6, %r2, %r5; setp.eq.and.u32 %q4, %r3, "
         "0, %q1; mov.u16 %h1, " +
         mask + ";\n@%q4 cp.async.bulk.tensor.2d" + group +
         ".shared::cluster.global.mbarrier::complete_tx::bytes.multicast::"
         "cluster [%r1], [%p0, {%r10, %r11}], [%r6], %h1;\n@!%q3 bra TOLD;\n" +
         kWait + "TOLD:\n" + kClusterSync + kStoreTile;
}

struct Multicast {
  bool clean = false;
  std::string report;
  std::vector<uint32_t> values;
};

Multicast runMulticast(const std::string &text, uint64_t seed,
                       uint32_t ctas = 4) {
  EmulatorOptions options;
  options.seed = seed;
  options.schedule = static_cast<Schedule>(seed % 3);
  options.livelockSlots = 5000;
  KernelRun run(kernelText(text, 2, kTile), options);
  TensorMapParams map;
  map.type = 2;
  map.rank = 2;
  map.dims = {16, 16};
  map.strides = {64};
  map.box = {16, 4};
  std::vector<uint32_t> memory(256);
  std::iota(memory.begin(), memory.end(), 0u);
  map.address = run.emulator.allocate(1024, 0, "tensor");
  run.emulator.write(map.address, memory.data(), 1024);
  std::array<char, 128> encoded = encodeTensorMap(map);
  run.input(std::vector<char>(encoded.begin(), encoded.end()));
  uint64_t out = run.output(4 * 256);
  LaunchConfig config;
  config.grid = config.cluster = {ctas};
  config.block = {64};
  run.emulator.launch(*run.module, "k", config, run.arguments);
  Multicast result;
  result.clean = run.emulator.run();
  result.report = run.report();
  result.values = run.read<uint32_t>(out, 256);
  return result;
}

TEST(Multicast, ReachesEveryCta) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Multicast result = runMulticast(multicastText("15", "256"), seed);
    ASSERT_TRUE(result.clean) << result.report;
    for (uint32_t i = 0; i < 256; ++i)
      EXPECT_EQ(result.values[i], 64 + i % 64);
  }
}

TEST(Multicast, MisuseIsFound) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    EXPECT_FALSE(runMulticast(multicastText("7", "256"), seed).clean);
    EXPECT_FALSE(runMulticast(multicastText("31", "256"), seed).clean);
    EXPECT_FALSE(runMulticast(multicastText("15", "240"), seed).clean);
    EXPECT_FALSE(runMulticast(multicastText("15", "272"), seed).clean);
    EXPECT_FALSE(runMulticast(multicastText("15", "256", "%p1"), seed).clean);
  }
}

TEST(Multicast, TellsOneCtaOfEveryPair) {
  auto expectFound = [](const std::string &text, uint64_t seed,
                        const std::string &message) {
    Multicast result = runMulticast(text, seed);
    EXPECT_FALSE(result.clean) << message;
    EXPECT_NE(result.report.find(message), std::string::npos) << result.report;
  };
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    for (const char *named : {"0", "1"}) {
      Multicast result =
          runMulticast(pairMulticastText("15", "512", named, named), seed);
      ASSERT_TRUE(result.clean) << result.report;
      for (uint32_t i = 0; i < 256; ++i)
        EXPECT_EQ(result.values[i], 64 + i % 64);
      expectFound(pairMulticastText("7", "512", named, named), seed,
                  "livelock");
      expectFound(pairMulticastText("15", "512", named, named, ""), seed,
                  named[0] == '1' ? "expects the mbarrier in the CTA"
                                  : "livelock");
    }
    expectFound(pairMulticastText("15", "512", "1", "0"), seed, "");
    expectFound(pairMulticastText("15", "512", "2", "0"), seed,
                "or the other of its pair");
  }
}

TEST(Multicast, AnOddClusterHasAnIncompletePair) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Multicast result =
        runMulticast(pairMulticastText("4", "256", "1", "1"), seed, 3);
    EXPECT_NE(result.report.find("tells CTA 3, which the cluster of 3 lacks"),
              std::string::npos)
        << result.report;
  }
}

TEST(BetweenCtas, CopiesAndReduces) {
  // Every CTA adds its tile to that of CTA 0, which waits for all of them.
  std::string text =
      kInit +
      "mov.u32 %r3, %cluster_ctarank; shl.b32 %r4, %tid_, 2; add.u32 %r5, %r1, "
      "%r4; add.u32 %r6, %tid_, %r3; st.shared.u32 [%r5], %r6; st.shared.u32 "
      "[%r5+1024], 0; fence.proxy.async; setp.eq.and.u32 %q4, %r3, 0, %q1; "
      "@%q4 "
      "mbarrier.arrive.expect_tx.shared.b64 _, [%r2], 1024; "
      "barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;\n"
      "fence.proxy.async; mov.u32 %r7, 0; mapa.shared::cluster.u32 %r8, %r1, "
      "%r7; mapa.shared::cluster.u32 %r9, %r2, %r7; add.u32 %r8, %r8, 1024; "
      "@%q1 cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::"
      "complete_tx::bytes.add.u32 [%r8], [%r1], 256, [%r9];\n"
      "setp.ne.u32 %q5, %r3, 0; @%q5 bra DONE;" +
      kWait +
      "ld.shared.u32 %r10, [%r5+1024]; cvt.u64.u32 %rd1, %r4; add.u64 %rd1, "
      "%rd1, %p1; st.global.u32 [%rd1], %r10; DONE: "
      "barrier.cluster.arrive; barrier.cluster.wait;";
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Multicast result = runMulticast(text, seed);
    ASSERT_TRUE(result.clean) << result.report;
    for (uint32_t i = 0; i < 64; ++i)
      EXPECT_EQ(result.values[i], 4 * i + 6);
  }
}

// ---- rules and misuse ----

TEST(TensorMap, EncodingRules) {
  TensorMapParams good = mapOf(kGeometries[6], 0x7000);
  EXPECT_NO_THROW(encodeTensorMap(good));
  auto refused = [&](auto change, const std::string &message) {
    TensorMapParams map = good;
    change(map);
    try {
      encodeTensorMap(map);
      ADD_FAILURE() << message;
    } catch (const UsageError &error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos)
          << error.what();
    }
  };
  refused([](auto &m) { m.rank = 0; }, "expects a rank from 1 to 5");
  refused([](auto &m) { m.rank = 6; }, "expects a rank from 1 to 5");
  refused([](auto &m) { m.type = 13; }, "expects an element type");
  refused([](auto &m) { m.address += 8; }, "expects a global address");
  refused([](auto &m) { m.strides[0] += 8; },
          "stride that is a multiple of 16");
  refused([](auto &m) { m.strides[0] = uint64_t(1) << 40; }, "below 2^40");
  refused([](auto &m) { m.box[1] = 257; }, "expects a box from 1 to 256");
  refused([](auto &m) { m.box[0] = 0; }, "expects a box from 1 to 256");
  refused([](auto &m) { m.box[0] = 4; }, "multiple of 16 bytes");
  refused([](auto &m) { m.box[0] = 72; }, "at most the 128 bytes");
  refused([](auto &m) { m.swizzle = 2; }, "at most the 64 bytes");
  refused([](auto &m) { m.dims[1] = 0; }, "expects a size from 1 to 2^32");
  refused([](auto &m) { m.elementStrides[1] = 9; },
          "element stride from 1 to 8");
  refused([](auto &m) { m.interleave = 1; }, "interleaved");
}

TEST(TensorCopyMisuse, IsFound) {
  const Geometry &g = kGeometries[3];
  std::vector<uint8_t> memory = randomBytes(1 << 14);
  auto kind = [&](const std::string &from, const std::string &to,
                  uint64_t seed) -> std::string {
    EmulatorOptions options;
    options.seed = seed;
    options.livelockSlots = 3000;
    TensorMapParams map = mapOf(g, 0);
    std::string text = loadText(2, g.at, bytesOf(map, 2));
    size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    KernelRun run(kernelText(text, 2, kTile), options);
    map.address = run.emulator.allocate(memory.size(), 0, "tensor");
    run.emulator.write(map.address, memory.data(), memory.size());
    std::array<char, 128> encoded = encodeTensorMap(map);
    run.input(std::vector<char>(encoded.begin(), encoded.end()));
    run.output(1024);
    run.launch({1}, {64});
    return run.findings().empty() ? "" : findingName(run.findings()[0].kind);
  };
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(kind("bar.sync 0;", "bar.sync 0;", seed), "");
    EXPECT_EQ(kind("[%r1], [%p0", "[%r1+64], [%p0", seed), "misaligned");
    EXPECT_EQ(kind("[%p0, {", "[%p0+64, {", seed), "out-of-bounds");
    EXPECT_EQ(kind("bytes [%r1], [%p0", "bytes [%r1+16256], [%p0", seed),
              "out-of-bounds");
    EXPECT_NE(kind("_, [%r2], 1024", "_, [%r2], 1008", seed), "");
    EXPECT_NE(kind("@!%q2 bra WAIT", "", seed), ""); // race, unwritten
    EXPECT_EQ(kind("[%r2], 1;", "[%r2], 2;", seed), "livelock");
  }
}

} // namespace tensor_copy_test
