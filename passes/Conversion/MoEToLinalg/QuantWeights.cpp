// Integer storage that is known when compiling, in the form that the CPU
// kernels read straight from codes: (code - zero point) * scale.
#include "MoEToLinalg.h"

#include "moe/Dialect/MoE/Quant.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;
using namespace moe::support;

namespace {

/// One stored matrix, or a stack of them, whose parts are weights.
class CodesLowering {
public:
  CodesLowering(TensorBuilder &b, QuantAttr quant, ArrayRef<ElementsAttr> parts,
                RankedTensorType type)
      : b(b), quant(quant), parts(parts), type(type),
        bits(quant.getBits() == 0 ? 8 : quant.getBits()),
        isSigned(quant.getFormat() == QuantFormat::I8Chan ||
                 quant.getFormat() == QuantFormat::I8Group) {}

  /// Whether kernels read such codes.
  bool isSupported() const;
  Value build();

private:
  /// Numbers that share bytes become elements of as many bits, which the weight
  /// packer puts together again in the kernel's order.
  Value weight(ElementsAttr value, bool isPacked);
  Value number(Value code);

  TensorBuilder &b;
  QuantAttr quant;
  ArrayRef<ElementsAttr> parts;
  RankedTensorType type;
  int64_t bits;
  bool isSigned;
};

bool CodesLowering::isSupported() const {
  switch (quant.getFormat()) {
  case QuantFormat::I8Chan:
  case QuantFormat::I8Group:
    break;
  case QuantFormat::UAffine:
    if (!parts[2].getElementType().isInteger(8))
      return false;
    [[fallthrough]];
  case QuantFormat::USym:
    // A byte of a kernel holds neighbours along K, of one group.
    if (quant.getOrder() != NibbleOrder::Adjacent ||
        quant.getGroup() % (8 / bits) != 0)
      return false;
    break;
  default:
    return false;
  }
  return type.getElementType().isF32() && !parts[1].getElementType().isF64();
}

Value CodesLowering::weight(ElementsAttr value, bool isPacked) {
  if (isPacked && bits != 8)
    value = unpackBytes(value, bits, b.getIntegerType(bits));
  return WeightOp::create(b, cast<RankedTensorType>(value.getShapedType()),
                          value);
}

Value CodesLowering::number(Value code) {
  if (isSigned)
    return arith::SIToFPOp::create(b, b.getF32Type(), code);
  return arith::UIToFPOp::create(b, b.getF32Type(), code);
}

Value CodesLowering::build() {
  int64_t rank = type.getRank();
  MLIRContext *context = b.getContext();
  AffineMap element = AffineMap::getMultiDimIdentityMap(rank, context);
  // A scale per row has no dimension for groups.
  SmallVector<AffineExpr> indices(element.getResults().drop_back());
  if (quant.getGroup() != 0)
    indices.push_back(element.getResults().back().floorDiv(quant.getGroup()));
  AffineMap ofGroup = AffineMap::get(rank, 0, indices, context);

  bool hasZeros = quant.getFormat() == QuantFormat::UAffine;
  SmallVector<Value> inputs = {weight(parts[0], /*isPacked=*/true),
                               weight(parts[1], /*isPacked=*/false)};
  SmallVector<AffineMap> maps = {element, ofGroup};
  if (hasZeros) {
    inputs.push_back(weight(parts[2], /*isPacked=*/true));
    maps.push_back(ofGroup);
  }
  maps.push_back(element);
  Value init =
      tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
  SmallVector<utils::IteratorType> kinds(rank, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, type, inputs, init, maps, kinds,
             [&](OpBuilder &, Location, ValueRange values) {
               Value code = number(values[0]);
               if (hasZeros)
                 code = b.sub(code, number(values[2]));
               else if (!isSigned)
                 code = b.sub(code, b.real(b.getF32Type(), 1 << (bits - 1)));
               linalg::YieldOp::create(
                   b, b.mul(code, b.convert(values[1], b.getF32Type())));
             })
      .getResult(0);
}

} // namespace

Value moe::detail::buildFromCodes(TensorBuilder &b, QuantAttr quant,
                                  ValueRange storage, RankedTensorType type) {
  SmallVector<ElementsAttr> parts;
  for (Value tensor : storage) {
    parts.push_back(matchWeight(tensor));
    if (!parts.back())
      return {};
  }
  CodesLowering lowering(b, quant, parts, type);
  return lowering.isSupported() ? lowering.build() : Value();
}
