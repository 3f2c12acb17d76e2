// A builder of structured ops on tensors and of the scalar code in them.
#ifndef MOE_PASSES_CONVERSION_MOETOLINALG_TENSORBUILDER_H
#define MOE_PASSES_CONVERSION_MOETOLINALG_TENSORBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moe::detail {

/// A tensor operand of a structured op: dimension i of `tensor` is indexed by
/// loop `loops[i]`.
struct Indexed {
  mlir::Value tensor;
  llvm::SmallVector<unsigned, 3> loops;
};

using Sizes = llvm::SmallVector<mlir::OpFoldResult, 3>;
using SizesRef = llvm::ArrayRef<mlir::OpFoldResult>;

/// Builds tensors, structured ops, loops and scalars at one location. Bodies
/// are built in place: callbacks use the same builder.
class TensorBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Type = mlir::Type;
  using Body = llvm::function_ref<Value(ValueRange)>;
  using BodyN = llvm::function_ref<llvm::SmallVector<Value>(ValueRange)>;
  using LoopBody =
      llvm::function_ref<llvm::SmallVector<Value>(Value iv, ValueRange)>;

  // Sizes.

  mlir::OpFoldResult size(Value tensor, unsigned dim);
  Sizes sizes(Value tensor);
  Value sizeValue(Value tensor, unsigned dim) {
    return toValue(size(tensor, dim));
  }
  Value toValue(mlir::OpFoldResult size);

  // Tensors.

  Value empty(SizesRef sizes, Type elementType);
  Value filled(SizesRef sizes, Value scalar);
  /// `tensor` with the static shape of `type`, or without it.
  Value castTo(Value tensor, Type type);
  Value extract(Value tensor, ValueRange indices);
  Value insert(Value scalar, Value tensor, ValueRange indices);
  /// The part of `tensor` at `offsets`, of `sizes` and unit strides, without
  /// its `dropped` leading dimensions (each of size 1).
  Value slice(Value tensor, SizesRef offsets, SizesRef sizes,
              unsigned dropped = 0);
  /// `count` columns of a matrix from `first` on, `stride` apart.
  Value columns(Value matrix, mlir::OpFoldResult first,
                mlir::OpFoldResult count, int64_t stride);
  Value insertSlice(Value part, Value tensor, SizesRef offsets);
  /// Dimension 1 of a matrix as `groups` equal parts, or as dimensions of
  /// `sizes`, and back.
  Value splitColumns(Value matrix, int64_t groups);
  Value splitColumns(Value matrix, llvm::ArrayRef<int64_t> sizes);
  Value joinColumns(Value tensor);
  /// A matrix as one row after the other, and back with `columns` columns.
  Value flatten(Value matrix);
  Value unflatten(Value vector, mlir::OpFoldResult rows, int64_t columns);
  /// `left` and `right` side by side; a null one is left out.
  Value concatColumns(Value left, Value right);
  /// The memory of `tensor` for an op behind this that reads it: bufferization
  /// takes the place of this op for the place of reading. So it is one of its
  /// own, which no other is the same as.
  Value readOnlyBuffer(Value tensor);

  // Structured ops.

  /// A structured op over `numLoops` loops. Loops that index every output are
  /// parallel, the others reductions. `body` gets an element of each input and
  /// output and gives the new output elements.
  llvm::SmallVector<Value> structured(unsigned numLoops,
                                      llvm::ArrayRef<Indexed> inputs,
                                      llvm::ArrayRef<Indexed> outputs,
                                      BodyN body);
  /// One new element for each of `out`, from the inputs alone.
  Value mapInto(Value out, llvm::ArrayRef<Indexed> inputs, Body body);
  Value map(SizesRef sizes, Type elementType, llvm::ArrayRef<Indexed> inputs,
            Body body);
  /// Reduces over the loops that do not index `init`.
  Value reduce(unsigned numLoops, llvm::ArrayRef<Indexed> inputs,
               const Indexed &init, Body body);
  /// Σ_k a[m,k] * b[n,k] + init[m,n], in the element type of `init`.
  Value matmulTransposed(Value a, Value b, Value init);
  /// Position of the current iteration along `loop`; only in a body itself,
  /// not in an op nested in it.
  Value loopIndex(unsigned loop);

  // Loops.

  llvm::SmallVector<Value> loop(Value lower, Value upper, ValueRange init,
                                LoopBody body);
  /// Matrices of `rows` rows of the element types and columns of `row`, one row
  /// of each at a time and in any order: `body` gets a row's number and its
  /// storage, whose contents are undefined, and gives the rows.
  llvm::SmallVector<Value> mapRows(mlir::OpFoldResult rows,
                                   llvm::ArrayRef<std::pair<int64_t, Type>> row,
                                   LoopBody body);

  /// Requires `condition` at run time.
  void check(Value condition, llvm::StringRef message);

  // Scalars, or where they are given vectors, of each lane. Floats propagate
  // NaN; comparisons with NaN are false.

  Value index(int64_t value);
  Value int32(int64_t value);
  /// `value` in an integer or float type, or in every lane of a vector type.
  Value integer(Type type, int64_t value);
  Value real(Type type, double value);
  Value toIndex(Value integer);
  Value toInt32(Value index);
  Value toInt64(Value index);
  /// `value` in the float type `type`, rounded where that is narrower.
  Value convert(Value value, Type type);
  /// `value` as `type` would hold it, in its own type.
  Value roundTo(Value value, mlir::FloatType type);
  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value div(Value a, Value b);
  Value max(Value a, Value b);
  Value min(Value a, Value b);
  Value neg(Value a);
  Value exp(Value a);
  Value sqrt(Value a);
  Value sigmoid(Value a);
  Value compare(mlir::arith::CmpFPredicate predicate, Value a, Value b);
  Value compare(mlir::arith::CmpIPredicate predicate, Value a, Value b);
  Value boolean(bool value);
  Value both(Value a, Value b);
  Value either(Value a, Value b);
  Value no(Value a);
  Value select(Value condition, Value a, Value b);
};

/// The type in which values of `types` are computed and summed: f64 where one
/// of them is f64, else f32.
mlir::FloatType computeType(llvm::ArrayRef<mlir::Type> types);

/// Element type of a tensor.
mlir::FloatType floatElement(mlir::Value tensor);

} // namespace moe::detail

#endif // MOE_PASSES_CONVERSION_MOETOLINALG_TENSORBUILDER_H
