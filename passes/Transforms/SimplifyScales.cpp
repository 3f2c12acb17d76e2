// moe-simplify-routing: the factors of weights go into the experts (rules C6
// and C7).
#include "SimplifyRouting.h"
#include "StoredWeights.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

/// Why the weights of a layer keep their factors; empty where they need not.
static StringRef whyScalesStay(RoutedLayer layer) {
  if (layer.combine.getApply() == Apply::Input)
    return "weights multiply the input";
  if (layer.combine.getResidual() == Residual::Complement)
    return "the residual's share is what the weights leave";
  CapacityAttr capacity = layer.route.getCapacityAttr();
  if (!capacity)
    return {};
  if (capacity.getKind() != CapacityKind::Limit)
    return "rounded counts make weights of their own";
  if (capacity.getPriority() == Priority::WeightDesc)
    return "entries claim places by their weights";
  if (capacity.getOverflow() == Overflow::Identity)
    return "dropped entries pass their units on by their weights";
  return {};
}

/// True for the parameters that the output of a class is linear in together.
static bool scalesOutput(ParameterRole role) {
  return role == ParameterRole::Down || role == ParameterRole::DownBias ||
         role == ParameterRole::Vector || role == ParameterRole::Matrix ||
         role == ParameterRole::MatrixBias;
}

/// Why no parameter can take a factor of the output of `entry`; empty where
/// some can, or the output is 0.
static StringRef whyClassStays(ClassAttr entry) {
  switch (entry.getKind()) {
  case ClassKind::Ffn:
  case ClassKind::Zero:
  case ClassKind::Linear:
  case ClassKind::Neuron:
  case ClassKind::Value:
    return {};
  case ClassKind::ScaleVec:
  case ClassKind::Film:
  case ClassKind::Lora:
  case ClassKind::Nested:
  case ClassKind::Factored:
    return "experts share parameters or are made of factors";
  case ClassKind::External:
    return "some experts are functions";
  case ClassKind::Constant:
    if (entry.getMix() == ConstantMix::None)
      return {};
    [[fallthrough]];
  case ClassKind::Copy:
    return "some experts pass their input on";
  }
  llvm_unreachable("every class is listed");
}

/// The tensors that a matrix stored by `quant` is linear in, all together; for
/// one that is not stored (null) itself. Empty where they are no numbers of
/// their own but fields of blocks, or divide.
static SmallVector<unsigned> getLinearParts(QuantAttr quant) {
  if (!quant)
    return {0};
  switch (quant.getFormat()) {
  case QuantFormat::Float:
  case QuantFormat::NOfM:
    return {0};
  case QuantFormat::I8Chan:
  case QuantFormat::I8Group:
  case QuantFormat::USym:
  case QuantFormat::UAffine:
  case QuantFormat::Hqq:
  case QuantFormat::Fp8Block:
  case QuantFormat::GgufNvfp4:
  case QuantFormat::Ternary:
  case QuantFormat::Bitmask:
    return {1};
  case QuantFormat::USb:
    return {1, 2};
  case QuantFormat::Gptq4:
  case QuantFormat::Awq4:
    return {2};
  case QuantFormat::QMoE:
    return {2, 3};
  case QuantFormat::Nvfp4:
    if (quant.getGlobal() == GlobalScale::Multiply)
      return {2};
    return {};
  case QuantFormat::Nested:
    // Widths below all bits may have scales of their own.
    if (quant.getOverrides() && quant.getWidth() == 0)
      return {1, 3};
    return {1};
  case QuantFormat::GgufQ40:
  case QuantFormat::GgufQ80:
  case QuantFormat::Mxfp4:
  case QuantFormat::GgufMxfp4:
    return {};
  }
  llvm_unreachable("every format is listed");
}

/// `operands` of a parameter that the output is linear in, times `factors`:
/// appended to `scaled`. Else why they stay.
static StringRef
scaleOperands(const ParameterOperands &own, ElementsAttr factors,
              SmallVectorImpl<std::pair<Value, ElementsAttr>> &scaled) {
  SmallVector<unsigned> linear = getLinearParts(own.quant);
  if (linear.empty())
    return "its scales stand in blocks or divide";
  for (auto [index, value] : llvm::enumerate(own.operands)) {
    ElementsAttr weight;
    if (llvm::is_contained(linear, index)) {
      weight = support::matchWeight(value);
      if (!weight)
        return notConstant;
      Type type = weight.getElementType();
      if (!type.isF32() && !type.isF64() && !type.isBF16())
        return "weights of a small range may overflow";
      weight = support::scaleWeight(weight, factors);
    }
    scaled.emplace_back(value, weight);
  }
  return {};
}

/// Elements [first, first + count) of `factors`; the factor itself where it is
/// one for all.
static ElementsAttr takeFactors(ElementsAttr factors, int64_t first,
                                int64_t count) {
  if (factors.getShapedType().getRank() == 0)
    return factors;
  return support::sliceWeight(factors, {first}, {count}, {1});
}

/// The parameters of the table times `factors`, or why they stay.
static StringRef scaleParameters(ExpertsOp experts, ElementsAttr factors,
                                 SmallVectorImpl<Value> &parameters,
                                 RewriterBase &rewriter) {
  SmallVector<std::pair<Value, ElementsAttr>> scaled;
  int64_t first = 0;
  for (auto [entry, own] : llvm::zip_equal(experts.getTable().getClasses(),
                                           splitParameters(experts))) {
    ElementsAttr taken;
    if (!entry.isAlways()) {
      if (StringRef why = whyClassStays(entry); !why.empty())
        return why;
      taken = takeFactors(factors, first, entry.getCount());
      first += entry.getCount();
    }
    if (!taken) {
      for (Value value : own)
        scaled.emplace_back(value, ElementsAttr());
      continue;
    }
    for (const ParameterOperands &parameter : groupOperands(entry, 1, 1, own)) {
      if (!scalesOutput(parameter.parameter.role)) {
        for (Value value : parameter.operands)
          scaled.emplace_back(value, ElementsAttr());
        continue;
      }
      if (StringRef why = scaleOperands(parameter, taken, scaled); !why.empty())
        return why;
    }
  }
  rewriter.setInsertionPoint(experts);
  for (auto [value, weight] : scaled)
    parameters.push_back(
        weight ? support::WeightOp::create(rewriter, experts.getLoc(), weight)
                     .getResult()
               : value);
  return {};
}

void moe::detail::foldScales(ExpertsOp experts, RewriterBase &rewriter) {
  auto route = experts.getPlan().getDefiningOp<RouteOp>();
  if (!route)
    return;
  WeightAttr weight = route.getWeight();
  Value perExpert = route.getExpertScale();
  bool hasScale = weight.getScaleValue() != 1.0;
  if (!hasScale && !perExpert)
    return;
  StringRef rule = perExpert ? "C7" : "C6";
  FailureOr<RoutedLayer> layer = matchLayer(experts);
  if (failed(layer))
    return reportKept(experts, rule, noLayer);
  if (StringRef why = whyScalesStay(*layer); !why.empty())
    return reportKept(experts, rule, why);

  // The scale is a constant of f32 (specification 2.5).
  auto scalar =
      RankedTensorType::get({}, Float32Type::get(experts.getContext()));
  ElementsAttr factors = DenseElementsAttr::get(
      scalar, static_cast<float>(weight.getScaleValue()));
  if (perExpert) {
    ElementsAttr own = support::matchWeight(perExpert);
    if (!own)
      return reportKept(experts, rule,
                        "the scales of experts are no constants");
    factors = support::scaleWeight(own, factors);
  }
  SmallVector<Value> parameters;
  if (StringRef why = scaleParameters(experts, factors, parameters, rewriter);
      !why.empty())
    return reportKept(experts, rule, why);

  rewriter.modifyOpInPlace(
      experts, [&] { experts.getParametersMutable().assign(parameters); });
  rewriter.modifyOpInPlace(route, [&] {
    route.getExpertScaleMutable().clear();
    route.setWeightAttr(WeightAttr::get(
        weight.getContext(), weight.getSource(), weight.getZero(),
        weight.getExclude(), weight.getNorm(), weight.getNormValue(),
        weight.getEpsMode(), weight.getMinK(), weight.getWhen(),
        FloatAttr::get(weight.getScale().getType(), 1.0), weight.getDtype(),
        weight.getGrad()));
  });
  if (perExpert && hasScale)
    reportSimplified(experts, "C6", "the scale goes into those of the experts");
  reportSimplified(experts, rule,
                   perExpert ? "the scales of experts go into their parameters"
                             : "the scale goes into the experts' parameters");
}
