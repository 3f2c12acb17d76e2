// A layer as files: its weights, and the libraries compiled from it.
#ifndef MOE_TOOLS_MOE_BENCH_LAYERFILES_H
#define MOE_TOOLS_MOE_BENCH_LAYERFILES_H

#include "Layers.h"

#include "moe/Analysis/Schedule.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <functional>
#include <memory>

namespace moe::bench {

/// A library of one layer, in one form.
struct LayerLibrary {
  Schedule schedule;
  std::string path;
  double compileSeconds = 0;
  /// The part of compiling that lays weights out and writes them.
  double packSeconds = 0;
};

using Progress = std::function<void(const llvm::Twine &)>;

/// The files of a layer with random weights. They live in a folder of their own
/// below the folder for temporary files and go with this.
class LayerFiles {
public:
  /// Writes the weights.
  static llvm::Expected<std::unique_ptr<LayerFiles>>
  create(const Layer &layer, Precision precision, const Progress &progress);
  ~LayerFiles();
  LayerFiles(const LayerFiles &) = delete;
  LayerFiles &operator=(const LayerFiles &) = delete;

  /// Compiles the layer for `cpu`, run as `schedule` says; once per schedule. A
  /// library that is traced tells of its tasks.
  llvm::Expected<LayerLibrary> compile(Schedule schedule, llvm::StringRef cpu,
                                       bool traced, const Progress &progress);

  const Layer &layer() const { return shape; }
  Precision precision() const { return format; }
  /// The file of parameters as moe-bench made it.
  const char *parameters() const { return weights->getBufferStart(); }
  uint64_t parameterBytes() const { return weights->getBufferSize(); }

private:
  LayerFiles(const Layer &layer, Precision precision)
      : shape(layer), format(precision) {}
  std::string fileIn(const llvm::Twine &name) const;

  const Layer &shape;
  Precision format;
  std::string folder;
  std::unique_ptr<llvm::MemoryBuffer> weights;
};

} // namespace moe::bench

#endif // MOE_TOOLS_MOE_BENCH_LAYERFILES_H
