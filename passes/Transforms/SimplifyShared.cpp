// moe-simplify-routing: shared experts of one body and input become one wider
// expert (rule C9).
#include "SimplifyRouting.h"
#include "StoredWeights.h"

#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

/// True for joint matrices and biases whose gate rows stand before or behind
/// all up rows.
static bool hasHalves(ParameterRole role, Storage storage) {
  return (role == ParameterRole::First || role == ParameterRole::FirstBias) &&
         storage != Storage::Interleaved;
}

/// A weight whose first two dimensions change places.
static ElementsAttr swapLeading(ElementsAttr weight) {
  auto permutation =
      llvm::to_vector(llvm::seq<int64_t>(weight.getShapedType().getRank()));
  std::swap(permutation[0], permutation[1]);
  return support::transposeWeight(weight, permutation);
}

/// A tensor of n stacked experts as that of one expert of n times the width,
/// without the leading dimension. Joint storage that is not interleaved keeps
/// gate and up apart in a leading dimension of 2.
static ElementsAttr flattenExperts(ElementsAttr stack, ParameterRole role,
                                   Storage storage) {
  SmallVector<int64_t> shape = shapeOf(stack);
  int64_t count = shape[0];
  SmallVector<int64_t> flat(ArrayRef<int64_t>(shape).drop_front());
  if (role == ParameterRole::Down) {
    // [n, d, f, ...] -> [d, n, f, ...] -> [d, nf, ...]
    flat[1] *= count;
    return support::reshapeWeight(swapLeading(stack), flat);
  }
  flat[0] *= count;
  if (!hasHalves(role, storage))
    return support::reshapeWeight(stack, flat);
  // [n, 2f, ...] -> [n, 2, f, ...] -> [2, n, f, ...] -> [2, nf, ...]
  SmallVector<int64_t> halves = {count, 2, shape[1] / 2};
  llvm::append_range(halves, ArrayRef<int64_t>(shape).drop_front(2));
  flat[0] /= 2;
  flat.insert(flat.begin(), 2);
  return support::reshapeWeight(
      swapLeading(support::reshapeWeight(stack, halves)), flat);
}

/// The tensors of one expert's parameter from those of several `stacks`.
static ElementsAttr joinStacks(ArrayRef<ElementsAttr> stacks,
                               ParameterRole role, Storage storage) {
  auto flat = llvm::map_to_vector(stacks, [&](ElementsAttr stack) {
    return flattenExperts(stack, role, storage);
  });
  bool halves = hasHalves(role, storage);
  ElementsAttr whole = support::concatWeights(
      flat, halves || role == ParameterRole::Down ? 1 : 0);
  if (!halves)
    return whole;
  SmallVector<int64_t> shape = shapeOf(whole);
  shape[1] *= 2;
  return support::reshapeWeight(whole, ArrayRef<int64_t>(shape).drop_front());
}

/// The parameters of one expert of inner `width` that computes the sum of
/// several stacks of experts of one body without a down bias.
static StoredWeights mergeExperts(BodyAttr body, ArrayRef<StoredWeights> stacks,
                                  int64_t width) {
  const StoredWeights &first = stacks.front();
  int64_t in = first.front().parameter.shape[1];
  int64_t out = first.back().parameter.shape[0];
  StoredWeights merged;
  for (auto [index, parameter] :
       llvm::enumerate(moe::getParameters(body, in, width, out))) {
    StoredWeight &weight = merged.emplace_back();
    weight.parameter = parameter;
    weight.quant = first[index].quant;
    for (size_t part : llvm::seq(first[index].parts.size()))
      weight.parts.push_back(
          joinStacks(llvm::map_to_vector(stacks,
                                         [&](const StoredWeights &stack) {
                                           return stack[index].parts[part];
                                         }),
                     parameter.role, body.getStorage()));
  }
  return merged;
}

/// Why the tensors of experts cannot stand side by side; empty where they can.
static StringRef whyStacksStay(BodyAttr body, ArrayRef<StoredWeights> stacks) {
  for (const StoredWeights &stack : stacks)
    for (auto [weight, other] : llvm::zip_equal(stack, stacks.front())) {
      if (!haveOneFormat(weight, other))
        return "their formats differ";
      if (weight.parameter.role == ParameterRole::Down) {
        if (!storesByColumn(weight))
          return "scales are of whole rows";
        continue;
      }
      SmallVector<int64_t> rowsPerPart = getRowsPerPart(weight.quant);
      if (rowsPerPart.empty())
        return rowsTogether;
      int64_t rows = weight.parameter.shape[0];
      if (hasHalves(weight.parameter.role, body.getStorage()))
        rows /= 2;
      for (int64_t per : rowsPerPart)
        if (per == 0 || rows % per != 0)
          return rowsTogether;
    }
  return {};
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
  int64_t in = experts.getInput().getType().getWidth();
  int64_t out = experts.getType().getWidth();
  for (size_t first = 0, end; first < old.size(); first = end) {
    ClassAttr entry = old[first];
    auto isShared = [](ClassAttr other) {
      return other.isAlways() && other.getKind() == ClassKind::Ffn &&
             !other.scalesInput() && !other.isPlaced();
    };
    bool shared = isShared(entry);
    int64_t count = 0, width = 0;
    for (end = first;
         end < old.size() &&
         (end == first || (shared && isShared(old[end]) &&
                           old[end].getBody() == entry.getBody() &&
                           old[end].getQuant() == entry.getQuant()));
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
    SmallVector<StoredWeights> stacks;
    for (size_t index = first; index < end; ++index)
      stacks.push_back(matchStored(old[index], in, out, oldParameters[index]));
    if (llvm::any_of(
            stacks, [](const StoredWeights &stack) { return stack.empty(); })) {
      keep(notConstant);
      continue;
    }
    if (StringRef why = whyStacksStay(entry.getBody(), stacks); !why.empty()) {
      keep(why);
      continue;
    }
    StoredWeights merged = llvm::map_to_vector(
        mergeExperts(entry.getBody(), stacks, width), addLeading);
    llvm::append_range(parameters,
                       createOperands(merged, experts.getLoc(), rewriter));
    classes.push_back(ClassAttr::get(rewriter.getContext(), 1, width,
                                     entry.getBody(), ClassActivation::Always,
                                     entry.getQuant()));
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
  SmallVector<StoredWeights> stacks;
  int64_t width = 0;
  for (FfnOp ffn : {first, second}) {
    StoredWeights weights = matchStored(ffn);
    if (weights.empty())
      return reportKept(sum, rule, notConstant);
    width += weights.back().parameter.shape[1];
    stacks.push_back(llvm::map_to_vector(weights, addLeading));
  }
  if (StringRef why = whyStacksStay(body, stacks); !why.empty())
    return reportKept(sum, rule, why);

  rewriter.setInsertionPoint(sum);
  Location loc = first.getLoc();
  Value wider = FfnOp::create(
      rewriter, loc, first.getType(), first.getInput(),
      createParameters(mergeExperts(body, stacks, width), loc, rewriter), body);
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
