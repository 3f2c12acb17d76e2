// moe-simplify-routing: how gate and up matrices lie (rule C19).
#include "SimplifyRouting.h"
#include "StoredWeights.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

//===----------------------------------------------------------------------===//
// Rows of a tensor
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

/// Gate and up of a joint tensor whose rows are `dimension`.
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

/// The joint tensor of gate and up, whose rows are `dimension`.
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

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

/// Gate and up of a joint matrix or bias.
static std::pair<StoredWeight, StoredWeight>
splitWeight(const StoredWeight &joint, Storage storage, int64_t dimension) {
  StoredWeight gate = joint, up = joint;
  gate.parameter.shape[0] /= 2;
  up.parameter.shape[0] /= 2;
  for (auto [per, whole, ofGate, ofUp] : llvm::zip_equal(
           getRowsPerPart(joint.quant), joint.parts, gate.parts, up.parts))
    if (per != 0)
      std::tie(ofGate, ofUp) = splitRows(whole, storage, dimension);
  return {gate, up};
}

/// The joint matrix or bias of `gate` and `up`.
static StoredWeight joinWeights(const StoredWeight &gate,
                                const StoredWeight &up, Storage storage,
                                int64_t dimension) {
  StoredWeight joint = gate;
  joint.parameter.shape[0] *= 2;
  for (auto [per, whole, ofGate, ofUp] : llvm::zip_equal(
           getRowsPerPart(gate.quant), joint.parts, gate.parts, up.parts))
    if (per != 0)
      whole = joinRows(ofGate, ofUp, storage, dimension);
  return joint;
}

/// The parameters of a gated body, whose tensors' rows are `dimension`, under
/// another storage.
static StoredWeights convertStorage(BodyAttr body, Storage target,
                                    const StoredWeights &weights,
                                    int64_t dimension) {
  std::optional<StoredWeight> gate, up, gateBias, upBias;
  for (const StoredWeight &weight : weights) {
    switch (weight.parameter.role) {
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
      std::tie(gate, up) = splitWeight(weight, body.getStorage(), dimension);
      break;
    case ParameterRole::FirstBias:
      std::tie(gateBias, upBias) =
          splitWeight(weight, body.getStorage(), dimension);
      break;
    default:
      break;
    }
  }
  StoredWeights result;
  if (target == Storage::Split) {
    for (const std::optional<StoredWeight> &weight :
         {gate, gateBias, up, upBias})
      if (weight)
        result.push_back(*weight);
  } else {
    result.push_back(joinWeights(*gate, *up, target, dimension));
    if (gateBias)
      result.push_back(joinWeights(*gateBias, *upBias, target, dimension));
  }
  llvm::append_range(result,
                     ArrayRef(weights).take_back(1 + body.getDownBias()));
  return result;
}

/// Why rows of `weight`, `count` of each of gate and up, cannot be taken apart
/// or put together for storage `a` or `b`; empty where they can.
static StringRef whyRowsStay(const StoredWeight &weight, int64_t count,
                             Storage a, Storage b) {
  SmallVector<int64_t> rowsPerPart = getRowsPerPart(weight.quant);
  bool alternate = a == Storage::Interleaved || b == Storage::Interleaved;
  for (int64_t per : rowsPerPart)
    if (per > 1 && (alternate || count % per != 0))
      return rowsTogether;
  return rowsPerPart.empty() ? StringRef(rowsTogether) : StringRef();
}

/// Why `gate` and `up` do not become one matrix; empty where they may.
static StringRef whyMatricesStay(const StoredWeight &gate,
                                 const StoredWeight &up) {
  if (!haveOneFormat(gate, up))
    return "formats of gate and up differ";
  for (auto [per, ofGate, ofUp] :
       llvm::zip(getRowsPerPart(gate.quant), gate.parts, up.parts))
    if (per == 0 && ofGate != ofUp)
      return "scales of the whole matrix may differ";
  return {};
}

/// Why a gated body may not have the storage `target`; empty where it may.
static StringRef whyStorageStays(BodyAttr body, Storage target,
                                 const StoredWeights &weights) {
  if (target != Storage::Split && body.getGateBias() != body.getUpBias())
    return "one of gate and up has a bias";
  if (weights.empty())
    return notConstant;
  const StoredWeight &first = weights.front();
  int64_t count = first.parameter.shape[0];
  if (body.hasJointStorage())
    count /= 2;
  if (StringRef why = whyRowsStay(first, count, body.getStorage(), target);
      !why.empty())
    return why;
  if (body.hasJointStorage())
    return {};
  return whyMatricesStay(first, weights[1 + body.getGateBias()]);
}

//===----------------------------------------------------------------------===//
// The rewrite
//===----------------------------------------------------------------------===//

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
    bool candidate = entry.getKind() == ClassKind::Ffn && body.getGated() &&
                     body.getStorage() != target;
    StoredWeights weights;
    StringRef why;
    if (candidate) {
      weights = matchStored(entry, experts.getInput().getType().getWidth(),
                            experts.getType().getWidth(), own);
      why = whyStorageStays(body, target, weights);
      if (!why.empty())
        reportKept(experts, rule, why);
    }
    if (!candidate || !why.empty()) {
      classes.push_back(entry);
      llvm::append_range(parameters, own);
      continue;
    }
    changed = true;
    StoredWeights converted = convertStorage(body, target, weights, 1);
    classes.push_back(
        entry.withBody(body.withStorage(target), getFormats(converted)));
    llvm::append_range(parameters,
                       createOperands(converted, experts.getLoc(), rewriter));
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
  StoredWeights weights = matchStored(ffn);
  if (StringRef why = whyStorageStays(body, target, weights); !why.empty())
    return reportKept(ffn, rule, why);
  rewriter.setInsertionPoint(ffn);
  SmallVector<Value> parameters = createParameters(
      convertStorage(body, target, weights, 0), ffn.getLoc(), rewriter);
  rewriter.modifyOpInPlace(ffn, [&] {
    ffn.setBodyAttr(body.withStorage(target));
    ffn.getParametersMutable().assign(parameters);
  });
  reportSimplified(ffn, rule, storageChanged);
}
