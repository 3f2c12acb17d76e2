// Reads StableHLO: text, portable artifacts of it, and what jax.export wraps
// around those.
#ifndef MOE_IMPORT_STABLEHLO_H
#define MOE_IMPORT_STABLEHLO_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace mlir {
class DialectRegistry;
class MLIRContext;
} // namespace mlir

namespace moe {

/// The newest version of portable artifacts whose encodings are known.
inline constexpr llvm::StringLiteral kNewestArtifact = "1.20.0";

/// Adds the dialects that files of StableHLO have beside those of the mirror:
/// portable artifacts and shardings.
void registerStableHLOImportDialects(mlir::DialectRegistry &registry);

/// True where `bytes` are what jax.export's `serialize` writes.
bool isJaxExport(llvm::StringRef bytes);

/// The bytecode within what jax.export's `serialize` writes, as a part of
/// `bytes`. An error where the wrapper is damaged.
llvm::Expected<llvm::StringRef> findJaxModule(llvm::StringRef bytes);

/// Reads MLIR bytecode that may be a portable artifact and makes it a module of
/// the graph level. Large tensors become references to `file` (which holds
/// `bytecode` from byte `offset` on); where `file` is empty they are copied.
/// Null after an error, which goes to the context's diagnostics. The bytes are
/// trusted not to corrupt the process: call it in one that may end.
mlir::OwningOpRef<mlir::ModuleOp>
readStableHLOBytecode(llvm::StringRef bytecode, llvm::StringRef file,
                      uint64_t offset, mlir::MLIRContext &context);

/// How often a model has or calls something that this compiler lacks, and
/// where, as far as that is known: "line 7" of a text, "model.py:7:5" of an
/// artifact.
struct MissingPart {
  unsigned count = 0;
  llvm::SmallVector<std::string, 4> places;
};
using MissingParts = llvm::MapVector<llvm::StringRef, MissingPart>;

/// What a model needs beyond what its file and this compiler have.
struct MissingInModel {
  /// Operations that no dialect has.
  MissingParts operations;
  /// Functions that the file refers to, for a call or a composite, and lacks.
  MissingParts functions;
  /// Functions of other compilers (`stablehlo.custom_call`). A module with no
  /// more than these can be read, but not lowered.
  MissingParts callees;
};

/// The whole of the error about what is missing; empty where a module can be
/// read nevertheless.
std::string describeMissing(const MissingInModel &missing);

/// describeMissing of what the text of a module names; empty where the text can
/// be parsed.
std::string findMissing(llvm::StringRef text, mlir::MLIRContext &context);

/// Whether a call of the function `target` of another compiler becomes
/// operations of this one when its operands and attributes are the known ones.
bool isKnownCallee(llvm::StringRef target);

/// Makes a module that was read the module that passes expect: inputs and
/// outputs of `entry` get the names that the exporter recorded, shardings and
/// annotations of other compilers go, composites that are operations of chlo
/// become them. A module without StableHLO is left alone. Errors name what
/// cannot be compiled: recursion, programs for several devices.
mlir::LogicalResult prepareStableHLO(mlir::ModuleOp module,
                                     llvm::StringRef entry = "main");

} // namespace moe

#endif // MOE_IMPORT_STABLEHLO_H
