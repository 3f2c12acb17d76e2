// The table of experts: assembly and verification of classes and tables.
#include "AttrFields.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using EmitError = function_ref<InFlightDiagnostic()>;

//===----------------------------------------------------------------------===//
// Class
//===----------------------------------------------------------------------===//

ClassAttr ClassAttr::get(MLIRContext *context, int64_t count, int64_t width,
                         BodyAttr body, ClassActivation activation,
                         ArrayRef<QuantAttr> quant) {
  ClassFields fields;
  fields.count = count;
  fields.width = width;
  fields.body = body;
  fields.activation = activation;
  fields.quant.assign(quant.begin(), quant.end());
  return getAttr(context, fields);
}

ClassAttr ClassAttr::withBaseInRows() const {
  auto fields = getFields<ClassFields>(*this);
  fields.base = ClassBase::InRows;
  // Gate and up, the first matrices, are no parameters any more.
  if (isQuantised())
    fields.quant.erase(fields.quant.begin(),
                       fields.quant.begin() + (getBody().getGated() ? 2 : 1));
  if (llvm::all_of(fields.quant,
                   [](QuantAttr quant) { return quant.isFloat(); }))
    fields.quant.clear();
  return getAttr(getContext(), fields);
}

ClassAttr ClassAttr::withBody(BodyAttr body, ArrayRef<QuantAttr> quant) const {
  auto fields = getFields<ClassFields>(*this);
  fields.body = body;
  fields.quant.assign(quant.begin(), quant.end());
  return getAttr(getContext(), fields);
}

double ClassAttr::getFactorScale() const {
  return getAlpha() ? getAlpha().getValueAsDouble() / getRank() : 1.0;
}

/// (class_c2): which kinds have a width and a body.
static LogicalResult verifyWidthAndBody(EmitError emitError, ClassKind kind,
                                        int64_t width, BodyAttr body) {
  auto refuse = [&](StringRef expected) -> LogicalResult {
    return emitError() << "expects " << expected << " in a class of kind '"
                       << stringifyEnum(kind) << "'";
  };
  if (width < 0)
    return refuse("no negative 'width'");
  switch (kind) {
  case ClassKind::Ffn:
  case ClassKind::ScaleVec:
  case ClassKind::Film:
  case ClassKind::Lora:
    if (width == 0 || !body)
      return refuse("a positive 'width' and a 'body'");
    return success();
  case ClassKind::Nested:
  case ClassKind::Factored:
    if ((width == 0) != !body)
      return refuse("a 'width' and a 'body' or neither");
    return success();
  case ClassKind::Value:
    if (body)
      return refuse("no 'body'");
    return success();
  case ClassKind::Neuron:
    if (width != 0 || !body || body.getGated() || body.getUpBias() ||
        body.getDownBias())
      return refuse("no 'width' and an ungated 'body' without biases");
    return success();
  case ClassKind::Zero:
  case ClassKind::Copy:
  case ClassKind::Constant:
  case ClassKind::Linear:
  case ClassKind::External:
    if (width != 0 || body)
      return refuse("no 'width' and no 'body'");
    return success();
  }
  llvm_unreachable("every kind is checked");
}

/// (class_c3): what scale_vec and lora change.
static LogicalResult verifyTargets(EmitError emitError, ClassKind kind,
                                   BodyAttr body, ClassTargets targets) {
  auto lists = [&](ClassTargets target) {
    return bitEnumContainsAny(targets, target);
  };
  bool scales = kind == ClassKind::ScaleVec, adds = kind == ClassKind::Lora;
  if ((scales || adds) != (targets != ClassTargets::None))
    return emitError() << "expects 'targets' in 'scale_vec' and 'lora' classes "
                          "and in no other, but got kind '"
                       << stringifyEnum(kind) << "'";
  if (scales && lists(ClassTargets::Down))
    return emitError() << "expects gate, up, hidden or output as 'targets' of "
                          "a 'scale_vec' class, but got 'down'";
  if (adds && lists(ClassTargets::Hidden | ClassTargets::Output))
    return emitError() << "expects gate, up or down as 'targets' of a 'lora' "
                          "class, but got 'hidden' or 'output'";
  if (lists(ClassTargets::Gate) && !body.getGated())
    return emitError() << "expects 'gate' as a target of a gated body alone";
  return success();
}

/// (R18): sizes of the outer tensors of an mpo.
static LogicalResult verifyOuterSizes(EmitError emitError,
                                      ArrayRef<int64_t> widths,
                                      ArrayRef<int64_t> columns) {
  auto isPositive = [](int64_t size) { return size > 0; };
  if (widths.empty() || !llvm::all_of(widths, isPositive))
    return emitError() << "expects positive 'widths' with 'factors = mpo', but "
                          "got ["
                       << widths << "]";
  if (columns.empty())
    return success();
  if (columns.size() != widths.size() || columns == widths ||
      !llvm::all_of(columns, isPositive))
    return emitError() << "expects positive 'columns' that are as many as "
                          "'widths' and not the same, but got ["
                       << columns << "]";
  return success();
}

/// (R18): nested widths, and those of the outer tensors of an mpo.
static LogicalResult verifyWidths(EmitError emitError, ClassKind kind,
                                  int64_t count, int64_t width,
                                  ArrayRef<int64_t> widths,
                                  ArrayRef<int64_t> columns,
                                  Factorisation factors) {
  if (factors == Factorisation::Mpo)
    return verifyOuterSizes(emitError, widths, columns);
  if (!columns.empty())
    return emitError()
           << "expects 'columns' with 'factors = mpo' alone, but got "
              "kind '"
           << stringifyEnum(kind) << "'";
  size_t expected = kind == ClassKind::Nested ? count : 0;
  if (widths.size() != expected)
    return emitError() << "expects as many 'widths' as a 'nested' class has "
                          "experts ("
                       << expected << "), but got " << widths.size();
  for (int64_t own : widths)
    if (own < 1 || (width != 0 && own > width))
      return emitError() << "requires 'widths' (" << own
                         << ") to be positive and at most 'width' (" << width
                         << ")";
  return success();
}

/// (class_c8), (class_c9)
static LogicalResult verifyInputAndPlace(EmitError emitError, ClassKind kind,
                                         int64_t count, ConstantMix mix,
                                         ClassBase base, FloatAttr inputScale,
                                         ArrayRef<int64_t> placement) {
  bool readsNothing = kind == ClassKind::Zero || kind == ClassKind::Value ||
                      (kind == ClassKind::Constant && mix == ConstantMix::None);
  if (inputScale && (readsNothing || base == ClassBase::InRows))
    return emitError()
           << "expects 'input_scale' in classes that read their input "
              "alone, but got kind '"
           << stringifyEnum(kind) << "'"
           << (readsNothing ? "" : " with products in its rows");
  if (inputScale && (!inputScale.getValue().isFinite() ||
                     inputScale.getValueAsDouble() == 1.0))
    return emitError()
           << "expects a finite 'input_scale' other than 1, but got "
           << inputScale.getValueAsDouble();
  for (int64_t rank : placement)
    if (rank < 0)
      return emitError() << "expects no negative rank in 'placement', but got "
                         << rank;
  int64_t runs = placement.size();
  if (runs != 0 && count % runs != 0)
    return emitError() << "requires the ranks in 'placement' (" << runs
                       << ") to divide the experts of the class (" << count
                       << ")";
  return success();
}

LogicalResult
ClassAttr::verify(EmitError emitError, ClassKind kind, int64_t count,
                  int64_t width, BodyAttr body, ConstantMix mix,
                  ClassActivation, ClassTargets targets, int64_t rank,
                  FloatAttr alpha, ArrayRef<int64_t> widths,
                  Factorisation factors, FactorEvaluation evaluation,
                  ClassBase base, bool bias, FlatSymbolRefAttr callee,
                  ArrayRef<QuantAttr> quant, FloatAttr inputScale,
                  ArrayRef<int64_t> placement, ArrayRef<int64_t> columns) {
  // (class_c1)
  if (count < 1)
    return emitError() << "expects a positive number of experts, but got "
                       << count;
  if (kind == ClassKind::External && count != 1)
    return emitError() << "expects one expert in an 'external' class, but got "
                       << count;
  // (class_c2)
  if (failed(verifyWidthAndBody(emitError, kind, width, body)))
    return failure();
  if (kind != ClassKind::Constant && mix != ConstantMix::None)
    return emitError() << "expects 'mix' in a 'constant' class alone, but got "
                          "kind '"
                       << stringifyEnum(kind) << "'";
  // (class_c3)
  if (failed(verifyTargets(emitError, kind, body, targets)))
    return failure();
  // (class_c4)
  bool isLora = kind == ClassKind::Lora,
       isFactored = kind == ClassKind::Factored;
  bool hasRank = isLora || (isFactored && factors != Factorisation::Residual);
  if (hasRank ? rank < 1 : rank != 0)
    return emitError() << "expects a positive 'rank' in 'lora' and 'factored' "
                          "classes and in no other, but got "
                       << rank << " with kind '" << stringifyEnum(kind) << "'";
  if (!isLora && (alpha || base != ClassBase::Own))
    return emitError() << "expects 'alpha' and 'base' in a 'lora' class alone, "
                          "but got kind '"
                       << stringifyEnum(kind) << "'";
  bool isSplit = !body || !body.hasJointStorage();
  if (base == ClassBase::InRows && !isSplit)
    return emitError() << "expects split storage with 'base = in_rows'";
  // (class_c5)
  if (isFactored != (factors != Factorisation::None) ||
      (!isFactored && evaluation != FactorEvaluation::ApplyFactored))
    return emitError() << "expects 'factors', and 'evaluation' of them, in "
                          "'factored' classes and in no other, but got kind '"
                       << stringifyEnum(kind) << "'";
  if ((isFactored || kind == ClassKind::Nested) && !isSplit)
    return emitError() << "expects split storage in a class of kind '"
                       << stringifyEnum(kind) << "'";
  // (R18)
  if (failed(verifyWidths(emitError, kind, count, width, widths, columns,
                          factors)))
    return failure();
  // (class_c6)
  bool isLinear = kind == ClassKind::Linear ||
                  (!body && (isFactored || kind == ClassKind::Nested));
  if (bias && !isLinear)
    return emitError() << "expects 'bias' in linear maps without a body alone, "
                          "but got kind '"
                       << stringifyEnum(kind) << "'";
  // (class_c7)
  if ((kind == ClassKind::External) != static_cast<bool>(callee))
    return emitError() << "expects a 'callee' in 'external' classes and in no "
                          "other, but got kind '"
                       << stringifyEnum(kind) << "'";
  // (R16): how many matrices there are, the table of parameters says.
  if (!quant.empty() &&
      (kind == ClassKind::Zero || kind == ClassKind::Copy ||
       kind == ClassKind::Constant || kind == ClassKind::Neuron ||
       kind == ClassKind::Value || kind == ClassKind::External))
    return emitError() << "expects no 'quant' in a class of kind '"
                       << stringifyEnum(kind) << "'";
  if (!quant.empty() &&
      llvm::all_of(quant, [](QuantAttr entry) { return entry.isFloat(); }))
    return emitError() << "expects a format other than 'float' in 'quant'";
  for (QuantAttr entry : quant)
    if (entry.getOverrides() && entry.getWidth() == 0 &&
        entry.getWidths() == QuantWidths::Static)
      return emitError() << "expects 'overrides' where fewer than all bits are "
                            "read, but got "
                         << entry;
  // (class_c8), (class_c9)
  return verifyInputAndPlace(emitError, kind, count, mix, base, inputScale,
                             placement);
}

ParseResult moe::detail::parseTargets(AsmParser &parser,
                                      ClassTargets &targets) {
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::Square, [&]() -> ParseResult {
        StringRef name;
        SMLoc location = parser.getCurrentLocation();
        if (parser.parseKeyword(&name))
          return failure();
        std::optional<ClassTargets> target = symbolizeClassTargets(name);
        if (!target || *target == ClassTargets::None)
          return parser.emitError(location)
                 << "expects one of gate, up, down, hidden, output, but got '"
                 << name << "'";
        targets = targets | *target;
        return success();
      });
}

void moe::detail::printTargets(AsmPrinter &printer, ClassTargets targets) {
  SmallVector<std::string> names;
  for (ClassTargets target :
       {ClassTargets::Gate, ClassTargets::Up, ClassTargets::Down,
        ClassTargets::Hidden, ClassTargets::Output})
    if (bitEnumContainsAny(targets, target))
      names.push_back(stringifyEnum(target));
  printer << "[";
  llvm::interleaveComma(names, printer);
  printer << "]";
}

Attribute ClassAttr::parse(AsmParser &parser, Type) {
  ClassFields fields;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() || parseEnum(parser, fields.kind) ||
      parser.parseComma() || parser.parseInteger(fields.count))
    return {};
  return parseNamedFields(parser, location, fields);
}

void ClassAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyEnum(getKind()) << ", " << getCount();
  printNamedFields<ClassFields>(printer, *this);
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

static int64_t countIds(ArrayRef<ClassAttr> classes, bool always) {
  int64_t ids = 0;
  for (ClassAttr entry : classes)
    if (entry.isAlways() == always)
      ids += entry.getCount();
  return ids;
}

int64_t TableAttr::getNumRouted() const {
  return countIds(getClasses(), /*always=*/false);
}

int64_t TableAttr::getNumAlways() const {
  return countIds(getClasses(), /*always=*/true);
}

unsigned TableAttr::getNumOperands() const {
  unsigned operands = 0;
  for (ClassAttr entry : getClasses())
    operands += entry.getNumOperands();
  return operands;
}

ClassAttr TableAttr::getClassOf(int64_t id) const {
  for (ClassAttr entry : getClasses()) {
    if (id < entry.getCount())
      return entry;
    id -= entry.getCount();
  }
  llvm_unreachable("the table has a class for every id");
}

LogicalResult TableAttr::verify(EmitError emitError,
                                ArrayRef<ClassAttr> classes) {
  // (table_c1)
  if (classes.empty())
    return emitError() << "expects at least one class, but got none";
  if (!llvm::is_sorted(classes, [](ClassAttr a, ClassAttr b) {
        return a.isAlways() < b.isAlways();
      }))
    return emitError() << "expects 'always' classes after all routed ones";
  return success();
}

Attribute TableAttr::parse(AsmParser &parser, Type) {
  SmallVector<ClassAttr> classes;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseLess() ||
      parser.parseCommaSeparatedList(
          AsmParser::Delimiter::Square,
          [&] {
            return parser.parseCustomAttributeWithFallback(
                classes.emplace_back());
          }) ||
      parser.parseGreater())
    return {};
  return parser.getChecked<TableAttr>(location, parser.getContext(),
                                      ArrayRef<ClassAttr>(classes));
}

void TableAttr::print(AsmPrinter &printer) const {
  printer << "<[";
  llvm::interleaveComma(getClasses(), printer,
                        [&](ClassAttr entry) { entry.print(printer); });
  printer << "]>";
}
