// Generates kernels for few rows and a B whose rows lie along k.
#include "KernelBase.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

using namespace mlir;
using namespace moe;

namespace {

/// Rows of A that a row of B, once loaded, is multiplied with.
constexpr int64_t mostRows = 4;
/// Rows of B that all rows of A use before the next ones: they stay in the
/// first cache. Their addresses and those of A have a register each.
constexpr int64_t mostColumns = 8;
/// Lanes that shuffle without crossing to others on x86.
constexpr int64_t blockLanes = 4;

/// Sums in progress: lane i is part of sum owners[i].
struct Partial {
  Value vector;
  SmallVector<int64_t> owners;
};

/// Builds one kernel. Lanes run along k in A and in B, so that B is read as it
/// lies and once. Each product has a vector of sums; those of a tile become one
/// vector of their totals at the end of K.
///
///            K                      for each block of columns
///        +-------+                    for each tile of rows
///      8 |   B   | of N                 for k: sums[i][j] += A[i][k] * B[j][k]
///        +-------+                      C[i][j] += total of sums[i][j]
///      4 |   A   | of M
///        +-------+
class DotKernelBuilder : KernelBase {
public:
  using KernelBase::KernelBase;

  func::FuncOp build(ModuleOp module, StringRef name);

private:
  void buildBlock(Value column, int64_t columns);
  void buildRows(int64_t rows, Value row, Value column, int64_t columns);
  void buildTile(int64_t rows, Value row, int64_t columns, Value column);
  SmallVector<Value> buildStep(ArrayRef<Value> rows, ArrayRef<Value> columns,
                               Value k, Value mask, ValueRange sums);
  Value load(Value matrix, Type element, Value row, Value k, Value mask);
  Partial totals(ArrayRef<Value> sums);
  Partial fold(const Partial &u, const Partial &v, int64_t half);

  /// Elements along k of one vector of A or B.
  int64_t stepDepth = 0;
  /// K, and what whole vectors have of it.
  Value depth, whole;
};

func::FuncOp DotKernelBuilder::build(ModuleOp module, StringRef name) {
  func::FuncOp function = beginFunction(module, name);
  stepDepth = tile.lanes * form.pair;
  depth = size(a, 1);
  whole =
      sub(depth, arith::RemUIOp::create(builder, loc, depth, index(stepDepth)));
  int64_t columns = std::min(mostColumns, tile.lanes);
  Value blocks =
      sub(columnCount,
          arith::RemUIOp::create(builder, loc, columnCount, index(columns)));
  auto each = [&](Value from, Value to, int64_t step) {
    OpBuilder::InsertionGuard guard(builder);
    auto loop = scf::ForOp::create(builder, loc, from, to, index(step));
    builder.setInsertionPointToStart(loop.getBody());
    buildBlock(loop.getInductionVar(), step);
  };
  each(index(0), blocks, columns);
  each(blocks, columnCount, 1);
  return function;
}

/// All rows for `columns` columns from `column` on.
void DotKernelBuilder::buildBlock(Value column, int64_t columns) {
  Value rowCount = size(c, 0);
  Value rest = arith::RemUIOp::create(builder, loc, rowCount, index(mostRows));
  Value end = sub(rowCount, rest);
  {
    OpBuilder::InsertionGuard guard(builder);
    auto loop =
        scf::ForOp::create(builder, loc, index(0), end, index(mostRows));
    builder.setInsertionPointToStart(loop.getBody());
    buildRows(mostRows, loop.getInductionVar(), column, columns);
  }
  for (int64_t rows = mostRows / 2; rows > 0; rows /= 2) {
    Value bit = arith::AndIOp::create(builder, loc, rest, index(rows));
    Value isSet = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                        bit, index(0));
    auto branch = scf::IfOp::create(builder, loc, isSet);
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(branch.thenYield());
      buildRows(rows, end, column, columns);
    }
    end = add(end, bit);
  }
}

/// Tiles of as many columns as the sums of a vector allow.
void DotKernelBuilder::buildRows(int64_t rows, Value row, Value column,
                                 int64_t columns) {
  int64_t width = std::min(columns, tile.lanes / rows);
  OpBuilder::InsertionGuard guard(builder);
  auto loop =
      scf::ForOp::create(builder, loc, index(0), index(columns), index(width));
  builder.setInsertionPointToStart(loop.getBody());
  buildTile(rows, row, width, add(column, loop.getInductionVar()));
}

void DotKernelBuilder::buildTile(int64_t rows, Value row, int64_t columns,
                                 Value column) {
  SmallVector<Value> rowIndices, columnsOfB;
  for (int64_t i = 0; i < rows; ++i)
    rowIndices.push_back(add(row, index(i)));
  for (int64_t j = 0; j < columns; ++j)
    columnsOfB.push_back(add(column, index(j)));
  SmallVector<Value> zeros(rows * columns, zero);
  auto loop = scf::ForOp::create(builder, loc, index(0), whole,
                                 index(stepDepth), zeros);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(builder, loc,
                         buildStep(rowIndices, columnsOfB,
                                   loop.getInductionVar(), Value(),
                                   loop.getRegionIterArgs()));
  }
  // What K has beyond whole vectors.
  Value rest = sub(depth, whole);
  Value isLeft = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                       rest, index(0));
  auto branch = scf::IfOp::create(builder, loc, loop.getResultTypes(), isLeft,
                                  /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(branch.thenBlock());
    Value mask = vector::CreateMaskOp::create(
        builder, loc, VectorType::get({stepDepth}, builder.getI1Type()), rest);
    scf::YieldOp::create(
        builder, loc,
        buildStep(rowIndices, columnsOfB, whole, mask, loop.getResults()));
    builder.setInsertionPointToEnd(branch.elseBlock());
    scf::YieldOp::create(builder, loc, loop.getResults());
  }
  Partial found = totals(llvm::to_vector(ValueRange(branch.getResults())));
  auto type = VectorType::get({columns}, builder.getF32Type());
  for (int64_t i = 0; i < rows; ++i) {
    SmallVector<int64_t> lanes;
    for (int64_t j = 0; j < columns; ++j)
      lanes.push_back(llvm::find(found.owners, i * columns + j) -
                      found.owners.begin());
    Value sums = vector::ShuffleOp::create(builder, loc, found.vector,
                                           found.vector, lanes);
    SmallVector<Value> place = {rowIndices[i], column};
    Value old = vector::LoadOp::create(builder, loc, type, c, place);
    vector::StoreOp::create(
        builder, loc, arith::AddFOp::create(builder, loc, old, sums), c, place);
  }
}

/// Adds the products of one vector along k. With a mask only the lanes that it
/// has are read.
SmallVector<Value> DotKernelBuilder::buildStep(ArrayRef<Value> rows,
                                               ArrayRef<Value> columns, Value k,
                                               Value mask, ValueRange sums) {
  SmallVector<Value> next, ofB;
  for (Value column : columns)
    ofB.push_back(load(b, form.b, column, k, mask));
  for (Value row : rows) {
    Value ofA = load(a, form.a, row, k, mask);
    for (Value vector : ofB) {
      Value sum = sums[next.size()];
      if (form.pair == 1)
        next.push_back(vector::FMAOp::create(builder, loc, ofA, vector, sum));
      else
        next.push_back(x86vector::DotBF16Op::create(builder, loc, vectorType,
                                                    sum, ofA, vector));
    }
  }
  return next;
}

Value DotKernelBuilder::load(Value matrix, Type element, Value row, Value k,
                             Value mask) {
  auto type = VectorType::get({stepDepth}, element);
  SmallVector<Value> place = {row, k};
  Value loaded;
  if (mask) {
    Value none =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    loaded = vector::MaskedLoadOp::create(builder, loc, type, matrix, place,
                                          mask, none);
  } else {
    loaded = vector::LoadOp::create(builder, loc, type, matrix, place);
  }
  return form.pair == 1 ? widen(loaded) : loaded;
}

/// Adds lanes up until each belongs to one total. Two vectors become one as
/// often as possible: lanes that are done with would be idle.
Partial DotKernelBuilder::totals(ArrayRef<Value> sums) {
  SmallVector<Partial> left;
  for (auto [number, sum] : llvm::enumerate(sums))
    left.push_back({sum, SmallVector<int64_t>(tile.lanes, number)});
  for (int64_t half = tile.lanes / 2; half > 0; half /= 2) {
    SmallVector<Partial> next;
    if (left.size() == 1)
      next.push_back(fold(left[0], left[0], half));
    for (size_t i = 0; i + 1 < left.size(); i += 2)
      next.push_back(fold(left[i], left[i + 1], half));
    left = std::move(next);
  }
  return left[0];
}

/// Adds the two halves, of `half` lanes, of each sum's lanes in u and v; the
/// result has the sums of both. Halves stay in their block where they can.
Partial DotKernelBuilder::fold(const Partial &u, const Partial &v,
                               int64_t half) {
  int64_t lanes = tile.lanes;
  int64_t block = 2 * half > blockLanes ? lanes : std::min(blockLanes, lanes);
  SmallVector<int64_t> low;
  for (int64_t begin = 0; begin < lanes; begin += block)
    for (int64_t source : {int64_t(0), lanes})
      for (int64_t lane = begin; lane < begin + block; ++lane)
        if ((lane & half) == 0)
          low.push_back(source + lane);
  SmallVector<int64_t> high =
      llvm::map_to_vector(low, [&](int64_t lane) { return lane + half; });
  Partial result;
  for (int64_t lane : low)
    result.owners.push_back(lane < lanes ? u.owners[lane]
                                         : v.owners[lane - lanes]);
  result.vector = arith::AddFOp::create(
      builder, loc,
      vector::ShuffleOp::create(builder, loc, u.vector, v.vector, low),
      vector::ShuffleOp::create(builder, loc, u.vector, v.vector, high));
  return result;
}

} // namespace

func::FuncOp moe::buildDotKernel(ModuleOp module, const KernelForm &form,
                                 StringRef name) {
  return DotKernelBuilder(module.getContext(), module.getLoc(), form)
      .build(module, name);
}
