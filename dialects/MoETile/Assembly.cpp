// Text of the moe_tile dialect: dimensions, counts, index lists, and the ops'
// generated parsers and printers that use them.
#include "Assembly.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace moe;
using namespace moe::tile;

//===----------------------------------------------------------------------===//
// Dimensions, arrivals, indices
//===----------------------------------------------------------------------===//

void moe::tile::printDim(llvm::raw_ostream &os, const Dim &dim) {
  if (dim.isStatic())
    os << dim.size;
  else
    os << stringifyExtent(dim.extent);
  if (dim.step != 1)
    os << " by " << dim.step;
}

ParseResult tile::detail::parseOptionalDim(AsmParser &parser, Dim &dim,
                                           bool &present) {
  int64_t size = 0;
  OptionalParseResult number = parser.parseOptionalInteger(size);
  if (number.has_value()) {
    if (failed(*number))
      return failure();
    dim = Dim::fixed(size);
  } else {
    StringRef word;
    if (failed(parser.parseOptionalKeyword(
            &word, {"ranks", "experts", "rows", "tokens"}))) {
      present = false;
      return success();
    }
    dim = Dim::of(*symbolizeExtent(word));
  }
  present = true;
  return failure(succeeded(parser.parseOptionalKeyword("by")) &&
                 failed(parser.parseInteger(dim.step)));
}

ParseResult tile::detail::parseDim(AsmParser &parser, Dim &dim) {
  bool present;
  SMLoc location = parser.getCurrentLocation();
  if (parseOptionalDim(parser, dim, present))
    return failure();
  if (!present)
    return parser.emitError(location, "expects ranks, experts, rows, tokens or "
                                      "a number");
  return success();
}

ParseResult tile::detail::parseArrivals(AsmParser &parser,
                                        ArrivalsAttr &arrivals) {
  SMLoc start = parser.getCurrentLocation();
  SmallVector<SmallVector<Dim>> terms;
  do {
    SmallVector<Dim> &term = terms.emplace_back();
    do {
      SMLoc location = parser.getCurrentLocation();
      Dim &dim = term.emplace_back();
      if (parseDim(parser, dim))
        return failure();
      // No arrivals at all are a number too.
      if (dim != Dim::fixed(0) && !getDims(parser, location, dim))
        return failure();
    } while (succeeded(parser.parseOptionalStar()));
  } while (succeeded(parser.parseOptionalPlus()));
  arrivals = ArrivalsAttr::getCanonical(parser.getContext(), terms);
  if (!arrivals)
    return parser.emitError(start, "expects a number of 64 bits");
  return success();
}

void moe::tile::printSum(llvm::raw_ostream &os, ArrivalsAttr arrivals) {
  if (arrivals.getTerms().empty())
    os << 0;
  llvm::interleave(
      arrivals.getTerms(),
      [&](DimsAttr term) {
        llvm::interleave(
            term, [&](const Dim &dim) { printDim(os, dim); },
            [&] { os << " * "; });
      },
      [&] { os << " + "; });
}

ParseResult tile::detail::parseIndices(
    OpAsmParser &parser,
    SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
    SmallVectorImpl<int64_t> &indices) {
  auto index = [&]() -> ParseResult {
    OpAsmParser::UnresolvedOperand operand;
    if (succeeded(parser.parseOptionalStar())) {
      indices.push_back(AccessAttr::kWhole);
      return success();
    }
    OptionalParseResult value = parser.parseOptionalOperand(operand);
    if (!value.has_value())
      return parser.parseInteger(indices.emplace_back());
    operands.push_back(operand);
    indices.push_back(AccessAttr::kOperand);
    return *value;
  };
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::OptionalSquare,
                                        index);
}

void tile::detail::printIndices(OpAsmPrinter &printer, OperandRange operands,
                                ArrayRef<int64_t> indices) {
  if (indices.empty())
    return;
  size_t next = 0;
  printer << "[";
  llvm::interleaveComma(indices, printer, [&](int64_t index) {
    if (index == AccessAttr::kWhole)
      printer << "*";
    else if (index == AccessAttr::kOperand)
      printer << operands[next++];
    else
      printer << index;
  });
  printer << "]";
}

//===----------------------------------------------------------------------===//
// Directives of the ops' formats
//===----------------------------------------------------------------------===//

static ParseResult parseCells(OpAsmParser &parser, StringAttr &name,
                              DimsAttr &shape) {
  SmallVector<Dim> dims;
  if (parser.parseSymbolName(name))
    return failure();
  SMLoc location = parser.getCurrentLocation();
  if (succeeded(parser.parseOptionalColon()))
    do {
      if (tile::detail::parseDim(parser, dims.emplace_back()))
        return failure();
    } while (succeeded(parser.parseOptionalKeyword("x")));
  shape = tile::detail::getDims(parser, location, dims);
  return failure(!shape);
}

static void printCells(OpAsmPrinter &printer, Operation *, StringAttr name,
                       DimsAttr shape) {
  printer.printSymbolName(name);
  if (shape.size() != 0)
    printer << " : ";
  llvm::interleave(
      shape, [&](const Dim &dim) { printDim(printer.getStream(), dim); },
      [&] { printer << " x "; });
}

static ParseResult parseEpoch(OpAsmParser &parser, EpochAttr &epoch) {
  epoch = EpochAttr::get(parser.getContext());
  if (failed(parser.parseOptionalKeyword("epoch")))
    return success();
  return parser.parseCustomAttributeWithFallback(epoch);
}

static void printEpoch(OpAsmPrinter &printer, Operation *, EpochAttr epoch) {
  if (epoch.getKind() == EpochKind::Fresh)
    return;
  printer << " epoch ";
  printer.printStrippedAttrOrType(epoch);
}

static ParseResult parseShape(OpAsmParser &parser, DimsAttr &shape,
                              TypeAttr &element) {
  SmallVector<Dim> dims;
  SMLoc location = parser.getCurrentLocation();
  while (true) {
    Dim dim;
    bool present;
    if (tile::detail::parseOptionalDim(parser, dim, present))
      return failure();
    if (!present)
      break;
    dims.push_back(dim);
    if (parser.parseKeyword("x"))
      return failure();
  }
  Type type;
  shape = tile::detail::getDims(parser, location, dims);
  if (!shape || parser.parseType(type))
    return failure();
  element = TypeAttr::get(type);
  return success();
}

static void printShape(OpAsmPrinter &printer, Operation *, DimsAttr shape,
                       TypeAttr element) {
  for (const Dim &dim : shape) {
    printDim(printer.getStream(), dim);
    printer << " x ";
  }
  printer << element.getValue();
}

static ParseResult parseDeclaration(OpAsmParser &parser, RoleAttr &role,
                                    StringAttr &name) {
  StringRef word = "scratch";
  (void)parser.parseOptionalKeyword(
      &word, {"input", "output", "counts", "distinct_counts"});
  role = RoleAttr::get(parser.getContext(), *symbolizeRole(word));
  return parser.parseSymbolName(name);
}

static void printDeclaration(OpAsmPrinter &printer, Operation *, RoleAttr role,
                             StringAttr name) {
  if (role.getValue() != Role::Scratch)
    printer << stringifyRole(role.getValue()) << " ";
  printer.printSymbolName(name);
}

static ParseResult
parseCell(OpAsmParser &parser,
          SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
          DenseI64ArrayAttr &indices) {
  SmallVector<int64_t> values;
  if (tile::detail::parseIndices(parser, operands, values))
    return failure();
  indices = parser.getBuilder().getDenseI64ArrayAttr(values);
  return success();
}

static void printCell(OpAsmPrinter &printer, Operation *, OperandRange operands,
                      DenseI64ArrayAttr indices) {
  tile::detail::printIndices(printer, operands, indices);
}

static ParseResult parseArrivals(OpAsmParser &parser, ArrivalsAttr &arrivals) {
  return tile::detail::parseArrivals(parser, arrivals);
}

static void printArrivals(OpAsmPrinter &printer, Operation *,
                          ArrivalsAttr arrivals) {
  moe::tile::printSum(printer.getStream(), arrivals);
}

#define GET_OP_CLASSES
#include "moe/Dialect/MoETile/MoETileOps.cpp.inc"
