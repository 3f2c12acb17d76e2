// Reads sizes off the arithmetic that computes them.
#include "SizeFacts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace moe;

Size SizeFacts::named(const std::string &name) {
  auto [entry, isNew] = names.try_emplace(name, meaning.size());
  Size size;
  size.unknowns.push_back(entry->second);
  if (isNew)
    meaning.push_back(size);
  return size;
}

Size SizeFacts::numberOf(const void *value, int64_t position) {
  return named(llvm::formatv("{0}#{1}", value, position));
}

Size SizeFacts::normalize(const Size &size) {
  Size result(size.coefficient);
  for (unsigned unknown : size.unknowns) {
    Size means = meaning[unknown];
    if (means.unknowns != ArrayRef(unknown)) {
      means = normalize(means);
    } else if (auto parts = addends.find(unknown); parts != addends.end()) {
      // The same may be known of its parts.
      auto [x, y] = parts->second;
      means = sum(x, y);
    }
    result.coefficient *= means.coefficient;
    llvm::append_range(result.unknowns, means.unknowns);
  }
  llvm::sort(result.unknowns);
  return result;
}

std::string SizeFacts::textOf(const Size &size) {
  std::string text = std::to_string(size.coefficient);
  for (unsigned unknown : size.unknowns)
    text += "*" + std::to_string(unknown);
  return text;
}

bool SizeFacts::areEqual(const Size &x, const Size &y) {
  Size left = normalize(x), right = normalize(y);
  return left.coefficient == right.coefficient &&
         left.unknowns == right.unknowns;
}

Size SizeFacts::product(ArrayRef<Size> factors) {
  Size result(1);
  for (const Size &factor : factors) {
    result.coefficient *= factor.coefficient;
    llvm::append_range(result.unknowns, factor.unknowns);
  }
  return normalize(result);
}

Size SizeFacts::sum(const Size &x, const Size &y) {
  Size left = normalize(x), right = normalize(y);
  if (left.unknowns == right.unknowns) {
    left.coefficient += right.coefficient;
    return left;
  }
  if (left.constant() == 0)
    return right;
  if (right.constant() == 0)
    return left;
  std::string first = textOf(left), second = textOf(right);
  if (second < first)
    std::swap(first, second);
  Size result = named(first + "+" + second);
  addends[result.unknowns[0]] = {left, right};
  return result;
}

void SizeFacts::learn(func::FuncOp function, DictionaryAttr interface) {
  auto entry = interface.getAs<StringAttr>("name");
  auto inputs = interface.getAs<ArrayAttr>("inputs");
  if (!entry || entry.getValue() != function.getName() || !inputs)
    return;
  // Weights may follow the inputs.
  for (auto [argument, input] : llvm::zip(function.getArguments(), inputs)) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    auto symbols = cast<DictionaryAttr>(input).getAs<ArrayAttr>("symbols");
    if (!type || !symbols)
      continue;
    for (auto [dim, symbol] : llvm::enumerate(symbols.getAsRange<StringAttr>()))
      if (type.isDynamicDim(dim) && !symbol.empty())
        meaning[sizeOf(argument, dim).unknowns[0]] =
            named("'" + symbol.str() + "'");
  }
}

void SizeFacts::learn(support::RequireOp op) { learn(op.getCondition()); }

void SizeFacts::learn(Value condition) {
  if (auto both = condition.getDefiningOp<arith::AndIOp>()) {
    learn(both.getLhs());
    learn(both.getRhs());
    return;
  }
  auto compare = condition.getDefiningOp<arith::CmpIOp>();
  if (!compare || compare.getPredicate() != arith::CmpIPredicate::eq)
    return;
  Size x = normalize(valueOf(compare.getLhs())),
       y = normalize(valueOf(compare.getRhs()));
  auto isNumber = [](const Size &size) {
    return size.coefficient == 1 && size.unknowns.size() == 1;
  };
  if (!isNumber(x))
    std::swap(x, y);
  // A number cannot be said in terms of itself.
  if (isNumber(x) && !llvm::is_contained(y.unknowns, x.unknowns[0]))
    meaning[x.unknowns[0]] = y;
}

Size SizeFacts::fold(OpFoldResult value) {
  if (auto attribute = dyn_cast<Attribute>(value))
    return Size(cast<IntegerAttr>(attribute).getInt());
  return valueOf(cast<Value>(value));
}

Size SizeFacts::valueOf(Value value) {
  if (auto found = values.find(value); found != values.end())
    return found->second;
  Size size = computeValue(value);
  values[value] = size;
  return size;
}

Size SizeFacts::computeValue(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return Size(constant.getSExtValue());
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<arith::IndexCastOp, arith::ExtSIOp>(op))
    return valueOf(op->getOperand(0));
  if (isa_and_nonnull<arith::AddIOp>(op))
    return sum(valueOf(op->getOperand(0)), valueOf(op->getOperand(1)));
  if (isa_and_nonnull<arith::MulIOp>(op))
    return product({valueOf(op->getOperand(0)), valueOf(op->getOperand(1))});
  if (auto dim = dyn_cast_or_null<tensor::DimOp>(op))
    if (std::optional<int64_t> index = dim.getConstantIndex())
      return sizeOf(dim.getSource(), *index);
  if (auto extract = dyn_cast_or_null<tensor::ExtractOp>(op)) {
    if (extract.getIndices().empty())
      return elementOf(extract.getTensor(), 0);
    if (extract.getIndices().size() == 1 &&
        matchPattern(extract.getIndices()[0], m_ConstantInt(&constant)))
      return elementOf(extract.getTensor(), constant.getSExtValue());
  }
  return numberOf(value.getAsOpaquePointer(), 0);
}

Size SizeFacts::sizeOf(Value tensor, int64_t dim) {
  std::pair<Value, int64_t> key(tensor, dim);
  if (auto found = sizes.find(key); found != sizes.end())
    return found->second;
  Size size = computeSize(tensor, dim);
  sizes[key] = size;
  return size;
}

Size SizeFacts::computeSize(Value tensor, int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return Size(type.getDimSize(dim));
  Operation *op = tensor.getDefiningOp();
  if (auto destination = dyn_cast_or_null<DestinationStyleOpInterface>(op))
    return sizeOf(destination.getTiedOpOperand(cast<OpResult>(tensor))->get(),
                  dim);
  if (auto empty = dyn_cast_or_null<tensor::EmptyOp>(op))
    return valueOf(empty.getDynamicSize(dim));
  if (auto reshape = dyn_cast_or_null<tensor::ReshapeOp>(op))
    return elementOf(reshape.getShape(), dim);
  if (auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(op))
    return fold(expand.getMixedOutputShape()[dim]);
  if (auto collapse = dyn_cast_or_null<tensor::CollapseShapeOp>(op)) {
    SmallVector<Size> factors;
    for (int64_t part : collapse.getReassociationIndices()[dim])
      factors.push_back(sizeOf(collapse.getSrc(), part));
    return product(factors);
  }
  if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op))
    if (slice.getSourceType().getRank() == type.getRank())
      return fold(slice.getMixedSizes()[dim]);
  if (auto cast = dyn_cast_or_null<tensor::CastOp>(op))
    return sizeOf(cast.getSource(), dim);
  return numberOf(tensor.getAsOpaquePointer(), 1 + dim);
}

/// Element `position` of a tensor of rank 0 or 1.
Size SizeFacts::elementOf(Value tensor, int64_t position) {
  std::pair<Value, int64_t> key(tensor, position);
  if (auto found = elements.find(key); found != elements.end())
    return found->second;
  Size size = computeElement(tensor, position);
  elements[key] = size;
  return size;
}

Size SizeFacts::computeElement(Value tensor, int64_t position) {
  Operation *op = tensor.getDefiningOp();
  DenseIntElementsAttr constant;
  if (matchPattern(tensor, m_Constant(&constant)))
    return Size((*(constant.value_begin<APInt>() + position)).getSExtValue());
  if (auto elements = dyn_cast_or_null<tensor::FromElementsOp>(op))
    return valueOf(elements.getElements()[position]);
  // Of one dimension at most, so that views do not change the order.
  if (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
                      tensor::CastOp>(op) &&
      cast<RankedTensorType>(op->getOperand(0).getType()).getRank() <= 1)
    return elementOf(op->getOperand(0), position);
  if (auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(op)) {
    ArrayRef<int64_t> offset = insert.getStaticOffsets(),
                      size = insert.getStaticSizes(),
                      stride = insert.getStaticStrides();
    if (offset.size() == 1 && insert.getSourceType().getRank() == 1 &&
        !ShapedType::isDynamic(offset[0]) && !ShapedType::isDynamic(size[0]) &&
        stride[0] == 1) {
      bool isInside = position >= offset[0] && position < offset[0] + size[0];
      return isInside ? elementOf(insert.getSource(), position - offset[0])
                      : elementOf(insert.getDest(), position);
    }
  }
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (generic && generic->getNumResults() == 1 && generic.getNumLoops() <= 1 &&
      generic.getNumParallelLoops() == generic.getNumLoops() &&
      generic.getIndexingMapsArray().back().isIdentity())
    return yieldedBy(generic, generic.getBody()->getTerminator()->getOperand(0),
                     position);
  return numberOf(tensor.getAsOpaquePointer(), -1 - position);
}

/// `value` of the body where it computes element `position`.
Size SizeFacts::yieldedBy(linalg::GenericOp op, Value value, int64_t position) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return Size(constant.getSExtValue());
  Block *body = op.getBody();
  auto argument = dyn_cast<BlockArgument>(value);
  if (argument && argument.getOwner() == body &&
      argument.getArgNumber() < op.getNumDpsInputs()) {
    Value input = op.getDpsInputs()[argument.getArgNumber()];
    AffineMap map = op.getIndexingMapsArray()[argument.getArgNumber()];
    auto type = dyn_cast<RankedTensorType>(input.getType());
    if (!type)
      return valueOf(input);
    if (map.isIdentity())
      return elementOf(input, position);
    if (type.getRank() == 0)
      return elementOf(input, 0);
  } else if (Operation *nested = value.getDefiningOp();
             nested && nested->getBlock() == body) {
    if (isa<arith::IndexCastOp, arith::ExtSIOp>(nested))
      return yieldedBy(op, nested->getOperand(0), position);
    if (isa<arith::AddIOp, arith::MulIOp>(nested)) {
      Size x = yieldedBy(op, nested->getOperand(0), position),
           y = yieldedBy(op, nested->getOperand(1), position);
      return isa<arith::AddIOp>(nested) ? sum(x, y) : product({x, y});
    }
  } else if (!argument || argument.getOwner() != body) {
    return valueOf(value);
  }
  return numberOf(value.getAsOpaquePointer(), -1 - position);
}
