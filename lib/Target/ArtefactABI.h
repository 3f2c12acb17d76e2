// Adds the artefact ABI of abi.h to the LLVM IR of a compiled model.
#ifndef MOE_LIB_TARGET_ARTEFACTABI_H
#define MOE_LIB_TARGET_ARTEFACTABI_H

#include "moe/Target/Interface.h"
#include "moe/Target/WeightPacker.h"

#include "llvm/ADT/StringRef.h"

namespace llvm {
class LLVMContext;
class Module;
class StructType;
} // namespace llvm

namespace moe {

/// The structures of abi.h as LLVM types; a unit test compares every offset.
struct ABITypes {
  explicit ABITypes(llvm::LLVMContext &context);
  llvm::StructType *buffer, *environment, *dim, *argument, *entry, *module;
};

/// What the module description says beside the interface.
struct ArtefactDescription {
  std::string triple, cpu, features;
  /// Empty where the model has no weights.
  std::string weightsFile;
  PackedWeights weights;
};

/// Adds the entry wrapper, the functions that call the environment, the module
/// description and moe_module_query; makes everything else internal.
void emitArtefactABI(llvm::Module &module, const Interface &interface,
                     const ArtefactDescription &description);

} // namespace moe

#endif // MOE_LIB_TARGET_ARTEFACTABI_H
