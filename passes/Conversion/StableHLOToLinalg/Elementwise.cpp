// Element-wise operations become one linalg.generic each; broadcasting ones
// read every operand through a map or, where only the run time knows whether a
// size is 1, through a computed index.
#include "Lowering.h"
#include "SizeAnalysis.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moe::graph;

namespace {

//===----------------------------------------------------------------------===//
// Operands of one shape
//===----------------------------------------------------------------------===//

template <typename OpTy>
struct ConvertElementwise : OpConversionPattern<OpTy> {
  using OpConversionPattern<OpTy>::OpConversionPattern;
  LogicalResult
  matchAndRewrite(OpTy op, OpTy::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!hasScalarForm(op))
      return rewriter.notifyMatchFailure(op, "element widths differ");
    auto type = cast<RankedTensorType>(
        this->getTypeConverter()->convertType(op->getResult(0).getType()));
    // Scalar predicates and limits carry no size.
    Value like = adaptor.getOperands().front();
    std::optional<unsigned> first;
    for (auto [number, operand] : llvm::enumerate(adaptor.getOperands())) {
      if (cast<RankedTensorType>(operand.getType()).getRank() != type.getRank())
        continue;
      like = operand;
      if (!first)
        first = number;
      for (int64_t dim = 0; *first != number && dim < type.getRank(); ++dim)
        requireEqualSizes(rewriter, op, *first, dim,
                          adaptor.getOperands()[*first], number, dim, operand);
    }
    rewriter.replaceOp(
        op, elementwise(rewriter, op.getLoc(), type, adaptor.getOperands(),
                        like, [&](OpBuilder &b, Location loc, ValueRange args) {
                          return lowerScalar(b, loc, op, args);
                        }));
    return success();
  }
};

struct ConvertMap : OpConversionPattern<moe::stablehlo::MapOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(moe::stablehlo::MapOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isScalarRegion(op.getComputation()))
      return rewriter.notifyMatchFailure(op, "region has no scalar form");
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    requireOneShape(rewriter, op, 0, adaptor.getInputs());
    auto remap = [&](Value v) { return rewriter.getRemappedValue(v); };
    rewriter.replaceOp(
        op, elementwise(rewriter, op.getLoc(), type, adaptor.getInputs(),
                        adaptor.getInputs().front(),
                        [&](OpBuilder &b, Location, ValueRange args) {
                          return inlineScalarRegion(b, op.getComputation(),
                                                    args, remap)
                              ->front();
                        }));
    return success();
  }
};

/// A change of element width adds or removes an innermost dimension.
struct ConvertBitcast : OpConversionPattern<moe::stablehlo::BitcastConvertOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(moe::stablehlo::BitcastConvertOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    Value operand = adaptor.getOperand();
    auto from = cast<RankedTensorType>(operand.getType());
    unsigned fromBits = from.getElementTypeBitWidth();
    unsigned toBits = type.getElementTypeBitWidth();
    if (fromBits == toBits)
      return rewriter.notifyMatchFailure(op, "element widths are equal");
    Type fromInt = rewriter.getIntegerType(fromBits);
    Type toInt = rewriter.getIntegerType(toBits);
    bool narrows = fromBits > toBits;
    int64_t rank = std::max(from.getRank(), type.getRank());
    AffineMap identity = rewriter.getMultiDimIdentityMap(rank);
    AffineMap outer = identity.getMajorSubMap(rank - 1);
    auto amount = [&](OpBuilder &b, Location loc, Type wide, unsigned bits) {
      Value part = linalg::IndexOp::create(b, loc, rank - 1);
      Value part64 = arith::IndexCastOp::create(b, loc, b.getI64Type(), part);
      Value scaled = arith::MulIOp::create(
          b, loc, part64,
          arith::ConstantIntOp::create(b, loc, bits, /*width=*/64));
      return convertScalar(b, loc, scaled, b.getI64Type(), wide);
    };
    auto bitcast = [](OpBuilder &b, Location loc, Type to, Value v) -> Value {
      if (v.getType() == to)
        return v;
      return arith::BitcastOp::create(b, loc, to, v);
    };
    if (narrows) {
      Value init = emptyLike(rewriter, loc, type, operand);
      auto generic = linalg::GenericOp::create(
          rewriter, loc, type, operand, init, {outer, identity},
          parallelLoops(rank),
          [&](OpBuilder &b, Location loc, ValueRange args) {
            Value raw = bitcast(b, loc, fromInt, args[0]);
            Value shifted = arith::ShRUIOp::create(
                b, loc, raw, amount(b, loc, fromInt, toBits));
            Value part = arith::TruncIOp::create(b, loc, toInt, shifted);
            linalg::YieldOp::create(
                b, loc, bitcast(b, loc, type.getElementType(), part));
          });
      rewriter.replaceOp(op, generic);
      return success();
    }
    auto intType = cast<RankedTensorType>(type.clone(toInt));
    Value init = fill(rewriter, loc, zero(rewriter, loc, toInt),
                      emptyLike(rewriter, loc, intType, operand));
    SmallVector<utils::IteratorType> loops = parallelLoops(rank - 1);
    loops.push_back(utils::IteratorType::reduction);
    Value joined =
        linalg::GenericOp::create(
            rewriter, loc, intType, operand, init, {identity, outer}, loops,
            [&](OpBuilder &b, Location loc, ValueRange args) {
              Value raw = bitcast(b, loc, fromInt, args[0]);
              Value wide = arith::ExtUIOp::create(b, loc, toInt, raw);
              Value shifted = arith::ShLIOp::create(
                  b, loc, wide, amount(b, loc, toInt, fromBits));
              linalg::YieldOp::create(
                  b, loc,
                  arith::OrIOp::create(b, loc, args[1], shifted).getResult());
            })
            .getResult(0);
    if (intType != type)
      joined =
          elementwise(rewriter, loc, type, joined, joined,
                      [&](OpBuilder &b, Location loc, ValueRange args) {
                        return bitcast(b, loc, type.getElementType(), args[0]);
                      });
    rewriter.replaceOp(op, joined);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Broadcasting
//===----------------------------------------------------------------------===//

/// How an operand dimension follows the result's.
enum class Follow {
  Unit,   // Size 1: index 0.
  Same,   // The result's size: the result's index.
  Either, // 1 or the result's size, known at run time only.
};

struct BroadcastOperand {
  Value value;
  /// For each dimension of the operand: the dimension of the result, and how it
  /// follows.
  SmallVector<int64_t> position;
  SmallVector<Follow> follow;
};

Value buildBroadcast(OpBuilder &b, Location loc, RankedTensorType type,
                     ArrayRef<OpFoldResult> sizes,
                     ArrayRef<BroadcastOperand> operands, ScalarBody body) {
  int64_t rank = type.getRank();
  MLIRContext *context = b.getContext();
  // Operands that only the run time can place are read by index.
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  SmallVector<SmallVector<Value>> isUnit(operands.size());
  for (auto [number, operand] : llvm::enumerate(operands)) {
    if (llvm::is_contained(operand.follow, Follow::Either)) {
      for (auto [dim, follow] : llvm::enumerate(operand.follow)) {
        Value unit;
        if (follow == Follow::Either) {
          Value size = sizeOf(b, loc, operand.value, dim);
          Value one = indexConstant(b, loc, 1);
          unit = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, size,
                                       one);
          Value resultSize = getValueOrCreateConstantIndexOp(
              b, loc, sizes[operand.position[dim]]);
          Value equal = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                              size, resultSize);
          std::string message =
              ("requires the size of dimension #" + Twine(dim) +
               " of operand #" + Twine(number) +
               " ({0}) to be 1 or to equal that of the result ({1})")
                  .str();
          require(b, loc, arith::OrIOp::create(b, loc, unit, equal), message,
                  {size, resultSize});
        }
        isUnit[number].push_back(unit);
      }
      continue;
    }
    SmallVector<AffineExpr> exprs;
    for (auto [position, follow] :
         llvm::zip_equal(operand.position, operand.follow))
      exprs.push_back(follow == Follow::Unit
                          ? getAffineConstantExpr(0, context)
                          : getAffineDimExpr(position, context));
    inputs.push_back(operand.value);
    maps.push_back(AffineMap::get(rank, 0, exprs, context));
  }
  maps.push_back(b.getMultiDimIdentityMap(rank));
  Value init = emptyOf(b, loc, type, sizes);
  return linalg::GenericOp::create(
             b, loc, type, inputs, init, maps, parallelLoops(rank),
             [&](OpBuilder &nested, Location loc, ValueRange args) {
               SmallVector<Value> scalars;
               unsigned next = 0;
               for (auto [number, operand] : llvm::enumerate(operands)) {
                 if (isUnit[number].empty() &&
                     !llvm::is_contained(operand.follow, Follow::Either)) {
                   scalars.push_back(args[next++]);
                   continue;
                 }
                 SmallVector<Value> indices;
                 for (auto [position, follow, unit] : llvm::zip_equal(
                          operand.position, operand.follow, isUnit[number])) {
                   Value index = indexConstant(nested, loc, 0);
                   if (follow != Follow::Unit) {
                     Value loop =
                         linalg::IndexOp::create(nested, loc, position);
                     index = unit ? arith::SelectOp::create(nested, loc, unit,
                                                            index, loop)
                                        .getResult()
                                  : loop;
                   }
                   indices.push_back(index);
                 }
                 scalars.push_back(tensor::ExtractOp::create(
                     nested, loc, operand.value, indices));
               }
               linalg::YieldOp::create(nested, loc, body(nested, loc, scalars));
             })
      .getResult(0);
}

template <typename OpTy>
struct ConvertChloBroadcast : OpConversionPattern<OpTy> {
  using OpConversionPattern<OpTy>::OpConversionPattern;
  LogicalResult
  matchAndRewrite(OpTy op, OpTy::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(
        this->getTypeConverter()->convertType(op.getType()));
    int64_t rank = type.getRank();
    ArrayRef<int64_t> prefix =
        moe::stablehlo::getI64List(op->getAttr("broadcast_dimensions"));

    // Place the dimensions of every operand.
    SmallVector<BroadcastOperand> operands;
    for (Value value : adaptor.getOperands()) {
      auto operandType = cast<RankedTensorType>(value.getType());
      BroadcastOperand operand{value, {}, {}};
      for (int64_t dim = 0; dim < operandType.getRank(); ++dim)
        operand.position.push_back(!prefix.empty() &&
                                           operandType.getRank() < rank
                                       ? prefix[dim]
                                       : rank - operandType.getRank() + dim);
      operands.push_back(std::move(operand));
    }

    // Per result dimension: its size, and how the operands follow.
    SmallVector<OpFoldResult> sizes;
    for (int64_t dim = 0; dim < rank; ++dim)
      sizes.push_back(placeDimension(rewriter, op, dim, type, operands));
    rewriter.replaceOp(
        op, buildBroadcast(rewriter, loc, type, sizes, operands,
                           [&](OpBuilder &b, Location loc, ValueRange args) {
                             return lowerScalar(b, loc, op, args);
                           }));
    return success();
  }

private:
  static OpFoldResult
  placeDimension(OpBuilder &b, OpTy op, int64_t dim, RankedTensorType type,
                 MutableArrayRef<BroadcastOperand> operands) {
    Location loc = op.getLoc();
    // Operands whose size is not 1 for certain.
    SmallVector<std::pair<unsigned, int64_t>> candidates;
    int64_t known = type.getDimSize(dim);
    for (auto [number, operand] : llvm::enumerate(operands))
      for (auto [index, position] : llvm::enumerate(operand.position)) {
        if (position != dim)
          continue;
        int64_t size =
            cast<RankedTensorType>(operand.value.getType()).getDimSize(index);
        operand.follow.push_back(size == 1 ? Follow::Unit : Follow::Same);
        if (size == 1)
          continue;
        candidates.push_back({static_cast<unsigned>(number), index});
        if (!ShapedType::isDynamic(size) && ShapedType::isDynamic(known))
          known = size;
      }
    auto sizeOfCandidate = [&](std::pair<unsigned, int64_t> candidate) {
      return sizeOf(b, loc, operands[candidate.first].value, candidate.second);
    };
    auto key = [&](std::pair<unsigned, int64_t> candidate) {
      return traceSize(op->getOperand(candidate.first), candidate.second);
    };
    if (candidates.empty())
      return b.getIndexAttr(1);
    if (!ShapedType::isDynamic(known)) {
      // Dynamic operands are 1 or the known size.
      for (auto [number, index] : candidates)
        if (known != 1 &&
            cast<RankedTensorType>(operands[number].value.getType())
                .isDynamicDim(index))
          operands[number].follow[index] = Follow::Either;
      return b.getIndexAttr(known);
    }
    SizeKey first = key(candidates.front());
    if (llvm::all_of(candidates,
                     [&](auto candidate) { return key(candidate) == first; }))
      return sizeOfCandidate(candidates.front());
    // The result's size is the first one that is not 1.
    Value size = sizeOfCandidate(candidates.front());
    Value one = indexConstant(b, loc, 1);
    for (auto candidate : ArrayRef(candidates).drop_front()) {
      Value isOne =
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, size, one);
      size = arith::SelectOp::create(b, loc, isOne, sizeOfCandidate(candidate),
                                     size);
    }
    for (auto [number, index] : candidates)
      operands[number].follow[index] = Follow::Either;
    return size;
  }
};

/// The shared part of both broadcast_in_dim forms.
Value broadcastInDim(OpBuilder &b, Location loc, Value value,
                     ArrayRef<int64_t> dims, RankedTensorType type,
                     ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> expanding,
                     ArrayRef<int64_t> nonexpanding,
                     function_ref<bool(int64_t, int64_t)> provenEqual) {
  auto from = cast<RankedTensorType>(value.getType());
  BroadcastOperand operand{value, SmallVector<int64_t>(dims), {}};
  for (auto [dim, position] : llvm::enumerate(dims)) {
    int64_t size = from.getDimSize(dim), resultSize = type.getDimSize(position);
    bool unit = size == 1 || llvm::is_contained(expanding, dim);
    bool same = (!ShapedType::isDynamic(size) && !unit) || resultSize == 1 ||
                llvm::is_contained(nonexpanding, dim) ||
                (!unit && provenEqual(dim, position));
    operand.follow.push_back(unit   ? Follow::Unit
                             : same ? Follow::Same
                                    : Follow::Either);
  }
  return buildBroadcast(
      b, loc, type, sizes, operand,
      [](OpBuilder &, Location, ValueRange args) { return args.front(); });
}

struct ConvertBroadcastInDim
    : OpConversionPattern<moe::stablehlo::BroadcastInDimOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(moe::stablehlo::BroadcastInDimOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(
        getTypeConverter()->convertType(op.getResult().getType()));
    SmallVector<OpFoldResult> sizes =
        getAsIndexOpFoldResult(getContext(), type.getShape());
    rewriter.replaceOp(
        op, broadcastInDim(rewriter, op.getLoc(), adaptor.getOperand(),
                           op.getBroadcastDimensions(), type, sizes, {}, {},
                           [](int64_t, int64_t) { return false; }));
    return success();
  }
};

struct ConvertDynamicBroadcastInDim
    : OpConversionPattern<moe::stablehlo::DynamicBroadcastInDimOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(moe::stablehlo::DynamicBroadcastInDimOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    SmallVector<OpFoldResult> sizes = getAsOpFoldResult(readIndices(
        rewriter, loc, adaptor.getOutputDimensions(), type.getRank(),
        zeroExtends(elementType(op.getOutputDimensions()))));
    rewriter.replaceOp(
        op,
        broadcastInDim(
            rewriter, loc, adaptor.getOperand(), op.getBroadcastDimensions(),
            type, sizes,
            moe::stablehlo::getI64List(op.getKnownExpandingDimensionsAttr()),
            moe::stablehlo::getI64List(op.getKnownNonexpandingDimensionsAttr()),
            [&](int64_t dim, int64_t position) {
              return traceSize(op.getOperand(), dim) ==
                     traceSize(op.getResult(), position);
            }));
    return success();
  }
};

} // namespace

void moe::graph::populateElementwisePatterns(RewritePatternSet &patterns,
                                             const TypeConverter &converter) {
  using namespace moe::stablehlo;
  patterns.add<
      ConvertElementwise<AbsOp>, ConvertElementwise<CeilOp>,
      ConvertElementwise<FloorOp>, ConvertElementwise<RoundNearestEvenOp>,
      ConvertElementwise<RoundOp>, ConvertElementwise<SignOp>,
      ConvertElementwise<NegOp>, ConvertElementwise<NotOp>,
      ConvertElementwise<CbrtOp>, ConvertElementwise<CosineOp>,
      ConvertElementwise<ExpOp>, ConvertElementwise<Expm1Op>,
      ConvertElementwise<LogOp>, ConvertElementwise<Log1pOp>,
      ConvertElementwise<LogisticOp>, ConvertElementwise<RsqrtOp>,
      ConvertElementwise<SineOp>, ConvertElementwise<SqrtOp>,
      ConvertElementwise<TanOp>, ConvertElementwise<TanhOp>,
      ConvertElementwise<IsFiniteOp>, ConvertElementwise<ConvertOp>,
      ConvertElementwise<BitcastConvertOp>,
      ConvertElementwise<PopulationCountOp>,
      ConvertElementwise<CountLeadingZerosOp>,
      ConvertElementwise<ReducePrecisionOp>, ConvertElementwise<chlo::ErfOp>,
      ConvertElementwise<chlo::ErfcOp>, ConvertElementwise<chlo::SquareOp>,
      ConvertElementwise<AddOp>, ConvertElementwise<SubtractOp>,
      ConvertElementwise<MulOp>, ConvertElementwise<DivOp>,
      ConvertElementwise<RemOp>, ConvertElementwise<MaxOp>,
      ConvertElementwise<MinOp>, ConvertElementwise<PowOp>,
      ConvertElementwise<AndOp>, ConvertElementwise<OrOp>,
      ConvertElementwise<XorOp>, ConvertElementwise<ShiftLeftOp>,
      ConvertElementwise<ShiftRightArithmeticOp>,
      ConvertElementwise<ShiftRightLogicalOp>, ConvertElementwise<CompareOp>,
      ConvertElementwise<SelectOp>, ConvertElementwise<ClampOp>, ConvertBitcast,
      ConvertMap>(converter, patterns.getContext());
}

void moe::graph::populateBroadcastPatterns(RewritePatternSet &patterns,
                                           const TypeConverter &converter) {
  using namespace moe::chlo;
  patterns.add<ConvertChloBroadcast<BroadcastAddOp>,
               ConvertChloBroadcast<BroadcastSubOp>,
               ConvertChloBroadcast<BroadcastMulOp>,
               ConvertChloBroadcast<BroadcastDivOp>,
               ConvertChloBroadcast<BroadcastRemOp>,
               ConvertChloBroadcast<BroadcastMaxOp>,
               ConvertChloBroadcast<BroadcastMinOp>,
               ConvertChloBroadcast<BroadcastPowOp>,
               ConvertChloBroadcast<BroadcastAndOp>,
               ConvertChloBroadcast<BroadcastOrOp>,
               ConvertChloBroadcast<BroadcastXorOp>,
               ConvertChloBroadcast<BroadcastCompareOp>,
               ConvertChloBroadcast<BroadcastSelectOp>, ConvertBroadcastInDim,
               ConvertDynamicBroadcastInDim>(converter, patterns.getContext());
}
