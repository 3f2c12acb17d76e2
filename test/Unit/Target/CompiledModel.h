// Modules compiled to libraries in this process, run, and compared.
#ifndef MOE_TEST_UNIT_TARGET_COMPILEDMODEL_H
#define MOE_TEST_UNIT_TARGET_COMPILEDMODEL_H

#include "moe-rt/runtime.h"
#include "moe/Pipelines/Compiler.h"
#include "moe/Tools/Registration.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

#include <cmath>
#include <random>
#include <utility>

namespace moe::test {

struct Tensor {
  std::vector<int64_t> shape;
  std::vector<float> data;
};

inline Tensor random(std::vector<int64_t> shape, unsigned seed) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  Tensor tensor{std::move(shape), std::vector<float>(count)};
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> values(-1, 1);
  for (float &value : tensor.data)
    value = values(engine);
  return tensor;
}

/// Integers of 0 to `bound` - 1 in size: sums of their products are exact, in
/// narrow types, too.
inline Tensor randomIntegers(std::vector<int64_t> shape, unsigned seed,
                             int bound) {
  Tensor tensor = random(std::move(shape), seed);
  for (float &value : tensor.data)
    value = std::trunc(value * static_cast<float>(bound));
  return tensor;
}

/// A weight as text: dense elements in hexadecimal.
inline std::string dense(const Tensor &tensor) {
  std::string text = "dense<\"0x";
  for (float value : tensor.data) {
    uint8_t bytes[4];
    std::memcpy(bytes, &value, 4);
    for (uint8_t byte : bytes)
      text += llvm::formatv("{0:X-2}", byte).str();
  }
  return text + "\">";
}

/// A compiled module, loaded.
class Model {
public:
  /// `trace`: its tasks tell the listener of an instance.
  explicit Model(const std::string &source, const std::string &cpu = "host",
                 bool trace = false) {
    EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("moe-e2e", directory));
    mlir::DialectRegistry registry;
    moe::registerAllDialects(registry);
    moe::registerTargetTranslations(registry);
    mlir::MLIRContext context(registry);
    context.loadAllAvailableDialects();
    mlir::OwningOpRef<mlir::ModuleOp> module =
        mlir::parseSourceString<mlir::ModuleOp>(source, &context);
    if (!module) {
      ADD_FAILURE() << "does not parse: " << source;
      return;
    }
    moe::CompileOptions options;
    options.from = moe::Level::MoE;
    options.cpu = cpu;
    options.trace = trace;
    if (failed(moe::compileToArtefact(*module, library(), options)))
      ADD_FAILURE() << "does not compile: " << source;
    else
      load({});
  }
  ~Model() {
    unload();
    (void)llvm::sys::fs::remove_directories(directory);
  }

  /// Loads the library, again where it is loaded, for an instance of `params`.
  void load(moe_instance_params_t params) {
    unload();
    params.struct_size = sizeof(params);
    expectOk(moeRuntimeInstanceCreate(&params, &instance));
    expectOk(
        moeRuntimeModuleLoad(instance, library().c_str(), nullptr, &loaded));
  }

  std::string library() const { return (directory + "/model.so").str(); }

  /// Runs the model; an empty list and `error` after a failure.
  std::vector<Tensor> run(const std::vector<Tensor> &inputs) {
    std::vector<Tensor> results;
    if (!loaded)
      return results;
    moe_entry_t entry = moeRuntimeModuleEntryAt(loaded, 0);
    moe_call_t call = nullptr;
    expectOk(moeRuntimeCallCreate(entry, &call));
    std::vector<moe_tensor_type_t> types;
    for (const Tensor &input : inputs)
      types.push_back({MOE_DTYPE_F32, static_cast<uint32_t>(input.shape.size()),
                       input.shape.data()});
    expectOk(moeRuntimeCallReshape(call, types.data(), types.size()));
    for (auto [index, input] : llvm::enumerate(inputs))
      expectOk(moeRuntimeCallBindInput(call, index, input.data.data(),
                                       input.data.size() * sizeof(float)));
    if (moe_status_t status = moeRuntimeCallRun(call)) {
      error = moeRuntimeStatusMessage(status);
      moeRuntimeStatusRelease(status);
      moeRuntimeCallRelease(call);
      return results;
    }
    for (uint32_t i = 0; i < moeRuntimeEntryOutputCount(entry); ++i) {
      moe_tensor_t output;
      expectOk(moeRuntimeCallOutput(call, i, &output));
      Tensor &tensor = results.emplace_back();
      tensor.shape.assign(output.type.dims,
                          output.type.dims + output.type.rank);
      const float *data = static_cast<const float *>(output.data);
      size_t count = output.bytes / sizeof(float);
      tensor.data.assign(data, data + count);
    }
    moeRuntimeCallRelease(call);
    return results;
  }

  std::string error;

private:
  void unload() {
    moeRuntimeModuleRelease(std::exchange(loaded, nullptr));
    moeRuntimeInstanceRelease(std::exchange(instance, nullptr));
  }

  static void expectOk(moe_status_t status) {
    if (!status)
      return;
    ADD_FAILURE() << moeRuntimeStatusMessage(status);
    moeRuntimeStatusRelease(status);
  }

  llvm::SmallString<128> directory;
  moe_instance_t instance = nullptr;
  moe_module_t loaded = nullptr;
};

inline void expectNear(const Tensor &actual, const Tensor &expected,
                       double tolerance = 1e-5) {
  ASSERT_EQ(actual.shape, expected.shape);
  ASSERT_EQ(actual.data.size(), expected.data.size());
  double error = 0, scale = 1e-30;
  for (auto [x, y] : llvm::zip(actual.data, expected.data)) {
    error = std::max<double>(error, std::abs(x - y));
    scale = std::max<double>(scale, std::abs(y));
    ASSERT_FALSE(std::isnan(x));
  }
  EXPECT_LE(error / scale, tolerance);
}

/// x [M, K] times w^T, with w [N, K].
inline Tensor matmul(const Tensor &x, const Tensor &w) {
  int64_t m = x.shape[0], k = x.shape[1], n = w.shape[0];
  Tensor result{{m, n}, std::vector<float>(m * n)};
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < k; ++l)
        sum += double(x.data[i * k + l]) * w.data[j * k + l];
      result.data[i * n + j] = sum;
    }
  return result;
}

/// A weight of small integers as text, in any type of floats.
inline std::string denseIntegers(const Tensor &tensor) {
  std::string text = "dense<[";
  int64_t columns = tensor.shape[1];
  for (auto [i, value] : llvm::enumerate(tensor.data)) {
    bool starts = i % columns == 0, ends = (i + 1) % columns == 0;
    text += llvm::formatv("{0}{1}.0{2}", starts ? "[" : ", ", int(value),
                          !ends                         ? ""
                          : i + 1 == tensor.data.size() ? "]"
                                                        : "], ");
  }
  return text + "]>";
}

/// Rows around the register tile and the block of rows of one task.
inline constexpr int64_t rowCounts[] = {0, 1,  2,  5,  6,   7,  8,
                                        9, 13, 14, 15, 121, 128};

} // namespace moe::test

#endif // MOE_TEST_UNIT_TARGET_COMPILEDMODEL_H
