// Checks that several operations share.
#include "Verification.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/CheckedArithmetic.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace moe::stablehlo;

LogicalResult moe::stablehlo::verifyDimensions(Operation *op, StringRef name,
                                               ArrayRef<int64_t> dims,
                                               int64_t rank, bool sorted) {
  llvm::SmallDenseSet<int64_t> seen;
  int64_t previous = -1;
  for (auto [index, dim] : llvm::enumerate(dims)) {
    if (dim < 0 || dim >= rank)
      return op->emitOpError() << "requires '" << name << "' #" << index << " ("
                               << dim << ") to be a dimension below " << rank;
    if (!seen.insert(dim).second)
      return op->emitOpError() << "expects distinct '" << name << "', but got "
                               << dim << " twice";
    if (sorted && dim < previous)
      return op->emitOpError() << "requires '" << name << "' #" << index << " ("
                               << dim << ") to follow " << previous;
    previous = dim;
  }
  return success();
}

LogicalResult moe::stablehlo::verifyLength(Operation *op, StringRef name,
                                           int64_t size, StringRef what,
                                           int64_t expected) {
  if (size == expected)
    return success();
  return op->emitOpError() << "requires the length of '" << name << "' ("
                           << size << ") to equal the " << what << " ("
                           << expected << ")";
}

LogicalResult moe::stablehlo::verifyLength(Operation *op, StringRef name,
                                           Value list, StringRef what,
                                           int64_t expected) {
  int64_t size = cast<RankedTensorType>(list.getType()).getDimSize(0);
  if (ShapedType::isDynamic(size))
    return success();
  return verifyLength(op, name, size, what, expected);
}

LogicalResult moe::stablehlo::verifyLengths(
    Operation *op, ArrayRef<std::pair<StringRef, ArrayRef<int64_t>>> lists,
    StringRef what, int64_t expected) {
  for (auto [name, list] : lists)
    if (failed(verifyLength(op, name, list.size(), what, expected)))
      return failure();
  return success();
}

LogicalResult moe::stablehlo::verifyPerDimension(
    Operation *op, Type operand, Type result,
    ArrayRef<std::pair<StringRef, Value>> lists) {
  int64_t rank = cast<RankedTensorType>(operand).getRank();
  int64_t resultRank = cast<RankedTensorType>(result).getRank();
  if (resultRank != rank)
    return op->emitOpError() << "requires the rank of 'result' (" << resultRank
                             << ") to equal that of 'operand' (" << rank << ")";
  for (auto [name, list] : lists)
    if (failed(verifyLength(op, name, list, "rank of 'operand'", rank)))
      return failure();
  return success();
}

LogicalResult moe::stablehlo::verifyResultCount(Operation *op,
                                                ValueRange inputs) {
  if (inputs.empty())
    return op->emitOpError() << "expects at least one input, but got none";
  if (op->getNumResults() != inputs.size())
    return op->emitOpError()
           << "requires the number of results (" << op->getNumResults()
           << ") to equal the number of inputs (" << inputs.size() << ")";
  return success();
}

LogicalResult moe::stablehlo::verifyPairedSizes(Operation *op,
                                                RankedTensorType lhs,
                                                ArrayRef<int64_t> lhsDims,
                                                RankedTensorType rhs,
                                                ArrayRef<int64_t> rhsDims) {
  for (auto [lhsDim, rhsDim] : llvm::zip_equal(lhsDims, rhsDims))
    if (!sizesAgree(lhs.getDimSize(lhsDim), rhs.getDimSize(rhsDim)))
      return op->emitOpError()
             << "requires the size of dimension " << lhsDim << " of 'lhs' ("
             << lhs.getDimSize(lhsDim) << ") to equal that of dimension "
             << rhsDim << " of 'rhs' (" << rhs.getDimSize(rhsDim) << ")";
  return success();
}

LogicalResult moe::stablehlo::verifyDimension(Operation *op, StringRef name,
                                              int64_t dim, StringRef of,
                                              int64_t rank) {
  if (dim >= 0 && dim < rank)
    return success();
  return op->emitOpError() << "requires '" << name << "' (" << dim
                           << ") to be below the rank of '" << of << "' ("
                           << rank << ")";
}

bool moe::stablehlo::sizesAgree(int64_t a, int64_t b) {
  return a == b || ShapedType::isDynamic(a) || ShapedType::isDynamic(b);
}

bool moe::stablehlo::shapesAgree(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  return a.size() == b.size() &&
         llvm::all_of(llvm::zip_equal(a, b), [](auto sizes) {
           return sizesAgree(std::get<0>(sizes), std::get<1>(sizes));
         });
}

static void printShape(InFlightDiagnostic &diag, ArrayRef<int64_t> shape) {
  diag << '[';
  llvm::interleaveComma(shape, diag, [&](int64_t size) {
    if (ShapedType::isDynamic(size))
      diag << '?';
    else
      diag << size;
  });
  diag << ']';
}

LogicalResult moe::stablehlo::verifyShape(Operation *op, StringRef name,
                                          Type type,
                                          ArrayRef<int64_t> expected) {
  if (shapesAgree(cast<ShapedType>(type).getShape(), expected))
    return success();
  InFlightDiagnostic diag = op->emitOpError();
  diag << "requires '" << name << "' (" << type << ") to have the shape ";
  printShape(diag, expected);
  return diag;
}

LogicalResult moe::stablehlo::verifyRegion(Operation *op, StringRef name,
                                           Region &region, TypeRange arguments,
                                           TypeRange results) {
  auto describe = [](InFlightDiagnostic &diag, TypeRange types) {
    diag << '(';
    llvm::interleaveComma(types, diag);
    diag << ')';
  };
  if (!llvm::equal(region.getArgumentTypes(), arguments)) {
    InFlightDiagnostic diag = op->emitOpError();
    diag << "expects '" << name << "' to take ";
    describe(diag, arguments);
    diag << ", but got ";
    describe(diag, region.getArgumentTypes());
    return diag;
  }
  auto terminator = dyn_cast<ReturnOp>(region.front().back());
  if (!terminator)
    return op->emitOpError()
           << "expects '" << name << "' to end in 'stablehlo.return', but got '"
           << region.front().back().getName() << "'";
  // Operations within are verified later: what is returned may be no tensor.
  TypeRange returned = terminator.getOperandTypes();
  bool agree = returned.size() == results.size() &&
               llvm::all_of(llvm::zip_equal(returned, results), [](auto pair) {
                 auto a = dyn_cast<ShapedType>(std::get<0>(pair));
                 auto b = cast<ShapedType>(std::get<1>(pair));
                 return a && a.hasRank() &&
                        a.getElementType() == b.getElementType() &&
                        shapesAgree(a.getShape(), b.getShape());
               });
  if (agree)
    return success();
  InFlightDiagnostic diag = op->emitOpError();
  diag << "expects '" << name << "' to return ";
  describe(diag, results);
  diag << ", but got ";
  describe(diag, returned);
  diag.attachNote(terminator.getLoc()) << "returned here";
  return diag;
}

std::optional<int64_t> moe::stablehlo::countElements(ShapedType type) {
  std::optional<int64_t> count = 1;
  for (int64_t size : type.getShape()) {
    if (ShapedType::isDynamic(size))
      return std::nullopt;
    count = llvm::checkedMul(*count, size);
    if (!count)
      return std::nullopt;
  }
  return count;
}

SmallVector<Type> moe::stablehlo::scalarTypes(TypeRange types) {
  return llvm::map_to_vector(types, [](Type type) -> Type {
    return RankedTensorType::get({}, getElementTypeOrSelf(type));
  });
}
