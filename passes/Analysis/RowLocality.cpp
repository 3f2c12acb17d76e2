// Follows the rows of a function's argument through its body.
#include "moe/Analysis/RowLocality.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace {

/// The body is one block, and each value in it is of one of four kinds, found
/// in the order of the ops: it has the argument's rows, or room for them, along
/// one dimension; it is their number; it is the same at every position; or
/// neither rows nor their number went into it. An op that would make another
/// kind ends the search.
class RowTrace {
public:
  explicit RowTrace(FunctionOpInterface function) : function(function) {}

  std::string run() {
    if (!function.getFunctionBody().hasOneBlock())
      return "its body branches";
    Block &body = function.getFunctionBody().front();
    rows[body.getArgument(0)] = 0;
    for (Operation &op : body)
      if (!follow(op))
        return "'" + op.getName().getStringRef().str() +
               "' may make a row from others, their number or its position";
    return {};
  }

private:
  std::optional<int64_t> rowDim(Value value) const {
    auto found = rows.find(value);
    return found == rows.end() ? std::nullopt : std::optional(found->second);
  }

  bool isCount(OpFoldResult size) const {
    auto value = dyn_cast<Value>(size);
    return value && counts.contains(value);
  }

  /// True where `op`, whose result has `sizes` and rows along `dim` or none,
  /// reads their number as the size of that dimension alone.
  bool countsRowsAlone(Operation *op, ArrayRef<OpFoldResult> sizes,
                       std::optional<int64_t> dim) const {
    int64_t reads = llvm::count_if(
        op->getOperands(), [&](Value value) { return counts.contains(value); });
    return reads == (dim && isCount(sizes[*dim]) ? 1 : 0);
  }

  /// True where `op` reads what depends on rows, be it in a region.
  bool readsRows(Operation &op) const {
    bool reads = false;
    op.walk([&](Operation *inner) {
      reads |= llvm::any_of(inner->getOperands(), [&](Value value) {
        return rows.contains(value) || counts.contains(value);
      });
    });
    return reads;
  }

  /// True where a value is the same, or undefined, at every position.
  bool isUniform(Value value) const {
    SplatElementsAttr elements;
    return uniform.contains(value) || !isa<TensorType>(value.getType()) ||
           matchPattern(value, m_Constant(&elements));
  }

  bool follow(Operation &op) {
    return llvm::TypeSwitch<Operation *, bool>(&op)
        .Case([&](tensor::EmptyOp empty) { return followEmpty(empty); })
        .Case([&](tensor::DimOp dim) { return followDim(dim); })
        .Case([&](linalg::LinalgOp structured) {
          return followStructured(structured);
        })
        .Case([&](tensor::CastOp cast) {
          if (std::optional<int64_t> dim = rowDim(cast.getSource()))
            rows[cast] = *dim;
          if (isUniform(cast.getSource()))
            uniform.insert(cast);
          return true;
        })
        .Case([&](tensor::ExpandShapeOp expand) {
          return followReshape(expand.getSrc(), expand.getResult(),
                               expand.getReassociationIndices(),
                               /*expands=*/true) &&
                 countsRowsAlone(expand, expand.getMixedOutputShape(),
                                 rowDim(expand.getResult()));
        })
        .Case([&](tensor::CollapseShapeOp collapse) {
          return followReshape(collapse.getSrc(), collapse.getResult(),
                               collapse.getReassociationIndices(),
                               /*expands=*/false);
        })
        .Case([&](tensor::ExtractSliceOp slice) { return followSlice(slice); })
        .Default([&](Operation *other) {
          if (other->hasTrait<OpTrait::IsTerminator>())
            return followReturn(*other);
          if (!readsRows(*other))
            return true;
          return followElementwise(*other);
        });
  }

  /// Their number as a size is room for rows.
  bool followEmpty(tensor::EmptyOp op) {
    for (auto [dim, size] : llvm::enumerate(op.getMixedSizes()))
      if (isCount(size) && !rows.try_emplace(op, dim).second)
        return false;
    if (!rows.contains(op))
      uniform.insert(op);
    return true;
  }

  bool followDim(tensor::DimOp op) {
    if (counts.contains(op.getIndex()))
      return false;
    std::optional<int64_t> dim = rowDim(op.getSource());
    if (!dim)
      return true;
    std::optional<int64_t> at = op.getConstantIndex();
    if (!at)
      return false;
    if (*at == *dim)
      counts.insert(op);
    return true;
  }

  /// The loop along rows reads rows alone, or what is the same everywhere, and
  /// goes in parallel.
  bool followStructured(linalg::LinalgOp op) {
    std::optional<unsigned> loop;
    for (OpOperand &operand : op->getOpOperands()) {
      std::optional<int64_t> dim = rowDim(operand.get());
      if (counts.contains(operand.get()))
        return false;
      if (!dim)
        continue;
      auto expr = dyn_cast<AffineDimExpr>(
          op.getMatchingIndexingMap(&operand).getResult(*dim));
      if (!expr || (loop && *loop != expr.getPosition()))
        return false;
      loop = expr.getPosition();
    }
    if (!loop) {
      bool fills = isa<linalg::FillOp>(op);
      for (Value result : op->getResults())
        if (fills)
          uniform.insert(result);
      // Numbers and rows that a region reads are no operands.
      return !readsRows(*op);
    }
    if (op.getIteratorTypesArray()[*loop] != utils::IteratorType::parallel)
      return false;
    for (OpOperand &operand : op->getOpOperands()) {
      std::optional<int64_t> dim = rowDim(operand.get());
      AffineMap map = op.getMatchingIndexingMap(&operand);
      for (auto [position, expr] : llvm::enumerate(map.getResults()))
        if (expr.isFunctionOfDim(*loop) &&
            (dim ? static_cast<int64_t>(position) != *dim
                 : !isUniform(operand.get())))
          return false;
    }
    WalkResult inner = op.getBlock()->walk([&](Operation *nested) {
      auto index = dyn_cast<linalg::IndexOp>(nested);
      bool reads = llvm::any_of(nested->getOperands(), [&](Value value) {
        return rows.contains(value) || counts.contains(value);
      });
      return reads || (index && index.getDim() == *loop)
                 ? WalkResult::interrupt()
                 : WalkResult::advance();
    });
    if (inner.wasInterrupted())
      return false;
    for (OpResult result : op->getResults()) {
      AffineMap map = op.getIndexingMapMatchingResult(result);
      for (auto [position, expr] : llvm::enumerate(map.getResults()))
        if (expr == getAffineDimExpr(*loop, op.getContext()))
          rows[result] = position;
      if (!rows.contains(result))
        return false;
    }
    return true;
  }

  /// Rows stay a dimension of their own.
  bool followReshape(Value from, Value to,
                     ArrayRef<ReassociationIndices> groups, bool expands) {
    std::optional<int64_t> dim = rowDim(from);
    if (!dim) {
      if (isUniform(from))
        uniform.insert(to);
      return true;
    }
    for (auto [collapsed, group] : llvm::enumerate(groups)) {
      int64_t old = expands ? static_cast<int64_t>(collapsed) : group.front();
      if (group.size() != 1 || old != *dim)
        continue;
      rows[to] = expands ? group.front() : static_cast<int64_t>(collapsed);
      return true;
    }
    return false;
  }

  /// All rows, of which a part of the columns.
  bool followSlice(tensor::ExtractSliceOp op) {
    std::optional<int64_t> dim = rowDim(op.getSource());
    if (!countsRowsAlone(op, op.getMixedSizes(), dim))
      return false;
    if (!dim) {
      if (isUniform(op.getSource()))
        uniform.insert(op);
      return true;
    }
    if (!isConstantIntValue(op.getMixedOffsets()[*dim], 0) ||
        !isConstantIntValue(op.getMixedStrides()[*dim], 1) ||
        !isCount(op.getMixedSizes()[*dim]))
      return false;
    llvm::SmallBitVector dropped = op.getDroppedDims();
    int64_t gone = 0;
    for (int64_t before = 0; before < *dim; ++before)
      gone += dropped.test(before);
    rows[op] = *dim - gone;
    return true;
  }

  bool followElementwise(Operation &op) {
    if (!OpTrait::hasElementwiseMappableTraits(&op))
      return false;
    std::optional<int64_t> along;
    for (Value operand : op.getOperands()) {
      std::optional<int64_t> dim = rowDim(operand);
      if (counts.contains(operand) || (!dim && !isUniform(operand)) ||
          (dim && along && *dim != *along))
        return false;
      if (dim)
        along = dim;
    }
    for (Value result : op.getResults())
      rows[result] = *along;
    return true;
  }

  bool followReturn(Operation &op) {
    return llvm::all_of(op.getOperands(), [&](Value value) {
      return rowDim(value) == 0 || isUniform(value);
    });
  }

  FunctionOpInterface function;
  /// The dimension along which a tensor has the rows.
  llvm::DenseMap<Value, int64_t> rows;
  /// Numbers of rows.
  llvm::DenseSet<Value> counts;
  llvm::DenseSet<Value> uniform;
};

} // namespace

std::string moe::whyNotRowLocal(FunctionOpInterface function) {
  return RowTrace(function).run();
}
