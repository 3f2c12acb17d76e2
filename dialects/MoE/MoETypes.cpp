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
  return get(context, experts, PlanEncoding::Slots, slots, always,
             Float32Type::get(context), /*carry=*/false);
}

PlanType PlanType::withEncoding(PlanEncoding encoding, int64_t size) const {
  return get(getContext(), getExperts(), encoding, size, getAlways(),
             getWeight(), getCarry());
}

PlanType PlanType::withAlways(int64_t always) const {
  return get(getContext(), getExperts(), getEncoding(), getSize(), always,
             getWeight(), getCarry());
}

PlanType PlanType::withCarry(bool carry) const {
  return get(getContext(), getExperts(), getEncoding(), getSize(), getAlways(),
             getWeight(), carry);
}

LogicalResult PlanType::verify(EmitError emitError, int64_t experts,
                               PlanEncoding encoding, int64_t size,
                               int64_t always, FloatType, bool carry) {
  // (plan_c1)
  if (experts < 1)
    return emitError() << "expects a positive number of experts, but got "
                       << experts;
  // (plan_c2)
  if (encoding == PlanEncoding::Slots && (size < 1 || size > experts))
    return emitError() << "requires the slots (" << size
                       << ") to be between 1 and the experts (" << experts
                       << ")";
  if (encoding == PlanEncoding::Buckets && !ShapedType::isDynamic(size) &&
      size < 1)
    return emitError() << "expects buckets of a positive size, but got "
                       << size;
  if (encoding == PlanEncoding::Soft && size < 1)
    return emitError() << "expects a positive number of rows per expert, but "
                          "got "
                       << size;
  // (plan_c3)
  if (always < 0)
    return emitError()
           << "expects a non-negative number of always-on ids, but got "
           << always;
  if (encoding == PlanEncoding::Soft && (always != 0 || carry))
    return emitError() << "expects a soft plan without always-on ids and carry";
  return success();
}

/// Parses `<K>` of slots, `<p>` of soft and `<C>` or `<?>` of buckets.
static ParseResult parseSize(AsmParser &parser, PlanEncoding encoding,
                             int64_t &size) {
  if (encoding == PlanEncoding::Slots || encoding == PlanEncoding::Soft)
    return failure(parser.parseLess() || parser.parseInteger(size) ||
                   parser.parseGreater());
  if (encoding != PlanEncoding::Buckets)
    return success();
  if (parser.parseLess())
    return failure();
  if (succeeded(parser.parseOptionalQuestion()))
    size = ShapedType::kDynamic;
  else if (parser.parseInteger(size))
    return failure();
  return parser.parseGreater();
}

Type PlanType::parse(AsmParser &parser) {
  int64_t experts = 0, size = 0, always = 0;
  FloatType weight = Float32Type::get(parser.getContext());
  bool carry = false;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseInteger(experts) || parser.parseComma())
    return {};
  FailureOr<PlanEncoding> encoding = FieldParser<PlanEncoding>::parse(parser);
  if (failed(encoding) || parseSize(parser, *encoding, size))
    return {};
  while (succeeded(parser.parseOptionalComma())) {
    if (succeeded(parser.parseOptionalKeyword("always"))) {
      if (parser.parseEqual() || parser.parseInteger(always))
        return {};
    } else if (succeeded(parser.parseOptionalKeyword("carry"))) {
      carry = true;
    } else if (parser.parseKeyword("weight", ", 'always' or 'carry'") ||
               parser.parseEqual() || parser.parseType(weight)) {
      return {};
    }
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<PlanType>(location, parser.getContext(), experts,
                                     *encoding, size, always, weight, carry);
}

void PlanType::print(AsmPrinter &printer) const {
  printer << "<" << getExperts() << ", " << stringifyEnum(getEncoding());
  if (ShapedType::isDynamic(getSize()))
    printer << "<?>";
  else if (getSize() != 0)
    printer << "<" << getSize() << ">";
  if (getAlways() != 0)
    printer << ", always = " << getAlways();
  if (!getWeight().isF32())
    printer << ", weight = " << getWeight();
  if (getCarry())
    printer << ", carry";
  printer << ">";
}

LogicalResult RowsType::verify(EmitError emitError, FloatType, int64_t width,
                               RowLayout) {
  // (rows_c1)
  if (width < 1)
    return emitError() << "expects a positive width, but got " << width;
  return success();
}
