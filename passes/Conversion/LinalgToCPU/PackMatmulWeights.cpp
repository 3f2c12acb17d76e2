// Lays the weights of matmuls out as the CPU kernels read them, ahead of time.
#include "Contraction.h"
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/MathExtras.h"

namespace moe {
#define GEN_PASS_DEF_PACKMATMULWEIGHTSPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;
using namespace moe::support;

namespace {

/// A weight as a contraction uses it: an expression whose first dimensions, one
/// per entry of `offsets`, are fixed by indices known at run time.
struct WeightUse {
  ElementsAttr value;
  SmallVector<OpFoldResult> offsets;
};

/// Looks through extractions of one slab. A slab's other dimensions may be
/// sliced at constants, which becomes part of the expression.
std::optional<WeightUse> weightUse(Value value) {
  if (auto weight = value.getDefiningOp<WeightOp>())
    return WeightUse{weight.getValue(), {}};
  auto slice = value.getDefiningOp<tensor::ExtractSliceOp>();
  if (!slice)
    return std::nullopt;
  std::optional<WeightUse> source = weightUse(slice.getSource());
  if (!source)
    return std::nullopt;
  ArrayRef<int64_t> sizes = slice.getStaticSizes();
  ArrayRef<int64_t> offsets = slice.getStaticOffsets();
  ArrayRef<int64_t> strides = slice.getStaticStrides();
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  size_t slabs = dropped.find_first_unset() == -1 ? dropped.size()
                                                  : dropped.find_first_unset();
  if (dropped.count() != slabs)
    return std::nullopt;

  SmallVector<OpFoldResult> mixed = slice.getMixedOffsets();
  source->offsets.append(mixed.begin(), mixed.begin() + slabs);
  ArrayRef<int64_t> shape = source->value.getShapedType().getShape();
  size_t lead = shape.size() - sizes.size();
  SmallVector<int64_t> newOffsets(shape.size(), 0), newSizes(shape),
      newStrides(shape.size(), 1);
  for (size_t d = slabs; d < sizes.size(); ++d) {
    if (ShapedType::isDynamic(sizes[d]) || ShapedType::isDynamic(offsets[d]) ||
        ShapedType::isDynamic(strides[d]))
      return std::nullopt;
    newOffsets[lead + d] = offsets[d];
    newSizes[lead + d] = sizes[d];
    newStrides[lead + d] = strides[d];
  }
  source->value = sliceWeight(source->value, newOffsets, newSizes, newStrides);
  return source;
}

struct PackMatmulWeights
    : moe::impl::PackMatmulWeightsPassBase<PackMatmulWeights> {
  using PackMatmulWeightsPassBase::PackMatmulWeightsPassBase;

  void runOnOperation() override {
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) { ops.push_back(op); });
    VectorUnit unit{vectorBits, vectorRegisters, bf16Dot};
    for (linalg::GenericOp op : ops) {
      std::optional<Contraction> contraction = Contraction::match(op);
      if (!contraction || contraction->panels || !op.hasPureTensorSemantics())
        continue;
      std::optional<WeightUse> use = weightUse(contraction->b->get());
      if (!use)
        continue;
      op = joinRows(*contraction);
      pack(*Contraction::match(op), *use, unit);
    }
  }

  /// Makes one m dimension of several: a tile then never ends early between
  /// two small ones.
  linalg::GenericOp joinRows(const Contraction &contraction);
  void pack(const Contraction &contraction, const WeightUse &use,
            const VectorUnit &unit);
};

/// The body `c + a * b` in the type of c.
void buildMultiplyAccumulate(OpBuilder &builder, Location loc,
                             ValueRange values) {
  Type type = values[2].getType();
  auto widen = [&](Value value) -> Value {
    if (value.getType() == type)
      return value;
    return arith::ExtFOp::create(builder, loc, type, value);
  };
  Value product =
      arith::MulFOp::create(builder, loc, widen(values[0]), widen(values[1]));
  Value sum = arith::AddFOp::create(builder, loc, values[2], product);
  linalg::YieldOp::create(builder, loc, sum);
}

linalg::GenericOp PackMatmulWeights::joinRows(const Contraction &contraction) {
  linalg::GenericOp op = contraction.op;
  size_t rows = contraction.m.size();
  if (rows < 2 || !contraction.batch.empty())
    return op;
  // A is [m..., k] and C is [m..., n], in the same order.
  auto hasForm = [&](AffineMap map, unsigned last) {
    if (positionOf(map, last) != rows)
      return false;
    for (auto [position, dim] : llvm::enumerate(contraction.m))
      if (positionOf(map, dim) != position)
        return false;
    return true;
  };
  AffineMap bMap = contraction.map(contraction.b);
  if (!hasForm(contraction.map(contraction.a), contraction.k) ||
      !hasForm(contraction.map(contraction.c), contraction.n))
    return op;

  OpBuilder builder(op);
  Location loc = op.getLoc();
  SmallVector<ReassociationIndices> groups(2);
  groups[0] = llvm::to_vector(llvm::seq<int64_t>(0, rows));
  groups[1] = {static_cast<int64_t>(rows)};
  Value a = tensor::CollapseShapeOp::create(builder, loc, contraction.a->get(),
                                            groups);
  Value init = tensor::CollapseShapeOp::create(builder, loc,
                                               contraction.c->get(), groups);
  MLIRContext *context = builder.getContext();
  AffineExpr m, n, k;
  bindDims(context, m, n, k);
  SmallVector<AffineExpr> bExprs;
  for (AffineExpr expr : bMap.getResults())
    bExprs.push_back(
        cast<AffineDimExpr>(expr).getPosition() == contraction.n ? n : k);
  SmallVector<AffineMap> maps = {AffineMap::get(3, 0, {m, k}, context),
                                 AffineMap::get(3, 0, bExprs, context),
                                 AffineMap::get(3, 0, {m, n}, context)};
  using utils::IteratorType;
  SmallVector<IteratorType> kinds = {
      IteratorType::parallel, IteratorType::parallel, IteratorType::reduction};
  auto joined = linalg::GenericOp::create(
      builder, loc, init.getType(), ValueRange{a, contraction.b->get()}, init,
      maps, kinds, buildMultiplyAccumulate);
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  Value result = tensor::ExpandShapeOp::create(
      builder, loc, type, joined.getResult(0), groups,
      tensor::getMixedSizes(builder, loc, contraction.c->get()));
  op.getResult(0).replaceAllUsesWith(result);
  op.erase();
  return joined;
}

void PackMatmulWeights::pack(const Contraction &contraction,
                             const WeightUse &use, const VectorUnit &unit) {
  linalg::GenericOp op = contraction.op;
  AffineMap map = contraction.map(contraction.b);
  size_t lead = use.offsets.size();
  size_t batches = contraction.batch.size();
  if (map.getNumResults() != batches + 2)
    return;

  // [lead..., batch..., x, y] with x and y in the order that leaves the fewest
  // transpositions: a transposed weight is often transposed back by this.
  SmallVector<int64_t> permutation =
      llvm::to_vector(llvm::seq<int64_t>(0, lead));
  for (unsigned dim : contraction.batch)
    permutation.push_back(lead + *positionOf(map, dim));
  auto ordered = [&](bool nIsLast) {
    SmallVector<int64_t> order = permutation;
    int64_t n = lead + *positionOf(map, contraction.n);
    int64_t k = lead + *positionOf(map, contraction.k);
    order.append({nIsLast ? k : n, nIsLast ? n : k});
    return transposeWeight(use.value, order);
  };
  bool nIsLast =
      *positionOf(map, contraction.n) > *positionOf(map, contraction.k);
  ElementsAttr value = ordered(nIsLast);
  if (isa<TransposeAttr>(value) && !isa<TransposeAttr>(ordered(!nIsLast))) {
    nIsLast = !nIsLast;
    value = ordered(nIsLast);
  }
  int64_t depth = value.getShapedType().getShape().end()[nIsLast ? -2 : -1];
  bool pairs = contraction.hasPairs(unit) && depth % 2 == 0;
  PanelLayout layout{unit.tile().columns, pairs ? 2 : 1};
  value = layout.pack(value, nIsLast);

  OpBuilder builder(op);
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(value.getType());
  Value packed = WeightOp::create(builder, loc, type, value);
  if (lead != 0) {
    SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0)),
        strides(type.getRank(), builder.getIndexAttr(1)), sizes;
    llvm::copy(use.offsets, offsets.begin());
    for (auto [d, size] : llvm::enumerate(type.getShape()))
      sizes.push_back(builder.getIndexAttr(d < lead ? 1 : size));
    packed = tensor::ExtractSliceOp::create(
        builder, loc,
        RankedTensorType::get(type.getShape().drop_front(lead),
                              type.getElementType()),
        packed, offsets, sizes, strides);
  }
  MLIRContext *context = builder.getContext();
  AffineExpr n = getAffineDimExpr(contraction.n, context);
  SmallVector<AffineExpr> exprs;
  for (unsigned dim : contraction.batch)
    exprs.push_back(getAffineDimExpr(dim, context));
  exprs.append(layout.getResults(n, getAffineDimExpr(contraction.k, context)));
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  unsigned position = contraction.b->getOperandNumber();
  maps[position] = AffineMap::get(op.getNumLoops(), 0, exprs, context);
  contraction.b->set(packed);
  op.setIndexingMapsAttr(builder.getAffineMapArrayAttr(maps));
}

} // namespace
