// Generates kernels that keep a block of the result in tile registers (AMX).
#include "KernelBase.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

namespace {

/// The eight tile registers hold two of A, two of B and their four products:
/// each that is loaded is used twice, and loads take half of the time of
/// products.
constexpr int64_t tilesOfA = 2, tilesOfB = 2;
constexpr int64_t blockRows = tilesOfA * tileRegisterRows;
/// Pairs of A along k, and of B across columns, in the row of a tile.
constexpr int64_t pairs = tileDepth / 2;
constexpr int64_t blockColumns = tilesOfB * pairs;
/// Elements along k between a load of C and a store: B's part of a panel is
/// 20 KiB and A's of a block 10 KiB. Both stay in the first cache, from which
/// tiles come as fast as they are multiplied: from the second one it takes
/// longer.
constexpr int64_t partDepth = 160;
/// Bytes that are fetched ahead at a time.
constexpr int64_t fetchedBytes = 256;

/// Builds one kernel. Panels of pairs are columns of tiles as they are: a tile
/// is 16 rows of 64 bytes, those of a panel of 64 columns 256 bytes apart. The
/// kernel of vectors reads the same panels. K is a multiple of a tile's depth.
///
///               64
///        +-----+-----+         for each part of K
///        |  B  |     |           of codes: make numbers of them
///      K +-----+-----+           for each block of 32 or 16 rows
///        |     |     |             for each half of the columns
///     +--+-----+-----+               load 2 x 2 tiles of C
///  32 | A|  C  |     |               for k: C[i][j] += A[i][k] * B[k][j]
///     +--+-----+-----+               store the tiles
///
/// Tiles are whole: rows that end within one are copied, and so is the block of
/// C there and where columns end within the panel. What a copy has beyond the
/// operand is never read back. The products of codes begin with zeros, and C
/// gets them, from a copy too, multiplied by the scales of their group.
class TileKernelBuilder : KernelBase {
public:
  using KernelBase::KernelBase;

  func::FuncOp build(ModuleOp module, StringRef name);

private:
  /// What all rows multiply before the next part: the elements of A from `k` on
  /// by as many `pairs` as `rows` has from row `first` on.
  struct Part {
    Value k, pairs, first, rows;
    SmallVector<Value> scales; ///< of codes
    /// The address from which the next part is fetched meanwhile, and the bytes
    /// that each product of tiles along k fetches; null where nothing is.
    Value next, share;
  };

  amx::TileType tileType(Type element, int64_t columns) {
    return amx::TileType::get({tileRegisterRows, columns}, element);
  }
  Value allocate(Type element, int64_t rows, int64_t columns);
  Value view(Value matrix, Value row, Value column, Value rows, Value columns);
  scf::ForOp loop(Value begin, Value end, Value step, ValueRange values = {});
  void forEach(Value end, int64_t step, function_ref<void(Value)> body);
  Value viewOrCopy(Value isWhole, Value copy, function_ref<Value()> view,
                   function_ref<void()> fill);
  Value equals(Value value, int64_t constant);
  Value productsOf(Value count);
  int64_t stepsPerPart() const;
  void buildPart(Value begin, Value end);
  void startFetchingAhead(Part &part, Value begin, Value end);
  void readCodes(Value begin, Value end);
  void buildBlock(int64_t high, Value row, Value height, const Part &part);
  void multiply(int64_t high, Value row, Value aRows, Value cRows,
                const Part &part);
  void buildRows();
  Value rowsOfA(Value hasAllRows, Value row, Value height, const Part &part);
  void buildFewRows();
  void fetchBehind(Value step, int64_t quarter);
  void loadCopy(Value row, Value height);
  void storeCopy(Value row, Value height, const Part &part);
  void ifSo(Value condition, function_ref<void()> body);

  Value rowCount;
  /// Whether columns of C end within the panel, and the pairs of tiles that
  /// they take.
  Value isCut, halves;
  /// Where B begins.
  Value bAddress;
  /// Memory for rows of A, a block of C, and the numbers of a part of codes.
  Value copyOfA, copyOfC, numbers;
};

func::FuncOp TileKernelBuilder::build(ModuleOp module, StringRef name) {
  func::FuncOp function = beginFunction(module, name);
  // The function configures the tile registers and gives them back: callers,
  // most of which multiply in vectors at times, have none.
  function->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
  rowCount = size(c, 0);
  isCut = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                columnCount, index(tile.columns));
  halves = arith::CeilDivUIOp::create(builder, loc, columnCount,
                                      index(blockColumns));
  if (form.fetchesAhead)
    bAddress = addressOf(b);
  int64_t depth = stepsPerPart() * form.stepDepth();
  copyOfA = allocate(form.a, blockRows, depth);
  copyOfC = allocate(builder.getF32Type(), blockRows, tile.columns);
  if (codes)
    numbers = allocate(form.a, depth / 2, 2 * tile.columns);

  // Codes are made to numbers part by part for any number of rows.
  if (!codes) {
    Value isFew = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule,
                                        rowCount, index(tileRegisterRows));
    auto branch = scf::IfOp::create(builder, loc, isFew, /*else=*/true);
    builder.setInsertionPoint(branch.thenYield());
    buildFewRows();
    builder.setInsertionPoint(branch.elseYield());
  }
  buildRows();
  return function;
}

/// Any number of rows.
void TileKernelBuilder::buildRows() {
  // A block that rows end in within a tile is a copy from the first part to the
  // last.
  auto rest = [&](int64_t rows) -> Value {
    return arith::RemUIOp::create(builder, loc, rowCount, index(rows));
  };
  Value tailHeight =
      arith::SelectOp::create(builder, loc, equals(rest(tileRegisterRows), 0),
                              index(0), rest(blockRows));
  Value tail = sub(rowCount, tailHeight);
  if (!codes)
    loadCopy(tail, tailHeight);

  // Steps along K: one row of B each.
  Value steps = size(b, 0), part = index(stepsPerPart());
  auto parts = loop(index(0), steps, part);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(parts.getBody());
    Value begin = parts.getInductionVar();
    buildPart(begin, min(add(begin, part), steps));
  }
  if (!codes)
    storeCopy(tail, tailHeight, {});
}

/// Rows of one tile register. Memory gives a panel more slowly than it is
/// multiplied: it is read once, line after line, and all of C stays in
/// registers.
void TileKernelBuilder::buildFewRows() {
  Value none = index(0);
  Value hasAllRows = equals(rowCount, tileRegisterRows);
  Value isWhole = arith::AndIOp::create(builder, loc, hasAllRows,
                                        equals(columnCount, tile.columns));
  Value cRows = viewOrCopy(
      isWhole, copyOfC,
      [&] { return view(c, none, none, rowCount, columnCount); },
      [&] { loadCopy(none, rowCount); });
  amx::TileType ofPairs = tileType(form.a, tileDepth),
                ofSums = tileType(builder.getF32Type(), pairs);
  SmallVector<Value> places, sums;
  for (int64_t column = 0; column < tile.columns; column += pairs)
    places.push_back(index(column));
  for (Value place : places)
    sums.push_back(amx::TileLoadOp::create(builder, loc, ofSums, cRows,
                                           ValueRange{none, place}));
  Value steps = size(b, 0), depth = index(stepsPerPart());
  auto parts = loop(none, steps, depth, sums);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(parts.getBody());
    Part part;
    part.first = parts.getInductionVar();
    part.k = mul(part.first, index(form.stepDepth()));
    part.pairs = min(sub(steps, part.first), depth);
    Value aRows = rowsOfA(hasAllRows, none, rowCount, part);
    auto products =
        loop(none, part.pairs, index(pairs), parts.getRegionIterArgs());
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(products.getBody());
      Value step = products.getInductionVar();
      Value row = add(part.first, step);
      Value aTile = amx::TileLoadOp::create(
          builder, loc, ofPairs, aRows, ValueRange{none, mul(step, index(2))});
      SmallVector<Value> next;
      for (auto [i, place] : llvm::enumerate(places)) {
        fetchBehind(row, static_cast<int64_t>(i));
        Value bTile = amx::TileLoadOp::create(
            builder, loc, ofPairs, b, ValueRange{row, mul(place, index(2))});
        next.push_back(amx::TileMulFOp::create(
            builder, loc, ofSums, aTile, bTile, products.getRegionIterArg(i)));
      }
      scf::YieldOp::create(builder, loc, next);
    }
    scf::YieldOp::create(builder, loc, products.getResults());
  }
  for (auto [place, sum] : llvm::zip(places, parts.getResults()))
    amx::TileStoreOp::create(builder, loc, cRows, ValueRange{none, place}, sum);
  auto branch = scf::IfOp::create(builder, loc, isWhole, /*else=*/true);
  builder.setInsertionPoint(branch.elseYield());
  storeCopy(none, rowCount, {});
  builder.setInsertionPointAfter(branch);
}

/// Brings a quarter of what four tiles read some lines later to the first
/// cache, in the order of memory.
void TileKernelBuilder::fetchBehind(Value step, int64_t quarter) {
  if (!form.fetchesAhead || form.fetchDistance == 0)
    return;
  int64_t bytes = pairs * form.rowBytes() / 4;
  Value first = add(add(bAddress, mul(step, index(form.rowBytes()))),
                    index(form.fetchDistance + quarter * bytes));
  for (int64_t byte = 0; byte < bytes; byte += cacheLineBytes)
    fetch(add(first, index(byte)), /*cache=*/1);
}

/// Memory on the stack.
Value TileKernelBuilder::allocate(Type element, int64_t rows, int64_t columns) {
  auto type = MemRefType::get({rows, columns}, element);
  Value memory = memref::AllocaOp::create(builder, loc, type,
                                          builder.getI64IntegerAttr(64));
  return memref::CastOp::create(builder, loc, getRowsType(element), memory);
}

Value TileKernelBuilder::view(Value matrix, Value row, Value column, Value rows,
                              Value columns) {
  OpFoldResult one = builder.getIndexAttr(1);
  return memref::SubViewOp::create(
      builder, loc, matrix, ArrayRef<OpFoldResult>{row, column},
      ArrayRef<OpFoldResult>{rows, columns}, ArrayRef<OpFoldResult>{one, one});
}

scf::ForOp TileKernelBuilder::loop(Value begin, Value end, Value step,
                                   ValueRange values) {
  return scf::ForOp::create(builder, loc, begin, end, step, values);
}

void TileKernelBuilder::forEach(Value end, int64_t step,
                                function_ref<void(Value)> body) {
  auto steps = loop(index(0), end, index(step));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(steps.getBody());
  body(steps.getInductionVar());
}

/// What `view` builds where `isWhole`, else `copy` behind what `fill` builds.
Value TileKernelBuilder::viewOrCopy(Value isWhole, Value copy,
                                    function_ref<Value()> view,
                                    function_ref<void()> fill) {
  auto branch = scf::IfOp::create(builder, loc, copy.getType(), isWhole,
                                  /*else=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, loc, view());
  builder.setInsertionPointToStart(branch.elseBlock());
  fill();
  scf::YieldOp::create(builder, loc, copy);
  return branch.getResult(0);
}

void TileKernelBuilder::ifSo(Value condition, function_ref<void()> body) {
  auto branch = scf::IfOp::create(builder, loc, TypeRange(), condition,
                                  /*else=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(branch.thenYield());
  body();
}

/// Products along k of so many pairs.
Value TileKernelBuilder::productsOf(Value count) {
  return arith::DivUIOp::create(builder, loc, count, index(pairs));
}

Value TileKernelBuilder::equals(Value value, int64_t constant) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, value,
                               index(constant));
}

/// Rows of B that all rows of A use before the next ones, in whole tiles. Those
/// of codes lie in one group.
int64_t TileKernelBuilder::stepsPerPart() const {
  int64_t depth = partDepth;
  if (form.codes) {
    depth = std::min(form.codes->group, depth);
    while (form.codes->group % depth != 0)
      depth -= tileDepth;
  }
  return depth / form.stepDepth();
}

void TileKernelBuilder::buildPart(Value begin, Value end) {
  Part part;
  part.k = mul(begin, index(form.stepDepth()));
  part.pairs = sub(end, begin);
  part.first = begin;
  part.rows = b;
  if (codes) {
    part.scales = startGroup(begin);
    readCodes(begin, end);
    part.pairs = mul(part.pairs, index(form.stepDepth() / 2));
    part.first = index(0);
    part.rows = numbers;
  }
  if (form.fetchesAhead)
    startFetchingAhead(part, begin, end);
  forEach(rowCount, blockRows, [&](Value row) {
    Value height = min(sub(rowCount, row), index(blockRows));
    Value isHigh =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ugt, height,
                              index(tileRegisterRows));
    auto branch = scf::IfOp::create(builder, loc, isHigh, /*else=*/true);
    builder.setInsertionPoint(branch.thenYield());
    buildBlock(/*high=*/2, row, height, part);
    builder.setInsertionPoint(branch.elseYield());
    buildBlock(/*high=*/1, row, height, part);
  });
}

/// The rows of B behind [begin, end) are those that are read next: panels lie
/// one behind another. All products of the part bring in their share of them,
/// so that memory is never idle.
void TileKernelBuilder::startFetchingAhead(Part &part, Value begin, Value end) {
  Value rowBytes = index(form.rowBytes());
  part.next = add(bAddress, mul(end, rowBytes));
  Value blocks =
      arith::CeilDivUIOp::create(builder, loc, rowCount, index(blockRows));
  Value products = mul(mul(blocks, halves), part.pairs);
  // A product takes as many pairs as its tiles have.
  Value bytes = mul(mul(sub(end, begin), rowBytes), index(pairs));
  Value times = arith::CeilDivUIOp::create(builder, loc, bytes,
                                           mul(products, index(fetchedBytes)));
  part.share = mul(times, index(fetchedBytes));
}

/// What the codes of rows [begin, end) of B mean, in rows of pairs.
void TileKernelBuilder::readCodes(Value begin, Value end) {
  int64_t parts = form.stepDepth() / 2;
  forEach(sub(end, begin), 1, [&](Value step) {
    Value from = add(begin, step), to = mul(step, index(parts));
    for (int64_t part = 0; part < parts; ++part)
      for (int64_t v = 0; v < form.vectors(); ++v)
        vector::StoreOp::create(
            builder, loc, codes->read(from, part, v), numbers,
            ValueRange{add(to, index(part)), index(2 * v * tile.lanes)});
  });
}

/// What a part multiplies of rows [row, row + height) of A: a copy where they
/// end within a tile.
Value TileKernelBuilder::rowsOfA(Value hasAllRows, Value row, Value height,
                                 const Part &part) {
  Value depth = mul(part.pairs, index(2));
  return viewOrCopy(
      hasAllRows, copyOfA, [&] { return view(a, row, part.k, height, depth); },
      [&] {
        auto type = VectorType::get({tileDepth}, form.a);
        // By columns: LLVM makes calls of copies that are contiguous, and
        // calls lose the tiles.
        forEach(depth, tileDepth, [&](Value k) {
          forEach(height, 1, [&](Value i) {
            Value loaded = vector::LoadOp::create(
                builder, loc, type, a, ValueRange{add(row, i), add(part.k, k)});
            vector::StoreOp::create(builder, loc, loaded, copyOfA,
                                    ValueRange{i, k});
          });
        });
      });
}

/// Rows [row, row + height) of C, in tiles of which `high` lie one below
/// another.
void TileKernelBuilder::buildBlock(int64_t high, Value row, Value height,
                                   const Part &part) {
  Value none = index(0);
  Value hasAllRows = equals(height, high * tileRegisterRows);
  Value aRows = rowsOfA(hasAllRows, row, height, part);
  if (codes) {
    multiply(high, row, aRows, copyOfC, part);
    return storeCopy(row, height, part);
  }

  // Where columns end within the panel, every block has its turn in the copy.
  Value isWhole = arith::AndIOp::create(builder, loc, hasAllRows,
                                        equals(columnCount, tile.columns));
  Value cRows = viewOrCopy(
      isWhole, copyOfC, [&] { return view(c, row, none, height, columnCount); },
      [&] { ifSo(isCut, [&] { loadCopy(row, height); }); });
  multiply(high, row, aRows, cRows, part);
  ifSo(isCut, [&] { storeCopy(row, height, part); });
}

/// cRows (+)= aRows * B, of whole tiles.
void TileKernelBuilder::multiply(int64_t high, Value row, Value aRows,
                                 Value cRows, const Part &part) {
  amx::TileType ofPairs = tileType(form.a, tileDepth),
                ofSums = tileType(builder.getF32Type(), pairs);
  forEach(halves, 1, [&](Value half) {
    Value column = mul(half, index(blockColumns));
    SmallVector<Value> places, sums;
    for (int64_t j = 0; j < tilesOfB; ++j)
      places.push_back(add(column, index(j * pairs)));
    for (int64_t i = 0; i < high; ++i)
      for (Value place : places) {
        if (codes)
          sums.push_back(amx::TileZeroOp::create(builder, loc, ofSums));
        else
          sums.push_back(amx::TileLoadOp::create(
              builder, loc, ofSums, cRows,
              ValueRange{index(i * tileRegisterRows), place}));
      }
    Value fetched;
    if (form.fetchesAhead) {
      Value block = arith::DivUIOp::create(builder, loc, row, index(blockRows));
      Value before = mul(add(mul(block, halves), half), part.pairs);
      fetched = add(part.next, mul(productsOf(before), part.share));
    }
    auto steps = loop(index(0), part.pairs, index(pairs), sums);
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(steps.getBody());
      Value step = steps.getInductionVar();
      // Loads come first: products of one step need not wait for any between.
      SmallVector<Value> aTiles, bTiles, next;
      for (Value place : places)
        bTiles.push_back(amx::TileLoadOp::create(
            builder, loc, ofPairs, part.rows,
            ValueRange{add(part.first, step), mul(place, index(2))}));
      for (int64_t i = 0; i < high; ++i)
        aTiles.push_back(amx::TileLoadOp::create(
            builder, loc, ofPairs, aRows,
            ValueRange{index(i * tileRegisterRows), mul(step, index(2))}));
      if (form.fetchesAhead) {
        Value from = add(fetched, mul(productsOf(step), part.share));
        forEach(part.share, fetchedBytes, [&](Value bytes) {
          for (int64_t line = 0; line < fetchedBytes; line += cacheLineBytes)
            fetch(add(add(from, bytes), index(line)), /*cache=*/2);
        });
      }
      for (Value aTile : aTiles)
        for (Value bTile : bTiles)
          next.push_back(
              amx::TileMulFOp::create(builder, loc, ofSums, aTile, bTile,
                                      steps.getRegionIterArg(next.size())));
      scf::YieldOp::create(builder, loc, next);
    }
    size_t next = 0;
    for (int64_t i = 0; i < high; ++i)
      for (Value place : places)
        amx::TileStoreOp::create(builder, loc, cRows,
                                 ValueRange{index(i * tileRegisterRows), place},
                                 steps.getResult(next++));
  });
}

/// Copies a block of C.
void TileKernelBuilder::loadCopy(Value row, Value height) {
  forEach(height, 1, [&](Value i) {
    for (size_t v = 0; v < masks.size(); ++v)
      vector::StoreOp::create(builder, loc, loadC(add(row, i), v), copyOfC,
                              ValueRange{i, columnIndices[v]});
  });
}

/// Brings the copy of a block back to C: its elements, or what they add to it.
void TileKernelBuilder::storeCopy(Value row, Value height, const Part &part) {
  forEach(height, 1, [&](Value i) {
    Value target = add(row, i);
    for (size_t v = 0; v < masks.size(); ++v) {
      Value sum = vector::LoadOp::create(builder, loc, vectorType, copyOfC,
                                         ValueRange{i, columnIndices[v]});
      if (codes)
        sum = vector::FMAOp::create(builder, loc, sum, part.scales[v],
                                    loadC(target, v));
      storeC(target, v, sum);
    }
  });
}

} // namespace

func::FuncOp moe::buildTileKernel(ModuleOp module, const KernelForm &form,
                                  StringRef name) {
  return TileKernelBuilder(module.getContext(), module.getLoc(), form)
      .build(module, name);
}
