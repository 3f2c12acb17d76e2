// Writes a layer's weights and compiles it.
#include "LayerFiles.h"
#include "Values.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

using namespace moe::bench;

llvm::Expected<std::unique_ptr<LayerFiles>>
LayerFiles::create(const Layer &layer, Precision precision,
                   const Progress &progress) {
  llvm::Expected<std::unique_ptr<TemporaryFolder>> folder =
      TemporaryFolder::create();
  if (!folder)
    return folder.takeError();
  std::unique_ptr<LayerFiles> files(
      new LayerFiles(layer, precision, std::move(*folder)));
  progress("writing weights of " + layer.name);
  std::string path = files->folder->file("parameters.bin");
  if (llvm::Error error = writeParameters(layer, precision, path))
    return error;
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> mapped =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                  /*RequiresNullTerminator=*/false);
  if (!mapped)
    return llvm::createFileError(path, mapped.getError());
  files->weights = std::move(*mapped);
  return files;
}

llvm::Expected<Library> LayerFiles::compile(Schedule schedule,
                                            llvm::StringRef cpu, bool traced,
                                            const Progress &progress) {
  progress("compiling " + shape.name + ", " + scheduleName(schedule));
  return compileLibrary(
      *folder, {Level::MoE, schedule, cpu.str(), traced},
      [&](mlir::MLIRContext &context) {
        return mlir::parseSourceString<mlir::ModuleOp>(
            layerText(shape, format, weights->getBufferIdentifier()), &context);
      });
}
