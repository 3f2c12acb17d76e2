// Helpers that the pattern groups share.
#include "Lowering.h"
#include "SizeAnalysis.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace moe::graph;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

GraphTypeConverter::GraphTypeConverter() {
  addConversion([](Type type) { return type; });
  addConversion([](IntegerType type) { return signless(type); });
  addConversion([](RankedTensorType type) -> Type {
    return type.clone(signless(type.getElementType()));
  });
  auto materialize = [](OpBuilder &b, Type type, ValueRange inputs,
                        Location loc) -> Value {
    auto to = dyn_cast<RankedTensorType>(type);
    if (inputs.size() != 1 || !to)
      return {};
    auto from = dyn_cast<RankedTensorType>(inputs.front().getType());
    if (!from || from.getShape() != to.getShape())
      return {};
    return tensor::BitcastOp::create(b, loc, to, inputs.front());
  };
  addSourceMaterialization(materialize);
  addTargetMaterialization(materialize);
}

Type moe::graph::signless(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer || integer.isSignless())
    return element;
  return IntegerType::get(element.getContext(), integer.getWidth());
}

Type moe::graph::elementType(Value value) {
  return getElementTypeOrSelf(value.getType());
}

bool moe::graph::zeroExtends(Type element) {
  return element.isUnsignedInteger() || element.isInteger(1);
}

//===----------------------------------------------------------------------===//
// Shapes and elements
//===----------------------------------------------------------------------===//

Value moe::graph::indexConstant(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value moe::graph::sizeOf(OpBuilder &b, Location loc, Value tensor,
                         int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return indexConstant(b, loc, type.getDimSize(dim));
  return tensor::DimOp::create(b, loc, tensor, dim);
}

Value moe::graph::emptyLike(OpBuilder &b, Location loc, RankedTensorType type,
                            Value like) {
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(sizeOf(b, loc, like, dim));
  return tensor::EmptyOp::create(b, loc, type, sizes);
}

Value moe::graph::emptyOf(OpBuilder &b, Location loc, RankedTensorType type,
                          ArrayRef<OpFoldResult> sizes) {
  SmallVector<Value> dynamic;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      dynamic.push_back(getValueOrCreateConstantIndexOp(b, loc, sizes[dim]));
  return tensor::EmptyOp::create(b, loc, type, dynamic);
}

Value moe::graph::fill(OpBuilder &b, Location loc, Value scalar, Value tensor) {
  return linalg::FillOp::create(b, loc, scalar, tensor).getResult(0);
}

Value moe::graph::readScalar(OpBuilder &b, Location loc, Value tensor) {
  return tensor::ExtractOp::create(b, loc, tensor, ValueRange());
}

Value moe::graph::makeScalarTensor(OpBuilder &b, Location loc, Value scalar) {
  return tensor::FromElementsOp::create(
      b, loc, RankedTensorType::get({}, scalar.getType()), scalar);
}

Value moe::graph::toIndex(OpBuilder &b, Location loc, Value scalar,
                          bool isUnsigned) {
  if (scalar.getType().isIndex())
    return scalar;
  if (isUnsigned)
    return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), scalar);
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), scalar);
}

SmallVector<Value> moe::graph::readIndices(OpBuilder &b, Location loc,
                                           Value tensor, int64_t count,
                                           bool isUnsigned) {
  SmallVector<Value> values;
  for (int64_t i = 0; i < count; ++i) {
    Value element = tensor::ExtractOp::create(
        b, loc, tensor, ValueRange(indexConstant(b, loc, i)));
    values.push_back(toIndex(b, loc, element, isUnsigned));
  }
  return values;
}

Value moe::graph::castTo(OpBuilder &b, Location loc, Value tensor, Type type) {
  if (tensor.getType() == type)
    return tensor;
  return tensor::CastOp::create(b, loc, type, tensor);
}

Value moe::graph::zero(OpBuilder &b, Location loc, Type type) {
  return arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
}

Value moe::graph::clampIndex(OpBuilder &b, Location loc, Value value,
                             Value upper) {
  Value limited = arith::MinSIOp::create(b, loc, value, upper);
  return arith::MaxSIOp::create(b, loc, limited, indexConstant(b, loc, 0));
}

/// What a user knows of a place: the node of the model, else the file position,
/// else nothing.
static std::string placeOf(Location loc) {
  // What was inlined belongs to the node that it was inlined for.
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return placeOf(call.getCaller());
  if (auto named = dyn_cast<NameLoc>(loc))
    return ("node '" + named.getName().strref() + "': ").str();
  if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      if (std::string place = placeOf(part); !place.empty())
        return place;
    return "";
  }
  if (auto file = dyn_cast<FileLineColLoc>(loc))
    return (llvm::sys::path::filename(file.getFilename()) + ":" +
            Twine(file.getLine()) + ":" + Twine(file.getColumn()) + ": ")
        .str();
  return "";
}

/// Braces mark values in messages, so that a name must not have any.
static std::string withoutBraces(std::string text) {
  llvm::replace(text, '{', '(');
  llvm::replace(text, '}', ')');
  return text;
}

void moe::graph::require(OpBuilder &b, Location loc, Value condition,
                         StringRef message, ValueRange values) {
  if (matchPattern(condition, m_One()))
    return;
  support::RequireOp::create(
      b, loc, condition, withoutBraces(placeOf(loc)) + message.str(), values);
}

void moe::graph::requireAtMost(OpBuilder &b, Location loc, Value small,
                               Value large, StringRef smallName,
                               StringRef largeName) {
  Value holds =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, small, large);
  require(
      b, loc, holds,
      ("requires " + smallName + " ({0}) to be at most " + largeName + " ({1})")
          .str(),
      {small, large});
}

void moe::graph::requireEqualSizes(OpBuilder &b, Operation *op,
                                   unsigned operandA, int64_t dimA, Value newA,
                                   unsigned operandB, int64_t dimB,
                                   Value newB) {
  auto typeA = cast<RankedTensorType>(newA.getType()),
       typeB = cast<RankedTensorType>(newB.getType());
  if (!typeA.isDynamicDim(dimA) && !typeB.isDynamicDim(dimB))
    return;
  if (traceSize(op->getOperand(operandA), dimA) ==
      traceSize(op->getOperand(operandB), dimB))
    return;
  Location loc = op->getLoc();
  Value sizeA = sizeOf(b, loc, newA, dimA), sizeB = sizeOf(b, loc, newB, dimB);
  Value equal =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, sizeA, sizeB);
  std::string message =
      ("requires the size of dimension #" + Twine(dimA) + " of operand #" +
       Twine(operandA) + " ({0}) to equal that of dimension #" + Twine(dimB) +
       " of operand #" + Twine(operandB) + " ({1})")
          .str();
  require(b, loc, equal, message, {sizeA, sizeB});
}

void moe::graph::requireOneShape(OpBuilder &b, Operation *op, unsigned first,
                                 ValueRange newValues) {
  int64_t rank = cast<RankedTensorType>(newValues.front().getType()).getRank();
  for (unsigned i = 1; i < newValues.size(); ++i)
    for (int64_t dim = 0; dim < rank; ++dim)
      requireEqualSizes(b, op, first, dim, newValues.front(), first + i, dim,
                        newValues[i]);
}

SmallVector<utils::IteratorType> moe::graph::parallelLoops(int64_t rank) {
  return SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel);
}

AffineMap moe::graph::dimsMap(MLIRContext *context, int64_t rank,
                              ArrayRef<int64_t> dims) {
  SmallVector<AffineExpr> exprs;
  for (int64_t dim : dims)
    exprs.push_back(getAffineDimExpr(dim, context));
  return AffineMap::get(rank, 0, exprs, context);
}

Value moe::graph::elementwise(OpBuilder &b, Location loc, RankedTensorType type,
                              ValueRange operands, Value like,
                              ScalarBody body) {
  int64_t rank = type.getRank();
  Value init = emptyLike(b, loc, type, like);
  SmallVector<AffineMap> maps;
  for (Value operand : operands)
    maps.push_back(cast<RankedTensorType>(operand.getType()).getRank() == rank
                       ? b.getMultiDimIdentityMap(rank)
                       : AffineMap::get(rank, 0, b.getContext()));
  maps.push_back(b.getMultiDimIdentityMap(rank));
  return linalg::GenericOp::create(
             b, loc, type, operands, init, maps, parallelLoops(rank),
             [&](OpBuilder &nested, Location loc, ValueRange args) {
               linalg::YieldOp::create(nested, loc,
                                       body(nested, loc, args.drop_back()));
             })
      .getResult(0);
}

SmallVector<Value> moe::graph::sequentialLoops(
    OpBuilder &b, Location loc, ArrayRef<Value> sizes, ValueRange inits,
    function_ref<SmallVector<Value>(OpBuilder &, Location, ValueRange,
                                    ValueRange)>
        body) {
  SmallVector<Value> zeros(sizes.size(), indexConstant(b, loc, 0));
  SmallVector<Value> ones(sizes.size(), indexConstant(b, loc, 1));
  if (sizes.empty())
    return body(b, loc, {}, inits);
  scf::LoopNest nest = scf::buildLoopNest(
      b, loc, zeros, sizes, ones, inits,
      [&](OpBuilder &nested, Location loc, ValueRange indices,
          ValueRange carried) -> scf::ValueVector {
        SmallVector<Value> next = body(nested, loc, indices, carried);
        return scf::ValueVector(next.begin(), next.end());
      });
  return SmallVector<Value>(nest.results);
}
