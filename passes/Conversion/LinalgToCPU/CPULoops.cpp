// Loops for structured ops on memrefs, shaped for LLVM's vectoriser.
#include "CPULoops.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

std::optional<int64_t> moe::constantIndex(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSExtValue();
  return std::nullopt;
}

Value moe::buildMul(OpBuilder &builder, Location loc, Value a, Value b) {
  std::optional<int64_t> left = constantIndex(a), right = constantIndex(b);
  if (left && right)
    return arith::ConstantIndexOp::create(builder, loc, *left * *right);
  if (left == 1)
    return b;
  if (right == 1)
    return a;
  return arith::MulIOp::create(builder, loc, a, b);
}

Value moe::buildDim(OpBuilder &builder, Location loc, Value memref,
                    int64_t dim) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(dim))
    return arith::ConstantIndexOp::create(builder, loc, type.getDimSize(dim));
  return memref::DimOp::create(builder, loc, memref, dim);
}

void moe::buildChunks(OpBuilder &builder, Location loc, Value total,
                      Value workPerIndex, int64_t grain,
                      function_ref<void(OpBuilder &, Value, Value)> body) {
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  std::optional<int64_t> count = constantIndex(total),
                         work = constantIndex(workPerIndex);
  if (count && (*count <= 1 || (work && *count * *work < 2 * grain)))
    return body(builder, zero, total);

  Value allWork = buildMul(builder, loc, total, workPerIndex);
  Value grainValue = arith::ConstantIndexOp::create(builder, loc, grain);
  Value chunks = arith::DivUIOp::create(builder, loc, allWork, grainValue);
  chunks = arith::MinUIOp::create(builder, loc, chunks, total);
  chunks = arith::MaxUIOp::create(builder, loc, chunks, one);
  auto loop = scf::ParallelOp::create(builder, loc, zero, chunks, one);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value chunk = loop.getInductionVars().front();
  Value next = arith::AddIOp::create(builder, loc, chunk, one);
  auto bound = [&](Value index) -> Value {
    Value scaled = arith::MulIOp::create(builder, loc, index, total);
    return arith::DivUIOp::create(builder, loc, scaled, chunks);
  };
  Value lower = bound(chunk);
  Value upper = bound(next);
  body(builder, lower, upper);
}

namespace {

/// How a loop dimension moves through the operands' memory; higher is better
/// for the innermost loop.
int64_t contiguityScore(linalg::LinalgOp op, unsigned dim) {
  int64_t score = 0;
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type)
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    int64_t offset = 0;
    SmallVector<int64_t> strides;
    bool known = succeeded(type.getStridesAndOffset(strides, offset));
    bool used = false, unitStride = known;
    for (auto [position, expr] : llvm::enumerate(map.getResults())) {
      if (!expr.isFunctionOfDim(dim))
        continue;
      used = true;
      bool plain = isa<AffineDimExpr>(expr);
      unitStride &= plain && known && strides[position] == 1;
    }
    score += !used ? 1 : unitStride ? 2 : 0;
  }
  // Rows that the body looks up by itself.
  for (auto load : op.getBlock()->getOps<memref::LoadOp>()) {
    auto index =
        load.getIndices().empty()
            ? linalg::IndexOp()
            : load.getIndices().back().getDefiningOp<linalg::IndexOp>();
    if (index && index.getDim() == dim &&
        load.getMemRefType().isLastDimUnitStride())
      score += 2;
  }
  return score;
}

/// Scalar operations of one iteration: memory accesses and arithmetic, with
/// functions such as exp counted as ten.
int64_t bodyCost(linalg::LinalgOp op) {
  int64_t cost = op->getNumOperands();
  for (Operation &nested : op.getBlock()->without_terminator()) {
    StringRef dialect = nested.getName().getDialectNamespace();
    cost += dialect == "math" ? 10 : 1;
  }
  return cost;
}

/// Sums and products along the innermost loop may be formed lane by lane; the
/// order depends on the loop alone.
void allowReordering(Value result) {
  Operation *op = result.getDefiningOp();
  if (!isa_and_nonnull<arith::AddFOp, arith::MulFOp>(op))
    return;
  auto math = cast<arith::ArithFastMathInterface>(op);
  auto flags = math.getFastMathFlagsAttr().getValue();
  op->setAttr(math.getFastMathAttrName(),
              arith::FastMathFlagsAttr::get(
                  op->getContext(), flags | arith::FastMathFlags::reassoc));
}

/// Builds the loops of one op.
class LoopNest {
public:
  LoopNest(OpBuilder &builder, linalg::LinalgOp op, int64_t grain)
      : builder(builder), op(op), loc(op.getLoc()), grain(grain) {}

  void build();

private:
  Value indexValue(AffineExpr expr);
  SmallVector<Value> indices(OpOperand &operand);
  bool usesInner(OpOperand &operand) {
    return inner &&
           llvm::any_of(
               op.getMatchingIndexingMap(&operand).getResults(),
               [&](AffineExpr expr) { return expr.isFunctionOfDim(*inner); });
  }
  Value load(OpOperand &operand);
  void buildOuter(ArrayRef<unsigned> dims, Value lower, Value upper);
  void buildReductions(ArrayRef<unsigned> dims, Value lower, Value upper);
  void buildInner(Value lower, Value upper);
  SmallVector<Value> buildBody();

  OpBuilder &builder;
  linalg::LinalgOp op;
  Location loc;
  int64_t grain;
  SmallVector<Value> sizes;
  SmallVector<Value> ivs;
  SmallVector<unsigned> outer, reductions;
  std::optional<unsigned> inner;
  /// Values of operands that the innermost loop does not move, loaded before.
  llvm::DenseMap<OpOperand *, Value> hoisted;
};

Value LoopNest::indexValue(AffineExpr expr) {
  unsigned dims = op.getNumLoops();
  SmallVector<OpFoldResult> operands(ivs.begin(), ivs.end());
  OpFoldResult folded = affine::makeComposedFoldedAffineApply(
      builder, loc, AffineMap::get(dims, 0, expr), operands);
  return getValueOrCreateConstantIndexOp(builder, loc, folded);
}

SmallVector<Value> LoopNest::indices(OpOperand &operand) {
  return llvm::map_to_vector(op.getMatchingIndexingMap(&operand).getResults(),
                             [&](AffineExpr expr) { return indexValue(expr); });
}

Value LoopNest::load(OpOperand &operand) {
  if (!isa<MemRefType>(operand.get().getType()))
    return operand.get();
  return memref::LoadOp::create(builder, loc, operand.get(), indices(operand));
}

void LoopNest::build() {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  unsigned dims = op.getNumLoops();
  for (Range range : op.createLoopRanges(builder, loc))
    sizes.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.size));
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  ivs.assign(dims, zero);

  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  int64_t best = -1;
  for (unsigned dim = 0; dim < dims; ++dim) {
    if (moe::constantIndex(sizes[dim]) == 1)
      continue;
    // The last of equals: the order that the author of the op wrote.
    if (int64_t score = contiguityScore(op, dim); score >= best) {
      best = score;
      inner = dim;
    }
  }
  for (unsigned dim = 0; dim < dims; ++dim) {
    if (dim == inner || moe::constantIndex(sizes[dim]) == 1)
      continue;
    (kinds[dim] == utils::IteratorType::parallel ? outer : reductions)
        .push_back(dim);
  }

  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value work = arith::ConstantIndexOp::create(builder, loc, bodyCost(op));
  for (unsigned dim : reductions)
    work = moe::buildMul(builder, loc, work, sizes[dim]);
  bool innerIsParallel =
      inner && kinds[*inner] == utils::IteratorType::parallel;
  if (outer.empty() && innerIsParallel) {
    moe::buildChunks(builder, loc, sizes[*inner], work, grain,
                     [&](OpBuilder &, Value lower, Value upper) {
                       buildReductions(reductions, lower, upper);
                     });
  } else {
    if (inner)
      work = moe::buildMul(builder, loc, work, sizes[*inner]);
    Value total = one;
    for (unsigned dim : outer)
      total = moe::buildMul(builder, loc, total, sizes[dim]);
    moe::buildChunks(builder, loc, total, work, grain,
                     [&](OpBuilder &, Value lower, Value upper) {
                       buildOuter(outer, lower, upper);
                     });
  }
  op->erase();
}

/// Loops over [lower, upper) of the flattened outer dimensions.
void LoopNest::buildOuter(ArrayRef<unsigned> dims, Value lower, Value upper) {
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value innerSize = inner ? sizes[*inner] : Value();
  if (dims.empty())
    return buildReductions(reductions, zero, innerSize);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(builder, loc, lower, upper, one);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value rest = loop.getInductionVar();
  for (unsigned dim : llvm::reverse(dims.drop_front())) {
    ivs[dim] = arith::RemUIOp::create(builder, loc, rest, sizes[dim]);
    rest = arith::DivUIOp::create(builder, loc, rest, sizes[dim]);
  }
  ivs[dims.front()] = rest;
  buildReductions(reductions, zero, innerSize);
}

void LoopNest::buildReductions(ArrayRef<unsigned> dims, Value lower,
                               Value upper) {
  if (dims.empty())
    return buildInner(lower, upper);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(builder, loc, zero, sizes[dims.front()], one);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  ivs[dims.front()] = loop.getInductionVar();
  buildReductions(dims.drop_front(), lower, upper);
}

void LoopNest::buildInner(Value lower, Value upper) {
  OpBuilder::InsertionGuard guard(builder);
  auto outputs = op.getDpsInitsMutable();
  if (!inner) {
    for (auto [output, result] : llvm::zip(outputs, buildBody()))
      memref::StoreOp::create(builder, loc, result, output.get(),
                              indices(output));
    return;
  }

  // Outputs that the innermost loop does not move are its accumulators.
  SmallVector<OpOperand *> accumulators;
  SmallVector<Value> initial;
  for (OpOperand &operand : op->getOpOperands()) {
    if (usesInner(operand) ||
        (op.isDpsInput(&operand) && !op.payloadUsesValueFromOperand(&operand)))
      continue;
    Value value = load(operand);
    if (op.isDpsInit(&operand)) {
      accumulators.push_back(&operand);
      initial.push_back(value);
    } else {
      hoisted[&operand] = value;
    }
  }
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(builder, loc, lower, upper, one, initial);
  MLIRContext *context = builder.getContext();
  auto no = BoolAttr::get(context, false);
  auto vectorize = LLVM::LoopVectorizeAttr::get(context, /*disable=*/no, {}, {},
                                                {}, {}, {}, {});
  loop->setAttr("llvm.loop_annotation",
                LLVM::LoopAnnotationAttr::get(context, {}, vectorize, {}, {},
                                              {}, {}, {}, {}, {}, {}, {}, {},
                                              {}, {}, {}));
  builder.setInsertionPointToStart(loop.getBody());
  ivs[*inner] = loop.getInductionVar();
  for (auto [operand, value] :
       llvm::zip(accumulators, loop.getRegionIterArgs()))
    hoisted[operand] = value;
  SmallVector<Value> results = buildBody();
  for (auto [output, result] : llvm::zip(outputs, results))
    if (llvm::is_contained(accumulators, &output))
      allowReordering(result);
  SmallVector<Value> carried;
  for (auto [output, result] : llvm::zip(outputs, results)) {
    if (llvm::is_contained(accumulators, &output))
      carried.push_back(result);
    else
      memref::StoreOp::create(builder, loc, result, output.get(),
                              indices(output));
  }
  if (!accumulators.empty())
    scf::YieldOp::create(builder, loc, carried);
  builder.setInsertionPointAfter(loop);
  ivs[*inner] = lower;
  for (auto [operand, value] : llvm::zip(accumulators, loop.getResults()))
    memref::StoreOp::create(builder, loc, value, operand->get(),
                            indices(*operand));
}

SmallVector<Value> LoopNest::buildBody() {
  IRMapping mapping;
  Block *block = op.getBlock();
  for (auto [operand, argument] :
       llvm::zip(op->getOpOperands(), block->getArguments())) {
    if (argument.use_empty())
      continue;
    Value value = hoisted.lookup(&operand);
    mapping.map(argument, value ? value : load(operand));
  }
  for (Operation &nested : block->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(nested))
      mapping.map(index.getResult(), ivs[index.getDim()]);
    else
      builder.clone(nested, mapping);
  }
  return llvm::map_to_vector(
      block->getTerminator()->getOperands(),
      [&](Value value) { return mapping.lookupOrDefault(value); });
}

} // namespace

void moe::lowerToLoops(OpBuilder &builder, linalg::LinalgOp op, int64_t grain) {
  LoopNest(builder, op, grain).build();
}

/// Operations of one execution of a block; a loop whose trip count is not
/// constant counts as one trip.
static int64_t staticCost(Block &block) {
  int64_t cost = 0;
  for (Operation &op : block) {
    int64_t once = 1;
    for (Region &region : op.getRegions())
      for (Block &nested : region)
        once += staticCost(nested);
    auto loop = dyn_cast<LoopLikeOpInterface>(op);
    std::optional<APInt> trips =
        loop ? loop.getStaticTripCount() : std::nullopt;
    cost += once * (trips ? trips->getSExtValue() : 1);
  }
  return cost;
}

void moe::lowerForall(OpBuilder &builder, scf::ForallOp op, int64_t grain) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  Location loc = op.getLoc();
  Value total =
      getValueOrCreateConstantIndexOp(builder, loc, op.getMixedUpperBound()[0]);
  Value work =
      arith::ConstantIndexOp::create(builder, loc, staticCost(*op.getBody()));
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  buildChunks(builder, loc, total, work, grain,
              [&](OpBuilder &, Value lower, Value upper) {
                auto loop = scf::ForOp::create(builder, loc, lower, upper, one);
                OpBuilder::InsertionGuard guard(builder);
                builder.setInsertionPointToStart(loop.getBody());
                IRMapping mapping;
                mapping.map(op.getInductionVar(0), loop.getInductionVar());
                for (Operation &nested : op.getBody()->without_terminator())
                  builder.clone(nested, mapping);
              });
  op->erase();
}
