// One layer, compiled to a library and loaded.
#ifndef MOE_TOOLS_MOE_BENCH_COMPILEDLAYER_H
#define MOE_TOOLS_MOE_BENCH_COMPILEDLAYER_H

#include "Layers.h"
#include "Timeline.h"

#include "moe-rt/runtime.h"
#include "moe/Pipelines/Compiler.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <functional>
#include <memory>

namespace moe::bench {

struct CompileParameters {
  Precision precision;
  std::string cpu = "host";
  uint32_t threads = 0;
  Schedule schedule = Schedule::Unfused;
  /// Who is told of tasks; null: nobody, and the layer is compiled to tell
  /// nothing. Outlives the layer.
  Timeline *timeline = nullptr;
  std::function<void(const llvm::Twine &)> progress;
};

/// A layer with random weights, ready to run. Its files live in a folder of
/// its own below the folder for temporary files and go with it.
class CompiledLayer {
public:
  static llvm::Expected<std::unique_ptr<CompiledLayer>>
  create(const Layer &layer, const CompileParameters &parameters);
  ~CompiledLayer();
  CompiledLayer(const CompiledLayer &) = delete;
  CompiledLayer &operator=(const CompiledLayer &) = delete;

  /// Sets the number of tokens. The input [tokens, H], in the format of
  /// activations, stays the caller's.
  llvm::Error bind(int64_t tokens, const void *x, const float *logits);
  llvm::Error run();
  /// The first `count` elements of the output [tokens, H] of the last run.
  llvm::Expected<std::vector<float>> output(int64_t count);

  /// Most bytes that the layer had in use at once beside weights and input.
  uint64_t peakBytes() const;
  uint32_t threads() const { return moeRuntimeInstanceNumThreads(instance); }
  /// The file of parameters as moe-bench made it.
  const char *parameters() const { return weights->getBufferStart(); }
  uint64_t parameterBytes() const { return weights->getBufferSize(); }
  double compileSeconds() const { return seconds; }
  /// The part of compiling that lays weights out and writes them.
  double packSeconds() const { return packing; }

private:
  CompiledLayer(const Layer &layer, Precision precision)
      : layer(layer), precision(precision) {}
  llvm::Error compile(const CompileParameters &parameters);
  llvm::Error load(const CompileParameters &parameters);

  const Layer &layer;
  Precision precision;
  std::string folder;
  std::unique_ptr<llvm::MemoryBuffer> weights;
  double seconds = 0, packing = 0;
  moe_instance_t instance = nullptr;
  moe_module_t module = nullptr;
  moe_call_t call = nullptr;
};

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_COMPILEDLAYER_H
