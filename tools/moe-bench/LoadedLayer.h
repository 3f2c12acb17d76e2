// One compiled layer, loaded.
#ifndef MOE_TOOLS_MOE_BENCH_LOADEDLAYER_H
#define MOE_TOOLS_MOE_BENCH_LOADEDLAYER_H

#include "LayerFiles.h"
#include "Timeline.h"

#include "moe-rt/runtime.h"

namespace moe::bench {

/// A layer ready to run.
class LoadedLayer {
public:
  /// Loads `library` of `files`, which outlive it, for `threads` threads. Tasks
  /// are told to `timeline`, which outlives it; null: to nobody.
  static llvm::Expected<std::unique_ptr<LoadedLayer>>
  create(const LayerFiles &files, const LayerLibrary &library, uint32_t threads,
         Timeline *timeline);
  ~LoadedLayer();
  LoadedLayer(const LoadedLayer &) = delete;
  LoadedLayer &operator=(const LoadedLayer &) = delete;

  /// Sets the number of tokens. The input [tokens, H], in the format of
  /// activations, stays the caller's.
  llvm::Error bind(int64_t tokens, const void *x, const float *logits);
  llvm::Error run();
  /// The first `count` elements of the output [tokens, H] of the last run.
  llvm::Expected<std::vector<float>> output(int64_t count);

  /// Most bytes that the layer had in use at once beside weights and input.
  uint64_t peakBytes() const;

private:
  explicit LoadedLayer(const LayerFiles &files) : files(files) {}

  const LayerFiles &files;
  moe_instance_t instance = nullptr;
  moe_module_t module = nullptr;
  moe_call_t call = nullptr;
};

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_LOADEDLAYER_H
