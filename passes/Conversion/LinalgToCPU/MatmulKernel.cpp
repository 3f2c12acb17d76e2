// Lowers contractions to loops around a kernel that keeps a tile of the result
// in registers.
#include "CPULoops.h"
#include "Contraction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;

namespace {

/// Rows of C that one task computes: enough to use a panel of B many times,
/// few enough that their part of A stays in the second cache.
constexpr int64_t taskRowTiles = 20;
/// Bytes of a panel of B that the kernel runs through before it turns to the
/// next rows: half of a second cache of 512 KiB.
constexpr int64_t panelBytes = 256 << 10;
/// Multiply-adds that take as long as one scalar operation.
constexpr int64_t parallelOperations = 8;
/// Fewer rows than this do not pay for rearranging B.
constexpr int64_t minRowsToPack = 4;

MemRefType rowsType(MLIRContext *context) {
  auto layout = StridedLayoutAttr::get(context, ShapedType::kDynamic,
                                       {ShapedType::kDynamic, 1});
  return MemRefType::get({ShapedType::kDynamic, ShapedType::kDynamic},
                         Float32Type::get(context), layout);
}

/// Builds the function
///   kernel(A: [M, K], B: [K, w], C: [M, n]):  C += A * B[:, 0:n],  n <= w
/// for w = tile.columns. K is cut into parts that depend on the tile alone; a
/// part of B is used by all rows before the next one.
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
  KernelBuilder(MLIRContext *context, Location loc, const RegisterTile &tile,
                bool maskB)
      : builder(context), loc(loc), tile(tile), maskB(maskB),
        vectorType(VectorType::get({tile.lanes}, builder.getF32Type())) {}

  func::FuncOp build(ModuleOp module, StringRef name);

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value add(Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  void buildTile(int64_t rows, Value row, Value kBegin, Value kEnd);

  OpBuilder builder;
  Location loc;
  RegisterTile tile;
  bool maskB;
  VectorType vectorType;
  Value a, b, c, zero;
  SmallVector<Value> masks, columns;
};

func::FuncOp KernelBuilder::build(ModuleOp module, StringRef name) {
  builder.setInsertionPointToEnd(module.getBody());
  Type type = rowsType(builder.getContext());
  auto function = func::FuncOp::create(
      builder, loc, name, builder.getFunctionType({type, type, type}, {}));
  function.setPrivate();
  function.setNoInline(true);
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  a = entry->getArgument(0);
  b = entry->getArgument(1);
  c = entry->getArgument(2);
  zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(vectorType));
  Value c0 = index(0);
  Value rowCount = memref::DimOp::create(builder, loc, c, 0);
  Value columnCount = memref::DimOp::create(builder, loc, c, 1);
  Value depth = memref::DimOp::create(builder, loc, a, 1);
  auto maskType = VectorType::get({tile.lanes}, builder.getI1Type());
  for (int64_t column = 0; column < tile.columns; column += tile.lanes) {
    columns.push_back(index(column));
    Value rest =
        arith::SubIOp::create(builder, loc, columnCount, columns.back());
    masks.push_back(vector::CreateMaskOp::create(builder, loc, maskType, rest));
  }

  Value part = index(std::max<int64_t>(panelBytes / (tile.columns * 4), 1));
  auto parts = scf::ForOp::create(builder, loc, c0, depth, part);
  builder.setInsertionPointToStart(parts.getBody());
  Value kBegin = parts.getInductionVar();
  Value kEnd = arith::MinSIOp::create(builder, loc, add(kBegin, part), depth);
  auto rows = scf::ForOp::create(builder, loc, c0, rowCount, index(tile.rows));
  builder.setInsertionPointToStart(rows.getBody());
  Value row = rows.getInductionVar();
  Value rest = arith::SubIOp::create(builder, loc, rowCount, row);
  rest = arith::MinSIOp::create(builder, loc, rest, index(tile.rows));
  SmallVector<int64_t> cases;
  for (int64_t height = tile.rows; height > 1; --height)
    cases.push_back(height);
  auto choice = scf::IndexSwitchOp::create(builder, loc, TypeRange(), rest,
                                           cases, cases.size());
  auto fill = [&](Region &region, int64_t height) {
    builder.setInsertionPointToStart(&region.emplaceBlock());
    buildTile(height, row, kBegin, kEnd);
    scf::YieldOp::create(builder, loc);
  };
  for (auto [region, height] : llvm::zip(choice.getCaseRegions(), cases))
    fill(region, height);
  fill(choice.getDefaultRegion(), 1);
  builder.setInsertionPointToEnd(entry);
  func::ReturnOp::create(builder, loc);
  return function;
}

void KernelBuilder::buildTile(int64_t rows, Value row, Value kBegin,
                              Value kEnd) {
  SmallVector<Value> rowIndices, accumulators;
  for (int64_t i = 0; i < rows; ++i) {
    rowIndices.push_back(i == 0 ? row : add(row, index(i)));
    for (auto [column, mask] : llvm::zip(columns, masks))
      accumulators.push_back(vector::MaskedLoadOp::create(
          builder, loc, vectorType, c, ValueRange{rowIndices[i], column}, mask,
          zero));
  }
  auto loop =
      scf::ForOp::create(builder, loc, kBegin, kEnd, index(1), accumulators);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value k = loop.getInductionVar();
    SmallVector<Value> bRow;
    for (auto [column, mask] : llvm::zip(columns, masks)) {
      SmallVector<Value> indices = {k, column};
      bRow.push_back(
          maskB ? vector::MaskedLoadOp::create(builder, loc, vectorType, b,
                                               indices, mask, zero)
                      .getResult()
                : vector::LoadOp::create(builder, loc, vectorType, b, indices)
                      .getResult());
    }
    SmallVector<Value> sums;
    for (int64_t i = 0; i < rows; ++i) {
      Value scalar =
          memref::LoadOp::create(builder, loc, a, ValueRange{rowIndices[i], k});
      Value spread =
          vector::BroadcastOp::create(builder, loc, vectorType, scalar);
      for (Value vector : bRow)
        sums.push_back(
            vector::FMAOp::create(builder, loc, spread, vector,
                                  loop.getRegionIterArgs()[sums.size()]));
    }
    scf::YieldOp::create(builder, loc, sums);
  }
  size_t next = 0;
  for (Value rowIndex : rowIndices)
    for (auto [column, mask] : llvm::zip(columns, masks))
      vector::MaskedStoreOp::create(builder, loc, c,
                                    ValueRange{rowIndex, column}, mask,
                                    loop.getResult(next++));
}

func::FuncOp kernelFor(ModuleOp module, const RegisterTile &tile, bool maskB) {
  std::string name = llvm::formatv("moe_matmul_f32_{0}x{1}{2}", tile.rows,
                                   tile.columns, maskB ? "_rows" : "_panel");
  if (auto function = module.lookupSymbol<func::FuncOp>(name))
    return function;
  return KernelBuilder(module.getContext(), module.getLoc(), tile, maskB)
      .build(module, name);
}

/// The place of a dimension in the memory of an operand.
bool hasUnitStride(Value operand, unsigned position) {
  int64_t offset;
  SmallVector<int64_t> strides;
  auto type = cast<MemRefType>(operand.getType());
  return succeeded(type.getStridesAndOffset(strides, offset)) &&
         strides[position] == 1;
}

/// Builds the loops of one contraction.
class Lowering {
public:
  Lowering(OpBuilder &builder, const Contraction &contraction,
           const RegisterTile &tile, int64_t grain)
      : builder(builder), contraction(contraction), op(contraction.op),
        loc(op.getLoc()), tile(tile), grain(grain) {}

  LogicalResult run();

private:
  enum class Form {
    /// B is packed in panels of the tile's width.
    Panels,
    /// Rows of B along n are contiguous.
    Rows,
    /// Rows of B along k are: panels are made on the way.
    Transposed
  };
  std::optional<Form> form() const;
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value mul(Value x, Value y) { return buildMul(builder, loc, x, y); }
  Value add(Value x, Value y) {
    return arith::AddIOp::create(builder, loc, x, y);
  }
  Value ceilDiv(Value x, int64_t y);
  Value sizeOf(OpOperand *operand, unsigned dim) {
    return buildDim(builder, loc, operand->get(),
                    *positionOf(contraction.map(operand), dim));
  }
  Value matrix(OpOperand *operand, unsigned rowDim, Value row, Value rows,
               unsigned columnDim, Value column, Value columnCount);
  void buildKernelLoops(Form form);
  void buildTask(Form form, Value task, Value scratch);
  Value packPanel(Value column, Value columnCount, Value scratch);

  OpBuilder &builder;
  const Contraction &contraction;
  linalg::GenericOp op;
  Location loc;
  RegisterTile tile;
  int64_t grain;
  /// The m dimension that tiles run along, and the loops outside of it.
  unsigned rowDim = 0;
  SmallVector<unsigned> outer;
  SmallVector<Value> outerSizes, ivs;
  Value rowCount, columnCount, depth, panels, blocks, blockRows;
};

std::optional<Lowering::Form> Lowering::form() const {
  auto last = [&](OpOperand *operand, unsigned dim) {
    AffineMap map = contraction.map(operand);
    std::optional<unsigned> position = positionOf(map, dim);
    return position && *position + 1 == map.getNumResults() &&
           hasUnitStride(operand->get(), *position);
  };
  if (!last(contraction.a, contraction.k) ||
      !last(contraction.c, contraction.n))
    return std::nullopt;
  if (contraction.panel != 0) {
    auto type = cast<MemRefType>(contraction.b->get().getType());
    bool fits = contraction.panel == tile.columns &&
                hasUnitStride(contraction.b->get(), type.getRank() - 1);
    return fits ? std::optional(Form::Panels) : std::nullopt;
  }
  if (last(contraction.b, contraction.n))
    return Form::Rows;
  if (last(contraction.b, contraction.k))
    return Form::Transposed;
  return std::nullopt;
}

Value Lowering::ceilDiv(Value x, int64_t y) {
  if (std::optional<int64_t> constant = constantIndex(x))
    return index(llvm::divideCeil(*constant, y));
  return arith::CeilDivUIOp::create(builder, loc, x, index(y));
}

/// The part of an operand that the current outer indices select, from (row,
/// column) on, as a matrix.
Value Lowering::matrix(OpOperand *operand, unsigned rowDim, Value row,
                       Value rows, unsigned columnDim, Value column,
                       Value columnCount) {
  AffineMap map = contraction.map(operand);
  OpFoldResult one = builder.getIndexAttr(1);
  SmallVector<OpFoldResult> offsets, sizes;
  for (AffineExpr expr : map.getResults()) {
    unsigned dim = cast<AffineDimExpr>(expr).getPosition();
    bool isRow = dim == rowDim, isColumn = dim == columnDim;
    offsets.push_back(isRow ? row : isColumn ? column : ivs[dim]);
    sizes.push_back(isRow      ? OpFoldResult(rows)
                    : isColumn ? OpFoldResult(columnCount)
                               : one);
  }
  SmallVector<OpFoldResult> strides(offsets.size(), one);
  auto type = memref::SubViewOp::inferRankReducedResultType(
      {ShapedType::kDynamic, ShapedType::kDynamic},
      cast<MemRefType>(operand->get().getType()), offsets, sizes, strides);
  Value view = memref::SubViewOp::create(builder, loc, type, operand->get(),
                                         offsets, sizes, strides);
  return memref::CastOp::create(builder, loc, rowsType(builder.getContext()),
                                view);
}

LogicalResult Lowering::run() {
  std::optional<Form> form = this->form();
  if (!form)
    return failure();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);

  // Tiles run along the row dimension that lies closest to the columns of C.
  AffineMap c = contraction.map(contraction.c);
  rowDim = *llvm::max_element(contraction.m, [&](unsigned x, unsigned y) {
    return *positionOf(c, x) < *positionOf(c, y);
  });
  for (unsigned dim : contraction.batch)
    outer.push_back(dim);
  for (unsigned dim : contraction.m)
    if (dim != rowDim)
      outer.push_back(dim);
  llvm::sort(outer);
  for (unsigned dim : outer)
    outerSizes.push_back(sizeOf(contraction.c, dim));
  rowCount = sizeOf(contraction.c, rowDim);
  columnCount = sizeOf(contraction.c, contraction.n);
  depth = sizeOf(contraction.a, contraction.k);

  if (form != Form::Transposed || constantIndex(rowCount) >= minRowsToPack) {
    buildKernelLoops(*form);
  } else {
    Value enough =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::uge, rowCount,
                              index(minRowsToPack));
    auto branch = scf::IfOp::create(builder, loc, enough, /*else=*/true);
    builder.setInsertionPoint(branch.thenYield());
    buildKernelLoops(*form);
    builder.setInsertionPoint(branch.elseYield());
    lowerToLoops(builder, cast<linalg::LinalgOp>(builder.clone(*op)), grain);
  }
  op.erase();
  return success();
}

void Lowering::buildKernelLoops(Form form) {
  panels = ceilDiv(columnCount, tile.columns);
  // A panel that is made on the way is used for all rows at once.
  if (form == Form::Transposed) {
    blockRows = rowCount;
    blocks = index(1);
  } else {
    int64_t rows = taskRowTiles * tile.rows;
    blockRows = index(rows);
    blocks = ceilDiv(rowCount, rows);
  }
  Value total = mul(panels, blocks);
  for (Value size : outerSizes)
    total = mul(total, size);
  Value rowsOfTask =
      form == Form::Transposed
          ? rowCount
          : Value(arith::MinUIOp::create(builder, loc, rowCount, blockRows));
  Value work =
      mul(mul(rowsOfTask, depth), index(tile.columns / parallelOperations));
  buildChunks(builder, loc, total, work, grain,
              [&](OpBuilder &, Value lower, Value upper) {
                Value scratch;
                if (form == Form::Transposed)
                  scratch = memref::AllocOp::create(
                      builder, loc,
                      MemRefType::get({ShapedType::kDynamic, tile.columns},
                                      builder.getF32Type()),
                      depth, builder.getI64IntegerAttr(64));
                auto loop =
                    scf::ForOp::create(builder, loc, lower, upper, index(1));
                {
                  OpBuilder::InsertionGuard guard(builder);
                  builder.setInsertionPointToStart(loop.getBody());
                  buildTask(form, loop.getInductionVar(), scratch);
                }
                if (scratch)
                  memref::DeallocOp::create(builder, loc, scratch);
              });
}

/// Task = ((outer..., panel), block): neighbours share a panel of B.
void Lowering::buildTask(Form form, Value task, Value scratch) {
  ivs.assign(op.getNumLoops(), Value());
  auto split = [&](Value size) -> Value {
    if (constantIndex(size) == 1)
      return index(0);
    Value rest = arith::RemUIOp::create(builder, loc, task, size);
    task = arith::DivUIOp::create(builder, loc, task, size);
    return rest;
  };
  Value block = split(blocks);
  Value panel = split(panels);
  for (auto [dim, size] : llvm::reverse(llvm::zip_equal(outer, outerSizes)))
    ivs[dim] = split(size);

  Value zero = index(0);
  Value row = mul(block, blockRows);
  Value rows = arith::MinUIOp::create(
      builder, loc, arith::SubIOp::create(builder, loc, rowCount, row),
      blockRows);
  Value column = mul(panel, index(tile.columns));
  Value columns = arith::MinUIOp::create(
      builder, loc, arith::SubIOp::create(builder, loc, columnCount, column),
      index(tile.columns));
  Value a =
      matrix(contraction.a, rowDim, row, rows, contraction.k, zero, depth);
  Value c =
      matrix(contraction.c, rowDim, row, rows, contraction.n, column, columns);
  Value b;
  if (form == Form::Panels) {
    auto type = cast<MemRefType>(contraction.b->get().getType());
    OpFoldResult one = builder.getIndexAttr(1), first = builder.getIndexAttr(0);
    SmallVector<OpFoldResult> offsets, sizes;
    for (AffineExpr expr :
         contraction.map(contraction.b).getResults().drop_back(3)) {
      offsets.push_back(ivs[cast<AffineDimExpr>(expr).getPosition()]);
      sizes.push_back(one);
    }
    offsets.append({panel, first, first});
    sizes.append(
        {one, OpFoldResult(depth), builder.getIndexAttr(tile.columns)});
    SmallVector<OpFoldResult> strides(offsets.size(), one);
    auto view = memref::SubViewOp::inferRankReducedResultType(
        {ShapedType::kDynamic, tile.columns}, type, offsets, sizes, strides);
    b = memref::SubViewOp::create(builder, loc, view, contraction.b->get(),
                                  offsets, sizes, strides);
    b = memref::CastOp::create(builder, loc, rowsType(builder.getContext()), b);
  } else if (form == Form::Rows) {
    b = matrix(contraction.b, contraction.k, zero, depth, contraction.n, column,
               columns);
  } else {
    b = packPanel(column, columns, scratch);
  }
  func::FuncOp kernel = kernelFor(op->getParentOfType<ModuleOp>(), tile,
                                  /*maskB=*/form == Form::Rows);
  func::CallOp::create(builder, loc, kernel, ValueRange{a, b, c});
}

/// Copies columns [column, column + columnCount) of B, which lie along k, to
/// the rows of a panel. What is beyond stays as it is: the kernel stores only
/// columnCount columns.
Value Lowering::packPanel(Value column, Value columnCount, Value scratch) {
  Value zero = index(0), one = index(1);
  Value source = matrix(contraction.b, contraction.n, column, columnCount,
                        contraction.k, zero, depth);
  OpBuilder::InsertionGuard guard(builder);
  auto columnLoop = scf::ForOp::create(builder, loc, zero, columnCount, one);
  builder.setInsertionPointToStart(columnLoop.getBody());
  auto depthLoop = scf::ForOp::create(builder, loc, zero, depth, one);
  builder.setInsertionPointToStart(depthLoop.getBody());
  Value n = columnLoop.getInductionVar(), k = depthLoop.getInductionVar();
  Value element =
      memref::LoadOp::create(builder, loc, source, ValueRange{n, k});
  memref::StoreOp::create(builder, loc, element, scratch, ValueRange{k, n});
  builder.setInsertionPointAfter(columnLoop);
  return memref::CastOp::create(builder, loc, rowsType(builder.getContext()),
                                scratch);
}

} // namespace

LogicalResult moe::lowerContraction(OpBuilder &builder,
                                    const Contraction &contraction,
                                    const RegisterTile &tile, int64_t grain) {
  return Lowering(builder, contraction, tile, grain).run();
}
