// Finds attention in graphs.
#include "Attention.h"
#include "../StableHLOToLinalg/SizeAnalysis.h"
#include "moe/Analysis/IndexFacts.h"
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
  auto isSink = [&](RankedTensorType type) {
    return isa<FloatType>(type.getElementType()) &&
           (type.getShape() == ArrayRef{q[1]} ||
            type.getShape() == ArrayRef<int64_t>{1, q[1], 1, 1});
  };
  if (sink && !isSink(typeOf(sink)))
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

namespace {

/// Walks from the probabilities of attention that a graph writes out up to the
/// product of queries and keys.
class Logits {
public:
  /// The product; null where there is something else.
  DotGeneralOp match(Value probabilities);

  Value mask, sink;
  double scale = 1;
  /// Ops that only probabilities read, users in front.
  SmallVector<Operation *> parts;

private:
  bool skipExtraKey(Operation *slice);
  bool isGreatest(Value value, Value ofRows);
  DotGeneralOp findProduct(Value of);
  DotGeneralOp findMasked(Value of);
  /// A function of two numbers that gives one, read once.
  bool isScalar(Scalar kind) const {
    Operation *op = value.getDefiningOp();
    return op && scalarKind(op) == kind && op->getNumOperands() == 2 &&
           op->hasOneUse() && !op->getAttr("broadcast_dimensions");
  }

  Value value; // where the walk is
};

} // namespace

/// Whether a slice has the first elements of its operand along each dimension,
/// as many as `like` has.
static bool isFirstPart(Operation *slice, Value like) {
  auto areAll = [](ArrayRef<int64_t> list, int64_t number) {
    return llvm::all_of(list, [&](int64_t each) { return each == number; });
  };
  auto areAllOf = [](Value list, int64_t number) {
    DenseIntElementsAttr numbers;
    return matchPattern(list, m_Constant(&numbers)) && numbers.isSplat() &&
           numbers.getSplatValue<APInt>() == number;
  };
  auto fixed = dyn_cast<stablehlo::SliceOp>(slice);
  auto computed = dyn_cast<stablehlo::RealDynamicSliceOp>(slice);
  if (!(fixed && areAll(fixed.getStartIndices(), 0) &&
        areAll(fixed.getStrides(), 1)) &&
      !(computed && areAllOf(computed.getStartIndices(), 0) &&
        areAllOf(computed.getStrides(), 1)))
    return false;
  return llvm::all_of(llvm::seq<int64_t>(0, 4), [&](int64_t dim) {
    return isSameSize(slice->getResult(0), dim, like, dim);
  });
}

/// Whether `value` is the greatest number of each row, as a column.
bool Logits::isGreatest(Value value, Value ofRows) {
  Operation *reshape = value.getDefiningOp();
  if (!isa_and_present<stablehlo::ReshapeOp, stablehlo::DynamicReshapeOp>(
          reshape) ||
      !reshape->hasOneUse() || Attention::typeOf(value).getRank() != 4 ||
      Attention::typeOf(value).getDimSize(3) != 1)
    return false;
  auto reduce = reshape->getOperand(0).getDefiningOp<stablehlo::ReduceOp>();
  if (!reduce || !reduce->hasOneUse() || combinerOf(reduce) != Combiner::Max ||
      reduce.getInputs().front() != ofRows ||
      reduce.getDimensions() != ArrayRef<int64_t>{3})
    return false;
  for (int64_t dim : {0, 1, 2})
    if (!isSameSize(value, dim, ofRows, dim))
      return false;
  parts.append({reshape, reduce});
  return true;
}

/// From a softmax over logits and a number for each head, whose weight `slice`
/// leaves out, to the logits.
bool Logits::skipExtraKey(Operation *slice) {
  // What all numbers of a row are less by makes no difference to a softmax.
  unsigned uses = 1;
  if (isScalar(Scalar::Sub)) {
    Operation *difference = value.getDefiningOp();
    value = difference->getOperand(0);
    parts.push_back(difference);
    if (!isGreatest(difference->getOperand(1), value))
      return false;
    uses = 2;
  }
  auto concat = value.getDefiningOp<stablehlo::ConcatenateOp>();
  if (!concat || !concat.getResult().hasNUses(uses) ||
      concat.getDimension() != 3 || concat.getInputs().size() != 2)
    return false;
  parts.push_back(concat);
  value = concat.getInputs().front();
  Value extra = concat.getInputs().back();
  Operation *broadcast = extra.getDefiningOp();
  if (Attention::typeOf(extra).getDimSize(3) != 1 ||
      !isFirstPart(slice, value) ||
      !isa_and_present<stablehlo::BroadcastInDimOp,
                       stablehlo::DynamicBroadcastInDimOp>(broadcast))
    return false;
  ArrayRef<int64_t> dims =
      isa<stablehlo::BroadcastInDimOp>(broadcast)
          ? cast<stablehlo::BroadcastInDimOp>(broadcast)
                .getBroadcastDimensions()
          : cast<stablehlo::DynamicBroadcastInDimOp>(broadcast)
                .getBroadcastDimensions();
  sink = broadcast->getOperand(0);
  return dims == ArrayRef<int64_t>{1} || dims == ArrayRef<int64_t>{0, 1, 2, 3};
}

/// The product that a value is, but for a constant factor.
DotGeneralOp Logits::findProduct(Value of) {
  value = of;
  double by = 1;
  if (isScalar(Scalar::Mul)) {
    Operation *scaled = value.getDefiningOp();
    DenseFPElementsAttr factor;
    for (unsigned side : {0, 1})
      if (matchPattern(scaled->getOperand(side), m_Constant(&factor)) &&
          factor.isSplat() && factor.getElementType().isF32()) {
        value = scaled->getOperand(1 - side);
        by = factor.getSplatValue<APFloat>().convertToDouble();
        break;
      }
  }
  auto product = value.getDefiningOp<DotGeneralOp>();
  if (!product || !product->hasOneUse() ||
      !isProduct(product, /*rightDims=*/{2, 3}))
    return nullptr;
  scale = by;
  if (value != of)
    parts.push_back(of.getDefiningOp());
  parts.push_back(product);
  return product;
}

/// The product that a value is, but for a mask that is added and a factor.
DotGeneralOp Logits::findMasked(Value of) {
  value = of;
  if (!isScalar(Scalar::Add))
    return findProduct(of);
  Operation *sum = of.getDefiningOp();
  parts.push_back(sum);
  for (unsigned side : {0, 1})
    if (DotGeneralOp product = findProduct(sum->getOperand(side))) {
      mask = sum->getOperand(1 - side);
      return product;
    }
  return nullptr;
}

DotGeneralOp Logits::match(Value probabilities) {
  Operation *slice = probabilities.getDefiningOp();
  if (!isa_and_present<stablehlo::SliceOp, stablehlo::RealDynamicSliceOp>(
          slice) ||
      !slice->hasOneUse())
    slice = nullptr;
  value = slice ? slice->getOperand(0) : probabilities;
  auto softmax = value.getDefiningOp<CompositeOp>();
  if (!softmax || !softmax->hasOneUse() ||
      softmax.getName() != "onnx.Softmax" || softmax->getNumOperands() != 1 ||
      compositeInt(softmax, "axis") != 3)
    return nullptr;
  if (slice)
    parts.push_back(slice);
  parts.push_back(softmax);
  value = softmax->getOperand(0);
  if (slice && !skipExtraKey(slice))
    return nullptr;
  return findMasked(value);
}

std::optional<Attention> Attention::match(DotGeneralOp op) {
  Logits logits;
  DotGeneralOp dot =
      isProduct(op, /*rightDims=*/{2}) ? logits.match(op.getLhs()) : nullptr;
  if (!dot)
    return std::nullopt;
  Attention result(op, dot.getLhs(), dot.getRhs(), op.getRhs());
  result.parts = logits.parts;
  result.mask = logits.mask;
  result.sink = logits.sink;
  result.scale = logits.scale;
  result.hasZeroRows = false;
  result.keysAreColumns =
      dot.getDotDimensionNumbers().getRhsContractingDimensions().front() == 2;
  if (!isSameSize(result.query, 2, result.key, result.keyDim()) ||
      !isSameSize(result.query, 0, result.key, 0) || !result.hasShapes() ||
      (result.mask && !typeOf(result.mask).getElementType().isF32()))
    return std::nullopt;
  return result;
}
