// Rearrangements: what moves elements without computing new ones. Constants
// are rearranged as weight expressions, without touching their bytes.
#include "GraphBuilder.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "moe/Dialect/StableHLO/Chlo.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;

// More terms in a size than shape arithmetic writes.
static constexpr size_t kMaxConcatTerms = 8;
// More slices than experts that a layer has.
static constexpr int64_t kMaxReversedSlices = 4096;

static std::optional<SmallVector<int64_t>> constants(ArrayRef<DimExpr> exprs) {
  SmallVector<int64_t> result;
  for (const DimExpr &expr : exprs) {
    if (!expr.constant())
      return std::nullopt;
    result.push_back(*expr.constant());
  }
  return result;
}

static DimExpr product(ArrayRef<DimExpr> exprs) {
  DimExpr result(1);
  for (const DimExpr &expr : exprs)
    result = result * expr;
  return result;
}

Val GraphBuilder::reshape(Val a, const SymbolicShape &shape) {
  if (a->shape == shape)
    return a;
  RankedTensorType type = typeOf(a->elementType, shape);
  auto from = product(a->shape).constant(), to = product(shape).constant();
  if (from && to && *from != *to)
    fail("requires the elements of its input (" + llvm::Twine(*from) +
         ") to be as many as those of its result (" + llvm::Twine(*to) + ")");
  if (failed())
    return placeholder(a->elementType, shape);
  std::optional<SmallVector<int64_t>> fixed = constants(shape);
  if (a->elements && fixed)
    return integers(a->elementType, *a->elements, *fixed);
  if (a->constant && fixed)
    return constant(support::reshapeWeight(a->constant, *fixed));
  if (fixed && cast<ShapedType>(get(a).getType()).hasStaticShape())
    return value(hlo::ReshapeOp::create(builder, loc, type, get(a)), shape);
  Value extents = sizes(shape);
  return value(
      hlo::DynamicReshapeOp::create(builder, loc, type, get(a), extents),
      shape);
}

Val GraphBuilder::transpose(Val a, ArrayRef<int64_t> permutation) {
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, a->rank())))
    return a;
  SymbolicShape shape;
  for (int64_t dim : permutation)
    shape.push_back(a->shape[dim]);
  if (failed())
    return placeholder(a->elementType, shape);
  if (a->constant && !a->elements)
    return constant(support::transposeWeight(a->constant, permutation));
  return value(hlo::TransposeOp::create(
                   builder, loc, typeOf(a->elementType, shape), get(a),
                   builder.getDenseI64ArrayAttr(permutation)),
               shape);
}

Val GraphBuilder::broadcast(Val a, SymbolicShape shape,
                            ArrayRef<int64_t> dimensions) {
  if (a->shape == shape)
    return a;
  RankedTensorType type = typeOf(a->elementType, shape);
  for (auto [own, target] : llvm::enumerate(dimensions)) {
    auto x = a->shape[own].constant(), y = shape[target].constant();
    if (x && y && *x != 1 && *x != *y)
      fail("requires a size of its input (" + llvm::Twine(*x) +
           ") to be 1 or to equal that of its result (" + llvm::Twine(*y) +
           ")");
  }
  if (failed())
    return placeholder(a->elementType, shape);
  if (type.hasStaticShape()) {
    bool small = type.getNumElements() <= 64;
    if (a->elements && small && a->elements->size() == 1)
      return integers(
          a->elementType,
          SmallVector<DimExpr>(type.getNumElements(), a->elements->front()),
          type.getShape());
    if (auto dense = dyn_cast_if_present<DenseElementsAttr>(a->constant);
        dense && dense.isSplat())
      return constant(dense.resizeSplat(type));
    return value(
        hlo::BroadcastInDimOp::create(builder, loc, type, get(a),
                                      builder.getDenseI64ArrayAttr(dimensions)),
        shape);
  }
  Value extents = sizes(shape);
  SmallVector<int64_t> expanding, same;
  for (auto [own, target] : llvm::enumerate(dimensions)) {
    if (a->shape[own] == shape[target])
      same.push_back(own);
    else if (a->shape[own].is(1))
      expanding.push_back(own);
  }
  auto list = [&](ArrayRef<int64_t> values) -> Attribute {
    return values.empty() ? Attribute() : builder.getDenseI64ArrayAttr(values);
  };
  return value(hlo::DynamicBroadcastInDimOp::create(
                   builder, loc, type, get(a), extents,
                   builder.getDenseI64ArrayAttr(dimensions), list(expanding),
                   list(same)),
               shape);
}

Val GraphBuilder::expand(Val a, const SymbolicShape &shape) {
  int64_t rank = shape.size();
  if (a->rank() > rank) {
    fail("requires the rank of its input (" + llvm::Twine(a->rank()) +
         ") to be at most that of its result (" + llvm::Twine(rank) + ")");
    return placeholder(a->elementType, shape);
  }
  return broadcast(a, shape,
                   llvm::to_vector(llvm::seq(rank - a->rank(), rank)));
}

Val GraphBuilder::slice(Val a, ArrayRef<DimExpr> starts, SymbolicShape sizes,
                        ArrayRef<int64_t> strides) {
  if (a->shape == sizes &&
      llvm::all_of(starts, [](const DimExpr &e) { return e.is(0); }) &&
      llvm::all_of(strides, [](int64_t stride) { return stride == 1; }))
    return a;
  RankedTensorType type = typeOf(a->elementType, sizes);
  auto first = constants(starts), count = constants(sizes);
  if (first && count) {
    for (int64_t d = 0; d < a->rank(); ++d) {
      std::optional<int64_t> size = a->shape[d].constant();
      if ((*first)[d] < 0 ||
          (size && (*count)[d] > 0 &&
           ((*first)[d] >= *size ||
            (*size - 1 - (*first)[d]) / strides[d] < (*count)[d] - 1)))
        fail("requires a slice (" + llvm::Twine((*count)[d]) + " from " +
             llvm::Twine((*first)[d]) +
             " on) to lie within its input's size (" +
             llvm::Twine(size.value_or(-1)) + ")");
    }
  }
  if (failed())
    return placeholder(a->elementType, sizes);
  if (first && count && a->elements && a->rank() == 1) {
    SmallVector<DimExpr> elements;
    for (int64_t i = 0; i < (*count)[0]; ++i)
      elements.push_back((*a->elements)[(*first)[0] + i * strides[0]]);
    return integers(a->elementType, elements, *count);
  }
  if (first && count && a->constant)
    return constant(support::sliceWeight(a->constant, *first, *count, strides));
  // A slice of fixed bounds may keep whole dimensions of dynamic size only if
  // its limit is known, which needs the computed form.
  if (first && count) {
    SmallVector<int64_t> limits;
    for (int64_t d = 0; d < a->rank(); ++d)
      limits.push_back((*count)[d] == 0
                           ? (*first)[d]
                           : (*first)[d] + ((*count)[d] - 1) * strides[d] + 1);
    if (cast<ShapedType>(get(a).getType()).hasStaticShape())
      return value(hlo::SliceOp::create(builder, loc, type, get(a),
                                        builder.getDenseI64ArrayAttr(*first),
                                        builder.getDenseI64ArrayAttr(limits),
                                        builder.getDenseI64ArrayAttr(strides)),
                   sizes);
  }
  SmallVector<DimExpr> limits, steps;
  for (int64_t d = 0; d < a->rank(); ++d) {
    steps.push_back(DimExpr(strides[d]));
    // Nothing lies between the last element and the next step; where there is
    // no element, the limit is the start.
    DimExpr span = sizes[d] * DimExpr(strides[d]) - DimExpr(strides[d] - 1);
    limits.push_back(starts[d] +
                     (strides[d] == 1 ? span : dims.max(span, DimExpr(0))));
  }
  Value from = this->sizes(starts), to = this->sizes(limits),
        step = this->sizes(steps);
  return value(hlo::RealDynamicSliceOp::create(builder, loc, type, get(a), from,
                                               to, step),
               sizes);
}

Val GraphBuilder::sliceDim(Val a, int64_t dim, const DimExpr &start,
                           const DimExpr &size) {
  SmallVector<DimExpr> starts(a->rank(), DimExpr(0));
  SymbolicShape shape = a->shape;
  starts[dim] = start;
  shape[dim] = size;
  return slice(a, starts, shape, SmallVector<int64_t>(a->rank(), 1));
}

Val GraphBuilder::concat(ArrayRef<Val> values, int64_t dim) {
  if (values.size() == 1)
    return values.front();
  Type elementType = values.front()->elementType;
  SymbolicShape shape = values.front()->shape;
  bool allKnown = true, allConstant = true, anyKnown = false;
  for (auto [index, value] : llvm::enumerate(values)) {
    if (value->elementType != elementType ||
        value->rank() != static_cast<int64_t>(shape.size())) {
      fail("expects inputs of one element type and rank");
      return placeholder(elementType, shape);
    }
    allKnown &= value->elements.has_value();
    anyKnown |= value->elements.has_value();
    allConstant &= static_cast<bool>(value->constant);
    if (index == 0)
      continue;
    for (int64_t d = 0; d < value->rank(); ++d) {
      if (d == dim) {
        shape[d] = shape[d] + value->shape[d];
        continue;
      }
      auto x = shape[d].constant(), y = value->shape[d].constant();
      if (x && y && *x != *y)
        fail("requires the sizes of dimension #" + llvm::Twine(d) +
             " of its inputs (" + llvm::Twine(*x) + " and " + llvm::Twine(*y) +
             ") to be equal");
      if (y)
        shape[d] = value->shape[d];
    }
  }
  RankedTensorType type = typeOf(elementType, shape);
  if (failed())
    return placeholder(elementType, shape);
  if (shape.size() == 1 && (allKnown || anyKnown)) {
    // A shape that is put together from known sizes and ones of run time.
    SmallVector<DimExpr> elements;
    bool all = true;
    for (Val value : values) {
      auto own = elementsOf(value);
      if (!own) {
        all = false;
        break;
      }
      llvm::append_range(elements, *own);
    }
    if (all)
      return integers(elementType, elements, type.getShape());
  }
  if (allConstant) {
    SmallVector<ElementsAttr> parts;
    for (Val value : values)
      if (!value->shape[dim].is(0))
        parts.push_back(value->constant);
    if (!parts.empty())
      return constant(support::concatWeights(parts, dim));
  }
  SmallVector<Value> operands;
  for (Val value : values)
    operands.push_back(get(value));
  Value joined = hlo::ConcatenateOp::create(builder, loc, type, operands, dim);
  // A sum of many parts, such as the rows of all experts, is a size of its
  // own: the sum would be computed again wherever it is used.
  if (shape[dim].terms().size() > kMaxConcatTerms)
    shape[dim] = dimensionSymbol(joined, dim);
  return value(joined, shape);
}

Val GraphBuilder::iota(Type elementType, const SymbolicShape &shape,
                       int64_t dim) {
  RankedTensorType type = typeOf(elementType, shape);
  if (failed())
    return placeholder(elementType, shape);
  if (type.hasStaticShape())
    return value(hlo::IotaOp::create(builder, loc, type, dim), shape);
  Value extents = sizes(shape);
  return value(hlo::DynamicIotaOp::create(builder, loc, type, extents, dim),
               shape);
}

Val GraphBuilder::reverse(Val a, int64_t dim) {
  if (failed())
    return placeholder(a->elementType, a->shape);
  if (a->constant && !a->elements &&
      *a->shape[dim].constant() <= kMaxReversedSlices)
    return constant(support::reverseWeight(a->constant, dim));
  return value(hlo::ReverseOp::create(builder, loc, get(a), {dim}), a->shape);
}

Val GraphBuilder::pad(Val a, Val fill, ArrayRef<DimExpr> low,
                      ArrayRef<DimExpr> high) {
  SymbolicShape shape;
  for (int64_t d = 0; d < a->rank(); ++d)
    shape.push_back(low[d] + a->shape[d] + high[d]);
  if (shape == a->shape &&
      llvm::all_of(low, [](const DimExpr &e) { return e.is(0); }))
    return a;
  RankedTensorType type = typeOf(a->elementType, shape);
  if (failed())
    return placeholder(a->elementType, shape);
  SmallVector<int64_t> interior(a->rank(), 0);
  auto before = constants(low), after = constants(high);
  if (before && after)
    return value(hlo::PadOp::create(builder, loc, type, get(a), get(fill),
                                    builder.getDenseI64ArrayAttr(*before),
                                    builder.getDenseI64ArrayAttr(*after),
                                    builder.getDenseI64ArrayAttr(interior)),
                 shape);
  Value lowSizes = sizes(low), highSizes = sizes(high);
  Value none = sizes(SmallVector<DimExpr>(a->rank(), DimExpr(0)));
  return value(hlo::DynamicPadOp::create(builder, loc, type, get(a), get(fill),
                                         lowSizes, highSizes, none),
               shape);
}
