// Loads a library.
#include "LoadedLibrary.h"

using namespace moe::bench;

llvm::Error moe::bench::toError(moe_status_t status) {
  if (!status)
    return llvm::Error::success();
  llvm::Error error = llvm::createStringError(moeRuntimeStatusMessage(status));
  moeRuntimeStatusRelease(status);
  return error;
}

uint64_t moe::bench::peakBytesOf(moe_call_t call) {
  moe_memory_stats_t stats = {};
  stats.struct_size = sizeof(stats);
  llvm::consumeError(toError(moeRuntimeCallMemory(call, &stats)));
  return stats.peak_bytes;
}

LoadedLibrary::~LoadedLibrary() {
  moeRuntimeModuleRelease(module);
  moeRuntimeInstanceRelease(instance);
}

llvm::Error LoadedLibrary::load(const std::string &path, uint32_t threads,
                                const LoadOptions &options) {
  moe_instance_params_t params = {};
  params.struct_size = sizeof(params);
  params.num_threads = threads;
  if (options.timeline) {
    params.trace = &Timeline::tell;
    params.trace_user = options.timeline;
  }
  if (llvm::Error error = toError(moeRuntimeInstanceCreate(&params, &instance)))
    return error;
  moe_load_params_t loadParams = {};
  loadParams.struct_size = sizeof(loadParams);
  loadParams.flags = options.copyWeights ? uint32_t(MOE_LOAD_COPY_WEIGHTS) : 0;
  if (llvm::Error error = toError(
          moeRuntimeModuleLoad(instance, path.c_str(), &loadParams, &module)))
    return error;
  return toError(moeRuntimeModuleFindEntry(module, nullptr, &entry));
}
