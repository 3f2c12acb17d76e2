// Lowers attention to structured ops on blocks of query rows.
#include "../MoEToLinalg/TensorBuilder.h"
#include "../StableHLOToLinalg/Lowering.h"
#include "../StableHLOToLinalg/SizeAnalysis.h"
#include "Attention.h"
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"

#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace moe {
#define GEN_PASS_DEF_CONVERTATTENTIONTOLINALGPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using moe::Attention;
using moe::Causal;
using moe::detail::Indexed;
using moe::detail::Sizes;
using moe::detail::SizesRef;
using moe::detail::TensorBuilder;
using moe::stablehlo::CompositeOp;
using moe::stablehlo::DotGeneralOp;

namespace {

/// Queries that are computed together, of each head, at most: as many as a task
/// of the kernels has rows, or twice as many.
constexpr int64_t blockRows = 120;
/// Heights of blocks are multiples of this: tiles of kernels have six or twelve
/// rows.
constexpr int64_t blockUnit = 12;

/// Numbers of a mask up to the first one hide a key from queries that another
/// number, from the second one on, lets see some key: beside its weight that of
/// the hidden one is zero, unless logits differ by nearly as much.
constexpr double hides = -1e38, shows = -1e37;

/// Builds the ops of one attention. In them, sizes are those of the five loops
/// B, N, G (query heads of a key head), S and T; products have N key heads with
/// the G S queries of each as rows.
class Lowering {
public:
  explicit Lowering(Attention attention)
      : attention(std::move(attention)),
        b(this->attention.op->getLoc(), this->attention.op) {}

  void run();

private:
  /// Loops over the dimensions of a block of logits.
  enum Loop : unsigned { Batch, KeyHead, Group, Row, Key };
  /// Keys [from, from + count) are seen by rows [row, row + rows) of some
  /// sequence.
  struct Block {
    Value row;
    OpFoldResult rows;
    Value from;
    OpFoldResult count;
  };

  void requireSizes();
  void expandMask();
  void findFirst();
  Block blockAt(Value row, OpFoldResult rows);
  Block boundByMask(const Block &all);
  Value splitHeads(Value tensor, OpFoldResult rows);
  Value rowsOf(Value queries, const Block &block);
  Value keysOf(Value tensor, const Block &block);
  std::optional<Indexed> maskOf(const Block &block);
  Value joinRows(Value tensor);
  Value splitRows(Value tensor, const Block &block);
  Value multiply(Value rows, Value other, bool alongLast, OpFoldResult columns);
  Value logit(Value x, Value mask, Value first, const Block &block);
  Value attend(const Block &block);
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(b, x, y); }
  Value none() {
    return b.real(type, -std::numeric_limits<double>::infinity());
  }

  Attention attention;
  TensorBuilder b;
  FloatType type; // of what is computed
  OpFoldResult batch, keyHeads, group, length, total, depth, valueDepth;
  Value queries; // B x N x G x S x D
  /// The least and the greatest position of a first query.
  Value least, greatest;
};

/// What types and the graph leave open.
void Lowering::requireSizes() {
  Location loc = b.getLoc();
  auto require = [&](const char *nameX, Value x, unsigned dimX,
                     const char *nameY, Value y, unsigned dimY) {
    if (!Attention::typeOf(x).isDynamicDim(dimX) &&
        !Attention::typeOf(y).isDynamicDim(dimY))
      return;
    if (moe::graph::traceSize(x, dimX) == moe::graph::traceSize(y, dimY))
      return;
    Value sizeX = b.sizeValue(x, dimX), sizeY = b.sizeValue(y, dimY);
    moe::graph::require(
        b, loc, b.compare(arith::CmpIPredicate::eq, sizeX, sizeY),
        ("requires the size of dimension #" + Twine(dimX) + " of its " + nameX +
         " ({0}) to equal that of dimension #" + Twine(dimY) + " of its " +
         nameY + " ({1})")
            .str(),
        {sizeX, sizeY});
  };
  require("queries", attention.query, 0, "keys", attention.key, 0);
  require("queries", attention.query, 0, "values", attention.value, 0);
  require("queries", attention.query, 3, "keys", attention.key,
          attention.depthDim());
  require("keys", attention.key, attention.keyDim(), "values", attention.value,
          2);
  if (attention.first && Attention::typeOf(attention.first).getDimSize(0) != 1)
    require("first positions", attention.first, 0, "queries", attention.query,
            0);
  if (!attention.mask)
    return;
  RankedTensorType mask = Attention::typeOf(attention.mask);
  for (int64_t dim = 0; dim < mask.getRank(); ++dim) {
    unsigned whole = 4 - mask.getRank() + dim;
    if (mask.getDimSize(dim) == 1)
      continue;
    if (whole == 3)
      require("mask", attention.mask, dim, "keys", attention.key,
              attention.keyDim());
    else
      require("mask", attention.mask, dim, "queries", attention.query, whole);
  }
}

/// Gives the mask the sizes of logits, but for those that are known to be 1:
/// one that only a run tells may be 1, too.
void Lowering::expandMask() {
  RankedTensorType type = Attention::typeOf(attention.mask);
  auto sizeType = RankedTensorType::get({1}, b.getI64Type());
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    unsigned whole = 4 - type.getRank() + dim;
    if (!type.isDynamicDim(dim)) {
      sizes.push_back(moe::stablehlo::ConstantOp::create(
          b, DenseElementsAttr::get(sizeType, type.getDimSize(dim))));
      continue;
    }
    Value like = whole == 3 ? attention.key : attention.query;
    Value size = moe::stablehlo::GetDimensionSizeOp::create(
        b, like, whole == 3 ? attention.keyDim() : whole);
    size = moe::stablehlo::ConvertOp::create(b, size, b.getI64Type());
    sizes.push_back(moe::stablehlo::ReshapeOp::create(b, sizeType, size));
  }
  Value shape = moe::stablehlo::ConcatenateOp::create(b, sizes, 0);
  attention.mask = moe::stablehlo::DynamicBroadcastInDimOp::create(
      b, type, attention.mask, shape,
      llvm::to_vector(llvm::seq<int64_t>(type.getRank())));
}

void Lowering::findFirst() {
  Value zero = b.index(0);
  least = greatest = zero;
  if (attention.causal == Causal::End)
    least = greatest = sub(b.toValue(total), b.toValue(length));
  if (attention.causal != Causal::First)
    return;
  if (Attention::typeOf(attention.first).getDimSize(0) == 1) {
    least = greatest = b.toIndex(b.extract(attention.first, zero));
    return;
  }
  auto reduce = [&](int64_t init, auto combine) {
    Value start = b.filled({}, b.integer(b.getI64Type(), init));
    Value all = b.reduce(1, Indexed{attention.first, {0}}, {start, {}},
                         [&](ValueRange args) { return combine(args); });
    return b.toIndex(b.extract(all, {}));
  };
  // An empty batch has neither.
  constexpr int64_t far = int64_t(1) << 62;
  greatest = reduce(-far, [&](ValueRange args) -> Value {
    return arith::MaxSIOp::create(b, args[0], args[1]);
  });
  if (attention.window > 0)
    least = reduce(far, [&](ValueRange args) -> Value {
      return arith::MinSIOp::create(b, args[0], args[1]);
    });
}

/// The keys that rows [row, row + rows) see.
Lowering::Block Lowering::blockAt(Value row, OpFoldResult rows) {
  if (attention.causal == Causal::None)
    return boundByMask({row, rows, b.index(0), total});
  bool isWhole = attention.causal == Causal::End && attention.window <= 0 &&
                 rows == length;
  if (isWhole)
    return {row, rows, b.index(0), total};
  Value end = moe::graph::clampIndex(b, b.getLoc(),
                                     add(add(greatest, row), b.toValue(rows)),
                                     b.toValue(total));
  if (attention.window <= 0)
    return {row, rows, b.index(0), end};
  Value from = moe::graph::clampIndex(
      b, b.getLoc(), sub(add(least, row), b.index(attention.window - 1)), end);
  return {row, rows, from, sub(end, from)};
}

/// The keys of `all` from the first to the last one that the mask does not hide
/// from each row. Where a mask of numbers hides every key from some row, its
/// weights depend on all of them.
Lowering::Block Lowering::boundByMask(const Block &all) {
  std::optional<Indexed> mask = maskOf(all);
  auto *key = mask ? llvm::find(mask->loops, unsigned(Key)) : nullptr;
  if (!mask || key == mask->loops.end())
    return all;
  unsigned loops = mask->loops.size(), keyLoop = key - mask->loops.begin();
  SmallVector<unsigned, 3> each, rows;
  SmallVector<OpFoldResult> sizes;
  for (unsigned loop = 0; loop < loops; ++loop) {
    each.push_back(loop);
    if (loop == keyLoop)
      continue;
    rows.push_back(loop);
    sizes.push_back(b.size(mask->tensor, loop));
  }
  Type i64 = b.getI64Type();
  Value none = b.integer(i64, 0), end = b.toInt64(b.toValue(total));
  auto greater = [&](Value x, Value y) -> Value {
    return arith::MaxSIOp::create(b, x, y);
  };
  auto lesser = [&](Value x, Value y) -> Value {
    return arith::MinSIOp::create(b, x, y);
  };
  bool isBoolean =
      Attention::typeOf(attention.mask).getElementType().isInteger(1);
  // Of each row the first key, the end, and whether that is all that counts.
  SmallVector<Value> ofRows = b.structured(
      loops, Indexed{mask->tensor, each},
      {Indexed{b.filled(sizes, end), rows},
       Indexed{b.filled(sizes, none), rows},
       Indexed{b.filled(sizes, none), rows}},
      [&](ValueRange args) -> SmallVector<Value> {
        Value place = b.toInt64(b.loopIndex(keyLoop));
        Value behind = add(place, b.integer(i64, 1));
        Value isHidden, isShown;
        if (isBoolean) {
          isShown = b.boolean(true);
          isHidden = b.no(args[0]);
        } else {
          Value number = b.convert(args[0], type);
          isShown =
              b.compare(arith::CmpFPredicate::OGE, number, b.real(type, shows));
          isHidden =
              b.compare(arith::CmpFPredicate::OLE, number, b.real(type, hides));
        }
        return {lesser(args[1], b.select(isHidden, end, place)),
                greater(args[2], b.select(isHidden, none, behind)),
                greater(args[3], b.select(isShown, b.integer(i64, 1), none))};
      });
  each.pop_back();
  SmallVector<Value> ofBlock = b.structured(
      loops - 1,
      {Indexed{ofRows[0], each}, Indexed{ofRows[1], each},
       Indexed{ofRows[2], each}},
      {Indexed{b.filled({}, end), {}}, Indexed{b.filled({}, none), {}}},
      [&](ValueRange args) -> SmallVector<Value> {
        Value isBound = b.compare(arith::CmpIPredicate::sgt, args[2], none);
        return {lesser(args[3], b.select(isBound, args[0], none)),
                greater(args[4], b.select(isBound, args[1], end))};
      });
  Value from = b.toIndex(b.extract(ofBlock[0], {})),
        until = b.toIndex(b.extract(ofBlock[1], {}));
  // Where nothing is seen, the first key is behind the last one.
  from = arith::MinSIOp::create(b, from, until);
  return {all.row, all.rows, from, sub(until, from)};
}

/// B x H x rows x ... as B x N x G x rows x ...
Value Lowering::splitHeads(Value tensor, OpFoldResult rows) {
  SmallVector<OpFoldResult> sizes = {batch, keyHeads, group, rows,
                                     b.size(tensor, 3)};
  auto [shape, dynamic] = decomposeMixedValues(sizes);
  // What is before a cast may be known better.
  RankedTensorType type = Attention::typeOf(tensor);
  tensor = b.castTo(
      tensor, type.clone({shape[0], type.getDimSize(1), shape[3], shape[4]}));
  return tensor::ExpandShapeOp::create(
      b, type.clone(shape), tensor,
      ArrayRef<ReassociationIndices>{{0}, {1, 2}, {3}, {4}}, sizes);
}

/// B x N x G x rows x ... as B x N x (G rows) x ..., and back.
Value Lowering::joinRows(Value tensor) {
  return tensor::CollapseShapeOp::create(
      b, tensor, ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}, {4}});
}

Value Lowering::splitRows(Value tensor, const Block &block) {
  SmallVector<OpFoldResult> sizes = {batch, keyHeads, group, block.rows,
                                     b.size(tensor, 3)};
  auto [shape, dynamic] = decomposeMixedValues(sizes);
  return tensor::ExpandShapeOp::create(
      b, Attention::typeOf(tensor).clone(shape), tensor,
      ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}, {4}}, sizes);
}

Value Lowering::rowsOf(Value queries, const Block &block) {
  OpFoldResult zero = b.getIndexAttr(0);
  Value rows = b.slice(queries, {zero, zero, zero, block.row, zero},
                       {batch, keyHeads, group, block.rows, depth});
  if (moe::detail::floatElement(rows) != type)
    rows = b.map(b.sizes(rows), type,
                 Indexed{rows, {Batch, KeyHead, Group, Row, Key}},
                 [&](ValueRange args) { return b.convert(args[0], type); });
  return joinRows(rows);
}

Value Lowering::keysOf(Value tensor, const Block &block) {
  OpFoldResult zero = b.getIndexAttr(0);
  Value keys = b.slice(tensor, {zero, zero, block.from, zero},
                       {batch, keyHeads, block.count, b.size(tensor, 3)});
  if (moe::detail::floatElement(keys) != type)
    keys = b.map(b.sizes(keys), type, Indexed{keys, {0, 1, 2, 3}},
                 [&](ValueRange args) { return b.convert(args[0], type); });
  return keys;
}

/// The mask of a block, without the dimensions along which it repeats.
std::optional<Indexed> Lowering::maskOf(const Block &block) {
  if (!attention.mask)
    return std::nullopt;
  RankedTensorType type = Attention::typeOf(attention.mask);
  Value mask = attention.mask;
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  Sizes offsets, sizes;
  SmallVector<int64_t> shape;
  Indexed result;
  SmallVector<ReassociationIndices> groups;
  int64_t heads = -1;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    int64_t whole = 4 - type.getRank() + dim; // of B, H, S, T
    offsets.push_back(zero);
    sizes.push_back(one);
    if (type.getDimSize(dim) == 1)
      continue;
    if (whole == 2)
      offsets.back() = block.row;
    if (whole == 3)
      offsets.back() = block.from;
    sizes.back() = whole == 2   ? block.rows
                   : whole == 3 ? block.count
                                : b.size(mask, dim);
    if (whole == 1) {
      heads = shape.size();
      result.loops.append({KeyHead, Group});
    } else {
      result.loops.push_back(whole == 0 ? Batch : whole == 2 ? Row : Key);
    }
    shape.push_back(
        getConstantIntValue(sizes.back()).value_or(ShapedType::kDynamic));
  }
  SmallVector<OpFoldResult> strides(offsets.size(), one);
  mask = tensor::ExtractSliceOp::create(b, type.clone(shape), mask, offsets,
                                        sizes, strides);
  if (heads >= 0) {
    // H as N x G.
    SmallVector<OpFoldResult> split = b.sizes(mask);
    split[heads] = keyHeads;
    split.insert(split.begin() + heads + 1, group);
    for (int64_t dim = 0, next = 0; dim < int64_t(shape.size()); ++dim) {
      groups.push_back({next++});
      if (dim == heads)
        groups.back().push_back(next++);
    }
    auto [splitShape, dynamic] = decomposeMixedValues(split);
    mask = tensor::ExpandShapeOp::create(b, type.clone(splitShape), mask,
                                         groups, split);
  }
  result.tensor = mask;
  return result;
}

/// rows[b, n, m, k] times other[b, n, columns, k], or other[b, n, k, columns].
Value Lowering::multiply(Value rows, Value other, bool alongLast,
                         OpFoldResult columns) {
  SmallVector<OpFoldResult> sizes = {batch, keyHeads, b.size(rows, 2), columns};
  Value zeros = b.filled(sizes, b.real(type, 0));
  Indexed right{other, {0, 1, 3, 4}};
  if (!alongLast)
    std::swap(right.loops[2], right.loops[3]);
  return b.reduce(
      5, {Indexed{rows, {0, 1, 2, 4}}, right}, {zeros, {0, 1, 2, 3}},
      [&](ValueRange args) { return b.add(args[2], b.mul(args[0], args[1])); });
}

/// A logit from the product of a query with a key, within the loops of a block.
Value Lowering::logit(Value x, Value mask, Value first, const Block &block) {
  if (attention.scale != 1)
    x = b.mul(x, b.real(type, attention.scale));
  if (attention.softcap > 0) {
    Value cap = b.real(type, attention.softcap);
    x = b.mul(math::TanhOp::create(b, b.div(x, cap)), cap);
  }
  if (mask)
    x = mask.getType().isInteger(1) ? b.select(mask, x, none())
                                    : b.add(x, b.convert(mask, type));
  if (attention.causal == Causal::None)
    return x;
  Value position = add(add(first, block.row), b.loopIndex(Row));
  Value key = add(block.from, b.loopIndex(Key));
  Value seen = b.compare(arith::CmpIPredicate::sle, key, position);
  if (attention.window > 0)
    seen = b.both(seen, b.compare(arith::CmpIPredicate::sgt, key,
                                  sub(position, b.index(attention.window))));
  return b.select(seen, x, none());
}

/// B x N x G x rows x Dv.
Value Lowering::attend(const Block &block) {
  const SmallVector<unsigned, 3> row = {Batch, KeyHead, Group, Row},
                                 all = {Batch, KeyHead, Group, Row, Key};
  const SmallVector<OpFoldResult> rowSizes = {batch, keyHeads, group,
                                              block.rows};
  Value products =
      splitRows(multiply(rowsOf(queries, block), keysOf(attention.key, block),
                         /*alongLast=*/true, block.count),
                block);

  Value sink;
  if (attention.sink) {
    SmallVector<OpFoldResult> sizes = {keyHeads, group};
    auto [shape, dynamic] = decomposeMixedValues(sizes);
    sink = attention.sink;
    if (Attention::typeOf(sink).getRank() != 1)
      sink = tensor::CollapseShapeOp::create(
          b, sink, ArrayRef<ReassociationIndices>{{0, 1, 2, 3}});
    sink = tensor::ExpandShapeOp::create(
        b, Attention::typeOf(sink).clone(shape), sink,
        ArrayRef<ReassociationIndices>{{0, 1}}, sizes);
  }
  // An extra key without a value is as if it had been seen before.
  const Indexed sinkOfRow{sink, {KeyHead, Group}};
  Value start =
      sink ? b.map(rowSizes, type, sinkOfRow,
                   [&](ValueRange args) { return b.convert(args[0], type); })
           : b.filled(rowSizes, none());
  SmallVector<Indexed> inputs;
  std::optional<Indexed> mask = maskOf(block);
  if (mask)
    inputs.push_back(*mask);
  bool isPerSequence =
      attention.first && Attention::typeOf(attention.first).getDimSize(0) != 1;
  if (isPerSequence)
    inputs.push_back({attention.first, {Batch}});
  SmallVector<Value> masked =
      b.structured(5, inputs, {Indexed{products, all}, Indexed{start, row}},
                   [&](ValueRange args) -> SmallVector<Value> {
                     Value first = isPerSequence
                                       ? b.toIndex(args[inputs.size() - 1])
                                       : greatest;
                     Value x = args[inputs.size()];
                     x = logit(x, mask ? args[0] : Value(), first, block);
                     return {x, b.max(x, args.back())};
                   });

  // A query that sees nothing has no greatest logit; its sum is 0.
  Value zero = b.real(type, 0), shift = masked[1];
  if (attention.hasZeroRows)
    shift = b.map(rowSizes, type, Indexed{shift, row}, [&](ValueRange args) {
      Value isNone = b.compare(arith::CmpFPredicate::OEQ, args[0], none());
      return b.select(isNone, b.real(type, 0), args[0]);
    });
  Value before =
      sink ? b.map(rowSizes, type, {Indexed{shift, row}, sinkOfRow},
                   [&](ValueRange args) {
                     return b.exp(b.sub(b.convert(args[1], type), args[0]));
                   })
           : b.filled(rowSizes, zero);
  SmallVector<Value> weighed = b.structured(
      5, Indexed{shift, row}, {Indexed{masked[0], all}, Indexed{before, row}},
      [&](ValueRange args) -> SmallVector<Value> {
        Value weight = b.exp(b.sub(args[1], args[0]));
        return {weight, b.add(args[2], weight)};
      });
  Value sums =
      splitRows(multiply(joinRows(weighed[0]), keysOf(attention.value, block),
                         /*alongLast=*/false, valueDepth),
                block);
  auto element = cast<FloatType>(
      cast<RankedTensorType>(attention.op->getResult(0).getType())
          .getElementType());
  return b.map(b.sizes(sums), element,
               {Indexed{sums, all}, Indexed{weighed[1], row}},
               [&](ValueRange args) {
                 Value isNothing = b.compare(arith::CmpFPredicate::OEQ, args[1],
                                             b.real(type, 0));
                 Value divisor = b.select(isNothing, b.real(type, 1), args[1]);
                 return b.convert(b.div(args[0], divisor), element);
               });
}

void Lowering::run() {
  type = moe::detail::computeType(
      Attention::typeOf(attention.query).getElementType());
  if (attention.mask && !attention.parts.empty() &&
      !Attention::typeOf(attention.mask).hasStaticShape())
    expandMask();
  requireSizes();
  batch = b.size(attention.query, 0);
  length = b.size(attention.query, 2);
  depth = b.size(attention.query, 3);
  if (attention.keysAreColumns)
    attention.key = moe::stablehlo::TransposeOp::create(
        b, attention.key, b.getDenseI64ArrayAttr({0, 1, 3, 2}));
  total = b.size(attention.key, 2);
  valueDepth = b.size(attention.value, 3);
  keyHeads = b.getIndexAttr(attention.keyHeads());
  group = b.getIndexAttr(attention.heads() / attention.keyHeads());
  queries = splitHeads(attention.query, length);
  findFirst();

  auto result = cast<RankedTensorType>(attention.op->getResult(0).getType());
  std::optional<int64_t> rows = getConstantIntValue(length);
  OpFoldResult zero = b.getIndexAttr(0);
  SmallVector<OpFoldResult> sizes = {batch, keyHeads, group, length,
                                     valueDepth};
  Value all;
  if (rows && *rows <= blockRows) {
    all = attend(blockAt(b.index(0), length));
  } else {
    // Blocks of one height: a short last one would read keys for few rows.
    auto divideUp = [&](Value x, Value y) -> Value {
      return arith::CeilDivUIOp::create(b, x, y);
    };
    Value unit = b.index(blockUnit);
    Value blocks = divideUp(b.toValue(length), b.index(blockRows));
    Value most =
        arith::MaxUIOp::create(b, arith::MulIOp::create(b, blocks, unit), unit);
    Value step =
        arith::MulIOp::create(b, divideUp(b.toValue(length), most), unit);
    std::optional<int64_t> height;
    if (rows)
      height = llvm::alignTo(
          llvm::divideCeil(*rows, llvm::divideCeil(*rows, blockRows)),
          blockUnit);
    bool isEven = height && *rows % *height == 0;
    Value empty = b.empty(sizes, result.getElementType());
    all = b.loop(b.index(0), blocks, empty,
                 [&](Value number, ValueRange carried) -> SmallVector<Value> {
                   Value row = arith::MulIOp::create(b, number, step);
                   OpFoldResult count = b.getIndexAttr(height.value_or(0));
                   if (!isEven)
                     count = Value(arith::MinSIOp::create(
                         b, step, sub(b.toValue(length), row)));
                   Value part = attend(blockAt(row, count));
                   return {b.insertSlice(part, carried[0],
                                         {zero, zero, zero, row, zero})};
                 })
              .front();
  }
  Value joined = tensor::CollapseShapeOp::create(
      b, all, ArrayRef<ReassociationIndices>{{0}, {1, 2}, {3}, {4}});
  attention.op->getResult(0).replaceAllUsesWith(b.castTo(joined, result));
  attention.op->erase();
  for (Operation *op : attention.parts)
    op->erase();
}

/// Linear in the number of ops.
struct AttentionToLinalg final
    : moe::impl::ConvertAttentionToLinalgPassBase<AttentionToLinalg> {
  using ConvertAttentionToLinalgPassBase::ConvertAttentionToLinalgPassBase;

  void runOnOperation() override {
    SmallVector<CompositeOp> composites;
    getOperation().walk([&](CompositeOp op) { composites.push_back(op); });
    llvm::SmallSetVector<StringAttr, 4> decompositions;
    for (CompositeOp op : composites) {
      std::string why;
      std::optional<Attention> attention = Attention::match(op, why);
      if (!attention) {
        if (!why.empty())
          remark::missed(op.getLoc(), remarkOf("masked"))
              << "products of attention compute what a causal mask hides: "
              << why;
        continue;
      }
      decompositions.insert(op.getDecompositionAttr().getAttr());
      lower(*attention);
    }
    SmallVector<DotGeneralOp> products;
    getOperation().walk([&](DotGeneralOp op) { products.push_back(op); });
    llvm::SmallPtrSet<Operation *, 8> gone;
    for (DotGeneralOp op : llvm::reverse(products)) {
      if (gone.contains(op))
        continue;
      if (std::optional<Attention> attention = Attention::match(op)) {
        gone.insert_range(attention->parts);
        lower(*attention);
      }
    }
    SymbolTable symbols(getOperation());
    for (StringAttr name : decompositions) {
      auto function = symbols.lookup<func::FuncOp>(name);
      if (function && function.isPrivate() &&
          SymbolTable::symbolKnownUseEmpty(function, getOperation()))
        symbols.erase(function);
    }
  }

private:
  static void lower(const Attention &attention) {
    const char *keys =
        attention.causal != Causal::None
            ? "products of attention end at the last key that one of "
        : attention.mask
            ? "products of attention leave out keys that a mask hides from "
            : "attention is computed in blocks of ";
    const char *rows =
        attention.causal != Causal::None ? " queries sees" : " queries";
    remark::passed(attention.op->getLoc(), remarkOf("blocks"))
        << (keys + Twine(blockRows) + rows).str();
    Lowering(attention).run();
  }

  static remark::RemarkOpts remarkOf(StringRef name) {
    return remark::RemarkOpts::name(name).category(
        "convert-attention-to-linalg");
  }
};

} // namespace
