// Reads models of other formats into IR: the test driver of the importers.
#include "moe/Import/Onnx.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/LLVM.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include <onnx/defs/parser.h>

using namespace mlir;

/// Serialises a model in ONNX's textual form; the parser is libonnx's.
static FailureOr<std::string> serialiseText(StringRef text, StringRef name,
                                            MLIRContext *context) {
  ::onnx::ModelProto proto;
  ::onnx::Common::Status status =
      ::onnx::OnnxParser::Parse(proto, text.str().c_str());
  if (status.IsOK())
    return proto.SerializeAsString();
  emitError(FileLineColLoc::get(context, name, 0, 0))
      << "expects ONNX's textual form, but got " << status.ErrorMessage();
  return failure();
}

static void registerImportOnnx() {
  TranslateToMLIRRegistration registration(
      "import-onnx",
      "reads an ONNX model (a .onnxtxt file holds the textual form)",
      [](llvm::SourceMgr &sources,
         MLIRContext *context) -> OwningOpRef<Operation *> {
        const llvm::MemoryBuffer *buffer =
            sources.getMemoryBuffer(sources.getMainFileID());
        StringRef name = buffer->getBufferIdentifier();
        // Parts of a split file are called "within split at FILE:LINE ...".
        bool isPart = name.consume_front("within split at ");
        if (!name.contains(".onnxtxt")) {
          if (isPart || name == "<stdin>")
            return moe::importOnnxBuffer(buffer->getBuffer(), name, context)
                .release()
                .getOperation();
          return moe::importOnnx(name, context).release().getOperation();
        }
        name = name.take_front(name.find(".onnxtxt") + 8);
        auto serialised = serialiseText(buffer->getBuffer(), name, context);
        if (failed(serialised))
          return nullptr;
        return moe::importOnnxBuffer(*serialised, name, context)
            .release()
            .getOperation();
      },
      [](DialectRegistry &registry) { moe::registerImportDialects(registry); });
}

int main(int argc, char **argv) {
  registerImportOnnx();
  return failed(mlirTranslateMain(
      argc, argv,
      R"(Reads models of other formats into IR of the graph level.

  moe-translate --import-onnx model.onnx           as moe-compile would
  moe-translate --import-onnx model.onnxtxt        ONNX's textual form, for tests
)"));
}
