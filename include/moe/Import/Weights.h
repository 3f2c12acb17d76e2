// Binds weights in a file to the inputs of a model.
#ifndef MOE_IMPORT_WEIGHTS_H
#define MOE_IMPORT_WEIGHTS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <utility>

namespace moe {

/// Makes constants of inputs of the function `entry`: those that have tensors
/// in the safetensors file `path`. A tensor belongs to the input that `pairs`
/// (input, tensor) says, else to that of its name, of its name below the first
/// dot ('params.head' for 'head'), or of its number. Inputs are named or
/// numbered. Large tensors stay references to the file. An error lists all that
/// does not fit: tensors without input, inputs without tensor where others of
/// the same argument ('params.') have theirs, types and shapes; nothing is
/// changed then.
mlir::LogicalResult
bindWeights(mlir::ModuleOp module, llvm::StringRef path,
            llvm::ArrayRef<std::pair<std::string, std::string>> pairs = {},
            llvm::StringRef entry = "main");

} // namespace moe

#endif // MOE_IMPORT_WEIGHTS_H
