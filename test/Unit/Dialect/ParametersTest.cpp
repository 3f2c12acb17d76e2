// Order and shapes of the parameters of bodies and classes.
#include "moe/Dialect/MoE/Parameters.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace moe;

namespace {

/// Parameters as text: "gate[96,64] shared up[96,64]".
std::string describe(ArrayRef<Parameter> parameters) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      parameters, os,
      [&](const Parameter &parameter) {
        os << (parameter.shared ? "shared " : "")
           << stringifyParameter(parameter) << "[";
        llvm::interleave(parameter.shape, os, ",");
        os << "]";
      },
      " ");
  return text;
}

BodyAttr body(MLIRContext &context, bool gated, Storage storage, bool gateBias,
              bool upBias, bool downBias) {
  return BodyAttr::get(&context, gated, Activation::Silu, {}, {}, {},
                       ClampAt::Pre, {}, {}, {}, gateBias, upBias, downBias,
                       storage);
}

struct Parameters : ::testing::Test {
  Parameters() { context.loadDialect<MoEDialect>(); }
  MLIRContext context;
};

TEST_F(Parameters, ASplitBodyHasGateUpDownEachWithItsBias) {
  BodyAttr attr = body(context, true, Storage::Split, true, true, true);
  EXPECT_EQ(describe(getParameters(attr, 64, 96, 32)),
            "gate[96,64] gate bias[96] up[96,64] up bias[96] down[32,96] down "
            "bias[32]");
  EXPECT_EQ(attr.getNumParameters(), 6u);
}

TEST_F(Parameters, AJointBodyHasGateAndUpInOneMatrix) {
  BodyAttr attr = body(context, true, Storage::Interleaved, true, true, false);
  EXPECT_EQ(describe(getParameters(attr, 64, 96, 64)),
            "first[192,64] first bias[192] down[64,96]");
  EXPECT_EQ(attr.getNumParameters(), 3u);
}

TEST_F(Parameters, AnUngatedBodyHasNoGate) {
  BodyAttr attr = body(context, false, Storage::Split, false, false, true);
  EXPECT_EQ(describe(getParameters(attr, 64, 96, 64)),
            "up[96,64] down[64,96] down bias[64]");
  EXPECT_EQ(attr.getNumParameters(), 3u);
}

TEST_F(Parameters, ADynamicWidthStaysDynamicWhereItIsDoubled) {
  BodyAttr attr =
      body(context, true, Storage::ConcatGateUp, false, false, false);
  SmallVector<Parameter> parameters =
      getParameters(attr, 64, ShapedType::kDynamic, 64);
  EXPECT_EQ(parameters.front().shape.front(), ShapedType::kDynamic);
}

TEST_F(Parameters, ClassesHaveTheParametersOfTheirKind) {
  auto get = [&](const std::string &fields) {
    auto attr = dyn_cast_or_null<ClassAttr>(
        parseAttribute("#moe.class<" + fields + ">", &context));
    if (!attr)
      return "no class: " + fields;
    SmallVector<Parameter> parameters = getParameters(attr, 64, 32);
    EXPECT_EQ(parameters.size(), attr.getNumParameters());
    return describe(parameters);
  };
  EXPECT_EQ(get("zero, 2"), "");
  EXPECT_EQ(get("copy, 2"), "");
  EXPECT_EQ(get("external, 1, callee = @f"), "");
  EXPECT_EQ(get("constant, 2"), "vector[32]");
  EXPECT_EQ(get("constant, 2, mix = softmax2"), "vector[32] mix[2,64]");
  EXPECT_EQ(get("linear, 2, bias = true"), "matrix[32,64] bias[32]");
  EXPECT_EQ(get("neuron, 2, body = <ungated, relu>"), "up[64] down[32]");
  EXPECT_EQ(get("value, 2"), "vector[32]");
  EXPECT_EQ(get("value, 2, width = 8"), "vector[8] shared projection[32,8]");
  EXPECT_EQ(
      get("film, 2, width = 8, body = <ungated, relu>"),
      "shared up[8,64] shared down[32,8] hidden scale[8] hidden shift[8]");
  EXPECT_EQ(get("scale_vec, 2, width = 8, body = <ungated, relu>, targets = "
                "[output, up]"),
            "shared up[8,64] shared down[32,8] up scale[8] output scale[32]");
  EXPECT_EQ(get("lora, 2, width = 8, body = <ungated, relu>, targets = [down], "
                "rank = 3"),
            "shared up[8,64] shared down[32,8] down left factor[32,3] down "
            "right factor[3,8]");
  EXPECT_EQ(get("nested, 2, widths = [3, 5]"), "shared matrix[32,64]");
  EXPECT_EQ(get("factored, 2, rank = 3, factors = low_rank, bias = true"),
            "matrix left factor[32,3] matrix right factor[3,64] bias[32]");
  EXPECT_EQ(get("factored, 2, rank = 3, widths = [2, 4], factors = mpo"),
            "matrix left factor[2,2,3] shared matrix core[3,4,8,3] matrix "
            "right factor[3,4,4]");
  EXPECT_EQ(get("factored, 2, rank = 3, widths = [2, 4, 1, 2], columns = "
                "[1, 2, 2, 4], factors = mpo"),
            "matrix left factor #1[2,1,3] matrix left factor #2[3,4,2,3] "
            "shared matrix core[3,2,4,3] matrix right factor #1[3,1,2,3] "
            "matrix right factor #2[3,2,4]");
  EXPECT_EQ(get("factored, 2, rank = 3, widths = [4], factors = mpo"),
            "shared matrix core[8,16,3] matrix right factor[3,4,4]");
  EXPECT_EQ(get("factored, 2, rank = 3, factors = tucker"),
            "shared matrix left factor[32,3] matrix core[3,3] shared matrix "
            "right factor[3,64]");
}

TEST_F(Parameters, ProductsInRowsStandBehindTheInput) {
  auto attr = cast<ClassAttr>(parseAttribute(
      "#moe.class<lora, 2, width = 8, body = <gated, silu>, targets = [gate], "
      "rank = 3, base = in_rows>",
      &context));
  EXPECT_EQ(describe(getParameters(attr, 64 + 16, 32)),
            "shared down[32,8] gate left factor[8,3] gate right factor[3,64]");
}

} // namespace
