// Reshape, bind, run and results, with outputs of known and unknown size.
#include "Support.h"

#include <cmath>
#include <cstring>

using namespace moe::test;

using CallTest = FakeTest;

TEST_F(CallTest, Runs) {
  Call call = create("main");
  for (auto [b, s] : {std::pair<int64_t, int64_t>{2, 3}, {1, 1}, {3, 50}}) {
    std::vector<float> x = ramp(size_t(b * s * 4)), r = ramp(size_t(b * 4));
    bindMain(call, b, s, x, r);
    moe_tensor_type_t type = {};
    ASSERT_STATUS_OK(moeRuntimeCallOutputType(call, 0, &type));
    EXPECT_EQ(std::vector<int64_t>(type.dims, type.dims + type.rank),
              (std::vector<int64_t>{b, s, 4}));
    ASSERT_STATUS_OK(moeRuntimeCallRun(call));
    Tensor<float> y = output(call);
    EXPECT_EQ(y.dims, (std::vector<int64_t>{b, s, 4}));
    EXPECT_EQ(y.values, axpy(x, r, s));
    moe_tensor_t n = {};
    ASSERT_STATUS_OK(moeRuntimeCallOutput(call, 1, &n));
    ASSERT_EQ(n.bytes, 8u);
    EXPECT_EQ(n.type.rank, 0u);
    EXPECT_EQ(*static_cast<const int64_t *>(n.data), b * s);
  }
}

TEST_F(CallTest, RunsOnNothing) {
  Call call = create("main");
  std::vector<float> x, r = ramp(4);
  bindMain(call, 1, 0, x, r);
  ASSERT_STATUS_OK(moeRuntimeCallRun(call));
  Tensor<float> y = output(call);
  EXPECT_EQ(y.dims, (std::vector<int64_t>{1, 0, 4}));
  EXPECT_TRUE(y.values.empty());
}

TEST_F(CallTest, WritesBoundOutputs) {
  Call call = create("main");
  std::vector<float> x = ramp(24), r = ramp(8), y(24);
  bindMain(call, 2, 3, x, r);
  EXPECT_STATUS(moeRuntimeCallBindOutput(call, 0, y.data(), 95),
                MOE_STATUS_INVALID_ARGUMENT,
                "output 'y' expects room for f32[2, 3, 4] (96 bytes), but got "
                "95 bytes");
  ASSERT_STATUS_OK(moeRuntimeCallBindOutput(call, 0, y.data(), 96));
  ASSERT_STATUS_OK(moeRuntimeCallRun(call));
  EXPECT_EQ(y, axpy(x, r, 3));
  moe_tensor_t tensor = {};
  ASSERT_STATUS_OK(moeRuntimeCallOutput(call, 0, &tensor));
  EXPECT_EQ(tensor.data, y.data());
  EXPECT_EQ(tensor.bytes, 96u);
}

TEST_F(CallTest, ReportsSizesThatOnlyARunCanTell) {
  std::vector<float> x = {-1, 2, 0, 3, 4};
  Call call = createPlain("compact", x);
  moe_tensor_type_t type = {};
  ASSERT_STATUS_OK(moeRuntimeCallOutputType(call, 0, &type));
  EXPECT_EQ(type.dims[0], MOE_DIM_DYNAMIC);
  ASSERT_STATUS_OK(moeRuntimeCallRun(call));
  EXPECT_EQ(output(call).values, (std::vector<float>{2, 3, 4}));

  std::vector<float> y(2);
  ASSERT_STATUS_OK(moeRuntimeCallBindOutput(call, 0, y.data(), 8));
  EXPECT_STATUS(moeRuntimeCallRun(call), MOE_STATUS_INVALID_ARGUMENT,
                "output 'y' expects room for f32[3] (12 bytes), but is bound "
                "to 8 bytes");
  EXPECT_EQ(y, std::vector<float>(2));
  x = {-1, 2, 0, 3, -4};
  ASSERT_STATUS_OK(moeRuntimeCallRun(call));
  EXPECT_EQ(y, (std::vector<float>{2, 3}));
  x = {-1, -2, 0, -3, -4};
  ASSERT_STATUS_OK(moeRuntimeCallRun(call));
  EXPECT_EQ(output(call).dims, std::vector<int64_t>{0});
}

TEST_F(CallTest, ExplainsWrongInputs) {
  Call call = create("main");
  std::vector<int64_t> good = {2, 3, 4}, r = {2, 4};
  auto reshape = [&](moe_dtype_t dtype, std::vector<int64_t> x,
                     std::vector<int64_t> second) {
    moe_tensor_type_t types[] = {typeOf(dtype, x),
                                 typeOf(MOE_DTYPE_F32, second)};
    return moeRuntimeCallReshape(call, types, 2);
  };
  EXPECT_STATUS(moeRuntimeCallReshape(call, nullptr, 1),
                MOE_STATUS_INVALID_ARGUMENT,
                "entry 'main' expects 2 inputs (x f32[B, S, 4], r f32[B, 4]), "
                "but got 1");
  EXPECT_STATUS(moeRuntimeCallReshape(call, nullptr, 2),
                MOE_STATUS_INVALID_ARGUMENT, "NULL");
  EXPECT_STATUS(reshape(MOE_DTYPE_F64, good, r), MOE_STATUS_INVALID_ARGUMENT,
                "input 'x' expects f32[B, S, 4], but got f64[2, 3, 4]");
  EXPECT_STATUS(reshape(MOE_DTYPE_F32, {2, 3}, r), MOE_STATUS_INVALID_ARGUMENT,
                "input 'x' expects f32[B, S, 4], but got f32[2, 3]");
  EXPECT_STATUS(reshape(MOE_DTYPE_F32, {2, 3, 5}, r),
                MOE_STATUS_INVALID_ARGUMENT,
                "input 'x' expects f32[B, S, 4], but got f32[2, 3, 5]");
  EXPECT_STATUS(reshape(MOE_DTYPE_F32, {2, -3, 4}, r),
                MOE_STATUS_INVALID_ARGUMENT,
                "input 'x' expects f32[B, S, 4], but got f32[2, -3, 4]");
  EXPECT_STATUS(reshape(MOE_DTYPE_F32, good, {3, 4}),
                MOE_STATUS_INVALID_ARGUMENT,
                "input 'r' expects f32[B, 4] with B = 2 (from input 'x'), but "
                "got f32[3, 4]");
  EXPECT_STATUS(reshape(MOE_DTYPE_F32, {INT64_MAX, 2, 4}, {INT64_MAX, 4}),
                MOE_STATUS_INVALID_ARGUMENT, "input 'x' expects");
  EXPECT_STATUS(moeRuntimeCallRun(call), MOE_STATUS_INVALID_ARGUMENT,
                "no input shapes");
  EXPECT_STATUS(reshape(99, good, r), MOE_STATUS_INVALID_ARGUMENT,
                "but got ?[2, 3, 4]");

  ASSERT_STATUS_OK(reshape(MOE_DTYPE_F32, good, r));
  std::vector<float> x = ramp(25);
  EXPECT_STATUS(moeRuntimeCallBindInput(call, 0, x.data(), 95),
                MOE_STATUS_INVALID_ARGUMENT,
                "input 'x' expects 96 bytes for f32[2, 3, 4], but got 95");
  EXPECT_STATUS(moeRuntimeCallBindInput(call, 0, nullptr, 96),
                MOE_STATUS_INVALID_ARGUMENT,
                "input 'x' expects a pointer, but got NULL");
  EXPECT_STATUS(moeRuntimeCallBindInput(
                    call, 0, reinterpret_cast<char *>(x.data()) + 1, 96),
                MOE_STATUS_INVALID_ARGUMENT, "multiple of 4 bytes");
  EXPECT_STATUS(moeRuntimeCallBindInput(call, 2, x.data(), 96),
                MOE_STATUS_INVALID_ARGUMENT, "(2) to be below their number");
  EXPECT_STATUS(moeRuntimeCallBindOutput(call, 2, x.data(), 96),
                MOE_STATUS_INVALID_ARGUMENT, "(2) to be below their number");
  EXPECT_STATUS_OK(moeRuntimeCallBindInput(call, 0, x.data(), 96));
  EXPECT_STATUS(moeRuntimeCallRun(call), MOE_STATUS_INVALID_ARGUMENT,
                "input 'r' f32[B, 4] is not bound");
  moe_tensor_t tensor = {};
  EXPECT_STATUS(moeRuntimeCallOutput(call, 0, &tensor),
                MOE_STATUS_INVALID_ARGUMENT, "has no result");
}

TEST_F(CallTest, SolvesSumsOfSymbols) {
  Call call = create("concat");
  auto reshape = [&](std::vector<int64_t> past, std::vector<int64_t> x,
                     std::vector<int64_t> mask) {
    moe_tensor_type_t types[] = {typeOf(MOE_DTYPE_F32, past),
                                 typeOf(MOE_DTYPE_F32, x),
                                 typeOf(MOE_DTYPE_BOOL, mask)};
    return moeRuntimeCallReshape(call, types, 3);
  };
  ASSERT_STATUS_OK(reshape({2, 5}, {2, 1}, {2, 6}));
  moe_tensor_type_t type = {};
  ASSERT_STATUS_OK(moeRuntimeCallOutputType(call, 0, &type));
  EXPECT_EQ(type.dims[1], 6);
  EXPECT_STATUS(reshape({2, 5}, {2, 1}, {2, 7}), MOE_STATUS_INVALID_ARGUMENT,
                "input 'mask' expects bool[B, S + P] with S = 1 (from input "
                "'x'), P = 5 (from input 'past'), but got bool[2, 7]");
}

// A cache as models keep it: each run reads what the last one left.
TEST_F(CallTest, FeedsResultsBack) {
  Call call = create("concat");
  std::vector<float> expected;
  const void *past = nullptr;
  for (int64_t p = 0; p < 20; ++p) {
    std::vector<int64_t> pastDims = {1, p}, xDims = {1, 1}, all = {1, p + 1};
    moe_tensor_type_t types[] = {typeOf(MOE_DTYPE_F32, pastDims),
                                 typeOf(MOE_DTYPE_F32, xDims),
                                 typeOf(MOE_DTYPE_BOOL, all)};
    ASSERT_STATUS_OK(moeRuntimeCallReshape(call, types, 3));
    float x = float(p) * 3;
    expected.push_back(x);
    std::vector<char> mask(size_t(p) + 1, 1);
    ASSERT_STATUS_OK(moeRuntimeCallBindInput(call, 0, past, size_t(p) * 4));
    ASSERT_STATUS_OK(moeRuntimeCallBindInput(call, 1, &x, 4));
    ASSERT_STATUS_OK(
        moeRuntimeCallBindInput(call, 2, mask.data(), mask.size()));
    ASSERT_STATUS_OK(moeRuntimeCallRun(call));
    EXPECT_EQ(output(call).values, expected);
    moe_tensor_t result = {};
    ASSERT_STATUS_OK(moeRuntimeCallOutput(call, 0, &result));
    past = result.data;
  }
}

TEST_F(CallTest, SurvivesBrokenPromises) {
  std::vector<float> x = ramp(10);
  for (auto [name, part] :
       {std::pair{"wrong_shape", "expects f32[10], but got f32[11]"},
        std::pair{"foreign_memory", "its data is not memory of this run"},
        std::pair{"returns_seven", "expects to return 0, but got 7"}}) {
    Call call = createPlain(name, x);
    for (int i = 0; i < 3; ++i)
      EXPECT_STATUS(moeRuntimeCallRun(call), MOE_STATUS_INTERNAL, part);
    EXPECT_EQ(memory(call).host_allocations <= 1, true) << name;
  }
}

TEST_F(CallTest, ShowsReadsOfUnwrittenMemory) {
  moe_instance_params_t params = {};
  params.flags = MOE_INSTANCE_POISON;
  load(params);
  std::vector<float> x = ramp(10);
  Call call = createPlain("unwritten", x);
  for (int i = 0; i < 2; ++i) {
    ASSERT_STATUS_OK(moeRuntimeCallRun(call));
    for (float value : output(call).values)
      EXPECT_TRUE(std::isnan(value));
  }
}
