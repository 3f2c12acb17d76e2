// Text of the stablehlo dialect beyond what assemblyFormat can say.
#include "AssemblyFormat.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe::stablehlo;

//===----------------------------------------------------------------------===//
// Lists of integers and fields
//===----------------------------------------------------------------------===//

ParseResult moe::stablehlo::parseIntegers(AsmParser &parser,
                                          SmallVectorImpl<int64_t> &values) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&]() {
    return parser.parseInteger(values.emplace_back());
  });
}

void moe::stablehlo::printIntegers(AsmPrinter &printer,
                                   ArrayRef<int64_t> values) {
  printer << '[';
  llvm::interleaveComma(values, printer);
  printer << ']';
}

ParseResult moe::stablehlo::parseFields(AsmParser &parser,
                                        ArrayRef<NamedField> fields) {
  llvm::SmallDenseSet<const NamedField *> seen;
  auto parseField = [&]() -> ParseResult {
    StringRef keyword;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&keyword))
      return failure();
    const NamedField *field = llvm::find_if(
        fields, [&](const NamedField &f) { return f.name == keyword; });
    if (field == fields.end())
      return parser.emitError(loc)
             << "expects the name of a field, but got '" << keyword << "'";
    if (!seen.insert(field).second)
      return parser.emitError(loc)
             << "expects every field once, but got '" << keyword << "' again";
    if (parser.parseEqual())
      return failure();
    return field->list ? parseIntegers(parser, *field->list)
                       : parser.parseInteger(*field->number);
  };
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                        parseField);
}

FieldPrinter::FieldPrinter(AsmPrinter &printer) : printer(printer) {
  printer << '<';
}

FieldPrinter::~FieldPrinter() { printer << '>'; }

void FieldPrinter::start(StringRef name) {
  if (!first)
    printer << ", ";
  first = false;
  printer << name << " = ";
}

void FieldPrinter::list(StringRef name, ArrayRef<int64_t> values) {
  if (values.empty())
    return;
  start(name);
  printIntegers(printer, values);
}

void FieldPrinter::number(StringRef name, int64_t value) {
  if (value == 0)
    return;
  start(name);
  printer << value;
}

ParseResult moe::stablehlo::parseI64List(OpAsmParser &parser, Attribute &attr) {
  SmallVector<int64_t> values;
  if (parseIntegers(parser, values))
    return failure();
  attr = parser.getBuilder().getDenseI64ArrayAttr(values);
  return success();
}

void moe::stablehlo::printI64List(OpAsmPrinter &printer, Operation *,
                                  Attribute attr) {
  printIntegers(printer, getI64List(attr));
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static ParseResult assignFunctionType(OpAsmParser &parser, SMLoc loc, Type type,
                                      ArrayRef<Type *> operands, Type &result) {
  auto function = dyn_cast<FunctionType>(type);
  if (!function || function.getNumInputs() != operands.size() ||
      function.getNumResults() != 1)
    return parser.emitError(loc)
           << "expects a function type of " << operands.size()
           << " operands and one result, but got " << type;
  for (auto [operand, input] : llvm::zip_equal(operands, function.getInputs()))
    *operand = input;
  result = function.getResult(0);
  return success();
}

ParseResult moe::stablehlo::parseSameOperandsAndResultTypes(
    OpAsmParser &parser, ArrayRef<Type *> operands, Type &result) {
  SMLoc loc = parser.getCurrentLocation();
  Type type;
  if (parser.parseType(type))
    return failure();
  if (isa<FunctionType>(type))
    return assignFunctionType(parser, loc, type, operands, result);
  for (Type *operand : operands)
    *operand = type;
  result = type;
  return success();
}

void moe::stablehlo::printSameOperandsAndResultTypes(OpAsmPrinter &printer,
                                                     ArrayRef<Type> operands,
                                                     Type result) {
  if (llvm::all_of(operands, [&](Type type) { return type == result; })) {
    printer.printType(result);
    return;
  }
  printer.printFunctionalType(operands, ArrayRef<Type>(result));
}

ParseResult moe::stablehlo::parseSelectOpType(OpAsmParser &parser, Type &pred,
                                              Type &onTrue, Type &onFalse,
                                              Type &result) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<Type> types;
  if (parser.parseTypeList(types))
    return failure();
  if (types.size() == 1)
    return assignFunctionType(parser, loc, types.front(),
                              {&pred, &onTrue, &onFalse}, result);
  if (types.size() != 2)
    return parser.emitError(loc)
           << "expects a predicate's and a value's type or a function type, "
              "but got "
           << types.size() << " types";
  pred = types[0];
  onTrue = onFalse = result = types[1];
  return success();
}

void moe::stablehlo::printSelectOpType(OpAsmPrinter &printer, Operation *,
                                       Type pred, Type onTrue, Type onFalse,
                                       Type result) {
  if (onTrue != result || onFalse != result) {
    printer.printFunctionalType(ArrayRef<Type>{pred, onTrue, onFalse},
                                ArrayRef<Type>(result));
    return;
  }
  printer << pred << ", " << result;
}

ParseResult moe::stablehlo::parsePairwiseTypes(OpAsmParser &parser,
                                               SmallVectorImpl<Type> &operands,
                                               SmallVectorImpl<Type> &results) {
  if (parser.parseTypeList(operands))
    return failure();
  results.assign(operands.begin(), operands.end());
  return success();
}

void moe::stablehlo::printPairwiseTypes(OpAsmPrinter &printer, Operation *,
                                        TypeRange operands, TypeRange) {
  llvm::interleaveComma(operands, printer);
}

//===----------------------------------------------------------------------===//
// Operands and attributes
//===----------------------------------------------------------------------===//

ParseResult moe::stablehlo::parseOperandsBeforeKeyword(
    OpAsmParser &parser,
    SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands) {
  while (true) {
    OpAsmParser::UnresolvedOperand operand;
    OptionalParseResult parsed = parser.parseOptionalOperand(operand);
    if (!parsed.has_value())
      return success();
    if (failed(*parsed))
      return failure();
    operands.push_back(operand);
    if (parser.parseComma())
      return failure();
  }
}

void moe::stablehlo::printOperandsBeforeKeyword(OpAsmPrinter &printer,
                                                Operation *,
                                                OperandRange operands) {
  for (Value operand : operands)
    printer << operand << ", ";
}

ParseResult moe::stablehlo::parseSliceRanges(OpAsmParser &parser,
                                             Attribute &starts,
                                             Attribute &limits,
                                             Attribute &strides) {
  SmallVector<int64_t> start, limit, stride;
  auto parseRange = [&]() -> ParseResult {
    if (parser.parseInteger(start.emplace_back()) || parser.parseColon() ||
        parser.parseInteger(limit.emplace_back()))
      return failure();
    stride.push_back(1);
    if (succeeded(parser.parseOptionalColon()))
      return parser.parseInteger(stride.back());
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseRange))
    return failure();
  starts = parser.getBuilder().getDenseI64ArrayAttr(start);
  limits = parser.getBuilder().getDenseI64ArrayAttr(limit);
  strides = parser.getBuilder().getDenseI64ArrayAttr(stride);
  return success();
}

void moe::stablehlo::printSliceRanges(OpAsmPrinter &printer, Operation *,
                                      Attribute starts, Attribute limits,
                                      Attribute strides) {
  printer << '[';
  llvm::interleaveComma(
      llvm::zip(getI64List(starts), getI64List(limits), getI64List(strides)),
      printer, [&](auto range) {
        auto [start, limit, stride] = range;
        printer << start << ':' << limit;
        if (stride != 1)
          printer << ':' << stride;
      });
  printer << ']';
}

static ParseResult parseListPair(AsmParser &parser,
                                 SmallVectorImpl<int64_t> &lhs,
                                 SmallVectorImpl<int64_t> &rhs) {
  return failure(parser.parseEqual() || parseIntegers(parser, lhs) ||
                 parser.parseKeyword("x") || parseIntegers(parser, rhs));
}

ParseResult
moe::stablehlo::parseDotDimensionNumbers(OpAsmParser &parser,
                                         DotDimensionNumbersAttr &numbers) {
  SmallVector<int64_t> lhsBatch, rhsBatch, lhsContract, rhsContract;
  if (succeeded(parser.parseOptionalKeyword("batching_dims")) &&
      (parseListPair(parser, lhsBatch, rhsBatch) || parser.parseComma()))
    return failure();
  if (parser.parseKeyword("contracting_dims") ||
      parseListPair(parser, lhsContract, rhsContract))
    return failure();
  numbers = DotDimensionNumbersAttr::get(parser.getContext(), lhsBatch,
                                         rhsBatch, lhsContract, rhsContract);
  return success();
}

void moe::stablehlo::printDotDimensionNumbers(OpAsmPrinter &printer,
                                              Operation *,
                                              DotDimensionNumbersAttr numbers) {
  if (!numbers.getLhsBatchingDimensions().empty() ||
      !numbers.getRhsBatchingDimensions().empty()) {
    printer << "batching_dims = ";
    printIntegers(printer, numbers.getLhsBatchingDimensions());
    printer << " x ";
    printIntegers(printer, numbers.getRhsBatchingDimensions());
    printer << ", ";
  }
  printer << "contracting_dims = ";
  printIntegers(printer, numbers.getLhsContractingDimensions());
  printer << " x ";
  printIntegers(printer, numbers.getRhsContractingDimensions());
}

static ParseResult parsePrecisions(OpAsmParser &parser, ArrayAttr &config) {
  SmallVector<Attribute> precisions;
  auto parsePrecision = [&]() -> ParseResult {
    StringRef keyword;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&keyword))
      return failure();
    std::optional<Precision> precision = symbolizePrecision(keyword);
    if (!precision)
      return parser.emitError(loc)
             << "expects DEFAULT, HIGH or HIGHEST, but got '" << keyword << "'";
    precisions.push_back(PrecisionAttr::get(parser.getContext(), *precision));
    return success();
  };
  if (parser.parseEqual() || parser.parseCommaSeparatedList(
                                 AsmParser::Delimiter::Square, parsePrecision))
    return failure();
  config = parser.getBuilder().getArrayAttr(precisions);
  return success();
}

ParseResult
moe::stablehlo::parsePrecisionConfigAndAlgorithm(OpAsmParser &parser,
                                                 ArrayAttr &precisionConfig,
                                                 DotAlgorithmAttr &algorithm) {
  if (failed(parser.parseOptionalComma()))
    return success();
  if (succeeded(parser.parseOptionalKeyword("precision"))) {
    if (parsePrecisions(parser, precisionConfig))
      return failure();
    if (failed(parser.parseOptionalComma()))
      return success();
  }
  return failure(parser.parseKeyword("algorithm") || parser.parseEqual() ||
                 parser.parseCustomAttributeWithFallback(algorithm));
}

void moe::stablehlo::printPrecisionConfigAndAlgorithm(
    OpAsmPrinter &printer, Operation *, ArrayAttr precisionConfig,
    DotAlgorithmAttr algorithm) {
  if (precisionConfig) {
    printer << ", precision = [";
    llvm::interleaveComma(precisionConfig, printer, [&](Attribute attr) {
      printer << stringifyPrecision(cast<PrecisionAttr>(attr).getValue());
    });
    printer << ']';
  }
  if (algorithm) {
    printer << ", algorithm = ";
    printer.printStrippedAttrOrType(algorithm);
  }
}

ParseResult moe::stablehlo::parseExponentMantissa(OpAsmParser &parser,
                                                  IntegerAttr &exponent,
                                                  IntegerAttr &mantissa) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef format;
  if (parser.parseKeyword(&format))
    return failure();
  StringRef rest = format;
  int32_t bits[2];
  if (!rest.consume_front("e") || rest.consumeInteger(10, bits[0]) ||
      !rest.consume_front("m") || rest.getAsInteger(10, bits[1]))
    return parser.emitError(loc)
           << "expects a format such as e8m7, but got '" << format << "'";
  exponent = parser.getBuilder().getI32IntegerAttr(bits[0]);
  mantissa = parser.getBuilder().getI32IntegerAttr(bits[1]);
  return success();
}

void moe::stablehlo::printExponentMantissa(OpAsmPrinter &printer, Operation *,
                                           IntegerAttr exponent,
                                           IntegerAttr mantissa) {
  printer << 'e' << exponent.getInt() << 'm' << mantissa.getInt();
}

ParseResult moe::stablehlo::parseCustomCallTarget(OpAsmParser &parser,
                                                  StringAttr &target) {
  return parser.parseSymbolName(target);
}

void moe::stablehlo::printCustomCallTarget(OpAsmPrinter &printer, Operation *,
                                           StringAttr target) {
  printer.printSymbolName(target.getValue());
}
