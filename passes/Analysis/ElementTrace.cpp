// Follows elements through everything that only moves them.
#include "moe/Analysis/IndexFacts.h"

#include "moe/Dialect/StableHLO/Chlo.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moe;
namespace hlo = moe::stablehlo;

Element IndexFacts::trace(Value tensor, ArrayRef<Index> at, Stop stop) {
  Coordinates coordinates(at);
  while (true) {
    // The only position along a dimension of size 1 is 0.
    for (auto [d, coordinate] : llvm::enumerate(coordinates))
      if (typeOf(tensor).getDimSize(d) == 1)
        coordinate = constant(0);
    if (stop && stop(tensor, coordinates))
      break;
    if (!step(tensor, coordinates))
      break;
  }
  return {tensor, coordinates};
}

void IndexFacts::identifyHead(Value tensor, Value same, bool flipped) {
  identities[tensor] = {same, std::nullopt, flipped};
}

void IndexFacts::identifySlot(Value tensor, Value same, int64_t slot) {
  identities[tensor] = {same, slot, false};
}

bool IndexFacts::stepIdentity(Value &tensor, Coordinates &at) {
  auto known = identities.find(tensor);
  if (known == identities.end())
    return false;
  auto [same, slot, flipped] = known->second;
  if (slot) {
    at.resize(typeOf(same).getRank());
    at.back() = constant(*slot);
    tensor = same;
    return true;
  }
  Index position = at.back();
  if (flipped)
    position = sub(constant(typeOf(tensor).getShape().back() - 1), position);
  bool isWhole = typeOf(tensor).getShape() == typeOf(same).getShape();
  if (!isWhole && !inBounds(position, same, at.size() - 1))
    return false;
  at.back() = position;
  tensor = same;
  return true;
}

/// One op backwards; false, with nothing changed, where the op computes.
bool IndexFacts::step(Value &tensor, Coordinates &at) {
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return false;
  if (stepIdentity(tensor, at))
    return true;
  unsigned result = cast<OpResult>(tensor).getResultNumber();
  return TypeSwitch<Operation *, bool>(op)
      .Case<hlo::ReshapeOp, hlo::DynamicReshapeOp>([&](auto reshape) {
        return stepReshape(tensor, at, reshape.getOperand());
      })
      .Case([&](hlo::TransposeOp transpose) {
        Coordinates source(at.size());
        for (auto [d, from] : llvm::enumerate(transpose.getPermutation()))
          source[from] = at[d];
        tensor = transpose.getOperand();
        at = source;
        return true;
      })
      .Case<hlo::BroadcastInDimOp, hlo::DynamicBroadcastInDimOp>(
          [&](auto broadcast) {
            Value operand = broadcast.getOperand();
            Coordinates source;
            for (auto [own, target] :
                 llvm::enumerate(broadcast.getBroadcastDimensions())) {
              int64_t size = typeOf(operand).getDimSize(own);
              bool kept =
                  size != ShapedType::kDynamic ||
                  neverGrows(extentOf(operand, own), extentOf(tensor, target));
              if (auto dynamic = dyn_cast<hlo::DynamicBroadcastInDimOp>(
                      broadcast.getOperation());
                  !kept && dynamic && dynamic.getKnownNonexpandingDimensions())
                kept = llvm::is_contained(
                    *dynamic.getKnownNonexpandingDimensions(),
                    static_cast<int64_t>(own));
              if (!kept)
                return false;
              source.push_back(size == 1 ? constant(0) : at[target]);
            }
            tensor = operand;
            at = source;
            return true;
          })
      .Case([&](hlo::SliceOp slice) {
        for (auto [coordinate, start, stride] :
             llvm::zip(at, slice.getStartIndices(), slice.getStrides()))
          coordinate = add(constant(start), scale(coordinate, stride));
        tensor = slice.getOperand();
        return true;
      })
      .Case([&](hlo::RealDynamicSliceOp slice) {
        Coordinates source;
        for (auto [d, coordinate] : llvm::enumerate(at)) {
          Coordinates dimension{constant(d)};
          Index start = valueOf(slice.getStartIndices(), dimension);
          Index stride = valueOf(slice.getStrides(), dimension);
          source.push_back(add(start, multiply(coordinate, stride)));
        }
        tensor = slice.getOperand();
        at = source;
        return true;
      })
      .Case([&](hlo::DynamicSliceOp) { return stepDynamicSlice(tensor, at); })
      .Case([&](hlo::PadOp) { return stepPad(tensor, at); })
      .Case([&](hlo::ConcatenateOp) { return stepConcatenate(tensor, at); })
      .Case([&](hlo::GatherOp gather) {
        return stepGather(tensor, at, gather.getOperand(),
                          gather.getStartIndices(),
                          gather.getDimensionNumbers());
      })
      .Case([&](hlo::DynamicGatherOp gather) {
        return stepGather(tensor, at, gather.getOperand(),
                          gather.getStartIndices(),
                          gather.getDimensionNumbers());
      })
      .Case([&](hlo::OptimizationBarrierOp barrier) {
        tensor = barrier.getOperand()[result];
        return true;
      })
      .Case([&](chlo::TopKOp topK) {
        if (result != 0)
          return false;
        at.back() = valueOf(topK.getIndices(), at);
        tensor = topK.getOperand();
        return true;
      })
      .Case([&](hlo::SortOp) { return stepSort(tensor, at); })
      .Case([&](hlo::ReverseOp reverse) {
        for (int64_t d : reverse.getDimensions())
          at[d] = sub(add(extentOf(tensor, d), constant(-1)), at[d]);
        tensor = reverse.getOperand();
        return true;
      })
      .Case([&](hlo::ConvertOp convert) {
        Type from = typeOf(convert.getOperand()).getElementType(),
             to = typeOf(tensor).getElementType();
        bool integers =
            isa<IntegerType>(from) && isa<IntegerType>(to) && !to.isInteger(1);
        if (!integers && from != to)
          return false;
        tensor = convert.getOperand();
        return true;
      })
      .Case<hlo::SelectOp, chlo::BroadcastSelectOp>([&](auto) {
        auto condition = operandCoordinates(op, 0, at);
        std::optional<bool> truth;
        if (condition)
          truth = truthOf(op->getOperand(0), *condition);
        if (!truth)
          return false;
        unsigned chosen = *truth ? 1 : 2;
        auto source = operandCoordinates(op, chosen, at);
        if (!source)
          return false;
        tensor = op->getOperand(chosen);
        at = *source;
        return true;
      })
      .Case([&](hlo::CompositeOp) { return stepComposite(tensor, at); })
      .Default([](Operation *) { return false; });
}

/// Keys that are sorted with their positions beside them: the latter tell
/// where each comes from.
bool IndexFacts::stepSort(Value &tensor, Coordinates &at) {
  auto sort = cast<hlo::SortOp>(tensor.getDefiningOp());
  if (sort.getInputs().size() != 2 || tensor != sort->getResult(0))
    return false;
  int64_t rank = at.size(), dimension = sort.getDimension();
  dimension = dimension < 0 ? dimension + rank : dimension;
  Coordinates where;
  for (int64_t size : typeOf(tensor).getShape())
    where.push_back(symbol("i", size));
  Value positions = sort.getInputs()[1];
  if (!isa<IntegerType>(typeOf(positions).getElementType()) ||
      valueOf(positions, where) != where[dimension])
    return false;
  at[dimension] = valueOf(sort->getResult(1), at);
  tensor = sort.getInputs()[0];
  return true;
}

//===----------------------------------------------------------------------===//
// Gathers
//===----------------------------------------------------------------------===//

bool IndexFacts::stepComposite(Value &tensor, Coordinates &at) {
  Operation *op = tensor.getDefiningOp();
  StringRef name = compositeName(op);
  Value data = op->getNumOperands() ? op->getOperand(0) : Value();
  if (name == "onnx.TopK") {
    Value positions = op->getResult(1);
    int64_t axis = *compositeInt(op, "axis");
    if (tensor == positions)
      return false;
    at[axis] = valueOf(positions, at);
    tensor = data;
    return true;
  }
  if (name != "onnx.Gather" && name != "onnx.GatherElements" &&
      name != "onnx.GatherND")
    return false;

  Value indices = op->getOperand(1);
  int64_t rank = typeOf(data).getRank(), depth = typeOf(indices).getRank();
  // Positions below 0 count from the end, so their sign must be known.
  auto position = [&](ArrayRef<Index> where) -> Index {
    Index value = valueOf(indices, where);
    return isNonNegative(value) ? value : nullptr;
  };
  Coordinates source;
  if (name == "onnx.Gather") {
    int64_t axis = *compositeInt(op, "axis");
    Index chosen = position(ArrayRef(at).slice(axis, depth));
    source.append(at.begin(), at.begin() + axis);
    source.push_back(chosen);
    source.append(at.begin() + axis + depth, at.end());
  } else if (name == "onnx.GatherElements") {
    source = at;
    source[*compositeInt(op, "axis")] = position(at);
  } else {
    int64_t batch = *compositeInt(op, "batch_dims"),
            tuple = typeOf(indices).getDimSize(depth - 1);
    source.append(at.begin(), at.begin() + batch);
    Coordinates where(ArrayRef(at).take_front(depth - 1));
    for (int64_t i = 0; i < tuple; ++i) {
      where.push_back(constant(i));
      source.push_back(position(where));
      where.pop_back();
    }
    source.append(at.begin() + depth - 1, at.end());
  }
  if (llvm::is_contained(source, nullptr) ||
      static_cast<int64_t>(source.size()) != rank)
    return false;
  tensor = data;
  at = source;
  return true;
}

bool IndexFacts::stepGather(Value &tensor, Coordinates &at, Value source,
                            Value indices, Attribute attribute) {
  auto numbers = cast<hlo::GatherDimensionNumbersAttr>(attribute);
  RankedTensorType type = typeOf(source), indexType = typeOf(indices);
  Coordinates batch, offsets;
  for (auto [d, coordinate] : llvm::enumerate(at))
    (llvm::is_contained(numbers.getOffsetDims(), static_cast<int64_t>(d))
         ? offsets
         : batch)
        .push_back(coordinate);
  int64_t vectorDim = numbers.getIndexVectorDim();
  bool scalars = vectorDim == indexType.getRank();
  auto component = [&](int64_t number) {
    Coordinates where = batch;
    if (!scalars)
      where.insert(where.begin() + vectorDim, constant(number));
    return valueOf(indices, where);
  };
  // Coordinates inside the slice, in order of the dimensions that stay.
  Coordinates inside(type.getRank(), constant(0));
  auto next = offsets.begin();
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (!llvm::is_contained(numbers.getCollapsedSliceDims(), d) &&
        !llvm::is_contained(numbers.getOperandBatchingDims(), d))
      inside[d] = *next++;
  for (auto [number, d] : llvm::enumerate(numbers.getStartIndexMap())) {
    Index start = component(number);
    IndexRange bounds = range(start);
    // Starts are clamped; only those that need no clamping are followed.
    // Slices of one element only: others clamp at an earlier start.
    int64_t size = type.getDimSize(d);
    bool whole = !llvm::is_contained(numbers.getCollapsedSliceDims(), d);
    if (whole ? start->asConstant() != 0
              : !bounds.isNonNegative() || (!ShapedType::isDynamic(size) &&
                                            !bounds.within(0, size - 1)))
      return false;
    inside[d] = add(inside[d], start);
  }
  for (auto [own, other] : llvm::zip(numbers.getOperandBatchingDims(),
                                     numbers.getStartIndicesBatchingDims())) {
    int64_t position = other - (!scalars && other > vectorDim ? 1 : 0);
    inside[own] = batch[position];
  }
  tensor = source;
  at = inside;
  return true;
}

//===----------------------------------------------------------------------===//
// Slices, concatenations and reshapes
//===----------------------------------------------------------------------===//

/// Starts are clamped, so that only those are followed that need not be.
bool IndexFacts::stepDynamicSlice(Value &tensor, Coordinates &at) {
  auto slice = cast<hlo::DynamicSliceOp>(tensor.getDefiningOp());
  Coordinates source;
  for (auto [d, index] : llvm::enumerate(slice.getStartIndices())) {
    int64_t size = typeOf(slice.getOperand()).getDimSize(d),
            taken = slice.getSliceSizes()[d];
    Index start = size == taken ? constant(0) : valueOf(index, {});
    if (ShapedType::isDynamic(size) || !range(start).within(0, size - taken))
      return false;
    source.push_back(add(start, at[d]));
  }
  tensor = slice.getOperand();
  at = source;
  return true;
}

/// Inside of the operand, or certainly in the padding.
bool IndexFacts::stepPad(Value &tensor, Coordinates &at) {
  auto pad = cast<hlo::PadOp>(tensor.getDefiningOp());
  Coordinates source;
  bool inside = true;
  for (auto [d, coordinate] : llvm::enumerate(at)) {
    if (pad.getInteriorPadding()[d] != 0)
      return false;
    source.push_back(sub(coordinate, constant(pad.getEdgePaddingLow()[d])));
    IndexRange bounds = range(source.back());
    Index room = sub(extentOf(pad.getOperand(), d), source.back());
    bool before = bounds.high && *bounds.high < 0,
         behind = isNonNegative(scale(room, -1));
    if (before || behind) {
      tensor = pad.getPaddingValue();
      at.clear();
      return true;
    }
    inside &= bounds.isNonNegative() && isNonNegative(add(room, constant(-1)));
  }
  if (!inside)
    return false;
  tensor = pad.getOperand();
  at = source;
  return true;
}

bool IndexFacts::stepConcatenate(Value &tensor, Coordinates &at) {
  auto concat = cast<hlo::ConcatenateOp>(tensor.getDefiningOp());
  int64_t dim = concat.getDimension();
  // Copies of one tensor.
  int64_t copied = typeOf(concat.getInputs()[0]).getDimSize(dim);
  if (llvm::all_equal(concat.getInputs()) && !ShapedType::isDynamic(copied) &&
      copied > 0 && isNonNegative(at[dim])) {
    tensor = concat.getInputs()[0];
    at[dim] = mod(at[dim], copied);
    return true;
  }
  Index start = constant(0);
  for (Value input : concat.getInputs()) {
    Index size = extentOf(input, dim), inside = sub(at[dim], start);
    IndexRange bounds = range(inside);
    if (!bounds.isNonNegative())
      return false;
    if (isNonNegative(add(sub(size, inside), constant(-1)))) {
      at[dim] = inside;
      tensor = input;
      return true;
    }
    start = add(start, size);
  }
  return false;
}

/// Row-major order survives: dimensions of size 1 do not count, and equal sizes
/// at either end are the same dimension. What is left in the middle is
/// flattened and cut anew.
bool IndexFacts::stepReshape(Value &tensor, Coordinates &at, Value source) {
  auto sizesWithoutOnes = [](Value value) {
    SmallVector<int64_t> dims;
    for (auto [d, size] : llvm::enumerate(typeOf(value).getShape()))
      if (size != 1)
        dims.push_back(d);
    return dims;
  };
  SmallVector<int64_t> from = sizesWithoutOnes(source),
                       to = sizesWithoutOnes(tensor);
  Coordinates result(typeOf(source).getRank(), constant(0));
  auto same = [&](int64_t own, int64_t target) {
    int64_t size = typeOf(source).getDimSize(own);
    return !ShapedType::isDynamic(size) &&
           size == typeOf(tensor).getDimSize(target);
  };
  ArrayRef<int64_t> own(from), target(to);
  while (!own.empty() && !target.empty() && same(own.back(), target.back())) {
    result[own.back()] = at[target.back()];
    own = own.drop_back();
    target = target.drop_back();
  }
  while (!own.empty() && !target.empty() && same(own.front(), target.front())) {
    result[own.front()] = at[target.front()];
    own = own.drop_front();
    target = target.drop_front();
  }
  if (own.empty() || target.empty()) {
    // Only an empty middle on both sides leaves nothing to choose.
    if (own.empty() != target.empty())
      return false;
    tensor = source;
    at = result;
    return true;
  }

  Coordinates parts, extents;
  for (int64_t d : target)
    parts.push_back(at[d]);
  for (int64_t d : target.drop_front())
    extents.push_back(extentOf(tensor, d));
  Index position = flatten(parts, extents);
  SmallVector<Index> inner;
  for (int64_t d : own.drop_front())
    inner.push_back(extentOf(source, d));
  if (llvm::all_of(inner, [](Index e) { return e->asConstant(); })) {
    if (!isNonNegative(position))
      return false;
    for (int64_t d : llvm::reverse(own.drop_front())) {
      int64_t size = typeOf(source).getDimSize(d);
      result[d] = mod(position, size);
      position = floorDiv(position, size);
    }
    result[own.front()] = position;
  } else {
    const IndexAtom *flat = position->asAtom(IndexAtom::Kind::Flat);
    if (!flat || !llvm::equal(flat->extents, inner))
      return false;
    for (auto [d, part] : llvm::zip(own, flat->operands))
      result[d] = part;
  }
  tensor = source;
  at = result;
  return true;
}

//===----------------------------------------------------------------------===//
// Sizes and operands
//===----------------------------------------------------------------------===//

Index IndexFacts::extentOf(Value tensor, int64_t dimension) {
  if (!typeOf(tensor).isDynamicDim(dimension))
    return constant(typeOf(tensor).getDimSize(dimension));
  auto [known, isNew] = extents.try_emplace({tensor, dimension}, nullptr);
  if (!isNew) // null while it is being computed
    return known->second ? known->second : extent(tensor, dimension);
  Index result = computedExtent(tensor, dimension);
  extents[{tensor, dimension}] = result;
  return result;
}

Index IndexFacts::computedExtent(Value tensor, int64_t dimension) {
  RankedTensorType type = typeOf(tensor);
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return extent(tensor, dimension);
  Coordinates where{constant(dimension)};
  return TypeSwitch<Operation *, Index>(op)
      .Case([&](hlo::DynamicReshapeOp reshape) {
        return valueOf(reshape.getOutputShape(), where);
      })
      .Case([&](hlo::DynamicBroadcastInDimOp broadcast) {
        return valueOf(broadcast.getOutputDimensions(), where);
      })
      .Case([&](hlo::DynamicIotaOp iota) {
        return valueOf(iota.getOutputShape(), where);
      })
      .Case([&](hlo::TransposeOp transpose) {
        return extentOf(transpose.getOperand(),
                        transpose.getPermutation()[dimension]);
      })
      .Case([&](hlo::ConcatenateOp concat) {
        if (static_cast<int64_t>(concat.getDimension()) != dimension)
          return extentOf(concat.getInputs()[0], dimension);
        Index total = constant(0);
        for (Value input : concat.getInputs())
          total = add(total, extentOf(input, dimension));
        return foldCounts(total);
      })
      .Case([&](hlo::RealDynamicSliceOp slice) {
        Index begin = valueOf(slice.getStartIndices(), where),
              end = valueOf(slice.getLimitIndices(), where);
        return valueOf(slice.getStrides(), where) == constant(1)
                   ? sub(end, begin)
                   : extent(tensor, dimension);
      })
      .Case([&](chlo::TopKOp topK) {
        return extentOf(topK.getOperand(), dimension);
      })
      .Case<hlo::GatherOp, hlo::DynamicGatherOp>([&](auto gather) {
        // Dimensions that are none of a slice's are those of the indices.
        auto numbers = gather.getDimensionNumbers();
        int64_t own = 0;
        for (int64_t d = 0; d < dimension; ++d)
          own += !llvm::is_contained(numbers.getOffsetDims(), d);
        if (llvm::is_contained(numbers.getOffsetDims(), dimension))
          return extent(tensor, dimension);
        return extentOf(gather.getStartIndices(),
                        own + (own >= numbers.getIndexVectorDim() ? 1 : 0));
      })
      .Case([&](hlo::ScatterOp scatter) {
        return extentOf(scatter.getInputs()[0], dimension);
      })
      .Case([&](hlo::ReduceOp reduce) {
        int64_t own = dimension;
        for (int64_t d : reduce.getDimensions())
          own += d <= own;
        return extentOf(reduce.getInputs()[0], own);
      })
      .Case([&](hlo::DotGeneralOp dot) {
        auto numbers = dot.getDotDimensionNumbers();
        SmallVector<std::pair<Value, int64_t>> dims;
        for (int64_t d : numbers.getLhsBatchingDimensions())
          dims.push_back({dot.getLhs(), d});
        auto free = [&](Value factor, ArrayRef<int64_t> batch,
                        ArrayRef<int64_t> contracted) {
          for (int64_t d = 0; d < typeOf(factor).getRank(); ++d)
            if (!llvm::is_contained(batch, d) &&
                !llvm::is_contained(contracted, d))
              dims.push_back({factor, d});
        };
        free(dot.getLhs(), numbers.getLhsBatchingDimensions(),
             numbers.getLhsContractingDimensions());
        free(dot.getRhs(), numbers.getRhsBatchingDimensions(),
             numbers.getRhsContractingDimensions());
        return extentOf(dims[dimension].first, dims[dimension].second);
      })
      .Case([&](hlo::CompositeOp) -> Index {
        StringRef name = compositeName(op);
        Value first = op->getOperand(0);
        if (name == "onnx.Gather") {
          int64_t axis = *compositeInt(op, "axis"),
                  depth = typeOf(op->getOperand(1)).getRank();
          if (dimension < axis)
            return extentOf(first, dimension);
          if (dimension < axis + depth)
            return extentOf(op->getOperand(1), dimension - axis);
          return extentOf(first, dimension - depth + 1);
        }
        if (name == "onnx.GatherND") {
          int64_t depth = typeOf(op->getOperand(1)).getRank();
          if (dimension < depth - 1)
            return extentOf(op->getOperand(1), dimension);
          return extent(tensor, dimension);
        }
        if (name == "onnx.GatherElements")
          return extentOf(op->getOperand(1), dimension);
        if (name == "onnx.ArgMax") {
          bool isGone = compositeInt(op, "keepdims") == 0 &&
                        dimension >= *compositeInt(op, "axis");
          return extentOf(first, dimension + (isGone ? 1 : 0));
        }
        if (name == "onnx.ScatterElements" || name == "onnx.ScatterND" ||
            name == "onnx.TopK" || name == "onnx.CumSum" ||
            name == "onnx.Softmax" || name == "onnx.Gelu")
          return extentOf(first, dimension);
        return extent(tensor, dimension);
      })
      .Default([&](Operation *op) -> Index {
        // Operands of one shape, or those that certainly do not grow.
        if (scalarKind(op) == Scalar::None)
          return extent(tensor, dimension);
        for (auto [number, operand] : llvm::enumerate(op->getOperands())) {
          int64_t own = dimension - type.getRank() + typeOf(operand).getRank();
          if (own >= 0 && typeOf(operand).isDynamicDim(own) &&
              operandCoordinates(op, number,
                                 Coordinates(type.getRank(), constant(0))))
            return extentOf(operand, own);
        }
        return extent(tensor, dimension);
      });
}

/// The counts of all bins of a histogram, added up, are the number of ids.
Index IndexFacts::foldCounts(Index sum) {
  for (auto [atom, coefficient] : sum->terms) {
    if (atom->kind != IndexAtom::Kind::Element)
      continue;
    Value counts = atom->element.tensor;
    std::optional<Histogram> counted = histogram(counts);
    if (!counted)
      continue;
    Index all = constant(0);
    for (int64_t bin = 0; bin < counted->bins; ++bin)
      all = add(all, valueOf(counts, {constant(bin)}));
    Index rest = sub(sum, scale(all, coefficient));
    if (rest->terms.size() + counted->bins == sum->terms.size())
      return add(rest, scale(counted->count, coefficient));
  }
  return sum;
}

bool IndexFacts::neverGrows(Index own, Index target) {
  if (own == target)
    return true;
  const IndexAtom *atom = target->asAtom(IndexAtom::Kind::Element);
  auto select = atom ? atom->element.tensor.getDefiningOp<hlo::SelectOp>()
                     : hlo::SelectOp();
  auto compare =
      select ? select.getPred().getDefiningOp<hlo::CompareOp>() : nullptr;
  if (!compare || typeOf(select).getRank() != 0 ||
      compare.getComparisonDirection() != hlo::ComparisonDirection::EQ ||
      valueOf(compare.getLhs(), {}) != own ||
      valueOf(compare.getRhs(), {}) != constant(1) ||
      valueOf(select.getOnFalse(), {}) != own)
    return false;
  Index whenOne = valueOf(select.getOnTrue(), {});
  std::optional<int64_t> high = range(whenOne).high;
  return (high && *high <= 1) || neverGrows(own, whenOne);
}

std::optional<Coordinates> IndexFacts::operandCoordinates(Operation *op,
                                                          unsigned number,
                                                          ArrayRef<Index> at) {
  Value operand = op->getOperand(number);
  RankedTensorType type = typeOf(operand);
  int64_t rank = at.size(), missing = rank - type.getRank();
  if (missing < 0)
    return std::nullopt;
  // Trailing dimensions are aligned; so is a scalar bound or predicate of an
  // op that otherwise does not broadcast.
  bool broadcasts = op->getName().getStringRef().starts_with("chlo.broadcast");
  Coordinates result;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    int64_t size = type.getDimSize(d);
    if (broadcasts && ShapedType::isDynamic(size)) {
      // It is repeated if it turns out to be 1 and another is not.
      for (Value other : op->getOperands()) {
        RankedTensorType otherType = typeOf(other);
        int64_t own = d + missing - (rank - otherType.getRank());
        if (other == operand || own < 0 || otherType.getDimSize(own) == 1)
          continue;
        if (!otherType.isDynamicDim(own) ||
            extentOf(other, own) != extentOf(operand, d))
          return std::nullopt;
      }
    }
    result.push_back(size == 1 ? constant(0) : at[d + missing]);
  }
  return result;
}

std::optional<Element> IndexFacts::operand(const Element &element,
                                           unsigned number) {
  Operation *op = element.tensor.getDefiningOp();
  if (scalarKind(op) == Scalar::None || number >= op->getNumOperands())
    return std::nullopt;
  auto at = operandCoordinates(op, number, element.at);
  if (!at)
    return std::nullopt;
  return trace(op->getOperand(number), *at);
}

std::optional<Element> IndexFacts::reduced(const Element &element,
                                           Index position, int64_t *count) {
  std::optional<Element> result = reduced(element, ArrayRef(position));
  if (result && count) {
    auto reduce = element.tensor.getDefiningOp<hlo::ReduceOp>();
    *count =
        typeOf(reduce.getInputs()[0]).getDimSize(reduce.getDimensions()[0]);
  }
  return result;
}

std::optional<Element> IndexFacts::reduced(const Element &element,
                                           ArrayRef<Index> positions) {
  auto reduce = element.tensor.getDefiningOp<hlo::ReduceOp>();
  if (!reduce || reduce.getInputs().size() != 1 ||
      reduce.getDimensions().size() != positions.size() ||
      !llvm::is_sorted(reduce.getDimensions()))
    return std::nullopt;
  Coordinates at = element.at;
  for (auto [dim, position] : llvm::zip(reduce.getDimensions(), positions))
    at.insert(at.begin() + dim, position);
  return trace(reduce.getInputs().front(), at);
}
