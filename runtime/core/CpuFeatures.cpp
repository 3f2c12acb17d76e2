// The instruction sets of the artefact's contract as bits of cpuid, and what
// the operating system must save on a context switch for them.
#include "CpuFeatures.h"
#include "moe-rt/abi.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace moe::rt;

#if defined(__x86_64__)

namespace {

enum Register : uint8_t { EAX, EBX, ECX, EDX };

/// Register state beyond SSE that the operating system must enable.
enum State : uint8_t { None, AVX, AVX512, AMX, APX };

struct Feature {
  const char *name;
  uint32_t leaf;
  uint32_t subleaf;
  Register reg;
  uint8_t bit;
  State state;
  /// 0: one bit says whether it is there. Otherwise the byte from `bit` on is a
  /// version, which must be this at least.
  uint8_t version = 0;
};

} // namespace

/// MOE_X86_INSTRUCTION_SETS, by leaf.
static constexpr Feature kFeatures[] = {
    {"sse3", 1, 0, ECX, 0, None},
    {"pclmul", 1, 0, ECX, 1, None},
    {"ssse3", 1, 0, ECX, 9, None},
    {"fma", 1, 0, ECX, 12, AVX},
    {"cx16", 1, 0, ECX, 13, None},
    {"sse4.1", 1, 0, ECX, 19, None},
    {"sse4.2", 1, 0, ECX, 20, None},
    {"movbe", 1, 0, ECX, 22, None},
    {"popcnt", 1, 0, ECX, 23, None},
    {"avx", 1, 0, ECX, 28, AVX},
    {"f16c", 1, 0, ECX, 29, AVX},
    {"bmi", 7, 0, EBX, 3, None},
    {"avx2", 7, 0, EBX, 5, AVX},
    {"bmi2", 7, 0, EBX, 8, None},
    {"avx512f", 7, 0, EBX, 16, AVX512},
    {"evex512", 7, 0, EBX, 16, AVX512},
    {"avx512dq", 7, 0, EBX, 17, AVX512},
    {"avx512ifma", 7, 0, EBX, 21, AVX512},
    {"avx512cd", 7, 0, EBX, 28, AVX512},
    {"avx512bw", 7, 0, EBX, 30, AVX512},
    {"avx512vl", 7, 0, EBX, 31, AVX512},
    {"avx512vbmi", 7, 0, ECX, 1, AVX512},
    {"avx512vbmi2", 7, 0, ECX, 6, AVX512},
    {"gfni", 7, 0, ECX, 8, None},
    {"vpclmulqdq", 7, 0, ECX, 10, AVX},
    {"avx512vnni", 7, 0, ECX, 11, AVX512},
    {"avx512bitalg", 7, 0, ECX, 12, AVX512},
    {"avx512vpopcntdq", 7, 0, ECX, 14, AVX512},
    {"avx512vp2intersect", 7, 0, EDX, 8, AVX512},
    {"amx-bf16", 7, 0, EDX, 22, AMX},
    {"avx512fp16", 7, 0, EDX, 23, AVX512},
    {"amx-tile", 7, 0, EDX, 24, AMX},
    {"amx-int8", 7, 0, EDX, 25, AMX},
    {"raoint", 7, 1, EAX, 3, None},
    {"avxvnni", 7, 1, EAX, 4, AVX},
    {"avx512bf16", 7, 1, EAX, 5, AVX512},
    {"cmpccxadd", 7, 1, EAX, 7, None},
    {"amx-fp16", 7, 1, EAX, 21, AMX},
    {"avxifma", 7, 1, EAX, 23, AVX},
    {"avxvnniint8", 7, 1, EDX, 4, AVX},
    {"avxneconvert", 7, 1, EDX, 5, AVX},
    {"amx-complex", 7, 1, EDX, 8, AMX},
    {"avxvnniint16", 7, 1, EDX, 10, AVX},
    {"egpr", 7, 1, EDX, 21, APX},
    {"push2pop2", 7, 1, EDX, 21, APX},
    {"ppx", 7, 1, EDX, 21, APX},
    {"ndd", 7, 1, EDX, 21, APX},
    {"ccmp", 7, 1, EDX, 21, APX},
    {"nf", 7, 1, EDX, 21, APX},
    {"cf", 7, 1, EDX, 21, APX},
    {"zu", 7, 1, EDX, 21, APX},
    {"amx-fp8", 0x1e, 1, EAX, 4, AMX},
    {"amx-tf32", 0x1e, 1, EAX, 6, AMX},
    {"amx-avx512", 0x1e, 1, EAX, 7, AMX},
    {"amx-movrs", 0x1e, 1, EAX, 8, AMX},
    {"avx10.1", 0x24, 0, EBX, 0, AVX512, 1},
    {"avx10.1-512", 0x24, 0, EBX, 0, AVX512, 1},
    {"avx10.2", 0x24, 0, EBX, 0, AVX512, 2},
    {"avx10.2-512", 0x24, 0, EBX, 0, AVX512, 2},
    {"sahf", 0x80000001, 0, ECX, 0, None},
    {"lzcnt", 0x80000001, 0, ECX, 5, None},
    {"sse4a", 0x80000001, 0, ECX, 6, None},
    {"prfchw", 0x80000001, 0, ECX, 8, None},
    {"xop", 0x80000001, 0, ECX, 11, AVX},
    {"fma4", 0x80000001, 0, ECX, 16, AVX},
    {"tbm", 0x80000001, 0, ECX, 21, None},
};

static constexpr const Feature *findFeature(std::string_view name) {
  for (const Feature &feature : kFeatures)
    if (name == feature.name)
      return &feature;
  return nullptr;
}

static constexpr const char *kContract[] = {MOE_X86_INSTRUCTION_SETS};
static_assert(std::ranges::all_of(kContract, findFeature));

static int requestTileState() {
  constexpr long kRequestPermission = 0x1023; // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  static const int error =
      syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0 ? 0 : errno;
  return error;
}

static uint64_t enabledState() {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
    return 0;
  uint32_t low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

static bool systemSaves(State state) {
  static const uint64_t enabled = enabledState();
  constexpr uint64_t kAVX = 0x6, kAVX512 = 0xe6, kAMX = 0x60000, kAPX = 0x80000;
  switch (state) {
  case None:
    return true;
  case AVX:
    return (enabled & kAVX) == kAVX;
  case AVX512:
    return (enabled & kAVX512) == kAVX512;
  case AMX:
    return (enabled & kAMX) == kAMX;
  case APX:
    return (enabled & kAPX) == kAPX;
  }
  return false;
}

static bool hasFeature(std::string_view name) {
  const Feature *feature = findFeature(name);
  if (!feature)
    return false;
  uint32_t registers[4] = {};
  if (!__get_cpuid_count(feature->leaf, feature->subleaf, &registers[EAX],
                         &registers[EBX], &registers[ECX], &registers[EDX]))
    return false;
  uint32_t value = registers[feature->reg] >> feature->bit;
  bool has = feature->version ? (value & 0xff) >= feature->version : value & 1;
  return has && systemSaves(feature->state);
}

static bool needsTileState(std::string_view name) {
  const Feature *feature = findFeature(name);
  return feature && feature->state == AMX;
}

#else

static int requestTileState() { return 0; }
static bool hasFeature(std::string_view) { return false; }
static bool needsTileState(std::string_view) { return false; }

#endif

/// The names of a list for which `holds`.
template <typename Predicate>
static std::vector<std::string> namesIf(const char *list, Predicate holds) {
  std::vector<std::string> found;
  std::string_view rest = list ? list : "";
  while (!rest.empty()) {
    size_t comma = std::min(rest.find(','), rest.size());
    std::string_view name = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (!name.empty() && holds(name))
      found.emplace_back(name);
  }
  return found;
}

std::vector<std::string> moe::rt::missingCpuFeatures(const char *features) {
  return namesIf(features,
                 [](std::string_view name) { return !hasFeature(name); });
}

int moe::rt::requestRegisters(const char *features) {
  return namesIf(features, needsTileState).empty() ? 0 : requestTileState();
}
