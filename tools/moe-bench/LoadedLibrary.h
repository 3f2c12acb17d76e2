// A library in a runtime of its own.
#ifndef MOE_TOOLS_MOE_BENCH_LOADEDLIBRARY_H
#define MOE_TOOLS_MOE_BENCH_LOADEDLIBRARY_H

#include "Timeline.h"

#include "moe-rt/runtime.h"
#include "llvm/Support/Error.h"

namespace moe::bench {

/// Takes `status`, which is released.
llvm::Error toError(moe_status_t status);

/// Most bytes that the models of `call` had in use at once.
uint64_t peakBytesOf(moe_call_t call);

/// How a library is loaded.
struct LoadOptions {
  bool copyWeights; ///< into memory with large pages, instead of mapping them
  /// Who is told of tasks, and outlives the library; null: nobody.
  Timeline *timeline;
};

/// A library, loaded for a number of threads. Its calls are released before it.
struct LoadedLibrary {
  LoadedLibrary() = default;
  ~LoadedLibrary();
  LoadedLibrary(const LoadedLibrary &) = delete;
  LoadedLibrary &operator=(const LoadedLibrary &) = delete;

  llvm::Error load(const std::string &path, uint32_t threads,
                   const LoadOptions &options);

  moe_instance_t instance = nullptr;
  moe_module_t module = nullptr;
  moe_entry_t entry = nullptr; ///< the first one
};

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_LOADEDLIBRARY_H
