// ldmatrix, stmatrix and mma.sync.
#include "Machine.h"

using namespace moe::emu;

/// The group that runs waits where it or another one that waits here was let go
/// on, or all of them become one. False: none was.
static bool waitForOthers(Warp &w, const Op *op) {
  auto waitsHere = [op](const Group &group) {
    return group.wait == Group::Wait::Lanes && group.isForced &&
           group.next == op;
  };
  uint32_t others = 0;
  for (const Group &group : w.groups)
    if (waitsHere(group))
      others |= group.mask;
  if (!others && !w.group().isForced)
    return false;
  Group mine = w.group();
  mine.next = op;
  mine.mask |= others;
  mine.isForced = mine.mask != w.live;
  if (mine.isForced) {
    w.group().isForced = true;
    w.group().next = op;
    w.group().wait = Group::Wait::Lanes;
    w.group().waitMask = w.live;
    return true;
  }
  w.groups.clear();
  w.groups.push_back(std::move(mine));
  w.current = 0;
  return true;
}

void moe::emu::needWholeWarp(Warp &w, const Op *op, uint32_t lanes) {
  if (lanes == ~0u)
    return;
  if (lanes == w.mask && w.live == ~0u && waitForOthers(w, op))
    throw GroupWaits();
  w.machine->stop(
      FindingKind::Divergence, w, op, __builtin_ctz(lanes), 0,
      "an aligned instruction is executed by some threads of a warp only");
}

namespace {
/// A matrix of 8x8 elements of 16 bits.
struct Rows {
  uint16_t of[8][8];
};
} // namespace

static Rows transposed(const Rows &rows) {
  Rows result;
  for (int i = 0; i < 8; ++i)
    for (int j = 0; j < 8; ++j)
      result.of[j][i] = rows.of[i][j];
  return result;
}

const Op *moe::emu::runLdmatrix(Warp &w, const Op *op) {
  const auto &info = *static_cast<const MatrixInfo *>(op->info);
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  needWholeWarp(w, op, lanes);
  bool checked = w.machine->options.checked;
  auto addressOf = [&](int lane) {
    return (info.address32 ? w.read32(op->a, lane) : w.read64(op->a, lane)) +
           op->imm;
  };
  if (w.machine->options.counting) {
    uint64_t addresses[kWarpSize];
    uint32_t used = static_cast<uint32_t>((uint64_t(1) << info.count * 8) - 1);
    forLanes(used, [&](int lane) { addresses[lane] = addressOf(lane); });
    countAccess(w, op, info.space, addresses, 16, used, !info.store,
                info.store);
  }
  // Lane 8i + r has the address of row r of matrix i. Lane l holds elements
  // (l / 4, 2 (l % 4)) and the next one, transposed (2 (l % 4), l / 4) and
  // below: without transposition a register is the rows one after the other.
  Place places[kWarpSize];
  for (int lane = 0; lane < info.count * 8; ++lane)
    prefetch(w, info.space, addressOf(lane));
  for (int lane = 0; lane < info.count * 8; ++lane) {
    uint64_t address = addressOf(lane);
    Place place = resolve(w, op, lane, info.space, address, 16, 16, info.store);
    if (checked) {
      if (!info.store)
        checkInitialised(w, op, lane, place, 16, address);
      checkRace(w, op, lane, place, 16, info.store, {}, address);
    }
    places[lane] = place;
  }
  for (int matrix = 0; matrix < info.count; ++matrix) {
    const Place *rows = places + size_t(matrix) * 8;
    if (info.store) {
      Rows stored;
      std::memcpy(&stored, w.source(info.parts[matrix].code), sizeof(stored));
      if (info.transposed)
        stored = transposed(stored);
      for (int row = 0; row < 8; ++row) {
        std::memcpy(rows[row].bytes(), stored.of[row], 16);
        markWritten(*w.machine, rows[row], 16);
      }
      w.machine->noteProgress();
      continue;
    }
    Rows loaded;
    for (int row = 0; row < 8; ++row)
      std::memcpy(loaded.of[row], rows[row].bytes(), 16);
    if (info.transposed)
      loaded = transposed(loaded);
    std::memcpy(w.registers + info.parts[matrix].code, &loaded, sizeof(loaded));
  }
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}

// ---- mma.sync ----

/// The place of an element of A (rows x depth) or, with n as rows, of B: groups
/// of 8 rows, then of as many columns as four registers across hold.
namespace {
struct Element {
  int reg, lane, shift;
};
} // namespace

static Element elementOf(int row, int k, int elementBits, int rowGroups) {
  int perRegister = 32 / elementBits, span = 4 * perRegister;
  int kGroup = k / span, within = k % span;
  return {kGroup * rowGroups + row / 8, row % 8 * 4 + within / perRegister,
          within % perRegister * elementBits};
}

double moe::emu::decodeElement(Type type, uint32_t bits) {
  if (type == Type::TF32) // the low bits do not count
    return asFloat(bits & 0xffffe000);
  return decodeFloat(formatOf(type), bits);
}

const Op *moe::emu::runMma(Warp &w, const Op *op) {
  const auto &info = *static_cast<const MatrixInfo *>(op->info);
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  needWholeWarp(w, op, lanes);
  w.machine->tensorUse.multiplyAdds += uint64_t(info.m) * info.n * info.k;
  const RegisterPart *d = info.parts.data(), *a = d + info.dCount,
                     *b = a + info.aCount, *c = b + info.bCount;
  if (info.fast) {
    char *dst[4];
    const char *as[4], *bs[2], *cs[4];
    for (int i = 0; i < 4; ++i) {
      dst[i] = w.registers + d[i].code;
      as[i] = w.source(a[i].code);
      cs[i] = w.source(c[i].code);
    }
    for (int i = 0; i < 2; ++i)
      bs[i] = w.source(b[i].code);
    info.fast(dst, as, bs, cs);
    return op + 1;
  }
  int bits = info.aType == Type::TF32                              ? 32
             : info.aType == Type::F16 || info.aType == Type::BF16 ? 16
                                                                   : 8;
  uint32_t mask = bits == 32 ? ~0u : (1u << bits) - 1;
  auto get = [&](const RegisterPart *parts, Element e) {
    return w.read32(parts[e.reg].code, e.lane) >> e.shift & mask;
  };
  bool integer = info.dType == Type::S32;
  uint32_t results[4][kWarpSize] = {};
  int rowGroups = info.m / 8;
  for (int row = 0; row < info.m; ++row)
    for (int column = 0; column < 8; ++column) {
      int lane = row % 8 * 4 + column / 2;
      bool packed = info.dType == Type::F16;
      int reg = packed ? row / 8 : row / 8 * 2 + column % 2,
          shift = packed ? column % 2 * 16 : 0;
      uint32_t start = w.read32(c[reg].code, lane) >> shift;
      uint32_t result;
      if (integer) {
        auto sum = static_cast<int64_t>(static_cast<int32_t>(start));
        for (int k = 0; k < info.k; ++k) {
          uint32_t x = get(a, elementOf(row, k, bits, rowGroups)),
                   y = get(b, elementOf(column, k, bits, 1));
          int64_t left = info.aType == Type::S8 ? static_cast<int8_t>(x)
                                                : static_cast<int64_t>(x);
          int64_t right = info.bType == Type::S8 ? static_cast<int8_t>(y)
                                                 : static_cast<int64_t>(y);
          sum += left * right;
        }
        if (info.saturate)
          sum = std::min<int64_t>(std::max<int64_t>(sum, INT32_MIN), INT32_MAX);
        result = static_cast<uint32_t>(sum);
      } else {
        // One rounding to f32 per step, upwards in k.
        float sum =
            packed ? f16ToFloat(static_cast<uint16_t>(start)) : asFloat(start);
        for (int k = 0; k < info.k; ++k) {
          auto x = static_cast<float>(decodeElement(
              info.aType, get(a, elementOf(row, k, bits, rowGroups))));
          auto y = static_cast<float>(
              decodeElement(info.bType, get(b, elementOf(column, k, bits, 1))));
          sum = std::fma(x, y, sum);
        }
        result = packed            ? floatToF16(sum)
                 : std::isnan(sum) ? 0x7fffffff
                                   : asBits(sum);
      }
      results[reg][lane] |= (packed ? result & 0xffff : result) << shift;
    }
  for (int reg = 0; reg < info.dCount; ++reg)
    for (int lane = 0; lane < kWarpSize; ++lane)
      w.write32(d[reg].code, lane, results[reg][lane]);
  return op + 1;
}
