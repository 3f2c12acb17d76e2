// Generates kernels that keep a tile of the result in registers.
#include "MatmulKernel.h"
#include "KernelBase.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace moe;

namespace {

/// Bytes of a panel of B that the kernel runs through before it turns to the
/// next rows: this part, the next one and rows of A fit a second cache of
/// 512 KiB.
constexpr int64_t panelBytes = 128 << 10;
/// Tiles of fewer rows are mostly alone.
constexpr int64_t minRowsToFetchAhead = 3;

/// Builds one kernel. K is cut into parts that depend on the form alone; a part
/// of B is used by all rows before the next one. A part of codes has one scale
/// per column: the tile then begins with zeros, and is multiplied by the scales
/// when it is added to C.
///
///            w                     for each part of K
///        +-------+                   for each tile of rows
///      K |   B   |                     load the tile of C
///        +-------+                     for k: C[i] += A[i][k] * B[k]
///     +-+--------+                     store the tile
///   M |A|    C   |
///     +-+--------+
class KernelBuilder : KernelBase {
public:
  using KernelBase::KernelBase;

  func::FuncOp build(ModuleOp module, StringRef name);

private:
  void buildRows(Value begin, Value end);
  void startFetchingAhead(Value tileNumber, Value count, Value begin,
                          Value end);
  void buildTile(int64_t rows, Value row, Value begin, Value end);
  void fetchLines(Value step);
  void fetchAhead(Value step, Value begin);
  Value loadB(Value step, int64_t part, size_t vector);
  Value spreadA(Value row, Value step, int64_t part);
  int64_t stepsPerPart() const;
  Value multiplyAdd(Value a, Value b, Value sum);

  /// The address of B, and what the tile at hand fetches to the second cache:
  /// from this address on, so many bytes per step.
  Value bAddress, fetchFrom, fetchBytes;
};

func::FuncOp KernelBuilder::build(ModuleOp module, StringRef name) {
  func::FuncOp function = beginFunction(module, name);
  if (form.fetchesAhead)
    bAddress = addressOf(b);

  // Steps along K: one row of B each.
  Value steps = size(b, 0);
  Value part = index(stepsPerPart());
  auto parts = scf::ForOp::create(builder, loc, index(0), steps, part);
  builder.setInsertionPointToStart(parts.getBody());
  Value begin = parts.getInductionVar();
  buildRows(begin, min(add(begin, part), steps));
  return function;
}

/// Rows of B that all rows of A use before the next ones. Those of codes lie in
/// one group.
int64_t KernelBuilder::stepsPerPart() const {
  int64_t most = std::max<int64_t>(panelBytes / form.rowBytes(), 1);
  if (!form.codes)
    return most;
  int64_t steps = form.codes->group / form.stepDepth();
  while (steps > most && steps % 2 == 0)
    steps /= 2;
  return steps;
}

/// All tiles of rows for steps [begin, end), of the heights of tileHeights(). A
/// last tile of one or two rows would take longer
/// to load its part of B than to multiply.
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
  for (int64_t rows = tile.rows; rows > 1; --rows)
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
  fill(choice.getDefaultRegion(), 1);
}

/// The rows behind [begin, end) are those that are read next: panels lie one
/// behind another. While the first tile reads its part from memory the others
/// would leave memory idle, so each of them brings in its share of the next
/// part to the second cache. A tile that is alone reads from memory all the
/// time and the hardware looks ahead for it.
void KernelBuilder::startFetchingAhead(Value tileNumber, Value count,
                                       Value begin, Value end) {
  Value alone = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                      count, index(1));
  Value rowBytes = index(form.rowBytes());
  Value share = arith::DivUIOp::create(builder, loc, rowBytes, count);
  fetchBytes = arith::SelectOp::create(builder, loc, alone, index(0), share);
  Value behind = add(bAddress, mul(end, rowBytes));
  fetchFrom = add(behind, mul(tileNumber, mul(sub(end, begin), fetchBytes)));
}

void KernelBuilder::buildTile(int64_t rows, Value row, Value begin, Value end) {
  SmallVector<Value> rowIndices, sums, scaleOf;
  if (codes)
    scaleOf = startGroup(begin);
  for (int64_t i = 0; i < rows; ++i) {
    rowIndices.push_back(i == 0 ? row : add(row, index(i)));
    for (size_t v = 0; v < masks.size(); ++v)
      sums.push_back(codes ? zero : loadC(rowIndices[i], v));
  }
  auto loop = scf::ForOp::create(builder, loc, begin, end, index(1), sums);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value step = loop.getInductionVar();
    if (form.fetchesAhead && form.fetchDistance != 0)
      fetchLines(step);
    if (form.fetchesAhead && rows >= minRowsToFetchAhead)
      fetchAhead(step, begin);
    SmallVector<Value> next(loop.getRegionIterArgs());
    for (int64_t part = 0; part < form.stepDepth() / form.pair; ++part) {
      SmallVector<Value> bRow;
      for (size_t v = 0; v < masks.size(); ++v)
        bRow.push_back(loadB(step, part, v));
      Value *sum = next.begin();
      for (Value rowIndex : rowIndices) {
        Value spread = spreadA(rowIndex, step, part);
        for (Value vector : bRow) {
          *sum = multiplyAdd(spread, vector, *sum);
          ++sum;
        }
      }
    }
    scf::YieldOp::create(builder, loc, next);
  }
  size_t next = 0;
  for (Value rowIndex : rowIndices)
    for (size_t v = 0; v < masks.size(); ++v) {
      Value sum = loop.getResult(next++);
      if (codes)
        sum = vector::FMAOp::create(builder, loc, sum, scaleOf[v],
                                    loadC(rowIndex, v));
      storeC(rowIndex, v, sum);
    }
}

/// Brings what the tile reads soon to the first cache, at most from memory. The
/// hardware of some CPUs does not look far enough ahead.
void KernelBuilder::fetchLines(Value step) {
  Value ahead = add(bAddress, index(form.fetchDistance));
  Value first = add(ahead, mul(step, index(form.rowBytes())));
  for (int64_t byte = 0; byte < form.rowBytes(); byte += cacheLineBytes)
    fetch(add(first, index(byte)), /*cache=*/1);
}

void KernelBuilder::fetchAhead(Value step, Value begin) {
  Value first = add(fetchFrom, mul(sub(step, begin), fetchBytes));
  // Two tiles have to fetch whole rows; more of them fetch lines repeatedly.
  for (int64_t byte = 0; byte < form.rowBytes() / 2; byte += cacheLineBytes)
    fetch(add(first, index(byte)), /*cache=*/2);
}

/// Vector `vector` of row `step` of B, element `part` along k: f32, or pairs of
/// bf16.
Value KernelBuilder::loadB(Value step, int64_t part, size_t vector) {
  if (codes)
    return codes->read(step, part, vector);
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
  int64_t rows = form.usesTiles      ? 2 * tileRegisterRows
                 : form.isForFewRows ? mostRowsBesideTiles
                                     : form.tile.rows;
  name += llvm::formatv("_{0}x{1}_{2}", rows, form.tile.columns,
                        form.sumsLanes      ? "dots"
                        : form.masksB       ? "rows"
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
