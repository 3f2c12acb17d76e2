// Handlers that work on all 32 lanes of a warp at once, built once per
// instruction set of the host.
#ifndef MOE_RUNTIME_EMULATOR_LANES_H
#define MOE_RUNTIME_EMULATOR_LANES_H

#include "Program.h"

namespace moe::emu {

/// Which operation a handler does. Suffix: operand width and, where it matters,
/// type. The meaning of each is that of the lane function that the decoder
/// would use otherwise; test/Unit/Emulator compares them.
enum class LaneOp : uint16_t {
  Mov32,
  Mov64,
  Zext64,
  Sext64,
  Trunc64,
  Pack64,
  UnpackLow,
  UnpackHigh,
  Add32,
  Add64,
  Sub32,
  Sub64,
  Mul32,
  Mul64,
  And32,
  And64,
  Or32,
  Or64,
  Xor32,
  Xor64,
  Not32,
  Not64,
  MinU32,
  MinS32,
  MaxU32,
  MaxS32,
  Shl32,
  Shl64,
  ShrU32,
  ShrS32,
  ShrU64,
  ShrS64,
  MulHiU32,
  MulHiS32,
  MulWideU32,
  MulWideS32,
  Mad32,
  Mad64,
  MadWideU32,
  MadWideS32,
  Lop3,
  AddF32,
  SubF32,
  MulF32,
  FmaF32,
  AddF64,
  SubF64,
  MulF64,
  FmaF64,
  MinF32,
  MaxF32,
  NegF32,
  AbsF32,
  CvtBF16x2,
  Select32,
  Select64,
  // Comparisons write a predicate.
  EqI32,
  NeI32,
  LtU32,
  LeU32,
  LtS32,
  LeS32,
  EqI64,
  NeI64,
  LtU64,
  LeU64,
  LtS64,
  LeS64,
  EqF32,
  NeF32,
  LtF32,
  LeF32,
  // Predicates.
  PredMov,
  PredAnd,
  PredOr,
  PredXor,
  PredNot,
  Count
};

/// One mma.sync on fragments: `a` to `d` are the offsets of registers.
using MmaFunction = void (*)(char *const *d, const char *const *a,
                             const char *const *b, const char *const *c);

/// d += a b for a warpgroup's 64 rows and n columns. `d`: n / 2 registers of
/// each of four warps; `a`: by warp, half of its rows and k, 32 lanes with the
/// row's element; `b`: by k, 8 columns and parity of the column, the elements
/// of its 4 columns. Elements are floats, or integers of 32 bits.
using WarpgroupFunction = void (*)(char *const *d, const char *a, const char *b,
                                   int n, int k, bool accumulate);

/// Puts the elements of `rows` rows where WarpgroupFunction wants them as `a`
/// or as `b`. `values`: [row][k], or [k][row] where `byK`; a multiple of 8 of
/// each.
using ArrangeFunction = void (*)(const float *values, uint32_t rows, uint32_t k,
                                 bool byK, float *to);
/// Numbers of 16 bits, a multiple of 8 of them, as floats.
using WidenFunction = void (*)(const char *from, uint32_t count, float *to);

/// Rows and columns of tensor memory that one matrix product goes to.
struct TensorTile {
  char *d;             ///< first word; columns follow each other at 512 bytes
  uint32_t blocks;     ///< of 16 lanes: 2, 4 or 8
  uint32_t blockBytes; ///< from one block to the next
  uint32_t n, k;       ///< n is even
  bool accumulate;
};
/// d += a b. `a`: by k and block, 16 elements; `b`: by column, k elements.
using TensorFunction = void (*)(const TensorTile &tile, const char *a,
                                const char *b);

struct LaneTable {
  const char *isa;
  Handler handlers[static_cast<size_t>(LaneOp::Count)];
  MmaFunction mmaBF16, mmaF16; ///< m16n8k16, f32 accumulators
  WarpgroupFunction warpgroupF32, warpgroupS32;
  ArrangeFunction warpgroupA, warpgroupB;
  WidenFunction widenF16, widenBF16;
  TensorFunction tensorF32, tensorS32;
};

const LaneTable &laneTablePortable();
const LaneTable &laneTableAvx2();
const LaneTable &laneTableAvx512();

/// The best table for this CPU.
const LaneTable &laneTable();

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_LANES_H
