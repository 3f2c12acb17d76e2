// Operations that are registered from a table, and the Shardy dialect.
#include "Carriers.h"

#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace moe::importer;

MLIR_DEFINE_EXPLICIT_TYPE_ID(moe::importer::ShardyDialect)

namespace {

using ParseText = ParseResult (*)(OpAsmParser &, OperationState &);

/// Reads the properties of any carrier.
struct CarrierBytecode : BytecodeOpInterface::FallbackModel<CarrierBytecode> {
  static LogicalResult readProperties(DialectBytecodeReader &reader,
                                      OperationState &state) {
    auto *dialect = static_cast<CarrierDialect *>(state.name.getDialect());
    NamedAttrList list;
    for (StringAttr name : dialect->attributesOf(state.name.stripDialect())) {
      Attribute value;
      if (failed(reader.readAttribute(value)))
        return failure();
      list.append(name, value);
    }
    state.propertiesAttr = list.getDictionary(reader.getContext());
    return success();
  }
  void writeProperties(Operation *, DialectBytecodeWriter &) const {}
};

/// An operation of which only the name is known. Its properties are one
/// dictionary.
class CarrierOperation : public OperationName::Impl {
public:
  CarrierOperation(StringRef name, Dialect *dialect, TypeID id, ParseText parse)
      : Impl(name, dialect, id, detail::InterfaceMap()), parse(parse) {}

  LogicalResult foldHook(Operation *, ArrayRef<Attribute>,
                         SmallVectorImpl<OpFoldResult> &) override {
    return failure();
  }
  void getCanonicalizationPatterns(RewritePatternSet &,
                                   MLIRContext *) override {}
  bool hasTrait(TypeID) override { return false; }
  OperationName::ParseAssemblyFn getParseAssemblyFn() override {
    if (parse)
      return parse;
    return [](OpAsmParser &parser, OperationState &state) -> ParseResult {
      return parser.emitError(parser.getCurrentLocation())
             << "expects '" << state.name << "' in its generic form";
    };
  }
  void populateDefaultAttrs(const OperationName &, NamedAttrList &) override {}
  void printAssembly(Operation *op, OpAsmPrinter &printer, StringRef) override {
    printer.printGenericOp(op);
  }
  LogicalResult verifyInvariants(Operation *) override { return success(); }
  LogicalResult verifyRegionInvariants(Operation *) override {
    return success();
  }

  std::optional<Attribute> getInherentAttr(Operation *op,
                                           StringRef name) override {
    return dictionaryOf(op->getPropertiesStorage()).get(name);
  }
  void setInherentAttr(Operation *op, StringAttr name,
                       Attribute value) override {
    NamedAttrList list(dictionaryOf(op->getPropertiesStorage()));
    list.set(name, value);
    attributeOf(op->getPropertiesStorage()) =
        list.getDictionary(op->getContext());
  }
  void populateInherentAttrs(Operation *op, NamedAttrList &attrs) override {
    attrs.append(dictionaryOf(op->getPropertiesStorage()).getValue());
  }
  LogicalResult
  verifyInherentAttrs(OperationName, NamedAttrList &,
                      function_ref<InFlightDiagnostic()>) override {
    return success();
  }
  int getOpPropertyByteSize() override { return sizeof(Attribute); }
  void initProperties(OperationName name, OpaqueProperties storage,
                      OpaqueProperties init) override {
    new (storage.as<Attribute *>()) Attribute(
        init ? attributeOf(init) : DictionaryAttr::get(name.getContext()));
  }
  void deleteProperties(OpaqueProperties) override {}
  void populateDefaultProperties(OperationName, OpaqueProperties) override {}
  LogicalResult
  setPropertiesFromAttr(OperationName, OpaqueProperties properties,
                        Attribute attr,
                        function_ref<InFlightDiagnostic()> emitError) override {
    if (isa_and_nonnull<DictionaryAttr>(attr)) {
      attributeOf(properties) = attr;
      return success();
    }
    if (emitError)
      emitError() << "expects properties as a dictionary";
    return failure();
  }
  Attribute getPropertiesAsAttr(Operation *op) override {
    return attributeOf(op->getPropertiesStorage());
  }
  void copyProperties(OpaqueProperties to, OpaqueProperties from) override {
    attributeOf(to) = attributeOf(from);
  }
  bool compareProperties(OpaqueProperties a, OpaqueProperties b) override {
    return attributeOf(a) == attributeOf(b);
  }
  llvm::hash_code hashProperties(OpaqueProperties properties) override {
    return hash_value(attributeOf(properties));
  }

private:
  static Attribute &attributeOf(OpaqueProperties properties) {
    return *properties.as<Attribute *>();
  }
  static DictionaryAttr dictionaryOf(OpaqueProperties properties) {
    return cast<DictionaryAttr>(attributeOf(properties));
  }

  ParseText parse;
};

} // namespace

std::optional<int64_t>
moe::importer::checkedElementCount(ArrayRef<int64_t> shape) {
  // A size of 0 makes any product 0.
  if (llvm::is_contained(shape, 0))
    return 0;
  int64_t count = 1;
  for (int64_t size : shape) {
    std::optional<int64_t> next = llvm::checkedMul(count, size);
    if (!next)
      return std::nullopt;
    count = *next;
  }
  return count;
}

CarrierDialect::CarrierDialect(StringRef name, MLIRContext *context, TypeID id)
    : Dialect(name, context, id) {}

ArrayRef<StringAttr> CarrierDialect::attributesOf(StringRef name) const {
  auto found = attributes.find(name);
  return found == attributes.end() ? ArrayRef<StringAttr>() : found->second;
}

void CarrierDialect::addCarrier(StringRef entry, ParseText parse) {
  SmallVector<StringRef> words;
  entry.split(words, ' ');
  // MLIR writes the properties of an operation in the order of their names.
  SmallVector<StringRef> names(llvm::drop_begin(words));
  llvm::sort(names);
  for (StringRef name : names)
    attributes[words.front()].push_back(StringAttr::get(getContext(), name));
  std::string full = (getNamespace() + "." + words.front()).str();
  RegisteredOperationName::insert(
      std::make_unique<CarrierOperation>(full, this, ids.allocate(), parse),
      /*attrNames=*/{});
  RegisteredOperationName::lookup(full, getContext())
      ->attachInterface<CarrierBytecode>();
}

//===----------------------------------------------------------------------===//
// Shardy
//===----------------------------------------------------------------------===//

/// Passes over `<...>`, whatever it says.
static ParseResult skipAngles(OpAsmParser &parser) {
  if (parser.parseLess())
    return failure();
  int64_t depth = 1;
  while (depth > 0) {
    StringRef keyword;
    std::string string;
    StringAttr symbol;
    int64_t number;
    if (succeeded(parser.parseOptionalLess())) {
      ++depth;
    } else if (succeeded(parser.parseOptionalGreater())) {
      --depth;
    } else if (failed(parser.parseOptionalLSquare()) &&
               failed(parser.parseOptionalRSquare()) &&
               failed(parser.parseOptionalLBrace()) &&
               failed(parser.parseOptionalRBrace()) &&
               failed(parser.parseOptionalLParen()) &&
               failed(parser.parseOptionalRParen()) &&
               failed(parser.parseOptionalComma()) &&
               failed(parser.parseOptionalColon()) &&
               failed(parser.parseOptionalEqual()) &&
               failed(parser.parseOptionalQuestion()) &&
               failed(parser.parseOptionalString(&string)) &&
               failed(parser.parseOptionalKeyword(&keyword)) &&
               failed(parser.parseOptionalSymbolName(symbol))) {
      OptionalParseResult integer = parser.parseOptionalInteger(number);
      if (!integer.has_value() || failed(*integer))
        return parser.emitError(parser.getCurrentLocation())
               << "expects the end of a sharding, '>'";
    }
  }
  return success();
}

/// `sdy.mesh @name = <["x"=2]> {...}`
static ParseResult parseMesh(OpAsmParser &parser, OperationState &state) {
  StringAttr name;
  return failure(parser.parseSymbolName(name, "sym_name", state.attributes) ||
                 parser.parseEqual() || skipAngles(parser) ||
                 parser.parseOptionalAttrDict(state.attributes));
}

/// `%y = sdy.sharding_constraint %x <@mesh, [{"x"}, {}]> : type`
static ParseResult parseConstraint(OpAsmParser &parser, OperationState &state) {
  OpAsmParser::UnresolvedOperand operand;
  Type type;
  if (parser.parseOperand(operand) || skipAngles(parser) ||
      parser.parseOptionalAttrDict(state.attributes) ||
      parser.parseColonType(type) ||
      parser.resolveOperand(operand, type, state.operands))
    return failure();
  state.addTypes(type);
  return success();
}

namespace {
/// Reads over shardings: each code has a list of fields, whose lengths are all
/// that matters.
class ShardyBytecode : public BytecodeDialectInterface {
public:
  explicit ShardyBytecode(Dialect *dialect)
      : BytecodeDialectInterface(dialect) {}
  Attribute readAttribute(DialectBytecodeReader &reader) const override;
  std::unique_ptr<DialectVersion>
  readVersion(DialectBytecodeReader &reader) const override {
    uint64_t number;
    for (int part = 0; part < 3; ++part)
      if (failed(reader.readVarInt(number)))
        return nullptr;
    return std::make_unique<DialectVersion>();
  }
};
} // namespace

/// Fields by code: a and A an attribute and a list of them, o one that may be
/// absent, s a string, v and V a number and a list of them, b a truth value,
/// p a number that may be absent.
static constexpr StringLiteral kShardyFields[] = {
    "A", "sv",       "AV", "vv", "so",  "Abp", "aAA",  "A", "V",
    "A", "VAAVVVVb", "A",  "A",  "Avv", "A",   "aAAA", "A", "aAAAv"};

Attribute ShardyBytecode::readAttribute(DialectBytecodeReader &reader) const {
  uint64_t code;
  if (failed(reader.readVarInt(code)))
    return {};
  if (code >= std::size(kShardyFields)) {
    reader.emitError() << "expects a sharding, but got attribute code " << code;
    return {};
  }
  for (char field : kShardyFields[code]) {
    Attribute attr;
    SmallVector<Attribute> attrs;
    SmallVector<int64_t> numbers;
    StringRef text;
    int64_t number;
    uint64_t count;
    bool flag;
    LogicalResult read = success();
    switch (field) {
    case 'a':
      read = reader.readAttribute(attr);
      break;
    case 'A':
      read = reader.readAttributes(attrs);
      break;
    case 'o':
      read = reader.readOptionalAttribute(attr);
      break;
    case 's':
      read = reader.readString(text);
      break;
    case 'v':
      read = reader.readSignedVarInt(number);
      break;
    case 'V':
      read = reader.readSignedVarInts(numbers);
      break;
    case 'b':
      read = reader.readBool(flag);
      break;
    default: // 'p'
      read = reader.readVarIntWithFlag(count, flag);
      break;
    }
    if (failed(read))
      return {};
  }
  return StringAttr::get(getContext(), "sharding");
}

ShardyDialect::ShardyDialect(MLIRContext *context)
    : CarrierDialect(getDialectNamespace(), context,
                     TypeID::get<ShardyDialect>()) {
  addInterfaces<ShardyBytecode>();
  addCarrier("mesh sym_name mesh", parseMesh);
  addCarrier("sharding_constraint sharding", parseConstraint);
}

Attribute ShardyDialect::parseAttribute(DialectAsmParser &parser, Type) const {
  return StringAttr::get(getContext(), parser.getFullSymbolSpec());
}
