// Compiles layers and models into a folder of their own.
#include "Library.h"

#include "moe/Tools/Registration.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

#include <chrono>

using namespace moe::bench;

llvm::Expected<std::unique_ptr<TemporaryFolder>> TemporaryFolder::create() {
  llvm::SmallString<128> path;
  if (std::error_code code =
          llvm::sys::fs::createUniqueDirectory("moe-bench", path))
    return llvm::createFileError(path, code);
  return std::unique_ptr<TemporaryFolder>(
      new TemporaryFolder(std::string(path)));
}

TemporaryFolder::~TemporaryFolder() {
  (void)llvm::sys::fs::remove_directories(path);
}

std::string TemporaryFolder::file(const llvm::Twine &name) const {
  llvm::SmallString<128> file(path);
  llvm::sys::path::append(file, name);
  llvm::sys::RemoveFileOnSignal(file);
  return std::string(file);
}

llvm::Expected<Library> moe::bench::compileLibrary(
    const TemporaryFolder &folder, const LibraryOptions &options,
    llvm::function_ref<mlir::OwningOpRef<mlir::ModuleOp>(mlir::MLIRContext &)>
        read) {
  auto start = std::chrono::steady_clock::now();
  mlir::DialectRegistry registry;
  moe::registerAllDialects(registry);
  moe::registerTargetTranslations(registry);
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  mlir::OwningOpRef<mlir::ModuleOp> ir = read(context);
  llvm::StringRef name = scheduleName(options.schedule);
  Library library{options.schedule, folder.file(name + ".so")};
  folder.file(name + ".weights");
  folder.file(name + ".h");
  CompileOptions compile;
  compile.from = options.from;
  compile.cpu = options.cpu;
  compile.schedule.form = options.schedule;
  compile.trace = options.traced;
  // What is being done is told before it is done.
  bool packs = false;
  auto since = start;
  compile.progress = [&](llvm::StringRef message) {
    auto now = std::chrono::steady_clock::now();
    if (packs)
      library.packSeconds += std::chrono::duration<double>(now - since).count();
    packs = message.starts_with("packing");
    since = now;
  };
  if (!ir || failed(compileToArtefact(*ir, library.path, compile)))
    return llvm::createStringError("cannot compile, for the reason above");
  library.compileSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  return library;
}
