// Matrices of wgmma and tcgen05 in shared memory: where descriptors say that
// their elements lie, and what the elements are.
#ifndef MOE_RUNTIME_EMULATOR_SHAREDMATRIX_H
#define MOE_RUNTIME_EMULATOR_SHAREDMATRIX_H

#include "Race.h"
#include "TensorMap.h"

namespace moe::emu {

struct Cta;
struct Place;
struct Warp;

/// Elements of a matrix operand. E2M1Packed: two in a byte and no padding, as
/// .kind::mxf4 has them; the others of less than 8 bits come as 16 elements
/// side by side at the begin of 16 bytes.
enum class MatrixType : uint8_t {
  F16,
  BF16,
  TF32,
  E4M3,
  E5M2,
  E2M3,
  E3M2,
  E2M1,
  E2M1Packed,
  U8,
  S8
};
/// How many elements 16 bytes of shared memory hold.
uint32_t elementsPerChunk(MatrixType type);
/// Bits from one element to the next one.
uint32_t bitsPerElement(MatrixType type);
/// Reads `count` elements that lie side by side; U8 and S8 give integers of 32
/// bits in the place of floats.
void decodeElements(MatrixType type, const char *from, uint32_t count,
                    float *to);

/// The canonical layouts of matrices in shared memory, in pieces of 16 bytes.
struct SharedMatrix {
  uint32_t start = 0, leading = 0, stride = 0; ///< bytes
  /// As in TensorMap: 0 none, 3: 128 bytes.
  uint32_t swizzle = 0;
  /// 128 bytes are swizzled in pieces of 32; along rows only.
  bool atoms32 = false;

  /// Where 16 bytes lie along k, of row `row`.
  uint32_t alongK(uint32_t row, uint32_t chunk) const {
    uint32_t at = start + row / 8 * stride;
    if (!swizzle)
      return at + row % 8 * 16 + chunk * leading;
    return swizzled(swizzle, at + row % 8 * (16u << swizzle) + chunk * 16);
  }
  /// Where 16 bytes lie along the rows (from `chunk` x 16 bytes), at k.
  uint32_t alongRows(uint32_t chunk, uint32_t k) const {
    if (!swizzle)
      return start + chunk * stride + k % 8 * 16 + k / 8 * leading;
    uint32_t across = 1u << swizzle, depth = atoms32 ? 4 : 8;
    uint32_t at = start + chunk % across * 16 + chunk / across * leading +
                  k % depth * (16u << swizzle) + k / depth * stride;
    return atoms32 ? at ^ ((at >> 7 & 3) << 5) : swizzled(swizzle, at);
  }
};

/// Who reads matrices in shared memory through the async proxy.
struct MatrixReader {
  Warp &w; ///< whose lane `lane` issued the instruction
  const Op *op;
  int lane;
  Agent agent;
  uint32_t stamp;
  const char *name; ///< of the instruction

  /// Reads 16 bytes of a CTA's shared memory from each of `count` places. What
  /// generic writes left there needs a proxy fence.
  void read(Cta &owner, const uint32_t *at, uint32_t count, char *to) const;

private:
  void report(const RaceDetector::Conflict &conflict, const Place &place) const;
};

/// Reads `rows` rows (at most 256) of 32 bytes each as numbers, [row][k]; where
/// elements lie side by side along the rows (`alongRows`), [k][row].
void readMatrix(const MatrixReader &reader, Cta &owner,
                const SharedMatrix &from, MatrixType type, uint32_t rows,
                bool alongRows, float *to);

/// Reads a descriptor of tcgen05. Ends the run where it breaks a rule.
SharedMatrix decodeTensorDescriptor(Warp &w, const Op *op, int lane,
                                    uint64_t bits);

} // namespace moe::emu

#endif // MOE_RUNTIME_EMULATOR_SHAREDMATRIX_H
