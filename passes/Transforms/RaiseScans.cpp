// Loops over layers whose weights are stacked (jax.lax.scan): taken apart, each
// layer has weights of its own, as layers that were never stacked have. A loop
// grows by the number of its trips, so that first a single trip has to show
// that its layers are raised.
#include "Raise.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::raise;

namespace {

/// A loop that counts: body for counter = start, start + step, ... < end.
struct CountedLoop {
  hlo::WhileOp loop;
  unsigned counter; // its number among the values of the loop
  int64_t start, end, step;

  int64_t trips() const {
    return start < end ? llvm::divideCeil(end - start, step) : 0;
  }
};

} // namespace

/// More layers than any model has.
static constexpr int64_t kMaxLayers = 1024;

static std::optional<int64_t> integerOf(Value value) {
  APInt number;
  if (!matchPattern(value, m_ConstantInt(&number)))
    return std::nullopt;
  return number.getSExtValue();
}

/// The value of the loop that a block argument of one of its regions is;
/// invariant ones are what they start as.
static Value startOf(hlo::WhileOp loop, Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || argument.getOwner()->getParentOp() != loop)
    return value;
  unsigned number = argument.getArgNumber();
  Block &body = loop.getBody().front();
  return body.getTerminator()->getOperand(number) == body.getArgument(number)
             ? loop->getOperand(number)
             : value;
}

static std::optional<CountedLoop> matchCountedLoop(hlo::WhileOp loop) {
  Block &condition = loop.getCond().front(), &body = loop.getBody().front();
  auto compare =
      condition.getTerminator()->getOperand(0).getDefiningOp<hlo::CompareOp>();
  if (!compare ||
      compare.getComparisonDirection() != hlo::ComparisonDirection::LT)
    return std::nullopt;
  auto counter = dyn_cast<BlockArgument>(compare.getLhs());
  if (!counter || counter.getOwner() != &condition)
    return std::nullopt;
  CountedLoop result{loop, counter.getArgNumber(), 0, 0, 0};
  auto next = body.getTerminator()
                  ->getOperand(result.counter)
                  .getDefiningOp<hlo::AddOp>();
  if (!next || next.getLhs() != body.getArgument(result.counter))
    return std::nullopt;
  auto start = integerOf(loop->getOperand(result.counter)),
       end = integerOf(startOf(loop, compare.getRhs())),
       step = integerOf(startOf(loop, next.getRhs()));
  int64_t distance = 0;
  if (!start || !end || !step || *step <= 0 ||
      llvm::SubOverflow(*end, *start, distance))
    return std::nullopt;
  result.start = *start;
  result.end = *end;
  result.step = *step;
  return result;
}

/// Whether the body chooses experts, and takes matrices from stacked constants
/// by its counter.
static bool isScanOverLayers(const CountedLoop &loop) {
  bool chooses = false, slices = false;
  Block &body = loop.loop->getRegion(1).front();
  for (Operation &op : body) {
    chooses |= isTopK(&op) || isa<hlo::SortOp>(op);
    auto slice = dyn_cast<hlo::DynamicSliceOp>(op);
    if (!slice || typeOf(slice.getOperand()).getRank() < 3)
      continue;
    Value weights = startOf(loop.loop, slice.getOperand());
    slices |= weights.getDefiningOp<hlo::ConstantOp>() &&
              slice.getStartIndices().front() == body.getArgument(loop.counter);
  }
  return chooses && slices;
}

/// A slice at indices that are known as an ordinary one; null where they are
/// not, or are clamped.
static Operation *knownSlice(hlo::DynamicSliceOp slice) {
  if (!typeOf(slice.getOperand()).hasStaticShape())
    return nullptr;
  SmallVector<int64_t> starts, limits;
  for (auto [index, size, taken] :
       llvm::zip(slice.getStartIndices(), typeOf(slice.getOperand()).getShape(),
                 slice.getSliceSizes())) {
    std::optional<int64_t> start = integerOf(index);
    if (!start || *start < 0 || *start + taken > size)
      return nullptr;
    starts.push_back(*start);
    limits.push_back(*start + taken);
  }
  SmallVector<int64_t> strides(starts.size(), 1);
  OpBuilder builder(slice);
  return hlo::SliceOp::create(builder, slice.getLoc(), slice.getType(),
                              slice.getOperand(), starts, limits, strides);
}

/// Puts the body in front of the loop, once for each trip, and does without the
/// loop.
static void unroll(const CountedLoop &counted, int64_t trips,
                   llvm::function_ref<void(Operation *)> copied) {
  hlo::WhileOp loop = counted.loop;
  OpBuilder builder(loop);
  Block &body = loop.getBody().front();
  SmallVector<Value> values(loop->getOperands());
  for (int64_t trip = 0; trip < trips; ++trip) {
    IRMapping mapping;
    mapping.map(body.getArguments(), values);
    RankedTensorType type = typeOf(values[counted.counter]);
    int64_t number = counted.start + trip * counted.step;
    mapping.map(
        body.getArgument(counted.counter),
        hlo::ConstantOp::create(
            builder, loop.getLoc(),
            DenseElementsAttr::get(
                type, builder.getIntegerAttr(type.getElementType(), number)))
            .getResult());
    for (Operation &op : body.without_terminator()) {
      Operation *copy = builder.clone(op, mapping);
      if (auto slice = dyn_cast<hlo::DynamicSliceOp>(copy))
        if (Operation *known = knownSlice(slice)) {
          mapping.map(op.getResult(0), known->getResult(0));
          slice.erase();
          copy = known;
        }
      copied(copy);
    }
    for (auto [value, next] :
         llvm::zip(values, body.getTerminator()->getOperands()))
      value = mapping.lookupOrDefault(next);
  }
  loop->replaceAllUsesWith(values);
  loop.erase();
}

static SmallVector<CountedLoop> findScans(func::FuncOp function) {
  SmallVector<CountedLoop> loops;
  for (auto loop : function.getOps<hlo::WhileOp>())
    if (auto counted = matchCountedLoop(loop);
        counted && counted->trips() <= kMaxLayers && isScanOverLayers(*counted))
      loops.push_back(*counted);
  return loops;
}

void moe::raise::unrollScans(func::FuncOp function, ScanTrial trial) {
  SmallVector<CountedLoop> loops = findScans(function);
  if (loops.empty())
    return;
  // One trip of each, in a copy, tells which of them have layers.
  OwningOpRef<func::FuncOp> copy(function.clone());
  SmallVector<llvm::DenseSet<Operation *>> bodies;
  for (const CountedLoop &loop : findScans(*copy)) {
    llvm::DenseSet<Operation *> &body = bodies.emplace_back();
    unroll(loop, std::min<int64_t>(loop.trips(), 1),
           [&](Operation *op) { body.insert(op); });
  }
  SmallVector<hlo::WhileOp> found =
      llvm::map_to_vector(loops, [](auto &loop) { return loop.loop; });
  SmallVector<bool> haveLayers = trial(*copy, bodies, found);
  for (auto [loop, hasLayers] : llvm::zip(loops, haveLayers))
    if (hasLayers)
      unroll(loop, loop.trips(), [](Operation *) {});
}
