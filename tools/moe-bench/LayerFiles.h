// A layer as files: its weights, and the libraries compiled from it.
#ifndef MOE_TOOLS_MOE_BENCH_LAYERFILES_H
#define MOE_TOOLS_MOE_BENCH_LAYERFILES_H

#include "Layers.h"
#include "Library.h"

#include "llvm/Support/MemoryBuffer.h"

namespace moe::bench {

/// The files of a layer with random weights, in a folder that goes with this.
class LayerFiles {
public:
  /// Writes the weights.
  static llvm::Expected<std::unique_ptr<LayerFiles>>
  create(const Layer &layer, Precision precision, const Progress &progress);

  /// Compiles the layer for `cpu`, run as `schedule` says; once per schedule. A
  /// library that is traced tells of its tasks.
  llvm::Expected<Library> compile(Schedule schedule, llvm::StringRef cpu,
                                  bool traced, const Progress &progress);

  const Layer &layer() const { return shape; }
  Precision precision() const { return format; }
  /// The file of parameters as moe-bench made it.
  const char *parameters() const { return weights->getBufferStart(); }
  uint64_t parameterBytes() const { return weights->getBufferSize(); }

private:
  LayerFiles(const Layer &layer, Precision precision,
             std::unique_ptr<TemporaryFolder> folder)
      : shape(layer), format(precision), folder(std::move(folder)) {}

  const Layer &shape;
  Precision format;
  std::unique_ptr<TemporaryFolder> folder;
  std::unique_ptr<llvm::MemoryBuffer> weights;
};

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_LAYERFILES_H
