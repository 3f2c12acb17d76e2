// moe-simplify-routing: where weights multiply, and whether shared experts are
// ops or classes (rules C8, C10).
#include "SimplifyRouting.h"
#include "StoredWeights.h"
#include "moe/Dialect/StableHLO/StableHLO.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

FailureOr<RoutedLayer> moe::detail::matchRows(CombineOp combine) {
  auto experts = combine.getRows().getDefiningOp<ExpertsOp>();
  if (!experts || !experts->hasOneUse() ||
      experts.getPlan() != combine.getPlan())
    return failure();
  auto dispatch = experts.getInput().getDefiningOp<DispatchOp>();
  if (!dispatch || !dispatch->hasOneUse() ||
      dispatch.getPlan() != combine.getPlan())
    return failure();
  return RoutedLayer{nullptr, dispatch, experts, combine};
}

FailureOr<RoutedLayer> moe::detail::matchLayer(CombineOp combine) {
  FailureOr<RoutedLayer> layer = matchRows(combine);
  if (failed(layer))
    return failure();
  layer->route = combine.getPlan().getDefiningOp<RouteOp>();
  if (!layer->route ||
      std::distance(layer->route->use_begin(), layer->route->use_end()) != 3)
    return failure();
  return layer;
}

FailureOr<RoutedLayer> moe::detail::matchLayer(ExpertsOp experts) {
  if (!experts->hasOneUse())
    return failure();
  auto combine = dyn_cast<CombineOp>(*experts->user_begin());
  return combine ? matchLayer(combine) : FailureOr<RoutedLayer>(failure());
}

/// Why always-on classes may not come or go; empty where they may.
static StringRef whySharedStay(RoutedLayer layer) {
  if (layer.route.getAlwaysWeights())
    return "always-on experts have weights";
  if (layer.route.getPlan().getType().getEncoding() == PlanEncoding::Soft)
    return "a soft plan has no always-on ids";
  if (layer.dispatch.getInputScale().convertToDouble() != 1.0)
    return "the input of all experts is scaled";
  return {};
}

void moe::detail::setTable(RoutedLayer &layer, ArrayRef<ClassAttr> classes,
                           ValueRange parameters, RewriterBase &rewriter) {
  auto table = TableAttr::get(rewriter.getContext(), classes);
  PlanType plan = layer.route.getPlan().getType();
  rewriter.modifyOpInPlace(layer.route, [&] {
    layer.route.getPlan().setType(plan.withAlways(table.getNumAlways()));
  });
  rewriter.modifyOpInPlace(layer.experts, [&] {
    layer.experts.setTableAttr(table);
    layer.experts.getParametersMutable().assign(parameters);
  });
}

SmallVector<SmallVector<Value>>
moe::detail::splitParameters(ExpertsOp experts) {
  SmallVector<SmallVector<Value>> result;
  OperandRange operands = experts.getParameters();
  for (ClassAttr entry : experts.getTable().getClasses()) {
    result.emplace_back(operands.take_front(entry.getNumOperands()));
    operands = operands.drop_front(entry.getNumOperands());
  }
  return result;
}

//===----------------------------------------------------------------------===//
// C8: where weights multiply
//===----------------------------------------------------------------------===//

void moe::detail::moveWeights(CombineOp combine, Apply target,
                              RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C8";
  Apply current = combine.getApply();
  if (current == target || current == Apply::Input)
    return;
  FailureOr<RoutedLayer> layer = matchRows(combine);
  if (failed(layer))
    return reportKept(combine, rule, noLayer);
  if (layer->experts.getApply() != current ||
      layer->dispatch.getApply() != current)
    return reportKept(combine, rule,
                      "its ops disagree on where weights multiply");
  if (target == Apply::Hidden &&
      !llvm::all_of(layer->experts.getTable().getClasses(),
                    [](ClassAttr entry) { return entry.hasHidden(); }))
    return reportKept(combine, rule, "some experts have no hidden vector");
  auto set = [&](auto op) {
    rewriter.modifyOpInPlace(op, [&] { op.setApply(target); });
  };
  set(layer->dispatch);
  set(layer->experts);
  set(layer->combine);
  reportSimplified(combine, rule,
                   target == Apply::Hidden
                       ? "weights multiply the hidden vector"
                       : "weights multiply the output");
}

//===----------------------------------------------------------------------===//
// C10: shared experts as ops or classes
//===----------------------------------------------------------------------===//

void moe::detail::inlineSharedExperts(ExpertsOp experts,
                                      RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C10";
  if (experts.getTable().getNumAlways() == 0)
    return;
  FailureOr<RoutedLayer> layer = matchLayer(experts);
  if (failed(layer))
    return reportKept(experts, rule, noLayer);
  if (StringRef why = whySharedStay(*layer); !why.empty())
    return reportKept(experts, rule, why);

  SmallVector<ClassAttr> kept;
  SmallVector<Value> keptParameters;
  SmallVector<std::pair<ClassAttr, StoredWeights>> shared;
  for (auto [entry, parameters] : llvm::zip_equal(
           experts.getTable().getClasses(), splitParameters(experts))) {
    if (!entry.isAlways()) {
      kept.push_back(entry);
      llvm::append_range(keptParameters, parameters);
      continue;
    }
    if (entry.getKind() != ClassKind::Ffn)
      return reportKept(experts, rule, "an always-on class is no ffn");
    if (entry.scalesInput() || entry.isPlaced())
      return reportKept(experts, rule,
                        "its experts scale their input or have a place");
    if (llvm::any_of(entry.getQuant(), [](QuantAttr quant) {
          return quant.getWidths() == QuantWidths::Operand;
        }))
      return reportKept(experts, rule, "the widths of its codes are operands");
    StoredWeights weights =
        matchStored(entry, experts.getInput().getType().getWidth(),
                    experts.getType().getWidth(), parameters);
    if (weights.empty())
      return reportKept(experts, rule, notConstant);
    shared.emplace_back(entry, std::move(weights));
  }

  CombineOp combine = layer->combine;
  Location loc = experts.getLoc();
  rewriter.setInsertionPointAfter(combine);
  Value sum = combine.getResult();
  Operation *firstAdd = nullptr;
  for (auto &[entry, weights] : shared)
    for (int64_t index = 0; index < entry.getCount(); ++index) {
      auto own = llvm::map_to_vector(weights, [&](const StoredWeight &stack) {
        return dropLeading(takeExperts(stack, index));
      });
      auto ffn = FfnOp::create(
          rewriter, loc, combine.getType(), layer->dispatch.getInput(),
          createParameters(own, loc, rewriter), entry.getBody());
      auto add = arith::AddFOp::create(rewriter, loc, sum, ffn);
      if (!firstAdd)
        firstAdd = add;
      sum = add;
    }
  rewriter.replaceAllUsesExcept(combine.getResult(), sum, firstAdd);
  setTable(*layer, kept, keptParameters, rewriter);
  reportSimplified(experts, rule, "always-on classes become ffn ops");
}

bool moe::detail::isSum(Operation *op) {
  return isa<arith::AddFOp, stablehlo::AddOp>(op);
}

void moe::detail::absorbSharedExpert(Operation *sum, RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C10";
  Value lhs = sum->getOperand(0), rhs = sum->getOperand(1);
  auto combine = lhs.getDefiningOp<CombineOp>();
  auto ffn = rhs.getDefiningOp<FfnOp>();
  if (!combine) {
    combine = rhs.getDefiningOp<CombineOp>();
    ffn = lhs.getDefiningOp<FfnOp>();
  }
  if (!combine || !ffn)
    return;
  FailureOr<RoutedLayer> layer = matchLayer(combine);
  if (failed(layer) || !combine->hasOneUse() || !ffn->hasOneUse())
    return reportKept(ffn, rule, noLayer);
  if (ffn.getInput() != layer->dispatch.getInput())
    return reportKept(ffn, rule, "its input is not the layer's");
  if (StringRef why = whySharedStay(*layer); !why.empty())
    return reportKept(ffn, rule, why);
  StoredWeights weights = matchStored(ffn);
  if (weights.empty())
    return reportKept(ffn, rule, notConstant);

  BodyAttr body = ffn.getBody();
  int64_t width =
      weights[weights.size() - 1 - body.getDownBias()].parameter.shape.back();
  ExpertsOp experts = layer->experts;
  SmallVector<ClassAttr> classes(experts.getTable().getClasses());
  classes.push_back(ClassAttr::get(rewriter.getContext(), 1, width, body,
                                   ClassActivation::Always,
                                   getFormats(weights)));
  rewriter.setInsertionPoint(experts);
  SmallVector<Value> parameters(experts.getParameters());
  llvm::append_range(parameters,
                     createOperands(llvm::map_to_vector(weights, addLeading),
                                    ffn.getLoc(), rewriter));
  setTable(*layer, classes, parameters, rewriter);
  reportSimplified(ffn, rule, "a shared expert becomes an always-on class");
  rewriter.replaceOp(sum, combine.getResult());
  rewriter.eraseOp(ffn);
}
