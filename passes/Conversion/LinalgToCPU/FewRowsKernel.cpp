// Generates kernels for few rows, which wait for weights and not for products.
#include "KernelBase.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

using namespace mlir;
using namespace moe;

namespace {

/// Parts of K that are read side by side, or halves of a panel. Memory gives
/// two streams faster than one.
constexpr int64_t streams = 2;
/// Steps along K of one half before those of the other one: 512 bytes. Fewer
/// and more at a time are slower. Tile registers take all of K, which is so
/// many steps several times.
constexpr int64_t stepsOfHalf = 4;
static_assert(tileDepth / 2 % stepsOfHalf == 0);

/// Builds one kernel of pairs. All sums are in registers for all of K, and each
/// line of B is fetched and read once.
///
///            w
///        +-------+                for k in [0, K / 2):
///        |  B    |                  C[i] += A[i][k] * B[k]
///      K +-------+                  C[i] += A[i][K / 2 + k] * B[K / 2 + k]
///        |       |
///     +--+-------+
///   M |A |   C   |
///     +--+-------+
///
/// Where halves of a panel lie one behind the other, they are the two streams,
/// and K is one part.
class FewRowsKernelBuilder : KernelBase {
public:
  using KernelBase::KernelBase;

  func::FuncOp build(ModuleOp module, StringRef name);

private:
  void buildRows(int64_t rows);
  void multiply(Value rowOfB, Value step, int64_t firstVector, int64_t rows,
                SmallVector<Value> &sums);
  SmallVector<Value> loop(Value begin, Value end, int64_t steps,
                          ValueRange sums,
                          function_ref<void(Value, SmallVector<Value> &)> body);

  Value bAddress;
};

func::FuncOp FewRowsKernelBuilder::build(ModuleOp module, StringRef name) {
  func::FuncOp function = beginFunction(module, name);
  // There is one of it for each number of rows, at every call otherwise.
  function->setAttr("passthrough", builder.getStrArrayAttr({"noinline"}));
  if (form.fetchesAhead)
    bAddress = addressOf(b);
  SmallVector<int64_t> cases;
  for (int64_t rows = mostRowsBesideTiles; rows > 0; --rows)
    cases.push_back(rows);
  auto choice = scf::IndexSwitchOp::create(builder, loc, TypeRange(),
                                           size(c, 0), cases, cases.size());
  auto fill = [&](Region &region, int64_t rows) {
    builder.setInsertionPointToStart(&region.emplaceBlock());
    if (rows != 0)
      buildRows(rows);
    scf::YieldOp::create(builder, loc);
  };
  for (auto [region, rows] : llvm::zip(choice.getCaseRegions(), cases))
    fill(region, rows);
  fill(choice.getDefaultRegion(), 0);
  return function;
}

void FewRowsKernelBuilder::buildRows(int64_t rows) {
  SmallVector<Value> sums;
  for (int64_t row = 0; row < rows; ++row)
    for (size_t v = 0; v < masks.size(); ++v)
      sums.push_back(loadC(index(row), v));
  Value part = arith::DivUIOp::create(builder, loc, size(b, 0), index(streams));
  if (form.hasHalves) {
    int64_t vectorsOfHalf = form.vectors() / streams;
    auto turn = [&](Value step, SmallVector<Value> &next) {
      for (int64_t half = 0; half < streams; ++half)
        for (int64_t i = 0; i < stepsOfHalf; ++i) {
          Value k = add(step, index(i));
          multiply(add(k, mul(part, index(half))), k, half * vectorsOfHalf,
                   rows, next);
        }
    };
    sums = loop(index(0), part, stepsOfHalf, sums, turn);
  } else {
    auto inOrder = [&](Value step, SmallVector<Value> &next) {
      multiply(step, step, /*firstVector=*/0, rows, next);
    };
    sums = loop(index(0), part, /*steps=*/1, sums,
                [&](Value step, SmallVector<Value> &next) {
                  for (int64_t stream = 0; stream < streams; ++stream)
                    inOrder(add(step, mul(part, index(stream))), next);
                });
    sums =
        loop(mul(part, index(streams)), size(b, 0), /*steps=*/1, sums, inOrder);
  }
  auto *sum = sums.begin();
  for (int64_t row = 0; row < rows; ++row)
    for (size_t v = 0; v < masks.size(); ++v)
      storeC(index(row), v, *sum++);
}

/// The sums behind steps [begin, end), so many of which `body` adds to them at
/// a time.
SmallVector<Value> FewRowsKernelBuilder::loop(
    Value begin, Value end, int64_t steps, ValueRange sums,
    function_ref<void(Value, SmallVector<Value> &)> body) {
  auto turns = scf::ForOp::create(builder, loc, begin, end, index(steps), sums);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(turns.getBody());
  SmallVector<Value> next(turns.getRegionIterArgs());
  body(turns.getInductionVar(), next);
  scf::YieldOp::create(builder, loc, next);
  return turns.getResults();
}

/// Adds what `rowOfB`, which has the pairs of `step`, gives to the sums of its
/// columns, which begin with vector `firstVector`.
void FewRowsKernelBuilder::multiply(Value rowOfB, Value step,
                                    int64_t firstVector, int64_t rows,
                                    SmallVector<Value> &sums) {
  auto type = VectorType::get({tile.lanes * form.pair}, form.b);
  bool fetches = form.fetchesAhead && form.fetchDistance != 0;
  Value ahead;
  if (fetches)
    ahead = add(add(bAddress, index(form.fetchDistance)),
                mul(rowOfB, index(form.rowBytes())));
  SmallVector<Value> bRow;
  int64_t elements = tile.lanes * form.pair;
  for (int64_t at = 0; at < form.rowElements(); at += elements)
    bRow.push_back(vector::LoadOp::create(builder, loc, type, b,
                                          ValueRange{rowOfB, index(at)}));
  Value k = mul(step, index(form.pair));
  for (int64_t row = 0; row < rows; ++row) {
    Value spread = spreadPair(index(row), k);
    Value *sum = sums.begin() + row * form.vectors() + firstVector;
    for (auto [v, vector] : llvm::enumerate(bRow)) {
      *sum = x86vector::DotBF16Op::create(builder, loc, vectorType, *sum,
                                          spread, vector);
      ++sum;
      // Lines are asked for at the pace of products, behind loads that wait
      // for earlier ones: in front of them takes longer.
      if (fetches && row == rows / 2)
        fetch(add(ahead, index(static_cast<int64_t>(v) * cacheLineBytes)),
              /*cache=*/1);
    }
  }
}

} // namespace

func::FuncOp moe::buildFewRowsKernel(ModuleOp module, const KernelForm &form,
                                     StringRef name) {
  return FewRowsKernelBuilder(module.getContext(), module.getLoc(), form)
      .build(module, name);
}
