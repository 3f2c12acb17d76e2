// A builder of structured ops on tensors and of the scalar code in them.
#include "TensorBuilder.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace moe::detail;

static RankedTensorType tensorType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

FloatType moe::detail::floatElement(Value tensor) {
  return cast<FloatType>(tensorType(tensor).getElementType());
}

FloatType moe::detail::computeType(ArrayRef<Type> types) {
  MLIRContext *context = types.front().getContext();
  for (Type type : types)
    if (getElementTypeOrSelf(type).isF64())
      return Float64Type::get(context);
  return Float32Type::get(context);
}

//===----------------------------------------------------------------------===//
// Sizes and tensors
//===----------------------------------------------------------------------===//

OpFoldResult TensorBuilder::size(Value tensor, unsigned dim) {
  // The dimension of a cast folds to a constant: a static size like any other.
  OpFoldResult size = tensor::getMixedSize(*this, getLoc(), tensor, dim);
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return getIndexAttr(*constant);
  return size;
}

Sizes TensorBuilder::sizes(Value tensor) {
  Sizes sizes;
  for (int64_t dim = 0; dim < tensorType(tensor).getRank(); ++dim)
    sizes.push_back(size(tensor, dim));
  return sizes;
}

Value TensorBuilder::toValue(OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(*this, getLoc(), size);
}

Value TensorBuilder::empty(SizesRef sizes, Type elementType) {
  return tensor::EmptyOp::create(*this, sizes, elementType);
}

Value TensorBuilder::filled(SizesRef sizes, Value scalar) {
  return linalg::FillOp::create(*this, scalar, empty(sizes, scalar.getType()))
      .getResult(0);
}

Value TensorBuilder::castTo(Value tensor, Type type) {
  return tensor.getType() == type
             ? tensor
             : Value(tensor::CastOp::create(*this, type, tensor));
}

Value TensorBuilder::extract(Value tensor, ValueRange indices) {
  return tensor::ExtractOp::create(*this, tensor, indices);
}

Value TensorBuilder::insert(Value scalar, Value tensor, ValueRange indices) {
  return tensor::InsertOp::create(*this, scalar, tensor, indices);
}

Value TensorBuilder::slice(Value tensor, SizesRef offsets, SizesRef sizes,
                           unsigned dropped) {
  SmallVector<OpFoldResult> strides(sizes.size(), getIndexAttr(1));
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes.drop_front(dropped))
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  auto type = RankedTensorType::get(shape, tensorType(tensor).getElementType());
  return tensor::ExtractSliceOp::create(*this, type, tensor, offsets, sizes,
                                        strides);
}

Value TensorBuilder::columns(Value matrix, OpFoldResult first,
                             OpFoldResult count, int64_t stride) {
  return tensor::ExtractSliceOp::create(
      *this, matrix, SizesRef{getIndexAttr(0), first},
      SizesRef{size(matrix, 0), count},
      SizesRef{getIndexAttr(1), getIndexAttr(stride)});
}

Value TensorBuilder::insertSlice(Value part, Value tensor, SizesRef offsets) {
  SmallVector<OpFoldResult> strides(offsets.size(), getIndexAttr(1));
  return tensor::InsertSliceOp::create(*this, part, tensor, offsets,
                                       sizes(part), strides);
}

Value TensorBuilder::splitColumns(Value matrix, int64_t groups) {
  int64_t groupSize = tensorType(matrix).getDimSize(1) / groups;
  return splitColumns(matrix, ArrayRef<int64_t>{groups, groupSize});
}

Value TensorBuilder::splitColumns(Value matrix, ArrayRef<int64_t> sizes) {
  RankedTensorType type = tensorType(matrix);
  int64_t columns = 1;
  for (int64_t size : sizes)
    columns *= size;
  matrix = castTo(matrix, type.clone({type.getDimSize(0), columns}));
  // The number of rows is as static as the type of the matrix.
  Sizes all = {size(matrix, 0)};
  if (type.isDynamicDim(0))
    all[0] = toValue(all[0]);
  SmallVector<int64_t> shape = {type.getDimSize(0)};
  for (int64_t size : sizes) {
    shape.push_back(size);
    all.push_back(getIndexAttr(size));
  }
  ReassociationIndices parts =
      llvm::to_vector<2>(llvm::seq<int64_t>(1, shape.size()));
  return tensor::ExpandShapeOp::create(
      *this, RankedTensorType::get(shape, type.getElementType()), matrix,
      ArrayRef<ReassociationIndices>{{0}, parts}, all);
}

Value TensorBuilder::joinColumns(Value tensor) {
  ReassociationIndices parts =
      llvm::to_vector<2>(llvm::seq<int64_t>(1, tensorType(tensor).getRank()));
  return tensor::CollapseShapeOp::create(
      *this, tensor, ArrayRef<ReassociationIndices>{{0}, parts});
}

Value TensorBuilder::flatten(Value matrix) {
  return tensor::CollapseShapeOp::create(
      *this, matrix, ArrayRef<ReassociationIndices>{{0, 1}});
}

Value TensorBuilder::unflatten(Value vector, OpFoldResult rows,
                               int64_t columns) {
  // The number of rows is as static as the type of the vector.
  int64_t total = tensorType(vector).getDimSize(0);
  bool isStatic = !ShapedType::isDynamic(total);
  int64_t staticRows = isStatic ? total / columns : total;
  if (isStatic)
    rows = getIndexAttr(staticRows);
  else
    rows = toValue(rows);
  auto type = RankedTensorType::get({staticRows, columns},
                                    tensorType(vector).getElementType());
  return tensor::ExpandShapeOp::create(*this, type, vector,
                                       ArrayRef<ReassociationIndices>{{0, 1}},
                                       SizesRef{rows, getIndexAttr(columns)});
}

Value TensorBuilder::concatColumns(Value left, Value right) {
  if (!left || !right)
    return left ? left : right;
  int64_t leftColumns = tensorType(left).getDimSize(1);
  int64_t columns = leftColumns + tensorType(right).getDimSize(1);
  Value joined = empty({size(left, 0), getIndexAttr(columns)},
                       tensorType(left).getElementType());
  joined = insertSlice(left, joined, {getIndexAttr(0), getIndexAttr(0)});
  return insertSlice(right, joined,
                     {getIndexAttr(0), getIndexAttr(leftColumns)});
}

Value TensorBuilder::readOnlyBuffer(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto memory = bufferization::ToBufferOp::create(
      *this, MemRefType::get(type.getShape(), type.getElementType()), tensor,
      /*read_only=*/true);
  // CSE would read for all at the place of the first, and the tensor's memory
  // would be free for others from there on.
  memory->setDiscardableAttr("moe.read", DistinctAttr::create(getUnitAttr()));
  return memory;
}

//===----------------------------------------------------------------------===//
// Structured ops and loops
//===----------------------------------------------------------------------===//

SmallVector<Value> TensorBuilder::structured(unsigned numLoops,
                                             ArrayRef<Indexed> inputs,
                                             ArrayRef<Indexed> outputs,
                                             BodyN body) {
  SmallVector<AffineMap> maps;
  SmallVector<Value> inputValues, outputValues;
  auto addOperand = [&](const Indexed &operand, SmallVector<Value> &values) {
    SmallVector<AffineExpr> results;
    for (unsigned loop : operand.loops)
      results.push_back(getAffineDimExpr(loop));
    maps.push_back(AffineMap::get(numLoops, 0, results, getContext()));
    values.push_back(operand.tensor);
  };
  for (const Indexed &input : inputs)
    addOperand(input, inputValues);
  for (const Indexed &output : outputs)
    addOperand(output, outputValues);
  SmallVector<utils::IteratorType> iterators;
  for (unsigned loop = 0; loop < numLoops; ++loop)
    iterators.push_back(llvm::all_of(outputs,
                                     [&](const Indexed &output) {
                                       return llvm::is_contained(output.loops,
                                                                 loop);
                                     })
                            ? utils::IteratorType::parallel
                            : utils::IteratorType::reduction);
  auto build = [&](OpBuilder &, Location, ValueRange arguments) {
    linalg::YieldOp::create(*this, body(arguments));
  };
  auto op = linalg::GenericOp::create(
      *this, TypeRange(ValueRange(outputValues)), inputValues, outputValues,
      maps, iterators, build);
  return llvm::to_vector_of<Value>(op.getResults());
}

Value TensorBuilder::mapInto(Value out, ArrayRef<Indexed> inputs, Body body) {
  Indexed output{out, {}};
  for (unsigned loop = 0; loop < tensorType(out).getRank(); ++loop)
    output.loops.push_back(loop);
  return structured(output.loops.size(), inputs, output,
                    [&](ValueRange arguments) -> SmallVector<Value> {
                      return {body(arguments.drop_back())};
                    })
      .front();
}

Value TensorBuilder::map(SizesRef sizes, Type elementType,
                         ArrayRef<Indexed> inputs, Body body) {
  return mapInto(empty(sizes, elementType), inputs, body);
}

Value TensorBuilder::reduce(unsigned numLoops, ArrayRef<Indexed> inputs,
                            const Indexed &init, Body body) {
  return structured(numLoops, inputs, init,
                    [&](ValueRange arguments) -> SmallVector<Value> {
                      return {body(arguments)};
                    })
      .front();
}

Value TensorBuilder::matmulTransposed(Value a, Value b, Value init) {
  SmallVector<Attribute> maps;
  const unsigned operandLoops[3][2] = {{0, 2}, {1, 2}, {0, 1}};
  for (ArrayRef<unsigned> loops : operandLoops)
    maps.push_back(AffineMapAttr::get(
        AffineMap::getMultiDimMapWithTargets(3, loops, getContext())));
  auto op = linalg::MatmulOp::create(*this, ValueRange{a, b}, ValueRange{init});
  op.setIndexingMapsAttr(getArrayAttr(maps));
  return op.getResult(0);
}

Value TensorBuilder::loopIndex(unsigned loop) {
  return linalg::IndexOp::create(*this, loop);
}

SmallVector<Value> TensorBuilder::loop(Value lower, Value upper,
                                       ValueRange init, LoopBody body) {
  auto op = scf::ForOp::create(
      *this, lower, upper, index(1), init,
      [&](OpBuilder &, Location, Value iv, ValueRange carried) {
        scf::YieldOp::create(*this, body(iv, carried));
      });
  return llvm::to_vector_of<Value>(op.getResults());
}

SmallVector<Value>
TensorBuilder::mapRows(OpFoldResult rows,
                       ArrayRef<std::pair<int64_t, Type>> row, LoopBody body) {
  SmallVector<Value> outputs;
  for (auto [columns, type] : row)
    outputs.push_back(empty({rows, getIndexAttr(columns)}, type));
  auto forall =
      scf::ForallOp::create(*this, SizesRef{rows}, outputs, std::nullopt);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPoint(forall.getTerminator());
  Value number = forall.getInductionVar(0);
  Sizes offsets = {number, getIndexAttr(0)};
  auto sizesOf = [&](int64_t columns) -> Sizes {
    return {getIndexAttr(1), getIndexAttr(columns)};
  };
  SmallVector<Value> parts;
  for (auto [output, shape] : llvm::zip_equal(forall.getRegionIterArgs(), row))
    parts.push_back(slice(output, offsets, sizesOf(shape.first), 1));
  parts = body(number, parts);
  setInsertionPointToStart(forall.getTerminator().getBody());
  for (auto [part, output, shape] :
       llvm::zip_equal(parts, forall.getRegionIterArgs(), row))
    tensor::ParallelInsertSliceOp::create(
        *this, part, output, offsets, sizesOf(shape.first),
        SizesRef{getIndexAttr(1), getIndexAttr(1)});
  return llvm::to_vector_of<Value>(forall.getResults());
}

void TensorBuilder::check(Value condition, StringRef message) {
  cf::AssertOp::create(*this, condition, message);
}

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

Value TensorBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}

Value TensorBuilder::int32(int64_t value) {
  return arith::ConstantOp::create(*this, getI32IntegerAttr(value));
}

/// A constant of `type`, a scalar or vector type, whose element is `element`.
static Value buildConstant(TensorBuilder &b, Type type, TypedAttr element) {
  if (auto vector = dyn_cast<VectorType>(type))
    element = DenseElementsAttr::get(vector, element);
  return arith::ConstantOp::create(b, element);
}

Value TensorBuilder::integer(Type type, int64_t value) {
  return buildConstant(*this, type,
                       getIntegerAttr(getElementTypeOrSelf(type), value));
}

Value TensorBuilder::real(Type type, double value) {
  return buildConstant(*this, type,
                       getFloatAttr(getElementTypeOrSelf(type), value));
}

Value TensorBuilder::toIndex(Value integer) {
  return arith::IndexCastOp::create(*this, getIndexType(), integer);
}

Value TensorBuilder::toInt32(Value index) {
  return arith::IndexCastOp::create(*this, getI32Type(), index);
}

Value TensorBuilder::toInt64(Value index) {
  return arith::IndexCastOp::create(*this, getI64Type(), index);
}

Value TensorBuilder::convert(Value value, Type type) {
  auto from = cast<FloatType>(getElementTypeOrSelf(value.getType()));
  auto to = cast<FloatType>(type);
  if (from == to)
    return value;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(to);
  if (from.getWidth() < to.getWidth())
    return arith::ExtFOp::create(*this, type, value);
  if (from.getWidth() > to.getWidth())
    return arith::TruncFOp::create(*this, type, value);
  // Two formats of the same width: f32 holds the values of both.
  return convert(convert(value, getF32Type()), to);
}

Value TensorBuilder::roundTo(Value value, FloatType type) {
  Type element = getElementTypeOrSelf(value.getType());
  if (type.getWidth() >= element.getIntOrFloatBitWidth())
    return value;
  return convert(convert(value, type), element);
}

Value TensorBuilder::add(Value a, Value b) {
  if (isa<FloatType>(getElementTypeOrSelf(a.getType())))
    return arith::AddFOp::create(*this, a, b);
  return arith::AddIOp::create(*this, a, b);
}

Value TensorBuilder::sub(Value a, Value b) {
  if (isa<FloatType>(getElementTypeOrSelf(a.getType())))
    return arith::SubFOp::create(*this, a, b);
  return arith::SubIOp::create(*this, a, b);
}

Value TensorBuilder::mul(Value a, Value b) {
  if (isa<FloatType>(getElementTypeOrSelf(a.getType())))
    return arith::MulFOp::create(*this, a, b);
  return arith::MulIOp::create(*this, a, b);
}

Value TensorBuilder::div(Value a, Value b) {
  return arith::DivFOp::create(*this, a, b);
}

Value TensorBuilder::max(Value a, Value b) {
  return arith::MaximumFOp::create(*this, a, b);
}

Value TensorBuilder::min(Value a, Value b) {
  return arith::MinimumFOp::create(*this, a, b);
}

Value TensorBuilder::neg(Value a) { return arith::NegFOp::create(*this, a); }

Value TensorBuilder::exp(Value a) { return math::ExpOp::create(*this, a); }

Value TensorBuilder::sqrt(Value a) { return math::SqrtOp::create(*this, a); }

Value TensorBuilder::sigmoid(Value a) {
  Value one = real(a.getType(), 1.0);
  return div(one, add(one, exp(neg(a))));
}

Value TensorBuilder::compare(arith::CmpFPredicate predicate, Value a, Value b) {
  return arith::CmpFOp::create(*this, predicate, a, b);
}

Value TensorBuilder::compare(arith::CmpIPredicate predicate, Value a, Value b) {
  return arith::CmpIOp::create(*this, predicate, a, b);
}

Value TensorBuilder::boolean(bool value) {
  return arith::ConstantOp::create(*this, getBoolAttr(value));
}

Value TensorBuilder::no(Value a) {
  return arith::XOrIOp::create(*this, a, boolean(true));
}

Value TensorBuilder::both(Value a, Value b) {
  return arith::AndIOp::create(*this, a, b);
}

Value TensorBuilder::either(Value a, Value b) {
  return arith::OrIOp::create(*this, a, b);
}

Value TensorBuilder::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(*this, condition, a, b);
}
