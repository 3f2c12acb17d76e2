// Codes of weights, from memory into registers as numbers.
#ifndef MOE_PASSES_CONVERSION_LINALGTOCPU_CODEREADER_H
#define MOE_PASSES_CONVERSION_LINALGTOCPU_CODEREADER_H

#include "MatmulKernel.h"

#include "mlir/IR/Builders.h"

namespace moe {

/// Builds the part of a kernel that makes `code - zero point` of the codes of a
/// panel: f32, or pairs of bf16 where the kernel multiplies those. Both hold
/// every difference exactly.
class CodeReader {
public:
  CodeReader(mlir::OpBuilder &builder, mlir::Location loc,
             const KernelForm &form, mlir::Value codes, mlir::Value zeros)
      : builder(builder), loc(loc), form(form), format(*form.codes),
        codes(codes), zeros(zeros) {}

  /// Loads what does not change within the kernel. Comes first.
  void buildConstants();
  /// Loads the zero points of the group `group`.
  void startGroup(mlir::Value group);
  /// Vector `vector` of row `step`, of which element `part` along k.
  mlir::Value read(mlir::Value step, int64_t part, size_t vector);

private:
  mlir::Value index(int64_t value);
  mlir::Value splat(mlir::Type element, int64_t value, int64_t lanes);
  mlir::Value table(mlir::Type element, int64_t size,
                    llvm::function_ref<int64_t(int64_t)> number);
  mlir::Value loadBytes(mlir::Value from, mlir::Value row, int64_t offset,
                        int64_t count);
  mlir::Value loadWords(mlir::Value from, mlir::Value row, int64_t lanes);
  mlir::Value numberOf(mlir::Value bytes);
  mlir::Value extract(mlir::Value words, mlir::Value shift);
  int64_t placeOf(int64_t k, size_t vector) const;
  mlir::Value lookUp(llvm::StringRef intrinsic, mlir::Value table,
                     mlir::Value indices);
  mlir::Value upperHalves(mlir::Value numbers);
  mlir::Value readZero(mlir::Value group, size_t vector);
  bool usesTables() const { return form.tile.lanes == 16; }
  /// The number that the low bits of an index, a code, mean without its zero
  /// point.
  int64_t meaning(int64_t index) const {
    int64_t count = int64_t(1) << format.bits, code = index % count;
    return format.isSigned && code >= count / 2 ? code - count : code;
  }

  mlir::OpBuilder &builder;
  mlir::Location loc;
  const KernelForm &form;
  CodeFormat format;
  mlir::Value codes, zeros;
  mlir::Value numbers; ///< the table of codes of four or two bits
  /// The rows of the left half, where panels have halves.
  mlir::Value rowsOfHalf;
  llvm::SmallVector<mlir::Value> zeroNumbers;
};

} // namespace moe

#endif // MOE_PASSES_CONVERSION_LINALGTOCPU_CODEREADER_H
