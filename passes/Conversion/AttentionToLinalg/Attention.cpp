// Finds attention in graphs.
#include "Attention.h"
#include "../StableHLOToLinalg/SizeAnalysis.h"
#include "moe/Dialect/StableHLO/Chlo.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace moe;
using moe::stablehlo::CompositeOp;
using moe::stablehlo::DotGeneralOp;

std::optional<Attention> Attention::match(CompositeOp op, std::string &why) {
  std::optional<DictionaryAttr> attributes = op.getCompositeAttributes();
  if (op.getName() != "onnx.Attention" || !attributes)
    return std::nullopt;
  auto causal = attributes->getAs<StringAttr>("causal");
  auto integer = [&](StringRef name) {
    auto attribute = attributes->getAs<IntegerAttr>(name);
    return attribute ? attribute.getInt() : 0;
  };
  bool hasMask = integer("has_mask") != 0, hasSink = integer("has_sink") != 0;
  if (!causal || (causal == "none" && !hasMask))
    return std::nullopt;
  auto scale = attributes->getAs<FloatAttr>("scale"),
       softcap = attributes->getAs<FloatAttr>("softcap");
  bool hasFirst = causal == "first";
  if ((causal != "none" && causal != "start" && causal != "end" && !hasFirst) ||
      !scale || !softcap) {
    why = "its attributes are not those of the ONNX importer";
    return std::nullopt;
  }
  unsigned count = 3 + hasFirst + hasMask + hasSink;
  if (op.getNumOperands() != count || op.getNumResults() != 1 ||
      llvm::any_of(op->getOperandTypes(),
                   [](Type type) { return !isa<RankedTensorType>(type); })) {
    why = "its operands are not those that its attributes name";
    return std::nullopt;
  }
  Attention result(op, op->getOperand(0), op->getOperand(1), op->getOperand(2));
  unsigned next = 3;
  if (hasFirst)
    result.first = op->getOperand(next++);
  if (hasMask)
    result.mask = op->getOperand(next++);
  if (hasSink)
    result.sink = op->getOperand(next);
  result.causal = hasFirst            ? Causal::First
                  : causal == "start" ? Causal::Start
                  : causal == "end"   ? Causal::End
                                      : Causal::None;
  result.window = integer("window");
  result.scale = scale.getValueAsDouble();
  result.softcap = softcap.getValueAsDouble();
  if (result.hasShapes())
    return result;
  why = "types do not say that its operands fit each other";
  return std::nullopt;
}

bool Attention::hasShapes() const {
  auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
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
      !agree(q[3], k[depthDim()]) || !agree(k[keyDim()], v[2]) || q[1] <= 0 ||
      k[1] <= 0 || k[1] != v[1] || q[1] % k[1] != 0 ||
      ShapedType::isDynamic(v[3]) || !agree(result.getDimSize(0), q[0]) ||
      result.getDimSize(1) != q[1] || !agree(result.getDimSize(2), q[2]) ||
      result.getDimSize(3) != v[3])
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
  const int64_t whole[] = {q[0], q[1], q[2], k[keyDim()]};
  for (auto [size, all] : llvm::zip_equal(
           type.getShape(), ArrayRef(whole).take_back(type.getRank())))
    if (size != 1 && !agree(size, all))
      return false;
  bool hasHeads = type.getRank() == 4;
  return !hasHeads || !type.isDynamicDim(1);
}

/// Matrices of two batch dimensions, multiplied along the last dimension of the
/// left ones; the result has their type.
static bool isProduct(DotGeneralOp dot, ArrayRef<int64_t> rightDims) {
  stablehlo::DotDimensionNumbersAttr numbers = dot.getDotDimensionNumbers();
  auto isF32 = [](Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    return type.getRank() == 4 && type.getElementType().isF32();
  };
  ArrayRef<int64_t> right = numbers.getRhsContractingDimensions();
  return numbers.getLhsBatchingDimensions() == ArrayRef<int64_t>{0, 1} &&
         numbers.getRhsBatchingDimensions() == ArrayRef<int64_t>{0, 1} &&
         numbers.getLhsContractingDimensions() == ArrayRef<int64_t>{3} &&
         right.size() == 1 && llvm::is_contained(rightDims, right.front()) &&
         isF32(dot.getLhs()) && isF32(dot.getRhs()) && isF32(dot.getResult());
}

/// Whether two sizes are known to be equal.
static bool isSameSize(Value x, int64_t dimX, Value y, int64_t dimY) {
  int64_t sizeX = Attention::typeOf(x).getDimSize(dimX),
          sizeY = Attention::typeOf(y).getDimSize(dimY);
  if (ShapedType::isDynamic(sizeX) && ShapedType::isDynamic(sizeY))
    return graph::traceSize(x, dimX) == graph::traceSize(y, dimY);
  return sizeX == sizeY && !ShapedType::isDynamic(sizeX);
}

std::optional<Attention> Attention::match(DotGeneralOp op) {
  auto softmax = op.getLhs().getDefiningOp<CompositeOp>();
  if (!isProduct(op, /*rightDims=*/{2}) || !softmax || !softmax->hasOneUse() ||
      softmax.getName() != "onnx.Softmax" || softmax->getNumOperands() != 1)
    return std::nullopt;
  std::optional<DictionaryAttr> attributes = softmax.getCompositeAttributes();
  auto axis = attributes ? attributes->getAs<IntegerAttr>("axis") : nullptr;
  if (!axis || axis.getInt() != 3)
    return std::nullopt;

  Value logits = softmax->getOperand(0), mask = nullptr;
  auto dot = logits.getDefiningOp<DotGeneralOp>();
  if (Operation *sum = logits.getDefiningOp();
      !dot && sum && isa<stablehlo::AddOp, moe::chlo::BroadcastAddOp>(sum) &&
      sum->hasOneUse() && !sum->getAttr("broadcast_dimensions"))
    for (unsigned side : {0, 1})
      if (auto product = sum->getOperand(side).getDefiningOp<DotGeneralOp>()) {
        dot = product;
        mask = sum->getOperand(1 - side);
        break;
      }
  if (!dot || !dot->hasOneUse() || !isProduct(dot, /*rightDims=*/{2, 3}))
    return std::nullopt;
  Attention result(op, dot.getLhs(), dot.getRhs(), op.getRhs());
  result.mask = mask;
  result.hasZeroRows = false;
  result.keysAreColumns =
      dot.getDotDimensionNumbers().getRhsContractingDimensions().front() == 2;
  if (!isSameSize(result.query, 2, result.key, result.keyDim()) ||
      !isSameSize(result.query, 0, result.key, 0) || !result.hasShapes() ||
      (mask && !typeOf(mask).getElementType().isF32()))
    return std::nullopt;
  result.parts.push_back(softmax);
  if (mask)
    result.parts.push_back(logits.getDefiningOp());
  result.parts.push_back(dot);
  return result;
}
