// Lowers contractions to loops around kernels.
#include "CPULoops.h"
#include "MatmulKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;

namespace {

/// Multiply-adds that take as long as one scalar operation.
constexpr int64_t parallelOperations = 8;
/// Fewer rows than this do not pay for rearranging B.
constexpr int64_t minRowsToPack = 48;
/// The same where the alternative is loops without a kernel.
constexpr int64_t minNarrowRowsToPack = 4;

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
           const VectorUnit &unit, int64_t grain)
      : builder(builder), contraction(contraction), op(contraction.op),
        loc(op.getLoc()), unit(unit), tile(unit.tile()), grain(grain) {}

  LogicalResult run();

private:
  linalg::GenericOp findFill() const;
  enum class Layout {
    /// B is packed in panels of the tile's width.
    Panels,
    /// Rows of B along n are contiguous.
    Rows,
    /// Rows of B along k are: panels are made on the way.
    Transposed,
    /// The same, read as they are for few rows.
    Dots
  };
  std::optional<Layout> layout() const;
  /// True where pairs along k are multiplied by one instruction.
  bool hasPairs() const {
    return unit.bf16Dot && contraction.elementOf(contraction.a).isBF16() &&
           (contraction.codes || contraction.elementOf(contraction.b).isBF16());
  }
  bool hasHalves() const {
    return unit.hasHalves(
        contraction.elementOf(contraction.a),
        contraction.elementOf(contraction.b),
        linalg::GenericOp(op).getStaticLoopRanges()[contraction.k],
        contraction.digitDepth());
  }
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
  Value part(Value matrix, std::array<Value, 2> offsets,
             std::array<Value, 2> sizes);
  void buildTransposed();
  void buildKernelLoops();
  void buildTask(Value task, Value scratch);
  void buildFill(Value c, Value rows, Value columns);
  Value panelOf(OpOperand *operand, size_t rank, Value panel);
  void call(const KernelForm &form, ValueRange operands);
  void callWithTiles(KernelForm form, Value rows, ArrayRef<Value> operands);
  void callWithParts(KernelForm form, Value row, Value rows, Value columns,
                     SmallVector<Value> operands);
  void callByHalves(const KernelForm &form, Value rows, Value columns,
                    ArrayRef<Value> operands);
  KernelForm kernelForm() const;
  Value allocatePanel();
  Value packPanel(Value column, Value columnCount, Value scratch);

  OpBuilder &builder;
  const Contraction &contraction;
  linalg::GenericOp op;
  Location loc;
  VectorUnit unit;
  RegisterTile tile;
  int64_t grain;
  Layout bLayout = Layout::Panels;
  /// Elements along k that lie side by side in the panels of B.
  int64_t pair = 1;
  /// The m dimension that tiles run along, and the loops outside of it.
  unsigned rowDim = 0;
  SmallVector<unsigned> outer;
  SmallVector<Value> outerSizes, ivs;
  Value rowCount, columnCount, depth, panels, blocks, blockRows;
  /// What C is before, where tasks are to store that in their part.
  linalg::GenericOp fill;
  Value fillValue;
};

std::optional<Lowering::Layout> Lowering::layout() const {
  auto last = [&](OpOperand *operand, unsigned dim) {
    AffineMap map = contraction.map(operand);
    std::optional<unsigned> position = positionOf(map, dim);
    return position && *position + 1 == map.getNumResults() &&
           hasUnitStride(operand->get(), *position);
  };
  if (!last(contraction.a, contraction.k) ||
      !last(contraction.c, contraction.n))
    return std::nullopt;
  if (const PanelLayout &panels = contraction.panels) {
    auto isDense = [](OpOperand *operand) {
      auto type = cast<MemRefType>(operand->get().getType());
      return hasUnitStride(operand->get(), type.getRank() - 1);
    };
    bool fits = panels.width == tile.columns && isDense(contraction.b) &&
                (!panels.hasPairs() || hasPairs()) &&
                (!panels.hasHalves() || hasHalves()) &&
                (panels.lanes == 0 || panels.lanes == tile.lanes);
    return fits ? std::optional(Layout::Panels) : std::nullopt;
  }
  if (last(contraction.b, contraction.n))
    return Layout::Rows;
  if (last(contraction.b, contraction.k))
    return Layout::Transposed;
  return std::nullopt;
}

Value Lowering::ceilDiv(Value x, int64_t y) {
  if (std::optional<int64_t> constant = constantIndex(x))
    return index(llvm::divideCeil(*constant, y));
  return arith::CeilDivUIOp::create(builder, loc, x, index(y));
}

/// A part of a matrix.
Value Lowering::part(Value matrix, std::array<Value, 2> offsets,
                     std::array<Value, 2> sizes) {
  OpFoldResult one = builder.getIndexAttr(1);
  return memref::SubViewOp::create(
      builder, loc, matrix, ArrayRef<OpFoldResult>{offsets[0], offsets[1]},
      ArrayRef<OpFoldResult>{sizes[0], sizes[1]},
      ArrayRef<OpFoldResult>{one, one});
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
  return memref::CastOp::create(builder, loc,
                                getRowsType(type.getElementType()), view);
}

/// The op that stores one value all over C, where nobody else can tell when it
/// does: C is memory of its own that nothing but this reads or writes before.
linalg::GenericOp Lowering::findFill() const {
  Value c = contraction.c->get();
  auto alloc = c.getDefiningOp<memref::AllocOp>();
  if (!alloc || alloc->getBlock() != op->getBlock())
    return nullptr;
  linalg::GenericOp found;
  for (OpOperand &use : c.getUses()) {
    Operation *user = op->getBlock()->findAncestorOpInBlock(*use.getOwner());
    if (&use == contraction.c || isa<memref::DimOp>(use.getOwner()) ||
        (user && op->isBeforeInBlock(user)))
      continue;
    auto generic = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (found || generic != user || !generic || generic == op)
      return nullptr;
    found = generic;
  }
  if (!found || found.getNumDpsInputs() != 0 || found.getNumDpsInits() != 1 ||
      !llvm::hasSingleElement(*found.getBody()) ||
      !found.getIndexingMapsArray().front().isPermutation() ||
      isa<BlockArgument>(found.getBody()->getTerminator()->getOperand(0)))
    return nullptr;
  return found;
}

LogicalResult Lowering::run() {
  std::optional<Layout> found = layout();
  if (!found)
    return failure();
  bLayout = *found;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);

  // Tiles run along the row dimension that lies closest to the columns of C,
  // of those that have more than one row.
  AffineMap c = contraction.map(contraction.c);
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  rowDim = *llvm::max_element(contraction.m, [&](unsigned x, unsigned y) {
    return std::pair(ranges[x] != 1, *positionOf(c, x)) <
           std::pair(ranges[y] != 1, *positionOf(c, y));
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

  // A pass of its own over C would bring it to a cache and back before.
  fill = findFill();
  if (fill)
    fillValue = fill.getBody()->getTerminator()->getOperand(0);

  bool inPairs = contraction.panels.depth() != 1;
  pair = inPairs && hasPairs() ? 2 : 1;

  if (bLayout == Layout::Transposed)
    buildTransposed();
  else
    buildKernelLoops();
  op.erase();
  if (fill)
    fill.erase();
  return success();
}

/// Few rows are multiplied with B as it lies.
void Lowering::buildTransposed() {
  auto build = [&](Layout layout) {
    bLayout = layout;
    pair = hasPairs() && (layout == Layout::Dots ||
                          constantIndex(depth).value_or(1) % 2 == 0)
               ? 2
               : 1;
    buildKernelLoops();
  };
  // Masked loads of narrow floats that the CPU does not know become calls.
  bool sumsLanes =
      hasPairs() || (contraction.elementOf(contraction.a).isF32() &&
                     contraction.elementOf(contraction.b).isF32());
  int64_t least = sumsLanes ? minRowsToPack : minNarrowRowsToPack;
  auto buildFew = [&] {
    if (sumsLanes)
      return build(Layout::Dots);
    if (fill)
      lowerToLoops(builder, cast<linalg::LinalgOp>(builder.clone(*fill)),
                   grain);
    lowerToLoops(builder, cast<linalg::LinalgOp>(builder.clone(*op)), grain);
  };
  if (std::optional<int64_t> rows = constantIndex(rowCount))
    return *rows >= least ? build(Layout::Transposed) : buildFew();
  Value enough = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::uge,
                                       rowCount, index(least));
  auto branch = scf::IfOp::create(builder, loc, enough, /*else=*/true);
  builder.setInsertionPoint(branch.thenYield());
  build(Layout::Transposed);
  builder.setInsertionPoint(branch.elseYield());
  buildFew();
}

void Lowering::buildKernelLoops() {
  panels = ceilDiv(columnCount, tile.columns);
  // A panel that is made on the way, or read in place, is used for all rows at
  // once.
  bool takesAllRows = bLayout == Layout::Transposed || bLayout == Layout::Dots;
  if (takesAllRows) {
    blockRows = rowCount;
    blocks = index(1);
  } else {
    RowCut cut = contraction.hasParts
                     ? unit.partsCut()
                     : unit.rowCut(contraction.elementOf(contraction.a));
    int64_t rows = cut.task();
    blockRows = index(rows);
    blocks = ceilDiv(rowCount, rows);
  }
  Value total = mul(panels, blocks);
  for (Value size : outerSizes)
    total = mul(total, size);
  Value rowsOfTask =
      takesAllRows
          ? rowCount
          : Value(arith::MinUIOp::create(builder, loc, rowCount, blockRows));
  Value work =
      mul(mul(rowsOfTask, depth), index(tile.columns / parallelOperations));
  buildChunks(builder, loc, total, work, grain,
              [&](OpBuilder &, Value lower, Value upper) {
                Value scratch;
                if (bLayout == Layout::Transposed)
                  scratch = allocatePanel();
                auto loop =
                    scf::ForOp::create(builder, loc, lower, upper, index(1));
                {
                  OpBuilder::InsertionGuard guard(builder);
                  builder.setInsertionPointToStart(loop.getBody());
                  buildTask(loop.getInductionVar(), scratch);
                }
                if (scratch)
                  memref::DeallocOp::create(builder, loc, scratch);
              });
}

/// Task = ((outer..., panel), block): neighbours share a panel of B.
void Lowering::buildTask(Value task, Value scratch) {
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
  if (fill)
    buildFill(c, rows, columns);
  SmallVector<Value> operands = {a, Value(), c};
  switch (bLayout) {
  case Layout::Panels:
    operands[1] = panelOf(contraction.b, contraction.panels.rank(), panel);
    break;
  case Layout::Rows:
    operands[1] = matrix(contraction.b, contraction.k, zero, depth,
                         contraction.n, column, columns);
    break;
  case Layout::Transposed:
    operands[1] = packPanel(column, columns, scratch);
    break;
  case Layout::Dots:
    operands[1] = matrix(contraction.b, contraction.n, column, columns,
                         contraction.k, zero, depth);
    break;
  }
  if (contraction.scale)
    operands.push_back(panelOf(contraction.scale, 3, panel));
  if (contraction.zero)
    operands.push_back(panelOf(
        contraction.zero, contraction.panels.ofZeroPoints().rank(), panel));
  KernelForm form = kernelForm();
  if (pair == 2 && !form.sumsLanes && unit.hasTiles(form.a) &&
      contraction.fitsTiles())
    callWithTiles(form, rows, operands);
  else if (contraction.hasParts && unit.hasParts(form.a, form.b))
    callWithParts(form, row, rows, columns, operands);
  else if (form.hasHalves)
    callByHalves(form, rows, columns, operands);
  else
    call(form, operands);
}

void Lowering::buildFill(Value c, Value rows, Value columns) {
  Value zero = index(0), one = index(1);
  OpBuilder::InsertionGuard guard(builder);
  auto rowLoop = scf::ForOp::create(builder, loc, zero, rows, one);
  builder.setInsertionPointToStart(rowLoop.getBody());
  auto columnLoop = scf::ForOp::create(builder, loc, zero, columns, one);
  builder.setInsertionPointToStart(columnLoop.getBody());
  memref::StoreOp::create(
      builder, loc, fillValue, c,
      ValueRange{rowLoop.getInductionVar(), columnLoop.getInductionVar()});
}

void Lowering::call(const KernelForm &form, ValueRange operands) {
  func::FuncOp kernel = getMatmulKernel(op->getParentOfType<ModuleOp>(), form);
  func::CallOp::create(builder, loc, kernel, operands);
}

/// Rows that fill two tiles would read a panel twice, from memory and from a
/// cache: a tile of twice as many rows and half as many columns reads each half
/// once.
void Lowering::callByHalves(const KernelForm &form, Value rows, Value columns,
                            ArrayRef<Value> operands) {
  KernelForm half = form;
  half.hasHalves = false;
  half.tile = {2 * tile.rows, tile.columns / 2, tile.lanes};
  half.fillsTile = true;
  int64_t least = half.leastRows();
  Value above = arith::SubIOp::create(builder, loc, rows, index(least));
  Value fills = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule,
                                      above, index(half.tile.rows - least));
  auto branch = scf::IfOp::create(builder, loc, fills, /*else=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(branch.elseYield());
  call(form, operands);

  builder.setInsertionPoint(branch.thenYield());
  Value width = index(half.tile.columns), zero = index(0);
  auto loop = scf::ForOp::create(builder, loc, zero, columns, width);
  builder.setInsertionPointToStart(loop.getBody());
  Value column = loop.getInductionVar();
  Value left = arith::SubIOp::create(builder, loc, columns, column);
  Value row = mul(arith::DivUIOp::create(builder, loc, column, width), depth);
  call(half, {operands[0], part(operands[1], {row, zero}, {depth, width}),
              part(operands[2], {zero, column},
                   {rows, arith::MinUIOp::create(builder, loc, left, width)})});
}

/// Multiplies more than a few rows of f32 in tile registers, in parts of bf16.
void Lowering::callWithParts(KernelForm form, Value row, Value rows,
                             Value columns, SmallVector<Value> operands) {
  Value isForVectors =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule, rows,
                            index(mostRowsBesideParts));
  auto branch = scf::IfOp::create(builder, loc, isForVectors, /*else=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(branch.thenYield());
  callByHalves(form, rows, columns, operands);
  builder.setInsertionPoint(branch.elseYield());
  form.hasParts = true;
  // A step reads more lines than one of a tile of vectors.
  form.fetchDistance *= 2;
  for (int64_t part = 0; part < partsOfNumber; ++part)
    operands.push_back(matrix(contraction.part(part), rowDim, row, rows,
                              contraction.k, index(0), depth));
  call(form, operands);
}

/// Multiplies few rows, and what the last whole tile leaves of K, in vectors
/// and the rest in tiles.
void Lowering::callWithTiles(KernelForm form, Value rows,
                             ArrayRef<Value> operands) {
  Value isForVectors = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::ule, rows,
      index(form.codes ? mostRowsOfCodesBesideTiles : mostRowsBesideTiles));
  auto branch = scf::IfOp::create(builder, loc, isForVectors, /*else=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(branch.thenYield());
  KernelForm inVectors = form;
  inVectors.isForFewRows = !form.codes;
  inVectors.digitDepth = contraction.digitDepth();
  // Of halves two places are fetched from at once.
  int64_t distanceOfCodes =
      form.hasHalves ? 3 * unit.fetchDistance / 4 : 3 * unit.fetchDistance;
  if (inVectors.digitDepth != 0)
    inVectors.fetchDistance = distanceOfCodes;
  call(inVectors, operands);
  builder.setInsertionPoint(branch.elseYield());

  KernelForm inTiles = form;
  inTiles.usesTiles = true;
  if (form.codes)
    inTiles.fetchDistance = distanceOfCodes;
  std::optional<int64_t> constantDepth = constantIndex(depth);
  if (form.codes || form.hasHalves ||
      (constantDepth && *constantDepth % tileDepth == 0))
    return call(inTiles, operands);
  Value zero = index(0);
  Value left = arith::RemUIOp::create(builder, loc, depth, index(tileDepth));
  Value taken = arith::SubIOp::create(builder, loc, depth, left);
  // Columns of A and rows of B, of pairs, are along k.
  auto partOf = [&](Value from, Value size) {
    auto half = [&](Value k) -> Value {
      return arith::DivUIOp::create(builder, loc, k, index(2));
    };
    return SmallVector<Value>{part(operands[0], {zero, from}, {rows, size}),
                              part(operands[1], {half(from), zero},
                                   {half(size), index(form.rowElements())}),
                              operands[2]};
  };
  call(inTiles, partOf(zero, taken));
  call(form, partOf(taken, left));
}

KernelForm Lowering::kernelForm() const {
  KernelForm form;
  form.tile = tile;
  form.a = contraction.elementOf(contraction.a);
  form.b = contraction.elementOf(contraction.b);
  form.pair = pair;
  form.masksB = bLayout == Layout::Rows;
  form.fetchesAhead = bLayout == Layout::Panels;
  form.hasHalves = contraction.panels.hasHalves();
  form.sumsLanes = bLayout == Layout::Dots;
  form.codes = contraction.codes;
  // A line of codes takes several steps; twice the distance is faster.
  form.fetchDistance = (form.codes ? 2 : 1) * unit.fetchDistance;
  if (contraction.scale)
    form.scale = contraction.elementOf(contraction.scale);
  form.hasZeros = contraction.zero != nullptr;
  return form;
}

/// Panel `panel` of an operand with panels of `rank` dimensions: rows by what
/// one of them holds.
Value Lowering::panelOf(OpOperand *operand, size_t rank, Value panel) {
  Value source = operand->get();
  auto type = cast<MemRefType>(source.getType());
  OpFoldResult one = builder.getIndexAttr(1), first = builder.getIndexAttr(0);
  SmallVector<OpFoldResult> offsets, sizes;
  size_t kept = rank - 1;
  for (AffineExpr expr :
       contraction.map(operand).getResults().drop_back(rank)) {
    offsets.push_back(ivs[cast<AffineDimExpr>(expr).getPosition()]);
    sizes.push_back(one);
  }
  offsets.push_back(panel);
  sizes.push_back(one);
  ArrayRef<int64_t> shape = type.getShape().take_back(kept);
  for (int64_t size : shape) {
    offsets.push_back(first);
    sizes.push_back(builder.getIndexAttr(size));
  }
  SmallVector<OpFoldResult> strides(offsets.size(), one);
  auto view = memref::SubViewOp::inferRankReducedResultType(
      shape, type, offsets, sizes, strides);
  Value rows = memref::SubViewOp::create(builder, loc, view, source, offsets,
                                         sizes, strides);
  if (kept > 2) {
    int64_t inRow = contraction.panels.hasHalves() ? 2 : 1;
    SmallVector<ReassociationIndices> groups = {
        llvm::to_vector(llvm::seq<int64_t>(0, inRow)),
        llvm::to_vector(llvm::seq<int64_t>(inRow, kept))};
    rows = memref::CollapseShapeOp::create(builder, loc, rows, groups);
  }
  return memref::CastOp::create(builder, loc,
                                getRowsType(type.getElementType()), rows);
}

/// Room for one panel of B that is made on the way.
Value Lowering::allocatePanel() {
  Value steps = depth;
  if (pair != 1)
    steps = index(*constantIndex(depth) / pair);
  auto type = MemRefType::get({ShapedType::kDynamic, tile.columns * pair},
                              contraction.elementOf(contraction.b));
  return memref::AllocOp::create(builder, loc, type, steps,
                                 builder.getI64IntegerAttr(64));
}

/// Copies columns [column, column + columnCount) of B, which lie along k, to
/// the rows of a panel. What is beyond becomes zero: the kernel stores only
/// columnCount columns, but where memory happens to hold numbers below the
/// normal ones, each product with one takes more than a hundred cycles.
Value Lowering::packPanel(Value column, Value columnCount, Value scratch) {
  Value zero = index(0), one = index(1), width = index(tile.columns);
  Value source = matrix(contraction.b, contraction.n, column, columnCount,
                        contraction.k, zero, depth);
  Type element = contraction.elementOf(contraction.b);
  auto store = [&](Value from, Value to,
                   llvm::function_ref<Value(Value n, Value k)> number) {
    OpBuilder::InsertionGuard guard(builder);
    auto columnLoop = scf::ForOp::create(builder, loc, from, to, one);
    builder.setInsertionPointToStart(columnLoop.getBody());
    auto depthLoop = scf::ForOp::create(builder, loc, zero, depth, one);
    builder.setInsertionPointToStart(depthLoop.getBody());
    Value n = columnLoop.getInductionVar(), k = depthLoop.getInductionVar();
    Value stored = number(n, k);
    if (pair != 1) {
      Value step = arith::DivUIOp::create(builder, loc, k, index(pair));
      Value place = arith::RemUIOp::create(builder, loc, k, index(pair));
      n = add(mul(n, index(pair)), place);
      k = step;
    }
    memref::StoreOp::create(builder, loc, stored, scratch, ValueRange{k, n});
  };
  store(zero, columnCount, [&](Value n, Value k) -> Value {
    return memref::LoadOp::create(builder, loc, source, ValueRange{n, k});
  });
  store(columnCount, width, [&](Value, Value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getZeroAttr(element));
  });
  return memref::CastOp::create(builder, loc, getRowsType(element), scratch);
}

} // namespace

LogicalResult moe::lowerContraction(OpBuilder &builder,
                                    const Contraction &contraction,
                                    const VectorUnit &unit, int64_t grain) {
  return Lowering(builder, contraction, unit, grain).run();
}
