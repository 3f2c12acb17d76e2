// The chlo dialect: registration, attributes and operations.
#include "AssemblyFormat.h"
#include "Verification.h"
#include "moe/Dialect/StableHLO/Chlo.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moe::chlo;
using moe::stablehlo::getI64List;
using moe::stablehlo::sizesAgree;
using moe::stablehlo::verifyDimensions;
using moe::stablehlo::verifyLength;
using moe::stablehlo::verifyPairedSizes;
using moe::stablehlo::verifyShape;

#include "moe/Dialect/StableHLO/ChloDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "moe/Dialect/StableHLO/ChloAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "moe/Dialect/StableHLO/ChloOps.cpp.inc"

namespace {
/// Every operation is a function of tensors that may stand anywhere.
struct CHLOInlinerInterface : public DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool,
                       IRMapping &) const override {
    return true;
  }
};
} // namespace

void CHLODialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "moe/Dialect/StableHLO/ChloAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "moe/Dialect/StableHLO/ChloOps.cpp.inc"
      >();
  addInterfaces<CHLOInlinerInterface>();
}

Operation *CHLODialect::materializeConstant(OpBuilder &builder, Attribute value,
                                            Type type, Location loc) {
  auto *dialect = getContext()->getLoadedDialect<stablehlo::StableHLODialect>();
  return dialect->materializeConstant(builder, value, type, loc);
}

Attribute RaggedDotDimensionNumbersAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> lhsBatch, rhsBatch, lhsContract, rhsContract, ragged,
      group;
  if (stablehlo::parseFields(parser,
                             {{"lhs_batching_dimensions", &lhsBatch},
                              {"rhs_batching_dimensions", &rhsBatch},
                              {"lhs_contracting_dimensions", &lhsContract},
                              {"rhs_contracting_dimensions", &rhsContract},
                              {"lhs_ragged_dimensions", &ragged},
                              {"rhs_group_dimensions", &group}}))
    return {};
  return get(parser.getContext(), lhsBatch, rhsBatch, lhsContract, rhsContract,
             ragged, group);
}

void RaggedDotDimensionNumbersAttr::print(AsmPrinter &printer) const {
  stablehlo::FieldPrinter fields(printer);
  fields.list("lhs_batching_dimensions", getLhsBatchingDimensions());
  fields.list("rhs_batching_dimensions", getRhsBatchingDimensions());
  fields.list("lhs_contracting_dimensions", getLhsContractingDimensions());
  fields.list("rhs_contracting_dimensions", getRhsContractingDimensions());
  fields.list("lhs_ragged_dimensions", getLhsRaggedDimensions());
  fields.list("rhs_group_dimensions", getRhsGroupDimensions());
}

//===----------------------------------------------------------------------===//
// Broadcasting
//===----------------------------------------------------------------------===//

RankedTensorType moe::chlo::broadcastType(ValueRange values) {
  auto first = cast<RankedTensorType>(values.front().getType());
  int64_t rank = 0;
  for (Value value : values)
    rank = std::max(rank, cast<RankedTensorType>(value.getType()).getRank());
  SmallVector<int64_t> shape(rank, 1);
  for (Value value : values) {
    ArrayRef<int64_t> sizes =
        cast<RankedTensorType>(value.getType()).getShape();
    for (auto [index, size] : llvm::enumerate(sizes)) {
      int64_t &merged = shape[rank - sizes.size() + index];
      // A dynamic size may turn out to be 1, so a static one decides.
      if (merged == 1 || (ShapedType::isDynamic(merged) && size != 1 &&
                          !ShapedType::isDynamic(size)))
        merged = size;
      else if (!ShapedType::isDynamic(merged) && size != 1 &&
               !ShapedType::isDynamic(size))
        merged = size;
    }
  }
  return RankedTensorType::get(shape, first.getElementType());
}

/// Checks broadcast_c1 for operand `name` of type `type`, whose dimension i
/// stands at dimension `position(i)` of the result.
static LogicalResult verifyOperand(Operation *op, StringRef name,
                                   RankedTensorType type,
                                   RankedTensorType result,
                                   function_ref<int64_t(int64_t)> position) {
  for (auto [index, size] : llvm::enumerate(type.getShape())) {
    int64_t dim = position(index);
    if (size != 1 && !sizesAgree(size, result.getDimSize(dim)))
      return op->emitOpError()
             << "requires the size of dimension #" << index << " of '" << name
             << "' (" << size << ") to be 1 or to equal that of dimension #"
             << dim << " of 'result' (" << result.getDimSize(dim) << ")";
  }
  return success();
}

static LogicalResult
verifyBroadcast(Operation *op, ArrayRef<std::pair<StringRef, Value>> operands,
                RankedTensorType result, Attribute broadcastDimensions) {
  int64_t rank = 0;
  SmallVector<int64_t> known(result.getRank(), 1);
  for (auto [name, value] : operands)
    rank = std::max(rank, cast<RankedTensorType>(value.getType()).getRank());
  if (result.getRank() != rank)
    return op->emitOpError()
           << "requires the rank of 'result' (" << result.getRank()
           << ") to equal the highest rank of the operands (" << rank << ")";
  for (auto [name, value] : operands) {
    auto type = cast<RankedTensorType>(value.getType());
    ArrayRef<int64_t> dims;
    if (broadcastDimensions && type.getRank() < rank) {
      dims = getI64List(broadcastDimensions);
      if (failed(verifyLength(op, "broadcast_dimensions", dims.size(),
                              ("rank of '" + name + "'").str(),
                              type.getRank())) ||
          failed(verifyDimensions(op, "broadcast_dimensions", dims, rank,
                                  /*sorted=*/true)))
        return failure();
    }
    auto position = [&](int64_t index) {
      return dims.empty() ? rank - type.getRank() + index : dims[index];
    };
    if (failed(verifyOperand(op, name, type, result, position)))
      return failure();
    for (auto [index, size] : llvm::enumerate(type.getShape()))
      if (size != 1)
        known[position(index)] = size;
  }
  // A static result size needs an operand that has it or may have it.
  for (auto [dim, size] : llvm::enumerate(result.getShape()))
    if (!sizesAgree(size, known[dim]))
      return op->emitOpError()
             << "requires the size of dimension #" << dim << " of 'result' ("
             << size << ") to equal the broadcast size of the operands ("
             << known[dim] << ")";
  return success();
}

static LogicalResult verifyBinary(Operation *op, Value lhs, Value rhs,
                                  Value result, Attribute dims,
                                  bool sameElementType) {
  Type element = getElementTypeOrSelf(lhs.getType());
  for (Value other : {rhs, result})
    if (getElementTypeOrSelf(other.getType()) != element &&
        (sameElementType || other == rhs))
      return op->emitOpError() << "requires the element types of the operands "
                                  "and the result to be equal, such as "
                               << lhs.getType() << " and " << other.getType();
  return verifyBroadcast(op, {{"lhs", lhs}, {"rhs", rhs}},
                         cast<RankedTensorType>(result.getType()), dims);
}

#define MOE_CHLO_VERIFY_BINARY(Op)                                             \
  LogicalResult Op::verify() {                                                 \
    return verifyBinary(*this, getLhs(), getRhs(), getResult(),                \
                        getBroadcastDimensionsAttr(),                          \
                        /*sameElementType=*/true);                             \
  }
MOE_CHLO_VERIFY_BINARY(BroadcastAddOp)
MOE_CHLO_VERIFY_BINARY(BroadcastSubOp)
MOE_CHLO_VERIFY_BINARY(BroadcastMulOp)
MOE_CHLO_VERIFY_BINARY(BroadcastDivOp)
MOE_CHLO_VERIFY_BINARY(BroadcastRemOp)
MOE_CHLO_VERIFY_BINARY(BroadcastMaxOp)
MOE_CHLO_VERIFY_BINARY(BroadcastMinOp)
MOE_CHLO_VERIFY_BINARY(BroadcastPowOp)
MOE_CHLO_VERIFY_BINARY(BroadcastAndOp)
MOE_CHLO_VERIFY_BINARY(BroadcastOrOp)
MOE_CHLO_VERIFY_BINARY(BroadcastXorOp)
#undef MOE_CHLO_VERIFY_BINARY

LogicalResult BroadcastCompareOp::verify() {
  return verifyBinary(*this, getLhs(), getRhs(), getResult(),
                      getBroadcastDimensionsAttr(), /*sameElementType=*/false);
}

LogicalResult BroadcastSelectOp::verify() {
  return verifyBroadcast(*this,
                         {{"pred", getPred()},
                          {"on_true", getOnTrue()},
                          {"on_false", getOnFalse()}},
                         getResult().getType(), {});
}

//===----------------------------------------------------------------------===//
// square
//===----------------------------------------------------------------------===//

/// A product, so that nobody else needs to know the short form.
static LogicalResult squareToProduct(SquareOp op, PatternRewriter &rewriter) {
  rewriter.replaceOpWithNewOp<moe::stablehlo::MulOp>(
      op, op.getType(), op.getOperand(), op.getOperand());
  return success();
}

void SquareOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *) {
  patterns.add(squareToProduct);
}

//===----------------------------------------------------------------------===//
// top_k
//===----------------------------------------------------------------------===//

void TopKOp::build(OpBuilder &builder, OperationState &state, Value operand,
                   int64_t k) {
  auto type = cast<RankedTensorType>(operand.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = k;
  build(builder, state, type.clone(shape),
        RankedTensorType::get(shape, builder.getI32Type()), operand,
        builder.getI64IntegerAttr(k), builder.getBoolAttr(true));
}

// Checks top_k_c1 and top_k_c2.
LogicalResult TopKOp::verify() {
  RankedTensorType type = getOperand().getType();
  if (type.getRank() == 0)
    return emitOpError() << "expects 'operand' of rank 1 or more, but got "
                         << type;
  SmallVector<int64_t> expected(type.getShape());
  int64_t k = getK();
  if (!ShapedType::isDynamic(expected.back()) && k > expected.back())
    return emitOpError() << "requires 'k' (" << k
                         << ") to be at most the innermost size of 'operand' ("
                         << expected.back() << ")";
  expected.back() = k;
  if (failed(verifyShape(*this, "values", getValues().getType(), expected)))
    return failure();
  return verifyShape(*this, "indices", getIndices().getType(), expected);
}

//===----------------------------------------------------------------------===//
// ragged_dot
//===----------------------------------------------------------------------===//

// Checks ragged_dot_c1 to ragged_dot_c5.
LogicalResult RaggedDotOp::verify() {
  RankedTensorType lhs = getLhs().getType(), rhs = getRhs().getType();
  RankedTensorType groups = getGroupSizes().getType();
  RaggedDotDimensionNumbersAttr numbers = getRaggedDotDimensionNumbers();
  ArrayRef<int64_t> lhsBatch = numbers.getLhsBatchingDimensions(),
                    rhsBatch = numbers.getRhsBatchingDimensions(),
                    lhsContract = numbers.getLhsContractingDimensions(),
                    rhsContract = numbers.getRhsContractingDimensions(),
                    ragged = numbers.getLhsRaggedDimensions(),
                    group = numbers.getRhsGroupDimensions();
  for (auto [what, lhsDims, rhsDims] :
       {std::tuple{"batching", lhsBatch, rhsBatch},
        std::tuple{"contracting", lhsContract, rhsContract}})
    if (lhsDims.size() != rhsDims.size())
      return emitOpError() << "requires the number of lhs " << what
                           << " dimensions (" << lhsDims.size()
                           << ") to equal that of rhs (" << rhsDims.size()
                           << ")";
  SmallVector<int64_t> lhsDims(lhsBatch), rhsDims(rhsBatch);
  llvm::append_range(lhsDims, lhsContract);
  llvm::append_range(rhsDims, rhsContract);
  SmallVector<int64_t> rhsTaken(rhsDims);
  llvm::append_range(rhsTaken, group);
  if (failed(
          verifyDimensions(*this, "lhs dimensions", lhsDims, lhs.getRank())) ||
      failed(
          verifyDimensions(*this, "rhs dimensions", rhsTaken, rhs.getRank())))
    return failure();
  if (failed(verifyPairedSizes(*this, lhs, lhsDims, rhs, rhsDims)))
    return failure();
  if (ragged.size() != 1)
    return emitOpError() << "expects one ragged dimension, but got "
                         << ragged.size();
  if (failed(verifyDimensions(*this, "lhs_ragged_dimensions", ragged,
                              lhs.getRank())))
    return failure();
  bool isFree = !llvm::is_contained(lhsDims, ragged.front());
  if (group.size() != (isFree ? 1 : 0))
    return emitOpError() << "expects " << (isFree ? "one" : "no")
                         << " group dimension for the ragged dimension "
                         << ragged.front() << ", but got " << group.size();
  if (groups.getRank() != 1)
    return emitOpError() << "expects 'group_sizes' of one dimension, but got "
                         << groups;
  if (isFree &&
      !sizesAgree(rhs.getDimSize(group.front()), groups.getDimSize(0)))
    return emitOpError() << "requires the size of 'group_sizes' ("
                         << groups.getDimSize(0)
                         << ") to equal that of the group dimension of 'rhs' ("
                         << rhs.getDimSize(group.front()) << ")";

  SmallVector<int64_t> expected;
  if (llvm::is_contained(lhsContract, ragged.front()))
    expected.push_back(groups.getDimSize(0));
  for (int64_t dim : lhsBatch)
    expected.push_back(lhs.getDimSize(dim));
  for (int64_t dim = 0; dim < lhs.getRank(); ++dim)
    if (!llvm::is_contained(lhsDims, dim))
      expected.push_back(lhs.getDimSize(dim));
  for (int64_t dim = 0; dim < rhs.getRank(); ++dim)
    if (!llvm::is_contained(rhsTaken, dim))
      expected.push_back(rhs.getDimSize(dim));
  if (std::optional<ArrayAttr> config = getPrecisionConfig())
    if (config->size() > 2)
      return emitOpError() << "expects at most two precisions, but got "
                           << config->size();
  return verifyShape(*this, "result", getResult().getType(), expected);
}
