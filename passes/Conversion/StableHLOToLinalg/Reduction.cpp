// Reductions over dimensions and windows.
#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace moe::graph;
using namespace moe::stablehlo;

namespace {

/// Uninitialised tensors filled with the initial values.
SmallVector<Value> fillInits(OpBuilder &b, Location loc, ValueRange inits,
                             TypeRange types, ArrayRef<OpFoldResult> sizes) {
  SmallVector<Value> filled;
  for (auto [init, type] : llvm::zip_equal(inits, types))
    filled.push_back(
        fill(b, loc, readScalar(b, loc, init),
             emptyOf(b, loc, cast<RankedTensorType>(type), sizes)));
  return filled;
}

struct ConvertReduce : OpConversionPattern<ReduceOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ReduceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isScalarRegion(op.getBody()))
      return rewriter.notifyMatchFailure(op, "region has no scalar form");
    Location loc = op.getLoc();
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return failure();
    requireOneShape(rewriter, op, 0, adaptor.getInputs());
    Value first = adaptor.getInputs().front();
    int64_t rank = cast<RankedTensorType>(first.getType()).getRank();
    SmallVector<utils::IteratorType> loops = parallelLoops(rank);
    SmallVector<int64_t> kept;
    SmallVector<OpFoldResult> sizes;
    for (int64_t dim = 0; dim < rank; ++dim) {
      if (llvm::is_contained(op.getDimensions(), dim)) {
        loops[dim] = utils::IteratorType::reduction;
        continue;
      }
      kept.push_back(dim);
      sizes.push_back(tensor::getMixedSize(rewriter, loc, first, dim));
    }
    SmallVector<Value> inits =
        fillInits(rewriter, loc, adaptor.getInitValues(), types, sizes);
    SmallVector<AffineMap> maps(adaptor.getInputs().size(),
                                rewriter.getMultiDimIdentityMap(rank));
    maps.append(inits.size(), dimsMap(getContext(), rank, kept));
    auto remap = [&](Value v) { return rewriter.getRemappedValue(v); };
    auto generic = linalg::GenericOp::create(
        rewriter, loc, types, adaptor.getInputs(), inits, maps, loops,
        [&](OpBuilder &b, Location loc, ValueRange args) {
          // The region takes accumulators first, linalg gives them last.
          unsigned count = args.size() / 2;
          SmallVector<Value> ordered(args.drop_front(count));
          llvm::append_range(ordered, args.take_front(count));
          linalg::YieldOp::create(
              b, loc, *inlineScalarRegion(b, op.getBody(), ordered, remap));
        });
    rewriter.replaceOp(op, generic);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// A window with its defaults filled in.
struct Window {
  SmallVector<int64_t> sizes, strides, baseDilations, dilations, low, high;
};

Window getWindow(ReduceWindowOp op) {
  size_t rank = op.getWindowDimensions().size();
  auto orOnes = [&](Attribute attr) {
    return attr ? SmallVector<int64_t>(getI64List(attr))
                : SmallVector<int64_t>(rank, 1);
  };
  Window window{SmallVector<int64_t>(op.getWindowDimensions()),
                orOnes(op.getWindowStridesAttr()),
                orOnes(op.getBaseDilationsAttr()),
                orOnes(op.getWindowDilationsAttr()),
                SmallVector<int64_t>(rank, 0),
                SmallVector<int64_t>(rank, 0)};
  if (DenseIntElementsAttr padding = op.getPaddingAttr())
    for (auto [i, amount] : llvm::enumerate(padding.getValues<int64_t>()))
      (i % 2 == 0 ? window.low : window.high)[i / 2] = amount;
  return window;
}

/// A window that holds everything up to (or from) its position along one
/// dimension: a cumulative combination, which one pass computes.
struct Cumulative {
  int64_t dim;
  bool backwards;
};

/// A window this large reaches over every dimension that memory can hold.
constexpr int64_t wholeDimension = std::numeric_limits<int32_t>::max();

std::optional<Cumulative> matchCumulative(const Window &window,
                                          ArrayRef<int64_t> shape) {
  std::optional<Cumulative> found;
  for (auto [dim, size] : llvm::enumerate(window.sizes)) {
    if (window.strides[dim] != 1 || window.baseDilations[dim] != 1 ||
        window.dilations[dim] != 1)
      return std::nullopt;
    int64_t low = window.low[dim], high = window.high[dim];
    if (size == 1 && low == 0 && high == 0)
      continue;
    int64_t extent =
        ShapedType::isDynamic(shape[dim]) ? wholeDimension : shape[dim];
    bool forwards = low == size - 1 && high == 0;
    bool backwards = low == 0 && high == size - 1;
    if (found || size < extent || (!forwards && !backwards))
      return std::nullopt;
    found = Cumulative{static_cast<int64_t>(dim), backwards};
  }
  return found;
}

SmallVector<Value> lowerCumulative(OpBuilder &b, Location loc,
                                   ReduceWindowOp op, ValueRange inputs,
                                   ValueRange inits, TypeRange types,
                                   Cumulative cumulative,
                                   function_ref<Value(Value)> remap) {
  Value first = inputs.front();
  int64_t rank = cast<RankedTensorType>(first.getType()).getRank();
  SmallVector<Value> outer;
  for (int64_t dim = 0; dim < rank; ++dim)
    if (dim != cumulative.dim)
      outer.push_back(sizeOf(b, loc, first, dim));
  Value length = sizeOf(b, loc, first, cumulative.dim);
  Value last = arith::SubIOp::create(b, loc, length, indexConstant(b, loc, 1));
  SmallVector<Value> starts, results;
  for (auto [init, type] : llvm::zip_equal(inits, types)) {
    starts.push_back(readScalar(b, loc, init));
    // Filled, because CSE merges uninitialised tensors of one type, and
    // bufferization then gives both loop-carried values one buffer.
    results.push_back(fill(b, loc, starts.back(),
                           emptyOf(b, loc, cast<RankedTensorType>(type),
                                   tensor::getMixedSizes(b, loc, first))));
  }
  return sequentialLoops(
      b, loc, outer, results,
      [&](OpBuilder &b, Location loc, ValueRange position,
          ValueRange carried) -> SmallVector<Value> {
        SmallVector<Value> state(carried);
        llvm::append_range(state, starts);
        unsigned count = carried.size();
        auto loop = scf::ForOp::create(
            b, loc, indexConstant(b, loc, 0), length, indexConstant(b, loc, 1),
            state,
            [&](OpBuilder &b, Location loc, Value step, ValueRange state) {
              Value index =
                  cumulative.backwards
                      ? arith::SubIOp::create(b, loc, last, step).getResult()
                      : step;
              SmallVector<Value> at(position);
              at.insert(at.begin() + cumulative.dim, index);
              SmallVector<Value> args(state.drop_front(count));
              for (Value input : inputs)
                args.push_back(tensor::ExtractOp::create(b, loc, input, at));
              SmallVector<Value> sums =
                  *inlineScalarRegion(b, op.getBody(), args, remap);
              SmallVector<Value> next;
              for (auto [sum, tensor] :
                   llvm::zip_equal(sums, state.take_front(count)))
                next.push_back(
                    tensor::InsertOp::create(b, loc, sum, tensor, at));
              llvm::append_range(next, sums);
              scf::YieldOp::create(b, loc, next);
            });
        return SmallVector<Value>(loop.getResults().take_front(count));
      });
}

/// The general form: every window by itself. Elements between and around the
/// input are the initial values.
SmallVector<Value> lowerWindow(OpBuilder &b, Location loc, ReduceWindowOp op,
                               ValueRange inputs, ValueRange inits,
                               TypeRange types, const Window &window,
                               function_ref<Value(Value)> remap) {
  Value first = inputs.front();
  auto inputType = cast<RankedTensorType>(first.getType());
  int64_t rank = inputType.getRank();
  SmallVector<OpFoldResult> sizes;
  SmallVector<Value> inputSizes;
  Value one = indexConstant(b, loc, 1), none = indexConstant(b, loc, 0);
  for (int64_t dim = 0; dim < rank; ++dim) {
    Value size = sizeOf(b, loc, first, dim);
    inputSizes.push_back(size);
    // (base - span) / stride + 1, or 0 where the window does not fit.
    Value steps = arith::MaxSIOp::create(
        b, loc, arith::SubIOp::create(b, loc, size, one), none);
    Value isEmpty =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, size, none);
    Value base = arith::AddIOp::create(
        b, loc,
        arith::MulIOp::create(b, loc, steps,
                              indexConstant(b, loc, window.baseDilations[dim])),
        one);
    base = arith::SelectOp::create(b, loc, isEmpty, none, base);
    int64_t span = (window.sizes[dim] - 1) * window.dilations[dim] + 1;
    Value slack = arith::AddIOp::create(
        b, loc, base,
        indexConstant(b, loc, window.low[dim] + window.high[dim] - span));
    Value count = arith::AddIOp::create(
        b, loc,
        arith::FloorDivSIOp::create(b, loc, slack,
                                    indexConstant(b, loc, window.strides[dim])),
        one);
    sizes.push_back(getAsOpFoldResult(
        arith::MaxSIOp::create(b, loc, count, none).getResult()));
  }
  SmallVector<Value> filled = fillInits(b, loc, inits, types, sizes);
  SmallVector<Value> starts;
  for (Value init : inits)
    starts.push_back(readScalar(b, loc, init));
  // An operand of the window's shape gives the inner loops their bounds.
  Value shape = tensor::EmptyOp::create(b, loc, window.sizes, b.getI1Type());
  SmallVector<int64_t> outerDims = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  SmallVector<int64_t> innerDims =
      llvm::to_vector(llvm::seq<int64_t>(rank, 2 * rank));
  SmallVector<AffineMap> maps{dimsMap(b.getContext(), 2 * rank, innerDims)};
  maps.append(filled.size(), dimsMap(b.getContext(), 2 * rank, outerDims));
  SmallVector<utils::IteratorType> loops = parallelLoops(2 * rank);
  for (int64_t dim : innerDims)
    loops[dim] = utils::IteratorType::reduction;
  auto generic = linalg::GenericOp::create(
      b, loc, types, shape, filled, maps, loops,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value inside = arith::ConstantIntOp::create(b, loc, 1, /*width=*/1);
        SmallVector<Value> position;
        for (int64_t dim = 0; dim < rank; ++dim) {
          auto scaled = [&](int64_t loop, int64_t factor) -> Value {
            return arith::MulIOp::create(b, loc,
                                         linalg::IndexOp::create(b, loc, loop),
                                         indexConstant(b, loc, factor));
          };
          Value index =
              arith::AddIOp::create(b, loc, scaled(dim, window.strides[dim]),
                                    scaled(rank + dim, window.dilations[dim]));
          index = arith::SubIOp::create(b, loc, index,
                                        indexConstant(b, loc, window.low[dim]));
          if (window.baseDilations[dim] != 1) {
            // Where the rest is 0 the quotient is exact: negative indices stay
            // negative.
            Value dilation = indexConstant(b, loc, window.baseDilations[dim]);
            Value rest = arith::RemSIOp::create(b, loc, index, dilation);
            Value hit = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                              rest, indexConstant(b, loc, 0));
            inside = arith::AndIOp::create(b, loc, inside, hit);
            index = arith::DivSIOp::create(b, loc, index, dilation);
          }
          Value below = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                              index, inputSizes[dim]);
          inside = arith::AndIOp::create(b, loc, inside, below);
          position.push_back(index);
        }
        auto branch = scf::IfOp::create(
            b, loc, inside,
            [&](OpBuilder &then, Location loc) {
              SmallVector<Value> elements;
              for (Value input : inputs)
                elements.push_back(
                    tensor::ExtractOp::create(then, loc, input, position));
              scf::YieldOp::create(then, loc, elements);
            },
            [&](OpBuilder &otherwise, Location loc) {
              scf::YieldOp::create(otherwise, loc, starts);
            });
        SmallVector<Value> ordered(args.drop_front(1));
        llvm::append_range(ordered, branch.getResults());
        linalg::YieldOp::create(
            b, loc, *inlineScalarRegion(b, op.getBody(), ordered, remap));
      });
  return SmallVector<Value>(generic.getResults());
}

struct ConvertReduceWindow : OpConversionPattern<ReduceWindowOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ReduceWindowOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isScalarRegion(op.getBody()))
      return rewriter.notifyMatchFailure(op, "region has no scalar form");
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertTypes(op.getResultTypes(), types)))
      return failure();
    requireOneShape(rewriter, op, 0, adaptor.getInputs());
    Window window = getWindow(op);
    ArrayRef<int64_t> shape =
        cast<RankedTensorType>(op.getInputs().front().getType()).getShape();
    auto remap = [&](Value v) { return rewriter.getRemappedValue(v); };
    std::optional<Cumulative> cumulative = matchCumulative(window, shape);
    rewriter.replaceOp(
        op, cumulative
                ? lowerCumulative(rewriter, op.getLoc(), op,
                                  adaptor.getInputs(), adaptor.getInitValues(),
                                  types, *cumulative, remap)
                : lowerWindow(rewriter, op.getLoc(), op, adaptor.getInputs(),
                              adaptor.getInitValues(), types, window, remap));
    return success();
  }
};

} // namespace

void moe::graph::populateReductionPatterns(RewritePatternSet &patterns,
                                           const TypeConverter &converter) {
  patterns.add<ConvertReduce, ConvertReduceWindow>(converter,
                                                   patterns.getContext());
}
