// The tensors that hold a quantised matrix, by format.
#ifndef MOE_DIALECT_MOE_QUANT_H
#define MOE_DIALECT_MOE_QUANT_H

#include "moe/Dialect/MoE/MoE.h"

namespace moe {

/// What the elements of a stored tensor are. `BytesOrReal` leaves the choice to
/// who stores: zeros packed like codes, scales as powers of two.
enum class StorageElement { Bytes, Halves, Words, Real, BytesOrReal };

/// A tensor of a stored matrix: its name in messages and its shape, without the
/// leading dimension that stacks matrices. `packedShape` is that of bytes where
/// they may stand for floats. A shared tensor has no leading dimension.
struct StoragePart {
  llvm::StringRef name;
  StorageElement element;
  llvm::SmallVector<int64_t, 3> shape;
  llvm::SmallVector<int64_t, 3> packedShape = {};
  bool shared = false;
};

/// The tensors of an N x K matrix in `quant`, in operand order.
llvm::SmallVector<StoragePart> getStorageParts(QuantAttr quant, int64_t n,
                                               int64_t k);

/// Why `quant` cannot store an N x K matrix; empty where it can.
std::string whyNotStored(QuantAttr quant, int64_t n, int64_t k);

/// Checks `storage` against the parts of an N x K matrix, behind `leading`
/// dimensions; reports at `op`, where `owner` says what is stored.
mlir::LogicalResult verifyStorage(mlir::Operation *op, QuantAttr quant,
                                  mlir::ValueRange storage,
                                  llvm::ArrayRef<int64_t> leading, int64_t n,
                                  int64_t k);

} // namespace moe

#endif // MOE_DIALECT_MOE_QUANT_H
