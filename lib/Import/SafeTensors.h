// The safetensors format: a length, a JSON header, tensors.
#ifndef MOE_LIB_IMPORT_SAFETENSORS_H
#define MOE_LIB_IMPORT_SAFETENSORS_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace moe::importer {

struct SafeTensor {
  std::string name;
  mlir::RankedTensorType type;
  /// Where the elements start in the file; they lie within it.
  uint64_t offset = 0;
};

/// The tensors of a file with the given bytes, in the order of their names.
llvm::Expected<std::vector<SafeTensor>>
readSafeTensors(llvm::StringRef bytes, mlir::MLIRContext *context);

} // namespace moe::importer

#endif // MOE_LIB_IMPORT_SAFETENSORS_H
