// Compiled libraries, and the folder that they live in.
#ifndef MOE_TOOLS_MOE_BENCH_LIBRARY_H
#define MOE_TOOLS_MOE_BENCH_LIBRARY_H

#include "moe/Pipelines/Compiler.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <memory>
#include <string>

namespace moe::bench {

using Progress = std::function<void(const llvm::Twine &)>;

/// A library of a layer or model, in one form.
struct Library {
  Schedule schedule;
  std::string path;
  double compileSeconds = 0;
  /// The part of compiling that lays weights out and writes them.
  double packSeconds = 0;
};

/// A folder below the one for temporary files, which goes with this.
class TemporaryFolder {
public:
  static llvm::Expected<std::unique_ptr<TemporaryFolder>> create();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  /// The path of a file in the folder, which goes with it where a signal ends
  /// the program, too.
  std::string file(const llvm::Twine &name) const;

private:
  explicit TemporaryFolder(std::string path) : path(std::move(path)) {}
  std::string path;
};

/// What is compiled, and for what.
struct LibraryOptions {
  Level from;
  Schedule schedule;
  std::string cpu;
  bool traced; ///< tells of its tasks
};

/// Compiles what `read` gives into `folder`. Errors of the compiler go to the
/// standard error.
llvm::Expected<Library> compileLibrary(
    const TemporaryFolder &folder, const LibraryOptions &options,
    llvm::function_ref<mlir::OwningOpRef<mlir::ModuleOp>(mlir::MLIRContext &)>
        read);

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_LIBRARY_H
