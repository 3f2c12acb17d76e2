// Runs pieces of PTX and reads what they leave.
#ifndef MOE_TEST_UNIT_EMULATOR_SUPPORT_H
#define MOE_TEST_UNIT_EMULATOR_SUPPORT_H

#include "moe-rt/emulator.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

namespace moe::emu::test {

inline std::string readInput(const std::string &name) {
  std::ifstream stream(std::string(MOE_EMULATOR_INPUTS "/") + name);
  std::stringstream text;
  text << stream.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

/// The n-th occurrence of `pattern` replaced.
struct Mutation {
  const char *name, *pattern;
  int occurrence;
  const char *replacement;
};

/// `text` as a part of a test's name.
inline std::string asName(std::string text) {
  for (char &c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)))
      c = '_';
  return text;
}
/// What INSTANTIATE_TEST_SUITE_P calls a case that has a name.
template <typename Case>
std::string nameOf(const ::testing::TestParamInfo<Case> &info) {
  return asName(info.param.name);
}

inline std::string mutate(std::string text, const Mutation &mutation) {
  size_t at = text.find(mutation.pattern);
  for (int i = 1; i < mutation.occurrence && at != std::string::npos; ++i)
    at = text.find(mutation.pattern, at + 1);
  EXPECT_NE(at, std::string::npos) << mutation.name;
  return text.replace(at, std::strlen(mutation.pattern), mutation.replacement);
}

inline uint16_t toBf16(double value) {
  return static_cast<uint16_t>(
      std::bit_cast<uint32_t>(static_cast<float>(value)) >> 16);
}

/// With how many seeds correct kernels run: what MOE_EMULATOR_SEEDS says, or
/// `usual`.
inline uint64_t seedLimit(uint64_t usual) {
  const char *text = std::getenv("MOE_EMULATOR_SEEDS");
  return text ? std::strtoull(text, nullptr, 10) : usual;
}

/// On how many cores correct kernels run.
inline constexpr unsigned kCores[] = {2, 4};
/// In the place of a seed: free mode on so many cores.
constexpr uint64_t onCores(unsigned cores) { return uint64_t(cores) << 32; }
/// The seed and the schedule, or the cores, that a test's number of a run
/// names.
inline EmulatorOptions optionsOf(uint64_t run) {
  EmulatorOptions options;
  options.cores = std::max(1u, static_cast<unsigned>(run >> 32));
  options.checked = options.cores == 1;
  if (options.checked) {
    options.seed = run;
    options.schedule = static_cast<Schedule>(run % 4);
  }
  return options;
}

/// Whether a run was silent and its result exact.
struct GemmResult {
  bool clean = false, exact = false;
  std::string report;
};

/// A module of one kernel `k` with the pointers p0, p1, ... as parameters,
/// loaded into %p0, %p1, ... The body may use %r<64>, %rd<64>, %f<64>, %fd<16>,
/// %h<16>, %q<16> (predicates), and finds its thread's number in %tid_ and the
/// number of the thread within the grid in %gid_.
inline std::string kernelText(const std::string &body, int pointers,
                              const std::string &declarations = "") {
  std::string text = ".version 8.7\n.target sm_90a\n.address_size 64\n" +
                     declarations + "\n.visible .entry k(";
  for (int i = 0; i < pointers; ++i)
    text += (i ? ", " : "") + std::string(".param .u64 a") + std::to_string(i);
  text += ")\n{\n.reg .b32 %r<64>, %tid_, %gid_; .reg .b64 %rd<64>; .reg .f32 "
          "%f<64>; .reg .f64 %fd<16>; .reg .b16 %h<16>; .reg .pred %q<16>; "
          ".reg .b64 "
          "%p<16>;\n.reg .b32 %t_<4>;\n";
  for (int i = 0; i < pointers; ++i)
    text += "ld.param.u64 %p" + std::to_string(i) + ", [a" + std::to_string(i) +
            "];\n";
  text += "mov.u32 %tid_, %tid.x; mov.u32 %t_0, %ctaid.x; mov.u32 %t_1, "
          "%ntid.x; mad.lo.u32 %gid_, %t_0, %t_1, %tid_;\n";
  return text + body + "\nret;\n}\n";
}

/// Buffers as parameters of a kernel.
class KernelRun {
public:
  explicit KernelRun(const std::string &text,
                     const EmulatorOptions &options = {})
      : emulator(options), module(&emulator.load(text)) {}

  template <typename T>
  uint64_t input(const std::vector<T> &values, unsigned device = 0) {
    uint64_t address = emulator.allocate(values.size() * sizeof(T), device,
                                         "in" + std::to_string(buffers++));
    emulator.write(address, values.data(), values.size() * sizeof(T));
    return argument(address);
  }
  /// `count` numbers of bf16 whose sums in f32 are exact; no parameter.
  uint64_t exactMatrix(size_t count, std::mt19937 &random,
                       std::vector<double> &values) {
    std::vector<uint16_t> bits;
    for (size_t i = 0; i < count; ++i) {
      values.push_back((static_cast<int>(random() % 17) - 8) / 8.0);
      bits.push_back(toBf16(values.back()));
    }
    uint64_t address = emulator.allocate(count * 2, 0, "matrix");
    emulator.write(address, bits.data(), count * 2);
    return address;
  }
  uint64_t output(uint64_t bytes, unsigned device = 0) {
    return argument(
        emulator.allocate(bytes, device, "out" + std::to_string(buffers++)));
  }
  template <typename T>
  T argument(T value) {
    size_t at = (arguments.size() + sizeof(T) - 1) / sizeof(T) * sizeof(T);
    arguments.resize(at + sizeof(T));
    std::memcpy(arguments.data() + at, &value, sizeof(T));
    return value;
  }
  bool launch(Dim3 grid, Dim3 block, uint32_t dynamicShared = 0) {
    LaunchConfig config;
    config.grid = grid;
    config.block = block;
    config.dynamicShared = dynamicShared;
    emulator.launch(*module, module->kernels().front(), config, arguments);
    return emulator.run();
  }
  template <typename T>
  std::vector<T> read(uint64_t address, size_t count) {
    std::vector<T> values(count);
    emulator.read(address, values.data(), count * sizeof(T));
    return values;
  }
  std::string report() const {
    std::string text;
    for (const Finding &finding : emulator.findings())
      text += formatFinding(finding, emulator.options().seed);
    return text;
  }
  const std::vector<Finding> &findings() const { return emulator.findings(); }

  Emulator emulator;
  Module *module;
  std::vector<char> arguments;
  int buffers = 0;
};

/// A matrix of bf16 with rows of `inner` elements, in boxes that are swizzled
/// over 128 bytes.
inline TensorMapParams matrixMap(uint64_t address, uint64_t inner,
                                 uint64_t outer, uint32_t boxInner,
                                 uint32_t boxOuter) {
  TensorMapParams map;
  map.type = 9;
  map.rank = 2;
  map.address = address;
  map.dims = {inner, outer};
  map.strides = {inner * 2};
  map.box = {boxInner, boxOuter};
  map.swizzle = 3;
  return map;
}

/// Runs what was launched and compares D[m][n] at `out` with the sums of
/// product(i, j, p) over p < k.
template <typename Product>
GemmResult runAndCompare(KernelRun &run, uint64_t out, int m, int n, int k,
                         Product product) {
  GemmResult result;
  result.clean = run.emulator.run();
  result.report = run.report();
  auto d = run.read<float>(out, size_t(m) * n);
  result.exact = true;
  for (int i = 0; i < m && result.exact; ++i)
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      for (int p = 0; p < k; ++p)
        sum += product(i, j, p);
      result.exact &= d[size_t(i) * n + j] == static_cast<float>(sum);
    }
  return result;
}

/// A correct kernel gives what it gives on one core.
template <typename Run>
void expectExactOnCores(Run run) {
  for (unsigned cores : kCores) {
    GemmResult result = run(onCores(cores));
    EXPECT_TRUE(result.clean) << result.report;
    EXPECT_TRUE(result.exact) << cores << " cores";
  }
}

/// A wrong version is refused, reported or gives wrong numbers with one of the
/// seeds that `run` gets: of 3, or of MOE_EMULATOR_SEEDS, but of no more than
/// 20. The test's report says which seed it was and how it was caught.
template <typename Run>
void expectCaught(Run run) {
  uint64_t seeds = std::min<uint64_t>(seedLimit(3), 20);
  auto caughtBy = [&](uint64_t seed) -> const char * {
    try {
      GemmResult result = run(seed);
      return !result.clean ? "report" : !result.exact ? "numbers" : nullptr;
    } catch (const LoadError &) {
      return "refusal";
    }
  };
  for (uint64_t seed = 1; seed <= seeds; ++seed)
    if (const char *how = caughtBy(seed)) {
      ::testing::Test::RecordProperty("seed", std::to_string(seed));
      ::testing::Test::RecordProperty("caughtBy", how);
      return;
    }
  ADD_FAILURE() << "not caught with " << seeds << " seeds";
}

} // namespace moe::emu::test

#endif // MOE_TEST_UNIT_EMULATOR_SUPPORT_H
