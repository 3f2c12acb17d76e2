// Lays the weights of matmuls out as the CPU kernels read them, ahead of time.
#include "WeightElement.h"
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/MathExtras.h"

namespace moe {
#define GEN_PASS_DEF_PACKWEIGHTSPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;
using namespace moe::support;

namespace {

/// A loop, or groups of one, that runs along a dimension of a weight.
struct Axis {
  AffineExpr expr;
  int64_t size;
};

/// Part of a weight that a contraction reads: dimensions in front that are
/// fixed by indices known at run time, then one per axis.
struct WeightSlab {
  ElementsAttr value;
  SmallVector<AffineExpr> lead;

  size_t size() const { return lead.size(); }
};

/// `expr` as axis * stride + offset.
struct AxisUse {
  AffineExpr axis;
  int64_t stride = 1, offset = 0;

  explicit AxisUse(AffineExpr expr) : axis(expr) {
    peel(AffineExprKind::Add, offset);
    peel(AffineExprKind::Mul, stride);
  }

private:
  void peel(AffineExprKind kind, int64_t &constant) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(axis);
    if (!binary || binary.getKind() != kind)
      return;
    if (auto right = dyn_cast<AffineConstantExpr>(binary.getRHS())) {
      constant = right.getValue();
      axis = binary.getLHS();
    }
  }
};

bool usesLoops(AffineExpr expr) {
  bool found = false;
  expr.walk([&](AffineExpr part) { found |= isa<AffineDimExpr>(part); });
  return found;
}

/// The elements of `place` for all values of the axes, in their order. Axes
/// that it does not depend on have one element.
std::optional<WeightSlab> slabOf(const WeightPlace &place,
                                 ArrayRef<Axis> axes) {
  ArrayRef<int64_t> shape = place.value.getShapedType().getShape();
  WeightSlab slab;
  SmallVector<int64_t> offsets, sizes, strides, kept;
  SmallVector<size_t> order;
  for (auto [index, size] : llvm::zip_equal(place.indices, shape)) {
    auto constant = dyn_cast<AffineConstantExpr>(index);
    if (!constant && !usesLoops(index)) {
      // What is chosen at run time lies in front, so that it is contiguous.
      if (!order.empty())
        return std::nullopt;
      slab.lead.push_back(index);
      offsets.push_back(0);
      sizes.push_back(size);
      strides.push_back(1);
      kept.push_back(size);
      continue;
    }
    AxisUse use(index);
    if (constant) {
      use.offset = constant.getValue();
      use.stride = 1;
    }
    const auto *axis = llvm::find_if(
        axes, [&](const Axis &axis) { return axis.expr == use.axis; });
    if (!constant && axis == axes.end())
      return std::nullopt;
    offsets.push_back(use.offset);
    strides.push_back(use.stride);
    sizes.push_back(constant ? 1 : axis->size);
    if (use.offset < 0 || use.stride <= 0 ||
        use.offset + (sizes.back() - 1) * use.stride >= size)
      return std::nullopt;
    if (constant)
      continue;
    if (llvm::is_contained(order, axis - axes.begin()))
      return std::nullopt;
    order.push_back(axis - axes.begin());
    kept.push_back(axis->size);
  }
  ElementsAttr value = sliceWeight(place.value, offsets, sizes, strides);
  for (size_t axis = 0; axis < axes.size(); ++axis)
    if (!llvm::is_contained(order, axis)) {
      order.push_back(axis);
      kept.push_back(1);
    }
  value = reshapeWeight(value, kept);
  auto permutation = llvm::to_vector(llvm::seq<int64_t>(0, slab.size()));
  for (size_t axis = 0; axis < axes.size(); ++axis)
    permutation.push_back(slab.size() +
                          (llvm::find(order, axis) - order.begin()));
  slab.value = transposeWeight(value, permutation);
  return slab;
}

/// B of a contraction in terms of loops 0 (n), 1 (k), and 2 on (batch).
struct WeightUse {
  WeightElement element;
  SmallVector<Value> symbols;
  AffineExpr n, k;
  /// Loops of the batch, and those of B.
  SmallVector<Axis> batch;
  int64_t columns = 0, depth = 0;
  /// Codes that share a scale, and their number in terms of k; for codes alone.
  int64_t group = 0;
  AffineExpr groupExpr;

  static std::optional<WeightUse> find(const Contraction &contraction);

private:
  bool findGroup();
};

std::optional<WeightUse> WeightUse::find(const Contraction &contraction) {
  linalg::GenericOp op = contraction.op;
  MLIRContext *context = op.getContext();
  WeightUse use;
  use.n = getAffineDimExpr(0, context);
  use.k = getAffineDimExpr(1, context);
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  use.columns = sizes[contraction.n];
  use.depth = sizes[contraction.k];
  SmallVector<AffineExpr> loops(op.getNumLoops());
  loops[contraction.n] = use.n;
  loops[contraction.k] = use.k;
  for (auto [position, dim] : llvm::enumerate(contraction.batch)) {
    loops[dim] = getAffineDimExpr(2 + position, context);
    use.batch.push_back({loops[dim], sizes[dim]});
  }
  SmallVector<AffineExpr> indices;
  for (AffineExpr expr : contraction.map(contraction.b).getResults())
    indices.push_back(loops[cast<AffineDimExpr>(expr).getPosition()]);
  std::optional<WeightElement> element =
      WeightElement::find(contraction.b->get(), indices, use.symbols);
  if (!element || ShapedType::isDynamic(use.columns) ||
      ShapedType::isDynamic(use.depth) ||
      llvm::any_of(use.batch, [](const Axis &axis) {
        return ShapedType::isDynamic(axis.size);
      }))
    return std::nullopt;
  use.element = *element;
  if (element->isSigned.has_value() != element->scale.has_value())
    return std::nullopt;
  if (element->scale && !use.findGroup())
    return std::nullopt;
  return use;
}

/// Reads the group off the indices of the scale.
bool WeightUse::findGroup() {
  group = depth;
  groupExpr = getAffineConstantExpr(0, n.getContext());
  for (AffineExpr index : element.scale->indices) {
    if (!index.isFunctionOfDim(1))
      continue;
    auto quotient = dyn_cast<AffineBinaryOpExpr>(index);
    if (!quotient || quotient.getKind() != AffineExprKind::FloorDiv ||
        quotient.getLHS() != k)
      return false;
    auto size = dyn_cast<AffineConstantExpr>(quotient.getRHS());
    if (!size)
      return false;
    group = size.getValue();
    groupExpr = index;
  }
  // One scale for all columns has no place in panels.
  return llvm::any_of(element.scale->indices, [](AffineExpr index) {
    return index.isFunctionOfDim(0);
  });
}

/// The layout that suits the kernel for these types; none for types without
/// one.
std::optional<PanelLayout> chooseLayout(const Contraction &contraction,
                                        const WeightUse &use,
                                        const VectorUnit &unit) {
  using Kind = PanelLayout::Kind;
  RegisterTile tile = unit.tile();
  Type rows = contraction.elementOf(contraction.a);
  Type stored = use.element.stored.value.getElementType();
  bool pairs = unit.bf16Dot && rows.isBF16() && use.depth % 2 == 0;
  if (!use.element.scale) {
    if (stored != contraction.elementOf(contraction.b))
      return std::nullopt;
    pairs &= stored.isBF16();
    if (unit.hasHalves(rows, stored, use.depth, /*digitDepth=*/0))
      return PanelLayout{pairs ? Kind::PairHalves : Kind::Halves, tile.columns};
    return PanelLayout{pairs ? Kind::Pairs : Kind::Plain, tile.columns};
  }
  Type scale = use.element.scale->value.getElementType();
  if (!scale.isF32() && !scale.isBF16() && !scale.isF16())
    return std::nullopt;
  bool isEven = use.depth % 2 == 0 && use.group % 2 == 0;
  if (stored.isInteger(8)) {
    CodeFormat codes{8, *use.element.isSigned, use.group};
    int64_t digitDepth = use.element.zero ? 0 : codes.digitDepth(use.depth);
    if (unit.hasHalves(rows, stored, use.depth, digitDepth))
      return PanelLayout{Kind::PairHalves, tile.columns};
    return PanelLayout{pairs && isEven ? Kind::Pairs : Kind::Plain,
                       tile.columns};
  }
  PanelLayout nibbles{Kind::Nibbles, tile.columns, tile.lanes,
                      stored.getIntOrFloatBitWidth()};
  if ((stored.isInteger(4) || stored.isInteger(2)) &&
      use.depth % nibbles.depth() == 0 && use.group % nibbles.depth() == 0)
    return nibbles;
  return std::nullopt;
}

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

/// Makes one m dimension of several: a tile then never ends early between two
/// small ones.
linalg::GenericOp joinRows(const Contraction &contraction) {
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

/// Builds the operands of a packed contraction.
class Packer {
public:
  Packer(linalg::GenericOp op, const Contraction &contraction,
         const WeightUse &use)
      : builder(op), loc(op.getLoc()), contraction(contraction), use(use) {}

  /// One more operand: `place` in `layout`, with `inner` in place of k.
  bool add(const WeightPlace &place, const PanelLayout &layout,
           AffineExpr inner, int64_t innerSize);

  SmallVector<Value> values;
  SmallVector<AffineMap> maps;

private:
  Value slabAt(ElementsAttr packed, ArrayRef<AffineExpr> lead);

  OpBuilder builder;
  Location loc;
  const Contraction &contraction;
  const WeightUse &use;
};

bool Packer::add(const WeightPlace &place, const PanelLayout &layout,
                 AffineExpr inner, int64_t innerSize) {
  // [lead..., batch..., x, y] with x and y in the order that leaves the fewest
  // transpositions: a transposed weight is often transposed back by this.
  auto ordered = [&](bool nIsLast) {
    SmallVector<Axis> axes(use.batch);
    Axis n{use.n, use.columns}, k{inner, innerSize};
    axes.append({nIsLast ? k : n, nIsLast ? n : k});
    return slabOf(place, axes);
  };
  bool nIsLast = false;
  std::optional<WeightSlab> slab = ordered(nIsLast);
  if (!slab)
    return false;
  if (isa<TransposeAttr>(slab->value) &&
      !isa<TransposeAttr>(ordered(true)->value)) {
    nIsLast = true;
    slab = ordered(nIsLast);
  }
  values.push_back(slabAt(layout.pack(slab->value, nIsLast), slab->lead));

  MLIRContext *context = builder.getContext();
  linalg::GenericOp op = contraction.op;
  SmallVector<AffineExpr> exprs;
  for (unsigned dim : contraction.batch)
    exprs.push_back(getAffineDimExpr(dim, context));
  SmallVector<AffineExpr> loops = {getAffineDimExpr(contraction.n, context),
                                   getAffineDimExpr(contraction.k, context)};
  exprs.append(layout.getResults(loops[0], inner.replaceDims(loops)));
  maps.push_back(AffineMap::get(op.getNumLoops(), 0, exprs, context));
  return true;
}

/// The part of a packed weight that is known at run time.
Value Packer::slabAt(ElementsAttr packed, ArrayRef<AffineExpr> lead) {
  auto type = cast<RankedTensorType>(packed.getType());
  Value whole = WeightOp::create(builder, loc, type, packed);
  if (lead.empty())
    return whole;
  SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0)),
      strides(type.getRank(), builder.getIndexAttr(1)), sizes;
  SmallVector<OpFoldResult> symbols(use.symbols.begin(), use.symbols.end());
  for (auto [offset, expr] : llvm::zip(offsets, lead))
    offset = affine::makeComposedFoldedAffineApply(
        builder, loc, AffineMap::get(0, symbols.size(), expr), symbols);
  for (auto [d, size] : llvm::enumerate(type.getShape()))
    sizes.push_back(builder.getIndexAttr(d < lead.size() ? 1 : size));
  auto slabType = RankedTensorType::get(type.getShape().drop_front(lead.size()),
                                        type.getElementType());
  return tensor::ExtractSliceOp::create(builder, loc, slabType, whole, offsets,
                                        sizes, strides);
}

/// The body of a contraction whose B is packed; `values` are those of A, B,
/// scales and zero points where there are such, and C.
void buildPackedBody(OpBuilder &builder, Location loc, ValueRange values,
                     const WeightUse &use, const PanelLayout &layout,
                     const Contraction &contraction) {
  const WeightElement &element = use.element;
  if (!element.scale)
    return buildMultiplyAccumulate(builder, loc, values);
  Type f32 = builder.getF32Type();
  auto number = [&](Value byte, int64_t group) -> Value {
    if (layout.kind == PanelLayout::Kind::Nibbles)
      byte = buildNibble(builder, loc, byte, layout, contraction.n,
                         contraction.k, group);
    if (*element.isSigned)
      return arith::SIToFPOp::create(builder, loc, f32, byte);
    return arith::UIToFPOp::create(builder, loc, f32, byte);
  };
  auto widen = [&](Value value) -> Value {
    if (value.getType() == f32)
      return value;
    return arith::ExtFOp::create(builder, loc, f32, value);
  };
  Value weight = number(values[1], /*group=*/1);
  Value zero;
  if (element.zero)
    zero = number(values[3], use.group);
  else if (element.zeroPoint != 0)
    zero = arith::ConstantOp::create(
        builder, loc,
        builder.getF32FloatAttr(static_cast<float>(element.zeroPoint)));
  if (zero)
    weight = arith::SubFOp::create(builder, loc, weight, zero);
  weight = arith::MulFOp::create(builder, loc, weight, widen(values[2]));
  Value product = arith::MulFOp::create(builder, loc, widen(values[0]), weight);
  Value sum = arith::AddFOp::create(builder, loc, values.back(), product);
  linalg::YieldOp::create(builder, loc, sum);
}

/// Replaces a contraction by one that reads panels; null, changing nothing,
/// where the weight has no such panels.
linalg::GenericOp pack(const Contraction &contraction, const WeightUse &use,
                       const PanelLayout &layout) {
  linalg::GenericOp op = contraction.op;
  const WeightElement &element = use.element;
  Packer packer(op, contraction, use);
  packer.values = {contraction.a->get()};
  packer.maps = {contraction.map(contraction.a)};
  PanelLayout plain{PanelLayout::Kind::Plain, layout.width};
  int64_t groups = element.scale ? llvm::divideCeil(use.depth, use.group) : 0;
  if (!packer.add(element.stored, layout, use.k, use.depth) ||
      (element.scale &&
       !packer.add(*element.scale, plain, use.groupExpr, groups)) ||
      (element.zero && !packer.add(*element.zero, layout.ofZeroPoints(),
                                   use.groupExpr, groups)))
    return nullptr;
  packer.maps.push_back(contraction.map(contraction.c));
  OpBuilder builder(op);
  auto packed = linalg::GenericOp::create(
      builder, op.getLoc(), op.getResultTypes(), packer.values,
      contraction.c->get(), packer.maps, op.getIteratorTypesArray(),
      [&](OpBuilder &nested, Location loc, ValueRange values) {
        buildPackedBody(nested, loc, values, use, layout, contraction);
      });
  op.replaceAllUsesWith(packed);
  op.erase();
  return packed;
}

/// Whether `tensor` is a weight or made of weights alone.
bool isOfWeights(Value tensor) {
  Operation *op = tensor.getDefiningOp();
  if (isa_and_nonnull<WeightOp>(op))
    return true;
  if (isa_and_nonnull<tensor::ExtractSliceOp, tensor::CollapseShapeOp,
                      tensor::ExpandShapeOp>(op))
    return isOfWeights(op->getOperand(0));
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  return generic && !generic.getInputs().empty() &&
         llvm::all_of(generic.getInputs(), isOfWeights);
}

/// Why the weight of `contraction` has no panels, in case it gets none; empty
/// where B is no weight.
StringRef whyWeightStays(const Contraction &contraction,
                         const VectorUnit &unit) {
  if (!isOfWeights(contraction.b->get()))
    return {};
  std::optional<WeightUse> use = WeightUse::find(contraction);
  if (!use)
    return "its elements are neither weights nor (code - zero point) * scale";
  if (chooseLayout(contraction, *use, unit))
    return "its elements lie in no order that panels can be made of";
  if (!use->element.scale)
    return "it is not stored in the type that is multiplied";
  return "panels have no place for codes, groups or scales like these";
}

struct PackWeights : moe::impl::PackWeightsPassBase<PackWeights> {
  using PackWeightsPassBase::PackWeightsPassBase;

  void runOnOperation() override {
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) { ops.push_back(op); });
    for (linalg::GenericOp op : ops)
      if (std::optional<Contraction> contraction = Contraction::match(op))
        pack(*contraction);
  }

  /// Lays out the weight of a contraction, where it has one, and says how.
  void pack(const Contraction &contraction) {
    auto options =
        remark::RemarkOpts::name("packed").category("moe-pack-weights");
    Location loc = linalg::GenericOp(contraction.op).getLoc();
    VectorUnit unit = {vectorBits, vectorRegisters, bf16Dot, bf16Tiles,
                       fetchDistance};
    if (contraction.panels)
      return;
    StringRef reason = whyWeightStays(contraction, unit);
    linalg::GenericOp packed = packWeight(contraction, unit);
    if (!packed) {
      if (!reason.empty())
        remark::missed(loc, options) << ("stays as stored: " + reason).str();
      return;
    }
    Contraction product = *Contraction::match(packed);
    int64_t bits = 0;
    for (Value tensor : packed.getInputs().drop_front()) {
      auto type = cast<RankedTensorType>(tensor.getType());
      bits += type.getNumElements() * type.getElementTypeBitWidth();
    }
    remark::passed(loc, options)
        << (product.panels.describe(product.elementOf(product.b)) + ", " +
            std::to_string(bits / 8) + " bytes");
  }
};

} // namespace

linalg::GenericOp moe::packWeight(const Contraction &contraction,
                                  const VectorUnit &unit) {
  linalg::GenericOp op = contraction.op;
  if (contraction.panels || !op.hasPureTensorSemantics())
    return nullptr;
  std::optional<WeightUse> use = WeightUse::find(contraction);
  if (!use)
    return nullptr;
  std::optional<PanelLayout> layout = chooseLayout(contraction, *use, unit);
  if (!layout)
    return nullptr;
  op = joinRows(contraction);
  return pack(*Contraction::match(op), *use, *layout);
}
