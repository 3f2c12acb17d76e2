// The bytecode of the moe dialect: how each attribute and type lies in a file,
// and properties of ops that older files have fewer of.
#include "AttrFields.h"
#include "Bytecode.h"
#include "moe/Support/BytecodeVersion.h"

#include "mlir/Bytecode/BytecodeImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

uint64_t moe::detail::getFileVersion(DialectBytecodeReader &reader) {
  FailureOr<const DialectVersion *> version =
      reader.getDialectVersion<MoEDialect>();
  // Every file with an op of the dialect has its version.
  if (failed(version))
    return bytecodeVersion;
  return static_cast<const BytecodeVersion *>(*version)->number;
}

namespace {

/// What an encoded attribute or type is. Numbers are never used again.
enum class Code : uint64_t {
  Score = 0,
  GroupFilter = 1,
  Select = 2,
  Weight = 3,
  Body = 4,
  Class = 5,
  Table = 6,
  Apply = 7,
  Residual = 8,
  SumOrder = 9,
  LogitsForm = 10,
  ManyToOne = 11,
  Count = 12,
  Capacity = 13,
  Domain = 14,
  StatsStage = 15,
  Counted = 16,
  AuxLossKind = 17,
  BiasRule = 18,
  Quant = 19,
};
enum class TypeCode : uint64_t { Plan = 0, Rows = 1, LazyLogits = 2 };

/// Writes the fields of an attribute one by one.
class Writer {
public:
  Writer(DialectBytecodeWriter &writer, MLIRContext *context)
      : writer(writer), context(context) {}

  template <typename T>
  Writer &operator<<(const T &value) {
    if constexpr (std::is_same_v<T, bool> || std::is_enum_v<T>)
      writer.writeVarInt(static_cast<uint64_t>(value));
    else if constexpr (std::is_same_v<T, int64_t>)
      writer.writeSignedVarInt(value);
    else if constexpr (std::is_convertible_v<T, Attribute>)
      writer.writeOptionalAttribute(value);
    else if constexpr (std::is_convertible_v<T, Type>)
      writer.writeType(value);
    else if constexpr (std::is_convertible_v<T, ArrayRef<int64_t>>)
      writer.writeSignedVarInts(value);
    else
      writer.writeOptionalAttribute(ArrayAttr::get(
          context, SmallVector<Attribute>(value.begin(), value.end())));
    return *this;
  }

private:
  DialectBytecodeWriter &writer;
  MLIRContext *context;
};

/// Reads the fields of an attribute one by one. After a failure values mean
/// nothing and `make` gives null.
class Reader {
public:
  explicit Reader(DialectBytecodeReader &reader)
      : version(getFileVersion(reader)), reader(reader) {}

  bool flag() {
    uint64_t value = 0;
    check(reader.readVarInt(value));
    return value != 0;
  }

  int64_t integer() {
    int64_t value = 0;
    check(reader.readSignedVarInt(value));
    return value;
  }

  SmallVector<int64_t> integers() {
    SmallVector<int64_t> values;
    check(reader.readSignedVarInts(values));
    return values;
  }

  /// A value of an enum.
  template <typename Enum>
  Enum value() {
    uint64_t number = 0;
    check(reader.readVarInt(number));
    bool known = number <= std::numeric_limits<uint32_t>::max();
    if constexpr (std::is_same_v<Enum, ClassTargets>)
      known = known && symbolizeClassTargets(number);
    else
      known = known && !stringifyEnum(static_cast<Enum>(number)).empty();
    if (!known && valid) {
      reader.emitError() << "expects a value of an enumeration, but got "
                         << number;
      valid = false;
    }
    return known ? static_cast<Enum>(number) : Enum();
  }

  /// An attribute that may be absent.
  template <typename Attr>
  Attr attribute() {
    Attr result;
    check(reader.readOptionalAttribute(result));
    return result;
  }

  /// An attribute that is always there.
  template <typename Attr>
  Attr required() {
    auto result = attribute<Attr>();
    check(success(static_cast<bool>(result)));
    return result;
  }

  /// Attributes of one kind, none of which is absent.
  template <typename Attr>
  SmallVector<Attr> attributes() {
    SmallVector<Attr> result;
    auto elements = required<ArrayAttr>();
    for (Attribute element :
         elements ? elements.getValue() : ArrayRef<Attribute>()) {
      result.push_back(dyn_cast<Attr>(element));
      check(success(static_cast<bool>(result.back())));
    }
    return result;
  }

  /// A field, by its type.
  template <typename T>
  void read(T &field) {
    if constexpr (std::is_same_v<T, bool>)
      field = flag();
    else if constexpr (std::is_same_v<T, int64_t>)
      field = integer();
    else if constexpr (std::is_enum_v<T>)
      field = value<T>();
    else if constexpr (std::is_convertible_v<T, Attribute>)
      field = attribute<T>();
    else if constexpr (std::is_same_v<T, SmallVector<int64_t>>)
      field = integers();
    else
      field = attributes<typename T::value_type>();
  }

  FloatType floatType() {
    FloatType result;
    check(reader.readType(result));
    return result;
  }

  template <typename T, typename... Fields>
  T make(Fields &&...fields) {
    if (!valid)
      return {};
    return T::getChecked([&] { return reader.emitError(); },
                         reader.getContext(), fields...);
  }

  /// An attribute that holds one enum value.
  template <typename Attr>
  Attr enumAttr() {
    auto result = value<decltype(Attr().getValue())>();
    return valid ? Attr::get(reader.getContext(), result) : Attr();
  }

  /// The version of the file.
  const uint64_t version;

private:
  void check(LogicalResult result) { valid &= succeeded(result); }

  DialectBytecodeReader &reader;
  bool valid = true;
};

} // namespace

//===----------------------------------------------------------------------===//
// Attributes and types
//===----------------------------------------------------------------------===//

static void write(Writer &w, ScoreAttr a) {
  w << a.getFn() << a.getOver() << a.getGroups() << a.getDtype()
    << a.getRoundTo() << a.getPost() << a.getPostEps();
}

static Attribute readScore(Reader &r) {
  auto fn = r.value<ScoreFn>();
  auto over = r.value<ScoreOver>();
  int64_t groups = r.integer();
  FloatType dtype = r.floatType(), roundTo = r.floatType();
  auto post = r.value<ScorePost>();
  auto eps = r.attribute<FloatAttr>();
  return r.make<ScoreAttr>(fn, over, groups, dtype, roundTo, post, eps);
}

static void write(Writer &w, GroupFilterAttr a) {
  w << a.getGroups() << a.getKeep() << a.getSumTop() << a.getFill();
}

static Attribute readGroupFilter(Reader &r) {
  int64_t groups = r.integer(), keep = r.integer(), sumTop = r.integer();
  auto fill = r.value<GroupFill>();
  return r.make<GroupFilterAttr>(groups, keep, sumTop, fill);
}

static void write(Writer &w, SelectAttr a) {
  w << a.getPolicy() << a.getK() << a.getGroups() << a.getKey()
    << a.getKeyDtype() << a.getFallback() << a.getValue() << a.getBoundary()
    << a.getCount() << a.getOrder() << a.getCounts();
}

static Attribute readSelect(Reader &r) {
  auto policy = r.value<Policy>();
  int64_t k = r.integer(), groups = r.integer();
  auto key = r.value<moe::Key>();
  FloatType keyDtype = r.floatType();
  auto fallback = r.value<Fallback>();
  FloatAttr value;
  auto boundary = Boundary::Include;
  CountAttr count;
  SmallVector<int64_t> order, counts;
  if (r.version >= 3) {
    value = r.attribute<FloatAttr>();
    boundary = r.value<Boundary>();
    count = r.attribute<CountAttr>();
    order = r.integers();
    counts = r.integers();
  }
  return r.make<SelectAttr>(policy, k, groups, key, keyDtype, fallback, value,
                            boundary, count, ArrayRef(order), ArrayRef(counts));
}

static void write(Writer &w, CountAttr a) {
  w << a.getNumber() << a.getFactor() << a.getMult() << a.getShare()
    << a.getRound() << a.getMultipleOf() << a.getMin() << a.getAtMostUnits()
    << a.getDtype();
}

static Attribute readCount(Reader &r) {
  int64_t number = r.integer();
  auto factor = r.attribute<FloatAttr>();
  auto mult = r.value<CountMultiplier>();
  auto share = r.value<CountShare>();
  auto round = r.value<CountRound>();
  int64_t multipleOf = r.integer(), min = r.integer();
  bool atMostUnits = r.flag();
  FloatType dtype = r.floatType();
  return r.make<CountAttr>(number, factor, mult, share, round, multipleOf, min,
                           atMostUnits, dtype);
}

static void write(Writer &w, CapacityAttr a) {
  w << a.getKind() << a.getCount() << a.getPriority() << a.getOverflow()
    << a.getTile() << a.getMode() << a.getRenorm() << a.getSeed();
}

static Attribute readCapacity(Reader &r) {
  auto kind = r.value<CapacityKind>();
  auto count = r.attribute<CountAttr>();
  auto priority = r.value<Priority>();
  auto overflow = r.value<Overflow>();
  int64_t tile = r.integer();
  auto mode = r.value<TileMode>();
  auto renorm = r.value<TileRenorm>();
  int64_t seed = r.integer();
  return r.make<CapacityAttr>(kind, count, priority, overflow, tile, mode,
                              renorm, seed);
}

static void write(Writer &w, DomainAttr a) { w << a.getKind() << a.getSize(); }

static Attribute readDomain(Reader &r) {
  auto kind = r.value<DomainKind>();
  int64_t size = r.integer();
  return r.make<DomainAttr>(kind, size);
}

static void write(Writer &w, WeightAttr a) {
  w << a.getSource() << a.getZero() << a.getExclude() << a.getNorm()
    << a.getNormValue() << a.getEpsMode() << a.getMinK() << a.getWhen()
    << a.getScale() << a.getDtype() << a.getGrad();
}

static Attribute readWeight(Reader &r) {
  auto source = r.value<WeightSource>();
  SmallVector<int64_t> zero = r.integers(), exclude = r.integers();
  auto norm = r.value<WeightNorm>();
  auto normValue = r.attribute<FloatAttr>();
  auto epsMode = r.value<EpsMode>();
  int64_t minK = r.integer();
  auto when = r.value<NormWhen>();
  auto scale = r.required<FloatAttr>();
  FloatType dtype = r.floatType();
  auto grad = r.value<WeightGrad>();
  return r.make<WeightAttr>(source, ArrayRef(zero), ArrayRef(exclude), norm,
                            normValue, epsMode, minK, when, scale, dtype, grad);
}

static void write(Writer &w, BodyAttr a) {
  w << a.getGated() << a.getAct() << a.getAlpha() << a.getGateLo()
    << a.getGateHi() << a.getClampAt() << a.getUpLo() << a.getUpHi()
    << a.getUpOffset() << a.getGateBias() << a.getUpBias() << a.getDownBias()
    << a.getStorage() << a.getCallee();
}

static Attribute readBody(Reader &r) {
  bool gated = r.flag();
  auto act = r.value<Activation>();
  auto alpha = r.attribute<FloatAttr>(), gateLo = r.attribute<FloatAttr>(),
       gateHi = r.attribute<FloatAttr>();
  auto clampAt = r.value<ClampAt>();
  auto upLo = r.attribute<FloatAttr>(), upHi = r.attribute<FloatAttr>(),
       upOffset = r.attribute<FloatAttr>();
  bool gateBias = r.flag(), upBias = r.flag(), downBias = r.flag();
  auto storage = r.value<Storage>();
  FlatSymbolRefAttr callee;
  if (r.version >= 7)
    callee = r.attribute<FlatSymbolRefAttr>();
  return r.make<BodyAttr>(gated, act, alpha, gateLo, gateHi, clampAt, upLo,
                          upHi, upOffset, gateBias, upBias, downBias, storage,
                          callee);
}

/// Attributes whose fields are listed.
template <typename Fields>
static void writeFields(Writer &w, typename Fields::Attr a) {
  auto fields = getFields<Fields>(a);
  forEachField<Fields>([&](const auto &field) { w << fields.*field.member; });
}

template <typename Fields>
static Attribute readFields(Reader &r) {
  Fields fields;
  forEachField<Fields>([&](const auto &field) {
    if (r.version >= field.version)
      r.read(fields.*field.member);
  });
  return makeAttr(fields, [&](const auto &...values) {
    return r.make<typename Fields::Attr>(values...);
  });
}

static void write(Writer &w, ClassAttr a) { writeFields<ClassFields>(w, a); }

static void write(Writer &w, QuantAttr a) { writeFields<QuantFields>(w, a); }

static void write(Writer &w, TableAttr a) { w << a.getClasses(); }

static Attribute readTable(Reader &r) {
  auto classes = r.attributes<ClassAttr>();
  return r.make<TableAttr>(ArrayRef(classes));
}

static Attribute readAttr(Code code, Reader &r) {
  switch (code) {
  case Code::Score:
    return readScore(r);
  case Code::GroupFilter:
    return readGroupFilter(r);
  case Code::Select:
    return readSelect(r);
  case Code::Weight:
    return readWeight(r);
  case Code::Body:
    return readBody(r);
  case Code::Class:
    return readFields<ClassFields>(r);
  case Code::Table:
    return readTable(r);
  case Code::Apply:
    return r.enumAttr<ApplyAttr>();
  case Code::Residual:
    return r.enumAttr<ResidualAttr>();
  case Code::SumOrder:
    return r.enumAttr<SumOrderAttr>();
  case Code::LogitsForm:
    return r.enumAttr<LogitsFormAttr>();
  case Code::ManyToOne:
    return r.enumAttr<ManyToOneAttr>();
  case Code::Count:
    return readCount(r);
  case Code::Capacity:
    return readCapacity(r);
  case Code::Domain:
    return readDomain(r);
  case Code::StatsStage:
    return r.enumAttr<StatsStageAttr>();
  case Code::Counted:
    return r.enumAttr<CountedAttr>();
  case Code::AuxLossKind:
    return r.enumAttr<AuxLossKindAttr>();
  case Code::BiasRule:
    return r.enumAttr<BiasRuleAttr>();
  case Code::Quant:
    return readFields<QuantFields>(r);
  }
  return {};
}

static Type readPlan(Reader &r) {
  int64_t experts = r.integer();
  auto encoding = r.value<PlanEncoding>();
  int64_t size = r.integer(), always = r.integer();
  FloatType weight = r.floatType();
  bool carry = r.flag();
  return r.make<PlanType>(experts, encoding, size, always, weight, carry);
}

static Type readRows(Reader &r) {
  FloatType element = r.floatType();
  int64_t width = r.integer();
  auto layout = r.value<RowLayout>();
  return r.make<RowsType>(element, width, layout);
}

static Type readLazyLogits(Reader &r) {
  FloatType element = r.floatType();
  int64_t rows = r.integer(), columns = r.integer(), rank = r.integer();
  return r.make<LazyLogitsType>(element, rows, columns, rank);
}

namespace {

struct MoEBytecode : VersionedBytecodeInterface {
  explicit MoEBytecode(Dialect *dialect)
      : VersionedBytecodeInterface(dialect, bytecodeVersion) {}

  LogicalResult writeAttribute(Attribute attr,
                               DialectBytecodeWriter &writer) const override {
    Writer w(writer, attr.getContext());
    auto fields = [&](Code code) {
      return [&w, code](auto a) -> LogicalResult {
        w << code;
        write(w, a);
        return success();
      };
    };
    auto value = [&](Code code) {
      return [&w, code](auto a) -> LogicalResult {
        w << code << a.getValue();
        return success();
      };
    };
    return llvm::TypeSwitch<Attribute, LogicalResult>(attr)
        .Case<ScoreAttr>(fields(Code::Score))
        .Case<GroupFilterAttr>(fields(Code::GroupFilter))
        .Case<SelectAttr>(fields(Code::Select))
        .Case<WeightAttr>(fields(Code::Weight))
        .Case<BodyAttr>(fields(Code::Body))
        .Case<ClassAttr>(fields(Code::Class))
        .Case<TableAttr>(fields(Code::Table))
        .Case<ApplyAttr>(value(Code::Apply))
        .Case<ResidualAttr>(value(Code::Residual))
        .Case<SumOrderAttr>(value(Code::SumOrder))
        .Case<LogitsFormAttr>(value(Code::LogitsForm))
        .Case<ManyToOneAttr>(value(Code::ManyToOne))
        .Case<CountAttr>(fields(Code::Count))
        .Case<CapacityAttr>(fields(Code::Capacity))
        .Case<DomainAttr>(fields(Code::Domain))
        .Case<StatsStageAttr>(value(Code::StatsStage))
        .Case<CountedAttr>(value(Code::Counted))
        .Case<AuxLossKindAttr>(value(Code::AuxLossKind))
        .Case<BiasRuleAttr>(value(Code::BiasRule))
        .Case<QuantAttr>(fields(Code::Quant));
  }

  Attribute readAttribute(DialectBytecodeReader &reader) const override {
    uint64_t code;
    if (failed(reader.readVarInt(code)))
      return {};
    Reader r(reader);
    Attribute result = readAttr(static_cast<Code>(code), r);
    if (!result)
      reader.emitError() << "expects an attribute of the moe dialect (code "
                         << code << ")";
    return result;
  }

  LogicalResult writeType(Type type,
                          DialectBytecodeWriter &writer) const override {
    Writer w(writer, type.getContext());
    return llvm::TypeSwitch<Type, LogicalResult>(type)
        .Case([&](PlanType plan) {
          w << TypeCode::Plan << plan.getExperts() << plan.getEncoding()
            << plan.getSize() << plan.getAlways() << plan.getWeight()
            << plan.getCarry();
          return success();
        })
        .Case([&](RowsType rows) {
          w << TypeCode::Rows << rows.getElementType() << rows.getWidth()
            << rows.getLayout();
          return success();
        })
        .Case([&](LazyLogitsType lazy) {
          w << TypeCode::LazyLogits << lazy.getElementType() << lazy.getRows()
            << lazy.getColumns() << lazy.getRank();
          return success();
        });
  }

  Type readType(DialectBytecodeReader &reader) const override {
    uint64_t code;
    if (failed(reader.readVarInt(code)))
      return {};
    Reader r(reader);
    Type result;
    if (static_cast<TypeCode>(code) == TypeCode::Plan)
      result = readPlan(r);
    if (static_cast<TypeCode>(code) == TypeCode::Rows)
      result = readRows(r);
    if (static_cast<TypeCode>(code) == TypeCode::LazyLogits)
      result = readLazyLogits(r);
    if (!result)
      reader.emitError() << "expects a type of the moe dialect (code " << code
                         << ")";
    return result;
  }
};

} // namespace

void moe::detail::addBytecodeInterface(MoEDialect &dialect) {
  dialect.addInterface(std::make_unique<MoEBytecode>(&dialect));
}

//===----------------------------------------------------------------------===//
// Properties
//===----------------------------------------------------------------------===//

LogicalResult LogitsOp::readProperties(DialectBytecodeReader &reader,
                                       OperationState &state) {
  auto &properties = state.getOrAddProperties<Properties>();
  if (failed(reader.readOptionalAttribute(properties.softcap)) ||
      failed(reader.readOptionalAttribute(properties.temperature)) ||
      failed(reader.readSparseArray(
          MutableArrayRef(properties.operandSegmentSizes))))
    return failure();
  if (getFileVersion(reader) < 2)
    return success();
  return success(
      succeeded(reader.readOptionalAttribute(properties.form)) &&
      succeeded(reader.readOptionalAttribute(properties.max_log_scale)) &&
      succeeded(reader.readOptionalAttribute(properties.acc)));
}

void LogitsOp::writeProperties(DialectBytecodeWriter &writer) {
  Properties &properties = getProperties();
  writer.writeOptionalAttribute(properties.softcap);
  writer.writeOptionalAttribute(properties.temperature);
  writer.writeSparseArray(ArrayRef(properties.operandSegmentSizes));
  writer.writeOptionalAttribute(properties.form);
  writer.writeOptionalAttribute(properties.max_log_scale);
  writer.writeOptionalAttribute(properties.acc);
}

LogicalResult RouteOp::readProperties(DialectBytecodeReader &reader,
                                      OperationState &state) {
  auto &properties = state.getOrAddProperties<Properties>();
  if (failed(reader.readOptionalAttribute(properties.group_filter)) ||
      failed(reader.readAttribute(properties.score)) ||
      failed(reader.readAttribute(properties.select)) ||
      failed(reader.readAttribute(properties.weight)) ||
      failed(reader.readSparseArray(
          MutableArrayRef(properties.operandSegmentSizes))))
    return failure();
  if (getFileVersion(reader) < 3)
    return success();
  return success(succeeded(reader.readOptionalAttribute(properties.capacity)) &&
                 succeeded(reader.readOptionalAttribute(properties.domain)));
}

void RouteOp::writeProperties(DialectBytecodeWriter &writer) {
  Properties &properties = getProperties();
  writer.writeOptionalAttribute(properties.group_filter);
  writer.writeAttribute(properties.score);
  writer.writeAttribute(properties.select);
  writer.writeAttribute(properties.weight);
  writer.writeSparseArray(ArrayRef(properties.operandSegmentSizes));
  writer.writeOptionalAttribute(properties.capacity);
  writer.writeOptionalAttribute(properties.domain);
}

LogicalResult AuxLossOp::readProperties(DialectBytecodeReader &reader,
                                        OperationState &state) {
  auto &properties = state.getOrAddProperties<Properties>();
  if (failed(reader.readOptionalAttribute(properties.coeff)) ||
      failed(reader.readOptionalAttribute(properties.eps)) ||
      failed(reader.readOptionalAttribute(properties.k)) ||
      failed(reader.readAttribute(properties.kind)) ||
      failed(reader.readOptionalAttribute(properties.noise_std)) ||
      failed(reader.readOptionalAttribute(properties.null_ids)) ||
      failed(reader.readOptionalAttribute(properties.sample)))
    return failure();
  if (getFileVersion(reader) < 6)
    return success();
  return success(
      succeeded(reader.readOptionalAttribute(properties.temperature)) &&
      succeeded(reader.readOptionalAttribute(properties.chunk)));
}

void AuxLossOp::writeProperties(DialectBytecodeWriter &writer) {
  Properties &properties = getProperties();
  writer.writeOptionalAttribute(properties.coeff);
  writer.writeOptionalAttribute(properties.eps);
  writer.writeOptionalAttribute(properties.k);
  writer.writeAttribute(properties.kind);
  writer.writeOptionalAttribute(properties.noise_std);
  writer.writeOptionalAttribute(properties.null_ids);
  writer.writeOptionalAttribute(properties.sample);
  writer.writeOptionalAttribute(properties.temperature);
  writer.writeOptionalAttribute(properties.chunk);
}
