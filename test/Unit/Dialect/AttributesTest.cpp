// What the attributes of the moe dialect refuse where no text could say it:
// fields that the text leaves out.
#include "moe/Dialect/MoE/MoE.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace moe;

namespace {

class Attributes : public ::testing::Test {
protected:
  Attributes() { context.loadDialect<MoEDialect>(); }

  FloatAttr real(double value) {
    return FloatAttr::get(Float64Type::get(&context), value);
  }

  /// The error of an `Attr` of these `fields`; empty where it is legal.
  template <typename Attr, typename... Fields>
  std::string errorOf(Fields... fields) {
    std::string message;
    ScopedDiagnosticHandler handler(
        &context, [&](Diagnostic &diagnostic) { message = diagnostic.str(); });
    auto emit = [&] { return emitError(UnknownLoc::get(&context)); };
    EXPECT_EQ(succeeded(Attr::verify(emit, fields...)), message.empty());
    return message;
  }

  MLIRContext context;
};

// (score_c1)
TEST_F(Attributes, AScoreHasGroupsWithOverGroupAlone) {
  auto f32 = Float32Type::get(&context);
  EXPECT_EQ(errorOf<ScoreAttr>(ScoreFn::Softmax, ScoreOver::Experts, 4, f32,
                               f32, ScorePost::None, FloatAttr()),
            "expects groups with 'over = group' alone, but got 4");
}

// (score_c2)
TEST_F(Attributes, AScoreHasAnEpsilonWithRmsNormAlone) {
  auto f32 = Float32Type::get(&context);
  EXPECT_EQ(errorOf<ScoreAttr>(ScoreFn::Relu, ScoreOver::Experts, 1, f32, f32,
                               ScorePost::RmsNorm, FloatAttr()),
            "expects an epsilon with 'post = rmsnorm' alone");
  EXPECT_EQ(errorOf<ScoreAttr>(ScoreFn::Relu, ScoreOver::Experts, 1, f32, f32,
                               ScorePost::L2Norm, real(1.0)),
            "expects an epsilon with 'post = rmsnorm' alone");
}

// (select_c1), (select_c2), (R1)
TEST_F(Attributes, ASelectionHasTheFieldsOfItsPolicyAlone) {
  auto f32 = Float32Type::get(&context);
  auto select = [&](Policy policy, int64_t k, int64_t groups, FloatAttr value) {
    return errorOf<SelectAttr>(policy, k, groups, moe::Key::Scores, f32,
                               Fallback::None, value, Boundary::Include,
                               CountAttr(), ArrayRef<int64_t>(),
                               ArrayRef<int64_t>());
  };
  EXPECT_EQ(select(Policy::All, 2, 1, {}),
            "expects no number of selected experts with policy 'all', but got "
            "2");
  EXPECT_EQ(select(Policy::TopK, 2, 4, {}),
            "expects groups with policy 'topk_per_group' alone, but got 4");
  EXPECT_EQ(select(Policy::TopK, 2, 1, real(0.5)),
            "expects no bound with policy 'topk'");
  EXPECT_EQ(select(Policy::TopP, 0, 1, {}),
            "expects a bound with policy 'topp'");
  EXPECT_EQ(select(Policy::TopP, 0, 1, real(0.5)), "");
}

// (weight_c2)
TEST_F(Attributes, AWeightHasTheNumbersOfItsNormAlone) {
  auto f32 = Float32Type::get(&context);
  auto weight = [&](WeightNorm norm, FloatAttr value, EpsMode mode) {
    return errorOf<WeightAttr>(
        WeightSource::Scores, ArrayRef<int64_t>(), ArrayRef<int64_t>(), norm,
        value, mode, 1, NormWhen::Before, real(1.0), f32, WeightGrad::Standard);
  };
  EXPECT_EQ(weight(WeightNorm::None, real(1.0), EpsMode::Add),
            "expects a value with 'norm = sum' and 'norm = pnorm' alone");
  EXPECT_EQ(weight(WeightNorm::Sum, FloatAttr(), EpsMode::Add),
            "expects a value with 'norm = sum' and 'norm = pnorm' alone");
  EXPECT_EQ(weight(WeightNorm::None, FloatAttr(), EpsMode::Clamp),
            "expects an epsilon mode with 'norm = sum' alone");
  EXPECT_EQ(weight(WeightNorm::Sum, real(0.0), EpsMode::Clamp), "");
}

TEST_F(Attributes, ShortBuildersFillInTheDefaults) {
  auto score = ScoreAttr::get(&context, ScoreFn::Sigmoid);
  EXPECT_EQ(score.getOver(), ScoreOver::Experts);
  EXPECT_TRUE(score.getDtype().isF32());
  EXPECT_TRUE(score.isPointwise());
  EXPECT_TRUE(score.isNonNegative());
  auto weight = WeightAttr::get(&context, WeightSource::Scores, WeightNorm::Sum,
                                1e-20, 2.5);
  EXPECT_EQ(weight.getNormValueOr(7.0), 1e-20);
  EXPECT_EQ(weight.getScaleValue(), 2.5);
  EXPECT_EQ(WeightAttr::get(&context, WeightSource::One).getNormValueOr(7.0),
            7.0);
  auto select =
      SelectAttr::get(&context, Policy::TopKPerGroup, 2, 4, moe::Key::Logits);
  EXPECT_EQ(select.getSlots(/*experts=*/64), 8);
  EXPECT_EQ(SelectAttr::get(&context, Policy::All, 0, 1, moe::Key::Scores)
                .getSlots(64),
            64);
}

} // namespace
