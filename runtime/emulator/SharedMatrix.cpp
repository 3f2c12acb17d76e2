// Reading matrices of wgmma and tcgen05 in shared memory.
#include "SharedMatrix.h"
#include "Lanes.h"
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
    const LaneTable &table = laneTable();
    (type == MatrixType::F16 ? table.widenF16 : table.widenBF16)(from, count,
                                                                 to);
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

void moe::emu::readMatrix(const MatrixReader &reader, Cta &owner,
                          const SharedMatrix &from, MatrixType type,
                          uint32_t rows, bool alongRows, float *to) {
  constexpr uint32_t kMostRows = 256, kRowChunks = 2, kChunk = 16;
  uint32_t at[kMostRows * kRowChunks];
  alignas(64) char bytes[sizeof(at) / sizeof(*at) * kChunk];
  uint32_t count = rows * kRowChunks, perChunk = elementsPerChunk(type);
  if (alongRows) {
    uint32_t across = rows / perChunk;
    for (uint32_t i = 0; i < count; ++i)
      at[i] = from.alongRows(i % across, i / across);
  } else {
    for (uint32_t i = 0; i < count; ++i)
      at[i] = from.alongK(i / kRowChunks, i % kRowChunks);
  }
  reader.read(owner, at, count, bytes);
  if (perChunk * bitsPerElement(type) == kChunk * 8) {
    decodeElements(type, bytes, count * perChunk, to);
    return;
  }
  for (uint32_t i = 0; i < count; ++i) // there is padding
    decodeElements(type, bytes + size_t(i) * kChunk, perChunk,
                   to + size_t(i) * perChunk);
}

void MatrixReader::read(Cta &owner, const uint32_t *at, uint32_t count,
                        char *to) const {
  constexpr uint32_t kBytes = 16, kAhead = 16;
  Allocation &shared = *owner.shared;
  Machine &machine = *w.machine;
  bool checked = machine.options.checked;
  const Access access{agent, stamp, op->line, {}};
  const Observer observer = proxyObserverOf(w, lane, {&shared, 0});
  RaceDetector::Memo memo;
  countTraffic(machine, "shared", uint64_t(kBytes) * count, false);
  for (uint32_t i = 0; i < count; ++i, to += kBytes) {
    // What 32 bytes have of cells lies in one line of the host's cache.
    if (i + kAhead < count && (at[i + kAhead] ^ at[i + kAhead - 1]) >= 32)
      shared.prefetch(at[i + kAhead], checked);
    if (!checked && at[i] + kBytes <= shared.size) {
      std::memcpy(to, shared.bytes.get() + at[i], kBytes);
      continue;
    }
    Place place{&shared, at[i]};
    if (at[i] + kBytes > shared.size || at[i] % kBytes ||
        !areReadable(place.states())) { // says what
      place = resolve(w, op, lane, Space::Generic, shared.base + at[i], kBytes,
                      kBytes, false);
      if (checked)
        checkInitialised(w, op, lane, place, kBytes, at[i]);
    }
    std::memcpy(to, place.bytes(), kBytes);
    if (!checked)
      continue;
    if (RaceDetector::repeat(place.allocation->shadow, place.offset, memo))
      continue;
    RaceDetector::Conflict conflict;
    if (machine.races.access(place.allocation->shadow, place.offset, kBytes,
                             false, access, observer, conflict, memo))
      report(conflict, {&shared, at[i]});
  }
}

void MatrixReader::report(const RaceDetector::Conflict &conflict,
                          const Place &place) const {
  Machine &machine = *w.machine;
  std::vector<std::string> notes = {
      machine.otherAccess(w, conflict.other.line)};
  if (machine.races.ordered(observerOf(w, lane, place), conflict.other.agent,
                            conflict.other.stamp))
    notes.push_back("'fence.proxy.async' must make it visible to " +
                    std::string(name));
  machine.report(FindingKind::Race, w, op, lane, place.offset,
                 std::string(name) +
                     " reads memory that is not ordered after a write by " +
                     machine.describe(conflict.other.agent),
                 std::move(notes), conflict.other.line);
}
