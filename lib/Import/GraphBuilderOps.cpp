// Reductions, products, indexing, sorting and composites.
#include "GraphBuilder.h"

#include "moe/Dialect/StableHLO/Chlo.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <limits>

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;
namespace chlo = moe::chlo;
using Direction = hlo::ComparisonDirection;

// Cumulative sums go block by block; the sums of blocks need a square matrix.
static constexpr int64_t kSumBlock = 64;

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

Val GraphBuilder::reductionStart(Reduction kind, Type elementType) {
  bool isMax = kind == Reduction::Max;
  if (kind == Reduction::Max || kind == Reduction::Min) {
    auto type = RankedTensorType::get({}, elementType);
    if (auto real = dyn_cast<FloatType>(elementType))
      return constant(DenseElementsAttr::get(
          type, APFloat::getInf(real.getFloatSemantics(), isMax)));
    unsigned width = elementType.getIntOrFloatBitWidth();
    bool isUnsigned = elementType.isUnsignedInteger() || width == 1;
    APInt least = isUnsigned ? APInt::getMinValue(width)
                             : APInt::getSignedMinValue(width);
    APInt greatest = isUnsigned ? APInt::getMaxValue(width)
                                : APInt::getSignedMaxValue(width);
    return constant(DenseElementsAttr::get(type, isMax ? least : greatest));
  }
  bool one = kind == Reduction::Product || kind == Reduction::And;
  return scalar(elementType, one ? 1 : 0);
}

void GraphBuilder::buildScalarBody(Region &region, Type elementType,
                                   std::optional<Reduction> kind) {
  auto type = RankedTensorType::get({}, elementType);
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&region, {}, {type, type}, {loc, loc});
  Value a = block->getArgument(0), b = block->getArgument(1);
  auto combine = [&]() -> Value {
    if (!kind)
      return b;
    switch (*kind) {
    case Reduction::Sum:
      return hlo::AddOp::create(builder, loc, type, a, b);
    case Reduction::Product:
      return hlo::MulOp::create(builder, loc, type, a, b);
    case Reduction::Max:
      return hlo::MaxOp::create(builder, loc, type, a, b);
    case Reduction::Min:
      return hlo::MinOp::create(builder, loc, type, a, b);
    case Reduction::And:
      return hlo::AndOp::create(builder, loc, type, a, b);
    case Reduction::Or:
      return hlo::OrOp::create(builder, loc, type, a, b);
    }
    llvm_unreachable("an unknown reduction");
  };
  hlo::ReturnOp::create(builder, loc, ValueRange{combine()});
}

Val GraphBuilder::reduce(Reduction kind, Val a, ArrayRef<int64_t> dimensions,
                         bool keepDims) {
  SymbolicShape shape, kept = a->shape;
  for (int64_t d = 0; d < a->rank(); ++d) {
    if (llvm::is_contained(dimensions, d))
      kept[d] = DimExpr(1);
    else
      shape.push_back(a->shape[d]);
  }
  if (dimensions.empty())
    return a;
  if (failed())
    return placeholder(a->elementType, keepDims ? kept : shape);
  Val result;
  // Sums and extremes of sizes stay sizes.
  if (a->elements && !a->elements->empty() &&
      static_cast<int64_t>(dimensions.size()) == a->rank() && !a->isBool() &&
      kind != Reduction::And && kind != Reduction::Or) {
    DimExpr total = a->elements->front();
    for (const DimExpr &element : llvm::drop_begin(*a->elements)) {
      switch (kind) {
      case Reduction::Sum:
        total = total + element;
        break;
      case Reduction::Product:
        total = total * element;
        break;
      case Reduction::Max:
        total = dims.max(total, element);
        break;
      default:
        total = dims.min(total, element);
        break;
      }
    }
    result = integers(a->elementType, {total}, {});
  } else {
    Value start = get(reductionStart(kind, a->elementType));
    auto op = hlo::ReduceOp::create(builder, loc,
                                    TypeRange{typeOf(a->elementType, shape)},
                                    ValueRange{get(a)}, ValueRange{start},
                                    builder.getDenseI64ArrayAttr(dimensions));
    buildScalarBody(op.getBody(), a->elementType, kind);
    result = value(op.getResult(0), shape);
  }
  return keepDims ? reshape(result, kept) : result;
}

Val GraphBuilder::mean(Val a, ArrayRef<int64_t> dimensions) {
  DimExpr count(1);
  for (int64_t d : dimensions)
    count = count * a->shape[d];
  Val sum = reduce(Reduction::Sum, a, dimensions, /*keepDims=*/true);
  return div(sum, convert(integers(i64(), {count}, {}), a->elementType));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Val GraphBuilder::dot(Val a, Val b, ArrayRef<int64_t> batchA,
                      ArrayRef<int64_t> batchB, ArrayRef<int64_t> contractA,
                      ArrayRef<int64_t> contractB) {
  SymbolicShape shape;
  auto check = [&](ArrayRef<int64_t> dimsA, ArrayRef<int64_t> dimsB) {
    for (auto [x, y] : llvm::zip(dimsA, dimsB)) {
      auto m = a->shape[x].constant(), n = b->shape[y].constant();
      if (m && n && *m != *n)
        fail("requires the size of dimension #" + llvm::Twine(x) +
             " of one factor (" + llvm::Twine(*m) +
             ") to equal that of dimension #" + llvm::Twine(y) +
             " of the other (" + llvm::Twine(*n) + ")");
    }
  };
  check(batchA, batchB);
  check(contractA, contractB);
  for (auto [x, y] : llvm::zip(batchA, batchB))
    shape.push_back(b->shape[y].constant() ? b->shape[y] : a->shape[x]);
  for (int64_t d = 0; d < a->rank(); ++d)
    if (!llvm::is_contained(batchA, d) && !llvm::is_contained(contractA, d))
      shape.push_back(a->shape[d]);
  for (int64_t d = 0; d < b->rank(); ++d)
    if (!llvm::is_contained(batchB, d) && !llvm::is_contained(contractB, d))
      shape.push_back(b->shape[d]);
  if (a->elementType != b->elementType)
    fail("expects factors of one element type");
  RankedTensorType type = typeOf(a->elementType, shape);
  if (failed())
    return placeholder(a->elementType, shape);
  auto numbers = hlo::DotDimensionNumbersAttr::get(
      builder.getContext(), batchA, batchB, contractA, contractB);
  return value(hlo::DotGeneralOp::create(builder, loc, type, get(a), get(b),
                                         numbers, ArrayAttr(),
                                         hlo::DotAlgorithmAttr()),
               shape);
}

Val GraphBuilder::matmul(Val a, Val b) {
  int64_t m = a->rank(), n = b->rank();
  // Callers have refused scalars.
  if (failed())
    return placeholder(a->elementType, {});
  assert(m > 0 && n > 0 && "expects factors of rank 1 or more");
  if (n <= 2)
    return dot(a, b, {}, {}, {m - 1}, {n == 1 ? 0 : n - 2});
  if (m == 1) {
    // A row times a batch of matrices.
    Val row = reshape(a, {DimExpr(1), a->shape[0]});
    Val product = matmul(row, b);
    SymbolicShape shape(product->shape);
    shape.erase(shape.end() - 2);
    return reshape(product, shape);
  }
  ArrayRef<DimExpr> batchA = ArrayRef(a->shape).drop_back(2),
                    batchB = ArrayRef(b->shape).drop_back(2);
  if (batchA != batchB) {
    Val left = placeholder(a->elementType, SymbolicShape(batchA)),
        right = placeholder(b->elementType, SymbolicShape(batchB));
    SymbolicShape batch = broadcastShape({left, right});
    auto widen = [&](Val x) {
      SymbolicShape shape = batch;
      shape.append(x->shape.end() - 2, x->shape.end());
      return expand(x, shape);
    };
    a = widen(a);
    b = widen(b);
  }
  int64_t rank = a->rank();
  SmallVector<int64_t> batch = llvm::to_vector(llvm::seq<int64_t>(0, rank - 2));
  return dot(a, b, batch, batch, {rank - 1}, {rank - 2});
}

Val GraphBuilder::softmax(Val a, int64_t dim) {
  // Narrow floats would lose the sum.
  Type original = a->elementType;
  if (original.getIntOrFloatBitWidth() < 32)
    a = convert(a, builder.getF32Type());
  Val greatest = reduce(Reduction::Max, a, {dim}, /*keepDims=*/true);
  Val exponential = unary<hlo::ExpOp>(sub(a, greatest));
  Val sum = reduce(Reduction::Sum, exponential, {dim}, /*keepDims=*/true);
  return convert(div(exponential, sum), original);
}

Val GraphBuilder::cumulativeSum(Val a, int64_t dim, bool exclusive,
                                bool reverse) {
  SymbolicShape original = a->shape;
  // The dimension goes last; the others are one.
  SmallVector<int64_t> permutation, inverse(a->rank());
  DimExpr others(1);
  for (int64_t d = 0; d < a->rank(); ++d)
    if (d != dim) {
      permutation.push_back(d);
      others = others * a->shape[d];
    }
  permutation.push_back(dim);
  for (auto [index, d] : llvm::enumerate(permutation))
    inverse[d] = index;
  Val rows = transpose(a, permutation);
  SymbolicShape permuted = rows->shape;
  DimExpr length = a->shape[dim];
  rows = reshape(rows, {others, length});

  // sums[r, i] = sum of x[r, j] over all j that come before i.
  auto triangular = [&](Val x, bool strict) {
    DimExpr size = x->shape[1];
    Val from = iota(i64(), {size, size}, 0), to = iota(i64(), {size, size}, 1);
    if (reverse)
      std::swap(from, to);
    Val mask = compare(strict ? Direction::LT : Direction::LE, from, to);
    if (!x->isFloat())
      return dot(x, convert(mask, x->elementType), {}, {}, {1}, {0});
    // An infinite element must not spoil the sums that it is not part of.
    SymbolicShape cube{x->shape[0], size, size};
    Val spread = broadcast(x, cube, {0, 1});
    Val kept = select(broadcast(mask, cube, {1, 2}), spread,
                      splat(x->elementType, 0, cube));
    return reduce(Reduction::Sum, kept, {1});
  };

  std::optional<int64_t> fixed = length.constant();
  if (fixed && *fixed <= kSumBlock) {
    rows = triangular(rows, exclusive);
  } else {
    DimExpr blocks =
        dims.divide(length + DimExpr(kSumBlock - 1), DimExpr(kSumBlock))
            .value_or(DimExpr::invalid());
    DimExpr padded = blocks * DimExpr(kSumBlock);
    rows = pad(rows, scalar(a->elementType, 0), {DimExpr(0), DimExpr(0)},
               {DimExpr(0), padded - length});
    rows = reshape(rows, {others * blocks, DimExpr(kSumBlock)});
    Val totals = reshape(reduce(Reduction::Sum, rows, {1}), {others, blocks});
    Val before = reshape(triangular(totals, /*strict=*/true),
                         {others * blocks, DimExpr(1)});
    rows = add(triangular(rows, exclusive), before);
    rows = sliceDim(reshape(rows, {others, padded}), 1, DimExpr(0), length);
  }
  Val result = transpose(reshape(rows, permuted), inverse);
  return result;
}

//===----------------------------------------------------------------------===//
// Indexing and sorting
//===----------------------------------------------------------------------===//

Val GraphBuilder::wrapIndices(Val indices, const DimExpr &size) {
  Val wide = convert(indices, i64());
  Val zero = scalar(i64(), 0);
  Val wrapped = add(wide, integers(i64(), {size}, {}));
  return select(compare(Direction::LT, wide, zero), wrapped, wide);
}

Val GraphBuilder::gather(Val a, Val indices,
                         hlo::GatherDimensionNumbersAttr numbers,
                         const SymbolicShape &sliceSizes,
                         const SymbolicShape &result) {
  RankedTensorType type = typeOf(a->elementType, result);
  if (failed())
    return placeholder(a->elementType, result);
  SmallVector<int64_t> fixed;
  for (const DimExpr &size : sliceSizes)
    if (size.constant())
      fixed.push_back(*size.constant());
  if (fixed.size() == sliceSizes.size())
    return value(hlo::GatherOp::create(builder, loc, type, get(a), get(indices),
                                       numbers,
                                       builder.getDenseI64ArrayAttr(fixed),
                                       builder.getBoolAttr(false)),
                 result);
  Value extents = sizes(sliceSizes);
  return value(hlo::DynamicGatherOp::create(builder, loc, type, get(a),
                                            get(indices), extents, numbers,
                                            builder.getBoolAttr(false)),
               result);
}

Val GraphBuilder::scatter(Val a, Val indices, Val updates,
                          hlo::ScatterDimensionNumbersAttr numbers,
                          std::optional<Reduction> kind) {
  if (failed())
    return placeholder(a->elementType, a->shape);
  auto op = hlo::ScatterOp::create(
      builder, loc, TypeRange{typeOf(a)}, ValueRange{get(a)}, get(indices),
      ValueRange{get(updates)}, numbers, builder.getBoolAttr(false),
      builder.getBoolAttr(false));
  buildScalarBody(op.getUpdateComputation(), a->elementType, kind);
  return value(op.getResult(0), a->shape);
}

std::pair<Val, Val> GraphBuilder::topK(Val a, int64_t k) {
  SymbolicShape shape = a->shape;
  shape.back() = DimExpr(k);
  if (std::optional<int64_t> size = a->shape.back().constant();
      k < 0 || (size && k > *size))
    fail("requires k (" + llvm::Twine(k) + ") to be between 0 and the size (" +
         llvm::Twine(size.value_or(-1)) + ")");
  RankedTensorType type = typeOf(a->elementType, shape);
  if (failed())
    return {placeholder(a->elementType, shape), placeholder(i64(), shape)};
  auto op = chlo::TopKOp::create(
      builder, loc, TypeRange{type, type.clone(builder.getI32Type())}, get(a),
      builder.getI64IntegerAttr(k), builder.getBoolAttr(true));
  return {value(op.getValues(), shape),
          convert(value(op.getIndices(), shape), i64())};
}

std::pair<Val, Val> GraphBuilder::sort(Val a, int64_t dim, bool descending) {
  Val positions = iota(i64(), a->shape, dim);
  if (failed())
    return {a, positions};
  auto op = hlo::SortOp::create(
      builder, loc, TypeRange{typeOf(a), typeOf(positions)},
      ValueRange{get(a), get(positions)}, builder.getI64IntegerAttr(dim),
      builder.getBoolAttr(true));
  auto key = RankedTensorType::get({}, a->elementType),
       position = RankedTensorType::get({}, i64());
  OpBuilder::InsertionGuard guard(builder);
  Block *block =
      builder.createBlock(&op.getComparator(), {},
                          {key, key, position, position}, {loc, loc, loc, loc});
  Value less = hlo::CompareOp::create(
      builder, loc, block->getArgument(0), block->getArgument(1),
      descending ? Direction::GT : Direction::LT);
  hlo::ReturnOp::create(builder, loc, ValueRange{less});
  return {value(op.getResult(0), a->shape), value(op.getResult(1), a->shape)};
}

//===----------------------------------------------------------------------===//
// Composites
//===----------------------------------------------------------------------===//

/// Translates sizes of a decomposition into sizes of its caller.
struct GraphBuilder::Substitution {
  Substitution(const DimTable &inner, DimTable &outer)
      : inner(inner), outer(outer) {}

  const DimTable &inner;
  DimTable &outer;
  llvm::DenseMap<SymbolId, DimExpr> known;

  /// None where the size depends on data of the decomposition.
  std::optional<DimExpr> symbol(SymbolId id) {
    if (auto it = known.find(id); it != known.end())
      return it->second;
    const DimTable::Symbol &symbol = inner[id];
    if (symbol.kind == SymbolKind::Named)
      return std::nullopt;
    auto a = expr(symbol.operands[0]), b = expr(symbol.operands[1]);
    if (!a || !b)
      return std::nullopt;
    std::optional<DimExpr> result;
    switch (symbol.kind) {
    case SymbolKind::FloorDiv:
      result = outer.divide(*a, *b);
      break;
    case SymbolKind::Mod:
      result = outer.remainder(*a, *b);
      break;
    case SymbolKind::Max:
      result = outer.max(*a, *b);
      break;
    case SymbolKind::Min:
      result = outer.min(*a, *b);
      break;
    case SymbolKind::Broadcast:
      result = outer.broadcast(*a, *b);
      break;
    case SymbolKind::Named:
      break;
    }
    if (result)
      known[id] = *result;
    return result;
  }

  std::optional<DimExpr> expr(const DimExpr &e) {
    DimExpr sum;
    for (const auto &[monomial, coefficient] : e.terms()) {
      DimExpr product(coefficient);
      for (SymbolId id : monomial) {
        std::optional<DimExpr> factor = symbol(id);
        if (!factor)
          return std::nullopt;
        product = product * *factor;
      }
      sum = sum + product;
    }
    return sum;
  }
};

/// What a composite calls, and what its results are like.
struct GraphBuilder::Decomposition {
  Decomposition(ModuleState &state, func::FuncOp function,
                const ErrorHandler &onError, DimTable &outer)
      : inner(std::make_unique<GraphBuilder>(state, function, onError)),
        substitution(inner->dims, outer) {}

  std::unique_ptr<GraphBuilder> inner;
  Substitution substitution;
  /// The results in terms of the function's own sizes.
  SmallVector<Val> results;
  SmallVector<Type> resultTypes;
  /// Null after an error.
  func::FuncOp function;
};

GraphBuilder::Decomposition
GraphBuilder::decompose(StringRef name, ArrayRef<NamedAttribute> attrs,
                        ArrayRef<Val> inputs, Body body) {
  // Sizes that are equal here are equal in the decomposition: each distinct
  // one is a symbol there, named after the first dimension that has it.
  std::vector<DimExpr> distinct;
  std::vector<SmallVector<int64_t>> symbolOf;
  DictionaryAttr dictionary = builder.getDictionaryAttr(attrs);
  std::string key;
  llvm::raw_string_ostream stream(key);
  stream << name << dictionary;
  SmallVector<Type> types;
  for (Val input : inputs) {
    RankedTensorType type = typeOf(input);
    types.push_back(type);
    stream << type << "[";
    SmallVector<int64_t> own;
    for (const DimExpr &dim : input->shape) {
      int64_t index = -1;
      if (!dim.constant()) {
        auto it = llvm::find(distinct, dim);
        index = it - distinct.begin();
        if (it == distinct.end())
          distinct.push_back(dim);
      }
      own.push_back(index);
      stream << index << ",";
    }
    symbolOf.push_back(std::move(own));
    stream << "]";
  }

  // The decomposition is built even where an equal one exists, for the shapes
  // of its results; the copy is dropped.
  OpBuilder moduleBuilder = OpBuilder::atBlockEnd(state.module.getBody());
  auto function =
      func::FuncOp::create(moduleBuilder, loc, name,
                           FunctionType::get(builder.getContext(), types, {}));
  function.setPrivate();
  Block *entry = function.addEntryBlock();
  Decomposition result(state, function, onError, dims);
  GraphBuilder &inner = *result.inner;
  inner.loc = loc;
  std::vector<SymbolId> innerSymbols;
  innerSymbols.reserve(distinct.size());
  for (size_t i = 0; i < distinct.size(); ++i)
    innerSymbols.push_back(inner.dims.create(""));
  SmallVector<Val> arguments;
  std::vector<bool> bound(distinct.size(), false);
  for (auto [index, input] : llvm::enumerate(inputs)) {
    Value argument = entry->getArgument(index);
    SymbolicShape shape;
    for (auto [d, dim] : llvm::enumerate(input->shape)) {
      int64_t symbol = symbolOf[index][d];
      if (symbol < 0) {
        shape.push_back(dim);
        continue;
      }
      if (!bound[symbol])
        inner.bindDimension(innerSymbols[symbol], argument, d);
      bound[symbol] = true;
      shape.push_back(DimExpr::symbol(innerSymbols[symbol]));
    }
    arguments.push_back(inner.argument(argument, shape));
  }
  result.results = body(inner, arguments);
  SmallVector<Value> returned;
  for (Val value : result.results) {
    returned.push_back(inner.get(value));
    result.resultTypes.push_back(inner.typeOf(value));
  }
  for (auto [symbol, expr] : llvm::zip(innerSymbols, distinct))
    result.substitution.known[symbol] = expr;
  if (failed()) {
    function.erase();
    return result;
  }
  func::ReturnOp::create(inner.builder, loc, returned);
  function.setFunctionType(
      FunctionType::get(builder.getContext(), types, result.resultTypes));
  func::FuncOp &shared = state.decompositions[key];
  if (shared) {
    function.erase();
  } else {
    function.setSymName(
        (name + "_" + llvm::Twine(state.decompositions.size() - 1)).str());
    shared = function;
  }
  result.function = shared;
  return result;
}

DimExpr GraphBuilder::sizeOfResult(Decomposition &decomposition,
                                   const DimExpr &size, Value ssa,
                                   int64_t dim) {
  if (std::optional<DimExpr> translated = decomposition.substitution.expr(size))
    return *translated;
  DimExpr fresh = dimensionSymbol(ssa, dim);
  // The same size of another result, or twice, is the same one.
  if (std::optional<SymbolId> symbol = size.asSymbol())
    decomposition.substitution.known[*symbol] = fresh;
  return fresh;
}

Val GraphBuilder::valueOfShape(Value ssa, const SymbolicShape &shape) {
  auto own = cast<RankedTensorType>(ssa.getType());
  RankedTensorType type = typeOf(own.getElementType(), shape);
  if (type != own && !failed()) {
    Value extents = sizes(shape);
    ssa = hlo::DynamicReshapeOp::create(builder, loc, type, ssa, extents);
  }
  return value(ssa, shape);
}

SmallVector<Val> GraphBuilder::composite(StringRef name,
                                         ArrayRef<NamedAttribute> attrs,
                                         ArrayRef<Val> inputs, Body body) {
  Decomposition decomposition = decompose(name, attrs, inputs, body);
  SmallVector<Val> results;
  if (failed()) {
    for (Val result : decomposition.results)
      results.push_back(placeholder(result->elementType, result->shape));
    return results;
  }
  SmallVector<Value> operands;
  for (Val input : inputs)
    operands.push_back(get(input));
  auto op = hlo::CompositeOp::create(
      builder, loc, TypeRange(decomposition.resultTypes), ValueRange(operands),
      name, builder.getDictionaryAttr(attrs),
      decomposition.function.getSymName(), /*version=*/int32_t(1));
  for (auto [index, result] : llvm::enumerate(decomposition.results)) {
    Value ssa = op.getResult(index);
    SymbolicShape shape;
    for (auto [d, dim] : llvm::enumerate(result->shape))
      shape.push_back(sizeOfResult(decomposition, dim, ssa, d));
    results.push_back(valueOfShape(ssa, shape));
  }
  return results;
}

SmallVector<Val> GraphBuilder::conditional(Val condition, StringRef name,
                                           ArrayRef<Val> inputs, Body onTrue,
                                           Body onFalse) {
  NamedAttribute body = attr("body", name);
  Decomposition chosen = decompose("onnx.If.then", {body}, inputs, onTrue);
  Decomposition other = decompose("onnx.If.else", {body}, inputs, onFalse);
  if (!failed() && chosen.results.size() != other.results.size())
    fail("requires the results of its bodies (" +
         llvm::Twine(chosen.results.size()) + " and " +
         llvm::Twine(other.results.size()) + ") to be as many");
  SmallVector<Type> types;
  if (!failed())
    for (auto [a, b] : llvm::zip(chosen.resultTypes, other.resultTypes)) {
      auto x = cast<RankedTensorType>(a), y = cast<RankedTensorType>(b);
      if (x.getRank() != y.getRank() ||
          x.getElementType() != y.getElementType()) {
        fail("expects results of its bodies of one element type and rank");
        break;
      }
      SmallVector<int64_t> shape(x.getShape());
      for (auto [mine, theirs] : llvm::zip(shape, y.getShape()))
        if (mine != theirs)
          mine = ShapedType::kDynamic;
      types.push_back(x.clone(shape));
    }
  if (failed())
    return {};
  // What both bodies read is computed before the choice.
  SmallVector<Value> operands;
  for (Val input : inputs)
    operands.push_back(get(input));
  auto op = hlo::IfOp::create(builder, loc, TypeRange(types), get(condition));
  auto fill = [&](Region &region, Decomposition &decomposition,
                  StringRef composite) {
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&region);
    auto call = hlo::CompositeOp::create(
        builder, loc, TypeRange(decomposition.resultTypes),
        ValueRange(operands), composite, builder.getDictionaryAttr(body),
        decomposition.function.getSymName(), /*version=*/int32_t(1));
    hlo::ReturnOp::create(builder, loc, call.getResults());
  };
  fill(op.getTrueBranch(), chosen, "onnx.If.then");
  fill(op.getFalseBranch(), other, "onnx.If.else");
  SmallVector<Val> results;
  for (auto [index, type] : llvm::enumerate(types)) {
    Value ssa = op->getResult(index);
    SymbolicShape shape;
    for (auto [d, pair] : llvm::enumerate(llvm::zip(
             chosen.results[index]->shape, other.results[index]->shape))) {
      auto a = chosen.substitution.expr(std::get<0>(pair)),
           b = other.substitution.expr(std::get<1>(pair));
      shape.push_back(a && b && *a == *b ? *a : dimensionSymbol(ssa, d));
    }
    results.push_back(valueOfShape(ssa, shape));
  }
  return results;
}
