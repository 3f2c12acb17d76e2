// Generates kernels that keep a block of the result in tile registers (AMX).
#include "TileKernelBase.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

namespace {

/// Elements along k between a load of C and a store: B's part of a panel is
/// 20 KiB and A's of a block 10 KiB. Both stay in the first cache, from which
/// tiles come as fast as they are multiplied: from the second one it takes
/// longer.
constexpr int64_t partDepth = 160;
/// Of so many rows C stays there as well, where parts are less deep: what comes
/// from the second cache takes fill buffers that memory needs, too.
struct PartOfFewer {
  int64_t mostRows, depth;
};
constexpr PartOfFewer partsOfFewer[] = {{72, 96}, {48, 128}, {32, partDepth}};
/// Bytes that are fetched ahead at a time. Up to so many rows fetch a piece of
/// each of the next pages in turn: one page after another, memory gives less.
/// More rows multiply for longer than that takes, and need the second cache.
constexpr int64_t pieceBytes = 512, pageBytes = 4096;
constexpr int64_t mostRowsByPages = 192;
/// Products fetch a share of a piece each, in units of this.
constexpr int64_t shareUnit = 1 << 16;

/// Builds one kernel. Panels of pairs are columns of tiles as they are: a tile
/// is 16 rows of 64 bytes, those of a panel of 64 columns 256 bytes apart. The
/// kernel of vectors reads the same panels. K is a multiple of a tile's depth.
///
///               64
///        +-----+-----+         for each part of K
///        |  B  |     |           of codes: make numbers of them
///      K +-----+-----+           for each block of up to 32 rows
///        |     |     |             for each half of the columns
///     +--+-----+-----+               load 2 x 2 tiles of C
///  32 | A|  C  |     |               for k: C[i][j] += A[i][k] * B[k][j]
///     +--+-----+-----+               store the tiles
///
/// Where the halves of a panel of numbers lie one behind the other, rows of one
/// block read each half once, and its sums stay in registers for all of K:
///
///            32                    for each half of the columns
///        +-------+                   load 2 x 2 tiles of C, or 1 x 2
///      K |   B   |                   for k < K / 2, each k and k + K / 2:
///        +-------+                     C[i][j] += A[i][k] * B[k][j]
///     +--+-------+                   store the tiles
///  32 | A|   C   |
///     +--+-------+
///
/// Rows are divided evenly into as few blocks as there can be, and a block into
/// two tiles, or one where that is enough: tiles are as high as the call needs.
/// Where blocks have more rows than there are, less than one each, those of the
/// last block are copied, and so is its C, and C where columns end within the
/// panel. What a copy has beyond the operand is never read back. The products
/// of codes begin with zeros, and C gets them, from a copy too, multiplied by
/// the scales of their group.
class TileKernelBuilder : TileKernelBase {
public:
  using TileKernelBase::TileKernelBase;

  func::FuncOp build(ModuleOp module, StringRef name);

private:
  /// What all rows multiply before the next part: the elements of A from `k` on
  /// by as many `pairs` as `rows` has from row `first` on.
  struct Part {
    Value k, pairs, first, rows;
    SmallVector<Value> scales; ///< of codes
  };

  Value productsOf(Value count);
  int64_t stepsPerPart() const;
  void buildPart(Value begin, Value end);
  void startFetchingAhead();
  void fetchPieces(Value half, Value product);
  bool fetchesWithCodes() const {
    return form.codes && form.fetchesAhead && form.fetchDistance != 0;
  }
  void readCodes(Value begin, Value end);
  void buildBlock(int64_t high, Value row, Value height, const Part &part);
  void multiply(int64_t high, Value row, Value aRows, Value cRows,
                const Part &part);
  void buildRows();
  void buildFewRows(int64_t high);
  void fetchBehind(Value row, int64_t tile, Value place, Value stream);
  /// Whether tiles come from halves of B; numbers of codes lie side by side.
  bool readsHalves() const { return form.hasHalves && !form.codes; }
  Value rowOfB(Value half, Value step);
  void loadCopy(Value row, Value height);
  void storeCopy(Value row, Value height, const Part &part);
  void ifSo(Value condition, function_ref<void()> body);

  /// Steps along K: one row of B each, or of each half of it.
  Value steps;
  /// Whether columns of C end within the panel, and the pairs of tiles that
  /// they take.
  Value isCut, halves;
  /// Where B begins.
  Value bAddress;
  /// Products that all rows have with what is read once, of 32 elements along
  /// k, and the pieces of B that each of them fetches.
  Value productsPerTile, share;
  /// How far ahead pieces are fetched, and the bytes between two that follow
  /// each other in turn, in addition to their own.
  Value distance, gap;
  /// Memory for rows of A, a block of C, and the numbers of a part of codes.
  Value copyOfA, copyOfC, numbers;
};

func::FuncOp TileKernelBuilder::build(ModuleOp module, StringRef name) {
  func::FuncOp function = beginFunction(module, name);
  // The function configures the tile registers and gives them back: callers,
  // most of which multiply in vectors at times, have none.
  function->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
  rowCount = size(c, 0);
  steps = stepsOfB();
  isCut = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                columnCount, index(tile.columns));
  halves = divideUp(columnCount, index(blockColumns));
  if (form.fetchesAhead)
    bAddress = addressOf(b);
  int64_t depth = stepsPerPart() * form.stepDepth();
  copyOfA = allocate(form.a, blockRows, depth);
  copyOfC = allocate(builder.getF32Type(), blockRows, tile.columns);
  if (codes)
    numbers = allocate(form.a, depth / 2, 2 * tile.columns);

  divideRows();
  configure();

  // Codes are made to numbers part by part for any number of rows.
  if (!codes) {
    auto branch = scf::IfOp::create(builder, loc, isHigh, /*else=*/true);
    builder.setInsertionPoint(branch.elseYield());
    buildFewRows(/*high=*/1);
    builder.setInsertionPoint(branch.thenYield());
  }
  if (readsHalves()) {
    Value hasBlocks = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::ugt, rowCount, index(blockRows));
    auto branch = scf::IfOp::create(builder, loc, hasBlocks, /*else=*/true);
    builder.setInsertionPoint(branch.elseYield());
    buildFewRows(/*high=*/2);
    builder.setInsertionPoint(branch.thenYield());
  }
  buildRows();
  builder.setInsertionPoint(function.front().getTerminator());
  instruct("tilerelease", {});
  return function;
}

/// Rows in blocks, part by part: any of codes, and more than are multiplied at
/// once.
void TileKernelBuilder::buildRows() {
  // A block that has fewer rows is a copy from the first part to the last.
  Value tailHeight =
      arith::RemUIOp::create(builder, loc, rowCount, blockHeight);
  Value tail = sub(rowCount, tailHeight);
  if (!codes)
    loadCopy(tail, tailHeight);

  if (form.fetchesAhead)
    startFetchingAhead();
  Value part = index(stepsPerPart());
  if (!codes)
    for (auto [mostRows, depth] : partsOfFewer)
      part = arith::SelectOp::create(
          builder, loc,
          arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule,
                                rowCount, index(mostRows)),
          index(depth / form.stepDepth()), part);
  forEach(steps, part,
          [&](Value begin) { buildPart(begin, min(add(begin, part), steps)); });
  if (!codes)
    storeCopy(tail, tailHeight, {});
}

/// Rows of one block, of `high` tiles. Memory gives a panel more slowly than it
/// is multiplied: it is read once, and all sums of what lies side by side in it
/// stay in registers. Memory gives more where it is read in two places: halves
/// of columns are read in turns from both halves of K.
void TileKernelBuilder::buildFewRows(int64_t high) {
  Value none = index(0);
  Value cRows = viewOrCopy(
      equals(columnCount, tile.columns), copyOfC, [&] { return c; },
      [&] { loadCopy(none, rowCount); });
  SmallVector<Value> firstRows = {none, heights[0]};
  // Tiles that a row of B has side by side.
  int64_t wide = form.rowElements() / tileDepth;
  auto forEachSum = [&](auto body) {
    for (int64_t i = 0; i < high; ++i)
      for (int64_t j = 0; j < wide; ++j)
        body(i, j, wide * i + j);
  };
  // Steps of a stream, and of all streams.
  Value stream = steps, ofStreams = steps;
  if (readsHalves()) {
    stream = mul(arith::DivUIOp::create(builder, loc, steps, index(2 * pairs)),
                 index(pairs));
    ofStreams = mul(stream, index(2));
  }
  forEach(readsHalves() ? halves : index(1), index(1), [&](Value half) {
    SmallVector<Value> places;
    for (int64_t j = 0; j < wide; ++j)
      places.push_back(add(mul(half, index(blockColumns)), index(j * pairs)));
    forEachSum([&](int64_t i, int64_t j, int64_t sum) {
      loadTile(sum, cRows, firstRows[i], places[j]);
    });
    auto multiplyStep = [&](Value step, Value ofStream) {
      Value row = rowOfB(half, step);
      for (int64_t i = 0; i < high; ++i) {
        loadTile(firstOfA + i, a, firstRows[i], mul(step, index(2)));
        for (int64_t j = 0; j < wide; ++j) {
          int64_t bTile = firstOfB + j % tilesOfB;
          if (i == 0) {
            fetchBehind(row, j, ofStream, stream);
            loadTile(bTile, b, row, index(2 * j * pairs));
          }
          instruct("tdpbf16ps", {wide * i + j, firstOfA + i, bTile});
        }
      }
    };
    forEach(stream, index(pairs), [&](Value step) {
      multiplyStep(step, step);
      if (readsHalves())
        multiplyStep(add(step, stream), step);
    });
    if (readsHalves()) // At most one step is left.
      forEach(ofStreams, steps, index(pairs),
              [&](Value step) { multiplyStep(step, stream); });
    forEachSum([&](int64_t i, int64_t j, int64_t sum) {
      storeTile(sum, cRows, firstRows[i], places[j]);
    });
  });
  ifSo(isCut, [&] { storeCopy(none, rowCount, {}); });
}

/// The row of B, or of the numbers of codes, where `half` has the pairs of
/// `step`.
Value TileKernelBuilder::rowOfB(Value half, Value step) {
  return readsHalves() ? add(mul(half, steps), step) : step;
}

/// Brings as many bytes as a tile has to the first cache, of those that are
/// read some lines behind the tiles in `row`, in the order of memory. The row
/// is at `place` of a stream of so many rows; behind its end comes what the
/// stream reads next.
void TileKernelBuilder::fetchBehind(Value row, int64_t tile, Value place,
                                    Value stream) {
  if (!form.fetchesAhead || form.fetchDistance == 0)
    return;
  int64_t bytes = pairs * tileRowBytes;
  Value first = add(add(bAddress, mul(row, index(form.rowBytes()))),
                    index(form.fetchDistance + tile * bytes));
  if (readsHalves())
    first = skipHalf(first, add(place, index(tile * bytes / form.rowBytes())),
                     stream);
  for (int64_t byte = 0; byte < bytes; byte += cacheLineBytes)
    fetch(add(first, index(byte)), /*cache=*/1);
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
  forEach(rowCount, blockHeight, [&](Value row) {
    Value height = min(sub(rowCount, row), blockHeight);
    if (!codes)
      return buildBlock(/*high=*/2, row, height, part);
    auto branch = scf::IfOp::create(builder, loc, isHigh, /*else=*/true);
    builder.setInsertionPoint(branch.thenYield());
    buildBlock(/*high=*/2, row, height, part);
    builder.setInsertionPoint(branch.elseYield());
    buildBlock(/*high=*/1, row, height, part);
  });
}

/// All products bring in their share of what is read next, so that memory is
/// never idle.
void TileKernelBuilder::startFetchingAhead() {
  productsPerTile = divideUp(rowCount, blockHeight);
  if (!form.hasHalves)
    productsPerTile = mul(productsPerTile, halves);
  int64_t bytes = form.rowBytes() * tileDepth / form.stepDepth();
  share = divideUp(index(bytes * shareUnit / pieceBytes), productsPerTile);
  distance = index(stepsPerPart() * form.rowBytes());
  gap = index(0);
  if (!codes) {
    Value isByPages =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule, rowCount,
                              index(mostRowsByPages));
    // The last piece of the first page comes first, of the next one the last
    // but one.
    auto ifByPages = [&](int64_t bytes, Value otherwise) -> Value {
      return arith::SelectOp::create(builder, loc, isByPages, index(bytes),
                                     otherwise);
    };
    distance = ifByPages(2 * pageBytes - pieceBytes, distance);
    gap = ifByPages(pageBytes - 2 * pieceBytes, gap);
  }
}

/// Brings the share of a product to the second cache. Panels lie one behind
/// another; where halves do, each is fetched by its own products.
void TileKernelBuilder::fetchPieces(Value half, Value product) {
  constexpr int64_t pieces = pageBytes / pieceBytes;
  auto piecesUntil = [&](Value product) -> Value {
    return arith::DivUIOp::create(builder, loc, mul(product, share),
                                  index(shareUnit));
  };
  Value bytes = mul(steps, index(form.rowBytes())), stream = bAddress;
  if (form.hasHalves)
    stream = add(stream, mul(half, bytes));
  forEach(
      piecesUntil(product), piecesUntil(add(product, index(1))), index(1),
      [&](Value piece) {
        Value page = arith::RemUIOp::create(builder, loc, piece, index(pieces));
        Value place =
            add(mul(piece, index(pieceBytes)), add(mul(page, gap), distance));
        if (form.hasHalves) // Behind one half lies the other.
          place = add(place, arith::SelectOp::create(
                                 builder, loc,
                                 arith::CmpIOp::create(
                                     builder, loc, arith::CmpIPredicate::uge,
                                     place, bytes),
                                 bytes, index(0)));
        for (int64_t line = 0; line < pieceBytes; line += cacheLineBytes)
          fetch(add(add(stream, place), index(line)), /*cache=*/2);
      });
}

/// What the codes of rows [begin, end) of B mean, in rows of pairs. Where all
/// rows of A are in one tile, each brings a row that is read some lines later
/// to a cache.
void TileKernelBuilder::readCodes(Value begin, Value end) {
  int64_t parts = form.stepDepth() / 2;
  forEach(sub(end, begin), index(1), [&](Value step) {
    Value from = add(begin, step), to = mul(step, index(parts));
    for (int64_t part = 0; part < parts; ++part)
      for (int64_t v = 0; v < form.vectors(); ++v)
        vector::StoreOp::create(
            builder, loc, codes->read(from, part, v), numbers,
            ValueRange{add(to, index(part)), index(2 * v * tile.lanes)});
    if (!fetchesWithCodes())
      return;
    auto branch = scf::IfOp::create(builder, loc, isHigh, /*else=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(branch.elseYield());
    Value ahead = add(add(bAddress, mul(from, index(form.rowBytes()))),
                      index(form.fetchDistance));
    if (form.hasHalves)
      ahead = skipHalf(ahead, from, steps);
    for (int64_t half = 0; half < form.halves(); ++half) {
      for (int64_t byte = 0; byte < form.rowBytes(); byte += cacheLineBytes)
        fetch(add(ahead, index(byte)), form.cacheOfCodes());
      ahead = add(ahead, mul(steps, index(form.rowBytes())));
    }
  });
}

/// Rows [row, row + height) of C, in tiles of which `high` lie one below
/// another.
void TileKernelBuilder::buildBlock(int64_t high, Value row, Value height,
                                   const Part &part) {
  Value none = index(0);
  Value hasAllRows = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::eq, height, blockHeight);
  Value depth = mul(part.pairs, index(2));
  Value aRows = viewOrCopy(
      hasAllRows, copyOfA, [&] { return view(a, row, part.k, height, depth); },
      [&] {
        auto type = VectorType::get({tileDepth}, form.a);
        // By columns: LLVM makes calls of copies that are contiguous, and
        // calls lose the tiles.
        forEach(depth, index(tileDepth), [&](Value k) {
          forEach(height, index(1), [&](Value i) {
            Value loaded = vector::LoadOp::create(
                builder, loc, type, a, ValueRange{add(row, i), add(part.k, k)});
            vector::StoreOp::create(builder, loc, loaded, copyOfA,
                                    ValueRange{i, k});
          });
        });
      });
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

/// cRows (+)= aRows * B.
void TileKernelBuilder::multiply(int64_t high, Value row, Value aRows,
                                 Value cRows, const Part &part) {
  // Where the tiles of A and C begin.
  SmallVector<Value> firstRows = {index(0), heights[0]};
  forEach(halves, index(1), [&](Value half) {
    Value column = mul(half, index(blockColumns));
    SmallVector<Value> places;
    for (int64_t j = 0; j < tilesOfB; ++j)
      places.push_back(add(column, index(j * pairs)));
    auto forEachSum = [&](auto body) {
      for (int64_t i = 0; i < high; ++i)
        for (int64_t j = 0; j < tilesOfB; ++j)
          body(i, j);
    };
    forEachSum([&](int64_t i, int64_t j) {
      if (codes)
        instruct("tilezero", {sumOf(i, j)});
      else
        loadTile(sumOf(i, j), cRows, firstRows[i], places[j]);
    });
    // Few rows by codes take longer to read these than to multiply, and fetch
    // meanwhile (readCodes).
    bool fetches = form.fetchesAhead && (high > 1 || !fetchesWithCodes());
    // Products before, of all rows.
    Value before;
    if (fetches) {
      Value turn = arith::DivUIOp::create(builder, loc, row, blockHeight);
      if (!form.hasHalves)
        turn = add(mul(turn, halves), half);
      before = add(
          mul(arith::DivUIOp::create(builder, loc, part.k, index(tileDepth)),
              productsPerTile),
          mul(turn, productsOf(part.pairs)));
    }
    forEach(part.pairs, index(pairs), [&](Value step) {
      // Loads come first: products of one step need not wait for any between.
      for (int64_t j = 0; j < tilesOfB; ++j)
        loadTile(firstOfB + j, part.rows, rowOfB(half, add(part.first, step)),
                 readsHalves() ? index(2 * j * pairs)
                               : mul(places[j], index(2)));
      for (int64_t i = 0; i < high; ++i)
        loadTile(firstOfA + i, aRows, firstRows[i], mul(step, index(2)));
      if (fetches)
        fetchPieces(half, add(before, productsOf(step)));
      forEachSum([&](int64_t i, int64_t j) {
        instruct("tdpbf16ps", {sumOf(i, j), firstOfA + i, firstOfB + j});
      });
    });
    forEachSum([&](int64_t i, int64_t j) {
      storeTile(sumOf(i, j), cRows, firstRows[i], places[j]);
    });
  });
}

/// Copies a block of C.
void TileKernelBuilder::loadCopy(Value row, Value height) {
  forEach(height, index(1), [&](Value i) {
    for (size_t v = 0; v < masks.size(); ++v)
      vector::StoreOp::create(builder, loc, loadC(add(row, i), v), copyOfC,
                              ValueRange{i, columnIndices[v]});
  });
}

/// Brings the copy of a block back to C: its elements, or what they add to it.
void TileKernelBuilder::storeCopy(Value row, Value height, const Part &part) {
  forEach(height, index(1), [&](Value i) {
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
