// Follows elements of tensors back to weights.
#include "WeightElement.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace moe;

namespace {

/// A walk from one element of a tensor towards weights, through views of
/// tensors and the bodies of elementwise ops.
class ElementFinder {
public:
  explicit ElementFinder(SmallVectorImpl<Value> &symbols) : symbols(symbols) {}

  std::optional<WeightElement> find(Value tensor, ArrayRef<AffineExpr> indices);

private:
  using Indices = SmallVector<AffineExpr>;

  AffineExpr constant(int64_t value, Value of) {
    return getAffineConstantExpr(value, of.getContext());
  }
  std::optional<AffineExpr> expressionOf(OpFoldResult value, Value of);
  std::optional<Indices> sliced(tensor::ExtractSliceOp op,
                                ArrayRef<AffineExpr> indices);
  Indices collapsed(tensor::CollapseShapeOp op, ArrayRef<AffineExpr> indices);
  Indices expanded(tensor::ExpandShapeOp op, ArrayRef<AffineExpr> indices);
  std::optional<WeightElement> scalar(Value value, linalg::GenericOp op,
                                      ArrayRef<AffineExpr> loops);
  std::optional<WeightElement> difference(WeightElement number, Value other,
                                          linalg::GenericOp op,
                                          ArrayRef<AffineExpr> loops);
  std::optional<WeightElement> product(Value lhs, Value rhs,
                                       linalg::GenericOp op,
                                       ArrayRef<AffineExpr> loops);

  SmallVectorImpl<Value> &symbols;
};

/// True for codes that are numbers but have no zero point or scale yet.
bool isPlainNumber(const WeightElement &element) {
  return element.isSigned && !element.zero && element.zeroPoint == 0 &&
         !element.scale;
}

/// `number` - `zero`. A zero point that is no code would give differences of
/// more bits than kernels hold.
std::optional<WeightElement> subtractZero(WeightElement number, int64_t zero) {
  unsigned bits = number.stored.value.getElementType().getIntOrFloatBitWidth();
  bool isCode = *number.isSigned ? llvm::isIntN(bits, zero)
                                 : zero >= 0 && llvm::isUIntN(bits, zero);
  if (!isCode)
    return std::nullopt;
  number.zeroPoint = zero;
  return number;
}

/// True for a float as it is stored.
bool isStoredFloat(const WeightElement &element) {
  return isa<FloatType>(element.stored.value.getElementType());
}

std::optional<AffineExpr> ElementFinder::expressionOf(OpFoldResult value,
                                                      Value of) {
  if (std::optional<int64_t> known = getConstantIntValue(value))
    return constant(*known, of);
  auto *found = llvm::find(symbols, cast<Value>(value));
  unsigned position = found - symbols.begin();
  if (found == symbols.end())
    symbols.push_back(cast<Value>(value));
  return getAffineSymbolExpr(position, of.getContext());
}

std::optional<ElementFinder::Indices>
ElementFinder::sliced(tensor::ExtractSliceOp op, ArrayRef<AffineExpr> indices) {
  Indices source;
  llvm::SmallBitVector dropped = op.getDroppedDims();
  size_t next = 0;
  for (auto [d, offset, stride] :
       llvm::enumerate(op.getMixedOffsets(), op.getMixedStrides())) {
    std::optional<int64_t> step = getConstantIntValue(stride);
    if (!step)
      return std::nullopt;
    AffineExpr index = *expressionOf(offset, op.getResult());
    if (!dropped.test(d))
      index = index + indices[next++] * *step;
    source.push_back(index);
  }
  return source;
}

ElementFinder::Indices ElementFinder::collapsed(tensor::CollapseShapeOp op,
                                                ArrayRef<AffineExpr> indices) {
  ArrayRef<int64_t> shape = op.getSrcType().getShape();
  Indices source(shape.size());
  for (auto [index, group] :
       llvm::zip_equal(indices, op.getReassociationIndices())) {
    AffineExpr rest = index;
    int64_t left =
        llvm::count_if(group, [&](int64_t dim) { return shape[dim] != 1; });
    for (int64_t dim : llvm::reverse(group)) {
      if (shape[dim] == 1) {
        source[dim] = constant(0, op.getResult());
      } else if (--left == 0) {
        source[dim] = rest;
      } else {
        source[dim] = rest % shape[dim];
        rest = rest.floorDiv(shape[dim]);
      }
    }
  }
  return source;
}

ElementFinder::Indices ElementFinder::expanded(tensor::ExpandShapeOp op,
                                               ArrayRef<AffineExpr> indices) {
  ArrayRef<int64_t> shape = op.getResultType().getShape();
  Indices source;
  for (const ReassociationIndices &group : op.getReassociationIndices()) {
    AffineExpr index = constant(0, op.getResult());
    for (int64_t dim : group)
      if (shape[dim] != 1)
        index = index * shape[dim] + indices[dim];
    source.push_back(index);
  }
  return source;
}

std::optional<WeightElement> ElementFinder::find(Value tensor,
                                                 ArrayRef<AffineExpr> indices) {
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (ElementsAttr value = support::matchWeight(tensor))
    return WeightElement{{value, llvm::to_vector(indices)},
                         std::nullopt,
                         std::nullopt,
                         0,
                         std::nullopt};
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    std::optional<Indices> source = sliced(slice, indices);
    return source ? find(slice.getSource(), *source) : std::nullopt;
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return find(cast.getSource(), indices);
  auto isStatic = [](Value value) {
    return ::cast<RankedTensorType>(value.getType()).hasStaticShape();
  };
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return isStatic(collapse.getSrc())
               ? find(collapse.getSrc(), collapsed(collapse, indices))
               : std::nullopt;
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return isStatic(expand.getResult())
               ? find(expand.getSrc(), expanded(expand, indices))
               : std::nullopt;
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic.getNumResults() != 1 ||
      generic.getNumParallelLoops() != generic.getNumLoops())
    return std::nullopt;
  AffineMap out = generic.getIndexingMapsArray().back();
  if (!out.isPermutation())
    return std::nullopt;
  Indices loops(generic.getNumLoops());
  for (auto [position, expr] : llvm::enumerate(out.getResults()))
    loops[::cast<AffineDimExpr>(expr).getPosition()] = indices[position];
  return scalar(generic.getBody()->getTerminator()->getOperand(0), generic,
                loops);
}

/// A value in the body of `op` at indices `loops`.
std::optional<WeightElement> ElementFinder::scalar(Value value,
                                                   linalg::GenericOp op,
                                                   ArrayRef<AffineExpr> loops) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (argument.getOwner() != op.getBody() ||
        argument.getArgNumber() >= op.getNumDpsInputs())
      return std::nullopt;
    OpOperand *operand = op.getDpsInputOperand(argument.getArgNumber());
    if (!isa<RankedTensorType>(operand->get().getType()))
      return std::nullopt;
    Indices indices;
    for (AffineExpr expr : op.getMatchingIndexingMap(operand).getResults())
      indices.push_back(expr.replaceDims(loops));
    return find(operand->get(), indices);
  }
  Operation *definition = value.getDefiningOp();
  if (!definition || definition->getBlock() != op.getBody())
    return std::nullopt;
  if (isa<arith::ExtFOp>(definition)) {
    std::optional<WeightElement> element =
        scalar(definition->getOperand(0), op, loops);
    return element && isStoredFloat(*element) ? element : std::nullopt;
  }
  if (isa<arith::ExtSIOp, arith::SIToFPOp, arith::ExtUIOp, arith::UIToFPOp>(
          definition)) {
    std::optional<WeightElement> element =
        scalar(definition->getOperand(0), op, loops);
    bool isSigned = isa<arith::ExtSIOp, arith::SIToFPOp>(definition);
    if (!element || isStoredFloat(*element) || element->scale)
      return std::nullopt;
    // Further conversions are of wide integers, which hold all differences.
    bool isWide = element->isSigned.has_value();
    if (isWide && !isSigned && (element->zero || element->zeroPoint != 0))
      return std::nullopt;
    if (!isWide)
      element->isSigned = isSigned;
    return element;
  }
  if (auto sub = dyn_cast<arith::SubIOp>(definition))
    if (auto number = scalar(sub.getLhs(), op, loops))
      return difference(*number, sub.getRhs(), op, loops);
  if (auto sub = dyn_cast<arith::SubFOp>(definition))
    if (auto number = scalar(sub.getLhs(), op, loops))
      return difference(*number, sub.getRhs(), op, loops);
  // An integer constant is subtracted by adding.
  APInt constant;
  if (auto add = dyn_cast<arith::AddIOp>(definition);
      add && matchPattern(add.getRhs(), m_ConstantInt(&constant)))
    if (auto number = scalar(add.getLhs(), op, loops);
        number && isPlainNumber(*number))
      return subtractZero(*number, -constant.getSExtValue());
  if (auto mul = dyn_cast<arith::MulFOp>(definition)) {
    if (auto found = product(mul.getLhs(), mul.getRhs(), op, loops))
      return found;
    return product(mul.getRhs(), mul.getLhs(), op, loops);
  }
  return std::nullopt;
}

/// `number` - `other`.
std::optional<WeightElement>
ElementFinder::difference(WeightElement number, Value other,
                          linalg::GenericOp op, ArrayRef<AffineExpr> loops) {
  if (!isPlainNumber(number))
    return std::nullopt;
  APInt integer;
  APFloat real(0.0f);
  if (matchPattern(other, m_ConstantInt(&integer)))
    return subtractZero(number, integer.getSExtValue());
  if (matchPattern(other, m_ConstantFloat(&real))) {
    llvm::APSInt zero(/*BitWidth=*/64, /*isUnsigned=*/false);
    bool isExact;
    real.convertToInteger(zero, APFloat::rmTowardZero, &isExact);
    return isExact ? subtractZero(number, zero.getSExtValue()) : std::nullopt;
  }
  std::optional<WeightElement> zero = scalar(other, op, loops);
  if (!zero || !isPlainNumber(*zero) || zero->isSigned != number.isSigned)
    return std::nullopt;
  number.zero = zero->stored;
  return number;
}

/// `lhs` * `rhs`, a number by its scale.
std::optional<WeightElement>
ElementFinder::product(Value lhs, Value rhs, linalg::GenericOp op,
                       ArrayRef<AffineExpr> loops) {
  std::optional<WeightElement> number = scalar(lhs, op, loops);
  if (!number || !number->isSigned || number->scale)
    return std::nullopt;
  std::optional<WeightElement> scale = scalar(rhs, op, loops);
  if (!scale || !isStoredFloat(*scale))
    return std::nullopt;
  number->scale = scale->stored;
  return number;
}

} // namespace

std::optional<WeightElement>
WeightElement::find(Value tensor, ArrayRef<AffineExpr> indices,
                    SmallVectorImpl<Value> &symbols) {
  return ElementFinder(symbols).find(tensor, indices);
}
