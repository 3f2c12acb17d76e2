// Attributes of many fields, field by field: what text and bytecode have of
// them is listed once. Private to the dialect.
#ifndef MOE_DIALECTS_MOE_ATTRFIELDS_H
#define MOE_DIALECTS_MOE_ATTRFIELDS_H

#include "AttrAssembly.h"

#include <tuple>

namespace moe::detail {

/// A field of an attribute: where `Fields` keeps it, how the attribute gives
/// it, the first version of bytecode whose files have it, and what text calls
/// it; one without a name has its place in front of the others.
template <typename Fields, typename T, typename Given>
struct Field {
  T Fields::*member;
  Given (Fields::Attr::*getter)() const;
  uint64_t version;
  llvm::StringLiteral name = "";

  Given give(const Fields &fields) const { return fields.*member; }
};

/// The fields of `#moe.class`, with what they are where text leaves them out.
/// `list` has them in the order of the attribute's parameters, which is that of
/// text and bytecode; a new one goes behind the others.
struct ClassFields {
  using Attr = ClassAttr;
  ClassKind kind = ClassKind::Ffn;
  int64_t count = 0;
  int64_t width = 0;
  BodyAttr body;
  ConstantMix mix = ConstantMix::None;
  ClassActivation activation = ClassActivation::Routed;
  ClassTargets targets = ClassTargets::None;
  int64_t rank = 0;
  mlir::FloatAttr alpha;
  llvm::SmallVector<int64_t> widths;
  Factorisation factors = Factorisation::None;
  FactorEvaluation evaluation = FactorEvaluation::ApplyFactored;
  ClassBase base = ClassBase::Own;
  bool bias = false;
  mlir::FlatSymbolRefAttr callee;
  llvm::SmallVector<QuantAttr> quant;
  mlir::FloatAttr inputScale;
  llvm::SmallVector<int64_t> placement;
  llvm::SmallVector<int64_t> columns;

  static auto list() {
    using F = ClassFields;
    return std::tuple(
        Field{&F::kind, &Attr::getKind, 1},
        Field{&F::count, &Attr::getCount, 1},
        Field{&F::width, &Attr::getWidth, 1, "width"},
        Field{&F::body, &Attr::getBody, 1, "body"},
        Field{&F::mix, &Attr::getMix, 1, "mix"},
        Field{&F::activation, &Attr::getActivation, 1, "activation"},
        Field{&F::targets, &Attr::getTargets, 4, "targets"},
        Field{&F::rank, &Attr::getRank, 4, "rank"},
        Field{&F::alpha, &Attr::getAlpha, 4, "alpha"},
        Field{&F::widths, &Attr::getWidths, 4, "widths"},
        Field{&F::factors, &Attr::getFactors, 4, "factors"},
        Field{&F::evaluation, &Attr::getEvaluation, 4, "evaluation"},
        Field{&F::base, &Attr::getBase, 4, "base"},
        Field{&F::bias, &Attr::getBias, 4, "bias"},
        Field{&F::callee, &Attr::getCallee, 4, "callee"},
        Field{&F::quant, &Attr::getQuant, 4, "quant"},
        Field{&F::inputScale, &Attr::getInputScale, 7, "input_scale"},
        Field{&F::placement, &Attr::getPlacement, 7, "placement"},
        Field{&F::columns, &Attr::getColumns, 7, "columns"});
  }
};

/// The fields of `#moe.quant`, as above.
struct QuantFields {
  using Attr = QuantAttr;
  QuantFormat format = QuantFormat::I8Chan;
  int64_t group = 0;
  int64_t bits = 0;
  int64_t blockN = 0;
  int64_t version = 0;
  NibbleOrder order = NibbleOrder::Adjacent;
  GlobalScale global = GlobalScale::Multiply;
  int64_t base = 0;
  int64_t plane = 0;
  QuantSlice slice = QuantSlice::Floor;
  int64_t width = 0;
  QuantWidths widths = QuantWidths::Static;
  bool overrides = false;
  int64_t keep = 0;

  static auto list() {
    using F = QuantFields;
    return std::tuple(Field{&F::format, &Attr::getFormat, 4},
                      Field{&F::group, &Attr::getGroup, 4, "group"},
                      Field{&F::bits, &Attr::getBits, 4, "bits"},
                      Field{&F::blockN, &Attr::getBlockN, 4, "block_n"},
                      Field{&F::version, &Attr::getVersion, 4, "version"},
                      Field{&F::order, &Attr::getOrder, 4, "order"},
                      Field{&F::global, &Attr::getGlobal, 4, "global"},
                      Field{&F::base, &Attr::getBase, 4, "base"},
                      Field{&F::plane, &Attr::getPlane, 4, "plane"},
                      Field{&F::slice, &Attr::getSlice, 4, "slice"},
                      Field{&F::width, &Attr::getWidth, 6, "width"},
                      Field{&F::widths, &Attr::getWidths, 6, "widths"},
                      Field{&F::overrides, &Attr::getOverrides, 6, "overrides"},
                      Field{&F::keep, &Attr::getKeep, 7, "keep"});
  }
};

/// Calls `visit` with each field of `Fields`, in order.
template <typename Fields, typename Visit>
void forEachField(Visit visit) {
  std::apply([&](const auto &...field) { (visit(field), ...); },
             Fields::list());
}

/// The fields of `attr`.
template <typename Fields>
Fields getFields(typename Fields::Attr attr) {
  Fields fields;
  forEachField<Fields>([&](const auto &field) {
    auto &to = fields.*field.member;
    auto given = (attr.*field.getter)();
    if constexpr (std::is_assignable_v<decltype(to), decltype(given)>)
      to = given;
    else
      to.assign(given.begin(), given.end());
  });
  return fields;
}

/// What `get` makes of the values of all fields, as the attribute gives them.
template <typename Fields, typename Get>
Fields::Attr makeAttr(const Fields &fields, Get get) {
  return std::apply(
      [&](const auto &...field) { return get(field.give(fields)...); },
      Fields::list());
}

/// The attribute of valid fields.
template <typename Fields>
Fields::Attr getAttr(mlir::MLIRContext *context, const Fields &fields) {
  return makeAttr(fields, [&](const auto &...values) {
    return Fields::Attr::get(context, values...);
  });
}

/// Parses `{, name = value} >` behind the fields without names, which `fields`
/// has, and makes the attribute of what `location` begins.
template <typename Fields>
mlir::Attribute parseNamedFields(mlir::AsmParser &parser, llvm::SMLoc location,
                                 Fields &fields) {
  llvm::SmallVector<llvm::StringRef> names;
  forEachField<Fields>([&](const auto &field) {
    if (!field.name.empty())
      names.push_back(field.name);
  });
  auto value = [&](llvm::StringRef name) -> std::optional<mlir::ParseResult> {
    std::optional<mlir::ParseResult> result;
    forEachField<Fields>([&](const auto &field) {
      if (field.name == name)
        result = parseValue(parser, fields.*field.member);
    });
    return result;
  };
  if (parseFields(parser, llvm::join(names, ", "), value))
    return {};
  return makeAttr(fields, [&](const auto &...values) {
    return parser.getChecked<typename Fields::Attr>(
        location, parser.getContext(), values...);
  });
}

/// Prints `{, name = value} >`, without what parsing knows.
template <typename Fields>
void printNamedFields(mlir::AsmPrinter &printer, typename Fields::Attr attr) {
  Fields fields = getFields<Fields>(attr), otherwise;
  forEachField<Fields>([&](const auto &field) {
    const auto &value = fields.*field.member;
    if (field.name.empty() || value == otherwise.*field.member)
      return;
    printer << ", " << field.name << " = ";
    printValue(printer, value);
  });
  printer << ">";
}

} // namespace moe::detail

#endif // MOE_DIALECTS_MOE_ATTRFIELDS_H
