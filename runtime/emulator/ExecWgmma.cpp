// wgmma: executed when all four warps of a warpgroup have come to it, with its
// reads of shared memory as those of an agent of the async proxy.
#include "Lanes.h"
#include "Machine.h"
#include "SharedMatrix.h"

#include <cmath>

using namespace moe::emu;

namespace {

/// Reads a matrix descriptor.
SharedMatrix decodeDescriptor(uint64_t bits) {
  SharedMatrix matrix;
  matrix.start = static_cast<uint32_t>(bits & 0x3fff) << 4;
  matrix.leading = static_cast<uint32_t>(bits >> 16 & 0x3fff) << 4;
  matrix.stride = static_cast<uint32_t>(bits >> 32 & 0x3fff) << 4;
  matrix.swizzle = (4 - static_cast<uint32_t>(bits >> 62)) & 3;
  return matrix;
}

MatrixType matrixTypeOf(Type type) {
  switch (type) {
  case Type::F16:
    return MatrixType::F16;
  case Type::BF16:
    return MatrixType::BF16;
  case Type::TF32:
    return MatrixType::TF32;
  case Type::E4M3:
    return MatrixType::E4M3;
  case Type::E5M2:
    return MatrixType::E5M2;
  case Type::S8:
    return MatrixType::S8;
  default:
    return MatrixType::U8;
  }
}

/// The operands of one wgmma as numbers, in the order that the table's
/// functions want (Lanes.h). Floats, or integers in the same places.
struct alignas(128) Operands {
  float a[4][2][32][kWarpSize]; ///< warp, half of its rows, k (dense), lane
  float b[32 * 256];
  float values[256 * 32]; ///< one of the matrices as it was read
};

/// Executes one wgmma for a warpgroup.
struct Wgmma {
  Warp &w; ///< one of the four, whose view of memory is checked
  const Op *op;
  const WgmmaInfo &info;
  Warp *warps; ///< the four
  Warpgroup &group;
  uint32_t number; ///< of the warpgroup
  Operands &operands;

  void run();

private:
  void arrange(bool isA, uint32_t rows, bool byK);
  void readOperand(uint64_t descriptor, uint32_t rows, bool alongRows,
                   bool isA);
  void readRegisters();
  void checkDescriptor(uint32_t code) const;
};

} // namespace

static Agent matrixAgent(const Cta &cta, uint32_t warpgroup) {
  return Agent(cta.number, Agent::Matrix, warpgroup);
}

/// The values of `rows` rows become those of A or B.
void Wgmma::arrange(bool isA, uint32_t rows, bool byK) {
  if (isA ? info.negateA : info.negateB)
    for (uint32_t i = 0; i < rows * info.k; ++i)
      operands.values[i] = -operands.values[i];
  const LaneTable &table = laneTable();
  (isA ? table.warpgroupA
       : table.warpgroupB)(operands.values, rows, info.k, byK,
                           isA ? &operands.a[0][0][0][0] : operands.b);
}

void Wgmma::readOperand(uint64_t descriptor, uint32_t rows, bool alongRows,
                        bool isA) {
  MatrixReader reader{
      w, op, 0, matrixAgent(*w.cta, number), group.executed, "wgmma"};
  readMatrix(reader, *w.cta, decodeDescriptor(descriptor),
             matrixTypeOf(isA ? info.aType : info.bType), rows, alongRows,
             operands.values);
  arrange(isA, rows, alongRows);
}

/// A from registers: like that of mma.sync with 16 rows, in each warp.
void Wgmma::readRegisters() {
  uint32_t perRegister = 4u / info.elementBytes;
  for (uint32_t warp = 0; warp < 4; ++warp)
    for (uint32_t reg = 0; reg < 4; ++reg) {
      // Rows of 4 registers, side by side in a row of values.
      float values[4 * kWarpSize];
      decodeElements(matrixTypeOf(info.aType),
                     warps[warp].source(info.parts[info.dCount + reg].code),
                     perRegister * kWarpSize, values);
      uint32_t width = 4 * perRegister;
      for (uint32_t row = 0; row < 8; ++row)
        std::copy_n(values + size_t(row) * width, width,
                    operands.values +
                        size_t(warp * 16 + reg % 2 * 8 + row) * info.k +
                        size_t(reg / 2) * width);
    }
  arrange(true, 64, false);
}

void Wgmma::checkDescriptor(uint32_t code) const {
  uint64_t bits = warps[0].read64(code, 0);
  for (uint32_t warp = 0; warp < 4; ++warp) {
    uint32_t others = 0;
    for (int lane = 0; lane < kWarpSize; ++lane)
      others |= static_cast<uint32_t>(warps[warp].read64(code, lane) != bits)
                << lane;
    if (others)
      w.machine->stop(FindingKind::AsyncMisuse, warps[warp], op,
                      __builtin_ctz(others), 0,
                      "expects the same matrix descriptor in all threads of "
                      "the warpgroup");
  }
  if (bits >> 49 & 7)
    w.machine->stop(FindingKind::AsyncMisuse, w, op, 0, 0,
                    "matrix descriptors with a base offset are not supported: "
                    "tiles must be aligned to the swizzle's pattern");
}

void Wgmma::run() {
  ++group.executed;
  w.machine->tensorUse.multiplyAdds += uint64_t(64) * info.n * info.k;
  checkDescriptor(op->b);
  if (info.aInRegisters) {
    readRegisters();
  } else {
    checkDescriptor(op->a);
    readOperand(w.read64(op->a, 0), 64, info.transposeA, true);
  }
  readOperand(w.read64(op->b, 0), info.n, info.transposeB, false);

  bool accumulate = ((w.readPredicate(op->c) & 1) != 0) != info.scaleNegated;
  const LaneTable &table = laneTable();
  bool packed = info.dType == Type::F16;
  size_t count = info.n / 2u;
  std::vector<char *> registers(4 * count);
  // Accumulators in half precision are widened, and rounded once at the end.
  struct alignas(128) Wide {
    float lanes[kWarpSize];
  };
  std::vector<Wide> wide(packed ? 4 * count : 0);
  // With '.satfinite' the old ones are added at the end.
  struct alignas(128) Old {
    int32_t lanes[kWarpSize];
  };
  std::vector<Old> old(info.saturate && accumulate ? 4 * count : 0);
  auto packedAt = [&](size_t i) {
    // Registers 2j and 2j + 1 hold pairs of columns of either half.
    return std::pair(info.parts[i / 4 * 2 + i % 4 / 2].code, i % 2 * 16);
  };
  for (size_t warp = 0; warp < 4; ++warp)
    for (size_t i = 0; i < count; ++i) {
      if (!packed) {
        char *to = warps[warp].registers + info.parts[i].code;
        registers[warp * count + i] = to;
        if (!old.empty())
          std::memcpy(&old[warp * count + i], to, sizeof(Old));
        continue;
      }
      Wide &value = wide[warp * count + i];
      registers[warp * count + i] = reinterpret_cast<char *>(&value);
      auto [code, shift] = packedAt(i);
      for (int lane = 0; lane < kWarpSize; ++lane)
        value.lanes[lane] = f16ToFloat(
            static_cast<uint16_t>(warps[warp].read32(code, lane) >> shift));
    }
  (info.dType == Type::S32 ? table.warpgroupS32 : table.warpgroupF32)(
      registers.data(), reinterpret_cast<const char *>(&operands.a),
      reinterpret_cast<const char *>(&operands.b), info.n, info.k,
      accumulate && !info.saturate);
  for (size_t i = 0; i < old.size(); ++i)
    for (int lane = 0; lane < kWarpSize; ++lane) {
      char *at = registers[i] + size_t(4) * lane;
      int32_t product;
      std::memcpy(&product, at, 4);
      auto sum = static_cast<int32_t>(std::clamp<int64_t>(
          int64_t(old[i].lanes[lane]) + product, INT32_MIN, INT32_MAX));
      std::memcpy(at, &sum, 4);
    }
  if (!packed)
    return;
  for (size_t warp = 0; warp < 4; ++warp)
    for (size_t i = 0; i < count; ++i) {
      auto [code, shift] = packedAt(i);
      for (int lane = 0; lane < kWarpSize; ++lane) {
        uint32_t half =
            floatToF16(wide[warp * count + i].lanes[lane]) & 0xffffu;
        uint32_t old = warps[warp].read32(code, lane);
        warps[warp].write32(code, lane,
                            (old & ~(0xffffu << shift)) | half << shift);
      }
    }
}

const Op *moe::emu::runWgmma(Warp &w, const Op *op) {
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  needWholeWarp(w, op, lanes);
  Cta &cta = *w.cta;
  Machine &machine = *w.machine;
  uint32_t number = w.index / 4, own = w.index % 4;
  if (number * 4 + 4 > cta.warps.size())
    machine.stop(FindingKind::Divergence, w, op, 0, 0,
                 "expects four warps in the warpgroup");
  Warpgroup &group = cta.warpgroups[number];
  group.waiting[own] = op;
  uint32_t here = 0;
  for (const Op *waiting : group.waiting) {
    here += waiting == op;
    if (waiting && waiting != op)
      machine.stop(
          FindingKind::Divergence, w, op, 0, 0,
          "the warps of a warpgroup execute different wgmma",
          {"another warp is at line " + std::to_string(waiting->line)});
  }
  if (here < 4) {
    w.group().next = op;
    w.group().wait = Group::Wait::Warpgroup;
    return switchGroup(w);
  }
  Warp *warps = &cta.warps[size_t(number) * 4];
  // What any of the four knows has to be enough.
  Warp &viewer = warps[machine.options.checked ? machine.pick(4) : 0];
  static thread_local Operands operands;
  Wgmma{viewer,  op,    *static_cast<const WgmmaInfo *>(op->info),
        warps,   group, number,
        operands}
      .run();
  machine.noteProgress();
  for (uint32_t warp = 0; warp < 4; ++warp) {
    group.waiting[warp] = nullptr;
    if (warp == own)
      continue;
    for (Group &other : warps[warp].groups)
      if (other.wait == Group::Wait::Warpgroup) {
        other.wait = Group::Wait::None;
        other.next = op + 1;
      }
    machine.wake(warps[warp]);
  }
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

/// Registers are written at once: a fence has nothing to order here. That it is
/// there is checked at load (Accumulators.cpp).
const Op *moe::emu::runWgmmaFence(Warp &w, const Op *op) {
  if (uint32_t lanes = w.lanes(op))
    needWholeWarp(w, op, lanes);
  return op + 1;
}

/// Stands before an instruction that does wrong with registers of wgmma.
const Op *moe::emu::runAccumulatorMisuse(Warp &w, const Op *op) {
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  static const char *const kMessages[] = {
      "wgmma uses registers that were written without a 'wgmma.fence' since",
      "uses an accumulator of a wgmma that nobody has waited for",
      "overwrites a register that a wgmma in flight reads"};
  for (int bit = 0; bit < 3; ++bit)
    if (op->imm >> bit & 1)
      w.machine->report(FindingKind::AsyncMisuse, w, op, __builtin_ctz(lanes),
                        0, kMessages[bit]);
  return op + 1;
}

const Op *moe::emu::runWgmmaCommit(Warp &w, const Op *op) {
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  needWholeWarp(w, op, lanes);
  Warpgroup &group = w.cta->warpgroups[w.index / 4];
  group.groups[w.index % 4].push_back(group.executed);
  return op + 1;
}

const Op *moe::emu::runWgmmaWait(Warp &w, const Op *op) {
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  needWholeWarp(w, op, lanes);
  Warpgroup &group = w.cta->warpgroups[w.index / 4];
  auto &groups = group.groups[w.index % 4];
  uint32_t stamp = 0;
  while (groups.size() > op->imm) {
    stamp = groups.front();
    groups.pop_front();
  }
  if (!stamp || !w.machine->options.checked)
    return op + 1;
  // The same object for all four warps, so that they go on knowing the same.
  if (stamp != group.doneStamp) {
    group.done.plain =
        Clock::withAgent(nullptr, matrixAgent(*w.cta, w.index / 4), stamp);
    group.doneStamp = stamp;
  }
  acquire(w, lanes, group.done);
  return op + 1;
}
