// Feeds the ONNX importer with hostile bytes: it may refuse them, with a
// diagnostic, but must neither crash nor hang.
//
//   moe-fuzz-onnx -max_len=4096 CORPUS
#include "moe/Import/Onnx.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include <memory>

using namespace mlir;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // A context keeps every attribute that it has seen, so it is renewed at
  // times.
  static std::unique_ptr<MLIRContext> context;
  static unsigned uses = 0;
  if (uses++ % 256 == 0)
    context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
  bool hasError = false;
  ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
    hasError |= diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return success();
  });
  OwningOpRef<ModuleOp> module = moe::importOnnxBuffer(
      llvm::ArrayRef(reinterpret_cast<const char *>(data), size), "fuzz.onnx",
      context.get());
  // A module, or an error: nothing fails silently.
  if (static_cast<bool>(module) == hasError)
    __builtin_trap();
  return 0;
}
