// tcgen05.mma: one thread has a CTA, or a pair of CTAs, multiply matrices into
// tensor memory.
#include "Lanes.h"
#include "Machine.h"
#include "SharedMatrix.h"

#include <algorithm>

using namespace moe::emu;

namespace {

/// Bits of a descriptor.
uint32_t field(uint64_t bits, int first, int count) {
  return static_cast<uint32_t>(bits >> first & ((uint64_t(1) << count) - 1));
}

/// What an instruction descriptor says.
struct Instruction {
  MatrixType aType = MatrixType::F16, bType = MatrixType::F16;
  bool half = false, integer = false; ///< accumulators; else f32
  bool saturate = false;
  bool negateA = false, negateB = false;
  bool aAlongM = false, bAlongN = false;
  uint32_t m = 0, n = 0, k = 0;
  uint32_t aScale = 0, bScale = 0; ///< first byte of the scale factors
  bool ue8m0 = false;
};

/// The operands of one instruction as numbers (Lanes.h).
struct alignas(128) TensorOperands {
  float a[64 * TensorMemory::kLanes]; ///< [k][row], of one part of D
  float b[256 * 64];                  ///< [column][k]
};

/// One tcgen05.mma of one lane.
class Mma {
public:
  Mma(Warp &w, const Op *op, int lane, TensorOperands &operands)
      : w(w), op(op), info(*static_cast<const TensorMmaInfo *>(op->info)),
        lane(lane), operands(operands) {}
  void run();

private:
  using Kind = TensorMmaInfo::Kind;

  void need(bool condition, const std::string &message) const {
    if (!condition)
      w.machine->stop(FindingKind::AsyncMisuse, w, op, lane, 0, message);
  }
  void decode();
  MatrixType typeOf(uint32_t format, const char *name) const;
  void checkShape() const;
  void chooseLayout();
  void readRows(Cta &cta, uint64_t descriptor, bool alongRows, MatrixType type,
                uint32_t count, float *to) const;
  void readTensorA(Cta &cta, uint32_t firstLane);
  void checkAccumulators(Cta &cta) const;
  void checkScales(Cta &cta, uint32_t address, uint32_t count,
                   uint32_t firstLane, uint32_t lanes) const;
  void scaleRows(Cta &cta, int which, uint32_t count, uint32_t firstLane,
                 float *rows) const;
  void runPart(Cta &cta, uint32_t part);
  void multiply(const TensorTile &tile, const uint32_t *disabled) const;
  TensorAccessor accessor(Cta &cta, uint32_t shape) const {
    return {w,
            op,
            lane,
            cta,
            {w.cta->number, static_cast<uint8_t>(w.index), TensorUser::Mma,
             stamp, op->line, shape}};
  }

  Warp &w;
  const Op *op;
  const TensorMmaInfo &info;
  int lane;
  TensorOperands &operands;
  Instruction i;
  uint32_t stamp = 0;
  bool accumulate = false;
  uint32_t d = 0; ///< address of D
  // How the rows of a CTA lie in tensor memory: in `parts` groups of lanes,
  // each of which has its share of the columns, as blocks of 16 lanes.
  uint32_t rows = 0, parts = 1, blockLanes = 16;
  std::vector<float> aRows, bRows; ///< [row][k]
};

} // namespace

SharedMatrix moe::emu::decodeTensorDescriptor(Warp &w, const Op *op, int lane,
                                              uint64_t bits) {
  auto need = [&](bool condition, const std::string &message) {
    if (!condition)
      w.machine->stop(FindingKind::AsyncMisuse, w, op, lane, 0,
                      "the descriptor of a matrix in shared memory " + message);
  };
  need(field(bits, 46, 3) == 1, "expects 1 in its bits 46 to 48, but got " +
                                    std::to_string(field(bits, 46, 3)));
  need(field(bits, 14, 2) == 0 && field(bits, 30, 2) == 0 &&
           field(bits, 53, 8) == 0,
       "expects zeros in its reserved bits");
  need(field(bits, 49, 3) == 0, "has a base offset, which is not supported: "
                                "tiles must be aligned to the swizzle's "
                                "pattern");
  need(field(bits, 52, 1) == 0,
       "has an absolute leading dimension, which is not supported");
  SharedMatrix matrix;
  matrix.start = field(bits, 0, 14) << 4;
  matrix.leading = field(bits, 16, 14) << 4;
  matrix.stride = field(bits, 32, 14) << 4;
  uint32_t swizzle = field(bits, 61, 3);
  need(swizzle <= 2 || swizzle == 4 || swizzle == 6,
       "expects a swizzle of 0, 1, 2, 4 or 6, but got " +
           std::to_string(swizzle));
  matrix.atoms32 = swizzle == 1;
  matrix.swizzle = swizzle == 0 ? 0 : swizzle <= 2 ? 3 : 4 - swizzle / 2;
  return matrix;
}

// ---- the instruction descriptor ----

MatrixType Mma::typeOf(uint32_t format, const char *name) const {
  auto expect = [&](bool condition) {
    need(condition, std::string("the instruction descriptor's type of ") +
                        name + " (" + std::to_string(format) +
                        ") is none of this kind");
  };
  switch (info.kind) {
  case Kind::F16:
    expect(format <= 1);
    return format ? MatrixType::BF16 : MatrixType::F16;
  case Kind::TF32:
    expect(format == 2);
    return MatrixType::TF32;
  case Kind::I8:
    expect(format <= 1);
    return format ? MatrixType::S8 : MatrixType::U8;
  case Kind::F8F6F4:
  case Kind::MxF8F6F4: {
    static constexpr MatrixType kTypes[] = {MatrixType::E4M3, MatrixType::E5M2,
                                            MatrixType::E4M3, MatrixType::E2M3,
                                            MatrixType::E3M2, MatrixType::E2M1};
    expect(format <= 5 && format != 2);
    return kTypes[format];
  }
  default:
    expect(format == 1);
    return MatrixType::E2M1Packed;
  }
}

void Mma::decode() {
  uint32_t bits = w.read32(op->d, lane);
  bool scaled = info.kind >= Kind::MxF8F6F4, four = info.kind >= Kind::MxF4;
  need(field(bits, 2, 1) == 0,
       "the instruction descriptor says that A is sparse, the instruction "
       "does not");
  need(field(bits, 0, 2) == 0 && field(bits, 6, 1) == 0 &&
           (scaled ? field(bits, 3, 1) == 0
                   : field(bits, 23, 1) == 0 && field(bits, 29, 1) == 0),
       "expects zeros in the reserved bits of the instruction descriptor");
  i.aType = typeOf(field(bits, 7, 3), "A");
  i.bType = typeOf(field(bits, 10, 3), "B");
  i.negateA = field(bits, 13, 1);
  i.negateB = field(bits, 14, 1);
  i.aAlongM = field(bits, 15, 1);
  i.bAlongN = field(bits, 16, 1);
  i.n = field(bits, 17, 6) << 3;
  i.m = field(bits, 24, 5) << 4;
  i.k = four                      ? 64
        : info.kind == Kind::F16  ? 16
        : info.kind == Kind::TF32 ? 8
                                  : 32;
  if (scaled) {
    i.bScale = field(bits, 4, 2);
    i.aScale = field(bits, 29, 2);
    i.ue8m0 = field(bits, 23, 1);
    need(i.ue8m0 || info.kind == Kind::MxF4NvF4,
         "expects scale factors of type ue8m0 for this kind");
    need(!four || field(bits, 31, 1) == 0, "k = 96 is not supported");
    need(i.aScale + info.scales <= 4 && i.bScale + info.scales <= 4 &&
             i.aScale % info.scales == 0 && i.bScale % info.scales == 0,
         "expects scale factors that lie within a word of tensor memory");
  } else {
    uint32_t type = field(bits, 4, 2);
    i.integer = info.kind == Kind::I8;
    i.half = info.kind == Kind::F16 && type == 0;
    i.saturate = field(bits, 3, 1);
    need(type == (i.integer ? 2
                  : i.half  ? 0
                            : 1),
         "the instruction descriptor's type of D (" + std::to_string(type) +
             ") is none of this kind");
    need(!i.half || (i.aType == MatrixType::F16 && i.bType == MatrixType::F16),
         "expects f16 operands for accumulators in f16");
    need(!i.saturate || i.integer, "expects saturation with '.kind::i8' only");
    need(info.weightStationary || field(bits, 30, 2) == 0,
         "expects no shift of B without '.ws'");
  }
  need(!(i.negateA || i.negateB) || !i.integer, "integers cannot be negated");
  need(!(i.aAlongM || i.bAlongN) || !four, "matrices of this kind lie along k");
}

/// The tables of the PTX ISA for dense matrices; for m = 128 steps of 16
/// columns, as CUTLASS has it.
void Mma::checkShape() const {
  bool scaled = info.kind >= Kind::MxF8F6F4;
  uint32_t most = info.pair ? 256 : 128;
  bool m = info.weightStationary
               ? i.m == 32 || i.m == 64 || i.m == 128
               : i.m == most || (!(scaled && !info.pair) && i.m == most / 2);
  need(m, "m = " + std::to_string(i.m) + " is not supported by this kind");
  bool n;
  if (info.weightStationary)
    n = i.n == 64 || i.n == 128 || i.n == 256;
  else if (i.integer)
    n = info.pair ? i.n % 32 == 0 : i.n == 8 || i.n == 24 || i.n % 16 == 0;
  else
    n = i.n % (info.pair || (!scaled && i.m == 128) ? 16 : 8) == 0;
  need(n && i.n >= 8 && i.n <= 256,
       "n = " + std::to_string(i.n) +
           " is not supported by this kind with m = " + std::to_string(i.m));
  bool bytes = elementsPerChunk(i.bType) == 16;
  need(!i.bAlongN || !bytes || i.n % (info.pair ? 32 : 16) == 0,
       "n = " + std::to_string(i.n) +
           " is not supported for bytes of B that lie along n");
  auto alongRows = [&](bool along, MatrixType type) {
    return !along || bitsPerElement(type) >= 8;
  };
  need(alongRows(i.aAlongM, i.aType) && alongRows(i.bAlongN, i.bType),
       "matrices of less than 8 bits lie along k");
}

/// Data path layouts A to G but C, which is that of sparse matrices.
void Mma::chooseLayout() {
  rows = info.pair ? i.m / 2 : i.m;
  bool half = rows == 64 && !info.pair && !info.weightStationary;
  parts = half ? 1 : TensorMemory::kLanes / rows;
  blockLanes = half ? 32 : 16; // 16 of every 32 lanes
  d = w.read32(op->a, lane) + static_cast<uint32_t>(info.dOffset);
  need(d >> 16 == 0 || (half && d >> 16 == 16),
       "expects D to begin at lane 0" + std::string(half ? " or 16" : "") +
           " of tensor memory, but got " + std::to_string(d >> 16));
}

// ---- operands ----

/// `count` rows of A or B in shared memory.
void Mma::readRows(Cta &cta, uint64_t descriptor, bool alongRows,
                   MatrixType type, uint32_t count, float *to) const {
  SharedMatrix from = decodeTensorDescriptor(w, op, lane, descriptor);
  need(alongRows ? from.atoms32 == (type == MatrixType::TF32) : !from.atoms32,
       "this swizzle is not supported for matrices of this type that lie "
       "along " +
           std::string(alongRows ? "their rows" : "k"));
  MatrixReader reader{w,     op,
                      lane,  tensorAgent(w.cta->number, kTensorDone, w.index),
                      stamp, "tcgen05.mma"};
  if (!alongRows)
    return readMatrix(reader, cta, from, type, count, false, to);
  std::vector<float> values(size_t(count) * i.k);
  readMatrix(reader, cta, from, type, count, true, values.data());
  for (uint32_t k = 0; k < i.k; ++k)
    for (uint32_t row = 0; row < count; ++row)
      to[size_t(row) * i.k + k] = values[size_t(k) * count + row];
}

/// The rows of A from the lanes of a part of D: every part has a copy.
void Mma::readTensorA(Cta &cta, uint32_t firstLane) {
  uint32_t address =
      w.read32(op->b, lane) + static_cast<uint32_t>(info.aOffset);
  uint32_t column = address & 0xffff, bits = bitsPerElement(i.aType);
  need(bits >= 8 || i.aType == MatrixType::E2M1Packed,
       "A of 4 or 6 bits in tensor memory is not supported by this kind");
  need(!i.aAlongM && address >> 16 == d >> 16,
       "expects A in tensor memory at the lanes of D, along k");
  uint32_t columns = i.k * bits / 32;
  TensorAccessor access = accessor(cta, 0);
  for (uint32_t row = 0; row < rows; ++row) {
    uint32_t at = firstLane + row / 16 * blockLanes + row % 16;
    if (row % 16 == 0) {
      access.need(column, columns, at, 16);
      for (uint32_t c = 0; w.machine->options.checked && c < columns; ++c)
        access.read(column + c, at / 16, 0xffff);
    }
    uint32_t words[8];
    for (uint32_t c = 0; c < columns; ++c)
      words[c] = *cta.tensor.memory->word(column + c, at);
    decodeElements(i.aType, reinterpret_cast<const char *>(words), i.k,
                   aRows.data() + size_t(row) * i.k);
  }
}

/// All copies of the scale factors of `count` rows have to be there and the
/// same: those in every 32 of `lanes` lanes.
void Mma::checkScales(Cta &cta, uint32_t address, uint32_t count,
                      uint32_t firstLane, uint32_t lanes) const {
  need(address >> 16 == 0, "expects scale factors from lane 0 on");
  TensorAccessor access = accessor(cta, 0);
  access.need(address, (count + 31) / 32, firstLane, lanes);
  if (!w.machine->options.checked)
    return;
  for (uint32_t row = 0; row < count; row += 16)
    for (uint32_t at = firstLane; at < firstLane + lanes; at += 32)
      access.read(
          address + row / 32, (at + row % 32) / 16,
          static_cast<uint16_t>((1u << std::min(count - row, 16u)) - 1));
  for (uint32_t row = 0; row < count; ++row) {
    const uint32_t *words =
        cta.tensor.memory->word(address + row / 32, row % 32);
    for (uint32_t at = firstLane + 32; at < firstLane + lanes; at += 32)
      if (words[at] != words[firstLane])
        w.machine->report(FindingKind::AsyncMisuse, w, op, lane, address,
                          "expects the same scale factors in every 32 lanes of "
                          "tensor memory, but those of row " +
                              std::to_string(row) + " differ");
  }
}

static float scaleFactor(bool ue8m0, uint32_t bits) {
  if (!ue8m0)
    return static_cast<float>(decodeFloat(kE4M3, bits & 0x7f));
  return bits == 0xff ? std::nanf("")
                      : std::ldexp(1.0f, static_cast<int>(bits) - 127);
}

/// Multiplies rows of A (`which` 0) or B by their scale factors.
void Mma::scaleRows(Cta &cta, int which, uint32_t count, uint32_t firstLane,
                    float *to) const {
  uint32_t address = w.read32(info.parts[1 + which].code, lane) +
                     static_cast<uint32_t>(info.scaleOffsets[which]);
  // Those of A are in every 32 lanes, those of B in the lanes of its columns.
  if (which == 0)
    checkScales(cta, address, count, 0, TensorMemory::kLanes);
  else
    checkScales(cta, address, count, firstLane, TensorMemory::kLanes / parts);
  uint32_t first = which == 0 ? i.aScale : i.bScale, block = i.k / info.scales;
  for (uint32_t row = 0; row < count; ++row) {
    uint32_t word =
        *cta.tensor.memory->word(address + row / 32, firstLane + row % 32);
    for (uint32_t k = 0; k < i.k; ++k)
      to[size_t(row) * i.k + k] *=
          scaleFactor(i.ue8m0, word >> (first + k / block) * 8 & 0xff);
  }
}

// ---- the product ----

void Mma::checkAccumulators(Cta &cta) const {
  uint32_t column = d & 0xffff, columns = i.n / parts;
  // What an mma has to have in common with the one before, so that it follows
  // it in order.
  uint32_t shape = 1 + (static_cast<uint32_t>(info.kind) |
                        field(w.read32(op->d, lane), 17, 12) << 4);
  TensorAccessor access = accessor(cta, shape);
  for (uint32_t part = 0; part < parts; ++part)
    for (uint32_t block = 0; block < rows / 16; ++block) {
      uint32_t at = (d >> 16) + part * rows + block * blockLanes;
      access.need(column, columns, at, 16);
      if (w.machine->options.checked)
        access.accumulate(column, columns, at / 16, accumulate);
    }
}

/// Calls `body(word, lane)` for the words of a tile; lanes count from its first
/// one.
template <typename Body>
static void forWords(const TensorTile &tile, Body body) {
  for (uint32_t column = 0; column < tile.n; ++column)
    for (uint32_t block = 0; block < tile.blocks; ++block)
      for (uint32_t r = 0; r < 16; ++r) {
        size_t at = size_t(column) * TensorMemory::kLanes * 4 +
                    size_t(block) * tile.blockBytes + size_t(r) * 4;
        body(*reinterpret_cast<uint32_t *>(tile.d + at),
             block * tile.blockBytes / 4 + r);
      }
}

/// d += a b for one part, with all that is special about it. `disabled`: a bit
/// for each lane from the tile's first one on that keeps what it has.
void Mma::multiply(const TensorTile &tile, const uint32_t *disabled) const {
  const LaneTable &table = laneTable();
  auto product = [&](const TensorTile &to) {
    (i.integer ? table.tensorS32 : table.tensorF32)(
        to, reinterpret_cast<const char *>(operands.a),
        reinterpret_cast<const char *>(operands.b));
  };
  if (!disabled && !i.half && !i.saturate && !info.shift)
    return product(tile);
  std::vector<uint32_t> before;
  forWords(tile, [&](uint32_t &word, uint32_t) { before.push_back(word); });
  // Accumulators in half precision are widened, and rounded once at the end.
  if (accumulate && !i.integer)
    forWords(tile, [&](uint32_t &word, uint32_t) {
      float value =
          i.half ? f16ToFloat(static_cast<uint16_t>(word)) : asFloat(word);
      word = asBits(std::ldexp(value, -info.shift));
    });
  TensorTile to = tile;
  to.accumulate = accumulate && !i.saturate;
  product(to);
  size_t at = 0;
  forWords(tile, [&](uint32_t &word, uint32_t row) {
    uint32_t old = before[at++];
    if (disabled && disabled[row / 32] >> row % 32 & 1)
      word = old;
    else if (i.half)
      word = floatToF16(asFloat(word));
    else if (i.saturate)
      word = static_cast<uint32_t>(
          std::clamp<int64_t>(int64_t(static_cast<int32_t>(word)) +
                                  (accumulate ? static_cast<int32_t>(old) : 0),
                              INT32_MIN, INT32_MAX));
  });
}

void Mma::runPart(Cta &cta, uint32_t part) {
  uint32_t firstLane = (d >> 16) + part * rows, columns = i.n / parts;
  if (info.aInTensorMemory)
    readTensorA(cta, firstLane);
  std::vector<float> a = aRows;
  auto first =
      bRows.begin() + static_cast<ptrdiff_t>(size_t(part) * columns * i.k);
  std::copy_n(first, size_t(columns) * i.k, operands.b);
  if (info.scales) {
    scaleRows(cta, 0, rows, firstLane, a.data());
    scaleRows(cta, 1, columns, firstLane, operands.b);
  }
  for (uint32_t row = 0; row < rows; ++row)
    for (uint32_t k = 0; k < i.k; ++k)
      operands.a[size_t(k) * rows + row] =
          i.negateA ? -a[size_t(row) * i.k + k] : a[size_t(row) * i.k + k];
  TensorTile tile{
      reinterpret_cast<char *>(cta.tensor.memory->word(d & 0xffff, firstLane)),
      rows / 16,
      blockLanes * 4,
      columns,
      i.k,
      accumulate};
  uint32_t disabled[5] = {}, odd = info.pair ? (cta.rank & 1) * 4 : 0;
  for (uint32_t word = 0; info.masked && word < 4; ++word)
    disabled[word] = w.read32(info.parts[1 + odd + word].code, lane);
  // From the tile's first lane on.
  for (uint32_t word = 0; word < 4; ++word)
    disabled[word] = static_cast<uint32_t>(
        (uint64_t(disabled[word + 1]) << 32 | disabled[word]) >>
        firstLane % 32);
  multiply(tile, info.masked ? disabled + firstLane / 32 : nullptr);
}

void Mma::run() {
  stamp = ++w.cta->tensor.stamps[w.index].issued;
  decode();
  checkShape();
  chooseLayout();
  w.machine->tensorUse.multiplyAdds += uint64_t(i.m) * i.n * i.k;
  accumulate = (w.readPredicate(info.parts[0].code) >> lane & 1) !=
               static_cast<uint32_t>(info.negatedPredicate);
  Cta *pair[2] = {w.cta, nullptr};
  if (info.pair) {
    pair[1] = &peerOf(w, op);
    if (w.cta->rank & 1)
      std::swap(pair[0], pair[1]);
  }
  uint32_t ctas = info.pair ? 2 : 1, share = i.n / ctas;
  bRows.resize(size_t(i.n) * i.k);
  for (uint32_t c = 0; c < ctas; ++c)
    readRows(*pair[c], w.read64(op->c, lane), i.bAlongN, i.bType, share,
             bRows.data() + size_t(c) * share * i.k);
  if (i.negateB)
    for (float &value : bRows)
      value = -value;
  aRows.resize(size_t(rows) * i.k);
  for (uint32_t c = 0; c < ctas; ++c) {
    if (!info.aInTensorMemory)
      readRows(*pair[c], w.read64(op->b, lane), i.aAlongM, i.aType, rows,
               aRows.data());
    checkAccumulators(*pair[c]);
    countTraffic(*w.machine, "tensor", uint64_t(rows) * i.n * 4, true);
    if (accumulate)
      countTraffic(*w.machine, "tensor", uint64_t(rows) * i.n * 4, false);
    for (uint32_t part = 0; part < parts; ++part)
      runPart(*pair[c], part);
  }
}

const Op *moe::emu::runTensorMma(Warp &w, const Op *op) {
  static thread_local TensorOperands operands;
  forLanes(w.lanes(op), [&](int lane) { Mma(w, op, lane, operands).run(); });
  w.machine->noteProgress();
  return --w.budget < 0 ? yieldAt(w, op + 1) : op + 1;
}
