// What the runtime's tests share: the fake artefacts and handles that release
// themselves.
#ifndef MOE_TEST_UNIT_RUNTIME_SUPPORT_H
#define MOE_TEST_UNIT_RUNTIME_SUPPORT_H

#include "moe-rt/runtime.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace moe::test {

/// A status with its code and message taken out.
struct Result {
  explicit Result(moe_status_t status)
      : code(moeRuntimeStatusCode(status)),
        message(moeRuntimeStatusMessage(status)) {
    moeRuntimeStatusRelease(status);
  }
  moe_status_code_t code;
  std::string message;
};

#define EXPECT_STATUS_OK(call)                                                 \
  do {                                                                         \
    ::moe::test::Result outcome(call);                                         \
    EXPECT_EQ(outcome.code, MOE_STATUS_OK) << outcome.message;                 \
  } while (0)
#define ASSERT_STATUS_OK(call)                                                 \
  do {                                                                         \
    ::moe::test::Result outcome(call);                                         \
    ASSERT_EQ(outcome.code, MOE_STATUS_OK) << outcome.message;                 \
  } while (0)
/// Expects an error with this code whose message contains `part`.
#define EXPECT_STATUS(call, expectedCode, part)                                \
  do {                                                                         \
    ::moe::test::Result outcome(call);                                         \
    EXPECT_EQ(outcome.code, expectedCode) << outcome.message;                  \
    EXPECT_NE(outcome.message.find(part), std::string::npos)                   \
        << outcome.message;                                                    \
  } while (0)

template <typename T, void (*release)(T)>
class Handle {
public:
  Handle() = default;
  Handle(Handle &&other) noexcept
      : value(std::exchange(other.value, nullptr)) {}
  ~Handle() { release(value); }
  T *out() { return &value; }
  operator T() const { return value; }
  void reset() { release(std::exchange(value, nullptr)); }

private:
  T value = nullptr;
};
using Instance = Handle<moe_instance_t, moeRuntimeInstanceRelease>;
using Module = Handle<moe_module_t, moeRuntimeModuleRelease>;
using Call = Handle<moe_call_t, moeRuntimeCallRelease>;

/// The path of a fake artefact.
inline std::string fakePath(const std::string &name) {
  return std::string(MOE_FAKE_DIR) + "/" + name;
}

/// A tensor of a test.
template <typename T>
struct Tensor {
  std::vector<int64_t> dims;
  std::vector<T> values;
};

inline moe_tensor_type_t typeOf(moe_dtype_t dtype,
                                const std::vector<int64_t> &dims) {
  return {dtype, static_cast<uint32_t>(dims.size()), dims.data()};
}

/// 0, 1/2, 1, ...
inline std::vector<float> ramp(size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = 0.5f * static_cast<float>(i);
  return values;
}

/// The weights that make-weights.cpp writes.
inline constexpr float kWeights[] = {2, 3, -1, 0.5f};

/// What entry 'main' of the fake computes.
inline std::vector<float> axpy(const std::vector<float> &x,
                               const std::vector<float> &r, int64_t s) {
  std::vector<float> y(x.size());
  for (size_t i = 0; i < x.size(); ++i)
    y[i] = x[i] * kWeights[i % 4] +
           r[i / (static_cast<size_t>(s) * 4) * 4 + i % 4];
  return y;
}

/// A module with its instance, and calls of its entries.
class FakeTest : public ::testing::Test {
protected:
  void SetUp() override { load({}); }

  void load(moe_instance_params_t params) {
    params.struct_size = sizeof(params);
    module.reset();
    instance.reset();
    ASSERT_STATUS_OK(moeRuntimeInstanceCreate(&params, instance.out()));
    ASSERT_STATUS_OK(moeRuntimeModuleLoad(instance, fakePath("fake.so").c_str(),
                                          nullptr, module.out()));
  }

  moe_entry_t entry(const char *name) {
    moe_entry_t result = nullptr;
    EXPECT_STATUS_OK(moeRuntimeModuleFindEntry(module, name, &result));
    return result;
  }

  Call create(const char *name) {
    Call call;
    EXPECT_STATUS_OK(moeRuntimeCallCreate(entry(name), call.out()));
    return call;
  }

  /// A call of an entry with one input x: f32[N], bound to `x`.
  Call createPlain(const char *name, const std::vector<float> &x) {
    Call call = create(name);
    std::vector<int64_t> dims = {static_cast<int64_t>(x.size())};
    moe_tensor_type_t type = typeOf(MOE_DTYPE_F32, dims);
    EXPECT_STATUS_OK(moeRuntimeCallReshape(call, &type, 1));
    EXPECT_STATUS_OK(
        moeRuntimeCallBindInput(call, 0, x.data(), x.size() * sizeof(float)));
    return call;
  }

  /// Binds x: f32[b, s, 4] and r: f32[b, 4] of entry 'main'.
  void bindMain(moe_call_t call, int64_t b, int64_t s,
                const std::vector<float> &x, const std::vector<float> &r) {
    std::vector<int64_t> xDims = {b, s, 4}, rDims = {b, 4};
    moe_tensor_type_t types[] = {typeOf(MOE_DTYPE_F32, xDims),
                                 typeOf(MOE_DTYPE_F32, rDims)};
    ASSERT_STATUS_OK(moeRuntimeCallReshape(call, types, 2));
    ASSERT_STATUS_OK(
        moeRuntimeCallBindInput(call, 0, x.data(), x.size() * sizeof(float)));
    ASSERT_STATUS_OK(
        moeRuntimeCallBindInput(call, 1, r.data(), r.size() * sizeof(float)));
  }

  static Tensor<float> output(moe_call_t call, uint32_t index = 0) {
    moe_tensor_t tensor = {};
    EXPECT_STATUS_OK(moeRuntimeCallOutput(call, index, &tensor));
    const auto *data = static_cast<const float *>(tensor.data);
    return {{tensor.type.dims, tensor.type.dims + tensor.type.rank},
            {data, data + tensor.bytes / sizeof(float)}};
  }

  static moe_memory_stats_t memory(moe_call_t call) {
    moe_memory_stats_t stats = {};
    stats.struct_size = sizeof(stats);
    EXPECT_STATUS_OK(moeRuntimeCallMemory(call, &stats));
    return stats;
  }

  Instance instance;
  Module module;
};

} // namespace moe::test

#endif // MOE_TEST_UNIT_RUNTIME_SUPPORT_H
