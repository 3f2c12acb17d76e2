// moe.merge_experts and moe.apply_merged: verifiers.
#include "Shapes.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
using moe::detail::compatible;

/// Requires `value` to be a tensor of floats of the shape of `parameter`, with
/// `leading` in front where that is not null.
static LogicalResult verifyShape(Operation *op, Value value,
                                 const Parameter &parameter,
                                 std::optional<int64_t> leading) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> expected(ArrayRef<int64_t>(parameter.shape));
  if (leading)
    expected.insert(expected.begin(), *leading);
  if (llvm::equal(type.getShape(), expected, compatible) &&
      isa<FloatType>(type.getElementType()))
    return success();
  return op->emitOpError("requires '")
         << stringifyParameter(parameter) << "' (" << type
         << ") to be a tensor of floats of the shape [" << expected << "]";
}

//===----------------------------------------------------------------------===//
// MergeExpertsOp
//===----------------------------------------------------------------------===//

LogicalResult MergeExpertsOp::verify() {
  PlanType plan = getPlan().getType();
  ClassAttr experts = getExperts();
  // (R19)
  SmallVector<Parameter> own;
  bool mixesCodes = false;
  for (auto [parameter, quant] :
       llvm::zip_equal(::moe::getParameters(experts, ShapedType::kDynamic,
                                            ShapedType::kDynamic),
                       getStorage(experts))) {
    if (parameter.shared)
      continue;
    own.push_back(parameter);
    mixesCodes |= static_cast<bool>(quant);
  }
  if (own.empty())
    return emitOpError("expects a class with parameters to mix, but got kind '")
           << stringifyEnum(experts.getKind()) << "'";
  if (mixesCodes)
    return emitOpError("expects parameters of float to mix, but got ")
           << experts;
  if (plan.getEncoding() != PlanEncoding::Slots &&
      plan.getEncoding() != PlanEncoding::Dense)
    return emitOpError("expects a plan in slots or dense, but got ") << plan;
  // (merge_experts_c1)
  if (experts.getCount() != plan.getExperts())
    return emitOpError("requires the experts of the class (")
           << experts.getCount() << ") to equal the plan's experts ("
           << plan.getExperts() << ")";
  if (plan.getAlways() != 0 || plan.getCarry())
    return emitOpError("expects a plan without always-on ids and carry, but "
                       "got ")
           << plan;
  // (merge_experts_c2)
  if (getParameters().size() != own.size() || getMerged().size() != own.size())
    return emitOpError("expects ")
           << own.size() << " parameters and results, but got "
           << getParameters().size() << " and " << getMerged().size();
  for (auto [parameter, value, merged] :
       llvm::zip_equal(own, getParameters(), getMerged())) {
    if (failed(verifyShape(*this, value, parameter, experts.getCount())))
      return failure();
    auto from = cast<RankedTensorType>(value.getType());
    auto to = cast<RankedTensorType>(merged.getType());
    if (to.getElementType() != from.getElementType() ||
        to.getRank() != from.getRank() ||
        !llvm::equal(to.getShape().drop_front(), from.getShape().drop_front(),
                     compatible))
      return emitOpError("requires the merged '")
             << stringifyParameter(parameter) << "' (" << to
             << ") to be the parameter (" << from
             << ") with units instead of experts";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// ApplyMergedOp
//===----------------------------------------------------------------------===//

LogicalResult ApplyMergedOp::verify() {
  ClassAttr experts = getExperts();
  auto input = cast<RankedTensorType>(getInput().getType());
  auto result = cast<RankedTensorType>(getType());
  // (apply_merged_c1)
  switch (experts.getKind()) {
  case ClassKind::Zero:
  case ClassKind::Copy:
  case ClassKind::Nested:
  case ClassKind::External:
    return emitOpError("expects a class with parameters of its own, but got "
                       "kind '")
           << stringifyEnum(experts.getKind()) << "'";
  default:
    break;
  }
  if (experts.getCount() != 1)
    return emitOpError("expects a class of one expert, but got ")
           << experts.getCount();
  int64_t in = input.getDimSize(1), out = result.getDimSize(1);
  // (experts_c6)
  if (failed(moe::detail::verifyDivisors(*this, experts, in, out)))
    return failure();
  // (R17)
  if (failed(moe::detail::verifyPassedOn(*this, experts, in, out)))
    return failure();
  // (apply_merged_c2)
  if (getParameters().size() != experts.getNumOperands())
    return emitOpError("expects ")
           << experts.getNumOperands() << " parameters, but got "
           << getParameters().size();
  if (!compatible(input.getDimSize(0), result.getDimSize(0)))
    return emitOpError("requires the result (")
           << result << ") to have the rows of 'input' (" << input << ")";
  // (apply_merged_c3)
  int64_t rows = input.getDimSize(0);
  if (getUnitOf()) {
    auto unitOf = cast<RankedTensorType>(getUnitOf().getType());
    if (!compatible(unitOf.getDimSize(0), rows))
      return emitOpError("requires 'unit_of' (")
             << unitOf << ") to have one element per row of 'input' (" << input
             << ")";
  }
  int64_t units = getUnitOf() ? ShapedType::kDynamic : rows;
  for (const ParameterOperands &own :
       groupOperands(experts, in, out, getParameters())) {
    const Parameter &parameter = own.parameter;
    if (own.quant) {
      // (R19)
      if (!parameter.shared)
        return emitOpError("expects a float 'quant' of '")
               << stringifyParameter(parameter) << "', which is mixed";
      if (failed(moe::detail::verifyStored(*this, own, {})))
        return failure();
      continue;
    }
    Value value = own.operands.front();
    std::optional<int64_t> leading;
    if (!parameter.shared)
      leading = units;
    if (failed(verifyShape(*this, value, parameter, leading)))
      return failure();
    if (!parameter.shared && ShapedType::isDynamic(units))
      units = cast<RankedTensorType>(value.getType()).getDimSize(0);
  }
  return success();
}

LogicalResult ApplyMergedOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // (body_c5)
  ClassAttr experts = getExperts();
  auto input = cast<RankedTensorType>(getInput().getType());
  auto result = cast<RankedTensorType>(getType());
  SmallVector<Type> types = moe::detail::getFloatTypes(groupOperands(
      experts, input.getDimSize(1), result.getDimSize(1), getParameters()));
  types.push_back(input.getElementType());
  return moe::detail::verifyActivation(*this, experts.getBody(), types,
                                       symbols);
}
