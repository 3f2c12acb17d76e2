// Values, sizes and element-wise operations of the graph level.
#include "GraphBuilder.h"

#include "moe/Dialect/StableHLO/Chlo.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;
namespace chlo = moe::chlo;
using Direction = hlo::ComparisonDirection;

// Tensors of more elements are not looked into.
static constexpr int64_t kMaxKnownElements = 1024, kMaxRuntimeElements = 16;
// Larger constants of 4 bits per element are weights, as lowering has it.
static constexpr int64_t kMaxCodeNibbles = 64;
// No tensor of a model comes close; products of larger sizes could overflow.
static constexpr int64_t kMaxElements = int64_t(1) << 48;

GraphBuilder::GraphBuilder(ModuleState &state, func::FuncOp function,
                           ErrorHandler onError)
    : builder(OpBuilder::atBlockEnd(&function.getBody().front())),
      loc(function.getLoc()), state(state), onError(std::move(onError)) {}

void GraphBuilder::fail(const llvm::Twine &message) {
  if (state.failed)
    return;
  state.failed = true;
  onError(message);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

TensorValue *GraphBuilder::create(Type elementType, SymbolicShape shape) {
  values.push_back({});
  values.back().elementType = elementType;
  values.back().shape = std::move(shape);
  return &values.back();
}

Val GraphBuilder::placeholder(Type elementType, SymbolicShape shape) {
  return create(elementType, std::move(shape));
}

RankedTensorType GraphBuilder::typeOf(Type elementType,
                                      ArrayRef<DimExpr> shape) {
  SmallVector<int64_t> sizes;
  int64_t elements = 1;
  for (const DimExpr &dim : shape) {
    std::optional<int64_t> size = dim.constant();
    if (!dim.isValid() || (size && *size < 0)) {
      fail("gives a tensor of a size that is negative or too large");
      size = 0;
    }
    if (size && *size != 0 &&
        (llvm::MulOverflow(elements, *size, elements) ||
         elements > kMaxElements)) {
      fail("gives a tensor of more than 2^48 elements");
      size = 0;
      elements = 1;
    }
    sizes.push_back(size ? *size : ShapedType::kDynamic);
  }
  return RankedTensorType::get(sizes, elementType);
}

Val GraphBuilder::value(Value ssa, SymbolicShape shape) {
  TensorValue *result = create(
      cast<RankedTensorType>(ssa.getType()).getElementType(), std::move(shape));
  result->ssa = ssa;
  return result;
}

Val GraphBuilder::argument(Value ssa, SymbolicShape shape) {
  return value(ssa, std::move(shape));
}

Val GraphBuilder::constant(ElementsAttr attr) {
  auto type = cast<RankedTensorType>(attr.getType());
  SymbolicShape shape;
  for (int64_t size : type.getShape())
    shape.push_back(DimExpr(size));
  TensorValue *result = create(type.getElementType(), std::move(shape));
  result->constant = attr;
  auto dense = dyn_cast<DenseIntElementsAttr>(attr);
  if (dense && type.getNumElements() <= kMaxKnownElements &&
      type.getElementTypeBitWidth() <= 64) {
    result->elements.emplace();
    bool isSigned = !result->isBool() && !result->isUnsigned();
    for (const APInt &element : dense.getValues<APInt>()) {
      // What an i64 cannot hold is not a size.
      if (!isSigned && element.getActiveBits() > 63) {
        result->elements.reset();
        break;
      }
      result->elements->push_back(
          DimExpr(isSigned ? element.getSExtValue()
                           : static_cast<int64_t>(element.getZExtValue())));
    }
  }
  return result;
}

static TypedAttr numberAttr(Type type, double value) {
  if (isa<FloatType>(type))
    return FloatAttr::get(type, value);
  // No integer stands for infinity or for what is not a number.
  double limit = 9.2e18;
  value = value == value ? std::clamp(value, -limit, limit) : 0;
  return IntegerAttr::get(type, APInt(type.getIntOrFloatBitWidth(),
                                      static_cast<int64_t>(value),
                                      /*isSigned=*/true,
                                      /*implicitTrunc=*/true));
}

Val GraphBuilder::scalar(Type elementType, double value) {
  return constant(DenseElementsAttr::get(RankedTensorType::get({}, elementType),
                                         numberAttr(elementType, value)));
}

Val GraphBuilder::splat(Type elementType, double value,
                        const SymbolicShape &shape) {
  if (failed())
    return placeholder(elementType, shape);
  RankedTensorType type = typeOf(elementType, shape);
  if (failed())
    return placeholder(elementType, shape);
  if (type.hasStaticShape())
    return constant(
        DenseElementsAttr::get(type, numberAttr(elementType, value)));
  return expand(scalar(elementType, value), shape);
}

Val GraphBuilder::integers(Type elementType, ArrayRef<DimExpr> elements,
                           ArrayRef<int64_t> shape) {
  SymbolicShape symbolic;
  for (int64_t size : shape)
    symbolic.push_back(DimExpr(size));
  TensorValue *result = create(elementType, std::move(symbolic));
  for (const DimExpr &element : elements)
    if (!element.isValid())
      fail("computes a size that is too large");
  result->elements.emplace(elements);
  SmallVector<APInt> numbers;
  for (const DimExpr &element : elements) {
    std::optional<int64_t> number = element.constant();
    if (!number)
      return result;
    numbers.push_back(APInt(elementType.getIntOrFloatBitWidth(), *number,
                            /*isSigned=*/true, /*implicitTrunc=*/true));
  }
  result->constant = DenseElementsAttr::get(
      RankedTensorType::get(shape, elementType), numbers);
  return result;
}

Val GraphBuilder::shapeOf(Val a) {
  return integers(i64(), a->shape, {a->rank()});
}

/// The bytes of a weight of 4 bits per element, two to a byte, the first in the
/// low half. Null for anything else, small constants among them, which stay in
/// the code.
static ElementsAttr packNibbles(ElementsAttr weight) {
  auto type = cast<RankedTensorType>(weight.getType());
  if (type.getElementTypeBitWidth() != 4)
    return {};
  auto bytesType = RankedTensorType::get(
      {(type.getNumElements() + 1) / 2},
      IntegerType::get(type.getContext(), 8, IntegerType::Unsigned));
  while (auto reshape = dyn_cast<moe::support::ReshapeAttr>(weight))
    weight = reshape.getSource();
  if (auto external = dyn_cast<moe::support::ExternalAttr>(weight))
    return moe::support::ExternalAttr::get(
        type.getContext(), bytesType, external.getFile(), external.getOffset());
  auto dense = dyn_cast<DenseIntElementsAttr>(weight);
  if (!dense || dense.isSplat() || dense.getNumElements() <= kMaxCodeNibbles)
    return {};
  SmallVector<uint8_t> bytes(bytesType.getNumElements());
  for (auto [index, element] : llvm::enumerate(dense.getValues<APInt>()))
    bytes[index / 2] |= element.getZExtValue() << (index % 2 * 4);
  return DenseElementsAttr::get(bytesType, ArrayRef(bytes));
}

Value GraphBuilder::unpackNibbles(ElementsAttr bytes, RankedTensorType type) {
  int64_t count = bytes.getNumElements(), elements = type.getNumElements();
  Type element = type.getElementType();
  Value list = hlo::ConstantOp::create(builder, loc, bytes);
  list = hlo::BitcastConvertOp::create(
      builder, loc, RankedTensorType::get({count, 2}, element), list);
  list = hlo::ReshapeOp::create(
      builder, loc, RankedTensorType::get({2 * count}, element), list);
  if (elements != 2 * count)
    list = hlo::SliceOp::create(builder, loc,
                                RankedTensorType::get({elements}, element),
                                list, {0}, {elements}, {1});
  return hlo::ReshapeOp::create(builder, loc, type, list);
}

Value GraphBuilder::get(Val val) {
  auto *result = const_cast<TensorValue *>(val);
  if (result->ssa || failed())
    return result->ssa;
  if (result->constant) {
    if (ElementsAttr bytes = packNibbles(result->constant))
      return result->ssa = unpackNibbles(bytes, typeOf(val));
    result->ssa = hlo::ConstantOp::create(builder, loc, result->constant);
    return result->ssa;
  }
  assert(result->elements && "a value without a definition");
  RankedTensorType type = typeOf(val);
  RankedTensorType wide = type.clone(builder.getI64Type());
  Value tensor;
  if (type.getRank() == 0) {
    tensor = size(result->elements->front());
  } else {
    tensor = sizes(*result->elements);
    if (type.getRank() != 1)
      tensor = hlo::ReshapeOp::create(builder, loc, wide, tensor);
  }
  if (type != wide)
    tensor =
        hlo::ConvertOp::create(builder, loc, tensor, type.getElementType());
  return result->ssa = tensor;
}

std::optional<SmallVector<DimExpr>> GraphBuilder::elementsOf(Val val) {
  if (val->elements)
    return val->elements;
  if (failed() || val->isFloat() || val->rank() > 1)
    return std::nullopt;
  std::optional<int64_t> count =
      val->rank() == 0 ? 1 : val->shape[0].constant();
  if (!count || *count > kMaxRuntimeElements)
    return std::nullopt;
  SmallVector<DimExpr> elements;
  Val wide = convert(val, i64());
  for (int64_t i = 0; i < *count; ++i) {
    Val element = wide;
    if (val->rank() == 1)
      element = reshape(sliceDim(wide, 0, DimExpr(i), DimExpr(1)), {});
    elements.push_back(runtimeSymbol(get(element), /*nonNegative=*/false));
  }
  const_cast<TensorValue *>(val)->elements = elements;
  return elements;
}

std::optional<SmallVector<int64_t>>
GraphBuilder::constantIntegers(Val value) const {
  if (!value->elements)
    return std::nullopt;
  SmallVector<int64_t> result;
  for (const DimExpr &element : *value->elements) {
    if (!element.constant())
      return std::nullopt;
    result.push_back(*element.constant());
  }
  return result;
}

std::optional<int64_t> GraphBuilder::constantScalar(Val value) const {
  auto elements = constantIntegers(value);
  return elements && elements->size() == 1 ? std::optional((*elements)[0])
                                           : std::nullopt;
}

std::optional<double> GraphBuilder::constantFloat(Val value) const {
  auto dense = dyn_cast_if_present<DenseFPElementsAttr>(value->constant);
  if (!dense || dense.getNumElements() == 0 || !dense.isSplat())
    return std::nullopt;
  APFloat number = dense.getSplatValue<APFloat>();
  bool losesInfo;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return number.convertToDouble();
}

//===----------------------------------------------------------------------===//
// Sizes at run time
//===----------------------------------------------------------------------===//

void GraphBuilder::bindDimension(SymbolId symbol, Value value, int64_t dim) {
  bindings[symbol] = {value, dim};
}

DimExpr GraphBuilder::dimensionSymbol(Value value, int64_t dim,
                                      StringRef name) {
  SymbolId symbol = dims.create(name);
  bindDimension(symbol, value, dim);
  return DimExpr::symbol(symbol);
}

DimExpr GraphBuilder::runtimeSymbol(Value value, bool nonNegative) {
  SymbolId symbol = dims.create("", nonNegative);
  bindings[symbol] = {value, -1};
  return DimExpr::symbol(symbol);
}

Value GraphBuilder::symbolSize(SymbolId id) {
  const DimTable::Symbol symbol = dims[id];
  RankedTensorType type = RankedTensorType::get({}, i64());
  if (symbol.kind == SymbolKind::Named) {
    auto [tensor, dim] = bindings.lookup(id);
    assert(tensor && "a size that nothing defines");
    if (dim < 0)
      return tensor;
    Value narrow = hlo::GetDimensionSizeOp::create(builder, loc, tensor, dim);
    return hlo::ConvertOp::create(builder, loc, narrow, i64());
  }
  Value a = size(symbol.operands[0]), b = size(symbol.operands[1]);
  switch (symbol.kind) {
  case SymbolKind::FloorDiv:
    return hlo::DivOp::create(builder, loc, type, a, b);
  case SymbolKind::Mod:
    return hlo::RemOp::create(builder, loc, type, a, b);
  case SymbolKind::Max:
    return hlo::MaxOp::create(builder, loc, type, a, b);
  case SymbolKind::Min:
    return hlo::MinOp::create(builder, loc, type, a, b);
  case SymbolKind::Broadcast: {
    Value isOne = hlo::CompareOp::create(builder, loc, a, size(DimExpr(1)),
                                         Direction::EQ);
    return hlo::SelectOp::create(builder, loc, type, isOne, b, a);
  }
  case SymbolKind::Named:
    break;
  }
  llvm_unreachable("a symbol of unknown kind");
}

Value GraphBuilder::size(const DimExpr &expr) {
  Value &cached = sizeCache[expr.terms().vec()];
  if (cached)
    return cached;
  RankedTensorType type = RankedTensorType::get({}, i64());
  Value sum;
  if (std::optional<int64_t> constant = expr.constant()) {
    sum = hlo::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(type, builder.getI64IntegerAttr(*constant)));
  } else if (std::optional<SymbolId> symbol = expr.asSymbol()) {
    sum = symbolSize(*symbol);
  } else {
    for (const auto &[monomial, coefficient] : expr.terms()) {
      Value product;
      if (coefficient != 1 || monomial.empty())
        product = size(DimExpr(coefficient));
      for (SymbolId id : monomial) {
        Value factor = size(DimExpr::symbol(id));
        product = product
                      ? hlo::MulOp::create(builder, loc, type, product, factor)
                            .getResult()
                      : factor;
      }
      sum =
          sum ? hlo::AddOp::create(builder, loc, type, sum, product).getResult()
              : product;
    }
  }
  // Inner calls may have moved the map's entries.
  return sizeCache[expr.terms().vec()] = sum;
}

void GraphBuilder::requireSize(const DimExpr &a, StringRef nameA,
                               Direction direction, const DimExpr &b,
                               StringRef nameB) {
  bool equal = direction == Direction::EQ;
  assert((equal || direction == Direction::LE) && "not a relation of sizes");
  if (failed() || (equal ? a == b : dims.isNonNegative(b - a)))
    return;
  auto message = [&](const Twine &sizeA, const Twine &sizeB) {
    return ("requires " + nameA + " (" + sizeA + ") to " +
            (equal ? "equal " : "be at most ") + nameB + " (" + sizeB + ")")
        .str();
  };
  std::optional<int64_t> knownA = a.constant(), knownB = b.constant();
  if (knownA && knownB)
    return fail(message(Twine(*knownA), Twine(*knownB)));
  Value sizeA = size(a), sizeB = size(b);
  Value holds = hlo::CompareOp::create(builder, loc, sizeA, sizeB, direction);
  // In the form that JAX gives its checks.
  hlo::CustomCallOp::create(
      builder, loc, TypeRange(), ValueRange{holds, sizeA, sizeB},
      {attr("call_target_name", StringRef("shape_assertion")),
       builder.getNamedAttr("has_side_effect", builder.getBoolAttr(true)),
       attr("error_message", StringRef(message("{0}", "{1}")))});
}

Value GraphBuilder::sizes(ArrayRef<DimExpr> exprs) {
  std::vector<std::vector<DimExpr::Term>> key;
  for (const DimExpr &expr : exprs)
    key.push_back(expr.terms().vec());
  if (auto it = sizesCache.find(key); it != sizesCache.end())
    return it->second;
  auto type = RankedTensorType::get({static_cast<int64_t>(exprs.size())},
                                    builder.getI64Type());
  if (llvm::all_of(exprs, [](const DimExpr &e) { return e.constant(); })) {
    SmallVector<int64_t> numbers;
    for (const DimExpr &expr : exprs)
      numbers.push_back(*expr.constant());
    return sizesCache[key] = hlo::ConstantOp::create(
               builder, loc, DenseIntElementsAttr::get(type, numbers));
  }
  if (exprs.size() == 1)
    return sizesCache[key] =
               hlo::ReshapeOp::create(builder, loc, type, size(exprs[0]));
  // Constants that follow each other are one.
  SmallVector<Value> parts;
  for (size_t i = 0, end; i < exprs.size(); i = end) {
    for (end = i; end < exprs.size() && exprs[end].constant(); ++end)
      ;
    end = std::max(end, i + 1);
    parts.push_back(sizes(exprs.slice(i, end - i)));
  }
  return sizesCache[key] =
             hlo::ConcatenateOp::create(builder, loc, type, parts, 0);
}

//===----------------------------------------------------------------------===//
// Element by element
//===----------------------------------------------------------------------===//

SymbolicShape GraphBuilder::broadcastShape(ArrayRef<Val> values) {
  SymbolicShape result;
  for (Val value : values) {
    SymbolicShape shape = value->shape;
    if (shape.size() > result.size())
      std::swap(shape, result);
    size_t offset = result.size() - shape.size();
    for (size_t i = 0; i < shape.size(); ++i) {
      DimExpr &a = result[offset + i];
      const DimExpr &b = shape[i];
      auto x = a.constant(), y = b.constant();
      if (x && y && *x != *y && *x != 1 && *y != 1)
        fail("requires the size of dimension #" + llvm::Twine(offset + i) +
             " of one input (" + llvm::Twine(*x) +
             ") to be 1 or to equal that of another (" + llvm::Twine(*y) + ")");
      a = dims.broadcast(a, b);
    }
  }
  return result;
}

Val GraphBuilder::foldBroadcast(
    Type elementType, ArrayRef<Val> values,
    llvm::function_ref<std::optional<DimExpr>(ArrayRef<DimExpr>)> element) {
  for (Val value : values)
    if (!value->elements)
      return nullptr;
  SymbolicShape symbolic = broadcastShape(values);
  if (failed())
    return nullptr;
  SmallVector<int64_t> shape;
  int64_t count = 1;
  for (const DimExpr &dim : symbolic) {
    shape.push_back(*dim.constant());
    count *= shape.back();
    if (count > kMaxKnownElements)
      return nullptr;
  }
  SmallVector<DimExpr> result;
  for (int64_t linear = 0; linear < count; ++linear) {
    SmallVector<DimExpr> operands;
    for (Val value : values) {
      int64_t rest = linear, index = 0, stride = 1;
      for (int64_t d = shape.size() - 1; d >= 0; --d) {
        int64_t coordinate = rest % shape[d];
        rest /= shape[d];
        int64_t own = d - (static_cast<int64_t>(shape.size()) - value->rank());
        if (own < 0)
          continue;
        int64_t size = *value->shape[own].constant();
        index += size == 1 ? 0 : coordinate * stride;
        stride *= size;
      }
      operands.push_back((*value->elements)[index]);
    }
    std::optional<DimExpr> folded = element(operands);
    if (!folded || !folded->isValid())
      return nullptr;
    result.push_back(*folded);
  }
  return integers(elementType, result, shape);
}

/// Calls of the plain op where shapes are the same, of the broadcasting one
/// otherwise.
template <typename Plain, typename Broadcasting>
static Value createBinary(OpBuilder &builder, Location loc,
                          RankedTensorType type, bool same, Value a, Value b) {
  if (same)
    return Plain::create(builder, loc, type, a, b);
  return Broadcasting::create(builder, loc, type, a, b, Attribute());
}

Val GraphBuilder::binary(Binary kind, Val a, Val b) {
  if (a->elementType != b->elementType)
    fail("expects inputs of one element type");
  if (!a->isFloat()) {
    Val folded = foldBroadcast(
        a->elementType, {a, b},
        [&](ArrayRef<DimExpr> in) -> std::optional<DimExpr> {
          bool isBool = a->isBool();
          auto x = in[0].constant(), y = in[1].constant();
          switch (kind) {
          case Binary::Add:
            return isBool ? std::nullopt : std::optional(in[0] + in[1]);
          case Binary::Sub:
            return in[0] - in[1];
          case Binary::Mul:
            return in[0] * in[1];
          case Binary::Div:
            return dims.divide(in[0], in[1]);
          case Binary::Rem:
            return dims.remainder(in[0], in[1]);
          case Binary::Max:
            return dims.max(in[0], in[1]);
          case Binary::Min:
            return dims.min(in[0], in[1]);
          case Binary::And:
            return x && y ? std::optional(DimExpr(*x & *y)) : std::nullopt;
          case Binary::Or:
            return x && y ? std::optional(DimExpr(*x | *y)) : std::nullopt;
          case Binary::Xor:
            return x && y ? std::optional(DimExpr(*x ^ *y)) : std::nullopt;
          case Binary::Pow:
            return std::nullopt;
          }
          return std::nullopt;
        });
    if (folded)
      return folded;
  }
  SymbolicShape shape = broadcastShape({a, b});
  RankedTensorType type = typeOf(a->elementType, shape);
  if (failed())
    return placeholder(a->elementType, shape);
  bool same = a->shape == b->shape;
  Value x = get(a), y = get(b);
  auto build = [&]() -> Value {
    switch (kind) {
    case Binary::Add:
      return createBinary<hlo::AddOp, chlo::BroadcastAddOp>(builder, loc, type,
                                                            same, x, y);
    case Binary::Sub:
      return createBinary<hlo::SubtractOp, chlo::BroadcastSubOp>(
          builder, loc, type, same, x, y);
    case Binary::Mul:
      return createBinary<hlo::MulOp, chlo::BroadcastMulOp>(builder, loc, type,
                                                            same, x, y);
    case Binary::Div:
      return createBinary<hlo::DivOp, chlo::BroadcastDivOp>(builder, loc, type,
                                                            same, x, y);
    case Binary::Rem:
      return createBinary<hlo::RemOp, chlo::BroadcastRemOp>(builder, loc, type,
                                                            same, x, y);
    case Binary::Max:
      return createBinary<hlo::MaxOp, chlo::BroadcastMaxOp>(builder, loc, type,
                                                            same, x, y);
    case Binary::Min:
      return createBinary<hlo::MinOp, chlo::BroadcastMinOp>(builder, loc, type,
                                                            same, x, y);
    case Binary::Pow:
      return createBinary<hlo::PowOp, chlo::BroadcastPowOp>(builder, loc, type,
                                                            same, x, y);
    case Binary::And:
      return createBinary<hlo::AndOp, chlo::BroadcastAndOp>(builder, loc, type,
                                                            same, x, y);
    case Binary::Or:
      return createBinary<hlo::OrOp, chlo::BroadcastOrOp>(builder, loc, type,
                                                          same, x, y);
    case Binary::Xor:
      return createBinary<hlo::XorOp, chlo::BroadcastXorOp>(builder, loc, type,
                                                            same, x, y);
    }
    llvm_unreachable("an unknown operation");
  };
  return value(build(), shape);
}

Val GraphBuilder::compare(Direction direction, Val a, Val b) {
  if (a->elementType != b->elementType)
    fail("expects inputs of one element type");
  Type i1 = builder.getI1Type();
  if (!a->isFloat()) {
    auto known = [&](ArrayRef<DimExpr> in) -> std::optional<DimExpr> {
      std::optional<bool> truth;
      bool negated = false;
      switch (direction) {
      case Direction::NE:
        negated = true;
        [[fallthrough]];
      case Direction::EQ:
        truth = dims.equal(in[0], in[1]);
        break;
      case Direction::GE:
        negated = true;
        [[fallthrough]];
      case Direction::LT:
        truth = dims.less(in[0], in[1]);
        break;
      case Direction::LE:
        negated = true;
        [[fallthrough]];
      case Direction::GT:
        truth = dims.less(in[1], in[0]);
        break;
      }
      if (!truth)
        return std::nullopt;
      return DimExpr(*truth != negated);
    };
    if (Val folded = foldBroadcast(i1, {a, b}, known))
      return folded;
  }
  SymbolicShape shape = broadcastShape({a, b});
  RankedTensorType type = typeOf(i1, shape);
  if (failed())
    return placeholder(i1, shape);
  MLIRContext *context = builder.getContext();
  if (a->shape == b->shape)
    return value(hlo::CompareOp::create(
                     builder, loc, type, get(a), get(b),
                     hlo::ComparisonDirectionAttr::get(context, direction),
                     hlo::ComparisonTypeAttr()),
                 shape);
  return value(chlo::BroadcastCompareOp::create(
                   builder, loc, type, get(a), get(b), Attribute(),
                   chlo::ComparisonDirectionAttr::get(context, direction),
                   chlo::ComparisonTypeAttr()),
               shape);
}

Val GraphBuilder::select(Val predicate, Val onTrue, Val onFalse) {
  if (onTrue->elementType != onFalse->elementType)
    fail("expects inputs of one element type");
  Val folded =
      foldBroadcast(onTrue->elementType, {predicate, onTrue, onFalse},
                    [](ArrayRef<DimExpr> in) -> std::optional<DimExpr> {
                      if (in[1] == in[2])
                        return in[1];
                      std::optional<int64_t> truth = in[0].constant();
                      if (!truth)
                        return std::nullopt;
                      return *truth ? in[1] : in[2];
                    });
  if (folded)
    return folded;
  SymbolicShape shape = broadcastShape({predicate, onTrue, onFalse});
  RankedTensorType type = typeOf(onTrue->elementType, shape);
  if (failed())
    return placeholder(onTrue->elementType, shape);
  Value p = get(predicate), t = get(onTrue), f = get(onFalse);
  if (onTrue->shape == shape && onFalse->shape == shape &&
      (predicate->rank() == 0 || predicate->shape == shape))
    return value(hlo::SelectOp::create(builder, loc, type, p, t, f), shape);
  return value(chlo::BroadcastSelectOp::create(builder, loc, type, p, t, f),
               shape);
}

Val GraphBuilder::convert(Val a, Type elementType) {
  if (a->elementType == elementType)
    return a;
  auto from = dyn_cast<IntegerType>(a->elementType),
       to = dyn_cast<IntegerType>(elementType);
  // Sizes fit every integer type that shape arithmetic is done in; smaller
  // types and constants that do not fit are left to the run time.
  if (a->elements && from && to && to.getWidth() >= 32 && !to.isUnsigned() &&
      llvm::all_of(*a->elements, [&](const DimExpr &element) {
        std::optional<int64_t> number = element.constant();
        return !number || llvm::isIntN(to.getWidth(), *number);
      })) {
    SmallVector<int64_t> shape;
    for (const DimExpr &dim : a->shape)
      shape.push_back(*dim.constant());
    return integers(elementType, *a->elements, shape);
  }
  if (a->elements && from && elementType.isInteger(1))
    return compare(Direction::NE, a, scalar(a->elementType, 0));
  if (std::optional<int64_t> number = constantScalar(a);
      number && a->rank() == 0 && isa<FloatType>(elementType))
    return scalar(elementType, static_cast<double>(*number));
  if (auto dense = dyn_cast_if_present<DenseFPElementsAttr>(a->constant);
      dense && dense.isSplat() && isa<FloatType>(elementType)) {
    APFloat number = dense.getSplatValue<APFloat>();
    bool losesInfo;
    number.convert(cast<FloatType>(elementType).getFloatSemantics(),
                   APFloat::rmNearestTiesToEven, &losesInfo);
    return constant(
        DenseElementsAttr::get(typeOf(elementType, a->shape), number));
  }
  if (failed())
    return placeholder(elementType, a->shape);
  return value(hlo::ConvertOp::create(builder, loc, get(a), elementType),
               a->shape);
}

Val GraphBuilder::logicalNot(Val a) {
  Val folded = foldBroadcast(
      a->elementType, {a}, [](ArrayRef<DimExpr> in) -> std::optional<DimExpr> {
        auto truth = in[0].constant();
        return truth ? std::optional(DimExpr(!*truth)) : std::nullopt;
      });
  return folded ? folded : unary<hlo::NotOp>(a);
}
