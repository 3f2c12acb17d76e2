// Follows sizes backwards through the operations that keep them.
//
// The walk ends at function arguments (whose `moe.symbols` names the size), at
// operations that make new sizes, or after a fixed number of steps.
#include "SizeAnalysis.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "moe/Dialect/StableHLO/Chlo.h"

using namespace mlir;
using namespace moe::graph;
using namespace moe::stablehlo;

namespace {

constexpr int maxSteps = 256;

bool isChloBroadcast(Operation *op) {
  return op->getName().getStringRef().starts_with("chlo.broadcast_");
}

class Tracer {
public:
  SizeKey size(Value value, int64_t dim);

private:
  /// An element of a list: its only one where the list is a scalar.
  struct Element {
    Value list;
    int64_t index;
  };
  std::optional<Element> origin(Value list, int64_t index);
  SizeKey element(Value list, int64_t index);
  bool isConstant(Value list, int64_t index, int64_t number);
  SizeKey own(Value value, int64_t dim) {
    return {value.getAsOpaquePointer(), dim};
  }
  SizeKey argument(BlockArgument value, int64_t dim);
  SizeKey broadcast(Operation *op, int64_t dim);
  int steps = 0;
};

SizeKey Tracer::argument(BlockArgument value, int64_t dim) {
  // A conversion of the signature leaves its old arguments without a function.
  auto function =
      dyn_cast_or_null<FunctionOpInterface>(value.getOwner()->getParentOp());
  if (!function || value.getOwner() != &function.getFunctionBody().front())
    return own(value, dim);
  auto symbols =
      function.getArgAttrOfType<ArrayAttr>(value.getArgNumber(), "moe.symbols");
  if (!symbols || dim >= static_cast<int64_t>(symbols.size()))
    return own(value, dim);
  auto symbol = dyn_cast<StringAttr>(symbols[dim]);
  if (!symbol || symbol.empty() || symbol.getValue() == "?")
    return own(value, dim);
  return {symbol.getAsOpaquePointer(), -1};
}

// The size is that of the one operand which is not known to be stretched, or of
// several that agree.
SizeKey Tracer::broadcast(Operation *op, int64_t dim) {
  Value result = op->getResult(0);
  int64_t rank = cast<RankedTensorType>(result.getType()).getRank();
  std::optional<SizeKey> key;
  for (Value operand : op->getOperands()) {
    auto type = cast<RankedTensorType>(operand.getType());
    if (op->getAttr("broadcast_dimensions") && type.getRank() < rank)
      return own(result, dim);
    int64_t operandDim = dim - (rank - type.getRank());
    if (operandDim < 0 || type.getDimSize(operandDim) == 1)
      continue;
    SizeKey operandKey = size(operand, operandDim);
    if (key && !(*key == operandKey))
      return own(result, dim);
    key = operandKey;
  }
  return key.value_or(own(result, dim));
}

SizeKey Tracer::size(Value value, int64_t dim) {
  if (++steps > maxSteps)
    return own(value, dim);
  if (auto blockArgument = dyn_cast<BlockArgument>(value))
    return argument(blockArgument, dim);
  Operation *op = value.getDefiningOp();
  if (isChloBroadcast(op))
    return broadcast(op, dim);
  if (op->hasTrait<OpTrait::SameOperandsAndResultShape>() ||
      isa<DynamicUpdateSliceOp>(op))
    return size(op->getOperand(0), dim);
  if (isa<SelectOp, ClampOp>(op))
    return size(op->getOperand(1), dim);
  if (isa<SortOp, ScatterOp, OptimizationBarrierOp>(op))
    return size(op->getOperand(cast<OpResult>(value).getResultNumber()), dim);
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return size(transpose.getOperand(), transpose.getPermutation()[dim]);
  if (auto reshape = dyn_cast<DynamicReshapeOp>(op))
    return element(reshape.getOutputShape(), dim);
  if (auto broadcastOp = dyn_cast<DynamicBroadcastInDimOp>(op))
    return element(broadcastOp.getOutputDimensions(), dim);
  if (auto iota = dyn_cast<DynamicIotaOp>(op))
    return element(iota.getOutputShape(), dim);
  if (auto concat = dyn_cast<ConcatenateOp>(op))
    return static_cast<int64_t>(concat.getDimension()) == dim
               ? own(value, dim)
               : size(concat.getInputs().front(), dim);
  // What ends behind its operand's end is refused at run time.
  if (auto slice = dyn_cast<RealDynamicSliceOp>(op);
      slice && isConstant(slice.getStartIndices(), dim, 0) &&
      isConstant(slice.getStrides(), dim, 1))
    return element(slice.getLimitIndices(), dim);
  if (auto topK = dyn_cast<moe::chlo::TopKOp>(op))
    return size(topK.getOperand(), dim);
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    Value input = reduce.getInputs().front();
    int64_t rank = cast<RankedTensorType>(input.getType()).getRank();
    for (int64_t from = 0, to = 0; from < rank; ++from) {
      if (llvm::is_contained(reduce.getDimensions(), from))
        continue;
      if (to++ == dim)
        return size(input, from);
    }
  }
  if (auto dot = dyn_cast<DotGeneralOp>(op)) {
    DotDimensionNumbersAttr numbers = dot.getDotDimensionNumbers();
    int64_t position = dim - numbers.getLhsBatchingDimensions().size();
    if (position < 0)
      return size(dot.getLhs(), numbers.getLhsBatchingDimensions()[dim]);
    for (auto [operand, batching, contracting] :
         {std::tuple{dot.getLhs(), numbers.getLhsBatchingDimensions(),
                     numbers.getLhsContractingDimensions()},
          std::tuple{dot.getRhs(), numbers.getRhsBatchingDimensions(),
                     numbers.getRhsContractingDimensions()}})
      for (int64_t from = 0; from < operand.getType().getRank(); ++from)
        if (!llvm::is_contained(batching, from) &&
            !llvm::is_contained(contracting, from) && position-- == 0)
          return size(operand, from);
  }
  if (auto gather = dyn_cast<GatherOp>(op)) {
    GatherDimensionNumbersAttr numbers = gather.getDimensionNumbers();
    if (!llvm::is_contained(numbers.getOffsetDims(), dim)) {
      int64_t batch =
          dim - llvm::count_if(numbers.getOffsetDims(),
                               [&](int64_t offset) { return offset < dim; });
      return size(gather.getStartIndices(),
                  batch < numbers.getIndexVectorDim() ? batch : batch + 1);
    }
  }
  return own(value, dim);
}

// Where element `index` of a computed list comes from; none where that is not
// known.
std::optional<Tracer::Element> Tracer::origin(Value list, int64_t index) {
  while (++steps <= maxSteps) {
    Operation *op = list.getDefiningOp();
    if (op && isa<ConvertOp, ReshapeOp>(op)) {
      list = op->getOperand(0);
      continue;
    }
    if (auto slice = dyn_cast_or_null<SliceOp>(op)) {
      if (slice.getStartIndices().size() != 1)
        return std::nullopt;
      index = slice.getStartIndices()[0] + index * slice.getStrides()[0];
      list = slice.getOperand();
      continue;
    }
    auto concat = dyn_cast_or_null<ConcatenateOp>(op);
    if (!concat || concat.getType().getRank() != 1 ||
        !concat.getType().hasStaticShape())
      return Element{list, index};
    for (Value input : concat.getInputs()) {
      int64_t count = cast<RankedTensorType>(input.getType()).getDimSize(0);
      if (ShapedType::isDynamic(count))
        return std::nullopt;
      if (index < count) {
        list = input;
        break;
      }
      index -= count;
    }
    if (list.getDefiningOp() == op)
      return std::nullopt;
  }
  return std::nullopt;
}

// The size that element `index` of a computed shape stands for.
SizeKey Tracer::element(Value list, int64_t index) {
  std::optional<Element> from = origin(list, index);
  auto getSize =
      from ? from->list.getDefiningOp<GetDimensionSizeOp>() : nullptr;
  return getSize ? size(getSize.getOperand(), getSize.getDimension())
                 : own(list, -2 - index);
}

bool Tracer::isConstant(Value list, int64_t index, int64_t number) {
  std::optional<Element> from = origin(list, index);
  DenseIntElementsAttr numbers;
  return from && matchPattern(from->list, m_Constant(&numbers)) &&
         from->index < numbers.getNumElements() &&
         numbers.getValues<APInt>()[from->index] == number;
}

} // namespace

SizeKey moe::graph::traceSize(Value value, int64_t dim) {
  return Tracer().size(value, dim);
}
