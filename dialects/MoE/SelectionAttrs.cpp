// The attribute axes of selection and capacity: assembly and verification.
#include "AttrAssembly.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using EmitError = function_ref<InFlightDiagnostic()>;

//===----------------------------------------------------------------------===//
// Count
//===----------------------------------------------------------------------===//

LogicalResult CountAttr::verify(EmitError emitError, int64_t number,
                                FloatAttr factor, CountMultiplier mult,
                                CountShare share, CountRound round,
                                int64_t multipleOf, int64_t min,
                                bool atMostUnits, FloatType dtype) {
  // (count_c1)
  if (number < 0 || (number == 0) != static_cast<bool>(factor))
    return emitError() << "expects a positive number or a 'factor'";
  if (factor && !(factor.getValueAsDouble() > 0))
    return emitError() << "expects a positive 'factor', but got "
                       << factor.getValueAsDouble();
  if (multipleOf < 1)
    return emitError() << "expects a positive 'multiple_of', but got "
                       << multipleOf;
  if (min < 0)
    return emitError() << "expects a non-negative 'min', but got " << min;
  bool usesFields = mult != CountMultiplier::One ||
                    share != CountShare::Exact || round != CountRound::Ceil ||
                    multipleOf != 1 || min != 0 || atMostUnits ||
                    !dtype.isF64();
  if (number != 0 && usesFields)
    return emitError() << "expects no other field beside a number";
  return success();
}

Attribute CountAttr::parse(AsmParser &parser, Type) {
  int64_t number = 0, multipleOf = 1, min = 0;
  FloatAttr factor;
  auto mult = CountMultiplier::One;
  auto share = CountShare::Exact;
  auto round = CountRound::Ceil;
  bool atMostUnits = false;
  FloatType dtype = Float64Type::get(parser.getContext());
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess())
    return {};
  OptionalParseResult parsed = parser.parseOptionalInteger(number);
  if (parsed.has_value() ? failed(*parsed)
                         : failed(parser.parseKeyword("factor")) ||
                               parser.parseEqual() || parseReal(parser, factor))
    return {};
  auto field = [&](StringRef key) -> std::optional<ParseResult> {
    if (key == "mult")
      return parseEnum(parser, mult);
    if (key == "share")
      return parseEnum(parser, share);
    if (key == "round")
      return parseEnum(parser, round);
    if (key == "multiple_of")
      return parser.parseInteger(multipleOf);
    if (key == "min")
      return parser.parseInteger(min);
    if (key == "max") {
      atMostUnits = true;
      return parser.parseKeyword("units");
    }
    if (key == "dtype")
      return parser.parseType(dtype);
    return std::nullopt;
  };
  if (parseFields(parser, "mult, share, round, multiple_of, min, max, dtype",
                  field))
    return {};
  return parser.getChecked<CountAttr>(location, parser.getContext(), number,
                                      factor, mult, share, round, multipleOf,
                                      min, atMostUnits, dtype);
}

void CountAttr::print(AsmPrinter &printer) const {
  printer << "<";
  if (getFactor()) {
    printer << "factor = ";
    printReal(printer, getFactor());
  } else {
    printer << getNumber();
  }
  printEnum(printer, "mult", getMult(), CountMultiplier::One);
  printEnum(printer, "share", getShare(), CountShare::Exact);
  printEnum(printer, "round", getRound(), CountRound::Ceil);
  if (getMultipleOf() != 1)
    printer << ", multiple_of = " << getMultipleOf();
  if (getMin() != 0)
    printer << ", min = " << getMin();
  if (getAtMostUnits())
    printer << ", max = units";
  if (!getDtype().isF64())
    printer << ", dtype = " << getDtype();
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Select
//===----------------------------------------------------------------------===//

SelectAttr SelectAttr::get(MLIRContext *context, Policy policy, int64_t k,
                           int64_t groups, Key key) {
  return get(context, policy, k, groups, key, f32(context), Fallback::None, {},
             Boundary::Include, {}, {}, {});
}

SelectAttr SelectAttr::withKey(Key key) const {
  return get(getContext(), getPolicy(), getK(), getGroups(), key, getKeyDtype(),
             getFallback(), getValue(), getBoundary(), getCount(), getOrder(),
             getCounts());
}

int64_t SelectAttr::getSlots(int64_t experts, int64_t tableColumns) const {
  switch (getPolicy()) {
  case Policy::TopK:
  case Policy::SparseMixer:
  case Policy::SoftSlots:
    return getK();
  case Policy::TopKPerGroup:
    return getGroups() * getK();
  case Policy::All:
  case Policy::ExpertTopC:
    return experts;
  case Policy::TopP:
  case Policy::Threshold:
    return getK() == 0 ? experts : getK();
  case Policy::Table:
    return tableColumns;
  case Policy::GreedyAssign:
  case Policy::BalancedAssign:
    return 1;
  }
  llvm_unreachable("every policy has a number of slots");
}

namespace {

/// Which fields a policy has.
struct PolicyFields {
  bool number = false, kmax = false, value = false, boundary = false,
       count = false, order = false;
};

PolicyFields fieldsOf(Policy policy) {
  switch (policy) {
  case Policy::TopK:
  case Policy::TopKPerGroup:
  case Policy::SoftSlots:
    return {.number = true};
  case Policy::All:
  case Policy::Table:
  case Policy::BalancedAssign:
    return {};
  case Policy::TopP:
  case Policy::Threshold:
    return {.kmax = true, .value = true, .boundary = true};
  case Policy::SparseMixer:
    return {.number = true, .value = true};
  case Policy::ExpertTopC:
    return {.count = true};
  case Policy::GreedyAssign:
    return {.order = true};
  }
  llvm_unreachable("every policy has fields");
}

} // namespace

/// (select_c3)
static LogicalResult verifyOrder(EmitError emitError, ArrayRef<int64_t> order,
                                 ArrayRef<int64_t> counts) {
  if (order.size() != counts.size())
    return emitError() << "requires the ids in 'order' (" << order.size()
                       << ") to be as many as the 'counts' (" << counts.size()
                       << ")";
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i] < 0 || llvm::is_contained(order.take_front(i), order[i]))
      return emitError() << "expects every id once in 'order', but got "
                         << order[i];
    if (counts[i] < 1)
      return emitError() << "expects positive 'counts', but got " << counts[i];
  }
  return success();
}

LogicalResult SelectAttr::verify(EmitError emitError, Policy policy, int64_t k,
                                 int64_t groups, Key, FloatType,
                                 Fallback fallback, FloatAttr value,
                                 Boundary boundary, CountAttr count,
                                 ArrayRef<int64_t> order,
                                 ArrayRef<int64_t> counts) {
  PolicyFields has = fieldsOf(policy);
  StringRef name = stringifyEnum(policy);
  // (select_c1)
  if (has.number && k < 1)
    return emitError() << "expects a positive number of selected experts, but "
                          "got "
                       << k;
  if (has.kmax && k < 0)
    return emitError() << "expects a positive 'kmax', but got " << k;
  if (!has.number && !has.kmax && k != 0)
    return emitError() << "expects no number of selected experts with policy '"
                       << name << "', but got " << k;
  // (R1)
  if (groups < 1)
    return emitError() << "expects a positive number of groups, but got "
                       << groups;
  if (policy != Policy::TopKPerGroup && groups != 1)
    return emitError() << "expects groups with policy 'topk_per_group' alone, "
                          "but got "
                       << groups;
  // (R5), (R3)
  bool excludesFallback =
      policy == Policy::All || policy == Policy::ExpertTopC ||
      policy == Policy::GreedyAssign || policy == Policy::BalancedAssign ||
      policy == Policy::SoftSlots;
  if (excludesFallback && fallback != Fallback::None)
    return emitError() << "expects no 'fallback' with policy '" << name
                       << "', but got '" << stringifyEnum(fallback) << "'";
  // (select_c4)
  if (fallback == Fallback::All && (policy != Policy::Threshold || k != 0))
    return emitError() << "expects 'fallback = all' with policy 'threshold' "
                          "without 'kmax' alone, but got '"
                       << name << "'" << (has.kmax && k != 0 ? " with it" : "");
  // (select_c2)
  if (!has.value && value)
    return emitError() << "expects no bound with policy '" << name << "'";
  if (has.value && !value && policy != Policy::Threshold)
    return emitError() << "expects a bound with policy '" << name << "'";
  bool positive = policy == Policy::TopP || policy == Policy::SparseMixer;
  if (positive && !(value.getValueAsDouble() > 0))
    return emitError() << "expects a positive bound with policy '" << name
                       << "', but got " << value.getValueAsDouble();
  if (!has.boundary && boundary != Boundary::Include)
    return emitError() << "expects 'boundary' with 'topp' and 'threshold' "
                          "alone, but got policy '"
                       << name << "'";
  if (has.count != static_cast<bool>(count))
    return emitError() << "expects 'count' with policy 'expert_topc' alone, "
                          "but got policy '"
                       << name << "'";
  if (has.order != !order.empty())
    return emitError() << "expects 'order' with policy 'greedy_assign' alone, "
                          "but got policy '"
                       << name << "'";
  return verifyOrder(emitError, order, counts);
}

Attribute SelectAttr::parse(AsmParser &parser, Type) {
  MLIRContext *context = parser.getContext();
  Policy policy;
  int64_t k = 0, groups = 1;
  auto selectKey = moe::Key::Scores;
  FloatType keyDtype = f32(context);
  auto fallback = Fallback::None;
  FloatAttr value;
  auto boundary = Boundary::Include;
  CountAttr count;
  SmallVector<int64_t> order, counts;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parseEnum(parser, policy))
    return {};
  auto parseBound = [&]() -> ParseResult {
    if (policy == Policy::Threshold &&
        succeeded(parser.parseOptionalKeyword("operand")))
      return success();
    return parseReal(parser, value);
  };
  auto parseArguments = [&]() -> ParseResult {
    switch (policy) {
    case Policy::TopK:
    case Policy::SoftSlots:
      return parser.parseInteger(k);
    case Policy::TopKPerGroup:
      return failure(parser.parseInteger(groups) || parser.parseComma() ||
                     parser.parseInteger(k));
    case Policy::SparseMixer:
      return failure(parseReal(parser, value) || parser.parseComma() ||
                     parser.parseInteger(k));
    default:
      return parseBound();
    }
  };
  PolicyFields has = fieldsOf(policy);
  if ((has.number || has.value) &&
      (parser.parseLParen() || parseArguments() || parser.parseRParen()))
    return {};
  // Without an own boundary threshold is strict.
  if (policy == Policy::Threshold)
    boundary = Boundary::Exclude;
  auto field = [&](StringRef key) -> std::optional<ParseResult> {
    if (key == "key")
      return parseEnum(parser, selectKey);
    if (key == "key_dtype")
      return parser.parseType(keyDtype);
    if (key == "fallback")
      return parseEnum(parser, fallback);
    if (key == "kmax" && has.kmax) {
      SMLoc where = parser.getCurrentLocation();
      if (parser.parseInteger(k))
        return failure();
      if (k < 1)
        return parser.emitError(where)
               << "expects a positive 'kmax', but got " << k;
      return success();
    }
    if (key == "boundary")
      return parseEnum(parser, boundary);
    if (key == "count")
      return parser.parseCustomAttributeWithFallback(count);
    if (key == "order")
      return parseIds(parser, order);
    if (key == "counts")
      return parseIds(parser, counts);
    return std::nullopt;
  };
  if (parseFields(parser,
                  "key, key_dtype, fallback, kmax, boundary, count, order, "
                  "counts",
                  field))
    return {};
  return parser.getChecked<SelectAttr>(
      location, context, policy, k, groups, selectKey, keyDtype, fallback,
      value, boundary, count, ArrayRef<int64_t>(order),
      ArrayRef<int64_t>(counts));
}

void SelectAttr::print(AsmPrinter &printer) const {
  Policy policy = getPolicy();
  PolicyFields has = fieldsOf(policy);
  printer << "<" << stringifyEnum(policy);
  if (has.number || has.value) {
    printer << "(";
    if (policy == Policy::TopKPerGroup)
      printer << getGroups() << ", ";
    if (getValue())
      printReal(printer, getValue());
    else if (has.value)
      printer << "operand";
    if (policy == Policy::SparseMixer)
      printer << ", ";
    if (has.number)
      printer << getK();
    printer << ")";
  }
  printer << ", key = " << stringifyEnum(getKey());
  if (!getKeyDtype().isF32())
    printer << ", key_dtype = " << getKeyDtype();
  printEnum(printer, "fallback", getFallback(), Fallback::None);
  if (has.kmax && getK() != 0)
    printer << ", kmax = " << getK();
  printEnum(printer, "boundary", getBoundary(),
            policy == Policy::Threshold ? Boundary::Exclude
                                        : Boundary::Include);
  if (getCount()) {
    printer << ", count = ";
    getCount().print(printer);
  }
  printIds(printer, "order", getOrder());
  printIds(printer, "counts", getCounts());
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Capacity
//===----------------------------------------------------------------------===//

LogicalResult CapacityAttr::verify(EmitError emitError, CapacityKind kind,
                                   CountAttr count, Priority priority,
                                   Overflow overflow, int64_t tile,
                                   TileMode mode, TileRenorm renorm,
                                   int64_t seed) {
  bool limits = kind == CapacityKind::Limit;
  StringRef name = stringifyEnum(kind);
  // (capacity_c1)
  if (limits != static_cast<bool>(count))
    return emitError() << "expects 'count' with 'limit' alone, but got '"
                       << name << "'";
  if (limits &&
      (tile != 0 || mode != TileMode::Nearest || renorm != TileRenorm::None))
    return emitError() << "expects 'tile', 'mode' and 'renorm' with "
                          "'tile_round' alone, but got '"
                       << name << "'";
  if (!limits &&
      (priority != Priority::UnitMajor || overflow != Overflow::Zero))
    return emitError() << "expects 'priority' and 'overflow' with 'limit' "
                          "alone, but got '"
                       << name << "'";
  if (!limits && tile < 1)
    return emitError() << "expects a positive 'tile', but got " << tile;
  // (capacity_c2)
  bool draws = limits ? priority == Priority::Random
                      : mode == TileMode::SrF || mode == TileMode::NrS;
  if (!draws && seed != 0)
    return emitError() << "expects a seed with random, sr_f and nr_s alone, "
                          "but got "
                       << seed;
  // (R21)
  if (overflow == Overflow::Reroute && priority != Priority::UnitMajor &&
      priority != Priority::ChoiceMajor)
    return emitError() << "expects priority 'unit_major' or 'choice_major' "
                          "with 'overflow = reroute', but got '"
                       << stringifyEnum(priority) << "'";
  return success();
}

Attribute CapacityAttr::parse(AsmParser &parser, Type) {
  CapacityKind kind;
  CountAttr count;
  auto priority = Priority::UnitMajor;
  auto overflow = Overflow::Zero;
  int64_t tile = 0, seed = 0;
  auto mode = TileMode::Nearest;
  auto renorm = TileRenorm::None;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parseEnum(parser, kind))
    return {};
  auto parseSeed = [&]() -> ParseResult {
    if (failed(parser.parseOptionalLParen()))
      return success();
    return failure(parser.parseInteger(seed) || parser.parseRParen());
  };
  auto field = [&](StringRef key) -> std::optional<ParseResult> {
    if (key == "count")
      return parser.parseCustomAttributeWithFallback(count);
    if (key == "priority")
      return failure(parseEnum(parser, priority) || parseSeed());
    if (key == "overflow")
      return parseEnum(parser, overflow);
    if (key == "tile")
      return parser.parseInteger(tile);
    if (key == "mode")
      return failure(parseEnum(parser, mode) || parseSeed());
    if (key == "renorm")
      return parseEnum(parser, renorm);
    return std::nullopt;
  };
  if (parseFields(parser, "count, priority, overflow, tile, mode, renorm",
                  field))
    return {};
  return parser.getChecked<CapacityAttr>(location, parser.getContext(), kind,
                                         count, priority, overflow, tile, mode,
                                         renorm, seed);
}

void CapacityAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyEnum(getKind());
  auto printSeed = [&](bool draws) {
    if (draws)
      printer << "(" << getSeed() << ")";
  };
  if (getKind() == CapacityKind::Limit) {
    printer << ", count = ";
    getCount().print(printer);
    printer << ", priority = " << stringifyEnum(getPriority());
    printSeed(getPriority() == Priority::Random);
    printer << ", overflow = " << stringifyEnum(getOverflow());
  } else {
    printer << ", tile = " << getTile()
            << ", mode = " << stringifyEnum(getMode());
    printSeed(getMode() == TileMode::SrF || getMode() == TileMode::NrS);
    printer << ", renorm = " << stringifyEnum(getRenorm());
  }
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Domain
//===----------------------------------------------------------------------===//

LogicalResult DomainAttr::verify(EmitError emitError, DomainKind kind,
                                 int64_t size) {
  // (domain_c1)
  if (kind == DomainKind::Blocks && size < 1)
    return emitError() << "expects blocks of a positive size, but got " << size;
  if (kind != DomainKind::Blocks && size != 0)
    return emitError() << "expects a size with blocks alone, but got " << size;
  return success();
}

Attribute DomainAttr::parse(AsmParser &parser, Type) {
  DomainKind kind;
  int64_t size = 0;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parseEnum(parser, kind) ||
      (kind == DomainKind::Blocks &&
       (parser.parseLParen() || parser.parseInteger(size) ||
        parser.parseRParen())) ||
      parser.parseGreater())
    return {};
  return parser.getChecked<DomainAttr>(location, parser.getContext(), kind,
                                       size);
}

void DomainAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyEnum(getKind());
  if (getKind() == DomainKind::Blocks)
    printer << "(" << getSize() << ")";
  printer << ">";
}
