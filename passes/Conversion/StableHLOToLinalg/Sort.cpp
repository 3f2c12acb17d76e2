// Sorting: a stable bottom-up merge sort of indices per row; a few greatest
// elements are selected one after another instead.
#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moe::graph;
using namespace moe::stablehlo;

//===----------------------------------------------------------------------===//
// Merge sort
//===----------------------------------------------------------------------===//

namespace {
/// Reads the elements that stand at an index of the present row, one per
/// tensor.
using ReadElements =
    function_ref<SmallVector<Value>(OpBuilder &, Location, Value)>;
} // namespace

/// Merges the sorted runs of `run` indices in `from` pairwise into `into`. The
/// left index goes first unless the right element is less, so equal elements
/// keep their order.
static Value mergePass(OpBuilder &b, Location loc, Value from, Value into,
                       Value length, Value run, ReadElements read, Less less) {
  Value none = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
  Value pair = arith::AddIOp::create(b, loc, run, run);
  auto pairs = scf::ForOp::create(
      b, loc, none, length, pair, ValueRange(into),
      [&](OpBuilder &b, Location loc, Value start, ValueRange carried) {
        Value middle = arith::MinSIOp::create(
            b, loc, arith::AddIOp::create(b, loc, start, run), length);
        Value end = arith::MinSIOp::create(
            b, loc, arith::AddIOp::create(b, loc, start, pair), length);
        Value last = arith::SubIOp::create(b, loc, length, one);
        auto merge = scf::ForOp::create(
            b, loc, start, end, one, ValueRange{start, middle, carried[0]},
            [&](OpBuilder &b, Location loc, Value at, ValueRange state) {
              Value left = state[0], right = state[1];
              // A finished run is compared all the same, inside the row.
              auto indexAt = [&](Value position) -> Value {
                Value inside = arith::MinSIOp::create(b, loc, position, last);
                return tensor::ExtractOp::create(b, loc, from,
                                                 ValueRange(inside));
              };
              Value leftIndex = indexAt(left), rightIndex = indexAt(right);
              Value rightIsLess = less(b, loc, read(b, loc, rightIndex),
                                       read(b, loc, leftIndex));
              Value rightIsLeft = arith::CmpIOp::create(
                  b, loc, arith::CmpIPredicate::slt, right, end);
              Value leftIsDone = arith::CmpIOp::create(
                  b, loc, arith::CmpIPredicate::sge, left, middle);
              Value takeRight = arith::OrIOp::create(
                  b, loc, leftIsDone,
                  arith::AndIOp::create(b, loc, rightIsLeft, rightIsLess));
              Value nextLeft = arith::SelectOp::create(
                  b, loc, takeRight, left,
                  arith::AddIOp::create(b, loc, left, one));
              Value nextRight = arith::SelectOp::create(
                  b, loc, takeRight, arith::AddIOp::create(b, loc, right, one),
                  right);
              Value taken = arith::SelectOp::create(b, loc, takeRight,
                                                    rightIndex, leftIndex);
              Value row = tensor::InsertOp::create(b, loc, taken, state[2],
                                                   ValueRange(at));
              scf::YieldOp::create(b, loc,
                                   ValueRange{nextLeft, nextRight, row});
            });
        scf::YieldOp::create(b, loc, merge.getResult(2));
      });
  return pairs.getResult(0);
}

/// Sorts a row of indices by the elements they stand for. Every round merges
/// into a scratch row and back, so that the result ends where it started.
static Value sortRow(OpBuilder &b, Location loc, Value row, ReadElements read,
                     Less less) {
  auto type = cast<RankedTensorType>(row.getType());
  Value length = sizeOf(b, loc, row, 0);
  SmallVector<Value> state{indexConstant(b, loc, 1), row,
                           emptyLike(b, loc, type, row)};
  auto loop = scf::WhileOp::create(
      b, loc, TypeRange{b.getIndexType(), type, type}, state,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value unsorted = arith::CmpIOp::create(
            b, loc, arith::CmpIPredicate::slt, args[0], length);
        scf::ConditionOp::create(b, loc, unsorted, args);
      },
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value run = args[0];
        Value twice = arith::AddIOp::create(b, loc, run, run);
        Value there =
            mergePass(b, loc, args[1], args[2], length, run, read, less);
        Value back =
            mergePass(b, loc, there, args[1], length, twice, read, less);
        Value next = arith::AddIOp::create(b, loc, twice, twice);
        scf::YieldOp::create(b, loc, ValueRange{next, back, there});
      });
  return loop.getResult(1);
}

// Sorts indices, then reads every tensor through them: the tensors themselves
// stay where they are, and only one loop-carried row is uninitialised (two of
// one type would be merged into one buffer by CSE).
SmallVector<Value> moe::graph::sortRows(OpBuilder &b, Location loc,
                                        ValueRange tensors, int64_t dim,
                                        Less less) {
  Value first = tensors.front();
  auto firstType = cast<RankedTensorType>(first.getType());
  int64_t rank = firstType.getRank();
  auto orderType = cast<RankedTensorType>(firstType.clone(b.getIndexType()));
  Value order =
      elementwise(b, loc, orderType, {}, first,
                  [&](OpBuilder &nested, Location loc, ValueRange) -> Value {
                    return linalg::IndexOp::create(nested, loc, dim);
                  });
  SmallVector<Value> outer;
  for (int64_t d = 0; d < rank; ++d)
    if (d != dim)
      outer.push_back(sizeOf(b, loc, first, d));
  auto sortOne = [&](OpBuilder &b, Location loc, ValueRange position,
                     ValueRange carried) -> SmallVector<Value> {
    auto read = [&](OpBuilder &b, Location loc, Value index) {
      SmallVector<Value> at(position);
      at.insert(at.begin() + dim, index);
      SmallVector<Value> elements;
      for (Value tensor : tensors)
        elements.push_back(tensor::ExtractOp::create(b, loc, tensor, at));
      return elements;
    };
    if (rank == 1)
      return {sortRow(b, loc, carried[0], read, less)};
    SmallVector<OpFoldResult> offsets(getAsOpFoldResult(position));
    offsets.insert(offsets.begin() + dim, b.getIndexAttr(0));
    SmallVector<OpFoldResult> sizes(rank, b.getIndexAttr(1));
    SmallVector<OpFoldResult> strides(rank, b.getIndexAttr(1));
    sizes[dim] = tensor::getMixedSize(b, loc, first, dim);
    auto rowType =
        RankedTensorType::get(firstType.getDimSize(dim), b.getIndexType());
    Value row = tensor::ExtractSliceOp::create(b, loc, rowType, carried[0],
                                               offsets, sizes, strides);
    row = sortRow(b, loc, row, read, less);
    return {tensor::InsertSliceOp::create(b, loc, row, carried[0], offsets,
                                          sizes, strides)};
  };
  order = sequentialLoops(b, loc, outer, order, sortOne).front();
  SmallVector<Value> sorted;
  for (Value tensor : tensors)
    sorted.push_back(elementwise(
        b, loc, cast<RankedTensorType>(tensor.getType()), order, first,
        [&](OpBuilder &nested, Location loc, ValueRange args) -> Value {
          SmallVector<Value> at;
          for (int64_t d = 0; d < rank; ++d)
            at.push_back(
                d == dim ? args[0]
                         : linalg::IndexOp::create(nested, loc, d).getResult());
          return tensor::ExtractOp::create(nested, loc, tensor, at);
        }));
  return sorted;
}

namespace {

struct ConvertSort : OpConversionPattern<SortOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(SortOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isScalarRegion(op.getComparator()))
      return rewriter.notifyMatchFailure(op, "region has no scalar form");
    Location loc = op.getLoc();
    requireOneShape(rewriter, op, 0, adaptor.getInputs());
    int64_t rank =
        cast<RankedTensorType>(adaptor.getInputs().front().getType()).getRank();
    int64_t dim = op.getDimension() < 0
                      ? op.getDimension() + rank
                      : static_cast<int64_t>(op.getDimension());
    auto remap = [&](Value v) { return rewriter.getRemappedValue(v); };
    SmallVector<Value> sorted =
        sortRows(rewriter, loc, adaptor.getInputs(), dim,
                 [&](OpBuilder &b, Location, ValueRange lhs, ValueRange rhs) {
                   SmallVector<Value> args;
                   for (auto [left, right] : llvm::zip_equal(lhs, rhs))
                     llvm::append_values(args, left, right);
                   return inlineScalarRegion(b, op.getComparator(), args, remap)
                       ->front();
                 });
    for (auto [result, original] : llvm::zip_equal(sorted, op.getResults()))
      result = castTo(rewriter, loc, result,
                      getTypeConverter()->convertType(original.getType()));
    rewriter.replaceOp(op, sorted);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// top_k
//===----------------------------------------------------------------------===//

/// Up to this many elements are selected one by one; more are sorted.
constexpr int64_t maxSelected = 16;

struct ConvertTopK : OpConversionPattern<moe::chlo::TopKOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(moe::chlo::TopKOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value operand = adaptor.getOperand();
    auto type = cast<RankedTensorType>(operand.getType());
    int64_t rank = type.getRank(), k = op.getK();
    Type element = elementType(op.getOperand());
    Value length = sizeOf(rewriter, loc, operand, rank - 1);
    if (type.isDynamicDim(rank - 1))
      requireAtMost(rewriter, loc, indexConstant(rewriter, loc, k), length,
                    "the number of elements to choose", "the size of a row");
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return failure();
    SmallVector<Value> results =
        k <= maxSelected
            ? selectGreatest(rewriter, loc, operand, length, k,
                             zeroExtends(element), types)
            : sortGreatest(rewriter, loc, operand, k, zeroExtends(element));
    for (auto [result, resultType] : llvm::zip_equal(results, types))
      result = castTo(rewriter, loc, result, resultType);
    rewriter.replaceOp(op, results);
    return success();
  }

private:
  static Value greater(OpBuilder &b, Location loc, Value lhs, Value rhs,
                       bool isUnsigned) {
    return arith::CmpIOp::create(b, loc,
                                 isUnsigned ? arith::CmpIPredicate::ugt
                                            : arith::CmpIPredicate::sgt,
                                 lhs, rhs);
  }

  /// Pass j over a row finds the greatest element behind the one of pass j - 1
  /// in the order (key descending, index ascending).
  static SmallVector<Value> selectGreatest(OpBuilder &b, Location loc,
                                           Value operand, Value length,
                                           int64_t k, bool isUnsigned,
                                           ArrayRef<Type> types) {
    int64_t rank = cast<RankedTensorType>(operand.getType()).getRank();
    SmallVector<Value> outer;
    for (int64_t dim = 0; dim + 1 < rank; ++dim)
      outer.push_back(sizeOf(b, loc, operand, dim));
    SmallVector<Value> inits;
    for (Type type : types)
      inits.push_back(emptyLike(b, loc, cast<RankedTensorType>(type), operand));
    Value none = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
    Value count = indexConstant(b, loc, k);
    auto key = [&](OpBuilder &b, Location loc, ValueRange position, Value at) {
      SmallVector<Value> indices(position);
      indices.push_back(at);
      return totalOrderKey(b, loc,
                           tensor::ExtractOp::create(b, loc, operand, indices));
    };
    return sequentialLoops(
        b, loc, outer, inits,
        [&](OpBuilder &b, Location loc, ValueRange position,
            ValueRange carried) -> SmallVector<Value> {
          // The index of the previous choice; -1 before the first one.
          Value before = indexConstant(b, loc, -1);
          SmallVector<Value> state(carried);
          state.push_back(before);
          auto passes = scf::ForOp::create(
              b, loc, none, count, one, state,
              [&](OpBuilder &b, Location loc, Value pass, ValueRange state) {
                Value previous = state.back();
                Value isFirst = arith::CmpIOp::create(
                    b, loc, arith::CmpIPredicate::slt, previous, none);
                Value previousKey =
                    key(b, loc, position,
                        arith::MaxSIOp::create(b, loc, previous, none));
                auto scan = scf::ForOp::create(
                    b, loc, none, length, one,
                    ValueRange{indexConstant(b, loc, -1), previousKey},
                    [&](OpBuilder &b, Location loc, Value at, ValueRange best) {
                      Value candidate = key(b, loc, position, at);
                      Value less =
                          greater(b, loc, previousKey, candidate, isUnsigned);
                      Value equal = arith::CmpIOp::create(
                          b, loc, arith::CmpIPredicate::eq, candidate,
                          previousKey);
                      Value later = arith::CmpIOp::create(
                          b, loc, arith::CmpIPredicate::sgt, at, previous);
                      Value behind = arith::OrIOp::create(
                          b, loc, less,
                          arith::AndIOp::create(b, loc, equal, later));
                      behind = arith::OrIOp::create(b, loc, behind, isFirst);
                      Value isOnly = arith::CmpIOp::create(
                          b, loc, arith::CmpIPredicate::slt, best[0], none);
                      Value better = arith::OrIOp::create(
                          b, loc, isOnly,
                          greater(b, loc, candidate, best[1], isUnsigned));
                      Value take =
                          arith::AndIOp::create(b, loc, behind, better);
                      scf::YieldOp::create(
                          b, loc,
                          ValueRange{arith::SelectOp::create(b, loc, take, at,
                                                             best[0]),
                                     arith::SelectOp::create(
                                         b, loc, take, candidate, best[1])});
                    });
                Value chosen = scan.getResult(0);
                SmallVector<Value> from(position), to(position);
                from.push_back(chosen);
                to.push_back(pass);
                Value value = tensor::ExtractOp::create(b, loc, operand, from);
                Value index =
                    arith::IndexCastOp::create(b, loc, b.getI32Type(), chosen);
                Value values =
                    tensor::InsertOp::create(b, loc, value, state[0], to);
                Value indices =
                    tensor::InsertOp::create(b, loc, index, state[1], to);
                scf::YieldOp::create(b, loc,
                                     ValueRange{values, indices, chosen});
              });
          return SmallVector<Value>(passes.getResults().drop_back());
        });
  }

  static SmallVector<Value> sortGreatest(OpBuilder &b, Location loc,
                                         Value operand, int64_t k,
                                         bool isUnsigned) {
    auto type = cast<RankedTensorType>(operand.getType());
    int64_t rank = type.getRank();
    auto indexType = cast<RankedTensorType>(type.clone(b.getI32Type()));
    Value indices =
        elementwise(b, loc, indexType, {}, operand,
                    [&](OpBuilder &nested, Location loc, ValueRange) -> Value {
                      return arith::IndexCastOp::create(
                          nested, loc, nested.getI32Type(),
                          linalg::IndexOp::create(nested, loc, rank - 1));
                    });
    SmallVector<Value> sorted = sortRows(
        b, loc, {operand, indices}, rank - 1,
        [&](OpBuilder &b, Location loc, ValueRange lhs, ValueRange rhs) {
          return greater(b, loc, totalOrderKey(b, loc, lhs[0]),
                         totalOrderKey(b, loc, rhs[0]), isUnsigned);
        });
    SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0));
    SmallVector<OpFoldResult> strides(rank, b.getIndexAttr(1));
    for (Value &value : sorted) {
      SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
      sizes.back() = b.getIndexAttr(k);
      value = tensor::ExtractSliceOp::create(b, loc, value, offsets, sizes,
                                             strides);
    }
    return sorted;
  }
};

} // namespace

void moe::graph::populateSortPatterns(RewritePatternSet &patterns,
                                      const TypeConverter &converter) {
  patterns.add<ConvertSort, ConvertTopK>(converter, patterns.getContext());
}
