// Reads ONNX models into the graph level.
#ifndef MOE_IMPORT_ONNX_H
#define MOE_IMPORT_ONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace mlir {
class DialectRegistry;
class MLIRContext;
} // namespace mlir

namespace moe {

/// Adds the dialects whose ops an import creates.
void registerImportDialects(mlir::DialectRegistry &registry);

/// Reads the ONNX model in the file `path` and returns a module that holds one
/// public function, `main`, the graph, and private decompositions of its
/// composites. Weights are checked, but stay references: to the files of
/// external data, or to the model file itself, named as `path` names them. On
/// any error one or more diagnostics that name file, graph and node go to the
/// context's diagnostic engine and the result is null. Needs a context with the
/// dialects of `registerImportDialects`; keeps no reference to anything but the
/// context.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(llvm::StringRef path,
                                             mlir::MLIRContext *context);

/// The same for a serialised model in memory; `path` names it in messages and
/// is what external data is relative to. Weights in `bytes` are copied, so that
/// these may go once this returns.
mlir::OwningOpRef<mlir::ModuleOp> importOnnxBuffer(llvm::ArrayRef<char> bytes,
                                                   llvm::StringRef path,
                                                   mlir::MLIRContext *context);

} // namespace moe

#endif // MOE_IMPORT_ONNX_H
