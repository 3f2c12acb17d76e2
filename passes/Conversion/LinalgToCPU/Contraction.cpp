// Recognises contractions.
#include "Contraction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AffineExpr.h"

using namespace mlir;
using namespace moe;

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

/// True for the body `c + a * b` of two inputs and one output.
static bool isMultiplyAccumulate(linalg::GenericOp op) {
  Block *body = op.getBody();
  if (!llvm::hasNItems(body->getOperations(), 3))
    return false;
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
  Value x = body->getArgument(0), y = body->getArgument(1);
  return (product.getLhs() == x && product.getRhs() == y) ||
         (product.getLhs() == y && product.getRhs() == x);
}

/// The panel width of a map that ends in (n floordiv w, k, n mod w), with n and
/// k in `n` and `k`; 0 for another map.
static int64_t packedPanel(AffineMap map, unsigned &n, unsigned &k) {
  unsigned count = map.getNumResults();
  if (count < 3)
    return 0;
  auto quotient = dyn_cast<AffineBinaryOpExpr>(map.getResult(count - 3));
  auto middle = dyn_cast<AffineDimExpr>(map.getResult(count - 2));
  auto remainder = dyn_cast<AffineBinaryOpExpr>(map.getResult(count - 1));
  if (!quotient || !middle || !remainder ||
      quotient.getKind() != AffineExprKind::FloorDiv ||
      remainder.getKind() != AffineExprKind::Mod ||
      quotient.getLHS() != remainder.getLHS() ||
      quotient.getRHS() != remainder.getRHS())
    return 0;
  auto dim = dyn_cast<AffineDimExpr>(quotient.getLHS());
  auto width = dyn_cast<AffineConstantExpr>(quotient.getRHS());
  if (!dim || !width)
    return 0;
  n = dim.getPosition();
  k = middle.getPosition();
  return width.getValue();
}

std::optional<Contraction> Contraction::match(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      !isMultiplyAccumulate(op))
    return std::nullopt;
  for (Value operand : op->getOperands())
    if (!getElementTypeOrSelf(operand.getType()).isF32())
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
  unsigned packedN = 0, packedK = 0;
  result.panel = packedPanel(b, packedN, packedK);
  if (result.panel == 0 || packedN != result.n || packedK != result.k)
    return std::nullopt;
  for (AffineExpr expr : b.getResults().drop_back(3))
    if (!isa<AffineDimExpr>(expr))
      return std::nullopt;
  return result;
}
