// Products. A dot_general that is a matrix product becomes linalg.matmul or
// linalg.batch_matmul, right operands in [N, K] order included; every other one
// is a generic contraction over the operands as they stand, so that weights are
// never rearranged here. f16 and bf16 accumulate in f32.
#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moe::graph;
using moe::stablehlo::DotDimensionNumbersAttr;
using moe::stablehlo::DotGeneralOp;

//===----------------------------------------------------------------------===//
// Sums of products
//===----------------------------------------------------------------------===//

Type moe::graph::accumulatorType(Type result) {
  if (result.isF16() || result.isBF16())
    return Float32Type::get(result.getContext());
  return result;
}

Value moe::graph::multiplyAdd(OpBuilder &b, Location loc, Value lhs, Value rhs,
                              Value acc) {
  if (isa<FloatType>(acc.getType()))
    return arith::AddFOp::create(b, loc, acc,
                                 arith::MulFOp::create(b, loc, lhs, rhs));
  if (acc.getType().isInteger(1))
    return arith::OrIOp::create(b, loc, acc,
                                arith::AndIOp::create(b, loc, lhs, rhs));
  return arith::AddIOp::create(b, loc, acc,
                               arith::MulIOp::create(b, loc, lhs, rhs));
}

Value moe::graph::narrowTo(OpBuilder &b, Location loc, Value accumulated,
                           RankedTensorType type) {
  auto from = cast<RankedTensorType>(accumulated.getType());
  if (from.getElementType() == type.getElementType())
    return accumulated;
  return elementwise(b, loc, type, accumulated, accumulated,
                     [&](OpBuilder &nested, Location loc, ValueRange args) {
                       return convertScalar(nested, loc, args[0],
                                            from.getElementType(),
                                            type.getElementType());
                     });
}

namespace {

/// `value` in the accumulator's type.
Value widen(OpBuilder &b, Location loc, Value value, Type from, Type to) {
  return convertScalar(b, loc, value, from, to);
}

/// Where the loops of a product stand in its operands.
struct Contraction {
  /// Loop of each dimension of the operands. Loops: batch, free dimensions of
  /// lhs, free dimensions of rhs, then contracting ones.
  SmallVector<int64_t> lhs, rhs;
  int64_t batch = 0, lhsFree = 0, rhsFree = 0, contracting = 0;
  int64_t parallel() const { return batch + lhsFree + rhsFree; }
  int64_t loops() const { return parallel() + contracting; }
};

SmallVector<int64_t> placeLoops(int64_t rank, ArrayRef<int64_t> batching,
                                ArrayRef<int64_t> contracting,
                                int64_t firstFree, int64_t firstContracting) {
  SmallVector<int64_t> loops;
  for (int64_t dim = 0; dim < rank; ++dim) {
    if (const auto *it = llvm::find(batching, dim); it != batching.end())
      loops.push_back(it - batching.begin());
    else if (const auto *it = llvm::find(contracting, dim);
             it != contracting.end())
      loops.push_back(firstContracting + (it - contracting.begin()));
    else
      loops.push_back(firstFree++);
  }
  return loops;
}

Contraction getContraction(int64_t lhsRank, int64_t rhsRank,
                           DotDimensionNumbersAttr numbers) {
  Contraction c;
  c.batch = numbers.getLhsBatchingDimensions().size();
  c.contracting = numbers.getLhsContractingDimensions().size();
  c.lhsFree = lhsRank - c.batch - c.contracting;
  c.rhsFree = rhsRank - c.batch - c.contracting;
  c.lhs =
      placeLoops(lhsRank, numbers.getLhsBatchingDimensions(),
                 numbers.getLhsContractingDimensions(), c.batch, c.parallel());
  c.rhs = placeLoops(rhsRank, numbers.getRhsBatchingDimensions(),
                     numbers.getRhsContractingDimensions(), c.batch + c.lhsFree,
                     c.parallel());
  return c;
}

/// Requires batch and contracting dimensions of the factors, operands #0 and #1
/// of `op`, to be of equal sizes.
template <typename Numbers>
void requireProductSizes(OpBuilder &b, Operation *op, Numbers numbers,
                         Value lhs, Value rhs) {
  for (auto [lhsDims, rhsDims] :
       {std::pair{numbers.getLhsBatchingDimensions(),
                  numbers.getRhsBatchingDimensions()},
        std::pair{numbers.getLhsContractingDimensions(),
                  numbers.getRhsContractingDimensions()}})
    for (auto [lhsDim, rhsDim] : llvm::zip_equal(lhsDims, rhsDims))
      requireEqualSizes(b, op, 0, lhsDim, lhs, 1, rhsDim, rhs);
}

struct ConvertDotGeneral : OpConversionPattern<DotGeneralOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DotGeneralOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    MLIRContext *context = getContext();
    Value lhs = adaptor.getLhs(), rhs = adaptor.getRhs();
    auto lhsType = cast<RankedTensorType>(lhs.getType());
    auto rhsType = cast<RankedTensorType>(rhs.getType());
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    DotDimensionNumbersAttr numbers = op.getDotDimensionNumbers();
    Contraction c =
        getContraction(lhsType.getRank(), rhsType.getRank(), numbers);
    auto accType = cast<RankedTensorType>(
        type.clone(accumulatorType(type.getElementType())));
    requireProductSizes(rewriter, op, numbers, lhs, rhs);

    // Sizes of the parallel loops.
    SmallVector<OpFoldResult> sizes(c.parallel());
    for (auto [value, loops] :
         {std::pair{lhs, ArrayRef(c.lhs)}, std::pair{rhs, ArrayRef(c.rhs)}})
      for (auto [dim, loop] : llvm::enumerate(loops))
        if (loop < c.parallel() && !sizes[loop])
          sizes[loop] = tensor::getMixedSize(rewriter, loc, value, dim);

    bool isFloat = isa<FloatType>(accType.getElementType()) &&
                   isa<FloatType>(lhsType.getElementType()) &&
                   isa<FloatType>(rhsType.getElementType());
    // [..., K] x [K, N] or [N, K]: one matrix product over all leading rows.
    bool matrixRhs = c.batch == 0 && c.contracting == 1 && c.rhsFree == 1;
    bool rowsLead = c.lhsFree >= 1 && c.lhs.back() == c.parallel();
    if (isFloat && matrixRhs && rowsLead) {
      rewriter.replaceOp(
          op, lowerMatmul(rewriter, loc, lhs, rhs, type, accType, sizes, c));
      return success();
    }
    Value init =
        fill(rewriter, loc, zero(rewriter, loc, accType.getElementType()),
             emptyOf(rewriter, loc, accType, sizes));
    bool batched = c.batch == 1 && c.lhsFree == 1 && c.rhsFree == 1 &&
                   c.contracting == 1 && c.lhs == ArrayRef<int64_t>{0, 1, 3} &&
                   c.rhs == ArrayRef<int64_t>{0, 3, 2};
    if (isFloat && batched) {
      Value product =
          linalg::BatchMatmulOp::create(rewriter, loc, TypeRange(accType),
                                        ValueRange{lhs, rhs}, ValueRange(init))
              .getResult(0);
      rewriter.replaceOp(op, narrowTo(rewriter, loc, product, type));
      return success();
    }
    SmallVector<utils::IteratorType> loops = parallelLoops(c.parallel());
    loops.append(c.contracting, utils::IteratorType::reduction);
    SmallVector<AffineMap> maps{
        dimsMap(context, c.loops(), c.lhs), dimsMap(context, c.loops(), c.rhs),
        dimsMap(context, c.loops(),
                llvm::to_vector(llvm::seq<int64_t>(0, c.parallel())))};
    Type lhsElement = elementType(op.getLhs());
    Type rhsElement = elementType(op.getRhs());
    Value product =
        linalg::GenericOp::create(
            rewriter, loc, accType, ValueRange{lhs, rhs}, init, maps, loops,
            [&](OpBuilder &b, Location loc, ValueRange args) {
              Type acc = args[2].getType();
              linalg::YieldOp::create(
                  b, loc,
                  multiplyAdd(b, loc, widen(b, loc, args[0], lhsElement, acc),
                              widen(b, loc, args[1], rhsElement, acc),
                              args[2]));
            })
            .getResult(0);
    rewriter.replaceOp(op, narrowTo(rewriter, loc, product, type));
    return success();
  }

private:
  static Value lowerMatmul(OpBuilder &b, Location loc, Value lhs, Value rhs,
                           RankedTensorType type, RankedTensorType accType,
                           ArrayRef<OpFoldResult> sizes, const Contraction &c) {
    // Collapse the leading rows.
    SmallVector<ReassociationIndices> rows(2);
    for (int64_t dim = 0; dim < c.lhsFree; ++dim)
      rows[0].push_back(dim);
    rows[1].push_back(c.lhsFree);
    RankedTensorType matrixType = accType;
    SmallVector<OpFoldResult> matrixSizes(sizes);
    if (c.lhsFree > 1) {
      lhs = tensor::CollapseShapeOp::create(b, loc, lhs, rows);
      matrixSizes = {tensor::getMixedSize(b, loc, lhs, 0), sizes.back()};
      matrixType = RankedTensorType::get(
          {cast<RankedTensorType>(lhs.getType()).getDimSize(0),
           type.getShape().back()},
          accType.getElementType());
    }
    Value init = fill(b, loc, zero(b, loc, accType.getElementType()),
                      emptyOf(b, loc, matrixType, matrixSizes));
    bool transposed = c.rhs.back() == c.parallel();
    Value product;
    if (transposed)
      product = linalg::MatmulTransposeBOp::create(
                    b, loc, TypeRange(matrixType), ValueRange{lhs, rhs},
                    ValueRange(init))
                    .getResult(0);
    else
      product = linalg::MatmulOp::create(b, loc, TypeRange(matrixType),
                                         ValueRange{lhs, rhs}, ValueRange(init))
                    .getResult(0);
    if (c.lhsFree > 1)
      product =
          tensor::ExpandShapeOp::create(b, loc, accType, product, rows, sizes);
    return narrowTo(b, loc, product, type);
  }
};

//===----------------------------------------------------------------------===//
// ragged_dot
//===----------------------------------------------------------------------===//

/// The group of every element of the ragged dimension, -1 behind the last one.
Value groupOfElements(OpBuilder &b, Location loc, Value groupSizes,
                      bool isUnsigned, Value length) {
  Type i64 = b.getI64Type();
  Value none = arith::ConstantIntOp::create(b, loc, -1, /*width=*/64);
  Value groups =
      fill(b, loc, none,
           tensor::EmptyOp::create(b, loc, {getAsOpFoldResult(length)}, i64));
  Value start = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
  auto loop = scf::ForOp::create(
      b, loc, start, sizeOf(b, loc, groupSizes, 0), one,
      ValueRange{groups, start},
      [&](OpBuilder &b, Location loc, Value group, ValueRange state) {
        Value size = toIndex(
            b, loc, tensor::ExtractOp::create(b, loc, groupSizes, group),
            isUnsigned);
        // Sizes that leave the dimension are cut.
        Value room = arith::SubIOp::create(b, loc, length, state[1]);
        Value end = arith::AddIOp::create(b, loc, state[1],
                                          clampIndex(b, loc, size, room));
        Value number = arith::IndexCastOp::create(b, loc, i64, group);
        auto inner = scf::ForOp::create(
            b, loc, state[1], end, one, ValueRange(state[0]),
            [&](OpBuilder &b, Location loc, Value i, ValueRange carried) {
              Value next = tensor::InsertOp::create(b, loc, number, carried[0],
                                                    ValueRange(i));
              scf::YieldOp::create(b, loc, next);
            });
        scf::YieldOp::create(b, loc, ValueRange{inner.getResult(0), end});
      });
  return loop.getResult(0);
}

/// One generic contraction that looks up the group of every ragged element.
struct ConvertRaggedDot : OpConversionPattern<moe::chlo::RaggedDotOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(moe::chlo::RaggedDotOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    MLIRContext *context = getContext();
    Value lhs = adaptor.getLhs(), rhs = adaptor.getRhs();
    auto type =
        cast<RankedTensorType>(getTypeConverter()->convertType(op.getType()));
    moe::chlo::RaggedDotDimensionNumbersAttr numbers =
        op.getRaggedDotDimensionNumbers();
    int64_t lhsRank = cast<RankedTensorType>(lhs.getType()).getRank();
    int64_t rhsRank = cast<RankedTensorType>(rhs.getType()).getRank();
    requireProductSizes(rewriter, op, numbers, lhs, rhs);
    for (int64_t dim : numbers.getRhsGroupDimensions())
      requireEqualSizes(rewriter, op, 1, dim, rhs, 2, 0,
                        adaptor.getGroupSizes());
    int64_t ragged = numbers.getLhsRaggedDimensions().front();
    bool groupsRhs = !numbers.getRhsGroupDimensions().empty();
    bool groupsResult =
        llvm::is_contained(numbers.getLhsContractingDimensions(), ragged);

    // Loops: the group (contracting mode), then those of a product in which the
    // group dimension of rhs does not take part.
    int64_t shift = groupsResult ? 1 : 0;
    Contraction c;
    c.batch = numbers.getLhsBatchingDimensions().size();
    c.contracting = numbers.getLhsContractingDimensions().size();
    c.lhsFree = lhsRank - c.batch - c.contracting;
    c.rhsFree = rhsRank - c.batch - c.contracting - (groupsRhs ? 1 : 0);
    c.lhs = placeLoops(lhsRank, numbers.getLhsBatchingDimensions(),
                       numbers.getLhsContractingDimensions(), c.batch,
                       c.parallel());
    c.rhs.assign(rhsRank, -1);
    int64_t free = c.batch + c.lhsFree;
    for (int64_t dim = 0; dim < rhsRank; ++dim) {
      ArrayRef<int64_t> batching = numbers.getRhsBatchingDimensions();
      ArrayRef<int64_t> contracting = numbers.getRhsContractingDimensions();
      if (llvm::is_contained(numbers.getRhsGroupDimensions(), dim))
        continue;
      if (const auto *it = llvm::find(batching, dim); it != batching.end())
        c.rhs[dim] = it - batching.begin();
      else if (const auto *it = llvm::find(contracting, dim);
               it != contracting.end())
        c.rhs[dim] = c.parallel() + (it - contracting.begin());
      else
        c.rhs[dim] = free++;
    }
    int64_t loops = shift + c.loops(), parallel = shift + c.parallel();

    SmallVector<OpFoldResult> sizes(parallel);
    if (groupsResult)
      sizes[0] =
          tensor::getMixedSize(rewriter, loc, adaptor.getGroupSizes(), 0);
    for (auto [value, places] :
         {std::pair{lhs, ArrayRef(c.lhs)}, std::pair{rhs, ArrayRef(c.rhs)}})
      for (auto [dim, loop] : llvm::enumerate(places))
        if (loop >= 0 && loop < c.parallel() && !sizes[shift + loop])
          sizes[shift + loop] = tensor::getMixedSize(rewriter, loc, value, dim);
    Value groups = groupOfElements(rewriter, loc, adaptor.getGroupSizes(),
                                   zeroExtends(elementType(op.getGroupSizes())),
                                   sizeOf(rewriter, loc, lhs, ragged));

    auto shifted = [&](ArrayRef<int64_t> places) {
      return llvm::map_to_vector(places,
                                 [&](int64_t loop) { return loop + shift; });
    };
    Type acc = accumulatorType(type.getElementType());
    auto accType = cast<RankedTensorType>(type.clone(acc));
    Value init = fill(rewriter, loc, zero(rewriter, loc, acc),
                      emptyOf(rewriter, loc, accType, sizes));
    SmallVector<Value> inputs{lhs, groups};
    SmallVector<AffineMap> maps{
        dimsMap(context, loops, shifted(c.lhs)),
        dimsMap(context, loops, {shift + c.lhs[ragged]})};
    // Where groups choose a matrix of rhs its elements are read by index; the
    // loops over its free dimensions get their bounds from the result.
    if (!groupsRhs) {
      inputs.push_back(rhs);
      maps.push_back(dimsMap(context, loops, shifted(c.rhs)));
    }
    maps.push_back(dimsMap(context, loops,
                           llvm::to_vector(llvm::seq<int64_t>(0, parallel))));
    SmallVector<utils::IteratorType> iterators = parallelLoops(parallel);
    iterators.append(c.contracting, utils::IteratorType::reduction);
    bool allGroups = !groupsRhs && !groupsResult;
    Value product =
        linalg::GenericOp::create(
            rewriter, loc, accType, inputs, init, maps, iterators,
            [&](OpBuilder &b, Location loc, ValueRange args) {
              Value element = groupsRhs ? Value() : args[2];
              Value taken = arith::ConstantIntOp::create(b, loc, 1, 1);
              Value none = arith::ConstantIntOp::create(b, loc, 0, 64);
              if (groupsRhs) {
                taken = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge,
                                              args[1], none);
                element = readGroup(b, loc, op, rhs, args[1], taken, c, shift);
              } else if (groupsResult) {
                Value group = arith::IndexCastOp::create(
                    b, loc, b.getI64Type(), linalg::IndexOp::create(b, loc, 0));
                taken = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                              args[1], group);
              }
              Value sum = multiplyAdd(
                  b, loc, widen(b, loc, args[0], elementType(op.getLhs()), acc),
                  widen(b, loc, element, elementType(op.getRhs()), acc),
                  args.back());
              if (!allGroups)
                sum = arith::SelectOp::create(b, loc, taken, sum, args.back());
              linalg::YieldOp::create(b, loc, sum);
            })
            .getResult(0);
    rewriter.replaceOp(op, narrowTo(rewriter, loc, product, type));
    return success();
  }

private:
  /// Reads the element of rhs that belongs to `group`, or zero without one.
  static Value readGroup(OpBuilder &b, Location loc, moe::chlo::RaggedDotOp op,
                         Value rhs, Value group, Value taken,
                         const Contraction &c, int64_t shift) {
    Type element = cast<RankedTensorType>(rhs.getType()).getElementType();
    SmallVector<Value> indices;
    for (int64_t loop : c.rhs)
      indices.push_back(
          loop < 0 ? arith::IndexCastOp::create(b, loc, b.getIndexType(), group)
                         .getResult()
                   : linalg::IndexOp::create(b, loc, loop + shift).getResult());
    auto branch = scf::IfOp::create(
        b, loc, taken,
        [&](OpBuilder &then, Location loc) {
          Value value = tensor::ExtractOp::create(then, loc, rhs, indices);
          scf::YieldOp::create(then, loc, value);
        },
        [&](OpBuilder &otherwise, Location loc) {
          scf::YieldOp::create(otherwise, loc, zero(otherwise, loc, element));
        });
    return branch.getResult(0);
  }
};

} // namespace

void moe::graph::populateProductPatterns(RewritePatternSet &patterns,
                                         const TypeConverter &converter) {
  patterns.add<ConvertDotGeneral, ConvertRaggedDot>(converter,
                                                    patterns.getContext());
}
