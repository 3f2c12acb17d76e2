// Types of the moe dialect: verification and the plan's assembly.
#include "moe/Dialect/MoE/MoE.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moe;

#define GET_TYPEDEF_CLASSES
#include "moe/Dialect/MoE/MoETypes.cpp.inc"

void MoEDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "moe/Dialect/MoE/MoETypes.cpp.inc"
      >();
}

using EmitError = function_ref<InFlightDiagnostic()>;

PlanType PlanType::get(MLIRContext *context, int64_t experts, int64_t slots,
                       int64_t always) {
  return get(context, experts, slots, always, Float32Type::get(context));
}

LogicalResult PlanType::verify(EmitError emitError, int64_t experts,
                               int64_t slots, int64_t always, FloatType) {
  // (plan_c1)
  if (experts < 1)
    return emitError() << "expects a positive number of experts, but got "
                       << experts;
  // (plan_c2)
  if (slots < 1 || slots > experts)
    return emitError() << "requires the slots (" << slots
                       << ") to be between 1 and the experts (" << experts
                       << ")";
  // (plan_c3)
  if (always < 0)
    return emitError()
           << "expects a non-negative number of always-on ids, but got "
           << always;
  return success();
}

Type PlanType::parse(AsmParser &parser) {
  int64_t experts = 0, slots = 0, always = 0;
  FloatType weight = Float32Type::get(parser.getContext());
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseInteger(experts) ||
      parser.parseComma() || parser.parseKeyword("slots") ||
      parser.parseLess() || parser.parseInteger(slots) || parser.parseGreater())
    return {};
  while (succeeded(parser.parseOptionalComma())) {
    if (succeeded(parser.parseOptionalKeyword("always"))) {
      if (parser.parseEqual() || parser.parseInteger(always))
        return {};
    } else if (parser.parseKeyword("weight") || parser.parseEqual() ||
               parser.parseType(weight)) {
      return {};
    }
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<PlanType>(location, parser.getContext(), experts,
                                     slots, always, weight);
}

void PlanType::print(AsmPrinter &printer) const {
  printer << "<" << getExperts() << ", slots<" << getSlots() << ">";
  if (getAlways() != 0)
    printer << ", always = " << getAlways();
  if (!getWeight().isF32())
    printer << ", weight = " << getWeight();
  printer << ">";
}

LogicalResult RowsType::verify(EmitError emitError, FloatType, int64_t width,
                               RowLayout) {
  // (rows_c1)
  if (width < 1)
    return emitError() << "expects a positive width, but got " << width;
  return success();
}
