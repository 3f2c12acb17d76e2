// Convolutions: text, verification, windows.
#include "AssemblyFormat.h"
#include "Verification.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace moe::stablehlo;

//===----------------------------------------------------------------------===//
// Dimension numbers
//===----------------------------------------------------------------------===//

namespace {
/// Where the dimensions of one tensor stand: two with a letter, the others
/// spatial.
struct Places {
  int64_t first = -1, second = -1;
  SmallVector<int64_t> spatial;
};
} // namespace

/// `[b, 0, 1, f]` with the letters `first` and `second`.
static ParseResult parsePlaces(AsmParser &parser, StringRef first,
                               StringRef second, Places &places) {
  int64_t dim = 0;
  SMLoc start = parser.getCurrentLocation();
  auto parsePlace = [&]() -> ParseResult {
    SMLoc loc = parser.getCurrentLocation();
    StringRef letter;
    if (succeeded(parser.parseOptionalKeyword(&letter))) {
      int64_t &place = letter == first ? places.first : places.second;
      if ((letter != first && letter != second) || place >= 0)
        return parser.emitError(loc)
               << "expects '" << first << "' and '" << second
               << "' once each, but got '" << letter << "'";
      place = dim++;
      return success();
    }
    int64_t number;
    if (parser.parseInteger(number))
      return failure();
    if (number < 0 || number >= 64)
      return parser.emitError(loc)
             << "expects the number of a spatial dimension, but got " << number;
    if (number >= static_cast<int64_t>(places.spatial.size()))
      places.spatial.resize(number + 1, -1);
    if (places.spatial[number] >= 0)
      return parser.emitError(loc)
             << "expects every spatial dimension once, but got " << number
             << " again";
    places.spatial[number] = dim++;
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parsePlace))
    return failure();
  if (places.first < 0 || places.second < 0 ||
      llvm::is_contained(places.spatial, -1))
    return parser.emitError(start) << "expects '" << first << "', '" << second
                                   << "' and the spatial dimensions from 0 on";
  return success();
}

static void printPlaces(AsmPrinter &printer, StringRef first, int64_t firstDim,
                        StringRef second, int64_t secondDim,
                        ArrayRef<int64_t> spatial) {
  SmallVector<std::pair<int64_t, std::string>> items{{firstDim, first.str()},
                                                     {secondDim, second.str()}};
  for (auto [number, dim] : llvm::enumerate(spatial))
    items.emplace_back(dim, std::to_string(number));
  llvm::sort(items);
  printer << '[';
  llvm::interleaveComma(items, printer,
                        [&](const auto &item) { printer << item.second; });
  printer << ']';
}

ParseResult
moe::stablehlo::parseConvolutionDimensions(AsmParser &parser,
                                           ConvDimensionNumbersAttr &numbers) {
  Places input, kernel, output;
  if (parsePlaces(parser, "b", "f", input) || parser.parseKeyword("x") ||
      parsePlaces(parser, "i", "o", kernel) || parser.parseArrow() ||
      parsePlaces(parser, "b", "f", output))
    return failure();
  numbers = ConvDimensionNumbersAttr::get(
      parser.getContext(), input.first, input.second, input.spatial,
      kernel.first, kernel.second, kernel.spatial, output.first, output.second,
      output.spatial);
  return success();
}

void moe::stablehlo::printConvolutionDimensions(
    AsmPrinter &printer, ConvDimensionNumbersAttr numbers) {
  printPlaces(printer, "b", numbers.getInputBatchDimension(), "f",
              numbers.getInputFeatureDimension(),
              numbers.getInputSpatialDimensions());
  printer << 'x';
  printPlaces(printer, "i", numbers.getKernelInputFeatureDimension(), "o",
              numbers.getKernelOutputFeatureDimension(),
              numbers.getKernelSpatialDimensions());
  printer << "->";
  printPlaces(printer, "b", numbers.getOutputBatchDimension(), "f",
              numbers.getOutputFeatureDimension(),
              numbers.getOutputSpatialDimensions());
}

Attribute ConvDimensionNumbersAttr::parse(AsmParser &parser, Type) {
  ConvDimensionNumbersAttr numbers;
  if (parser.parseLess() || parseConvolutionDimensions(parser, numbers) ||
      parser.parseGreater())
    return {};
  return numbers;
}

void ConvDimensionNumbersAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printConvolutionDimensions(printer, *this);
  printer << '>';
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// `[[0, 1], [2, 3]]`
static ParseResult parsePairs(OpAsmParser &parser,
                              DenseIntElementsAttr &pairs) {
  SmallVector<int64_t> values;
  SMLoc loc = parser.getCurrentLocation();
  auto parsePair = [&]() -> ParseResult {
    return parseIntegers(parser, values);
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parsePair))
    return failure();
  if (values.size() % 2 != 0)
    return parser.emitError(loc) << "expects pairs of numbers";
  pairs = DenseIntElementsAttr::get(
      RankedTensorType::get({static_cast<int64_t>(values.size() / 2), 2},
                            parser.getBuilder().getI64Type()),
      values);
  return success();
}

/// `[false, true]`
static ParseResult parseBools(OpAsmParser &parser, Attribute &attr) {
  SmallVector<bool> values;
  auto parseBool = [&]() -> ParseResult {
    SMLoc loc = parser.getCurrentLocation();
    StringRef word;
    if (parser.parseKeyword(&word))
      return failure();
    if (word != "true" && word != "false")
      return parser.emitError(loc)
             << "expects true or false, but got '" << word << "'";
    values.push_back(word == "true");
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseBool))
    return failure();
  attr = parser.getBuilder().getDenseBoolArrayAttr(values);
  return success();
}

ParseResult moe::stablehlo::parseWindowAttributes(
    OpAsmParser &parser, Attribute &strides, DenseIntElementsAttr &padding,
    Attribute &lhsDilation, Attribute &rhsDilation, Attribute &reversal) {
  StringRef keyword;
  while (succeeded(parser.parseOptionalKeyword(&keyword))) {
    SMLoc loc = parser.getCurrentLocation();
    Attribute *list = llvm::StringSwitch<Attribute *>(keyword)
                          .Case("stride", &strides)
                          .Case("lhs_dilate", &lhsDilation)
                          .Case("rhs_dilate", &rhsDilation)
                          .Default(nullptr);
    bool isReversal = keyword == "reverse", isPadding = keyword == "pad";
    if (!list && !isReversal && !isPadding)
      return parser.emitError(loc)
             << "expects stride, pad, lhs_dilate, rhs_dilate or reverse, but "
                "got '"
             << keyword << "'";
    if ((list && *list) || (isReversal && reversal) || (isPadding && padding))
      return parser.emitError(loc)
             << "expects every field once, but got '" << keyword << "' again";
    if (parser.parseEqual() || (list         ? parseI64List(parser, *list)
                                : isReversal ? parseBools(parser, reversal)
                                             : parsePairs(parser, padding)))
      return failure();
    if (failed(parser.parseOptionalComma()))
      break;
  }
  return success();
}

void moe::stablehlo::printWindowAttributes(OpAsmPrinter &printer, Operation *,
                                           Attribute strides,
                                           DenseIntElementsAttr padding,
                                           Attribute lhsDilation,
                                           Attribute rhsDilation,
                                           Attribute reversal) {
  llvm::ListSeparator separator;
  auto printList = [&](StringRef name, Attribute list) {
    if (!list)
      return;
    printer << StringRef(separator) << name << " = ";
    printIntegers(printer, getI64List(list));
  };
  printList("stride", strides);
  if (padding) {
    printer << StringRef(separator) << "pad = [";
    SmallVector<int64_t> values(padding.getValues<int64_t>());
    llvm::ListSeparator pairs;
    for (size_t i = 0; i + 1 < values.size(); i += 2) {
      printer << StringRef(pairs);
      printIntegers(printer, {values[i], values[i + 1]});
    }
    printer << ']';
  }
  printList("lhs_dilate", lhsDilation);
  printList("rhs_dilate", rhsDilation);
  if (!reversal)
    return;
  printer << StringRef(separator) << "reverse = [";
  llvm::interleaveComma(getBoolList(reversal), printer, [&](bool value) {
    printer << (value ? "true" : "false");
  });
  printer << ']';
}

SmallVector<ConvolutionOp::Window> ConvolutionOp::getWindow() {
  SmallVector<Window> window(
      getDimensionNumbers().getInputSpatialDimensions().size());
  auto assign = [&](Attribute list, int64_t Window::*field) {
    if (list)
      for (auto [dim, value] : llvm::zip_equal(window, getI64List(list)))
        dim.*field = value;
  };
  assign(getWindowStridesAttr(), &Window::stride);
  assign(getLhsDilationAttr(), &Window::lhsDilation);
  assign(getRhsDilationAttr(), &Window::rhsDilation);
  if (DenseIntElementsAttr padding = getPaddingAttr())
    for (auto [index, value] : llvm::enumerate(padding.getValues<int64_t>()))
      (index % 2 ? window[index / 2].high : window[index / 2].low) = value;
  if (Attribute reversal = getWindowReversalAttr())
    for (auto [dim, value] : llvm::zip_equal(window, getBoolList(reversal)))
      dim.reversed = value;
  return window;
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// Two named dimensions and the spatial ones are all dimensions of a tensor.
static LogicalResult verifyPlaces(Operation *op, StringRef name, Value tensor,
                                  int64_t first, int64_t second,
                                  ArrayRef<int64_t> spatial, size_t count) {
  SmallVector<int64_t> dims{first, second};
  llvm::append_range(dims, spatial);
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  std::string what = (name + " dimension numbers").str();
  if (failed(verifyLength(op, what, dims.size(),
                          ("rank of '" + name + "'").str(), rank)) ||
      failed(verifyDimensions(op, what, dims, rank)))
    return failure();
  if (spatial.size() != count)
    return op->emitOpError()
           << "requires the number of spatial dimensions of '" << name << "' ("
           << spatial.size() << ") to equal that of 'lhs' (" << count << ")";
  return success();
}

/// Bounds products of sizes, so that nothing below overflows.
static constexpr int64_t kMaxWindowNumber = int64_t(1) << 31;

/// Checks convolution_c2.
static LogicalResult verifyWindow(ConvolutionOp op, size_t count) {
  for (auto [name, list, least] :
       {std::tuple{"window_strides", op.getWindowStridesAttr(), 1},
        std::tuple{"lhs_dilation", op.getLhsDilationAttr(), 1},
        std::tuple{"rhs_dilation", op.getRhsDilationAttr(), 1}}) {
    if (!list)
      continue;
    if (failed(verifyLength(op, name, getI64List(list).size(),
                            "spatial dimensions", count)))
      return failure();
    for (int64_t value : getI64List(list))
      if (value < least || value >= kMaxWindowNumber)
        return op.emitOpError() << "requires elements of '" << name << "' ("
                                << value << ") to be positive and below 2^31";
  }
  if (Attribute reversal = op.getWindowReversalAttr())
    if (failed(verifyLength(op, "window_reversal", getBoolList(reversal).size(),
                            "spatial dimensions", count)))
      return failure();
  DenseIntElementsAttr padding = op.getPaddingAttr();
  if (!padding)
    return success();
  if (padding.getType().getShape() !=
      ArrayRef<int64_t>{static_cast<int64_t>(count), 2})
    return op.emitOpError() << "expects 'padding' of shape " << count
                            << " x 2, but got " << padding.getType();
  for (int64_t value : padding.getValues<int64_t>())
    if (value <= -kMaxWindowNumber || value >= kMaxWindowNumber)
      return op.emitOpError() << "requires elements of 'padding' (" << value
                              << ") to be above -2^31 and below 2^31";
  return success();
}

/// The number of window positions; dynamic where a size is, nothing where a
/// size is beyond what a window may have.
static std::optional<int64_t> countPositions(int64_t size, int64_t kernel,
                                             const ConvolutionOp::Window &w) {
  if (ShapedType::isDynamic(size) || ShapedType::isDynamic(kernel))
    return ShapedType::kDynamic;
  if (size >= kMaxWindowNumber || kernel >= kMaxWindowNumber)
    return std::nullopt;
  auto dilated = [](int64_t size, int64_t dilation) {
    return size == 0 ? 0 : (size - 1) * dilation + 1;
  };
  int64_t base = dilated(size, w.lhsDilation) + w.low + w.high;
  int64_t span = dilated(kernel, w.rhsDilation);
  return base < span || base <= 0 ? 0 : (base - span) / w.stride + 1;
}

// Checks convolution_c1 to convolution_c6, c2 through verifyWindow.
LogicalResult ConvolutionOp::verify() {
  ConvDimensionNumbersAttr numbers = getDimensionNumbers();
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType();
  size_t count = numbers.getInputSpatialDimensions().size();
  if (failed(verifyPlaces(*this, "lhs", getLhs(),
                          numbers.getInputBatchDimension(),
                          numbers.getInputFeatureDimension(),
                          numbers.getInputSpatialDimensions(), count)) ||
      failed(verifyPlaces(*this, "rhs", getRhs(),
                          numbers.getKernelInputFeatureDimension(),
                          numbers.getKernelOutputFeatureDimension(),
                          numbers.getKernelSpatialDimensions(), count)) ||
      failed(verifyPlaces(*this, "result", getResult(),
                          numbers.getOutputBatchDimension(),
                          numbers.getOutputFeatureDimension(),
                          numbers.getOutputSpatialDimensions(), count)) ||
      failed(verifyWindow(*this, count)))
    return failure();
  int64_t features = getFeatureGroupCount(), batches = getBatchGroupCount();
  if (features < 1 || batches < 1 || (features > 1 && batches > 1))
    return emitOpError() << "requires 'feature_group_count' (" << features
                         << ") and 'batch_group_count' (" << batches
                         << ") to be positive and one of them to be 1";
  int64_t inputs = lhs.getDimSize(numbers.getInputFeatureDimension());
  int64_t batch = lhs.getDimSize(numbers.getInputBatchDimension());
  int64_t depth = rhs.getDimSize(numbers.getKernelInputFeatureDimension());
  int64_t outputs = rhs.getDimSize(numbers.getKernelOutputFeatureDimension());
  for (auto [what, size, groups] :
       {std::tuple{"features of 'lhs'", inputs, features},
        std::tuple{"output features of 'rhs'", outputs, features * batches},
        std::tuple{"batch of 'lhs'", batch, batches}})
    if (!ShapedType::isDynamic(size) && size % groups != 0)
      return emitOpError() << "requires the " << what << " (" << size
                           << ") to be a multiple of the group count ("
                           << groups << ")";
  if (!ShapedType::isDynamic(inputs) && !sizesAgree(inputs / features, depth))
    return emitOpError() << "requires the features of a group of 'lhs' ("
                         << inputs / features
                         << ") to equal the input features of 'rhs' (" << depth
                         << ")";
  SmallVector<int64_t> expected(lhs.getRank());
  expected[numbers.getOutputBatchDimension()] =
      ShapedType::isDynamic(batch) ? batch : batch / batches;
  expected[numbers.getOutputFeatureDimension()] = outputs;
  for (auto [index, window] : llvm::enumerate(getWindow())) {
    std::optional<int64_t> positions = countPositions(
        lhs.getDimSize(numbers.getInputSpatialDimensions()[index]),
        rhs.getDimSize(numbers.getKernelSpatialDimensions()[index]), window);
    if (!positions)
      return emitOpError() << "requires sizes of spatial dimensions to be below"
                              " 2^31";
    expected[numbers.getOutputSpatialDimensions()[index]] = *positions;
  }
  if (std::optional<ArrayAttr> config = getPrecisionConfig())
    if (config->size() > 2)
      return emitOpError() << "expects at most two precisions, but got "
                           << config->size();
  return verifyShape(*this, "result", getResult().getType(), expected);
}
