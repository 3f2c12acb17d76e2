// Writes a layer's weights, compiles it and loads the library.
#include "CompiledLayer.h"
#include "Values.h"

#include "moe/Tools/Registration.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <chrono>

using namespace moe::bench;

static llvm::Error toError(moe_status_t status) {
  if (!status)
    return llvm::Error::success();
  llvm::Error error = llvm::createStringError(moeRuntimeStatusMessage(status));
  moeRuntimeStatusRelease(status);
  return error;
}

llvm::Expected<std::unique_ptr<CompiledLayer>>
CompiledLayer::create(const Layer &layer, const CompileParameters &parameters) {
  std::unique_ptr<CompiledLayer> compiled(
      new CompiledLayer(layer, parameters.precision));
  if (llvm::Error error = compiled->compile(parameters))
    return error;
  if (llvm::Error error = compiled->load(parameters))
    return error;
  return compiled;
}

llvm::Error CompiledLayer::compile(const CompileParameters &parameters) {
  llvm::SmallString<128> path;
  if (std::error_code code =
          llvm::sys::fs::createUniqueDirectory("moe-bench", path))
    return llvm::createFileError(path, code);
  folder = std::string(path);
  auto fileIn = [&](llvm::StringRef name) {
    llvm::SmallString<128> file(folder);
    llvm::sys::path::append(file, name);
    llvm::sys::RemoveFileOnSignal(file);
    return std::string(file);
  };
  std::string source = fileIn("parameters.bin");
  std::string library = fileIn("layer.so");
  fileIn("layer.weights");
  fileIn("layer.h");

  parameters.progress("writing weights of " + layer.name);
  if (llvm::Error error = writeParameters(layer, precision, source))
    return error;
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> mapped =
      llvm::MemoryBuffer::getFile(source, /*IsText=*/false,
                                  /*RequiresNullTerminator=*/false);
  if (!mapped)
    return llvm::createFileError(source, mapped.getError());
  weights = std::move(*mapped);

  parameters.progress("compiling " + layer.name);
  auto start = std::chrono::steady_clock::now();
  mlir::DialectRegistry registry;
  moe::registerAllDialects(registry);
  moe::registerTargetTranslations(registry);
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  mlir::OwningOpRef<mlir::ModuleOp> ir =
      mlir::parseSourceString<mlir::ModuleOp>(
          layerText(layer, precision, source), &context);
  CompileOptions options;
  options.from = Level::MoE;
  options.cpu = parameters.cpu;
  options.schedule = parameters.schedule;
  options.trace = parameters.timeline != nullptr;
  // What is being done is told before it is done.
  bool packs = false;
  auto since = start;
  options.progress = [&](llvm::StringRef message) {
    auto now = std::chrono::steady_clock::now();
    if (packs)
      packing += std::chrono::duration<double>(now - since).count();
    packs = message.starts_with("packing");
    since = now;
  };
  if (!ir || failed(compileToArtefact(*ir, library, options)))
    return llvm::createStringError("cannot compile layer " + layer.name);
  seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  return llvm::Error::success();
}

llvm::Error CompiledLayer::load(const CompileParameters &parameters) {
  llvm::SmallString<128> library(folder);
  llvm::sys::path::append(library, "layer.so");
  moe_instance_params_t params = {};
  params.struct_size = sizeof(params);
  params.num_threads = parameters.threads;
  if (parameters.timeline) {
    params.trace = &Timeline::tell;
    params.trace_user = parameters.timeline;
  }
  if (llvm::Error error = toError(moeRuntimeInstanceCreate(&params, &instance)))
    return error;
  if (llvm::Error error = toError(
          moeRuntimeModuleLoad(instance, library.c_str(), nullptr, &module)))
    return error;
  moe_entry_t entry = nullptr;
  if (llvm::Error error =
          toError(moeRuntimeModuleFindEntry(module, nullptr, &entry)))
    return error;
  return toError(moeRuntimeCallCreate(entry, &call));
}

CompiledLayer::~CompiledLayer() {
  moeRuntimeCallRelease(call);
  moeRuntimeModuleRelease(module);
  moeRuntimeInstanceRelease(instance);
  weights.reset();
  if (!folder.empty())
    (void)llvm::sys::fs::remove_directories(folder);
}

llvm::Error CompiledLayer::bind(int64_t tokens, const void *x,
                                const float *logits) {
  bool narrow = precision.activations == Format::BF16;
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

llvm::Error CompiledLayer::run() { return toError(moeRuntimeCallRun(call)); }

llvm::Expected<std::vector<float>> CompiledLayer::output(int64_t count) {
  moe_tensor_t tensor;
  if (llvm::Error error = toError(moeRuntimeCallOutput(call, 0, &tensor)))
    return error;
  std::vector<float> values(count);
  if (precision.activations == Format::F32)
    std::copy_n(static_cast<const float *>(tensor.data), count, values.begin());
  else
    std::transform(static_cast<const uint16_t *>(tensor.data),
                   static_cast<const uint16_t *>(tensor.data) + count,
                   values.begin(), fromBF16);
  return values;
}

uint64_t CompiledLayer::peakBytes() const {
  moe_memory_stats_t stats = {};
  stats.struct_size = sizeof(stats);
  llvm::consumeError(toError(moeRuntimeCallMemory(call, &stats)));
  return stats.peak_bytes;
}
