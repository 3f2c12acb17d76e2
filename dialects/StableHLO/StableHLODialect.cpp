// The stablehlo dialect: registration, bytecode version, attributes.
#include "AssemblyFormat.h"

#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
#include "moe/Dialect/StableHLO/Chlo.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moe::stablehlo;

#include "moe/Dialect/StableHLO/StableHLODialect.cpp.inc"
#include "moe/Dialect/StableHLO/StableHLOEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "moe/Dialect/StableHLO/StableHLOAttrs.cpp.inc"

namespace {
/// The version of the dialect's own bytecode, written from the first release
/// on; portable artifacts of upstream are another format.
struct StableHLOVersion : public DialectVersion {
  explicit StableHLOVersion(uint64_t number) : number(number) {}
  uint64_t number;
};

constexpr uint64_t currentVersion = 1;

struct StableHLOBytecodeInterface : public BytecodeDialectInterface {
  explicit StableHLOBytecodeInterface(Dialect *dialect)
      : BytecodeDialectInterface(dialect) {}

  void writeVersion(DialectBytecodeWriter &writer) const override {
    writer.writeVarInt(currentVersion);
  }

  std::unique_ptr<DialectVersion>
  readVersion(DialectBytecodeReader &reader) const override {
    uint64_t number;
    if (failed(reader.readVarInt(number)))
      return nullptr;
    if (number == 0 || number > currentVersion) {
      reader.emitError() << "expects bytecode of dialect '"
                         << getDialect()->getNamespace() << "' up to version "
                         << currentVersion << ", but got version " << number;
      return nullptr;
    }
    return std::make_unique<StableHLOVersion>(number);
  }
};

/// Every operation is a function of tensors that may stand anywhere.
struct StableHLOInlinerInterface : public DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const override {
    return true;
  }
  bool isLegalToInline(Operation *, Region *, bool,
                       IRMapping &) const override {
    return true;
  }
};
} // namespace

void StableHLODialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "moe/Dialect/StableHLO/StableHLOAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "moe/Dialect/StableHLO/StableHLOOps.cpp.inc"
      >();
  addInterfaces<StableHLOBytecodeInterface, StableHLOInlinerInterface>();
}

Operation *StableHLODialect::materializeConstant(OpBuilder &builder,
                                                 Attribute value, Type type,
                                                 Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type)
    return nullptr;
  return ConstantOp::create(builder, loc, elements);
}

//===----------------------------------------------------------------------===//
// Lists of integers
//===----------------------------------------------------------------------===//

/// The spelling of early producers. A list has an element per dimension; the
/// bound keeps a hostile splat from being expanded.
static bool isDenseList(Attribute attr, unsigned width) {
  auto dense = dyn_cast_or_null<DenseIntElementsAttr>(attr);
  return dense && dense.getType().getRank() == 1 &&
         dense.getElementType().isSignlessInteger(width) &&
         dense.getNumElements() <= 1024;
}

bool moe::stablehlo::isI64List(Attribute attr) {
  return isa_and_nonnull<DenseI64ArrayAttr>(attr) || isDenseList(attr, 64);
}

bool moe::stablehlo::isBoolList(Attribute attr) {
  return isa_and_nonnull<DenseBoolArrayAttr>(attr) || isDenseList(attr, 1);
}

SmallVector<bool> moe::stablehlo::getBoolList(Attribute attr) {
  // Not through to_vector, which takes two pointers for two truth values.
  SmallVector<bool> values;
  if (auto array = dyn_cast_or_null<DenseBoolArrayAttr>(attr))
    llvm::append_range(values, array.asArrayRef());
  else if (attr)
    llvm::append_range(values,
                       cast<DenseIntElementsAttr>(attr).getValues<bool>());
  return values;
}

ArrayRef<int64_t> moe::stablehlo::getI64List(Attribute attr) {
  if (!attr)
    return {};
  if (auto array = dyn_cast<DenseI64ArrayAttr>(attr))
    return array.asArrayRef();
  // Uniqued in the context, so the elements outlive this call.
  auto dense = cast<DenseIntElementsAttr>(attr);
  SmallVector<int64_t> values(dense.getValues<int64_t>());
  return DenseI64ArrayAttr::get(attr.getContext(), values).asArrayRef();
}

//===----------------------------------------------------------------------===//
// Dimension numbers
//===----------------------------------------------------------------------===//

Attribute GatherDimensionNumbersAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> offset, collapsed, operandBatch, indicesBatch, map;
  int64_t vectorDim = 0;
  if (parseFields(parser, {{"offset_dims", &offset},
                           {"collapsed_slice_dims", &collapsed},
                           {"operand_batching_dims", &operandBatch},
                           {"start_indices_batching_dims", &indicesBatch},
                           {"start_index_map", &map},
                           {"index_vector_dim", nullptr, &vectorDim}}))
    return {};
  return get(parser.getContext(), offset, collapsed, operandBatch, indicesBatch,
             map, vectorDim);
}

void GatherDimensionNumbersAttr::print(AsmPrinter &printer) const {
  FieldPrinter fields(printer);
  fields.list("offset_dims", getOffsetDims());
  fields.list("collapsed_slice_dims", getCollapsedSliceDims());
  fields.list("operand_batching_dims", getOperandBatchingDims());
  fields.list("start_indices_batching_dims", getStartIndicesBatchingDims());
  fields.list("start_index_map", getStartIndexMap());
  fields.number("index_vector_dim", getIndexVectorDim());
}

Attribute ScatterDimensionNumbersAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> window, inserted, inputBatch, indicesBatch, map;
  int64_t vectorDim = 0;
  if (parseFields(parser, {{"update_window_dims", &window},
                           {"inserted_window_dims", &inserted},
                           {"input_batching_dims", &inputBatch},
                           {"scatter_indices_batching_dims", &indicesBatch},
                           {"scatter_dims_to_operand_dims", &map},
                           {"index_vector_dim", nullptr, &vectorDim}}))
    return {};
  return get(parser.getContext(), window, inserted, inputBatch, indicesBatch,
             map, vectorDim);
}

void ScatterDimensionNumbersAttr::print(AsmPrinter &printer) const {
  FieldPrinter fields(printer);
  fields.list("update_window_dims", getUpdateWindowDims());
  fields.list("inserted_window_dims", getInsertedWindowDims());
  fields.list("input_batching_dims", getInputBatchingDims());
  fields.list("scatter_indices_batching_dims", getScatterIndicesBatchingDims());
  fields.list("scatter_dims_to_operand_dims", getScatterDimsToOperandDims());
  fields.number("index_vector_dim", getIndexVectorDim());
}

Attribute DotDimensionNumbersAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> lhsBatch, rhsBatch, lhsContract, rhsContract;
  if (parseFields(parser, {{"lhs_batching_dimensions", &lhsBatch},
                           {"rhs_batching_dimensions", &rhsBatch},
                           {"lhs_contracting_dimensions", &lhsContract},
                           {"rhs_contracting_dimensions", &rhsContract}}))
    return {};
  return get(parser.getContext(), lhsBatch, rhsBatch, lhsContract, rhsContract);
}

void DotDimensionNumbersAttr::print(AsmPrinter &printer) const {
  FieldPrinter fields(printer);
  fields.list("lhs_batching_dimensions", getLhsBatchingDimensions());
  fields.list("rhs_batching_dimensions", getRhsBatchingDimensions());
  fields.list("lhs_contracting_dimensions", getLhsContractingDimensions());
  fields.list("rhs_contracting_dimensions", getRhsContractingDimensions());
}

//===----------------------------------------------------------------------===//
// Result accuracy
//===----------------------------------------------------------------------===//

Attribute ResultAccuracyAttr::parse(AsmParser &parser, Type) {
  double atol = 0.0, rtol = 0.0;
  int64_t ulps = 0;
  ResultAccuracyModeAttr mode;
  auto parseField = [&]() -> ParseResult {
    StringRef keyword;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&keyword) || parser.parseEqual())
      return failure();
    if (keyword == "atol")
      return parser.parseFloat(atol);
    if (keyword == "rtol")
      return parser.parseFloat(rtol);
    if (keyword == "ulps")
      return parser.parseInteger(ulps);
    if (keyword == "mode")
      return parser.parseCustomAttributeWithFallback(mode);
    return parser.emitError(loc)
           << "expects atol, rtol, ulps or mode, but got '" << keyword << "'";
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseField))
    return {};
  if (!mode) {
    parser.emitError(loc) << "expects a field 'mode'";
    return {};
  }
  return get(parser.getContext(), APFloat(atol), APFloat(rtol), ulps, mode);
}

void ResultAccuracyAttr::print(AsmPrinter &printer) const {
  printer << '<';
  if (!getAtol().isZero()) {
    printer << "atol = ";
    printer.printFloat(getAtol());
    printer << ", ";
  }
  if (!getRtol().isZero()) {
    printer << "rtol = ";
    printer.printFloat(getRtol());
    printer << ", ";
  }
  if (getUlps() != 0)
    printer << "ulps = " << getUlps() << ", ";
  printer << "mode = " << getMode() << '>';
}
