// Constant parameters of experts, stored in fewer bits or not.
#include "StoredWeights.h"
#include "moe/Dialect/MoE/Quant.h"

#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

//===----------------------------------------------------------------------===//
// Matching and making
//===----------------------------------------------------------------------===//

/// Appends a parameter of `operands`; false where one is no constant.
static bool appendStored(StoredWeights &weights, const Parameter &parameter,
                         QuantAttr quant, ValueRange operands) {
  StoredWeight &weight = weights.emplace_back();
  weight.parameter = parameter;
  weight.quant = quant;
  weight.parts = llvm::map_to_vector(operands, support::matchWeight);
  return !llvm::is_contained(weight.parts, ElementsAttr());
}

StoredWeights moe::detail::matchStored(ClassAttr entry, int64_t in, int64_t out,
                                       ValueRange operands) {
  StoredWeights weights;
  for (const ParameterOperands &own : groupOperands(entry, in, out, operands))
    if (!appendStored(weights, own.parameter, own.quant, own.operands))
      return {};
  return weights;
}

StoredWeights moe::detail::matchStored(FfnOp ffn) {
  BodyAttr body = ffn.getBody();
  auto widthOf = [](Value tensor) {
    return cast<ShapedType>(tensor.getType()).getShape().back();
  };
  Value down = ffn.getParameters().drop_back(body.getDownBias()).back();
  StoredWeights weights;
  for (auto [parameter, value] : llvm::zip_equal(
           moe::getParameters(body, widthOf(ffn.getInput()), widthOf(down),
                              widthOf(ffn.getResult())),
           ffn.getParameters())) {
    auto dequant = value.getDefiningOp<DequantOp>();
    bool isStored = dequant && !dequant.getBits() &&
                    dequant.getType().getElementType().isF32();
    if (!appendStored(
            weights, parameter, isStored ? dequant.getQuant() : QuantAttr(),
            isStored ? ValueRange(dequant.getStorage()) : ValueRange(value)))
      return {};
  }
  return weights;
}

SmallVector<Value> moe::detail::createOperands(ArrayRef<StoredWeight> weights,
                                               Location loc,
                                               RewriterBase &rewriter) {
  SmallVector<Value> operands;
  for (const StoredWeight &weight : weights)
    for (ElementsAttr part : weight.parts)
      operands.push_back(support::WeightOp::create(rewriter, loc, part));
  return operands;
}

SmallVector<Value> moe::detail::createParameters(ArrayRef<StoredWeight> weights,
                                                 Location loc,
                                                 RewriterBase &rewriter) {
  SmallVector<Value> parameters;
  for (const StoredWeight &weight : weights) {
    SmallVector<Value> parts = createOperands(weight, loc, rewriter);
    if (!weight.quant) {
      parameters.push_back(parts.front());
      continue;
    }
    auto type =
        RankedTensorType::get(weight.parameter.shape, rewriter.getF32Type());
    parameters.push_back(DequantOp::create(rewriter, loc, type, parts,
                                           /*bits=*/Value(), weight.quant));
  }
  return parameters;
}

SmallVector<QuantAttr> moe::detail::getFormats(ArrayRef<StoredWeight> weights) {
  SmallVector<QuantAttr> formats;
  bool isStored = false;
  for (const StoredWeight &weight : weights) {
    if (!isMatrix(weight.parameter))
      continue;
    MLIRContext *context = weight.parts.front().getContext();
    formats.push_back(weight.quant ? weight.quant
                                   : QuantAttr::get(context, QuantFormat::Float,
                                                    /*group=*/0, /*bits=*/0));
    isStored |= static_cast<bool>(weight.quant);
  }
  if (!isStored)
    formats.clear();
  return formats;
}

//===----------------------------------------------------------------------===//
// Where rows and columns are
//===----------------------------------------------------------------------===//

bool moe::detail::haveOneFormat(const StoredWeight &a, const StoredWeight &b) {
  return a.quant == b.quant &&
         llvm::equal(a.parts, b.parts, [](ElementsAttr x, ElementsAttr y) {
           return x.getElementType() == y.getElementType();
         });
}

SmallVector<int64_t> moe::detail::getRowsPerPart(QuantAttr quant) {
  if (!quant)
    return {1};
  switch (quant.getFormat()) {
  case QuantFormat::I8Chan:
  case QuantFormat::I8Group:
  case QuantFormat::USym:
  case QuantFormat::Mxfp4:
  case QuantFormat::NOfM:
    return {1, 1};
  case QuantFormat::UAffine:
  case QuantFormat::USb:
    return {1, 1, 1};
  case QuantFormat::GgufQ40:
  case QuantFormat::GgufQ80:
  case QuantFormat::GgufMxfp4:
  case QuantFormat::Float:
    return {1};
  case QuantFormat::Fp8Block:
    return {1, quant.getBlockN()};
  case QuantFormat::Nvfp4:
    return {1, 1, 0};
  case QuantFormat::GgufNvfp4:
  case QuantFormat::Ternary:
    return {1, 0};
  case QuantFormat::Gptq4:
  case QuantFormat::Awq4:
  case QuantFormat::Hqq:
  case QuantFormat::QMoE:
  case QuantFormat::Nested:
  case QuantFormat::Bitmask:
    return {};
  }
  llvm_unreachable("every format is listed");
}

bool moe::detail::storesByColumn(const StoredWeight &weight) {
  QuantAttr quant = weight.quant;
  if (!quant)
    return true;
  int64_t columns = weight.parameter.shape[1];
  switch (quant.getFormat()) {
  case QuantFormat::I8Group:
  case QuantFormat::USym:
  case QuantFormat::USb:
  case QuantFormat::GgufQ40:
  case QuantFormat::GgufQ80:
  case QuantFormat::Mxfp4:
  case QuantFormat::GgufMxfp4:
  case QuantFormat::Float:
  case QuantFormat::NOfM:
    return true;
  case QuantFormat::UAffine:
    // Zeros that share bytes must fill them.
    return !weight.parts[2].getElementType().isInteger(8) ||
           columns / quant.getGroup() * quant.getBits() % 8 == 0;
  case QuantFormat::Fp8Block:
    return columns % quant.getGroup() == 0;
  case QuantFormat::I8Chan:
  case QuantFormat::Nvfp4:
  case QuantFormat::GgufNvfp4:
  case QuantFormat::Ternary:
  case QuantFormat::Gptq4:
  case QuantFormat::Awq4:
  case QuantFormat::Hqq:
  case QuantFormat::QMoE:
  case QuantFormat::Nested:
  case QuantFormat::Bitmask:
    return false;
  }
  llvm_unreachable("every format is listed");
}

//===----------------------------------------------------------------------===//
// Stacks of experts
//===----------------------------------------------------------------------===//

SmallVector<int64_t> moe::detail::shapeOf(ElementsAttr weight) {
  return SmallVector<int64_t>(weight.getShapedType().getShape());
}

/// `weight` with `change` made to the tensors that have a leading dimension for
/// experts.
static StoredWeight mapStacks(const StoredWeight &weight,
                              function_ref<ElementsAttr(ElementsAttr)> change) {
  StoredWeight result = weight;
  if (weight.parameter.shared)
    return result;
  SmallVector<StoragePart> storage;
  if (weight.quant)
    storage = getStorageParts(weight.quant, 1, 1);
  for (auto [index, part] : llvm::enumerate(result.parts))
    if (storage.empty() || !storage[index].shared)
      part = change(part);
  return result;
}

StoredWeight moe::detail::takeExperts(const StoredWeight &weight,
                                      ArrayRef<int64_t> indices) {
  return mapStacks(weight, [&](ElementsAttr stack) {
    SmallVector<int64_t> sizes = shapeOf(stack);
    SmallVector<int64_t> offsets(sizes.size(), 0), strides(sizes.size(), 1);
    SmallVector<ElementsAttr> runs;
    for (size_t first = 0, end; first < indices.size(); first = end) {
      for (end = first + 1;
           end < indices.size() && indices[end] == indices[end - 1] + 1;)
        ++end;
      offsets[0] = indices[first];
      sizes[0] = end - first;
      runs.push_back(support::sliceWeight(stack, offsets, sizes, strides));
    }
    return support::concatWeights(runs, 0);
  });
}

StoredWeight moe::detail::dropLeading(const StoredWeight &weight) {
  return mapStacks(weight, [](ElementsAttr stack) {
    SmallVector<int64_t> shape = shapeOf(stack);
    return support::reshapeWeight(stack, ArrayRef<int64_t>(shape).drop_front());
  });
}

StoredWeight moe::detail::addLeading(const StoredWeight &weight) {
  return mapStacks(weight, [](ElementsAttr own) {
    SmallVector<int64_t> shape = shapeOf(own);
    shape.insert(shape.begin(), 1);
    return support::reshapeWeight(own, shape);
  });
}
