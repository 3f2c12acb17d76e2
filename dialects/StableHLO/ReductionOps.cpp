// Products, reductions, sorting and mapping.
#include "AssemblyFormat.h"
#include "Verification.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace moe::stablehlo;

//===----------------------------------------------------------------------===//
// dot_general
//===----------------------------------------------------------------------===//

/// Appends the dimensions of `type` that stand in neither list.
static void appendFreeSizes(RankedTensorType type, ArrayRef<int64_t> batching,
                            ArrayRef<int64_t> contracting,
                            SmallVectorImpl<int64_t> &shape) {
  for (auto [dim, size] : llvm::enumerate(type.getShape()))
    if (!llvm::is_contained(batching, dim) &&
        !llvm::is_contained(contracting, dim))
      shape.push_back(size);
}

static SmallVector<int64_t> productShape(RankedTensorType lhs,
                                         RankedTensorType rhs,
                                         DotDimensionNumbersAttr numbers) {
  SmallVector<int64_t> shape;
  for (auto [lhsDim, rhsDim] :
       llvm::zip_equal(numbers.getLhsBatchingDimensions(),
                       numbers.getRhsBatchingDimensions()))
    shape.push_back(lhs.isDynamicDim(lhsDim) ? rhs.getDimSize(rhsDim)
                                             : lhs.getDimSize(lhsDim));
  appendFreeSizes(lhs, numbers.getLhsBatchingDimensions(),
                  numbers.getLhsContractingDimensions(), shape);
  appendFreeSizes(rhs, numbers.getRhsBatchingDimensions(),
                  numbers.getRhsContractingDimensions(), shape);
  return shape;
}

void DotGeneralOp::build(OpBuilder &builder, OperationState &state, Value lhs,
                         Value rhs, DotDimensionNumbersAttr numbers,
                         Type elementType) {
  auto lhsType = cast<RankedTensorType>(lhs.getType());
  auto rhsType = cast<RankedTensorType>(rhs.getType());
  if (!elementType)
    elementType = lhsType.getElementType();
  build(builder, state,
        RankedTensorType::get(productShape(lhsType, rhsType, numbers),
                              elementType),
        lhs, rhs, numbers, ArrayAttr(), DotAlgorithmAttr());
}

// Checks dot_general_c1 to dot_general_c5.
LogicalResult DotGeneralOp::verify() {
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType();
  DotDimensionNumbersAttr numbers = getDotDimensionNumbers();
  for (auto [what, lhsDims, rhsDims] :
       {std::tuple{"batching", numbers.getLhsBatchingDimensions(),
                   numbers.getRhsBatchingDimensions()},
        std::tuple{"contracting", numbers.getLhsContractingDimensions(),
                   numbers.getRhsContractingDimensions()}}) {
    if (lhsDims.size() != rhsDims.size())
      return emitOpError() << "requires the number of lhs " << what
                           << " dimensions (" << lhsDims.size()
                           << ") to equal that of rhs (" << rhsDims.size()
                           << ")";
  }
  SmallVector<int64_t> lhsDims(numbers.getLhsBatchingDimensions());
  llvm::append_range(lhsDims, numbers.getLhsContractingDimensions());
  SmallVector<int64_t> rhsDims(numbers.getRhsBatchingDimensions());
  llvm::append_range(rhsDims, numbers.getRhsContractingDimensions());
  if (failed(
          verifyDimensions(*this, "lhs dimensions", lhsDims, lhs.getRank())) ||
      failed(verifyDimensions(*this, "rhs dimensions", rhsDims, rhs.getRank())))
    return failure();
  if (failed(verifyPairedSizes(*this, lhs, lhsDims, rhs, rhsDims)))
    return failure();
  if (std::optional<ArrayAttr> config = getPrecisionConfig())
    if (config->size() > 2)
      return emitOpError() << "expects at most two precisions, but got "
                           << config->size();
  return verifyShape(*this, "result", getResult().getType(),
                     productShape(lhs, rhs, numbers));
}

//===----------------------------------------------------------------------===//
// reduce
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> reducedShape(RankedTensorType type,
                                         ArrayRef<int64_t> dimensions) {
  SmallVector<int64_t> shape;
  appendFreeSizes(type, dimensions, {}, shape);
  return shape;
}

void ReduceOp::build(OpBuilder &builder, OperationState &state,
                     ValueRange inputs, ValueRange initValues,
                     ArrayRef<int64_t> dimensions) {
  SmallVector<Type> types;
  for (Value input : inputs) {
    auto type = cast<RankedTensorType>(input.getType());
    types.push_back(type.clone(reducedShape(type, dimensions)));
  }
  build(builder, state, types, inputs, initValues,
        builder.getDenseI64ArrayAttr(dimensions));
}

/// Checks what reduce and reduce_window share: at least one input, one shape,
/// one result per input, scalar initial values, and the combining region.
static LogicalResult verifyCombination(Operation *op, OperandRange inputs,
                                       OperandRange inits, Region &body,
                                       ArrayRef<int64_t> resultShape) {
  if (failed(verifyResultCount(op, inputs)))
    return failure();
  auto first = cast<RankedTensorType>(inputs.front().getType());
  for (auto [input, init, result] :
       llvm::zip_equal(inputs, inits, op->getResults())) {
    if (failed(verifyShape(op, "inputs", input.getType(), first.getShape())) ||
        failed(verifyShape(op, "init_values", init.getType(), {})) ||
        failed(verifyShape(op, "results", result.getType(), resultShape)))
      return failure();
    for (auto [name, other] :
         {std::pair<StringRef, Type>{"initial value", init.getType()},
          std::pair<StringRef, Type>{"result", result.getType()}})
      if (getElementTypeOrSelf(other) != getElementTypeOrSelf(input.getType()))
        return op->emitOpError()
               << "requires the element type of the " << name << " (" << other
               << ") to equal that of the input (" << input.getType() << ")";
  }
  SmallVector<Type> scalars = scalarTypes(inputs.getTypes());
  SmallVector<Type> arguments(scalars);
  llvm::append_range(arguments, scalars);
  return verifyRegion(op, "body", body, arguments, scalars);
}

// Checks reduce_c1 to reduce_c4.
LogicalResult ReduceOp::verify() {
  if (getInputs().empty())
    return emitOpError() << "expects at least one input, but got none";
  auto type = cast<RankedTensorType>(getInputs().front().getType());
  if (failed(verifyDimensions(*this, "dimensions", getDimensions(),
                              type.getRank())))
    return failure();
  return verifyCombination(*this, getInputs(), getInitValues(), getBody(),
                           reducedShape(type, getDimensions()));
}

/// The single binary operation that the short form names: it combines the two
/// arguments in order into a value of the element type of the first input.
static Operation *shortFormOperation(ReduceOp op) {
  if (op.getInputs().size() != 1 || !op.getBody().hasOneBlock())
    return nullptr;
  Block &block = op.getBody().front();
  if (block.getNumArguments() != 2 ||
      !llvm::hasNItems(block.begin(), block.end(), 2))
    return nullptr;
  Operation &inner = block.front();
  auto terminator = dyn_cast<ReturnOp>(block.back());
  if (!terminator || terminator.getNumOperands() != 1 ||
      inner.getNumRegions() != 0 || !inner.getAttrDictionary().empty() ||
      inner.getNumOperands() != 2 || inner.getNumResults() != 1 ||
      inner.getOperands() != ValueRange(block.getArguments()) ||
      terminator.getOperand(0) != inner.getResult(0) ||
      !inner.hasTrait<OpTrait::IsCommutative>() ||
      !isa_and_nonnull<StableHLODialect>(inner.getDialect()))
    return nullptr;
  Type scalar = RankedTensorType::get(
      {}, getElementTypeOrSelf(op.getInputs().front().getType()));
  if (block.getArgument(0).getType() != scalar ||
      block.getArgument(1).getType() != scalar ||
      inner.getResult(0).getType() != scalar)
    return nullptr;
  return &inner;
}

// Prints `(%x init: %z), ... applies op across dimensions = [...] attrs : type`
// where the body is one operation, else the body after the type, its arguments
// grouped by input.
void ReduceOp::print(OpAsmPrinter &printer) {
  llvm::interleaveComma(llvm::zip_equal(getInputs(), getInitValues()), printer,
                        [&](auto pair) {
                          printer << '(' << std::get<0>(pair)
                                  << " init: " << std::get<1>(pair) << ')';
                        });
  Operation *inner = shortFormOperation(*this);
  if (inner)
    printer << " applies " << inner->getName();
  printer << " across dimensions = [";
  llvm::interleaveComma(getDimensions(), printer);
  printer << ']';
  printer.printOptionalAttrDict((*this)->getAttrs(), {getDimensionsAttrName()});
  printer << " : ";
  printer.printFunctionalType(*this);
  if (inner)
    return;
  printer.printNewline();
  printer << " reducer";
  unsigned count = getInputs().size();
  for (unsigned i = 0; i < count; ++i) {
    printer << '(';
    printer.printRegionArgument(getBody().getArgument(i));
    printer << ", ";
    printer.printRegionArgument(getBody().getArgument(count + i));
    printer << ") ";
  }
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

ParseResult ReduceOp::parse(OpAsmParser &parser, OperationState &result) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<OpAsmParser::UnresolvedOperand> operands, inits;
  auto parsePair = [&]() -> ParseResult {
    return failure(
        parser.parseLParen() || parser.parseOperand(operands.emplace_back()) ||
        parser.parseKeyword("init") || parser.parseColon() ||
        parser.parseOperand(inits.emplace_back()) || parser.parseRParen());
  };
  if (parser.parseCommaSeparatedList(parsePair))
    return failure();
  unsigned count = operands.size();
  llvm::append_range(operands, inits);

  std::optional<OperationName> inner;
  SMLoc innerLoc;
  if (succeeded(parser.parseOptionalKeyword("applies"))) {
    innerLoc = parser.getCurrentLocation();
    FailureOr<OperationName> name = parser.parseCustomOperationName();
    if (failed(name))
      return failure();
    inner = *name;
    if (count != 1 || !inner->isRegistered() ||
        inner->getDialectNamespace() !=
            StableHLODialect::getDialectNamespace() ||
        !inner->hasTrait<OpTrait::IsCommutative>())
      return parser.emitError(innerLoc)
             << "expects one input and a commutative operation of stablehlo, "
                "but got "
             << count << " and '" << *inner << "'";
  }

  Attribute dimensions;
  FunctionType type;
  if (parser.parseKeyword("across") || parser.parseKeyword("dimensions") ||
      parser.parseEqual() || parseI64List(parser, dimensions) ||
      parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(type) ||
      parser.resolveOperands(operands, type.getInputs(), loc, result.operands))
    return failure();
  result.addAttribute(getDimensionsAttrName(result.name), dimensions);
  result.addTypes(type.getResults());

  Region *body = result.addRegion();
  if (!inner) {
    SmallVector<OpAsmParser::Argument> arguments(size_t{2} * count);
    if (parser.parseKeyword("reducer"))
      return failure();
    for (unsigned i = 0; i < count; ++i)
      if (parser.parseLParen() ||
          parser.parseArgument(arguments[i], /*allowType=*/true) ||
          parser.parseComma() ||
          parser.parseArgument(arguments[count + i], /*allowType=*/true) ||
          parser.parseRParen())
        return failure();
    return parser.parseRegion(*body, arguments);
  }

  auto inputType = dyn_cast<ShapedType>(type.getInput(0));
  if (!inputType)
    return parser.emitError(loc)
           << "expects a tensor as input, but got " << type.getInput(0);
  Type scalar = RankedTensorType::get({}, inputType.getElementType());
  Location location = parser.getEncodedSourceLoc(innerLoc);
  Block &block = body->emplaceBlock();
  block.addArguments({scalar, scalar}, {location, location});
  OpBuilder builder(parser.getContext());
  builder.setInsertionPointToEnd(&block);
  OperationState state(location, *inner, block.getArguments(), {scalar});
  Operation *operation = builder.create(state);
  ReturnOp::create(builder, location, operation->getResults());
  return success();
}

//===----------------------------------------------------------------------===//
// reduce_window
//===----------------------------------------------------------------------===//

/// The size of a window or base dimension after dilation; nothing on overflow.
static std::optional<int64_t> dilatedSize(int64_t size, int64_t dilation) {
  if (size == 0)
    return 0;
  std::optional<int64_t> span = llvm::checkedMul(size - 1, dilation);
  return span ? llvm::checkedAdd<int64_t>(*span, 1) : std::nullopt;
}

// Checks reduce_window_c1 to reduce_window_c5.
LogicalResult ReduceWindowOp::verify() {
  if (getInputs().empty())
    return emitOpError() << "expects at least one input, but got none";
  auto type = cast<RankedTensorType>(getInputs().front().getType());
  int64_t rank = type.getRank();
  SmallVector<int64_t> ones(rank, 1);
  auto orOnes = [&](Attribute attr) {
    return attr ? getI64List(attr) : ArrayRef<int64_t>(ones);
  };
  ArrayRef<int64_t> sizes = getWindowDimensions();
  ArrayRef<int64_t> strides = orOnes(getWindowStridesAttr());
  ArrayRef<int64_t> baseDilations = orOnes(getBaseDilationsAttr());
  ArrayRef<int64_t> windowDilations = orOnes(getWindowDilationsAttr());
  for (auto [name, list] :
       {std::pair<StringRef, ArrayRef<int64_t>>{"window_dimensions", sizes},
        std::pair<StringRef, ArrayRef<int64_t>>{"window_strides", strides},
        std::pair<StringRef, ArrayRef<int64_t>>{"base_dilations",
                                                baseDilations},
        std::pair<StringRef, ArrayRef<int64_t>>{"window_dilations",
                                                windowDilations}}) {
    if (failed(
            verifyLength(*this, name, list.size(), "rank of 'inputs'", rank)))
      return failure();
    for (int64_t value : list)
      if (value <= 0)
        return emitOpError()
               << "expects positive '" << name << "', but got " << value;
  }
  SmallVector<int64_t> padding(2 * rank, 0);
  if (DenseIntElementsAttr attr = getPaddingAttr()) {
    if (attr.getType().getShape() != ArrayRef<int64_t>{rank, 2})
      return emitOpError() << "requires 'padding' (" << attr.getType()
                           << ") to have the shape [" << rank << ", 2]";
    padding.assign(attr.value_begin<int64_t>(), attr.value_end<int64_t>());
  }

  SmallVector<int64_t> expected;
  for (auto [dim, size] : llvm::enumerate(type.getShape())) {
    bool isDynamic = ShapedType::isDynamic(size);
    std::optional<int64_t> padded =
        dilatedSize(isDynamic ? 0 : size, baseDilations[dim]);
    for (int64_t amount : {padding[2 * dim], padding[2 * dim + 1]})
      padded = padded ? llvm::checkedAdd(*padded, amount) : std::nullopt;
    std::optional<int64_t> window =
        dilatedSize(sizes[dim], windowDilations[dim]);
    if (!padded || !window || (!isDynamic && *padded < 0) ||
        !llvm::checkedSub(*padded, *window))
      return emitOpError() << "requires the padded size of dimension #" << dim
                           << " to be non-negative and below 2^63";
    if (isDynamic)
      expected.push_back(size);
    else
      expected.push_back(
          *padded < *window ? 0 : (*padded - *window) / strides[dim] + 1);
  }
  return verifyCombination(*this, getInputs(), getInitValues(), getBody(),
                           expected);
}

//===----------------------------------------------------------------------===//
// sort, map
//===----------------------------------------------------------------------===//

// Checks sort_c1 to sort_c3.
LogicalResult SortOp::verify() {
  if (failed(verifyResultCount(*this, getInputs())))
    return failure();
  auto first = cast<RankedTensorType>(getInputs().front().getType());
  SmallVector<Type> arguments;
  for (auto [input, result] : llvm::zip_equal(getInputs(), getResults())) {
    if (failed(
            verifyShape(*this, "inputs", input.getType(), first.getShape())) ||
        failed(
            verifyShape(*this, "results", result.getType(), first.getShape())))
      return failure();
    Type element = getElementTypeOrSelf(input.getType());
    if (getElementTypeOrSelf(result.getType()) != element)
      return emitOpError() << "requires the element type of the result ("
                           << result.getType()
                           << ") to equal that of the input ("
                           << input.getType() << ")";
    arguments.append(2, RankedTensorType::get({}, element));
  }
  int64_t rank = first.getRank(), dimension = getDimension();
  if (dimension < -rank || dimension >= rank)
    return emitOpError() << "requires 'dimension' (" << dimension
                         << ") to be between -" << rank << " and " << rank
                         << " - 1";
  Type i1 = RankedTensorType::get({}, Builder(getContext()).getI1Type());
  return verifyRegion(*this, "comparator", getComparator(), arguments, i1);
}

// Checks map_c1 to map_c3.
LogicalResult MapOp::verify() {
  if (getInputs().empty())
    return emitOpError() << "expects at least one input, but got none";
  RankedTensorType type = getResult().getType();
  for (Value input : getInputs())
    if (failed(verifyShape(*this, "inputs", input.getType(), type.getShape())))
      return failure();
  if (!llvm::equal(getDimensions(), llvm::seq<int64_t>(0, type.getRank())))
    return emitOpError() << "expects 'dimensions' to list all "
                         << type.getRank() << " dimensions in order, but got ["
                         << getDimensions() << "]";
  return verifyRegion(*this, "computation", getComputation(),
                      scalarTypes(getInputs().getTypes()),
                      scalarTypes(Type(type)));
}
