// Parts of the runtime that its C API hides: symbol solving, CPU features, the
// pool.
#include "CpuFeatures.h"
#include "Entry.h"
#include "Module.h"
#include "Pool.h"
#include "Status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

using namespace moe::rt;

namespace {

/// An entry with symbols B, S, P built from dimension tables.
struct EntryBuilder {
  using Dim = std::pair<int64_t, std::vector<int64_t>>;

  moe_entry_impl &build(const std::vector<std::vector<Dim>> &inputs) {
    size_t total = 0;
    for (const auto &input : inputs)
      total += input.size();
    dims.reserve(total);
    coefficients.reserve(total);
    for (size_t i = 0; i < inputs.size(); ++i) {
      names.push_back("in" + std::to_string(i));
      size_t first = dims.size();
      for (const auto &[constant, factors] : inputs[i]) {
        coefficients.push_back(factors);
        dims.push_back(
            {constant, factors.empty() ? nullptr : coefficients.back().data()});
      }
      arguments.push_back({nullptr,
                           MOE_DTYPE_F32,
                           uint32_t(inputs[i].size()),
                           dims.data() + first,
                           {}});
    }
    for (size_t i = 0; i < names.size(); ++i)
      arguments[i].name = names[i].c_str();
    raw = {"main",
           symbols,
           3,
           uint32_t(arguments.size()),
           0,
           0,
           arguments.data(),
           nullptr,
           [](const moe_buffer_v1 *, moe_buffer_v1 *, const void *) {
             return int32_t(0);
           },
           {}};
    describeEntry(raw, "'test'", entry);
    return entry;
  }

  const char *symbols[3] = {"B", "S", "P"};
  std::vector<std::string> names;
  std::vector<std::vector<int64_t>> coefficients;
  std::vector<moe_dim_v1> dims;
  std::vector<moe_argument_v1> arguments;
  moe_entry_v1 raw = {};
  moe_entry_impl entry;
};

std::string solve(const moe_entry_impl &entry,
                  const std::vector<std::vector<int64_t>> &shapes) {
  std::vector<moe_tensor_type_t> types;
  for (const auto &shape : shapes)
    types.push_back({MOE_DTYPE_F32, uint32_t(shape.size()), shape.data()});
  try {
    std::string text;
    for (auto value : solveSymbols(entry, types.data(), uint32_t(types.size())))
      text += (text.empty() ? "" : " ") +
              (value ? std::to_string(*value) : std::string("?"));
    return text;
  } catch (const Error &error) {
    return error.what();
  }
}

} // namespace

TEST(SolveTest, ChainsThroughSums) {
  // [S + P], [2*B + 1, P - B], [B]: B, then P, then S.
  EntryBuilder builder;
  const moe_entry_impl &entry = builder.build(
      {{{0, {0, 1, 1}}}, {{1, {2, 0, 0}}, {0, {-1, 0, 1}}}, {{0, {1, 0, 0}}}});
  EXPECT_STREQ(entry.inputs[0].info.text, "f32[S + P]");
  EXPECT_STREQ(entry.inputs[1].info.text, "f32[2*B + 1, -B + P]");
  EXPECT_EQ(solve(entry, {{9}, {7, 1}, {3}}), "3 5 4");
  EXPECT_EQ(solve(entry, {{9}, {7, 1}, {4}}),
            "input 'in2' expects f32[B] with B = 3 (from input 'in1'), but got "
            "f32[4]");
  // 2*B + 1 is odd and at least 1.
  EXPECT_EQ(solve(entry, {{9}, {6, 1}, {3}}),
            "input 'in1' expects f32[2*B + 1, -B + P], but got f32[6, 1]");
  EXPECT_EQ(solve(entry, {{9}, {0, 1}, {3}}),
            "input 'in1' expects f32[2*B + 1, -B + P], but got f32[0, 1]");
  // S would be negative.
  EXPECT_EQ(solve(entry, {{4}, {7, 2}, {3}}),
            "input 'in0' expects f32[S + P] with P = 5 (from input 'in1'), but "
            "got f32[4]");
}

TEST(SolveTest, LeavesWhatNothingDetermines) {
  EntryBuilder builder;
  const moe_entry_impl &entry =
      builder.build({{{0, {1, 1, 0}}, {4, {}}, {-2, {0, 0, 1}}}});
  EXPECT_STREQ(entry.inputs[0].info.text, "f32[B + S, 4, P - 2]");
  EXPECT_EQ(solve(entry, {{5, 4, 1}}), "? ? 3");
  EXPECT_EQ(solve(entry, {{5, 3, 1}}),
            "input 'in0' expects f32[B + S, 4, P - 2], but got f32[5, 3, 1]");
}

TEST(SolveTest, DoesNotOverflow) {
  EntryBuilder builder;
  const moe_entry_impl &entry =
      builder.build({{{0, {1, 0, 0}}}, {{0, {16, 1, 0}}}});
  EXPECT_EQ(solve(entry, {{int64_t(1) << 60}, {5}}),
            "input 'in1' expects f32[16*B + S] with B = 1152921504606846976 "
            "(from input 'in0'), but got f32[5]");
}

TEST(DescribeTest, RefusesBrokenTables) {
  auto message = [](auto change) {
    EntryBuilder builder;
    builder.build({{{0, {1, 0, 0}}}, {{3, {}}}});
    change(builder);
    try {
      moe_entry_impl entry;
      describeEntry(builder.raw, "'test'", entry);
      return std::string("accepted");
    } catch (const Error &error) {
      EXPECT_EQ(error.code, MOE_STATUS_CORRUPT);
      return std::string(error.what());
    }
  };
  EXPECT_EQ(message([](EntryBuilder &) {}), "accepted");
  EXPECT_EQ(message([](EntryBuilder &b) { b.raw.name = nullptr; }),
            "'test' has an entry point without a name");
  EXPECT_EQ(message([](EntryBuilder &b) { b.raw.run = nullptr; }),
            "'test' entry 'main' has no function");
  EXPECT_EQ(message([](EntryBuilder &b) { b.raw.inputs = nullptr; }),
            "'test' entry 'main' expects a table of its inputs");
  EXPECT_EQ(message([](EntryBuilder &b) { b.raw.input_count = ~0u; }),
            "'test' entry 'main' expects a table of its inputs");
  EXPECT_EQ(message([](EntryBuilder &b) { b.symbols[1] = nullptr; }),
            "'test' entry 'main' symbol #1 has no name");
  EXPECT_EQ(message([](EntryBuilder &b) { b.arguments[1].name = nullptr; }),
            "'test' entry 'main' input #1 has no name");
  EXPECT_EQ(message([](EntryBuilder &b) { b.arguments[1].name = "in0"; }),
            "'test' entry 'main' input 'in0' exists twice");
  EXPECT_EQ(message([](EntryBuilder &b) { b.arguments[0].dtype = 14; }),
            "'test' entry 'main' input 'in0' has element type 14, which this "
            "runtime does not know");
  EXPECT_EQ(message([](EntryBuilder &b) { b.arguments[0].dims = nullptr; }),
            "'test' entry 'main' input 'in0' expects a table of its 1 "
            "dimensions");
  EXPECT_EQ(message([](EntryBuilder &b) { b.dims[1].constant = -3; }),
            "'test' entry 'main' input 'in1' has dimension #0 of size -3");
  EXPECT_EQ(
      message([](EntryBuilder &b) { b.dims[1].constant = MOE_DIM_UNKNOWN; }),
      "'test' entry 'main' input 'in1' has an unknown size, which only outputs "
      "may have");
}

TEST(TensorBytesTest, NoticesOverflow) {
  const int64_t small[] = {2, 3}, large[] = {INT64_MAX / 2, 3},
                empty[] = {INT64_MAX, INT64_MAX, 0};
  EXPECT_EQ(tensorBytes(MOE_DTYPE_BF16, small, 2), 12);
  EXPECT_EQ(tensorBytes(MOE_DTYPE_F64, small, 0), 8);
  EXPECT_EQ(tensorBytes(MOE_DTYPE_I8, large, 2), std::nullopt);
  EXPECT_EQ(tensorBytes(MOE_DTYPE_F64, empty, 3), 0);
}

#if defined(__x86_64__) && defined(__clang__)
// The compiler's own detection must agree wherever it knows the name.
TEST(CpuFeaturesTest, AgreesWithTheCompiler) {
#define EXPECT_FEATURE(name)                                                   \
  EXPECT_EQ(missingCpuFeatures(name).empty(), !!__builtin_cpu_supports(name))  \
      << name
  EXPECT_FEATURE("sse3");
  EXPECT_FEATURE("ssse3");
  EXPECT_FEATURE("sse4.1");
  EXPECT_FEATURE("sse4.2");
  EXPECT_FEATURE("sse4a");
  EXPECT_FEATURE("popcnt");
  EXPECT_FEATURE("movbe");
  EXPECT_FEATURE("lzcnt");
  EXPECT_FEATURE("bmi");
  EXPECT_FEATURE("bmi2");
  EXPECT_FEATURE("avx");
  EXPECT_FEATURE("avx2");
  EXPECT_FEATURE("fma");
  EXPECT_FEATURE("fma4");
  EXPECT_FEATURE("f16c");
  EXPECT_FEATURE("pclmul");
  EXPECT_FEATURE("gfni");
  EXPECT_FEATURE("vpclmulqdq");
  EXPECT_FEATURE("avx512f");
  EXPECT_FEATURE("avx512vl");
  EXPECT_FEATURE("avx512bw");
  EXPECT_FEATURE("avx512dq");
  EXPECT_FEATURE("avx512cd");
  EXPECT_FEATURE("avx512vbmi");
  EXPECT_FEATURE("avx512vbmi2");
  EXPECT_FEATURE("avx512ifma");
  EXPECT_FEATURE("avx512vpopcntdq");
  EXPECT_FEATURE("avx512vnni");
  EXPECT_FEATURE("avx512bitalg");
  EXPECT_FEATURE("avx512bf16");
  EXPECT_FEATURE("avx512fp16");
  EXPECT_FEATURE("avx512vp2intersect");
  EXPECT_FEATURE("avxvnni");
  EXPECT_FEATURE("avxvnniint8");
  EXPECT_FEATURE("avxifma");
  EXPECT_FEATURE("amx-tile");
  EXPECT_FEATURE("amx-int8");
  EXPECT_FEATURE("amx-bf16");
#undef EXPECT_FEATURE
}
#endif

TEST(CpuFeaturesTest, AsksForTileRegistersWhereTheyAreNeeded) {
  EXPECT_EQ(requestRegisters(nullptr), 0);
  EXPECT_EQ(requestRegisters("sse3,avx512f"), 0);
#if defined(__x86_64__)
  // Linux knows for itself whether there are such registers.
  bool exist = __builtin_cpu_supports("amx-tile");
  EXPECT_EQ(requestRegisters("sse3,amx-bf16") == 0, exist);
  EXPECT_EQ(requestRegisters("amx-tile") == 0, exist);
#endif
  EXPECT_EQ(registersRefused("'m.so'", EPERM),
            "'m.so' multiplies in the tile registers of AMX, which the "
            "operating system refuses to this process (Operation not "
            "permitted); recompile it with moe-compile --features=-amx-tile");
}

TEST(CpuFeaturesTest, ReadsLists) {
  using List = std::vector<std::string>;
  EXPECT_EQ(missingCpuFeatures(nullptr), List{});
  EXPECT_EQ(missingCpuFeatures(""), List{});
  EXPECT_EQ(missingCpuFeatures("warp,drive,"), (List{"warp", "drive"}));
#if defined(__x86_64__)
  EXPECT_EQ(missingCpuFeatures("cx16,,drive"), List{"drive"});
#endif
}

namespace {

class PoolTest : public ::testing::Test {
protected:
  PoolTest() {
    instance.allocate = [](void *, size_t bytes, size_t alignment) {
      return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment *
                                               alignment);
    };
    instance.release = [](void *, void *memory, size_t) { std::free(memory); };
  }
  moe_memory_stats_t stats() {
    moe_memory_stats_t result = {};
    pool.readStats(result);
    return result;
  }
  moe_instance_impl instance;
  Pool pool{instance};
};

} // namespace

TEST_F(PoolTest, AlignsAndHolds) {
  std::vector<std::pair<char *, size_t>> blocks;
  for (size_t alignment : {1, 8, 64, 128, 4096, 1 << 21})
    for (size_t bytes : {0, 1, 63, 64, 65, 80, 81, 96, 1000, 4097, 100000}) {
      auto *memory = static_cast<char *>(pool.allocate(bytes, alignment));
      ASSERT_NE(memory, nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % alignment, 0u);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u);
      std::memset(memory, int(blocks.size()), bytes);
      blocks.push_back({memory, bytes});
    }
  for (size_t i = 0; i < blocks.size(); ++i)
    for (size_t b = 0; b < blocks[i].second; ++b)
      ASSERT_EQ(blocks[i].first[b], char(i));
  for (auto [memory, bytes] : blocks)
    EXPECT_TRUE(pool.release(memory));
  EXPECT_TRUE(pool.release(nullptr));
}

TEST_F(PoolTest, WastesAtMostAQuarter) {
  uint64_t reserved = 0;
  for (uint64_t bytes = 64; bytes < 3000; ++bytes) {
    ASSERT_NE(pool.allocate(bytes, 64), nullptr);
    uint64_t now = stats().reserved_bytes, got = now - reserved - 64;
    ASSERT_GE(got, bytes);
    ASSERT_LE(got * 4, bytes * 5) << bytes;
    reserved = now;
  }
}

TEST_F(PoolTest, ReusesByClass) {
  void *first = pool.allocate(1000, 64);
  EXPECT_TRUE(pool.release(first));
  EXPECT_FALSE(pool.release(first)) << "released before";
  EXPECT_EQ(pool.allocate(1020, 64), first);
  EXPECT_EQ(stats().host_allocations, 1u);
  EXPECT_EQ(stats().model_allocations, 2u);
  pool.endRun(true);
  EXPECT_EQ(pool.allocate(900, 64), first);
  pool.endRun(true);
  pool.trim();
  EXPECT_EQ(stats().reserved_bytes, 0u);
}

TEST_F(PoolTest, KeepsResultsForOneMoreRun) {
  auto *a = static_cast<char *>(pool.allocate(1000, 64));
  EXPECT_FALSE(pool.makeResult(a + 100, 1000));
  EXPECT_FALSE(pool.makeResult(nullptr, 4));
  EXPECT_TRUE(pool.makeResult(a + 100, 900));
  EXPECT_TRUE(pool.makeResult(a, 4)) << "two results may share memory";
  EXPECT_FALSE(pool.release(a));
  pool.endRun(true);
  void *b = pool.allocate(1000, 64);
  EXPECT_NE(b, a);
  EXPECT_TRUE(pool.makeResult(b, 1000));
  pool.endRun(false); // a stays, b goes
  EXPECT_EQ(pool.allocate(1000, 64), b);
  EXPECT_TRUE(pool.makeResult(b, 1000));
  pool.endRun(true); // a goes, b stays
  EXPECT_EQ(pool.allocate(1000, 64), a);
}

TEST_F(PoolTest, ServesThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < 500; ++i) {
        size_t bytes = 1 + i * 7 % 300;
        auto *memory = static_cast<char *>(pool.allocate(bytes, 8));
        std::memset(memory, t, bytes);
        for (size_t b = 0; b < bytes; ++b)
          ASSERT_EQ(memory[b], t);
        if (i % 3) {
          ASSERT_TRUE(pool.release(memory));
        }
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}
