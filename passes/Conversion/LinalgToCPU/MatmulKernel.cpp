// Generates kernels that keep a tile of the result in registers.
#include "MatmulKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace moe;

namespace {

/// Bytes of a panel of B that the kernel runs through before it turns to the
/// next rows: half of a second cache of 512 KiB.
constexpr int64_t panelBytes = 256 << 10;
/// The last tile of a block takes up to this many rows more than the others, in
/// two halves of its columns. One or two rows by themselves would wait for the
/// whole panel to come from the second cache again.
constexpr int64_t extraRows = 2;

/// Builds one kernel. K is cut into parts that depend on the form alone; a part
/// of B is used by all rows before the next one.
///
///            w                     for each part of K
///        +-------+                   for each tile of rows
///      K |   B   |                     load the tile of C
///        +-------+                     for k: C[i] += A[i][k] * B[k]
///     +-+--------+                     store the tile
///   M |A|    C   |
///     +-+--------+
class KernelBuilder {
public:
  KernelBuilder(MLIRContext *context, Location loc, const KernelForm &form)
      : builder(context), loc(loc), form(form), tile(form.tile),
        vectorType(VectorType::get({tile.lanes}, builder.getF32Type())) {}

  func::FuncOp build(ModuleOp module, StringRef name);

private:
  /// Vectors [first, end) of a row of the tile.
  struct Columns {
    size_t first, end;
  };

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value add(Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  Value sub(Value a, Value b) {
    return arith::SubIOp::create(builder, loc, a, b);
  }
  void buildRows(Value begin, Value end);
  void buildTile(int64_t rows, Value row, Columns columns, Value begin,
                 Value end);
  Value loadB(Value step, size_t vector);
  Value spreadA(Value row, Value step);
  Value widen(Value value);
  Value multiplyAdd(Value a, Value b, Value sum);

  OpBuilder builder;
  Location loc;
  KernelForm form;
  RegisterTile tile;
  VectorType vectorType;
  Value a, b, c, zero;
  /// Of each vector of a row of C.
  SmallVector<Value> masks, columnIndices;
};

func::FuncOp KernelBuilder::build(ModuleOp module, StringRef name) {
  builder.setInsertionPointToEnd(module.getBody());
  SmallVector<Type> types = {getRowsType(form.a), getRowsType(form.b),
                             getRowsType(builder.getF32Type())};
  auto function = func::FuncOp::create(builder, loc, name,
                                       builder.getFunctionType(types, {}));
  function.setPrivate();
  function.setNoInline(true);
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  a = entry->getArgument(0);
  b = entry->getArgument(1);
  c = entry->getArgument(2);
  zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(vectorType));
  Value columnCount = memref::DimOp::create(builder, loc, c, 1);
  auto maskType = VectorType::get({tile.lanes}, builder.getI1Type());
  for (int64_t column = 0; column < tile.columns; column += tile.lanes) {
    columnIndices.push_back(index(column));
    Value rest = sub(columnCount, columnIndices.back());
    masks.push_back(vector::CreateMaskOp::create(builder, loc, maskType, rest));
  }

  // Steps along K: one row of B each.
  Value steps = memref::DimOp::create(builder, loc, b, 0);
  int64_t rowBytes =
      tile.columns * form.pair * form.b.getIntOrFloatBitWidth() / 8;
  Value part = index(std::max<int64_t>(panelBytes / rowBytes, 1));
  auto parts = scf::ForOp::create(builder, loc, index(0), steps, part);
  builder.setInsertionPointToStart(parts.getBody());
  Value begin = parts.getInductionVar();
  buildRows(begin,
            arith::MinSIOp::create(builder, loc, add(begin, part), steps));
  builder.setInsertionPointToEnd(entry);
  func::ReturnOp::create(builder, loc);
  return function;
}

/// All tiles of rows for steps [begin, end).
void KernelBuilder::buildRows(Value begin, Value end) {
  Value rowCount = memref::DimOp::create(builder, loc, c, 0);
  Value count = arith::CeilDivSIOp::create(
      builder, loc, sub(rowCount, index(extraRows)), index(tile.rows));
  count = arith::MaxSIOp::create(builder, loc, count, index(1));
  auto tiles = scf::ForOp::create(builder, loc, index(0), count, index(1));
  builder.setInsertionPointToStart(tiles.getBody());
  Value number = tiles.getInductionVar();
  Value row = arith::MulIOp::create(builder, loc, number, index(tile.rows));
  Value isLast = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                       add(number, index(1)), count);
  Value height = arith::SelectOp::create(builder, loc, isLast,
                                         sub(rowCount, row), index(tile.rows));

  auto cases = llvm::to_vector(llvm::seq<int64_t>(1, form.maxRows() + 1));
  auto choice = scf::IndexSwitchOp::create(builder, loc, TypeRange(), height,
                                           cases, cases.size());
  for (auto [region, rows] : llvm::zip(choice.getCaseRegions(), cases)) {
    builder.setInsertionPointToStart(&region.emplaceBlock());
    size_t all = masks.size(), half = rows > tile.rows ? all / 2 : all;
    for (size_t first = 0; first < all; first += half)
      buildTile(rows, row, {first, first + half}, begin, end);
    scf::YieldOp::create(builder, loc);
  }
  // A block without rows.
  builder.setInsertionPointToStart(&choice.getDefaultRegion().emplaceBlock());
  scf::YieldOp::create(builder, loc);
}

void KernelBuilder::buildTile(int64_t rows, Value row, Columns columns,
                              Value begin, Value end) {
  SmallVector<Value> rowIndices, sums;
  for (int64_t i = 0; i < rows; ++i) {
    rowIndices.push_back(i == 0 ? row : add(row, index(i)));
    for (size_t v = columns.first; v < columns.end; ++v)
      sums.push_back(vector::MaskedLoadOp::create(
          builder, loc, vectorType, c,
          ValueRange{rowIndices[i], columnIndices[v]}, masks[v], zero));
  }
  auto loop = scf::ForOp::create(builder, loc, begin, end, index(1), sums);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value step = loop.getInductionVar();
    SmallVector<Value> bRow, next;
    for (size_t v = columns.first; v < columns.end; ++v)
      bRow.push_back(loadB(step, v));
    for (Value rowIndex : rowIndices) {
      Value spread = spreadA(rowIndex, step);
      for (Value vector : bRow)
        next.push_back(
            multiplyAdd(spread, vector, loop.getRegionIterArgs()[next.size()]));
    }
    scf::YieldOp::create(builder, loc, next);
  }
  size_t next = 0;
  for (Value rowIndex : rowIndices)
    for (size_t v = columns.first; v < columns.end; ++v)
      vector::MaskedStoreOp::create(builder, loc, c,
                                    ValueRange{rowIndex, columnIndices[v]},
                                    masks[v], loop.getResult(next++));
}

/// Vector `vector` of row `step` of B: f32, or pairs of bf16.
Value KernelBuilder::loadB(Value step, size_t vector) {
  auto type = VectorType::get({tile.lanes * form.pair}, form.b);
  int64_t column = static_cast<int64_t>(vector) * tile.lanes * form.pair;
  SmallVector<Value> indices = {step, index(column)};
  Value loaded;
  if (form.masksB) {
    Value none =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    loaded = vector::MaskedLoadOp::create(builder, loc, type, b, indices,
                                          masks[vector], none);
  } else {
    loaded = vector::LoadOp::create(builder, loc, type, b, indices);
  }
  return form.pair == 1 ? widen(loaded) : loaded;
}

/// The elements of A in `row` that step `step` multiplies, in every lane.
Value KernelBuilder::spreadA(Value row, Value step) {
  if (form.pair == 1) {
    Value scalar =
        memref::LoadOp::create(builder, loc, a, ValueRange{row, step});
    return vector::BroadcastOp::create(builder, loc, vectorType, widen(scalar));
  }
  Value k = arith::MulIOp::create(builder, loc, step, index(form.pair));
  auto pairType = VectorType::get({form.pair}, form.a);
  Value pair =
      vector::LoadOp::create(builder, loc, pairType, a, ValueRange{row, k});
  Type word = builder.getI32Type();
  pair =
      vector::BitCastOp::create(builder, loc, VectorType::get({1}, word), pair);
  pair = vector::ExtractOp::create(builder, loc, pair, 0);
  pair = vector::BroadcastOp::create(builder, loc,
                                     VectorType::get({tile.lanes}, word), pair);
  return vector::BitCastOp::create(
      builder, loc, VectorType::get({tile.lanes * form.pair}, form.a), pair);
}

Value KernelBuilder::widen(Value value) {
  Type f32 = builder.getF32Type();
  if (getElementTypeOrSelf(value.getType()) == f32)
    return value;
  Type type = f32;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(f32);
  return arith::ExtFOp::create(builder, loc, type, value);
}

Value KernelBuilder::multiplyAdd(Value a, Value b, Value sum) {
  if (form.pair == 1)
    return vector::FMAOp::create(builder, loc, a, b, sum);
  return x86vector::DotBF16Op::create(builder, loc, vectorType, sum, a, b);
}

} // namespace

int64_t KernelForm::maxRows() const { return tile.rows + extraRows; }

MemRefType moe::getRowsType(Type element) {
  auto layout = StridedLayoutAttr::get(
      element.getContext(), ShapedType::kDynamic, {ShapedType::kDynamic, 1});
  return MemRefType::get({ShapedType::kDynamic, ShapedType::kDynamic}, element,
                         layout);
}

func::FuncOp moe::getMatmulKernel(ModuleOp module, const KernelForm &form) {
  auto nameOf = [](Type type) {
    return type.isF32() ? "f32" : type.isBF16() ? "bf16" : "f16";
  };
  std::string types = nameOf(form.a);
  if (form.b != form.a)
    types += std::string("_") + nameOf(form.b);
  std::string name = llvm::formatv(
      "moe_matmul_{0}_{1}x{2}_{3}{4}", types, form.tile.rows, form.tile.columns,
      form.masksB ? "rows" : "panel", form.pair == 1 ? "" : "_pairs");
  if (auto function = module.lookupSymbol<func::FuncOp>(name))
    return function;
  return KernelBuilder(module.getContext(), module.getLoc(), form)
      .build(module, name);
}
