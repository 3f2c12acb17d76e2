// Evaluates weight expressions into a weights file.
#ifndef MOE_TARGET_WEIGHTPACKER_H
#define MOE_TARGET_WEIGHTPACKER_H

#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <array>
#include <cstdint>

namespace moe {

/// A weight and where its bytes go in the data of the weights file.
struct PlacedWeight {
  uint64_t offset;
  mlir::ElementsAttr value;
};

struct PackedWeights {
  uint64_t size = 0;
  /// XXH3-128 of the data, canonical (big endian).
  std::array<uint8_t, 16> hash{};
};

/// Called with the bytes written so far and in all.
using PackProgress = llvm::function_ref<void(uint64_t done, uint64_t total)>;

/// Writes a weights file of `size` bytes of data to `path`, which the caller
/// owns and renames; streams from the files that the expressions name, so that
/// memory use does not grow with the weights. Bytes that no weight covers are
/// zero. On failure the file may be left half written.
llvm::Expected<PackedWeights> packWeights(llvm::ArrayRef<PlacedWeight> weights,
                                          uint64_t size, llvm::StringRef path,
                                          PackProgress progress = nullptr);

} // namespace moe

#endif // MOE_TARGET_WEIGHTPACKER_H
