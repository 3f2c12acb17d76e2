// Writes a layer's weights and compiles it.
#include "LayerFiles.h"
#include "Values.h"

#include "moe/Pipelines/Compiler.h"
#include "moe/Tools/Registration.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

#include <chrono>

using namespace moe::bench;

/// A file below the folder, which goes with it where a signal ends the program.
std::string LayerFiles::fileIn(const llvm::Twine &name) const {
  llvm::SmallString<128> file(folder);
  llvm::sys::path::append(file, name);
  llvm::sys::RemoveFileOnSignal(file);
  return std::string(file);
}

llvm::Expected<std::unique_ptr<LayerFiles>>
LayerFiles::create(const Layer &layer, Precision precision,
                   const Progress &progress) {
  llvm::SmallString<128> folder;
  if (std::error_code code =
          llvm::sys::fs::createUniqueDirectory("moe-bench", folder))
    return llvm::createFileError(folder, code);
  std::unique_ptr<LayerFiles> files(new LayerFiles(layer, precision));
  files->folder = std::string(folder);
  progress("writing weights of " + layer.name);
  std::string path = files->fileIn("parameters.bin");
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

llvm::Expected<LayerLibrary> LayerFiles::compile(Schedule schedule,
                                                 llvm::StringRef cpu,
                                                 bool traced,
                                                 const Progress &progress) {
  llvm::StringRef name = scheduleName(schedule);
  progress("compiling " + shape.name + ", " + name);
  auto start = std::chrono::steady_clock::now();
  mlir::DialectRegistry registry;
  moe::registerAllDialects(registry);
  moe::registerTargetTranslations(registry);
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  mlir::OwningOpRef<mlir::ModuleOp> ir =
      mlir::parseSourceString<mlir::ModuleOp>(
          layerText(shape, format, weights->getBufferIdentifier()), &context);
  LayerLibrary library{schedule, fileIn(name + ".so")};
  fileIn(name + ".weights");
  fileIn(name + ".h");
  CompileOptions options;
  options.from = Level::MoE;
  options.cpu = cpu.str();
  options.schedule.form = schedule;
  options.trace = traced;
  // What is being done is told before it is done.
  bool packs = false;
  auto since = start;
  options.progress = [&](llvm::StringRef message) {
    auto now = std::chrono::steady_clock::now();
    if (packs)
      library.packSeconds += std::chrono::duration<double>(now - since).count();
    packs = message.starts_with("packing");
    since = now;
  };
  if (!ir || failed(compileToArtefact(*ir, library.path, options)))
    return llvm::createStringError("cannot compile layer " + shape.name);
  library.compileSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  return library;
}

LayerFiles::~LayerFiles() {
  weights.reset();
  if (!folder.empty())
    (void)llvm::sys::fs::remove_directories(folder);
}
