// Order and shapes of the parameters of bodies and classes.
#include "moe/Dialect/MoE/Parameters.h"

#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace moe;

namespace {

/// Parameters as text: "gate[96,64] up[96,64]".
std::string describe(ArrayRef<Parameter> parameters) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      parameters, os,
      [&](const Parameter &parameter) {
        os << stringifyParameterRole(parameter.role) << "[";
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
  auto get = [&](ClassKind kind, ConstantMix mix) {
    auto attr = ClassAttr::get(&context, kind, 2, 0, BodyAttr(), mix,
                               ClassActivation::Routed, ClassTargets::None, 0,
                               FloatAttr(), {}, Factorisation::None,
                               FactorEvaluation::ApplyFactored, ClassBase::Own,
                               false, FlatSymbolRefAttr());
    SmallVector<Parameter> parameters = getParameters(attr, 64, 32);
    EXPECT_EQ(parameters.size(), attr.getNumParameters());
    return describe(parameters);
  };
  EXPECT_EQ(get(ClassKind::Zero, ConstantMix::None), "");
  EXPECT_EQ(get(ClassKind::Copy, ConstantMix::None), "");
  EXPECT_EQ(get(ClassKind::Constant, ConstantMix::None), "vector[32]");
  EXPECT_EQ(get(ClassKind::Constant, ConstantMix::Softmax2),
            "vector[32] mix[2,64]");
}

} // namespace
