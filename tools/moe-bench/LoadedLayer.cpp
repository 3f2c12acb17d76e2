// Loads a compiled layer and runs it.
#include "LoadedLayer.h"
#include "Values.h"

#include "llvm/ADT/STLExtras.h"

#include <cstring>
#include <utility>

using namespace moe::bench;

llvm::Expected<std::unique_ptr<LoadedLayer>>
LoadedLayer::create(const LayerFiles &files, const Library &library,
                    uint32_t threads, const LoadOptions &options) {
  std::unique_ptr<LoadedLayer> loaded(new LoadedLayer(files));
  if (llvm::Error error = loaded->library.load(library.path, threads, options))
    return error;
  return loaded;
}

LoadedLayer::~LoadedLayer() { moeRuntimeCallRelease(call); }

llvm::Error LoadedLayer::reshape(int64_t count) {
  moeRuntimeCallRelease(std::exchange(call, nullptr));
  if (llvm::Error error = toError(moeRuntimeCallCreate(library.entry, &call)))
    return error;
  tokens = count;
  const Layer &layer = files.layer();
  y.assign(tokens * layer.hidden, 0);
  bool narrow = files.precision().activations == Format::BF16;
  int64_t xDims[] = {tokens, layer.hidden}, zDims[] = {tokens, layer.experts};
  moe_tensor_type_t types[] = {
      {narrow ? MOE_DTYPE_BF16 : MOE_DTYPE_F32, 2, xDims},
      {MOE_DTYPE_F32, 2, zDims}};
  if (llvm::Error error = toError(moeRuntimeCallReshape(call, types, 2)))
    return error;
  return toError(
      moeRuntimeCallBindOutput(call, 0, y.data(), y.size() * sizeof(float)));
}

llvm::Error LoadedLayer::bind(const void *x, const float *logits) {
  const Layer &layer = files.layer();
  bool narrow = files.precision().activations == Format::BF16;
  if (llvm::Error error = toError(moeRuntimeCallBindInput(
          call, 0, x, tokens * layer.hidden * (narrow ? 2 : 4))))
    return error;
  return toError(moeRuntimeCallBindInput(
      call, 1, logits, tokens * layer.experts * sizeof(float)));
}

llvm::Error LoadedLayer::run() { return toError(moeRuntimeCallRun(call)); }

std::vector<float> LoadedLayer::output(int64_t count) const {
  if (files.precision().activations == Format::F32)
    return {y.begin(), y.begin() + count};
  std::vector<uint16_t> bits(count);
  std::memcpy(bits.data(), y.data(), count * sizeof(uint16_t));
  std::vector<float> values(count);
  llvm::transform(bits, values.begin(), fromBF16);
  return values;
}

uint64_t LoadedLayer::peakBytes() const { return peakBytesOf(call); }
