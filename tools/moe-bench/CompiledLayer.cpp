// Writes a layer's weights, compiles it and loads the library.
#include "CompiledLayer.h"

#include "moe/Tools/Registration.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace moe::bench;

static llvm::Error toError(moe_status_t status) {
  if (!status)
    return llvm::Error::success();
  llvm::Error error = llvm::createStringError(moeRuntimeStatusMessage(status));
  moeRuntimeStatusRelease(status);
  return error;
}

/// Uniform values from a counter (splitmix64): fast, and the same everywhere.
static void fillUniform(llvm::MutableArrayRef<float> values, uint64_t counter,
                        float scale) {
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t z = (counter + i) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    int32_t bits = static_cast<int32_t>(z >> 32);
    values[i] = static_cast<float>(bits) * (scale / 2147483648.0f);
  }
}

static llvm::Error writeWeights(const Layer &layer, llvm::StringRef path) {
  std::error_code code;
  llvm::raw_fd_ostream stream(path, code);
  if (code)
    return llvm::createFileError(path, code);
  std::vector<float> block(size_t(1) << 20);
  uint64_t counter = 0;
  for (const Parameter &parameter : parametersOf(layer))
    for (uint64_t left = parameter.elements(); left != 0;) {
      uint64_t count = std::min<uint64_t>(left, block.size());
      fillUniform(llvm::MutableArrayRef(block).take_front(count), counter,
                  parameter.scale);
      stream.write(reinterpret_cast<const char *>(block.data()),
                   count * sizeof(float));
      counter += count;
      left -= count;
    }
  stream.close();
  if (stream.has_error()) {
    code = stream.error();
    stream.clear_error();
    return llvm::createFileError(path, code);
  }
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<CompiledLayer>>
CompiledLayer::create(const Layer &layer, const CompileParameters &parameters) {
  std::unique_ptr<CompiledLayer> compiled(new CompiledLayer(layer));
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
  if (llvm::Error error = writeWeights(layer, source))
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
      mlir::parseSourceString<mlir::ModuleOp>(layerText(layer, source),
                                              &context);
  CompileOptions options;
  options.from = Level::MoE;
  options.cpu = parameters.cpu;
  options.schedule = parameters.schedule;
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
    llvm::sys::fs::remove_directories(folder);
}

llvm::Error CompiledLayer::bind(int64_t tokens, const float *x,
                                const float *logits) {
  int64_t xDims[] = {tokens, layer.hidden}, zDims[] = {tokens, layer.experts};
  moe_tensor_type_t types[] = {{MOE_DTYPE_F32, 2, xDims},
                               {MOE_DTYPE_F32, 2, zDims}};
  if (llvm::Error error = toError(moeRuntimeCallReshape(call, types, 2)))
    return error;
  if (llvm::Error error = toError(moeRuntimeCallBindInput(
          call, 0, x, tokens * layer.hidden * sizeof(float))))
    return error;
  return toError(moeRuntimeCallBindInput(
      call, 1, logits, tokens * layer.experts * sizeof(float)));
}

llvm::Error CompiledLayer::run() { return toError(moeRuntimeCallRun(call)); }

llvm::Expected<llvm::ArrayRef<float>> CompiledLayer::output() {
  moe_tensor_t tensor;
  if (llvm::Error error = toError(moeRuntimeCallOutput(call, 0, &tensor)))
    return error;
  return llvm::ArrayRef(static_cast<const float *>(tensor.data),
                        tensor.bytes / sizeof(float));
}

uint64_t CompiledLayer::peakBytes() const {
  moe_memory_stats_t stats = {};
  stats.struct_size = sizeof(stats);
  llvm::consumeError(toError(moeRuntimeCallMemory(call, &stats)));
  return stats.peak_bytes;
}
