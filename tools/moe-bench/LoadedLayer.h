// One compiled layer, loaded.
#ifndef MOE_TOOLS_MOE_BENCH_LOADEDLAYER_H
#define MOE_TOOLS_MOE_BENCH_LOADEDLAYER_H

#include "LayerFiles.h"
#include "LoadedLibrary.h"

namespace moe::bench {

/// A layer ready to run.
class LoadedLayer {
public:
  /// Loads `library` of `files`, which outlive it, for `threads` threads.
  static llvm::Expected<std::unique_ptr<LoadedLayer>>
  create(const LayerFiles &files, const Library &library, uint32_t threads,
         const LoadOptions &options);
  ~LoadedLayer();
  LoadedLayer(const LoadedLayer &) = delete;
  LoadedLayer &operator=(const LoadedLayer &) = delete;

  /// Begins anew with another number of tokens: memory of earlier runs is given
  /// back and their peak forgotten.
  llvm::Error reshape(int64_t tokens);
  /// The input [tokens, H], in the format of activations, and the logits
  /// [tokens, E] stay the caller's.
  llvm::Error bind(const void *x, const float *logits);
  llvm::Error run();
  /// The first `count` elements of the output [tokens, H] of the last run.
  std::vector<float> output(int64_t count) const;

  /// Most bytes that the layer had in use at once since it was reshaped, beside
  /// weights, input and the caller's copy of the output.
  uint64_t peakBytes() const;

private:
  explicit LoadedLayer(const LayerFiles &files) : files(files) {}

  const LayerFiles &files;
  LoadedLibrary library;
  moe_call_t call = nullptr;
  int64_t tokens = 0;
  /// The output, bound: the runtime would keep a result of its own until the
  /// next run has ended, and count it. Elements of 16 bits take half of it.
  std::vector<float> y;
};

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_LOADEDLAYER_H
