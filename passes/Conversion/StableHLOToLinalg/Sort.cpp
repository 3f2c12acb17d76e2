// Sorting: a stable bottom-up merge sort per row over scratch tensors; a few
// greatest elements are selected one after another instead.
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

static SmallVector<Value> readAll(OpBuilder &b, Location loc,
                                  ValueRange tensors, Value index) {
  SmallVector<Value> elements;
  for (Value tensor : tensors)
    elements.push_back(
        tensor::ExtractOp::create(b, loc, tensor, ValueRange(index)));
  return elements;
}

/// Merges the sorted runs of `run` elements in the rows `from` pairwise into
/// `into`. The left element goes first unless the right one is less, so equal
/// elements keep their order.
static SmallVector<Value> mergePass(OpBuilder &b, Location loc, ValueRange from,
                                    ValueRange into, Value length, Value run,
                                    Less less) {
  Value none = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
  Value pair = arith::AddIOp::create(b, loc, run, run);
  auto pairs = scf::ForOp::create(
      b, loc, none, length, pair, into,
      [&](OpBuilder &b, Location loc, Value start, ValueRange rows) {
        Value middle = arith::MinSIOp::create(
            b, loc, arith::AddIOp::create(b, loc, start, run), length);
        Value end = arith::MinSIOp::create(
            b, loc, arith::AddIOp::create(b, loc, start, pair), length);
        Value last = arith::SubIOp::create(b, loc, length, one);
        SmallVector<Value> state{start, middle};
        llvm::append_range(state, rows);
        auto merge = scf::ForOp::create(
            b, loc, start, end, one, state,
            [&](OpBuilder &b, Location loc, Value at, ValueRange state) {
              Value left = state[0], right = state[1];
              // A finished run is compared all the same, inside the row.
              SmallVector<Value> leftElements = readAll(
                  b, loc, from, arith::MinSIOp::create(b, loc, left, last));
              SmallVector<Value> rightElements = readAll(
                  b, loc, from, arith::MinSIOp::create(b, loc, right, last));
              Value rightIsLess = less(b, loc, rightElements, leftElements);
              auto below = [&](Value i, Value limit) -> Value {
                return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                             i, limit);
              };
              Value takeRight =
                  arith::AndIOp::create(b, loc, below(right, end), rightIsLess);
              Value leftDone = arith::CmpIOp::create(
                  b, loc, arith::CmpIPredicate::sge, left, middle);
              takeRight = arith::OrIOp::create(b, loc, takeRight, leftDone);
              Value nextLeft = arith::SelectOp::create(
                  b, loc, takeRight, left,
                  arith::AddIOp::create(b, loc, left, one));
              Value nextRight = arith::SelectOp::create(
                  b, loc, takeRight, arith::AddIOp::create(b, loc, right, one),
                  right);
              SmallVector<Value> next{nextLeft, nextRight};
              for (auto [row, leftElement, rightElement] : llvm::zip_equal(
                       state.drop_front(2), leftElements, rightElements))
                next.push_back(tensor::InsertOp::create(
                    b, loc,
                    arith::SelectOp::create(b, loc, takeRight, rightElement,
                                            leftElement),
                    row, ValueRange(at)));
              scf::YieldOp::create(b, loc, next);
            });
        scf::YieldOp::create(b, loc, merge.getResults().drop_front(2));
      });
  return SmallVector<Value>(pairs.getResults());
}

/// Sorts rows of one dimension. Every round merges into scratch rows and back,
/// so that the sorted data always ends where it started.
static SmallVector<Value> sortRow(OpBuilder &b, Location loc, ValueRange rows,
                                  Less less) {
  Value length = sizeOf(b, loc, rows.front(), 0);
  SmallVector<Value> state{indexConstant(b, loc, 1)};
  SmallVector<Type> types{b.getIndexType()};
  SmallVector<Value> scratch;
  for (Value row : rows) {
    scratch.push_back(
        emptyLike(b, loc, cast<RankedTensorType>(row.getType()), row));
    state.push_back(row);
  }
  llvm::append_range(state, scratch);
  for (Value value : ValueRange(state).drop_front())
    types.push_back(value.getType());
  unsigned count = rows.size();
  auto loop = scf::WhileOp::create(
      b, loc, types, state,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value unsorted = arith::CmpIOp::create(
            b, loc, arith::CmpIPredicate::slt, args[0], length);
        scf::ConditionOp::create(b, loc, unsorted, args);
      },
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value run = args[0];
        Value twice = arith::AddIOp::create(b, loc, run, run);
        SmallVector<Value> there =
            mergePass(b, loc, args.slice(1, count), args.drop_front(1 + count),
                      length, run, less);
        SmallVector<Value> back =
            mergePass(b, loc, there, args.slice(1, count), length, twice, less);
        SmallVector<Value> next{arith::AddIOp::create(b, loc, twice, twice)};
        llvm::append_range(next, back);
        llvm::append_range(next, there);
        scf::YieldOp::create(b, loc, next);
      });
  return SmallVector<Value>(loop.getResults().slice(1, count));
}

SmallVector<Value> moe::graph::sortRows(OpBuilder &b, Location loc,
                                        ValueRange tensors, int64_t dim,
                                        Less less) {
  Value first = tensors.front();
  auto firstType = cast<RankedTensorType>(first.getType());
  int64_t rank = firstType.getRank();
  if (rank == 1)
    return sortRow(b, loc, tensors, less);
  SmallVector<Value> outer;
  for (int64_t d = 0; d < rank; ++d)
    if (d != dim)
      outer.push_back(sizeOf(b, loc, first, d));
  return sequentialLoops(
      b, loc, outer, tensors,
      [&](OpBuilder &b, Location loc, ValueRange position,
          ValueRange carried) -> SmallVector<Value> {
        SmallVector<OpFoldResult> offsets(getAsOpFoldResult(position));
        offsets.insert(offsets.begin() + dim, b.getIndexAttr(0));
        SmallVector<OpFoldResult> sizes(rank, b.getIndexAttr(1));
        SmallVector<OpFoldResult> strides(rank, b.getIndexAttr(1));
        sizes[dim] = tensor::getMixedSize(b, loc, first, dim);
        SmallVector<Value> rows;
        for (Value tensor : carried) {
          auto type = cast<RankedTensorType>(tensor.getType());
          rows.push_back(tensor::ExtractSliceOp::create(
              b, loc,
              RankedTensorType::get(type.getDimSize(dim),
                                    type.getElementType()),
              tensor, offsets, sizes, strides));
        }
        SmallVector<Value> sorted = sortRow(b, loc, rows, less);
        SmallVector<Value> next;
        for (auto [row, tensor] : llvm::zip_equal(sorted, carried))
          next.push_back(tensor::InsertSliceOp::create(
              b, loc, row, tensor, offsets, sizes, strides));
        return next;
      });
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
      require(rewriter, loc,
              arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::sge,
                                    length, indexConstant(rewriter, loc, k)),
              "top_k asks for more elements than a row has");
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
