// Loads a compiled layer and runs it.
#include "LoadedLayer.h"
#include "Values.h"

#include <algorithm>

using namespace moe::bench;

static llvm::Error toError(moe_status_t status) {
  if (!status)
    return llvm::Error::success();
  llvm::Error error = llvm::createStringError(moeRuntimeStatusMessage(status));
  moeRuntimeStatusRelease(status);
  return error;
}

llvm::Expected<std::unique_ptr<LoadedLayer>>
LoadedLayer::create(const LayerFiles &files, const LayerLibrary &library,
                    uint32_t threads, Timeline *timeline) {
  std::unique_ptr<LoadedLayer> loaded(new LoadedLayer(files));
  moe_instance_params_t params = {};
  params.struct_size = sizeof(params);
  params.num_threads = threads;
  if (timeline) {
    params.trace = &Timeline::tell;
    params.trace_user = timeline;
  }
  if (llvm::Error error =
          toError(moeRuntimeInstanceCreate(&params, &loaded->instance)))
    return error;
  if (llvm::Error error = toError(moeRuntimeModuleLoad(
          loaded->instance, library.path.c_str(), nullptr, &loaded->module)))
    return error;
  moe_entry_t entry = nullptr;
  if (llvm::Error error =
          toError(moeRuntimeModuleFindEntry(loaded->module, nullptr, &entry)))
    return error;
  if (llvm::Error error = toError(moeRuntimeCallCreate(entry, &loaded->call)))
    return error;
  return loaded;
}

LoadedLayer::~LoadedLayer() {
  moeRuntimeCallRelease(call);
  moeRuntimeModuleRelease(module);
  moeRuntimeInstanceRelease(instance);
}

llvm::Error LoadedLayer::bind(int64_t tokens, const void *x,
                              const float *logits) {
  const Layer &layer = files.layer();
  bool narrow = files.precision().activations == Format::BF16;
  int64_t xDims[] = {tokens, layer.hidden}, zDims[] = {tokens, layer.experts};
  moe_tensor_type_t types[] = {
      {narrow ? MOE_DTYPE_BF16 : MOE_DTYPE_F32, 2, xDims},
      {MOE_DTYPE_F32, 2, zDims}};
  if (llvm::Error error = toError(moeRuntimeCallReshape(call, types, 2)))
    return error;
  if (llvm::Error error = toError(moeRuntimeCallBindInput(
          call, 0, x, tokens * layer.hidden * (narrow ? 2 : 4))))
    return error;
  return toError(moeRuntimeCallBindInput(
      call, 1, logits, tokens * layer.experts * sizeof(float)));
}

llvm::Error LoadedLayer::run() { return toError(moeRuntimeCallRun(call)); }

llvm::Expected<std::vector<float>> LoadedLayer::output(int64_t count) {
  moe_tensor_t tensor;
  if (llvm::Error error = toError(moeRuntimeCallOutput(call, 0, &tensor)))
    return error;
  std::vector<float> values(count);
  if (files.precision().activations == Format::F32)
    std::copy_n(static_cast<const float *>(tensor.data), count, values.begin());
  else
    std::transform(static_cast<const uint16_t *>(tensor.data),
                   static_cast<const uint16_t *>(tensor.data) + count,
                   values.begin(), fromBF16);
  return values;
}

uint64_t LoadedLayer::peakBytes() const {
  moe_memory_stats_t stats = {};
  stats.struct_size = sizeof(stats);
  llvm::consumeError(toError(moeRuntimeCallMemory(call, &stats)));
  return stats.peak_bytes;
}
