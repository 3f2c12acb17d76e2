// Attributes of the moe_tile dialect: verification and assembly.
#include "Assembly.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moe;
using namespace moe::tile;

#define GET_ATTRDEF_CLASSES
#include "moe/Dialect/MoETile/MoETileAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "moe/Dialect/MoETile/MoETileTypes.cpp.inc"

void MoETileDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "moe/Dialect/MoETile/MoETileAttrs.cpp.inc"
      >();
}

void MoETileDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "moe/Dialect/MoETile/MoETileTypes.cpp.inc"
      >();
}

using EmitError = function_ref<InFlightDiagnostic()>;

//===----------------------------------------------------------------------===//
// Dimensions
//===----------------------------------------------------------------------===//

LogicalResult DimsAttr::verify(EmitError emitError, ArrayRef<Dim> dims) {
  // (dims_c1)
  for (const Dim &dim : dims) {
    if (dim.isStatic() && dim.size < 1)
      return emitError() << "expects a positive size, but got " << dim.size;
    if (dim.step < 1)
      return emitError() << "expects a positive step, but got " << dim.step;
    bool single = dim.extent == Extent::Experts || dim.extent == Extent::Ranks;
    if (single && dim.step != 1)
      return emitError() << "expects a step of 1 for '"
                         << stringifyExtent(dim.extent) << "', but got "
                         << dim.step;
  }
  return success();
}

DimsAttr tile::detail::getDims(AsmParser &parser, SMLoc location,
                               ArrayRef<Dim> dims) {
  return parser.getChecked<DimsAttr>(location, parser.getContext(), dims);
}

Attribute DimsAttr::parse(AsmParser &parser, Type) {
  SMLoc location = parser.getCurrentLocation();
  SmallVector<Dim> dims;
  if (parser.parseLess())
    return {};
  if (failed(parser.parseOptionalGreater())) {
    do {
      if (detail::parseDim(parser, dims.emplace_back()))
        return {};
    } while (succeeded(parser.parseOptionalKeyword("x")));
    if (parser.parseGreater())
      return {};
  }
  return parser.getChecked<DimsAttr>(location, parser.getContext(), dims);
}

void DimsAttr::print(AsmPrinter &printer) const {
  printer << "<";
  llvm::interleave(
      getDims(), [&](const Dim &dim) { printDim(printer.getStream(), dim); },
      [&] { printer << " x "; });
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Arrivals
//===----------------------------------------------------------------------===//

ArrivalsAttr ArrivalsAttr::getCanonical(MLIRContext *context,
                                        ArrayRef<SmallVector<Dim>> terms) {
  // Coefficients of the products of dimensions that are no constants.
  std::map<SmallVector<Dim>, int64_t> sums;
  for (ArrayRef<Dim> term : terms) {
    int64_t coefficient = 1;
    SmallVector<Dim> factors;
    for (const Dim &dim : term) {
      if (!dim.isStatic())
        factors.push_back(dim);
      else if (llvm::MulOverflow(coefficient, dim.staticTiles(), coefficient))
        return {};
    }
    llvm::sort(factors);
    int64_t &sum = sums[factors];
    if (llvm::AddOverflow(sum, coefficient, sum))
      return {};
  }
  SmallVector<DimsAttr> products;
  for (const auto &[factors, coefficient] : sums) {
    if (coefficient == 0)
      continue;
    SmallVector<Dim> product;
    if (coefficient != 1 || factors.empty())
      product.push_back(Dim::fixed(coefficient));
    llvm::append_range(product, factors);
    products.push_back(DimsAttr::get(context, product));
  }
  // The constant, which sorts first, comes last, as people write sums.
  if (!sums.empty() && sums.begin()->first.empty() && products.size() > 1)
    std::rotate(products.begin(), products.begin() + 1, products.end());
  return get(context, products);
}

LogicalResult ArrivalsAttr::verify(EmitError emitError,
                                   ArrayRef<DimsAttr> terms) {
  for (DimsAttr term : terms)
    if (term.size() == 0)
      return emitError() << "expects factors in each product";
  return success();
}

std::optional<int64_t> ArrivalsAttr::getConstant() const {
  int64_t sum = 0;
  for (DimsAttr term : getTerms()) {
    if (term.size() != 1 || !term[0].isStatic())
      return std::nullopt;
    sum += term[0].staticTiles();
  }
  return sum;
}

Attribute ArrivalsAttr::parse(AsmParser &parser, Type) {
  ArrivalsAttr result;
  if (parser.parseLess() || detail::parseArrivals(parser, result) ||
      parser.parseGreater())
    return {};
  return result;
}

void ArrivalsAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printSum(printer.getStream(), *this);
  printer << ">";
}

//===----------------------------------------------------------------------===//
// Epoch, Schedule
//===----------------------------------------------------------------------===//

LogicalResult EpochAttr::verify(EmitError emitError, EpochKind kind,
                                int64_t modulus) {
  // (epoch_c1)
  if (kind == EpochKind::Cyclic && modulus < 2)
    return emitError() << "expects a modulus of at least 2 with 'cyclic', but "
                          "got "
                       << modulus;
  if (kind != EpochKind::Cyclic && modulus != 0)
    return emitError() << "expects a modulus with 'cyclic' alone, but got '"
                       << stringifyEpochKind(kind) << "'";
  return success();
}

LogicalResult ScheduleAttr::verify(EmitError emitError, ScheduleKind,
                                   int64_t workers, int64_t resident,
                                   ArrayRef<int64_t> sweep, int64_t batch,
                                   ArrayRef<int64_t> tokenSweep) {
  // (schedule_c1)
  if (workers < 0 || resident < 0)
    return emitError() << "expects no negative number of workers, but got "
                       << std::min(workers, resident);
  for (int64_t lag : llvm::concat<const int64_t>(sweep, tokenSweep))
    if (lag < 0)
      return emitError() << "expects no negative lag, but got " << lag;
  // (schedule_c2)
  if (batch < 1 || (batch > 1 && sweep.empty()))
    return emitError() << "expects a batch of a positive number of steps, and "
                          "of more than 1 under a sweep alone, but got "
                       << batch;
  return success();
}

//===----------------------------------------------------------------------===//
// Access
//===----------------------------------------------------------------------===//

Attribute AccessAttr::parse(AsmParser &parser, Type) {
  StringRef word;
  FlatSymbolRefAttr buffer;
  SmallVector<int64_t> indices;
  SMLoc location;
  if (parser.parseLess() || parser.getCurrentLocation(&location) ||
      parser.parseKeyword(&word))
    return {};
  std::optional<Mode> mode = symbolizeMode(word);
  if (!mode) {
    parser.emitError(location, "expects read, update or write, but got '")
        << word << "'";
    return {};
  }
  auto index = [&]() -> ParseResult {
    if (succeeded(parser.parseOptionalStar()))
      indices.push_back(kWhole);
    else if (succeeded(parser.parseOptionalQuestion()))
      indices.push_back(kOperand);
    else
      return parser.parseInteger(indices.emplace_back());
    return success();
  };
  if (parser.parseComma() || parser.parseAttribute(buffer) ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, index) ||
      parser.parseGreater())
    return {};
  return get(parser.getContext(), *mode, buffer, indices);
}

void AccessAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyMode(getMode()) << ", " << getBuffer() << "[";
  llvm::interleaveComma(getIndices(), printer, [&](int64_t index) {
    if (index == kWhole)
      printer << "*";
    else if (index == kOperand)
      printer << "?";
    else
      printer << index;
  });
  printer << "]>";
}
