// Products with weights stored as codes equal those with the weights that the
// codes mean.
#include "CompiledModel.h"

using namespace moe::test;

namespace {

/// `Far` is no code: differences from it have more bits than codes.
enum class Zero { None, Constant, Far, Tensor };

constexpr float farZero = 1001.0f;

struct QuantizedCase {
  int64_t k, n;
  unsigned bits;
  bool isSigned;
  int64_t group; ///< 0 for one scale per row
  Zero zero;
  const char *activation = "f32";
  const char *scale = "f32";
  const char *cpu = "host";
  /// Scales are spread by reshapes and a broadcast, as an importer does it.
  bool spreads = false;
};

/// How ctest shows a case: "k 96, n 100, u4, group 64, zeros, bf16, host".
void PrintTo(const QuantizedCase &shape, std::ostream *stream) {
  *stream << "k " << shape.k << ", n " << shape.n << ", "
          << (shape.isSigned ? "i" : "u") << shape.bits << ", group "
          << shape.group
          << (shape.zero == Zero::Tensor     ? ", zeros, "
              : shape.zero == Zero::Constant ? ", zero, "
              : shape.zero == Zero::Far      ? ", far zero, "
                                             : ", ")
          << shape.activation << ", scales " << shape.scale << ", " << shape.cpu
          << (shape.spreads ? ", spread" : "");
}

/// Codes in the range of the type.
Tensor randomCodes(const QuantizedCase &shape, std::vector<int64_t> sizes,
                   unsigned seed) {
  Tensor codes = random(std::move(sizes), seed);
  auto half = static_cast<float>(1 << (shape.bits - 1));
  for (float &value : codes.data)
    value = std::floor(value * half) + (shape.isSigned ? 0 : half);
  return codes;
}

/// A tensor of integers as text.
std::string denseCodes(const Tensor &tensor) {
  std::string text = denseIntegers(tensor);
  for (size_t at; (at = text.find(".0")) != std::string::npos;)
    text.erase(at, 2);
  return text;
}

class QuantizedMatmul : public ::testing::TestWithParam<QuantizedCase> {
protected:
  /// The module: x [?, K] in f32, rounded to the activations' type.
  std::string text(const Tensor &codes, const Tensor &scales,
                   const Tensor &zeros) const;
};

std::string QuantizedMatmul::text(const Tensor &codes, const Tensor &scales,
                                  const Tensor &zeros) const {
  const QuantizedCase &shape = GetParam();
  int64_t k = shape.k, n = shape.n, groups = scales.shape[1];
  std::string code = "i" + std::to_string(shape.bits);
  std::string activation = shape.activation, scale = shape.scale;
  bool perRow = shape.group == 0;
  std::string group =
      perRow ? "0" : "k floordiv " + std::to_string(shape.group);
  std::string result = llvm::formatv(
      R"(
func.func @main(%wide: tensor<?x{0}xf32>) -> tensor<?x{1}xf32> {{
  %c0 = arith.constant 0 : index
  %none = arith.constant 0.0 : f32
  %three = arith.constant 3.0 : f32
  %q = moe_support.weight {2} : tensor<{1}x{0}x{3}>
  %s = moe_support.weight {4} : tensor<{1}x{5}x{6}>
  %z = moe_support.weight {7} : tensor<{1}x{5}x{3}>
)",
      k, n, denseCodes(codes), code, denseIntegers(scales), groups, scale,
      denseCodes(zeros));
  std::string scaleMap = "(n, k) -> (n, " + group + ")";
  std::string scaleType =
      llvm::formatv("tensor<{0}x{1}x{2}>", n, groups, scale);
  std::string scaleName = "%s";
  if (shape.spreads) {
    scaleType = llvm::formatv("tensor<{0}x{1}x{2}>", n, k, scale);
    scaleMap = "(n, k) -> (n, k)";
    scaleName = "%spread";
    result += llvm::formatv(
        R"(
  %e3 = tensor.empty() : tensor<{0}x{1}x{2}x{3}>
  %b = linalg.generic {{indexing_maps = [affine_map<(n, g, i) -> (n, g)>, affine_map<(n, g, i) -> (n, g, i)>], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%s : tensor<{0}x{1}x{3}>) outs(%e3 : tensor<{0}x{1}x{2}x{3}>) {{
  ^bb0(%t: {3}, %o: {3}):
    linalg.yield %t : {3}
  } -> tensor<{0}x{1}x{2}x{3}>
  %spread = tensor.collapse_shape %b [[0], [1, 2]] : tensor<{0}x{1}x{2}x{3}> into tensor<{0}x{4}x{3}>
)",
        n, groups, shape.group, scale, k);
  }
  const char *convert = shape.isSigned ? "arith.sitofp" : "arith.uitofp";
  std::string body =
      llvm::formatv("    %u = {0} %c : {1} to f32\n", convert, code);
  std::string number = "%u";
  if (shape.zero != Zero::None) {
    std::string zero = "%three";
    if (shape.zero == Zero::Tensor) {
      body += llvm::formatv("    %zf = {0} %zc : {1} to f32\n", convert, code);
      zero = "%zf";
    }
    if (shape.zero == Zero::Far) {
      body +=
          llvm::formatv("    %far = arith.constant {0:f1} : f32\n", farZero);
      zero = "%far";
    }
    body += llvm::formatv("    %d = arith.subf %u, {0} : f32\n", zero);
    number = "%d";
  }
  std::string factor = "%t";
  if (scale != "f32") {
    body += llvm::formatv("    %tw = arith.extf %t : {0} to f32\n", scale);
    factor = "%tw";
  }
  result += llvm::formatv(
      R"(
  %e = tensor.empty() : tensor<{1}x{0}xf32>
  %w = linalg.generic {{indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<{2}>, affine_map<(n, k) -> (n, {3})>, affine_map<(n, k) -> (n, k)>], iterator_types = ["parallel", "parallel"]}
    ins(%q, {4}, %z : tensor<{1}x{0}x{5}>, {6}, tensor<{1}x{7}x{5}>) outs(%e : tensor<{1}x{0}xf32>) {{
  ^bb0(%c: {5}, %t: {8}, %zc: {5}, %o: f32):
{9}    %r = arith.mulf {10}, {11} : f32
    linalg.yield %r : f32
  } -> tensor<{1}x{0}xf32>
)",
      k, n, scaleMap, group, scaleName, code, scaleType, groups, scale, body,
      number, factor);
  std::string x = "%wide";
  if (activation != "f32") {
    x = "%x";
    result += llvm::formatv(
        "  %x = arith.truncf %wide : tensor<?x{0}xf32> to tensor<?x{0}x{1}>\n",
        k, activation);
  }
  return result + llvm::formatv(
                      R"(
  %rows = tensor.dim %wide, %c0 : tensor<?x{0}xf32>
  %empty = tensor.empty(%rows) : tensor<?x{1}xf32>
  %init = linalg.fill ins(%none : f32) outs(%empty : tensor<?x{1}xf32>) -> tensor<?x{1}xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
    ins({2}, %w : tensor<?x{0}x{3}>, tensor<{1}x{0}xf32>) outs(%init : tensor<?x{1}xf32>) -> tensor<?x{1}xf32>
  return %y : tensor<?x{1}xf32>
})",
                      k, n, x, activation)
                      .str();
}

// Tokens, codes and scales are small integers, so that all sums are exact.
TEST_P(QuantizedMatmul, EqualsLoops) {
  const QuantizedCase &shape = GetParam();
  int64_t group = shape.group == 0 ? shape.k : shape.group;
  int64_t groups = (shape.k + group - 1) / group;
  Tensor codes = randomCodes(shape, {shape.n, shape.k}, 1);
  Tensor zeros = randomCodes(shape, {shape.n, groups}, 2);
  Tensor scales = randomIntegers({shape.n, groups}, 3, 4);
  for (float &scale : scales.data)
    scale += 4;
  Model model(text(codes, scales, zeros), shape.cpu);

  Tensor weights = codes;
  for (int64_t i = 0; i < shape.n * shape.k; ++i) {
    int64_t place = i / shape.k * groups + i % shape.k / group;
    float zero = shape.zero == Zero::Tensor     ? zeros.data[place]
                 : shape.zero == Zero::Constant ? 3.0f
                 : shape.zero == Zero::Far      ? farZero
                                                : 0.0f;
    weights.data[i] = (codes.data[i] - zero) * scales.data[place];
  }
  for (int64_t m : rowCounts) {
    Tensor x = randomIntegers({m, shape.k}, m, 4);
    std::vector<Tensor> results = model.run({x});
    ASSERT_EQ(results.size(), 1u) << model.error;
    if (m != 0)
      EXPECT_EQ(results[0].data, matmul(x, weights).data);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Bytes, QuantizedMatmul,
    ::testing::Values(
        QuantizedCase{96, 100, 8, true, 32, Zero::None},
        QuantizedCase{33, 65, 8, true, 0, Zero::None},
        QuantizedCase{96, 100, 8, false, 64, Zero::Tensor},
        QuantizedCase{96, 100, 8, false, 32, Zero::Constant, "bf16", "bf16"},
        QuantizedCase{96, 100, 8, true, 64, Zero::Tensor, "bf16", "f16"},
        QuantizedCase{96, 65, 8, true, 32, Zero::None, "bf16", "bf16", "host",
                      true},
        QuantizedCase{33, 65, 8, true, 11, Zero::None, "bf16"},
        QuantizedCase{96, 37, 8, true, 32, Zero::Far, "bf16", "bf16"},
        QuantizedCase{96, 37, 8, false, 32, Zero::Tensor, "bf16", "bf16",
                      "x86-64-v3"},
        QuantizedCase{96, 37, 8, true, 32, Zero::None, "f32", "f32",
                      "x86-64"}));

INSTANTIATE_TEST_SUITE_P(
    Nibbles, QuantizedMatmul,
    ::testing::Values(
        QuantizedCase{96, 100, 4, false, 32, Zero::Constant},
        QuantizedCase{34, 65, 4, true, 0, Zero::None},
        QuantizedCase{96, 100, 4, false, 64, Zero::Tensor},
        QuantizedCase{96, 100, 4, true, 32, Zero::Tensor, "f32", "f16", "host",
                      true},
        QuantizedCase{96, 100, 4, false, 32, Zero::Constant, "bf16", "bf16"},
        QuantizedCase{96, 65, 4, true, 64, Zero::None, "bf16", "bf16"},
        QuantizedCase{160, 100, 4, false, 32, Zero::Tensor, "bf16", "f16"},
        QuantizedCase{96, 100, 4, true, 32, Zero::Tensor, "bf16", "f32"},
        QuantizedCase{96, 37, 4, false, 32, Zero::Tensor, "bf16", "bf16",
                      "x86-64-v3"},
        QuantizedCase{96, 37, 4, true, 32, Zero::None, "f32", "f32",
                      "x86-64-v4"},
        QuantizedCase{96, 37, 4, true, 32, Zero::Tensor, "f32", "f32",
                      "x86-64"},
        QuantizedCase{96, 37, 4, false, 32, Zero::Far, "bf16", "bf16"},
        // An odd depth has no panels of nibbles.
        QuantizedCase{33, 20, 4, true, 11, Zero::None}));

INSTANTIATE_TEST_SUITE_P(
    HalfNibbles, QuantizedMatmul,
    ::testing::Values(
        QuantizedCase{96, 100, 2, false, 32, Zero::Constant},
        QuantizedCase{36, 65, 2, true, 0, Zero::None},
        QuantizedCase{160, 100, 2, false, 16, Zero::Tensor},
        QuantizedCase{96, 100, 2, true, 32, Zero::Tensor, "f32", "f16", "host",
                      true},
        QuantizedCase{96, 65, 2, true, 32, Zero::None, "bf16", "bf16"},
        QuantizedCase{160, 100, 2, false, 16, Zero::Tensor, "bf16", "f16"},
        QuantizedCase{160, 37, 2, false, 16, Zero::Tensor, "bf16", "bf16",
                      "x86-64-v3"},
        QuantizedCase{96, 37, 2, true, 32, Zero::Tensor, "f32", "f32",
                      "x86-64"},
        // A depth that four does not divide has no panels of these.
        QuantizedCase{34, 20, 2, false, 0, Zero::Constant}));

} // namespace
