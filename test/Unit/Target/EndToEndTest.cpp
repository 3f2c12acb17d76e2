// Modules compiled to libraries in this process compute what plain loops
// compute.
#include "CompiledModel.h"

#include <dlfcn.h>

using namespace moe::test;

namespace {

Tensor transposed(const Tensor &x) {
  int64_t rows = x.shape[0], columns = x.shape[1];
  Tensor result{{columns, rows}, std::vector<float>(x.data.size())};
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      result.data[j * rows + i] = x.data[i * columns + j];
  return result;
}

/// The text of a matmul of `x` with `w`, both SSA names.
std::string matmulText(const std::string &bMap, const std::string &bType,
                       int64_t k, int64_t n, const std::string &b) {
  return llvm::formatv(
             R"(
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x{0}xf32>
  %empty = tensor.empty(%rows) : tensor<?x{1}xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x{1}xf32>) -> tensor<?x{1}xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> {2}>, affine_map<(m, n, k) -> (m, n)>]
    ins(%x, {3} : tensor<?x{0}xf32>, {4}) outs(%init : tensor<?x{1}xf32>) -> tensor<?x{1}xf32>
  return %y : tensor<?x{1}xf32>
)",
             k, n, bMap, b, bType)
      .str();
}

struct MatmulCase {
  int64_t k, n;
  bool nIsLast;
  const char *cpu;
  const char *element = "f32";
};

/// How ctest shows a case: "k 33, n 65, weight NxK, host, f32".
void PrintTo(const MatmulCase &shape, std::ostream *stream) {
  *stream << "k " << shape.k << ", n " << shape.n << ", weight "
          << (shape.nIsLast ? "KxN" : "NxK") << ", " << shape.cpu << ", "
          << shape.element;
}

class MatmulOfWeight : public ::testing::TestWithParam<MatmulCase> {};

// Widths around a panel, depths around a part of K.
TEST_P(MatmulOfWeight, EqualsLoops) {
  auto [k, n, nIsLast, cpu, element] = GetParam();
  Tensor w = random({n, k}, 1);
  std::string type = nIsLast ? llvm::formatv("tensor<{0}x{1}xf32>", k, n).str()
                             : llvm::formatv("tensor<{0}x{1}xf32>", n, k).str();
  Model model(
      llvm::formatv("func.func @main(%x: tensor<?x{0}xf32>) -> "
                    "tensor<?x{1}xf32> {{\n  %w = moe_support.weight {2} : {3}",
                    k, n, dense(nIsLast ? transposed(w) : w), type)
              .str() +
          matmulText(nIsLast ? "(k, n)" : "(n, k)", type, k, n, "%w") + "}",
      cpu);
  for (int64_t m : rowCounts) {
    Tensor x = random({m, k}, m);
    std::vector<Tensor> results = model.run({x});
    ASSERT_EQ(results.size(), 1u) << model.error;
    if (m != 0)
      expectNear(results[0], matmul(x, w));
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, MatmulOfWeight,
                         ::testing::Values(MatmulCase{1, 1, false, "host"},
                                           MatmulCase{7, 64, false, "host"},
                                           MatmulCase{16, 63, true, "host"},
                                           MatmulCase{33, 65, false, "host"},
                                           MatmulCase{1025, 130, true, "host"},
                                           MatmulCase{33, 65, false,
                                                      "x86-64-v3"},
                                           MatmulCase{33, 37, true, "x86-64"}));

class MatmulOfNarrowWeight : public ::testing::TestWithParam<MatmulCase> {};

// Both sides are narrow and the sums f32: exact, because the values are small
// integers. An odd depth has no pairs.
TEST_P(MatmulOfNarrowWeight, EqualsLoops) {
  auto [k, n, nIsLast, cpu, element] = GetParam();
  Tensor w = randomIntegers({n, k}, 1, 8);
  std::string of = std::string("x") + element + ">";
  std::string type = nIsLast ? llvm::formatv("tensor<{0}x{1}", k, n).str()
                             : llvm::formatv("tensor<{0}x{1}", n, k).str();
  Model model(llvm::formatv(R"(
func.func @main(%x: tensor<?x{0}xf32>) -> tensor<?x{1}xf32> {{
  %w = moe_support.weight {2} : {3}
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x{0}xf32>
  %narrow = arith.truncf %x : tensor<?x{0}xf32> to tensor<?x{0}{4}
  %empty = tensor.empty(%rows) : tensor<?x{1}xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x{1}xf32>) -> tensor<?x{1}xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> {5}>, affine_map<(m, n, k) -> (m, n)>]
    ins(%narrow, %w : tensor<?x{0}{4}, {3}) outs(%init : tensor<?x{1}xf32>) -> tensor<?x{1}xf32>
  return %y : tensor<?x{1}xf32>
})",
                            k, n, denseIntegers(nIsLast ? transposed(w) : w),
                            type + of, of, nIsLast ? "(k, n)" : "(n, k)")
                  .str(),
              cpu);
  for (int64_t m : rowCounts) {
    Tensor x = randomIntegers({m, k}, m, 8);
    std::vector<Tensor> results = model.run({x});
    ASSERT_EQ(results.size(), 1u) << model.error;
    if (m != 0)
      EXPECT_EQ(results[0].data, matmul(x, w).data);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, MatmulOfNarrowWeight,
    ::testing::Values(MatmulCase{2, 1, false, "host", "bf16"},
                      MatmulCase{34, 65, false, "host", "bf16"},
                      MatmulCase{33, 65, false, "host", "bf16"},
                      MatmulCase{2050, 130, true, "host", "bf16"},
                      MatmulCase{34, 65, false, "x86-64-v4", "bf16"},
                      MatmulCase{34, 37, true, "x86-64-v3", "bf16"},
                      MatmulCase{34, 37, false, "x86-64", "bf16"},
                      MatmulCase{33, 65, true, "host", "f16"},
                      MatmulCase{33, 37, false, "x86-64-v3", "f16"}));

class MatmulOfInput : public ::testing::TestWithParam<bool> {};

TEST_P(MatmulOfInput, EqualsLoops) {
  bool nIsLast = GetParam();
  Model model("func.func @main(%x: tensor<?x33xf32>, %w: tensor<" +
              std::string(nIsLast ? "33x70" : "70x33") +
              "xf32>) -> tensor<?x70xf32> {" +
              matmulText(nIsLast ? "(k, n)" : "(n, k)",
                         nIsLast ? "tensor<33x70xf32>" : "tensor<70x33xf32>",
                         33, 70, "%w") +
              "}");
  Tensor w = random({70, 33}, 1);
  for (int64_t m : {1, 3, 4, 20}) {
    Tensor x = random({m, 33}, m);
    std::vector<Tensor> results = model.run({x, nIsLast ? transposed(w) : w});
    ASSERT_EQ(results.size(), 1u) << model.error;
    expectNear(results[0], matmul(x, w));
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, MatmulOfInput, ::testing::Bool(),
                         [](const ::testing::TestParamInfo<bool> &info) {
                           return info.param ? "KN" : "NK";
                         });

// No side is a weight: B is read as it lies, or made into panels on the way.
TEST_P(MatmulOfInput, EqualsLoopsInBF16) {
  bool nIsLast = GetParam();
  std::string shape = nIsLast ? "34x70" : "70x34";
  Model model(llvm::formatv(R"(
func.func @main(%x: tensor<?x34xf32>, %w: tensor<{0}xf32>) -> tensor<?x70xf32> {{
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x34xf32>
  %xn = arith.truncf %x : tensor<?x34xf32> to tensor<?x34xbf16>
  %wn = arith.truncf %w : tensor<{0}xf32> to tensor<{0}xbf16>
  %empty = tensor.empty(%rows) : tensor<?x70xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x70xf32>) -> tensor<?x70xf32>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> {1}>, affine_map<(m, n, k) -> (m, n)>]
    ins(%xn, %wn : tensor<?x34xbf16>, tensor<{0}xbf16>) outs(%init : tensor<?x70xf32>) -> tensor<?x70xf32>
  return %y : tensor<?x70xf32>
})",
                            shape, nIsLast ? "(k, n)" : "(n, k)")
                  .str());
  Tensor w = randomIntegers({70, 34}, 1, 8);
  for (int64_t m : {1, 3, 4, 20}) {
    Tensor x = randomIntegers({m, 34}, m, 8);
    std::vector<Tensor> results = model.run({x, nIsLast ? transposed(w) : w});
    ASSERT_EQ(results.size(), 1u) << model.error;
    EXPECT_EQ(results[0].data, matmul(x, w).data);
  }
}

TEST(EndToEnd, SlabOfWeightChosenAtRunTime) {
  const int64_t experts = 3, k = 20, n = 70;
  Tensor w = random({experts, n, k}, 1);
  Model model(llvm::formatv(R"(
func.func @main(%x: tensor<?x20xf32>) -> tensor<?x70xf32> {{
  %w = moe_support.weight {0} : tensor<3x70x20xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x20xf32>
  %empty = tensor.empty(%rows) : tensor<?x70xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x70xf32>) -> tensor<?x70xf32>
  %y = scf.for %e = %c0 to %c3 step %c1 iter_args(%sum = %init) -> tensor<?x70xf32> {{
    %slab = tensor.extract_slice %w[%e, 0, 0] [1, 70, 20] [1, 1, 1] : tensor<3x70x20xf32> to tensor<70x20xf32>
    %next = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %slab : tensor<?x20xf32>, tensor<70x20xf32>) outs(%sum : tensor<?x70xf32>) -> tensor<?x70xf32>
    scf.yield %next : tensor<?x70xf32>
  }
  return %y : tensor<?x70xf32>
})",
                            dense(w))
                  .str());
  Tensor x = random({5, k}, 2);
  Tensor expected{{5, n}, std::vector<float>(5 * n)};
  for (int64_t e = 0; e < experts; ++e) {
    Tensor slab{{n, k},
                {w.data.begin() + e * n * k, w.data.begin() + (e + 1) * n * k}};
    Tensor part = matmul(x, slab);
    for (auto [sum, value] : llvm::zip(expected.data, part.data))
      sum += value;
  }
  std::vector<Tensor> results = model.run({x});
  ASSERT_EQ(results.size(), 1u) << model.error;
  expectNear(results[0], expected);
}

TEST(EndToEnd, OutputsAreNeverInputsWeightsOrEachOther) {
  Model model(R"(
func.func @main(%x: tensor<?x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %w = moe_support.weight dense<[3.0, 4.0]> : tensor<2xf32>
  return %x, %x, %w, %w : tensor<?x2xf32>, tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>
})");
  // The runtime itself refuses results that alias.
  Tensor x = random({3, 2}, 1);
  std::vector<Tensor> results = model.run({x});
  ASSERT_EQ(results.size(), 4u) << model.error;
  EXPECT_EQ(results[0].data, x.data);
  EXPECT_EQ(results[1].data, x.data);
  EXPECT_EQ(results[2].data, (std::vector<float>{3, 4}));
  EXPECT_EQ(results[3].data, (std::vector<float>{3, 4}));
}

TEST(EndToEnd, SoftmaxOverDynamicRows) {
  Model model(R"(
#all = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
func.func @main(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %m = tensor.dim %x, %c0 : tensor<?x?xf32>
  %n = tensor.dim %x, %c1 : tensor<?x?xf32>
  %zero = arith.constant 0.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %row = tensor.empty(%m) : tensor<?xf32>
  %all = tensor.empty(%m, %n) : tensor<?x?xf32>
  %max0 = linalg.fill ins(%least : f32) outs(%row : tensor<?xf32>) -> tensor<?xf32>
  %max = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x?xf32>) outs(%max0 : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.maximumf %a, %o : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  %exp = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %max : tensor<?x?xf32>, tensor<?xf32>) outs(%all : tensor<?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %d = arith.subf %a, %b : f32
    %r = math.exp %d : f32
    linalg.yield %r : f32
  } -> tensor<?x?xf32>
  %sum0 = linalg.fill ins(%zero : f32) outs(%row : tensor<?xf32>) -> tensor<?xf32>
  %sum = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%exp : tensor<?x?xf32>) outs(%sum0 : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %a, %o : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  %y = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]} ins(%exp, %sum : tensor<?x?xf32>, tensor<?xf32>) outs(%all : tensor<?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.divf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
})");
  for (auto [m, n] : {std::pair<int64_t, int64_t>{1, 1}, {3, 17}, {200, 513}}) {
    Tensor x = random({m, n}, m);
    Tensor expected = x;
    for (int64_t i = 0; i < m; ++i) {
      double sum = 0;
      for (int64_t j = 0; j < n; ++j)
        sum += std::exp(double(x.data[i * n + j]));
      for (int64_t j = 0; j < n; ++j)
        expected.data[i * n + j] = std::exp(double(x.data[i * n + j])) / sum;
    }
    std::vector<Tensor> results = model.run({x});
    ASSERT_EQ(results.size(), 1u) << model.error;
    expectNear(results[0], expected, 1e-6);
  }
}

TEST(EndToEnd, FunctionsAreAccurate) {
  struct Function {
    const char *name;
    double (*exact)(double);
    float low, high;
  };
  const Function functions[] = {
      {"exp", std::exp, -90, 88},
      {"tanh", std::tanh, -12, 12},
      {"erf", std::erf, -6, 6},
      {"log", std::log, 1e-30f, 100},
      {"log1p", std::log1p, -0.9f, 9},
      {"expm1", std::expm1, -20, 20},
      {"sin", std::sin, -1e5f, 1e5f},
      {"cos", std::cos, -1e5f, 1e5f},
      {"rsqrt", [](double x) { return 1 / std::sqrt(x); }, 1e-20f, 1e5f}};
  for (const Function &function : functions) {
    Model model(llvm::formatv(R"(
#id = affine_map<(i) -> (i)>
func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {{
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = linalg.generic {{indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) {{
  ^bb0(%a: f32, %o: f32):
    %r = math.{0} %a : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  return %y : tensor<?xf32>
})",
                              function.name)
                    .str());
    const int64_t count = 20001;
    Tensor x{{count}, std::vector<float>(count)};
    for (int64_t i = 0; i < count; ++i)
      x.data[i] = function.low +
                  (double(function.high) - function.low) * i / (count - 1);
    std::vector<Tensor> results = model.run({x});
    ASSERT_EQ(results.size(), 1u) << model.error;
    double worst = 0;
    float at = 0;
    for (auto [argument, value] : llvm::zip(x.data, results[0].data)) {
      double exact = function.exact(argument);
      double error = std::abs(value - exact) / std::max(std::abs(exact), 1e-30);
      if (error > worst || std::isnan(value)) {
        worst = std::isnan(value) ? 1e9 : error;
        at = argument;
      }
    }
    EXPECT_LE(worst, 1e-6) << function.name << " at " << at;
  }
}

TEST(EndToEnd, AssertionFailsTheRun) {
  Model model(R"(
func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %ok = arith.cmpi ule, %n, %c4 : index
  cf.assert %ok, "expects at most 4 elements"
  return %x : tensor<?xf32>
})");
  EXPECT_EQ(model.run({random({4}, 1)}).size(), 1u);
  EXPECT_EQ(model.run({random({5}, 1)}).size(), 0u);
  EXPECT_NE(model.error.find("expects at most 4 elements"), std::string::npos);
}

TEST(EndToEnd, RequirementShowsItsValues) {
  Model model(R"(
func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %ok = arith.cmpi ule, %n, %c4 : index
  %rest = arith.subi %c4, %n : index
  moe_support.require %ok, "node 'a%d': requires {0} elements to leave room, but {2} (100%) of {1}"(%n, %c4, %rest) : index, index, index
  return %x : tensor<?xf32>
})");
  EXPECT_EQ(model.run({random({4}, 1)}).size(), 1u);
  EXPECT_EQ(model.run({random({7}, 1)}).size(), 0u);
  EXPECT_NE(model.error.find("node 'a%d': requires 7 elements to leave room, "
                             "but -3 (100%) of 4"),
            std::string::npos)
      << model.error;
}

TEST(EndToEnd, ElementwiseOnTensors) {
  Model model(R"(
func.func @main(%x: tensor<?x3xf32>, %y: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %sum = arith.addf %x, %y : tensor<?x3xf32>
  %less = arith.cmpf olt, %x, %y : tensor<?x3xf32>
  %negated = math.absf %sum : tensor<?x3xf32>
  %z = arith.select %less, %sum, %negated : tensor<?x3xi1>, tensor<?x3xf32>
  return %z : tensor<?x3xf32>
})");
  Tensor x = random({5, 3}, 1), y = random({5, 3}, 2);
  std::vector<Tensor> results = model.run({x, y});
  ASSERT_EQ(results.size(), 1u) << model.error;
  for (auto [a, b, z] : llvm::zip_equal(x.data, y.data, results[0].data))
    EXPECT_EQ(z, a < b ? a + b : std::abs(a + b));
}

// Both tensors begin as the same uninitialised one once equal values are
// merged; what the loop writes into one must not show in the other.
TEST(EndToEnd, LoopCarriedTensorsStayApart) {
  Model model(R"(
func.func @main(%x: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %first = tensor.empty(%n) : tensor<?xf32>
  %second = tensor.empty(%n) : tensor<?xf32>
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %first, %b = %second) -> (tensor<?xf32>, tensor<?xf32>) {
    %v = tensor.extract %x[%i] : tensor<?xf32>
    %inside = arith.cmpi sgt, %i, %c0 : index
    %before:2 = scf.if %inside -> (f32, f32) {
      %j = arith.subi %i, %c1 : index
      %p = tensor.extract %a[%j] : tensor<?xf32>
      %q = tensor.extract %b[%j] : tensor<?xf32>
      scf.yield %p, %q : f32, f32
    } else {
      scf.yield %zero, %zero : f32, f32
    }
    %s = arith.addf %before#0, %v : f32
    %t = arith.subf %before#1, %v : f32
    %a1 = tensor.insert %s into %a[%i] : tensor<?xf32>
    %b1 = tensor.insert %t into %b[%i] : tensor<?xf32>
    scf.yield %a1, %b1 : tensor<?xf32>, tensor<?xf32>
  }
  return %r#0, %r#1 : tensor<?xf32>, tensor<?xf32>
})");
  Tensor x = random({9}, 1);
  std::vector<Tensor> results = model.run({x});
  ASSERT_EQ(results.size(), 2u) << model.error;
  float sum = 0;
  for (auto [v, a, b] :
       llvm::zip_equal(x.data, results[0].data, results[1].data)) {
    sum += v;
    EXPECT_EQ(a, sum);
    EXPECT_EQ(b, -sum);
  }
}

// The fields that are the same in every major can be read by a runtime of
// another one, and the module does not take its environment.
TEST(EndToEnd, DescribesItselfToRuntimesOfOtherMajors) {
  Model model("func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {"
              "  return %x : tensor<?xf32> }");
  void *library = dlopen(model.library().c_str(), RTLD_NOW | RTLD_NOLOAD);
  ASSERT_NE(library, nullptr) << dlerror();
  auto query =
      reinterpret_cast<moe_module_query_fn>(dlsym(library, MOE_QUERY_SYMBOL));
  ASSERT_NE(query, nullptr);
  moe_environment_v1 other = {};
  other.abi_major = MOE_ABI_MAJOR + 1;
  const moe_module_v1 *description = query(&other);
  ASSERT_NE(description, nullptr);
  EXPECT_EQ(description->magic, MOE_ABI_MAGIC);
  EXPECT_EQ(description->abi_major, MOE_ABI_MAJOR);
  EXPECT_EQ(description->abi_minor, MOE_ABI_MINOR);
  EXPECT_EQ(llvm::StringRef(description->producer).take_front(5), "moec ");
  // Had it kept `other`, it would get memory for the result from there.
  EXPECT_EQ(model.run({random({4}, 1)}).size(), 1u);
  dlclose(library);
}

} // namespace
