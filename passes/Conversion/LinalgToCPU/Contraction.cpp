// Recognises contractions and lays out their weights.
#include "Contraction.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AffineExpr.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::support;

RegisterTile RegisterTile::get(unsigned vectorBits, unsigned vectorRegisters) {
  int64_t lanes = vectorBits / 32;
  if (vectorRegisters >= 32)
    return {6, 4 * lanes, lanes};
  return {vectorBits >= 256 ? 6 : 4, 2 * lanes, lanes};
}

std::optional<unsigned> moe::positionOf(AffineMap map, unsigned dim) {
  for (auto [position, expr] : llvm::enumerate(map.getResults()))
    if (expr == getAffineDimExpr(dim, map.getContext()))
      return position;
  return std::nullopt;
}

SmallVector<AffineExpr> PanelLayout::getResults(AffineExpr n,
                                                AffineExpr k) const {
  if (pair == 1)
    return {n.floorDiv(width), k, n % width};
  return {n.floorDiv(width), k.floorDiv(pair), n % width, k % pair};
}

ElementsAttr PanelLayout::pack(ElementsAttr value, bool nIsLast) const {
  SmallVector<int64_t> shape(value.getShapedType().getShape());
  size_t lead = shape.size() - 2;
  size_t n = nIsLast ? lead + 1 : lead, k = nIsLast ? lead : lead + 1;
  assert(shape[k] % pair == 0 && "no pairs of an odd depth");
  shape[n] = llvm::alignTo(shape[n], width);
  value = padWeight(value, shape);

  // n and k become two dimensions each: which, and which side by side. Without
  // pairs k stays one.
  SmallVector<int64_t> parts(shape.begin(), shape.begin() + lead);
  SmallVector<int64_t> permutation =
      llvm::to_vector(llvm::seq<int64_t>(0, lead));
  SmallVector<int64_t> nParts, kParts;
  for (size_t dim : {lead, lead + 1}) {
    SmallVector<int64_t> &places = dim == n ? nParts : kParts;
    int64_t inner = dim == n ? width : pair;
    places.push_back(parts.size());
    parts.push_back(shape[dim] / inner);
    if (inner == 1)
      continue;
    places.push_back(parts.size());
    parts.push_back(inner);
  }
  permutation.append({nParts[0], kParts[0], nParts[1]});
  permutation.append(kParts.begin() + 1, kParts.end());
  return transposeWeight(reshapeWeight(value, parts), permutation);
}

/// The value that is widened to f32, or `value` itself.
static Value lookThroughWidening(Value value) {
  auto widened = value.getDefiningOp<arith::ExtFOp>();
  return widened ? widened.getIn() : value;
}

/// True for the body `c + a * b` of two inputs and one output, the inputs
/// widened where they are narrower.
static bool isMultiplyAccumulate(linalg::GenericOp op) {
  Block *body = op.getBody();
  auto sum =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum)
    return false;
  Value accumulator = body->getArgument(2);
  Value other = sum.getLhs() == accumulator ? sum.getRhs() : sum.getLhs();
  if (sum.getLhs() != accumulator && sum.getRhs() != accumulator)
    return false;
  auto product = other.getDefiningOp<arith::MulFOp>();
  if (!product)
    return false;
  Value left = lookThroughWidening(product.getLhs());
  Value right = lookThroughWidening(product.getRhs());
  Value x = body->getArgument(0), y = body->getArgument(1);
  return (left == x && right == y) || (left == y && right == x);
}

/// The layout that the last results of `map` describe, for loops `n` and `k`.
static PanelLayout matchPanels(AffineMap map, unsigned n, unsigned k) {
  AffineExpr nExpr = getAffineDimExpr(n, map.getContext());
  AffineExpr kExpr = getAffineDimExpr(k, map.getContext());
  for (int64_t pair : {1, 2}) {
    size_t count = PanelLayout{0, pair}.rank();
    if (map.getNumResults() < count)
      continue;
    ArrayRef<AffineExpr> last = map.getResults().take_back(count);
    auto panel = dyn_cast<AffineBinaryOpExpr>(last.front());
    if (!panel || panel.getKind() != AffineExprKind::FloorDiv)
      continue;
    auto width = dyn_cast<AffineConstantExpr>(panel.getRHS());
    if (!width)
      continue;
    PanelLayout layout{width.getValue(), pair};
    if (last == ArrayRef(layout.getResults(nExpr, kExpr)) &&
        llvm::all_of(map.getResults().drop_back(count),
                     llvm::IsaPred<AffineDimExpr>))
      return layout;
  }
  return {};
}

std::optional<Contraction> Contraction::match(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      !isMultiplyAccumulate(op))
    return std::nullopt;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    Type type = getElementTypeOrSelf(operand->get().getType());
    if (!type.isF32() && !type.isBF16() && !type.isF16())
      return std::nullopt;
  }
  if (!getElementTypeOrSelf(op.getDpsInits()[0].getType()).isF32())
    return std::nullopt;

  Contraction result;
  result.op = op;
  result.c = op.getDpsInitOperand(0);
  AffineMap c = op.getMatchingIndexingMap(result.c);
  if (!c.isProjectedPermutation() || c.getNumResults() == 0)
    return std::nullopt;
  unsigned n = cast<AffineDimExpr>(c.getResults().back()).getPosition();
  OpOperand *left = op.getDpsInputOperand(0), *right = op.getDpsInputOperand(1);
  auto uses = [&](OpOperand *operand, unsigned dim) {
    return op.getMatchingIndexingMap(operand).isFunctionOfDim(dim);
  };
  if (uses(left, n) == uses(right, n))
    return std::nullopt;
  result.a = uses(left, n) ? right : left;
  result.b = uses(left, n) ? left : right;
  result.n = n;

  std::optional<unsigned> k;
  for (auto [dim, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    bool inA = uses(result.a, dim), inB = uses(result.b, dim),
         inC = c.isFunctionOfDim(dim);
    if (kind == utils::IteratorType::reduction) {
      if (k || !inA || !inB || inC)
        return std::nullopt;
      k = dim;
    } else if (dim != n) {
      if (!inA || !inC)
        return std::nullopt;
      (inB ? result.batch : result.m).push_back(dim);
    }
  }
  if (!k || result.m.empty())
    return std::nullopt;
  result.k = *k;
  if (!result.map(result.a).isProjectedPermutation())
    return std::nullopt;
  AffineMap b = result.map(result.b);
  if (b.isProjectedPermutation())
    return result;
  result.panels = matchPanels(b, result.n, result.k);
  if (!result.panels)
    return std::nullopt;
  return result;
}
