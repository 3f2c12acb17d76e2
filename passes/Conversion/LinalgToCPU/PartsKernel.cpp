// Generates the kernel that multiplies f32 in tile registers (AMX), in parts of
// bf16.
#include "TileKernelBase.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moe;

namespace {

/// The six products of parts x[i] * b[j], 0 being the largest part. What is
/// left out is up to 2^-22 of a product, of either sign, and 2^-26 in the root
/// mean square, as what rounding a product to f32 takes. In this order one of
/// two factors stays, but for the last.
struct ProductOfParts {
  int64_t ofA, ofB;
};
constexpr ProductOfParts products[] = {{0, 2}, {0, 1}, {1, 1},
                                       {1, 0}, {2, 0}, {0, 0}};
/// Tiles of B's parts: those of one step along K, and of the next one, which
/// are made meanwhile.
constexpr int64_t tilesOfStep = tilesOfB * partsOfNumber, stepsOfParts = 2;
/// Steps after which a tile is stored to no purpose: after more than 32 without
/// a store, the next one takes about 900 cycles.
constexpr int64_t stepsBetweenStores = 16;

/// Builds the kernel. Tile registers multiply bf16; an f32 is the sum of three
/// of these, and six of the nine products of their parts are about as exact as
/// one in f32 (Henry, Tang and Heinecke, arXiv:1904.06376). Rows of A come in
/// parts. Numbers of B become parts on the way, in vectors, between the
/// products of the step before, which take longer: each block of rows makes
/// them again, since parts of B come from a cache more slowly than they are
/// made.
///
///               64
///        +-----+-----+        for each half of the columns
///        |     |     |          for each block of up to 32 rows
///      K |  B  |     |            load 2 x 2 tiles of C
///        |     |     |            for k, in steps of 32:
///     +--+-----+-----+              C[i][j] += six products of parts
///  32 | A|  C  |     |              meanwhile make parts of B for the next k
///     +--+-----+-----+            store the tiles
///
/// Blocks have the same height. Where that is more rows than there are, the
/// last one begins earlier: rows that had their turn are multiplied once more,
/// in a copy of C, and not stored.
class PartsKernelBuilder : TileKernelBase {
public:
  using TileKernelBase::TileKernelBase;

  func::FuncOp build(ModuleOp module, StringRef name);

private:
  /// Rows of A by half of the columns of B.
  struct Block {
    /// Tiles that lie one below another.
    int64_t high;
    /// The first row of A, and the first column of C.
    Value row, column;
    /// The first row of B's half.
    Value half;
  };

  void buildHalf(int64_t high, Value half);
  void buildBlock(Block block, Value number);
  void multiply(const Block &block, Value cRows);
  void buildStep(const Block &block, Value step);
  void makeParts(const Block &block, Value step, Value pair, Value slot);
  void fetchLines(const Block &block, Value step, int64_t pair);
  Value firstOfParts(Value slot, int64_t column, int64_t part);
  void copy(const Block &block, Value first, bool store);
  Value bits(Value numbers) {
    return vector::BitCastOp::create(builder, loc, wordsType, numbers);
  }
  Value floats(Value words) {
    return vector::BitCastOp::create(builder, loc, vectorType, words);
  }
  Value words(int64_t value) {
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(wordsType, static_cast<int32_t>(value)));
  }

  VectorType wordsType;
  /// Steps along K.
  Value steps;
  /// Where B begins.
  Value bAddress;
  /// Parts of B, a block of C, and a tile that nobody reads.
  Value numbers, copyOfC, unread;
};

func::FuncOp PartsKernelBuilder::build(ModuleOp module, StringRef name) {
  func::FuncOp function = beginFunction(module, name);
  // Callers have no tile registers.
  function->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
  wordsType = vectorType.clone(builder.getI32Type());
  Type part = builder.getBF16Type();
  rowCount = size(c, 0);
  steps = arith::DivUIOp::create(builder, loc, size(b, 0),
                                 index(form.halves() * tileDepth));
  bAddress = addressOf(b);
  numbers = allocate(part, stepsOfParts * tilesOfStep * pairs, 2 * pairs);
  copyOfC = allocate(builder.getF32Type(), blockRows, blockColumns);
  unread = allocate(builder.getF32Type(), tileRegisterRows, pairs);
  divideRows();
  configure();

  Value halves = divideUp(columnCount, index(blockColumns));
  auto branch = scf::IfOp::create(builder, loc, isHigh, /*else=*/true);
  builder.setInsertionPoint(branch.thenYield());
  forEach(halves, index(1), [&](Value half) { buildHalf(/*high=*/2, half); });
  builder.setInsertionPoint(branch.elseYield());
  forEach(halves, index(1), [&](Value half) { buildHalf(/*high=*/1, half); });
  builder.setInsertionPoint(function.front().getTerminator());
  instruct("tilerelease", {});
  return function;
}

void PartsKernelBuilder::buildHalf(int64_t high, Value half) {
  Value depth = mul(steps, index(tileDepth));
  Block block{high, Value(), mul(half, index(blockColumns)), mul(half, depth)};
  forEach(divideUp(rowCount, blockHeight), index(1),
          [&](Value number) { buildBlock(block, number); });
}

void PartsKernelBuilder::buildBlock(Block block, Value number) {
  Value begin = mul(number, blockHeight);
  block.row = min(begin, sub(rowCount, blockHeight));
  Value done = sub(begin, block.row);
  Value isWhole = arith::AndIOp::create(
      builder, loc, equals(done, 0),
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::uge,
                            sub(columnCount, block.column),
                            index(blockColumns)));
  Value cRows = viewOrCopy(
      isWhole, copyOfC,
      [&] {
        return view(c, block.row, block.column, blockHeight,
                    index(blockColumns));
      },
      [&] { copy(block, index(0), /*store=*/false); });
  multiply(block, cRows);
  // Nothing where C was not copied.
  Value first =
      arith::SelectOp::create(builder, loc, isWhole, blockHeight, done);
  copy(block, first, /*store=*/true);
}

/// Copies the rows of a block from `first` on from C, or back to it.
void PartsKernelBuilder::copy(const Block &block, Value first, bool store) {
  auto maskType = VectorType::get({tile.lanes}, builder.getI1Type());
  forEach(first, blockHeight, index(1), [&](Value i) {
    for (int64_t lane = 0; lane < blockColumns; lane += tile.lanes) {
      Value column = add(block.column, index(lane));
      Value mask = vector::CreateMaskOp::create(builder, loc, maskType,
                                                sub(columnCount, column));
      SmallVector<Value> inC = {add(block.row, i), column},
                         inCopy = {i, index(lane)};
      if (store) {
        Value sums =
            vector::LoadOp::create(builder, loc, vectorType, copyOfC, inCopy);
        vector::MaskedStoreOp::create(builder, loc, c, inC, mask, sums);
      } else {
        Value sums = vector::MaskedLoadOp::create(builder, loc, vectorType, c,
                                                  inC, mask, zero);
        vector::StoreOp::create(builder, loc, sums, copyOfC, inCopy);
      }
    }
  });
}

/// cRows += A * B.
void PartsKernelBuilder::multiply(const Block &block, Value cRows) {
  auto forEachSum = [&](auto access) {
    for (int64_t i = 0; i < block.high; ++i)
      for (int64_t j = 0; j < tilesOfB; ++j)
        access(sumOf(i, j), i == 0 ? index(0) : heights[0], index(j * pairs));
  };
  forEachSum([&](int64_t sum, Value row, Value column) {
    loadTile(sum, cRows, row, column);
  });
  forEach(index(pairs), index(1),
          [&](Value pair) { makeParts(block, index(0), pair, index(0)); });
  Value stretch = index(stepsBetweenStores);
  forEach(steps, stretch, [&](Value begin) {
    Value end = min(add(begin, stretch), steps);
    forEach(begin, end, index(1), [&](Value step) { buildStep(block, step); });
    storeTile(sumOf(0, 0), unread, index(0), index(0));
  });
  forEachSum([&](int64_t sum, Value row, Value column) {
    storeTile(sum, cRows, row, column);
  });
}

/// The products of one step, and between them all that the next step needs.
void PartsKernelBuilder::buildStep(const Block &block, Value step) {
  Value slots = index(stepsOfParts);
  Value slot = arith::RemUIOp::create(builder, loc, step, slots);
  Value after = add(step, index(1));
  Value nextSlot = arith::RemUIOp::create(builder, loc, after, slots);
  // Behind the last step the same is made once more: nobody may read on.
  Value nextStep = min(after, sub(steps, index(1)));
  Value k = mul(step, index(tileDepth));

  int64_t place = 0, places = std::size(products) * tilesOfA * tilesOfB,
          pair = 0;
  int64_t loadedOfA = -1, loadedOfB = -1;
  for (auto [ofA, ofB] : products) {
    if (ofA != loadedOfA)
      for (int64_t i = 0; i < block.high; ++i)
        loadTile(firstOfA + i, parts[ofA],
                 i == 0 ? block.row : add(block.row, heights[0]), k);
    if (ofB != loadedOfB)
      for (int64_t j = 0; j < tilesOfB; ++j)
        loadTile(firstOfB + j, numbers, firstOfParts(slot, j, ofB), index(0));
    loadedOfA = ofA;
    loadedOfB = ofB;
    for (int64_t i = 0; i < tilesOfA; ++i)
      for (int64_t j = 0; j < tilesOfB; ++j) {
        if (i < block.high)
          instruct("tdpbf16ps", {sumOf(i, j), firstOfA + i, firstOfB + j});
        for (++place; pair * places < place * pairs; ++pair) {
          makeParts(block, nextStep, index(pair), nextSlot);
          fetchLines(block, step, pair);
        }
      }
  }
}

/// The first row of a tile of parts.
Value PartsKernelBuilder::firstOfParts(Value slot, int64_t column,
                                       int64_t part) {
  return add(mul(slot, index(tilesOfStep * pairs)),
             index((column * partsOfNumber + part) * pairs));
}

/// Makes parts of two rows of B, side by side. Cutting off what does not fit
/// takes less than rounding: rows of A are rounded, so what is left out has
/// either sign.
void PartsKernelBuilder::makeParts(const Block &block, Value step, Value pair,
                                   Value slot) {
  Value row =
      add(add(block.half, mul(step, index(tileDepth))), mul(pair, index(2)));
  Value high = words(-1 << 16), half = words(16);
  for (int64_t j = 0; j < tilesOfB; ++j) {
    std::array<Value, 2> left;
    for (int64_t i = 0; i < 2; ++i)
      left[i] = vector::LoadOp::create(
          builder, loc, vectorType, b,
          ValueRange{add(row, index(i)), index(j * tile.lanes)});
    for (int64_t part = 0; part < partsOfNumber; ++part) {
      std::array<Value, 2> cut;
      for (int64_t i = 0; i < 2; ++i) {
        cut[i] = arith::AndIOp::create(builder, loc, bits(left[i]), high);
        // What is left of the last part is zero.
        if (part + 1 < partsOfNumber)
          left[i] =
              arith::SubFOp::create(builder, loc, left[i], floats(cut[i]));
      }
      Value first = arith::ShRUIOp::create(builder, loc, cut[0], half);
      Value both = arith::OrIOp::create(builder, loc, first, cut[1]);
      auto type = VectorType::get({2 * tile.lanes}, builder.getBF16Type());
      vector::StoreOp::create(
          builder, loc, vector::BitCastOp::create(builder, loc, type, both),
          numbers,
          ValueRange{add(firstOfParts(slot, j, part), pair), index(0)});
    }
  }
}

/// Brings one piece of each of the next steps to the second cache, the last one
/// of the step that comes first: in the order of memory, the lines of one page
/// after those of another, memory would be idle at times.
void PartsKernelBuilder::fetchLines(const Block &block, Value step,
                                    int64_t pair) {
  int64_t pieceBytes = 2 * form.rowBytes(), stepBytes = pairs * pieceBytes;
  Value row = add(block.half, mul(add(step, index(2)), index(tileDepth)));
  Value next = add(bAddress, mul(row, index(form.rowBytes())));
  int64_t piece = pair * stepBytes + (pairs - 1 - pair) * pieceBytes;
  for (int64_t byte = 0; byte < pieceBytes; byte += cacheLineBytes)
    fetch(add(next, index(piece + byte)), /*cache=*/2);
}

} // namespace

func::FuncOp moe::buildPartsKernel(ModuleOp module, const KernelForm &form,
                                   StringRef name) {
  return PartsKernelBuilder(module.getContext(), module.getLoc(), form)
      .build(module, name);
}
