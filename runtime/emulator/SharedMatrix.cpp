// Reading matrices of wgmma and tcgen05 in shared memory.
#include "SharedMatrix.h"
#include "Machine.h"

using namespace moe::emu;

namespace {

struct ElementInfo {
  uint32_t bits, perChunk;
  FloatFormat format;
};

/// By MatrixType. Integers have no format.
constexpr ElementInfo kElements[] = {
    {16, 8, kF16},  {16, 8, kBF16},  {32, 4, kTF32},  {8, 16, kE4M3},
    {8, 16, kE5M2}, {6, 16, kE2M3},  {6, 16, kE3M2},  {4, 16, kE2M1},
    {4, 32, kE2M1}, {8, 16, {0, 0}}, {8, 16, {0, 0}},
};

const ElementInfo &infoOf(MatrixType type) {
  return kElements[static_cast<size_t>(type)];
}

/// All numbers of a format of at most 8 bits.
struct Table {
  float values[256];
};

Table makeTable(MatrixType type) {
  Table table{};
  for (uint32_t i = 0; i < 1u << infoOf(type).bits; ++i)
    table.values[i] =
        type == MatrixType::U8 ? std::bit_cast<float>(i)
        : type == MatrixType::S8
            ? std::bit_cast<float>(static_cast<int32_t>(static_cast<int8_t>(i)))
            : static_cast<float>(decodeFloat(infoOf(type).format, i));
  return table;
}

const Table &tableOf(MatrixType type) {
  static const std::array<Table, std::size(kElements)> tables = [] {
    std::array<Table, std::size(kElements)> result{};
    for (size_t i = 0; i < result.size(); ++i)
      if (kElements[i].bits <= 8)
        result[i] = makeTable(static_cast<MatrixType>(i));
    return result;
  }();
  return tables[static_cast<size_t>(type)];
}

} // namespace

uint32_t moe::emu::elementsPerChunk(MatrixType type) {
  return infoOf(type).perChunk;
}

uint32_t moe::emu::bitsPerElement(MatrixType type) { return infoOf(type).bits; }

void moe::emu::decodeElements(MatrixType type, const char *from, uint32_t count,
                              float *to) {
  if (type == MatrixType::TF32) {
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t bits;
      std::memcpy(&bits, from + size_t(i) * 4, 4);
      to[i] = asFloat(bits & 0xffffe000); // the low bits do not count
    }
    return;
  }
  if (type == MatrixType::F16 || type == MatrixType::BF16) {
    for (uint32_t i = 0; i < count; ++i) {
      uint16_t bits;
      std::memcpy(&bits, from + size_t(i) * 2, 2);
      to[i] = type == MatrixType::F16 ? f16ToFloat(bits) : bf16ToFloat(bits);
    }
    return;
  }
  const float *values = tableOf(type).values;
  uint32_t size = infoOf(type).bits;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t at = i * size, bits = static_cast<uint8_t>(from[at / 8]);
    if (at % 8 + size > 8)
      bits |= static_cast<uint32_t>(static_cast<uint8_t>(from[at / 8 + 1]))
              << 8;
    to[i] = values[bits >> at % 8 & ((1u << size) - 1)];
  }
}

void MatrixReader::read(Cta &owner, uint32_t at, char *to) const {
  const Allocation &shared = *owner.shared;
  Machine &machine = *w.machine;
  countTraffic(machine, "shared", 16, false);
  if (!machine.options.checked && at + 16 <= shared.size) {
    std::memcpy(to, shared.bytes.get() + at, 16);
    return;
  }
  Place place =
      resolve(w, op, lane, Space::Generic, shared.base + at, 16, 16, false);
  std::memcpy(to, place.bytes(), 16);
  if (!machine.options.checked)
    return;
  checkInitialised(w, op, lane, place, 16, at);
  const Knowledge &knowledge = w.cta->sync[w.index].lanes[lane].knowledge;
  static const Clock kNothing;
  RaceDetector::Conflict conflict;
  if (!machine.races.access(
          place.allocation->shadow, place.offset, 16, false,
          {agent, stamp, op->line, Strength()},
          {knowledge.proxied ? *knowledge.proxied : kNothing, Agent(), 0},
          conflict))
    return;
  std::vector<std::string> notes = {"the other access is at line " +
                                    std::to_string(conflict.other.line) + ": " +
                                    machine.lineText(w, conflict.other.line)};
  if (conflict.other.agent == threadAgent(w, lane) ||
      (knowledge.plain &&
       knowledge.plain->knows(conflict.other.agent, conflict.other.stamp)))
    notes.push_back("'fence.proxy.async' must make it visible to " +
                    std::string(name));
  machine.report(FindingKind::Race, w, op, lane, at,
                 std::string(name) +
                     " reads memory that is not ordered after a write by " +
                     machine.describe(conflict.other.agent),
                 std::move(notes), conflict.other.line);
}
