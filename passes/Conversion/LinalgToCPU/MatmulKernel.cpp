// Generates kernels that keep a tile of the result in registers.
#include "MatmulKernel.h"
#include "KernelBase.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;

namespace {

/// Bytes of a panel of B that the kernel runs through before it turns to the
/// next rows: this part, the next one and rows of A fit a second cache of
/// 512 KiB.
constexpr int64_t panelBytes = 128 << 10;
/// The same for fewer rows on CPUs that have to be told what to fetch: all
/// tiles but the first find so little of B in the first cache. From the second
/// one they read slower while it is filled from memory. Many rows lose more by
/// loading and storing C for each part.
constexpr int64_t fewRowsPanelBytes = 32 << 10;
constexpr int64_t mostFewRows = 96;
/// The tiles of more rows than this multiply longer than the next part takes to
/// come, so that nobody has to fetch what he reads himself. Known for loops of
/// several steps at once.
constexpr int64_t mostRowsToFetchLines = 24;
/// Steps that one turn of the inner loop takes where vectors have 512 bits:
/// counting and addresses take 5 to 10 % of the time of single ones.
constexpr int64_t wideStepsAtOnce = 4;
/// Tiles of fewer rows are mostly alone, and wait for memory in any case.
constexpr int64_t minRowsToFetchAhead = 3;

/// Of panels in halves, tiles with more rows than this get an address for every
/// third one. LLVM computes those of all rows from one otherwise, which takes
/// more registers than there are.
constexpr int64_t mostRowsByOneAddress = 5;
constexpr int64_t rowsOfAddress = 3;

/// Builds one kernel. K is cut into parts; a part of B is used by all rows
/// before the next one. A part of codes has one scale per column: the tile then
/// begins with zeros, and is multiplied by the scales when it is added to C.
///
///            w                     for each part of K
///        +-------+                   for each tile of rows
///      K |   B   |                     load the tile of C
///        +-------+                     for k: C[i] += A[i][k] * B[k]
///     +-+--------+                     store the tile
///   M |A|    C   |
///     +-+--------+
class KernelBuilder : KernelBase {
  /// What the tile at hand fetches: its share of the next part; and the lines
  /// that it reads soon, too.
  enum class Fetches { Nothing, Share, Lines };

public:
  using KernelBase::KernelBase;

  func::FuncOp build(ModuleOp module, StringRef name);

private:
  void buildRows(Value begin, Value end);
  void startFetchingAhead(Value tileNumber, Value count, Value begin,
                          Value end);
  void buildTile(int64_t rows, Value row, Value begin, Value end);
  SmallVector<Value> buildSteps(ArrayRef<Value> rowIndices, Value begin,
                                Value end, int64_t atOnce, Fetches fetches,
                                ValueRange sums);
  SmallVector<Value> buildTwoStreams(ArrayRef<Value> rowIndices, Value stream,
                                     int64_t atOnce, ValueRange sums);
  void buildTurn(ArrayRef<Value> rowIndices, Value step, int64_t atOnce,
                 Value soon, MutableArrayRef<Value> sums);
  void buildStep(ArrayRef<Value> rowIndices, Value step,
                 ArrayRef<Value> rowsOfB, int64_t ahead, Value soon,
                 MutableArrayRef<Value> sums);
  Value linesAhead(Value step);
  SmallVector<Value> rowsOfB(Value step, int64_t count);
  void fetchAhead(Value step, Value begin, int64_t steps);
  Value loadB(Value step, ArrayRef<Value> rowsOfB, int64_t row, int64_t part,
              size_t vector);
  Value spreadA(Value row, Value step, int64_t part);
  /// Vectors of 512 bits. With the registers of narrower ones, or with B
  /// widened to f32 on the way, several steps at once would spill.
  bool isWide() const { return tile.lanes == 16; }
  int64_t stepsAtOnce(int64_t rows) const {
    bool widens = form.pair == 1 && !form.b.isF32();
    return isWide() && !form.codes && !widens && rows >= minRowsToFetchAhead
               ? wideStepsAtOnce
               : 1;
  }
  Value stepsPerPart();
  Value opaque(Value number);
  Value multiplyAdd(Value a, Value b, Value sum);

  /// Bytes of B that one step reads.
  int64_t stepBytes() const { return form.halves() * form.rowBytes(); }

  /// Steps along K: one row of each half of B.
  Value steps;
  /// The address of B, and what the tile at hand fetches to the second cache:
  /// from this address on, so many bytes per step.
  Value bAddress, fetchFrom, fetchBytes;
};

func::FuncOp KernelBuilder::build(ModuleOp module, StringRef name) {
  func::FuncOp function = beginFunction(module, name);
  if (form.fetchesAhead)
    bAddress = addressOf(b);

  steps = stepsOfB();
  Value part = stepsPerPart();
  auto parts = scf::ForOp::create(builder, loc, index(0), steps, part);
  builder.setInsertionPointToStart(parts.getBody());
  Value begin = parts.getInductionVar();
  buildRows(begin, min(add(begin, part), steps));
  return function;
}

/// Rows of B that all rows of A use before the next ones. Those of codes lie in
/// one group and depend on the form alone.
Value KernelBuilder::stepsPerPart() {
  // All rows of A are one tile, which uses nothing twice.
  if (form.fillsTile)
    return steps;
  int64_t most = std::max<int64_t>(panelBytes / stepBytes(), 1);
  if (form.codes) {
    int64_t steps = form.codes->group / form.stepDepth();
    while (steps > most && steps % 2 == 0)
      steps /= 2;
    return index(steps);
  }
  if (!form.fetchesAhead || form.fetchDistance == 0 || !isWide())
    return index(most);
  // Sums of f32 stay what they are in memory, so bits do not depend on this.
  Value few = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule,
                                    size(c, 0), index(mostFewRows));
  Value part = arith::SelectOp::create(
      builder, loc, few, index(fewRowsPanelBytes / stepBytes()), index(most));
  // A tile that is alone uses nothing twice.
  Value isAlone = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule,
                                        size(c, 0), index(tile.rows));
  return arith::SelectOp::create(builder, loc, isAlone, index(most), part);
}

/// All tiles of rows for steps [begin, end), of the heights of tileHeights(). A
/// last tile of one or two rows would take longer to load its part of B than to
/// multiply.
void KernelBuilder::buildRows(Value begin, Value end) {
  Value rowCount = size(c, 0);
  Value count =
      arith::CeilDivUIOp::create(builder, loc, rowCount, index(tile.rows));
  auto tiles = scf::ForOp::create(builder, loc, index(0), count, index(1));
  builder.setInsertionPointToStart(tiles.getBody());
  auto firstRow = [&](Value tileNumber) -> Value {
    Value rows = mul(tileNumber, rowCount);
    return arith::DivUIOp::create(builder, loc, rows, count);
  };
  Value row = firstRow(tiles.getInductionVar());
  Value height = sub(firstRow(add(tiles.getInductionVar(), index(1))), row);
  if (form.fetchesAhead)
    startFetchingAhead(tiles.getInductionVar(), count, begin, end);
  SmallVector<int64_t> cases;
  for (int64_t rows = tile.rows; rows > form.leastRows(); --rows)
    cases.push_back(rows);
  auto choice = scf::IndexSwitchOp::create(builder, loc, TypeRange(), height,
                                           cases, cases.size());
  auto fill = [&](Region &region, int64_t rows) {
    builder.setInsertionPointToStart(&region.emplaceBlock());
    buildTile(rows, row, begin, end);
    scf::YieldOp::create(builder, loc);
  };
  for (auto [region, rows] : llvm::zip(choice.getCaseRegions(), cases))
    fill(region, rows);
  fill(choice.getDefaultRegion(), form.leastRows());
}

/// The rows behind [begin, end) are those that are read next: panels lie one
/// behind another. While the first tile reads its part from memory the others
/// would leave memory idle, so each of them brings in its share of the next
/// part to the second cache; of halves, every other tile one of the left half.
/// A tile that is alone reads from memory all the time and the hardware looks
/// ahead for it.
void KernelBuilder::startFetchingAhead(Value tileNumber, Value count,
                                       Value begin, Value end) {
  Value alone = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                      count, index(1));
  Value rowBytes = index(form.rowBytes()), next = end, half = index(0);
  if (form.hasHalves) {
    // Behind the left half lies the right one, and then the next panel.
    Value isLast = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                         end, steps);
    next =
        arith::SelectOp::create(builder, loc, isLast, mul(end, index(2)), end);
    half = arith::RemUIOp::create(builder, loc, tileNumber, index(2));
    tileNumber = arith::DivUIOp::create(builder, loc, tileNumber, index(2));
    count =
        arith::CeilDivUIOp::create(builder, loc, sub(count, half), index(2));
  }
  Value share = arith::CeilDivUIOp::create(builder, loc, rowBytes, count);
  next = add(next, mul(half, steps));
  fetchBytes = arith::SelectOp::create(builder, loc, alone, index(0), share);
  fetchFrom = add(add(bAddress, mul(next, rowBytes)),
                  mul(tileNumber, mul(sub(end, begin), fetchBytes)));
}

void KernelBuilder::buildTile(int64_t rows, Value row, Value begin, Value end) {
  SmallVector<Value> rowIndices, sums, scaleOf;
  if (codes)
    scaleOf = startGroup(begin);
  bool hasAddresses =
      (form.hasHalves || form.fillsTile) && rows > mostRowsByOneAddress;
  for (int64_t i = 0; i < rows; ++i) {
    Value rowIndex = i == 0 ? row : add(row, index(i));
    if (hasAddresses)
      rowIndex = i % rowsOfAddress == 0 ? opaque(rowIndex)
                                        : add(rowIndices[i - i % rowsOfAddress],
                                              index(i % rowsOfAddress));
    rowIndices.push_back(rowIndex);
    for (size_t v = 0; v < masks.size(); ++v)
      sums.push_back(codes ? zero : loadC(rowIndices[i], v));
  }
  int64_t atOnce = stepsAtOnce(rows);
  Value rest =
      arith::RemUIOp::create(builder, loc, sub(end, begin), index(atOnce));
  Value whole = sub(end, rest);
  Fetches fetches = !form.fetchesAhead        ? Fetches::Nothing
                    : form.fetchDistance == 0 ? Fetches::Share
                                              : Fetches::Lines;
  auto wholeTurns = [&](Fetches fetches) {
    return buildSteps(rowIndices, begin, whole, atOnce, fetches, sums);
  };
  if (form.fillsTile && fetches == Fetches::Lines) {
    Value turns = arith::DivUIOp::create(builder, loc, sub(end, begin),
                                         index(2 * atOnce));
    Value stream = mul(turns, index(atOnce));
    sums = buildTwoStreams(rowIndices, stream, atOnce, sums);
    whole = mul(stream, index(2));
  } else if (fetches == Fetches::Lines && atOnce != 1 &&
             rows + 1 >= tile.rows) {
    // Many rows are divided into tiles of these heights alone.
    Value areFew =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule,
                              size(c, 0), index(mostRowsToFetchLines));
    auto few = scf::IfOp::create(builder, loc, ValueRange(sums).getTypes(),
                                 areFew, /*else=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(few.thenBlock());
    scf::YieldOp::create(builder, loc, wholeTurns(Fetches::Lines));
    builder.setInsertionPointToStart(few.elseBlock());
    scf::YieldOp::create(builder, loc, wholeTurns(Fetches::Share));
    sums = few.getResults();
  } else {
    sums = wholeTurns(fetches);
  }
  if (atOnce != 1)
    sums = buildSteps(rowIndices, whole, end, 1, Fetches::Nothing, sums);
  size_t next = 0;
  for (Value rowIndex : rowIndices)
    for (size_t v = 0; v < masks.size(); ++v) {
      Value sum = sums[next++];
      if (codes)
        sum = vector::FMAOp::create(builder, loc, sum, scaleOf[v],
                                    loadC(rowIndex, v));
      storeC(rowIndex, v, sum);
    }
}

/// Steps [begin, end), so many of them in one turn of a loop.
SmallVector<Value> KernelBuilder::buildSteps(ArrayRef<Value> rowIndices,
                                             Value begin, Value end,
                                             int64_t atOnce, Fetches fetches,
                                             ValueRange sums) {
  auto loop = scf::ForOp::create(builder, loc, begin, end, index(atOnce), sums);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value step = loop.getInductionVar();
  if (fetches != Fetches::Nothing && rowIndices.size() >= minRowsToFetchAhead)
    fetchAhead(step, begin, atOnce);
  SmallVector<Value> next(loop.getRegionIterArgs());
  buildTurn(rowIndices, step, atOnce,
            fetches == Fetches::Lines ? linesAhead(step) : Value(), next);
  scf::YieldOp::create(builder, loc, next);
  return loop.getResults();
}

/// Steps [0, 2 * stream), in turns of so many of each half of them: memory
/// gives more where it is read in two places.
SmallVector<Value> KernelBuilder::buildTwoStreams(ArrayRef<Value> rowIndices,
                                                  Value stream, int64_t atOnce,
                                                  ValueRange sums) {
  auto loop =
      scf::ForOp::create(builder, loc, index(0), stream, index(atOnce), sums);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next(loop.getRegionIterArgs());
  Value first = loop.getInductionVar();
  for (Value step : {first, add(first, stream)})
    buildTurn(rowIndices, step, atOnce,
              skipHalf(linesAhead(step), first, stream), next);
  scf::YieldOp::create(builder, loc, next);
  return loop.getResults();
}

/// So many steps from `step` on. May bring lines from `soon` on to the first
/// cache meanwhile.
void KernelBuilder::buildTurn(ArrayRef<Value> rowIndices, Value step,
                              int64_t atOnce, Value soon,
                              MutableArrayRef<Value> sums) {
  SmallVector<Value> rows;
  if (!codes)
    rows = rowsOfB(step, atOnce);
  for (int64_t i = 0; i < atOnce; ++i)
    buildStep(rowIndices, i == 0 ? step : add(step, index(i)), rows, i,
              soon && i != 0 ? add(soon, index(i * form.rowBytes())) : soon,
              sums);
}

/// Where lines lie that are read a while behind `step`.
Value KernelBuilder::linesAhead(Value step) {
  return add(add(bAddress, index(form.fetchDistance)),
             mul(step, index(form.rowBytes())));
}

/// Step `step`, whose row of B is row `ahead` of `rowsOfB`. May bring what the
/// tile reads soon to the first cache, at most from memory: the hardware of
/// some CPUs does not look far enough ahead. In front of the products, lines
/// that wait for others would keep them from beginning.
void KernelBuilder::buildStep(ArrayRef<Value> rowIndices, Value step,
                              ArrayRef<Value> rowsOfB, int64_t ahead,
                              Value soon, MutableArrayRef<Value> sums) {
  int64_t parts = form.stepDepth() / form.pair, products = 0, line = 0;
  int64_t most = parts * static_cast<int64_t>(rowIndices.size());
  int64_t linesOfRow = llvm::divideCeil(form.rowBytes(), cacheLineBytes);
  int64_t lines = form.halves() * linesOfRow;
  for (int64_t part = 0; part < parts; ++part) {
    SmallVector<Value> bRow;
    for (size_t v = 0; v < masks.size(); ++v)
      bRow.push_back(loadB(step, rowsOfB, ahead, part, v));
    Value *sum = sums.begin();
    for (Value rowIndex : rowIndices) {
      Value spread = spreadA(rowIndex, step, part);
      for (Value vector : bRow) {
        *sum = multiplyAdd(spread, vector, *sum);
        ++sum;
      }
      for (++products; soon && line * most < products * lines; ++line) {
        if (line == linesOfRow)
          soon = add(soon, mul(steps, index(form.rowBytes())));
        fetch(add(soon, index(line % linesOfRow * cacheLineBytes)),
              /*cache=*/1);
      }
    }
  }
}

/// Brings in the share of so many steps from `step` on, as many lines as belong
/// to it: many tiles have few each. All tiles fetching as many as two tiles
/// have to would take longer than what the shares save.
void KernelBuilder::fetchAhead(Value step, Value begin, int64_t steps) {
  OpBuilder::InsertionGuard guard(builder);
  Value first = add(fetchFrom, mul(sub(step, begin), fetchBytes));
  Value bytes = mul(fetchBytes, index(steps));
  int64_t lines = llvm::divideCeil(steps * form.rowBytes(), cacheLineBytes);
  int64_t line = 0;
  for (int64_t next = std::max<int64_t>(lines / 8, 1); line < lines;
       next = std::min(2 * next, lines)) {
    Value more = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ugt,
                                       bytes, index(line * cacheLineBytes));
    auto branch = scf::IfOp::create(builder, loc, more, /*else=*/false);
    builder.setInsertionPoint(branch.thenYield());
    for (; line < next; ++line)
      fetch(add(first, index(line * cacheLineBytes)), /*cache=*/2);
  }
}

/// So many rows of B from `step` on, of each half: from there loads are a
/// constant distance away, which takes no instruction.
SmallVector<Value> KernelBuilder::rowsOfB(Value step, int64_t count) {
  OpFoldResult one = builder.getIndexAttr(1), first = builder.getIndexAttr(0);
  OpFoldResult columns = builder.getIndexAttr(form.rowElements());
  if (form.masksB)
    columns = size(b, 1);
  SmallVector<Value> rows;
  for (int64_t half = 0; half < form.halves(); ++half) {
    rows.push_back(memref::SubViewOp::create(
        builder, loc, b, ArrayRef<OpFoldResult>{step, first},
        ArrayRef<OpFoldResult>{builder.getIndexAttr(count), columns},
        ArrayRef<OpFoldResult>{one, one}));
    step = add(step, steps);
  }
  return rows;
}

/// Vector `vector` of row `step` of B, which is row `row` of `rowsOfB`, element
/// `part` along k: f32, or pairs of bf16.
Value KernelBuilder::loadB(Value step, ArrayRef<Value> rowsOfB, int64_t row,
                           int64_t part, size_t vector) {
  if (codes)
    return codes->read(step, part, vector);
  auto type = VectorType::get({tile.lanes * form.pair}, form.b);
  int64_t column = static_cast<int64_t>(vector) * tile.lanes * form.pair;
  Value rows = rowsOfB[column / form.rowElements()];
  column %= form.rowElements();
  SmallVector<Value> indices = {index(row), index(column)};
  Value loaded;
  if (form.masksB) {
    Value none =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    loaded = vector::MaskedLoadOp::create(builder, loc, type, rows, indices,
                                          masks[vector], none);
  } else {
    loaded = vector::LoadOp::create(builder, loc, type, rows, indices);
  }
  return form.pair == 1 ? widen(loaded) : loaded;
}

/// The elements of A in `row` that part `part` of step `step` multiplies, in
/// every lane.
Value KernelBuilder::spreadA(Value row, Value step, int64_t part) {
  Value k = step;
  if (form.stepDepth() != 1)
    k = mul(step, index(form.stepDepth()));
  if (part != 0)
    k = add(k, index(part * form.pair));
  if (form.pair == 1) {
    Value scalar = memref::LoadOp::create(builder, loc, a, ValueRange{row, k});
    return vector::BroadcastOp::create(builder, loc, vectorType, widen(scalar));
  }
  return spreadPair(row, k);
}

/// `number`, but the compiler cannot tell how it was computed.
Value KernelBuilder::opaque(Value number) {
  Type word = builder.getI64Type();
  Value same =
      LLVM::InlineAsmOp::create(
          builder, loc, word,
          arith::IndexCastOp::create(builder, loc, word, number).getResult(),
          "", "=r,0", /*has_side_effects=*/false,
          /*is_align_stack=*/false, LLVM::TailCallKind::None,
          /*asm_dialect=*/LLVM::AsmDialectAttr(),
          /*operand_attrs=*/ArrayAttr())
          .getResult(0);
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), same);
}

Value KernelBuilder::multiplyAdd(Value a, Value b, Value sum) {
  if (form.pair == 1)
    return vector::FMAOp::create(builder, loc, a, b, sum);
  return x86vector::DotBF16Op::create(builder, loc, vectorType, sum, a, b);
}

} // namespace

MemRefType moe::getRowsType(Type element) {
  auto layout = StridedLayoutAttr::get(
      element.getContext(), ShapedType::kDynamic, {ShapedType::kDynamic, 1});
  return MemRefType::get({ShapedType::kDynamic, ShapedType::kDynamic}, element,
                         layout);
}

/// A name of its own for each form.
static std::string nameOf(const KernelForm &form) {
  auto typeName = [](Type type) -> std::string {
    return type.isF32() ? "f32" : type.isBF16() ? "bf16" : "f16";
  };
  std::string name = "moe_matmul_" + typeName(form.a);
  if (const std::optional<CodeFormat> &codes = form.codes) {
    name += llvm::formatv("_{0}{1}x{2}_{3}", codes->isSigned ? "i" : "u",
                          codes->bits, codes->group, typeName(form.scale));
    if (form.hasZeros)
      name += "_zeros";
    else if (codes->zeroPoint != 0)
      name += llvm::formatv("_zero{0}", codes->zeroPoint);
  } else if (form.b != form.a) {
    name += "_" + typeName(form.b);
  }
  int64_t rows = form.usesTiles || form.hasParts ? 2 * tileRegisterRows
                 : form.isForFewRows             ? mostRowsBesideTiles
                                                 : form.tile.rows;
  name += llvm::formatv("_{0}x{1}_{2}", rows, form.tile.columns,
                        form.sumsLanes      ? "dots"
                        : form.masksB       ? "rows"
                        : form.hasParts     ? "parts"
                        : form.hasHalves    ? "halves"
                        : form.fetchesAhead ? "panels"
                                            : "panel");
  if (form.pair == 1)
    return name;
  if (form.digitDepth != 0)
    return name + llvm::formatv("_digits{0}", form.digitDepth).str();
  return name + (form.usesTiles ? "_tiles" : "_pairs");
}

func::FuncOp moe::getMatmulKernel(ModuleOp module, const KernelForm &form) {
  std::string name = nameOf(form);
  if (auto function = module.lookupSymbol<func::FuncOp>(name))
    return function;
  if (form.hasParts)
    return buildPartsKernel(module, form, name);
  if (form.usesTiles)
    return buildTileKernel(module, form, name);
  if (form.digitDepth != 0)
    return buildDigitKernel(module, form, name);
  if (form.isForFewRows)
    return buildFewRowsKernel(module, form, name);
  if (form.sumsLanes)
    return buildDotKernel(module, form, name);
  return KernelBuilder(module.getContext(), module.getLoc(), form)
      .build(module, name);
}
