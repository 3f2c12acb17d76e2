// wmma: matrices whose places in registers are the emulator's choice.
#include "Machine.h"

#include <cmath>

using namespace moe::emu;

static int elementBits(Type type) {
  return type == Type::TF32 ? 32 : bitsOf(type);
}

namespace {

/// Where a fragment has an element: scattered, so that code that relies on some
/// order of the lanes fails, and another way for each layout, so that a load
/// and an mma that disagree about the layout do so about the places.
struct ElementPlace {
  int lane, reg, shift;
};

class FragmentView {
public:
  FragmentView(Warp &w, const WmmaInfo::Fragment &fragment,
               const RegisterPart *parts)
      : w(w), fragment(fragment), parts(parts),
        bits(elementBits(fragment.type)) {}

  ElementPlace place(int row, int column) const {
    int i = fragment.byColumns ? column * fragment.rows + row
                               : row * fragment.columns + column;
    int slot = i / kWarpSize, perRegister = 32 / bits;
    int lane = (i * 11 + (fragment.byColumns ? 24 : 7)) % kWarpSize;
    return {lane, slot / perRegister, slot % perRegister * bits};
  }
  uint32_t get(int row, int column) const {
    ElementPlace at = place(row, column);
    return w.read32(parts[at.reg].code, at.lane) >> at.shift & mask();
  }
  void set(int row, int column, uint32_t value) {
    ElementPlace at = place(row, column);
    int used = fragment.rows * fragment.columns * bits / 32 / kWarpSize;
    // Copies of what is there twice.
    for (int reg = at.reg; reg < fragment.registers; reg += used) {
      uint32_t old = w.read32(parts[reg].code, at.lane);
      w.write32(parts[reg].code, at.lane,
                (old & ~(mask() << at.shift)) | value << at.shift);
    }
  }
  double number(int row, int column) const {
    uint32_t value = get(row, column);
    switch (fragment.type) {
    case Type::S8:
      return static_cast<int8_t>(value);
    case Type::U8:
      return value;
    case Type::S32:
      return static_cast<int32_t>(value);
    default:
      return decodeElement(fragment.type, value);
    }
  }
  const WmmaInfo::Fragment &shape() const { return fragment; }

private:
  uint32_t mask() const { return bits == 32 ? ~0u : (1u << bits) - 1; }
  Warp &w;
  const WmmaInfo::Fragment &fragment;
  const RegisterPart *parts;
  int bits;
};

} // namespace

static void multiply(Warp &w, const WmmaInfo &info) {
  const RegisterPart *parts = info.parts.data();
  FragmentView d(w, info.d, parts);
  FragmentView a(w, info.a, parts += info.d.registers);
  FragmentView b(w, info.b, parts += info.a.registers);
  FragmentView c(w, info.c, parts += info.b.registers);
  uint32_t results[32][32];
  for (int row = 0; row < info.d.rows; ++row)
    for (int column = 0; column < info.d.columns; ++column) {
      uint32_t &result = results[row][column];
      if (info.d.type == Type::S32) {
        auto sum =
            static_cast<uint32_t>(static_cast<int32_t>(c.number(row, column)));
        for (int k = 0; k < info.a.columns; ++k)
          sum += static_cast<uint32_t>(
              static_cast<int32_t>(a.number(row, k) * b.number(k, column)));
        result = sum;
        continue;
      }
      // One rounding to f32 per step, upwards in k, as mma.sync.
      auto sum = static_cast<float>(c.number(row, column));
      for (int k = 0; k < info.a.columns; ++k)
        sum = std::fma(static_cast<float>(a.number(row, k)),
                       static_cast<float>(b.number(k, column)), sum);
      result = info.d.type == Type::F16 ? floatToF16(sum) & 0xffffu
               : std::isnan(sum)        ? 0x7fffffff
                                        : asBits(sum);
    }
  for (int row = 0; row < info.d.rows; ++row)
    for (int column = 0; column < info.d.columns; ++column)
      d.set(row, column, results[row][column]);
}

const Op *moe::emu::runWmma(Warp &w, const Op *op) {
  const auto &info = *static_cast<const WmmaInfo *>(op->info);
  uint32_t lanes = w.lanes(op);
  if (!lanes)
    return op + 1;
  needWholeWarp(w, op, lanes);
  if (info.kind == WmmaInfo::Kind::Mma) {
    w.machine->tensorUse.multiplyAdds +=
        uint64_t(info.d.rows) * info.d.columns * info.a.columns;
    multiply(w, info);
    return op + 1;
  }
  bool isStore = info.kind == WmmaInfo::Kind::Store;
  const WmmaInfo::Fragment &shape = info.d;
  auto bytes = static_cast<uint32_t>(elementBits(shape.type)) / 8;
  uint64_t base =
      (info.address32 ? w.read32(op->a, 0) : w.read64(op->a, 0)) + op->imm;
  uint64_t stride = info.hasStride   ? w.read32(op->b, 0)
                    : info.byColumns ? shape.rows
                                     : shape.columns;
  // The whole matrix is aligned to 256 bits.
  resolve(w, op, 0, info.space, base, bytes, 32, isStore);
  countTraffic(*w.machine, spaceOf(w, info.space, base),
               uint64_t(shape.rows) * shape.columns * bytes, isStore);
  FragmentView fragment(w, shape, info.parts.data());
  bool checked = w.machine->options.checked;
  for (int row = 0; row < shape.rows; ++row)
    for (int column = 0; column < shape.columns; ++column) {
      auto line = static_cast<uint64_t>(info.byColumns ? column : row),
           within = static_cast<uint64_t>(info.byColumns ? row : column);
      uint64_t address = base + (line * stride + within) * bytes;
      int lane = fragment.place(row, column).lane;
      Place place =
          resolve(w, op, lane, info.space, address, bytes, bytes, isStore);
      if (checked) {
        if (!isStore)
          checkInitialised(w, op, lane, place, bytes, address);
        checkRace(w, op, lane, place, bytes, isStore, {}, address);
      }
      if (isStore) {
        uint32_t value = fragment.get(row, column);
        storeWord(place.bytes(), value, bytes);
        markWritten(*w.machine, place, bytes);
      } else {
        fragment.set(row, column,
                     static_cast<uint32_t>(loadWord(place.bytes(), bytes)));
      }
    }
  if (isStore)
    w.machine->noteProgress();
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}
