// Lowers causal attention to structured ops on blocks of query rows.
#include "../MoEToLinalg/TensorBuilder.h"
#include "../StableHLOToLinalg/Lowering.h"
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

namespace moe {
#define GEN_PASS_DEF_CONVERTATTENTIONTOLINALGPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using moe::detail::Indexed;
using moe::detail::Sizes;
using moe::detail::SizesRef;
using moe::detail::TensorBuilder;
using moe::stablehlo::CompositeOp;

namespace {

/// Queries that are computed together, of each head: as many as a task of the
/// kernels has rows, or twice as many.
constexpr int64_t blockRows = 120;

/// Where the first query stands among the keys: at the first key, so that the
/// last query stands at the last key, or where an operand says.
enum class Causal { Start, End, First };

/// What a composite onnx.Attention says. Shape letters: B sequences, H query
/// heads, N key heads, S queries, T keys, D and Dv depths of keys and values.
struct Attention {
  CompositeOp op;
  Value query = op->getOperand(0); // B x H x S x D
  Value key = op->getOperand(1);   // B x N x T x D
  Value value = op->getOperand(2); // B x N x T x Dv
  Value first = nullptr;           // B or 1, i64; null unless causal is First
  Value mask = nullptr;            // broadcast to B x H x S x T; may be null
  Value sink = nullptr;            // H; may be null
  unsigned firstNumber = 0, maskNumber = 0; // of operands
  Causal causal = Causal::Start;
  int64_t window = 0; // keys that a query sees at most; 0: all before it
  double scale = 1, softcap = 0;

  /// None where it is not a causal one. `why` is set where it is, but has
  /// another form than the one that importers emit.
  static std::optional<Attention> match(CompositeOp op, std::string &why);
  /// Whether types leave it open only at run time that sizes agree.
  bool hasShapes(std::string &why);
  int64_t heads() const { return typeOf(query).getDimSize(1); }
  int64_t keyHeads() const { return typeOf(key).getDimSize(1); }
  static RankedTensorType typeOf(Value value) {
    return cast<RankedTensorType>(value.getType());
  }
};

std::optional<Attention> Attention::match(CompositeOp op, std::string &why) {
  std::optional<DictionaryAttr> attributes = op.getCompositeAttributes();
  if (op.getName() != "onnx.Attention" || !attributes)
    return std::nullopt;
  auto causal = attributes->getAs<StringAttr>("causal");
  if (!causal || causal == "none")
    return std::nullopt;
  auto integer = [&](StringRef name) {
    auto attribute = attributes->getAs<IntegerAttr>(name);
    return attribute ? attribute.getInt() : 0;
  };
  auto scale = attributes->getAs<FloatAttr>("scale"),
       softcap = attributes->getAs<FloatAttr>("softcap");
  bool hasFirst = causal == "first";
  if ((causal != "start" && causal != "end" && !hasFirst) || !scale ||
      !softcap) {
    why = "its attributes are not those of the ONNX importer";
    return std::nullopt;
  }
  bool hasMask = integer("has_mask") != 0, hasSink = integer("has_sink") != 0;
  unsigned count = 3 + hasFirst + hasMask + hasSink;
  if (op.getNumOperands() != count || op.getNumResults() != 1 ||
      llvm::any_of(op->getOperandTypes(),
                   [](Type type) { return !isa<RankedTensorType>(type); })) {
    why = "its operands are not those that its attributes name";
    return std::nullopt;
  }
  Attention result{op};
  unsigned next = 3;
  if (hasFirst)
    result.first = op->getOperand(result.firstNumber = next++);
  if (hasMask)
    result.mask = op->getOperand(result.maskNumber = next++);
  if (hasSink)
    result.sink = op->getOperand(next);
  result.causal = hasFirst            ? Causal::First
                  : causal == "start" ? Causal::Start
                                      : Causal::End;
  result.window = integer("window");
  result.scale = scale.getValueAsDouble();
  result.softcap = softcap.getValueAsDouble();
  return result.hasShapes(why) ? std::optional(result) : std::nullopt;
}

bool Attention::hasShapes(std::string &why) {
  why = "types do not say that its operands fit each other";
  auto result = dyn_cast<RankedTensorType>(op.getResult(0).getType());
  for (Value operand : {query, key, value})
    if (typeOf(operand).getRank() != 4 ||
        !isa<FloatType>(typeOf(operand).getElementType()))
      return false;
  if (!result || result.getRank() != 4 ||
      !isa<FloatType>(result.getElementType()))
    return false;
  auto agree = [](int64_t x, int64_t y) {
    return x == y || ShapedType::isDynamic(x) || ShapedType::isDynamic(y);
  };
  auto q = typeOf(query).getShape(), k = typeOf(key).getShape(),
       v = typeOf(value).getShape();
  if (!agree(q[0], k[0]) || !agree(q[0], v[0]) || !agree(k[0], v[0]) ||
      !agree(q[3], k[3]) || !agree(k[2], v[2]) || q[1] <= 0 || k[1] <= 0 ||
      k[1] != v[1] || q[1] % k[1] != 0 || ShapedType::isDynamic(v[3]) ||
      !agree(result.getDimSize(0), q[0]) || result.getDimSize(1) != q[1] ||
      !agree(result.getDimSize(2), q[2]) || result.getDimSize(3) != v[3])
    return false;
  if (first && (typeOf(first).getRank() != 1 ||
                !typeOf(first).getElementType().isSignlessInteger(64) ||
                (typeOf(first).getDimSize(0) != 1 &&
                 !agree(typeOf(first).getDimSize(0), q[0]))))
    return false;
  if (sink &&
      (typeOf(sink).getRank() != 1 || typeOf(sink).getDimSize(0) != q[1] ||
       !isa<FloatType>(typeOf(sink).getElementType())))
    return false;
  if (!mask)
    return true;
  RankedTensorType type = typeOf(mask);
  if (type.getRank() > 4 || !(type.getElementType().isInteger(1) ||
                              isa<FloatType>(type.getElementType())))
    return false;
  const int64_t whole[] = {q[0], q[1], q[2], k[2]};
  for (auto [size, all] : llvm::zip_equal(
           type.getShape(), ArrayRef(whole).take_back(type.getRank())))
    if (size != 1 && !agree(size, all))
      return false;
  bool hasHeads = type.getRank() == 4;
  return !hasHeads || !type.isDynamicDim(1);
}

/// Builds the ops of one attention. In them, sizes are those of the five loops
/// B, N, G (query heads of a key head), S and T; products have N key heads with
/// the G S queries of each as rows.
class Lowering {
public:
  explicit Lowering(Attention attention)
      : attention(attention),
        b(this->attention.op.getLoc(), this->attention.op) {}

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
  void findFirst();
  Block blockAt(Value row, OpFoldResult rows);
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

/// What types leave open.
void Lowering::requireSizes() {
  Operation *op = attention.op;
  auto require = [&](unsigned x, unsigned dimX, unsigned y, unsigned dimY) {
    moe::graph::requireEqualSizes(b, op, x, dimX, op->getOperand(x), y, dimY,
                                  op->getOperand(y));
  };
  require(0, 0, 1, 0);
  require(0, 0, 2, 0);
  require(0, 3, 1, 3);
  require(1, 2, 2, 2);
  if (attention.first && Attention::typeOf(attention.first).getDimSize(0) != 1)
    require(attention.firstNumber, 0, 0, 0);
  if (!attention.mask)
    return;
  const std::pair<unsigned, unsigned> whole[] = {
      {0, 0}, {0, 1}, {0, 2}, {1, 2}};
  RankedTensorType mask = Attention::typeOf(attention.mask);
  for (int64_t dim = 0; dim < mask.getRank(); ++dim) {
    auto [number, own] = whole[4 - mask.getRank() + dim];
    if (mask.getDimSize(dim) != 1)
      require(attention.maskNumber, dim, number, own);
  }
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
    sink = tensor::ExpandShapeOp::create(
        b, Attention::typeOf(attention.sink).clone(shape), attention.sink,
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
  Value zero = b.real(type, 0);
  Value shift =
      b.map(rowSizes, type, Indexed{masked[1], row}, [&](ValueRange args) {
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
      cast<RankedTensorType>(attention.op.getResult(0).getType())
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
  requireSizes();
  batch = b.size(attention.query, 0);
  length = b.size(attention.query, 2);
  depth = b.size(attention.query, 3);
  total = b.size(attention.key, 2);
  valueDepth = b.size(attention.value, 3);
  keyHeads = b.getIndexAttr(attention.keyHeads());
  group = b.getIndexAttr(attention.heads() / attention.keyHeads());
  queries = splitHeads(attention.query, length);
  findFirst();

  auto result = cast<RankedTensorType>(attention.op.getResult(0).getType());
  std::optional<int64_t> rows = getConstantIntValue(length);
  OpFoldResult zero = b.getIndexAttr(0);
  SmallVector<OpFoldResult> sizes = {batch, keyHeads, group, length,
                                     valueDepth};
  Value all;
  if (rows && *rows <= blockRows) {
    all = attend(blockAt(b.index(0), length));
  } else {
    Value step = b.index(blockRows);
    Value blocks = arith::CeilDivUIOp::create(b, b.toValue(length), step);
    bool isEven = rows && *rows % blockRows == 0;
    Value empty = b.empty(sizes, result.getElementType());
    all = b.loop(b.index(0), blocks, empty,
                 [&](Value number, ValueRange carried) -> SmallVector<Value> {
                   Value row = arith::MulIOp::create(b, number, step);
                   OpFoldResult count = b.getIndexAttr(blockRows);
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
  attention.op.getResult(0).replaceAllUsesWith(b.castTo(joined, result));
  attention.op.erase();
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
      remark::passed(op.getLoc(), remarkOf("blocks"))
          << ("products of attention end at the last key that one of " +
              Twine(blockRows) + " queries sees")
                 .str();
      decompositions.insert(op.getDecompositionAttr().getAttr());
      Lowering(*attention).run();
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
  static remark::RemarkOpts remarkOf(StringRef name) {
    return remark::RemarkOpts::name(name).category(
        "convert-attention-to-linalg");
  }
};

} // namespace
