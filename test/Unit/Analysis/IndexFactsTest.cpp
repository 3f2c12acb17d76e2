// Facts about integer tensors of small graphs.
#include "moe/Analysis/IndexFacts.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "moe/Dialect/StableHLO/Chlo.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace moe;

namespace {

class IndexFactsTest : public testing::Test {
protected:
  IndexFactsTest() {
    context.loadDialect<func::FuncDialect, stablehlo::StableHLODialect,
                        chlo::CHLODialect, support::MoESupportDialect>();
  }

  /// The values that the body returns.
  OperandRange parse(StringRef arguments, StringRef body) {
    std::string text = ("func.func @f(" + arguments + ") {\n" + body +
                        "\n}\nfunc.func private @sort(tensor<?xi64>) -> "
                        "(tensor<?xi64>, tensor<?xi64>)\n"
                        "func.func private @scatter(tensor<?xi64>, "
                        "tensor<?x1xi64>, tensor<?xi64>) -> tensor<?xi64>\n")
                           .str();
    size_t at = text.find(") {");
    std::string results = body.substr(body.rfind(" : ") + 3).str();
    text.replace(at, 3, ") -> (" + results + ") {");
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module) << text;
    auto function = *module->getOps<func::FuncOp>().begin();
    return function.getBody().front().getTerminator()->getOperands();
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  IndexFacts facts;
};

constexpr StringLiteral kSorted = R"(
  %s:2 = stablehlo.composite "onnx.TopK" %ids {composite_attributes = {axis = 0 : i64, largest = 0 : i64, sorted = 1 : i64},
    decomposition = @sort, version = 1 : i32} : (tensor<?xi64>) -> (tensor<?xi64>, tensor<?xi64>)
)";

TEST_F(IndexFactsTest, SortedValuesStandAtThePermutation) {
  auto results =
      parse("%ids: tensor<?xi64>",
            kSorted.str() + "return %s#0, %s#1, %ids : tensor<?xi64>, "
                            "tensor<?xi64>, tensor<?xi64>");
  EXPECT_EQ(facts.sortedBy(results[1]), results[2]);
  EXPECT_FALSE(facts.sortedBy(results[0]));
  Index i = facts.symbol("i");
  Index position = facts.valueOf(results[1], {i});
  EXPECT_TRUE(facts.isNonNegative(position));
  EXPECT_EQ(facts.valueOf(results[0], {i}),
            facts.valueOf(results[2], {position}));
}

TEST_F(IndexFactsTest, AScatteredIotaInvertsThePermutation) {
  auto results = parse("%ids: tensor<?xi64>", kSorted.str() + R"(
  %n = stablehlo.get_dimension_size %ids, dim = 0 : (tensor<?xi64>) -> tensor<i32>
  %size = stablehlo.reshape %n : (tensor<i32>) -> tensor<1xi32>
  %one = stablehlo.constant dense<1> : tensor<1xi32>
  %column = stablehlo.concatenate %size, %one, dim = 0 : (tensor<1xi32>, tensor<1xi32>) -> tensor<2xi32>
  %at = stablehlo.dynamic_reshape %s#1, %column : (tensor<?xi64>, tensor<2xi32>) -> tensor<?x1xi64>
  %iota = stablehlo.dynamic_iota %size, dim = 0 : (tensor<1xi32>) -> tensor<?xi64>
  %zero = stablehlo.constant dense<0> : tensor<i64>
  %zeros = stablehlo.dynamic_broadcast_in_dim %zero, %size, dims = [] : (tensor<i64>, tensor<1xi32>) -> tensor<?xi64>
  %inv = stablehlo.composite "onnx.ScatterND" %zeros, %at, %iota {composite_attributes = {reduction = "none"},
    decomposition = @scatter, version = 1 : i32} : (tensor<?xi64>, tensor<?x1xi64>, tensor<?xi64>) -> tensor<?xi64>
  %not = stablehlo.composite "onnx.ScatterND" %zeros, %at, %s#1 {composite_attributes = {reduction = "none"},
    decomposition = @scatter, version = 1 : i32} : (tensor<?xi64>, tensor<?x1xi64>, tensor<?xi64>) -> tensor<?xi64>
  return %s#1, %inv, %not : tensor<?xi64>, tensor<?xi64>, tensor<?xi64>)");
  EXPECT_EQ(facts.inverseOf(results[1]), results[0]);
  EXPECT_FALSE(facts.inverseOf(results[2]));
  Index i = facts.symbol("i");
  Index there = facts.valueOf(results[1], {i});
  EXPECT_EQ(facts.valueOf(results[0], {there}), i);
}

TEST_F(IndexFactsTest, GuardsOfKnownSignFoldAway) {
  auto results = parse("%x: tensor<?x8xf32>", R"(
  %v, %ids = chlo.top_k(%x, k = 2) : tensor<?x8xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %eight = stablehlo.constant dense<8> : tensor<i32>
  %negative = chlo.broadcast_compare %ids, %zero {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?x2xi32>, tensor<i32>) -> tensor<?x2xi1>
  %wrapped = chlo.broadcast_add %ids, %eight : (tensor<?x2xi32>, tensor<i32>) -> tensor<?x2xi32>
  %guarded = stablehlo.select %negative, %wrapped, %ids : tensor<?x2xi1>, tensor<?x2xi32>
  return %ids, %guarded : tensor<?x2xi32>, tensor<?x2xi32>)");
  Coordinates at{facts.symbol("t"), facts.symbol("j", 2)};
  Index id = facts.valueOf(results[0], at);
  EXPECT_TRUE(facts.range(id).within(0, 7));
  EXPECT_EQ(facts.valueOf(results[1], at), id);
}

TEST_F(IndexFactsTest, BinsComputedInFloatingPointAreTabulated) {
  auto body = [](StringRef width) {
    return (R"(
  %v, %ids = chlo.top_k(%x, k = 2) : tensor<?x8xf32> -> (tensor<?x2xf32>, tensor<?x2xi32>)
  %f = stablehlo.convert %ids : (tensor<?x2xi32>) -> tensor<?x2xf32>
  %w = stablehlo.constant dense<)" +
            width + R"(> : tensor<f32>
  %q = chlo.broadcast_divide %f, %w : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %i = stablehlo.convert %q : (tensor<?x2xf32>) -> tensor<?x2xi32>
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %seven = stablehlo.constant dense<7> : tensor<i32>
  %bin = stablehlo.clamp %zero, %i, %seven : (tensor<i32>, tensor<?x2xi32>, tensor<i32>) -> tensor<?x2xi32>
  return %ids, %bin : tensor<?x2xi32>, tensor<?x2xi32>)")
        .str();
  };
  for (auto [width, isId] : {std::pair("0.875", true), std::pair("1.0", true),
                             std::pair("0.5", false)}) {
    auto results = parse("%x: tensor<?x8xf32>", body(width));
    IndexFacts fresh;
    Coordinates at{fresh.symbol("t"), fresh.symbol("j", 2)};
    EXPECT_EQ(fresh.valueOf(results[1], at) == fresh.valueOf(results[0], at),
              isId)
        << width;
  }
}

TEST_F(IndexFactsTest, DivisionThatRoundsDownIsDivision) {
  auto body = [](StringRef from) {
    return (R"(
  %i = )" + from +
            R"(
  %d = stablehlo.constant dense<3> : tensor<12xi32>
  %one = stablehlo.constant dense<1> : tensor<12xi32>
  %zero = stablehlo.constant dense<0> : tensor<12xi32>
  %q = stablehlo.divide %i, %d : tensor<12xi32>
  %r = stablehlo.remainder %i, %d : tensor<12xi32>
  %s = stablehlo.sign %i : tensor<12xi32>
  %sd = stablehlo.sign %d : tensor<12xi32>
  %signs = stablehlo.compare NE, %s, %sd : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
  %rest = stablehlo.compare NE, %r, %zero : (tensor<12xi32>, tensor<12xi32>) -> tensor<12xi1>
  %correct = stablehlo.and %signs, %rest : tensor<12xi1>
  %less = stablehlo.subtract %q, %one : tensor<12xi32>
  %floor = stablehlo.select %correct, %less, %q : tensor<12xi1>, tensor<12xi32>
  return %floor : tensor<12xi32>)")
        .str();
  };
  auto results = parse("%x: tensor<12xi32>",
                       body("stablehlo.iota dim = 0 : tensor<12xi32>"));
  Index i = facts.symbol("i", 12);
  EXPECT_EQ(facts.valueOf(results[0], {i}), facts.floorDiv(i, 3));
  // Of what may be negative, it is more than that.
  results = parse("%x: tensor<12xi32>",
                  body("stablehlo.add %x, %x : tensor<12xi32>"));
  IndexFacts fresh;
  Index j = fresh.symbol("j", 12);
  EXPECT_TRUE(fresh.valueOf(results[0], {j})->asAtom(IndexAtom::Kind::Element));
}

TEST_F(IndexFactsTest, ScattersWriteWhereTheirIndicesSay) {
  auto body = [](StringRef rows) {
    return (R"(
  %v, %ids = chlo.top_k(%x, k = 2) : tensor<4x8xf32> -> (tensor<4x2xf32>, tensor<4x2xi32>)
  %rows = )" +
            rows + R"(
  %a = stablehlo.broadcast_in_dim %rows, dims = [0] : (tensor<4xi32>) -> tensor<4x2x1xi32>
  %b = stablehlo.reshape %ids : (tensor<4x2xi32>) -> tensor<4x2x1xi32>
  %at = stablehlo.concatenate %a, %b, dim = 2 : (tensor<4x2x1xi32>, tensor<4x2x1xi32>) -> tensor<4x2x2xi32>
  %s = "stablehlo.scatter"(%x, %at, %v) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0, 1],
      scatter_dims_to_operand_dims = [0, 1], index_vector_dim = 2>}> ({
  ^bb0(%old: tensor<f32>, %new: tensor<f32>):
    stablehlo.return %new : tensor<f32>
  }) : (tensor<4x8xf32>, tensor<4x2x2xi32>, tensor<4x2xf32>) -> tensor<4x8xf32>
  return %s, %ids : tensor<4x8xf32>, tensor<4x2xi32>)")
        .str();
  };
  auto results = parse("%x: tensor<4x8xf32>",
                       body("stablehlo.iota dim = 0 : tensor<4xi32>"));
  auto written = facts.writes(results[0].getDefiningOp());
  ASSERT_TRUE(written);
  EXPECT_EQ(written->to[0], written->from[0]);
  EXPECT_EQ(written->to[1], facts.valueOf(results[1], written->from));
  // Rows 4 and up are skipped, so that nothing is said of these.
  results =
      parse("%x: tensor<4x8xf32>",
            body("stablehlo.constant dense<[0, 1, 2, 4]> : tensor<4xi32>"));
  IndexFacts fresh;
  EXPECT_FALSE(fresh.writes(results[0].getDefiningOp()));
}

TEST_F(IndexFactsTest, MasksTellWhatIsEqual) {
  auto results = parse("%ids: tensor<4xi32>", R"(
  %rows = stablehlo.broadcast_in_dim %ids, dims = [0] : (tensor<4xi32>) -> tensor<4x8xi32>
  %columns = stablehlo.iota dim = 1 : tensor<4x8xi32>
  %is = stablehlo.compare EQ, %rows, %columns : (tensor<4x8xi32>, tensor<4x8xi32>) -> tensor<4x8xi1>
  %not = stablehlo.compare NE, %rows, %columns : (tensor<4x8xi32>, tensor<4x8xi32>) -> tensor<4x8xi1>
  %hot = stablehlo.convert %is : (tensor<4x8xi1>) -> tensor<4x8xf32>
  %zero = stablehlo.constant dense<0.0> : tensor<4x8xf32>
  %again = stablehlo.compare GT, %hot, %zero : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xi1>
  return %ids, %hot, %again, %not : tensor<4xi32>, tensor<4x8xf32>, tensor<4x8xi1>, tensor<4x8xi1>)");
  Index row = facts.symbol("row", 4), column = facts.symbol("column", 8);
  for (unsigned mask : {1U, 2U}) {
    auto equal = facts.equality({results[mask], {row, column}});
    ASSERT_TRUE(equal);
    EXPECT_EQ(equal->a, facts.valueOf(results[0], {row}));
    EXPECT_EQ(equal->b, column);
  }
  EXPECT_FALSE(facts.equality({results[3], {row, column}}));
}

TEST_F(IndexFactsTest, BroadcastsOfUnknownSizesAreNotFollowed) {
  auto results = parse("%a: tensor<?xi64>, %b: tensor<?xi64>", R"(
  %sum = chlo.broadcast_add %a, %b : (tensor<?xi64>, tensor<?xi64>) -> tensor<?xi64>
  %twice = chlo.broadcast_add %a, %a : (tensor<?xi64>, tensor<?xi64>) -> tensor<?xi64>
  return %a, %sum, %twice : tensor<?xi64>, tensor<?xi64>, tensor<?xi64>)");
  Index i = facts.symbol("i");
  Index a = facts.valueOf(results[0], {i});
  EXPECT_TRUE(facts.valueOf(results[1], {i})->asAtom());
  EXPECT_EQ(facts.valueOf(results[2], {i}), facts.scale(a, 2));
}

} // namespace
