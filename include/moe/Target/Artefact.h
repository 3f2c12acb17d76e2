// Writes what a user links: the library, the weights beside it and the C
// header.
#ifndef MOE_TARGET_ARTEFACT_H
#define MOE_TARGET_ARTEFACT_H

#include "moe/Target/CpuTarget.h"
#include "llvm/Support/Error.h"

#include <functional>

namespace mlir {
class DialectRegistry;
class ModuleOp;
} // namespace mlir

namespace moe {

enum class ArtefactKind {
  /// `x.so`, `x.weights`, `x.h`.
  SharedLibrary,
  /// `x.o`, `x.weights`, `x.h`.
  Object,
  /// LLVM IR as text, before optimisation; no weights.
  LLVMIR
};

struct ArtefactOptions {
  ArtefactKind kind = ArtefactKind::SharedLibrary;
  /// Told what is being done, for people.
  std::function<void(llvm::StringRef)> progress;
};

/// Adds the translations to LLVM IR that writeArtefact needs.
void registerTargetTranslations(mlir::DialectRegistry &registry);

/// Writes the artefact of a module at the target level to `path` and its
/// companions beside it. Every file is written under a temporary name in the
/// same directory and renamed when all are complete: after a failure nothing is
/// left and what was there is untouched.
llvm::Error writeArtefact(mlir::ModuleOp module, llvm::StringRef path,
                          const CpuTarget &target,
                          const ArtefactOptions &options);

} // namespace moe

#endif // MOE_TARGET_ARTEFACT_H
