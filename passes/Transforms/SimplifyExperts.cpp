// moe-simplify-routing: where weights multiply, what shared experts are, and
// how gate and up matrices lie (rules C8, C9, C10, C19).
#include "SimplifyRouting.h"
#include "moe/Dialect/MoE/Parameters.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "moe/Dialect/Support/MoESupport.h"

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

/// Gives the layer another table with its parameters, and its plan as many
/// always-on ids.
static void setTable(RoutedLayer &layer, ArrayRef<ClassAttr> classes,
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

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

using Weights = SmallVector<ElementsAttr>;

/// The elements of constant parameters; empty where one is no constant.
static Weights matchWeights(ValueRange values) {
  Weights weights = llvm::map_to_vector(values, support::matchWeight);
  if (llvm::is_contained(weights, ElementsAttr()))
    weights.clear();
  return weights;
}

static SmallVector<Value> createWeights(ArrayRef<ElementsAttr> weights,
                                        Location loc, RewriterBase &rewriter) {
  return llvm::map_to_vector(weights, [&](ElementsAttr weight) -> Value {
    return support::WeightOp::create(rewriter, loc, weight);
  });
}

static SmallVector<int64_t> shapeOf(ElementsAttr weight) {
  return SmallVector<int64_t>(weight.getShapedType().getShape());
}

/// `weight` with a leading dimension of 1.
static ElementsAttr addLeading(ElementsAttr weight) {
  SmallVector<int64_t> shape = shapeOf(weight);
  shape.insert(shape.begin(), 1);
  return support::reshapeWeight(weight, shape);
}

/// Expert `index` of a stack.
static ElementsAttr takeExpert(ElementsAttr stack, int64_t index) {
  SmallVector<int64_t> sizes = shapeOf(stack);
  SmallVector<int64_t> offsets(sizes.size(), 0), strides(sizes.size(), 1);
  offsets[0] = index;
  sizes[0] = 1;
  ElementsAttr slab = support::sliceWeight(stack, offsets, sizes, strides);
  return support::reshapeWeight(slab, ArrayRef<int64_t>(sizes).drop_front());
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

static constexpr StringLiteral scaledOrPlaced =
    "its experts scale their input or have a place";

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
  SmallVector<std::pair<ClassAttr, Weights>> shared;
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
      return reportKept(experts, rule, scaledOrPlaced);
    if (entry.isQuantised())
      return reportKept(experts, rule, quantised);
    Weights weights = matchWeights(parameters);
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
      Weights own = llvm::map_to_vector(weights, [&](ElementsAttr stack) {
        return takeExpert(stack, index);
      });
      auto ffn = FfnOp::create(
          rewriter, loc, combine.getType(), layer->dispatch.getInput(),
          createWeights(own, loc, rewriter), entry.getBody());
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
  Weights weights = matchWeights(ffn.getParameters());
  if (weights.empty())
    return reportKept(ffn, rule, notConstant);

  BodyAttr body = ffn.getBody();
  int64_t width =
      shapeOf(weights[weights.size() - 1 - body.getDownBias()]).back();
  ExpertsOp experts = layer->experts;
  SmallVector<ClassAttr> classes(experts.getTable().getClasses());
  classes.push_back(ClassAttr::get(rewriter.getContext(), 1, width, body,
                                   ClassActivation::Always));
  rewriter.setInsertionPoint(experts);
  SmallVector<Value> parameters(experts.getParameters());
  llvm::append_range(parameters,
                     createWeights(llvm::map_to_vector(weights, addLeading),
                                   ffn.getLoc(), rewriter));
  setTable(*layer, classes, parameters, rewriter);
  reportSimplified(ffn, rule, "a shared expert becomes an always-on class");
  rewriter.replaceOp(sum, combine.getResult());
  rewriter.eraseOp(ffn);
}

//===----------------------------------------------------------------------===//
// C9: one wider shared expert
//===----------------------------------------------------------------------===//

/// A stacked parameter of n experts as that of one expert of n times the width,
/// without the leading dimension. Joint storage that is not interleaved keeps
/// gate and up apart in a leading dimension of 2.
static ElementsAttr flattenExperts(ElementsAttr stack, ParameterRole role,
                                   Storage storage) {
  SmallVector<int64_t> shape = shapeOf(stack);
  int64_t count = shape[0];
  if (role == ParameterRole::Down) {
    ElementsAttr columns = support::transposeWeight(stack, {1, 0, 2});
    return support::reshapeWeight(columns, {shape[1], count * shape[2]});
  }
  SmallVector<int64_t> flat(ArrayRef<int64_t>(shape).drop_front());
  flat[0] *= count;
  bool joint = role == ParameterRole::First || role == ParameterRole::FirstBias;
  if (!joint || storage == Storage::Interleaved)
    return support::reshapeWeight(stack, flat);
  // [n, 2f, ...] -> [n, 2, f, ...] -> [2, n, f, ...] -> [2, nf, ...]
  SmallVector<int64_t> halves = {count, 2, shape[1] / 2};
  SmallVector<int64_t> permutation = {1, 0, 2};
  if (role == ParameterRole::First) {
    halves.push_back(shape[2]);
    permutation.push_back(3);
  }
  flat[0] /= 2;
  flat.insert(flat.begin(), 2);
  return support::reshapeWeight(
      support::transposeWeight(support::reshapeWeight(stack, halves),
                               permutation),
      flat);
}

/// The parameters of one expert that computes the sum of several stacks of
/// experts of one body without a down bias.
static Weights mergeExperts(BodyAttr body, ArrayRef<Weights> stacks) {
  Weights merged;
  for (auto [index, parameter] :
       llvm::enumerate(moe::getParameters(body, 1, 1, 1))) {
    ParameterRole role = parameter.role;
    Weights flat = llvm::map_to_vector(stacks, [&](const Weights &stack) {
      return flattenExperts(stack[index], role, body.getStorage());
    });
    bool joint =
        role == ParameterRole::First || role == ParameterRole::FirstBias;
    bool halves = joint && body.getStorage() != Storage::Interleaved;
    ElementsAttr whole = support::concatWeights(
        flat, halves || role == ParameterRole::Down ? 1 : 0);
    if (halves) {
      SmallVector<int64_t> shape = shapeOf(whole);
      shape[1] *= 2;
      whole =
          support::reshapeWeight(whole, ArrayRef<int64_t>(shape).drop_front());
    }
    merged.push_back(whole);
  }
  return merged;
}

static constexpr StringLiteral downBias = "down biases would have to be added";

void moe::detail::mergeAlwaysOnClasses(ExpertsOp experts,
                                       RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C9";
  ArrayRef<ClassAttr> old = experts.getTable().getClasses();
  SmallVector<SmallVector<Value>> oldParameters = splitParameters(experts);
  SmallVector<ClassAttr> classes;
  SmallVector<Value> parameters;
  rewriter.setInsertionPoint(experts);
  bool changed = false;
  FailureOr<RoutedLayer> layer = matchLayer(experts);
  for (size_t first = 0, end; first < old.size(); first = end) {
    ClassAttr entry = old[first];
    auto isShared = [](ClassAttr other) {
      return other.isAlways() && other.getKind() == ClassKind::Ffn &&
             !other.isQuantised() && !other.scalesInput() && !other.isPlaced();
    };
    bool shared = isShared(entry);
    int64_t count = 0, width = 0;
    for (end = first; end < old.size() &&
                      (end == first || (shared && isShared(old[end]) &&
                                        old[end].getBody() == entry.getBody()));
         ++end) {
      count += old[end].getCount();
      width += old[end].getCount() * old[end].getWidth();
    }
    auto keep = [&](StringRef reason) {
      if (!reason.empty())
        reportKept(experts, rule, reason);
      for (size_t index = first; index < end; ++index) {
        classes.push_back(old[index]);
        llvm::append_range(parameters, oldParameters[index]);
      }
    };
    if (!shared || count == 1) {
      keep({});
      continue;
    }
    if (failed(layer)) {
      keep(noLayer);
      continue;
    }
    if (layer->route.getAlwaysWeights()) {
      keep("always-on experts have weights");
      continue;
    }
    if (entry.getBody().getDownBias()) {
      keep(downBias);
      continue;
    }
    SmallVector<Weights> stacks;
    for (size_t index = first; index < end; ++index)
      stacks.push_back(matchWeights(oldParameters[index]));
    if (llvm::any_of(stacks,
                     [](const Weights &stack) { return stack.empty(); })) {
      keep(notConstant);
      continue;
    }
    Weights merged =
        llvm::map_to_vector(mergeExperts(entry.getBody(), stacks), addLeading);
    llvm::append_range(parameters,
                       createWeights(merged, experts.getLoc(), rewriter));
    classes.push_back(ClassAttr::get(rewriter.getContext(), 1, width,
                                     entry.getBody(), ClassActivation::Always));
    changed = true;
  }
  if (!changed)
    return;
  setTable(*layer, classes, parameters, rewriter);
  reportSimplified(experts, rule, "always-on experts become one wider expert");
}

void moe::detail::mergeSharedExperts(Operation *sum, RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C9";
  Value lhs = sum->getOperand(0);
  auto second = sum->getOperand(1).getDefiningOp<FfnOp>();
  auto first = lhs.getDefiningOp<FfnOp>();
  // The sum of everything else and the first, where there is one.
  Operation *inner = nullptr;
  if (!first && lhs.getDefiningOp() && isSum(lhs.getDefiningOp())) {
    inner = lhs.getDefiningOp();
    first = inner->getOperand(1).getDefiningOp<FfnOp>();
  }
  if (!first || !second || first == second ||
      first.getInput() != second.getInput())
    return;
  if (!first->hasOneUse() || !second->hasOneUse() ||
      (inner && !inner->hasOneUse()))
    return reportKept(sum, rule, "an intermediate result has other users");
  BodyAttr body = first.getBody();
  if (second.getBody() != body)
    return reportKept(sum, rule, "their bodies differ");
  if (body.getDownBias())
    return reportKept(sum, rule, downBias);
  Weights firstWeights = matchWeights(first.getParameters());
  Weights secondWeights = matchWeights(second.getParameters());
  if (firstWeights.empty() || secondWeights.empty())
    return reportKept(sum, rule, notConstant);

  Weights merged =
      mergeExperts(body, {llvm::map_to_vector(firstWeights, addLeading),
                          llvm::map_to_vector(secondWeights, addLeading)});
  rewriter.setInsertionPoint(sum);
  Location loc = first.getLoc();
  Value wider = FfnOp::create(rewriter, loc, first.getType(), first.getInput(),
                              createWeights(merged, loc, rewriter), body);
  if (inner) {
    Operation *whole = rewriter.clone(*sum);
    whole->setOperands({inner->getOperand(0), wider});
    wider = whole->getResult(0);
  }
  reportSimplified(sum, rule, "shared experts become one wider expert");
  rewriter.replaceOp(sum, wider);
  if (inner)
    rewriter.eraseOp(inner);
  rewriter.eraseOp(first);
  rewriter.eraseOp(second);
}

//===----------------------------------------------------------------------===//
// C19: layout of gate and up
//===----------------------------------------------------------------------===//

/// The rows [offset, offset + size * stride) of `weight` in steps of `stride`,
/// along `dimension`.
static ElementsAttr takeRows(ElementsAttr weight, int64_t dimension,
                             int64_t offset, int64_t size, int64_t stride) {
  SmallVector<int64_t> sizes = shapeOf(weight);
  SmallVector<int64_t> offsets(sizes.size(), 0), strides(sizes.size(), 1);
  offsets[dimension] = offset;
  strides[dimension] = stride;
  sizes[dimension] = size;
  return support::sliceWeight(weight, offsets, sizes, strides);
}

/// Gate and up of a joint matrix or bias whose rows are `dimension`.
static std::pair<ElementsAttr, ElementsAttr>
splitRows(ElementsAttr joint, Storage storage, int64_t dimension) {
  int64_t width = shapeOf(joint)[dimension] / 2;
  if (storage == Storage::Interleaved)
    return {takeRows(joint, dimension, 0, width, 2),
            takeRows(joint, dimension, 1, width, 2)};
  ElementsAttr low = takeRows(joint, dimension, 0, width, 1);
  ElementsAttr high = takeRows(joint, dimension, width, width, 1);
  if (storage == Storage::ConcatUpGate)
    std::swap(low, high);
  return {low, high};
}

/// The joint matrix or bias of gate and up, whose rows are `dimension`.
static ElementsAttr joinRows(ElementsAttr gate, ElementsAttr up,
                             Storage storage, int64_t dimension) {
  if (storage == Storage::ConcatGateUp)
    return support::concatWeights({gate, up}, dimension);
  if (storage == Storage::ConcatUpGate)
    return support::concatWeights({up, gate}, dimension);
  // [..., f, d] -> [..., f, 1, d], joined to [..., f, 2, d] -> [..., 2f, d]
  SmallVector<int64_t> shape = shapeOf(gate);
  SmallVector<int64_t> pair(shape), whole(shape);
  pair.insert(pair.begin() + dimension + 1, 1);
  whole[dimension] *= 2;
  ElementsAttr joined = support::concatWeights(
      {support::reshapeWeight(gate, pair), support::reshapeWeight(up, pair)},
      dimension + 1);
  return support::reshapeWeight(joined, whole);
}

/// The parameters of a gated body, whose rows are `dimension`, under another
/// storage.
static Weights convertStorage(BodyAttr body, Storage target, Weights weights,
                              int64_t dimension) {
  ElementsAttr gate, up, gateBias, upBias;
  Weights result;
  for (auto [weight, parameter] :
       llvm::zip_equal(weights, moe::getParameters(body, 1, 1, 1))) {
    switch (parameter.role) {
    case ParameterRole::Gate:
      gate = weight;
      break;
    case ParameterRole::GateBias:
      gateBias = weight;
      break;
    case ParameterRole::Up:
      up = weight;
      break;
    case ParameterRole::UpBias:
      upBias = weight;
      break;
    case ParameterRole::First:
      std::tie(gate, up) = splitRows(weight, body.getStorage(), dimension);
      break;
    case ParameterRole::FirstBias:
      std::tie(gateBias, upBias) =
          splitRows(weight, body.getStorage(), dimension);
      break;
    default:
      break;
    }
  }
  if (target == Storage::Split) {
    for (ElementsAttr weight : {gate, gateBias, up, upBias})
      if (weight)
        result.push_back(weight);
  } else {
    result.push_back(joinRows(gate, up, target, dimension));
    if (gateBias)
      result.push_back(joinRows(gateBias, upBias, target, dimension));
  }
  llvm::append_range(result, ArrayRef<ElementsAttr>(weights).take_back(
                                 1 + body.getDownBias()));
  return result;
}

/// Why a gated body may not have the storage `target`; empty where it may.
static StringRef whyStorageStays(BodyAttr body, Storage target,
                                 const Weights &weights) {
  if (target != Storage::Split && body.getGateBias() != body.getUpBias())
    return "one of gate and up has a bias";
  if (weights.empty())
    return notConstant;
  return {};
}

static constexpr StringLiteral storageChanged =
    "gate and up matrices change their layout";

void moe::detail::changeStorage(ExpertsOp experts, Storage target,
                                RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C19";
  SmallVector<ClassAttr> classes;
  SmallVector<Value> parameters;
  rewriter.setInsertionPoint(experts);
  bool changed = false;
  for (auto [entry, own] : llvm::zip_equal(experts.getTable().getClasses(),
                                           splitParameters(experts))) {
    BodyAttr body = entry.getBody();
    StringRef why;
    Weights weights;
    bool candidate = entry.getKind() == ClassKind::Ffn && body.getGated() &&
                     body.getStorage() != target;
    if (candidate) {
      weights = matchWeights(own);
      why = entry.isQuantised() ? StringRef(quantised)
                                : whyStorageStays(body, target, weights);
      if (!why.empty())
        reportKept(experts, rule, why);
    }
    if (!candidate || !why.empty()) {
      classes.push_back(entry);
      llvm::append_range(parameters, own);
      continue;
    }
    changed = true;
    classes.push_back(entry.withBody(body.withStorage(target)));
    Weights converted = convertStorage(body, target, weights, 1);
    llvm::append_range(parameters,
                       createWeights(converted, experts.getLoc(), rewriter));
  }
  if (!changed)
    return;
  rewriter.modifyOpInPlace(experts, [&] {
    experts.setTableAttr(TableAttr::get(rewriter.getContext(), classes));
    experts.getParametersMutable().assign(parameters);
  });
  reportSimplified(experts, rule, storageChanged);
}

void moe::detail::changeStorage(FfnOp ffn, Storage target,
                                RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C19";
  BodyAttr body = ffn.getBody();
  if (!body.getGated() || body.getStorage() == target)
    return;
  Weights weights = matchWeights(ffn.getParameters());
  if (StringRef why = whyStorageStays(body, target, weights); !why.empty())
    return reportKept(ffn, rule, why);
  rewriter.setInsertionPoint(ffn);
  SmallVector<Value> parameters = createWeights(
      convertStorage(body, target, weights, 0), ffn.getLoc(), rewriter);
  rewriter.modifyOpInPlace(ffn, [&] {
    ffn.setBodyAttr(body.withStorage(target));
    ffn.getParametersMutable().assign(parameters);
  });
  reportSimplified(ffn, rule, storageChanged);
}
