// Folding: identities, rearrangements of constant weights (no bytes are read),
// and the arithmetic on small integer tensors that computes shapes.
#include "Verification.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "moe/Dialect/Support/MoESupport.h"

using namespace mlir;
using namespace moe::stablehlo;
using namespace moe::support;

//===----------------------------------------------------------------------===//
// Small constants
//===----------------------------------------------------------------------===//

/// Tensors of shape arithmetic have a few elements; larger ones are data.
static constexpr int64_t maxFoldedElements = 64;

static bool isSmall(ShapedType type) {
  std::optional<int64_t> count = countElements(type);
  return count && *count <= maxFoldedElements;
}

/// The elements of a small dense constant of integers or i1.
static std::optional<SmallVector<APInt>> smallInts(Attribute attr) {
  auto dense = dyn_cast_or_null<DenseIntElementsAttr>(attr);
  if (!dense || !isSmall(dense.getType()))
    return std::nullopt;
  return SmallVector<APInt>(dense.value_begin<APInt>(),
                            dense.value_end<APInt>());
}

static DenseElementsAttr intConstant(Type type, ArrayRef<APInt> values) {
  return DenseElementsAttr::get(cast<ShapedType>(type), values);
}

template <typename Fn>
static OpFoldResult foldInts(Attribute lhsAttr, Attribute rhsAttr, Type type,
                             Fn &&fn) {
  auto shaped = cast<ShapedType>(type);
  std::optional<SmallVector<APInt>> lhs = smallInts(lhsAttr);
  std::optional<SmallVector<APInt>> rhs = smallInts(rhsAttr);
  if (!shaped.hasStaticShape() || !lhs || !rhs || lhs->size() != rhs->size())
    return {};
  SmallVector<APInt> values;
  for (auto [a, b] : llvm::zip_equal(*lhs, *rhs))
    values.push_back(fn(a, b));
  return intConstant(type, values);
}

/// True where all elements of the constant equal `value`; one read suffices for
/// a splat, small ones are compared.
static bool isAll(Attribute attr, int64_t value) {
  auto dense = dyn_cast_or_null<DenseIntElementsAttr>(attr);
  if (!dense || dense.empty())
    return false;
  auto equals = [&](const APInt &element) {
    return element == APInt(element.getBitWidth(), value, /*isSigned=*/true,
                            /*implicitTrunc=*/true);
  };
  if (dense.isSplat())
    return equals(dense.getSplatValue<APInt>());
  std::optional<SmallVector<APInt>> values = smallInts(attr);
  return values && llvm::all_of(*values, equals);
}

static bool isUnsigned(Type type) {
  return getElementTypeOrSelf(type).isUnsignedInteger();
}

static bool isPred(Type type) {
  return getElementTypeOrSelf(type).isInteger(1);
}

//===----------------------------------------------------------------------===//
// Element-wise
//===----------------------------------------------------------------------===//

OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  if (isAll(adaptor.getRhs(), 0) && getLhs().getType() == getType())
    return getLhs();
  bool pred = isPred(getType());
  return foldInts(
      adaptor.getLhs(), adaptor.getRhs(), getType(),
      [&](const APInt &a, const APInt &b) { return pred ? a | b : a + b; });
}

OpFoldResult SubtractOp::fold(FoldAdaptor adaptor) {
  if (isAll(adaptor.getRhs(), 0) && getLhs().getType() == getType())
    return getLhs();
  return foldInts(adaptor.getLhs(), adaptor.getRhs(), getType(),
                  [](const APInt &a, const APInt &b) { return a - b; });
}

OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  if (isAll(adaptor.getRhs(), 1) && getLhs().getType() == getType())
    return getLhs();
  return foldInts(adaptor.getLhs(), adaptor.getRhs(), getType(),
                  [](const APInt &a, const APInt &b) { return a * b; });
}

OpFoldResult DivOp::fold(FoldAdaptor adaptor) {
  if (isAll(adaptor.getRhs(), 1) && getLhs().getType() == getType())
    return getLhs();
  return foldInts(adaptor.getLhs(), adaptor.getRhs(), getType(),
                  [&](const APInt &a, const APInt &b) {
                    if (b.isZero())
                      return APInt::getAllOnes(a.getBitWidth());
                    return isUnsigned(getType()) ? a.udiv(b) : a.sdiv(b);
                  });
}

OpFoldResult RemOp::fold(FoldAdaptor adaptor) {
  return foldInts(adaptor.getLhs(), adaptor.getRhs(), getType(),
                  [&](const APInt &a, const APInt &b) {
                    if (b.isZero())
                      return a;
                    return isUnsigned(getType()) ? a.urem(b) : a.srem(b);
                  });
}

OpFoldResult MaxOp::fold(FoldAdaptor adaptor) {
  bool isUnsignedMax = isUnsigned(getType()) || isPred(getType());
  return foldInts(adaptor.getLhs(), adaptor.getRhs(), getType(),
                  [&](const APInt &a, const APInt &b) {
                    return (isUnsignedMax ? a.uge(b) : a.sge(b)) ? a : b;
                  });
}

OpFoldResult MinOp::fold(FoldAdaptor adaptor) {
  bool isUnsignedMin = isUnsigned(getType()) || isPred(getType());
  return foldInts(adaptor.getLhs(), adaptor.getRhs(), getType(),
                  [&](const APInt &a, const APInt &b) {
                    return (isUnsignedMin ? a.ule(b) : a.sle(b)) ? a : b;
                  });
}

OpFoldResult AndOp::fold(FoldAdaptor adaptor) {
  if (isAll(adaptor.getRhs(), -1) && getLhs().getType() == getType())
    return getLhs();
  return foldInts(adaptor.getLhs(), adaptor.getRhs(), getType(),
                  [](const APInt &a, const APInt &b) { return a & b; });
}

OpFoldResult OrOp::fold(FoldAdaptor adaptor) {
  if (isAll(adaptor.getRhs(), 0) && getLhs().getType() == getType())
    return getLhs();
  return foldInts(adaptor.getLhs(), adaptor.getRhs(), getType(),
                  [](const APInt &a, const APInt &b) { return a | b; });
}

OpFoldResult XorOp::fold(FoldAdaptor adaptor) {
  return foldInts(adaptor.getLhs(), adaptor.getRhs(), getType(),
                  [](const APInt &a, const APInt &b) { return a ^ b; });
}

OpFoldResult CompareOp::fold(FoldAdaptor adaptor) {
  Type operandType = getLhs().getType();
  bool isUnsignedCompare = isUnsigned(operandType) || isPred(operandType);
  return foldInts(adaptor.getLhs(), adaptor.getRhs(), getType(),
                  [&](const APInt &a, const APInt &b) {
                    bool less = isUnsignedCompare ? a.ult(b) : a.slt(b);
                    bool holds = false;
                    switch (getComparisonDirection()) {
                    case ComparisonDirection::EQ:
                      holds = a == b;
                      break;
                    case ComparisonDirection::NE:
                      holds = a != b;
                      break;
                    case ComparisonDirection::GE:
                      holds = !less;
                      break;
                    case ComparisonDirection::GT:
                      holds = !less && a != b;
                      break;
                    case ComparisonDirection::LE:
                      holds = less || a == b;
                      break;
                    case ComparisonDirection::LT:
                      holds = less;
                      break;
                    }
                    return APInt(1, holds);
                  });
}

OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  if (getOnTrue() == getOnFalse() && getOnTrue().getType() == getType())
    return getOnTrue();
  for (auto [value, chosen] : {std::pair<int64_t, Value>{-1, getOnTrue()},
                               std::pair<int64_t, Value>{0, getOnFalse()}})
    if (isAll(adaptor.getPred(), value) && chosen.getType() == getType())
      return chosen;
  std::optional<SmallVector<APInt>> pred = smallInts(adaptor.getPred());
  std::optional<SmallVector<APInt>> onTrue = smallInts(adaptor.getOnTrue());
  std::optional<SmallVector<APInt>> onFalse = smallInts(adaptor.getOnFalse());
  if (!pred || !onTrue || !onFalse || pred->size() != onTrue->size() ||
      onTrue->size() != onFalse->size() ||
      !cast<ShapedType>(getType()).hasStaticShape())
    return {};
  SmallVector<APInt> values;
  for (auto [p, a, b] : llvm::zip_equal(*pred, *onTrue, *onFalse))
    values.push_back(p.isZero() ? b : a);
  return intConstant(getType(), values);
}

/// Weights in a type that takes no more room; small constants in any. Types of
/// fewer than 16 bits have rules of their own for what they cannot hold.
static OpFoldResult foldRounding(Attribute operand, ShapedType type,
                                 FloatType element) {
  auto value = dyn_cast_or_null<ElementsAttr>(operand);
  auto from = value ? dyn_cast<FloatType>(value.getElementType()) : FloatType();
  if (!from || !type.hasStaticShape() || element.getWidth() < 16 ||
      (from.getWidth() < element.getWidth() && !isSmall(type)))
    return {};
  return convertWeight(value, element);
}

OpFoldResult ConvertOp::fold(FoldAdaptor adaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  auto type = cast<ShapedType>(getType());
  if (auto real = dyn_cast<FloatType>(type.getElementType()))
    return foldRounding(adaptor.getOperand(), type, real);
  std::optional<SmallVector<APInt>> values = smallInts(adaptor.getOperand());
  auto element = dyn_cast<IntegerType>(type.getElementType());
  if (!values || !element || !type.hasStaticShape())
    return {};
  Type from = getOperand().getType();
  bool zeroExtend = isUnsigned(from) || isPred(from);
  for (APInt &value : *values) {
    if (element.getWidth() == 1)
      value = APInt(1, !value.isZero());
    else
      value = zeroExtend ? value.zextOrTrunc(element.getWidth())
                         : value.sextOrTrunc(element.getWidth());
  }
  return intConstant(type, *values);
}

//===----------------------------------------------------------------------===//
// Rearrangements of constants
//===----------------------------------------------------------------------===//

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValueAttr(); }

/// A dense constant of `type` whose element i is element `source(i)` of `from`,
/// for splats and small results.
static DenseElementsAttr
rearrange(DenseElementsAttr from, ShapedType type,
          function_ref<int64_t(ArrayRef<int64_t>)> source) {
  if (!type.hasStaticShape())
    return {};
  if (from.isSplat())
    return from.resizeSplat(type);
  if (!isSmall(type) || !isSmall(from.getType()))
    return {};
  SmallVector<Attribute> elements(from.value_begin<Attribute>(),
                                  from.value_end<Attribute>());
  SmallVector<Attribute> values;
  SmallVector<int64_t> strides = computeStrides(type.getShape());
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
    values.push_back(elements[source(delinearize(i, strides))]);
  return DenseElementsAttr::get(type, values);
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  auto value = dyn_cast_or_null<ElementsAttr>(adaptor.getOperand());
  if (!value)
    return {};
  return reshapeWeight(value, cast<ShapedType>(getType()).getShape());
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  ArrayRef<int64_t> permutation = getPermutation();
  if (isIdentityPermutation(permutation) && getOperand().getType() == getType())
    return getOperand();
  auto value = dyn_cast_or_null<ElementsAttr>(adaptor.getOperand());
  auto type = cast<ShapedType>(getType());
  if (!value || !type.hasStaticShape())
    return {};
  if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    SmallVector<int64_t> strides = applyPermutation(
        computeStrides(dense.getType().getShape()), permutation);
    if (DenseElementsAttr folded =
            rearrange(dense, type, [&](ArrayRef<int64_t> index) {
              return linearize(index, strides);
            }))
      return folded;
  }
  return transposeWeight(value, permutation);
}

OpFoldResult BroadcastInDimOp::fold(FoldAdaptor adaptor) {
  ArrayRef<int64_t> dims = getBroadcastDimensions();
  if (getOperand().getType() == getType() && llvm::is_sorted(dims))
    return getOperand();
  auto dense = dyn_cast_or_null<DenseElementsAttr>(adaptor.getOperand());
  if (!dense)
    return {};
  ArrayRef<int64_t> shape = dense.getType().getShape();
  SmallVector<int64_t> strides = computeStrides(shape);
  return rearrange(dense, cast<ShapedType>(getType()),
                   [&](ArrayRef<int64_t> index) {
                     int64_t source = 0;
                     for (auto [dim, size] : llvm::enumerate(shape))
                       if (size != 1)
                         source += index[dims[dim]] * strides[dim];
                     return source;
                   });
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  RankedTensorType type = getResult().getType();
  // Only a whole operand has a static size that the slice keeps.
  if (getOperand().getType() == type && type.hasStaticShape())
    return getOperand();
  auto value = dyn_cast_or_null<ElementsAttr>(adaptor.getOperand());
  if (!value || !type.hasStaticShape())
    return {};
  ArrayRef<int64_t> starts = getStartIndices(), steps = getStrides();
  if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    SmallVector<int64_t> strides = computeStrides(dense.getType().getShape());
    if (DenseElementsAttr folded =
            rearrange(dense, type, [&](ArrayRef<int64_t> index) {
              int64_t source = 0;
              for (auto [dim, i] : llvm::enumerate(index))
                source += (starts[dim] + i * steps[dim]) * strides[dim];
              return source;
            }))
      return folded;
  }
  return sliceWeight(value, starts, type.getShape(), steps);
}

OpFoldResult ConcatenateOp::fold(FoldAdaptor adaptor) {
  RankedTensorType type = getResult().getType();
  if (getInputs().size() == 1 && getInputs().front().getType() == type)
    return getInputs().front();
  SmallVector<ElementsAttr> values;
  for (Attribute input : adaptor.getInputs()) {
    auto value = dyn_cast_or_null<ElementsAttr>(input);
    if (!value)
      return {};
    // Empty pieces add nothing.
    if (value.getShapedType().getDimSize(getDimension()) != 0)
      values.push_back(value);
  }
  if (!type.hasStaticShape() || values.empty())
    return {};
  bool dense = llvm::all_of(
      values, [](ElementsAttr value) { return isa<DenseElementsAttr>(value); });
  if (!dense)
    return concatWeights(values, getDimension());
  if (!isSmall(type))
    return {};
  SmallVector<int64_t> strides = computeStrides(type.getShape());
  SmallVector<Attribute> elements(type.getNumElements());
  int64_t offset = 0;
  for (ElementsAttr value : values) {
    ArrayRef<int64_t> shape = value.getShapedType().getShape();
    SmallVector<int64_t> inner = computeStrides(shape);
    for (auto [i, element] : llvm::enumerate(
             cast<DenseElementsAttr>(value).getValues<Attribute>())) {
      SmallVector<int64_t> index = delinearize(i, inner);
      index[getDimension()] += offset;
      elements[linearize(index, strides)] = element;
    }
    offset += shape[getDimension()];
  }
  return DenseElementsAttr::get(type, elements);
}

OpFoldResult GetDimensionSizeOp::fold(FoldAdaptor) {
  int64_t size = getOperand().getType().getDimSize(getDimension());
  if (ShapedType::isDynamic(size) || size > INT32_MAX)
    return {};
  return DenseElementsAttr::get(cast<ShapedType>(getType()), APInt(32, size));
}

//===----------------------------------------------------------------------===//
// Static forms of operations whose shapes turn out to be constant
//===----------------------------------------------------------------------===//

/// The elements of a constant list of extents or indices.
static std::optional<SmallVector<int64_t>> constantList(Value value) {
  DenseIntElementsAttr dense;
  if (!matchPattern(value, m_Constant(&dense)) || !isSmall(dense.getType()))
    return std::nullopt;
  bool zeroExtend = isUnsigned(dense.getType());
  SmallVector<int64_t> values;
  for (const APInt &element : dense.getValues<APInt>())
    values.push_back(zeroExtend ? static_cast<int64_t>(element.getZExtValue())
                                : element.getSExtValue());
  return values;
}

/// True where every user reads the value under any type that agrees with the
/// present one, so that its type may become more static in place.
static bool usersAcceptStaticType(Operation *op) {
  return llvm::all_of(op->getUsers(), [&](Operation *user) {
    return user->getDialect() == op->getDialect() &&
           !isa<ReturnOp, WhileOp, IfOp, CaseOp, CompositeOp, CustomCallOp,
                OptimizationBarrierOp, ConvertOp>(user) &&
           user->getNumRegions() == 0;
  });
}

/// The static type that the result of `op` may take: its own, or one of
/// `shape` where the users allow it.
static RankedTensorType
staticResultType(Operation *op, std::optional<ArrayRef<int64_t>> shape) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (type.hasStaticShape())
    return type;
  if (!shape || llvm::any_of(*shape, [](int64_t size) { return size < 0; }) ||
      !shapesAgree(type.getShape(), *shape) || !usersAcceptStaticType(op))
    return {};
  return type.clone(*shape);
}

static std::optional<ArrayRef<int64_t>>
asRef(const std::optional<SmallVector<int64_t>> &list) {
  return list ? std::optional<ArrayRef<int64_t>>(*list) : std::nullopt;
}

/// Replaces `op` by a new OpTy of `type`. The users are verified against types
/// that agree, so a more static one needs no cast.
template <typename OpTy, typename... Args>
static void replaceWith(PatternRewriter &rewriter, Operation *op,
                        RankedTensorType type, Args &&...args) {
  auto replacement =
      OpTy::create(rewriter, op->getLoc(), type, std::forward<Args>(args)...);
  rewriter.replaceAllOpUsesWith(op, replacement->getResults());
  rewriter.eraseOp(op);
}

static LogicalResult makeStatic(DynamicIotaOp op, PatternRewriter &rewriter) {
  std::optional<SmallVector<int64_t>> shape = constantList(op.getOutputShape());
  RankedTensorType type = staticResultType(op, asRef(shape));
  if (!type)
    return rewriter.notifyMatchFailure(op, "shape is not constant");
  replaceWith<IotaOp>(rewriter, op, type, op.getIotaDimensionAttr());
  return success();
}

static LogicalResult makeStatic(DynamicReshapeOp op,
                                PatternRewriter &rewriter) {
  std::optional<SmallVector<int64_t>> shape = constantList(op.getOutputShape());
  RankedTensorType type = staticResultType(op, asRef(shape));
  if (!type)
    return rewriter.notifyMatchFailure(op, "shape is not constant");
  std::optional<int64_t> count = countElements(op.getOperand().getType());
  if (!countElements(type) || (count && count != countElements(type)))
    return rewriter.notifyMatchFailure(op, "numbers of elements differ");
  replaceWith<ReshapeOp>(rewriter, op, type, op.getOperand());
  return success();
}

static LogicalResult makeStatic(DynamicBroadcastInDimOp op,
                                PatternRewriter &rewriter) {
  std::optional<SmallVector<int64_t>> shape =
      constantList(op.getOutputDimensions());
  RankedTensorType type = staticResultType(op, asRef(shape));
  if (!type)
    return rewriter.notifyMatchFailure(op, "shape is not constant");
  // A dynamic size may be 1 or the result's; the static form decides at run
  // time as well, but only where the sizes of the result agree.
  RankedTensorType from = op.getOperand().getType();
  for (auto [index, dim] : llvm::enumerate(op.getBroadcastDimensions()))
    if (from.getDimSize(index) != 1 &&
        !sizesAgree(from.getDimSize(index), type.getDimSize(dim)))
      return rewriter.notifyMatchFailure(op, "sizes do not broadcast");
  replaceWith<BroadcastInDimOp>(rewriter, op, type, op.getOperand(),
                                op.getBroadcastDimensionsAttr());
  return success();
}

static LogicalResult makeStatic(RealDynamicSliceOp op,
                                PatternRewriter &rewriter) {
  std::optional<SmallVector<int64_t>> starts =
      constantList(op.getStartIndices());
  std::optional<SmallVector<int64_t>> limits =
      constantList(op.getLimitIndices());
  std::optional<SmallVector<int64_t>> strides = constantList(op.getStrides());
  if (!starts || !limits || !strides)
    return rewriter.notifyMatchFailure(op, "bounds are not constant");
  SmallVector<int64_t> shape;
  RankedTensorType from = op.getOperand().getType();
  for (auto [start, limit, stride, size] :
       llvm::zip_equal(*starts, *limits, *strides, from.getShape())) {
    if (start < 0 || limit < start || stride <= 0 ||
        (!ShapedType::isDynamic(size) && limit > size))
      return rewriter.notifyMatchFailure(op, "bounds are outside");
    shape.push_back(limit == start ? 0 : (limit - start - 1) / stride + 1);
  }
  RankedTensorType type = staticResultType(op, ArrayRef<int64_t>(shape));
  if (!type || type.getShape() != ArrayRef<int64_t>(shape))
    return rewriter.notifyMatchFailure(op, "users need the dynamic type");
  replaceWith<SliceOp>(rewriter, op, type, op.getOperand(),
                       rewriter.getDenseI64ArrayAttr(*starts),
                       rewriter.getDenseI64ArrayAttr(*limits),
                       rewriter.getDenseI64ArrayAttr(*strides));
  return success();
}

static LogicalResult makeStatic(DynamicPadOp op, PatternRewriter &rewriter) {
  std::optional<SmallVector<int64_t>> low =
      constantList(op.getEdgePaddingLow());
  std::optional<SmallVector<int64_t>> high =
      constantList(op.getEdgePaddingHigh());
  std::optional<SmallVector<int64_t>> interior =
      constantList(op.getInteriorPadding());
  if (!low || !high || !interior ||
      llvm::any_of(*interior, [](int64_t amount) { return amount < 0; }))
    return rewriter.notifyMatchFailure(op, "amounts are not constant");
  // The static form keeps the type: sizes that do not agree stay dynamic.
  PadOp pad = PadOp::create(rewriter, op.getLoc(), op.getOperand(),
                            op.getPaddingValue(), *low, *high, *interior);
  if (!shapesAgree(pad.getType().getShape(), op.getType().getShape()) ||
      llvm::any_of(pad.getType().getShape(), [](int64_t size) {
        return size < 0 && !ShapedType::isDynamic(size);
      })) {
    rewriter.eraseOp(pad);
    return rewriter.notifyMatchFailure(op, "sizes do not agree");
  }
  pad.getResult().setType(op.getType());
  rewriter.replaceOp(op, pad);
  return success();
}

static LogicalResult makeStatic(DynamicGatherOp op, PatternRewriter &rewriter) {
  std::optional<SmallVector<int64_t>> sizes = constantList(op.getSliceSizes());
  RankedTensorType from = op.getOperand().getType();
  if (!sizes)
    return rewriter.notifyMatchFailure(op, "slice sizes are not constant");
  for (auto [size, limit] : llvm::zip_equal(*sizes, from.getShape()))
    if (size < 0 || (!ShapedType::isDynamic(limit) && size > limit))
      return rewriter.notifyMatchFailure(op, "slice sizes are outside");
  // Window sizes of the result must agree with the constants.
  GatherDimensionNumbersAttr numbers = op.getDimensionNumbers();
  auto offset = numbers.getOffsetDims().begin();
  for (auto [dim, size] : llvm::enumerate(*sizes)) {
    bool single = llvm::is_contained(numbers.getCollapsedSliceDims(), dim) ||
                  llvm::is_contained(numbers.getOperandBatchingDims(), dim);
    if (single ? size > 1
               : !sizesAgree(size, op.getType().getDimSize(*offset++)))
      return rewriter.notifyMatchFailure(op, "slice sizes do not agree");
  }
  rewriter.replaceOpWithNewOp<GatherOp>(
      op, op.getType(), op.getOperand(), op.getStartIndices(), numbers,
      rewriter.getDenseI64ArrayAttr(*sizes), op.getIndicesAreSortedAttr());
  return success();
}

#define MOE_STABLEHLO_CANONICALIZE_TO_STATIC(Op)                               \
  void Op::getCanonicalizationPatterns(RewritePatternSet &patterns,            \
                                       MLIRContext *) {                        \
    patterns.add(+[](Op op, PatternRewriter &rewriter) -> LogicalResult {      \
      return makeStatic(op, rewriter);                                         \
    });                                                                        \
  }
MOE_STABLEHLO_CANONICALIZE_TO_STATIC(DynamicIotaOp)
MOE_STABLEHLO_CANONICALIZE_TO_STATIC(DynamicReshapeOp)
MOE_STABLEHLO_CANONICALIZE_TO_STATIC(DynamicBroadcastInDimOp)
MOE_STABLEHLO_CANONICALIZE_TO_STATIC(RealDynamicSliceOp)
MOE_STABLEHLO_CANONICALIZE_TO_STATIC(DynamicPadOp)
MOE_STABLEHLO_CANONICALIZE_TO_STATIC(DynamicGatherOp)
#undef MOE_STABLEHLO_CANONICALIZE_TO_STATIC

/// reshape(reshape(x)) reads x.
static LogicalResult mergeReshapes(ReshapeOp op, PatternRewriter &rewriter) {
  auto inner = op.getOperand().getDefiningOp<ReshapeOp>();
  if (!inner)
    return rewriter.notifyMatchFailure(op, "operand is no reshape");
  rewriter.modifyOpInPlace(
      op, [&]() { op.getOperandMutable().assign(inner.getOperand()); });
  return success();
}

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *) {
  patterns.add(mergeReshapes);
}

/// transpose(transpose(x)) permutes once.
static LogicalResult mergeTransposes(TransposeOp op,
                                     PatternRewriter &rewriter) {
  auto inner = op.getOperand().getDefiningOp<TransposeOp>();
  if (!inner)
    return rewriter.notifyMatchFailure(op, "operand is no transpose");
  SmallVector<int64_t> permutation =
      applyPermutation(inner.getPermutation(), op.getPermutation());
  rewriter.replaceOpWithNewOp<TransposeOp>(
      op, op.getType(), inner.getOperand(),
      rewriter.getDenseI64ArrayAttr(permutation));
  return success();
}

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *) {
  patterns.add(mergeTransposes);
}
