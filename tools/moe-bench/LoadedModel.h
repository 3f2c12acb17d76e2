// A compiled model of any inputs, loaded.
#ifndef MOE_TOOLS_MOE_BENCH_LOADEDMODEL_H
#define MOE_TOOLS_MOE_BENCH_LOADEDMODEL_H

#include "LoadedLibrary.h"

#include "llvm/ADT/ArrayRef.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moe::bench {

/// Values of a model's dynamic sizes, in the order of their names.
using Sizes = std::vector<int64_t>;

/// A model ready to run, with inputs of its own.
class LoadedModel {
public:
  /// Loads the library at `path` for `threads` threads.
  static llvm::Expected<std::unique_ptr<LoadedModel>>
  create(const std::string &path, uint32_t threads, const LoadOptions &options);
  ~LoadedModel();
  LoadedModel(const LoadedModel &) = delete;
  LoadedModel &operator=(const LoadedModel &) = delete;

  /// Names of the dynamic sizes.
  std::vector<std::string> sizeNames() const;
  /// The size that the last dynamic dimension of the first input is, or is a
  /// sum with, which is none of `taken`: of token ids [B, S], S.
  std::optional<size_t> tokenSize(llvm::ArrayRef<bool> taken) const;
  /// Elements of the first input's dynamic dimensions: of token ids [B, S],
  /// B * S.
  int64_t tokens(const Sizes &sizes) const;
  /// What token ids are below where nobody says: the last dimension of the
  /// first output of floating point, if it is a constant.
  std::optional<int64_t> vocabulary() const;
  uint64_t weightBytes() const;

  /// Begins anew with other sizes: makes inputs, and binds the outputs whose
  /// shape is known before a run.
  llvm::Error reshape(const Sizes &sizes, unsigned seed, int64_t vocabulary);
  llvm::Error run() { return toError(moeRuntimeCallRun(call)); }
  /// Most bytes in use at once since then, beside weights, inputs and results
  /// that are bound.
  uint64_t peakBytes() const { return peakBytesOf(call); }

private:
  LoadedModel() = default;
  const moe_entry_v1 &description() const;

  LoadedLibrary library;
  moe_call_t call = nullptr;
  std::vector<std::vector<char>> inputs, outputs;
};

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_LOADEDMODEL_H
