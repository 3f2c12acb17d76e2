// Keeps of plans and rows what is assigned alone: no columns, copies or gaps
// for entries that do not exist.
#include "moe/Dialect/MoE/MoE.h"
#include "moe/Dialect/MoETile/MoETile.h"
#include "moe/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace moe {
#define GEN_PASS_DEF_PADDINGELIMINATIONPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

static remark::RemarkOpts remarkOf(StringRef name) {
  return remark::RemarkOpts::name(name).category("moe-padding-elimination");
}

/// Reports that `op` is a candidate of a rewrite, and why it stayed.
static void reportKept(Operation *op, StringRef name, StringRef reason) {
  remark::missed(op->getLoc(), remarkOf(name)) << reason;
}

//===----------------------------------------------------------------------===//
// Capacity to ragged
//===----------------------------------------------------------------------===//

/// Why what uses a plan of `wide` needs its encoding; empty where it does not.
static StringRef whyUsersNeed(Value plan) {
  auto wide = cast<PlanType>(plan.getType());
  for (Operation *user : plan.getUsers()) {
    if (!isa<DispatchOp, ExpertsOp, CombineOp>(user))
      return "its plan has other users than a layer";
    auto combine = dyn_cast<CombineOp>(user);
    // The order of a difference of many terms shows in its rounding.
    if (combine && combine.getResidual() == Residual::Complement &&
        wide.getEncoding() == PlanEncoding::Dense)
      return "the complement of its weights is summed in the order of experts";
  }
  return {};
}

/// Says in other words in which order the users of `plan` sum, where slots of
/// its encoding are experts.
static void nameOrder(Value plan) {
  if (cast<PlanType>(plan.getType()).getEncoding() != PlanEncoding::Dense)
    return;
  for (Operation *user : plan.getUsers())
    if (auto combine = dyn_cast<CombineOp>(user);
        combine && combine.getOrder() == SumOrder::Slot)
      combine.setOrder(SumOrder::ExpertAsc);
}

static bool hasOwnColumns(PlanType plan) {
  return plan.getEncoding() != PlanEncoding::Slots &&
         plan.getEncoding() != PlanEncoding::Soft;
}

static bool isFixedBucket(PlanType plan) {
  return plan.getEncoding() == PlanEncoding::Buckets &&
         !ShapedType::isDynamic(plan.getSize());
}

static void reportRagged(Operation *op, PlanType wide, int64_t slots) {
  remark::passed(op->getLoc(), remarkOf("ragged")) << std::string(llvm::formatv(
      "{0} columns per unit instead of {1}", slots, wide.getExperts()));
}

static void narrow(RouteOp op) {
  PlanType plan = op.getPlan().getType();
  if (!hasOwnColumns(plan) || op.getPlan().use_empty())
    return;
  CapacityAttr capacity = op.getCapacityAttr();
  bool rounds = capacity && capacity.getKind() == CapacityKind::TileRound;
  int64_t slots = op.getSelectedSlots();
  DomainAttr domain = op.getDomainAttr();
  StringRef reason;
  if (rounds || slots >= plan.getExperts())
    reason = "a unit may have an entry for every expert";
  else if (op.getPredictor())
    reason = "a predictor has the type of its plan";
  else if (isFixedBucket(plan) && domain && domain.getKind() != DomainKind::All)
    reason = "its buckets may not hold what several parts of the domain fill";
  else
    reason = whyUsersNeed(op.getPlan());
  if (!reason.empty())
    return reportKept(op, "ragged", reason);
  nameOrder(op.getPlan());
  op.getPlan().setType(plan.withEncoding(PlanEncoding::Slots, slots));
  reportRagged(op, plan, slots);
}

static void narrow(ConvertPlanOp op) {
  PlanType from = op.getPlan().getType(), to = op.getType();
  if (!hasOwnColumns(to) || from.getEncoding() != PlanEncoding::Slots)
    return;
  StringRef reason;
  if (from.getSlots() >= to.getSlots())
    reason = "a unit may have an entry for every expert";
  else if (isFixedBucket(to))
    reason = "that its buckets hold the entries is checked at run time";
  else
    reason = whyUsersNeed(op.getResult());
  if (!reason.empty())
    return reportKept(op, "ragged", reason);
  reportRagged(op, to, from.getSlots());
  nameOrder(op.getResult());
  op.replaceAllUsesWith(op.getPlan());
  op.erase();
}

//===----------------------------------------------------------------------===//
// Static bounds
//===----------------------------------------------------------------------===//

/// Says how many rows an expert, and all experts, can have at most.
static void reportBounds(RouteOp op) {
  PlanType plan = op.getPlan().getType();
  if (plan.getEncoding() == PlanEncoding::Soft)
    return;
  int64_t units =
      op.isLazy() ? ShapedType::kDynamic
                  : cast<ShapedType>(op.getLogits().getType()).getDimSize(0);
  CapacityAttr capacity = op.getCapacityAttr();
  bool rounds = capacity && capacity.getKind() == CapacityKind::TileRound;
  CountAttr count = op.getSelect().getCount();
  if (capacity && capacity.getKind() == CapacityKind::Limit)
    count = capacity.getCount();
  DomainAttr domain = op.getDomainAttr();
  bool isWhole = !domain || domain.getKind() == DomainKind::All;
  int64_t slots = rounds ? plan.getExperts() : op.getSelectedSlots();
  int64_t limit = count && isWhole ? count.getNumber() : 0;
  std::string one = "T", all = slots == 1 ? one : std::to_string(slots) + " T";
  if (!ShapedType::isDynamic(units)) {
    one = std::to_string(limit ? std::min(limit, units) : units);
    int64_t most = slots * units;
    all = std::to_string(limit ? std::min(most, limit * plan.getExperts())
                               : most);
  } else if (limit) {
    one = std::to_string(limit);
    all = llvm::formatv("min({0}, {1})", all, limit * plan.getExperts());
  }
  remark::analysis(op.getLoc(), remarkOf("bounds"))
      << "an expert has at most " + one + " rows, all experts at most " + all;
}

//===----------------------------------------------------------------------===//
// Gather sinking
//===----------------------------------------------------------------------===//

static void sinkGather(DispatchOp op) {
  RowsType rows = op.getRows().getType();
  if (rows.getLayout() == RowLayout::Indexed)
    return;
  if (!op.givesUnitsAsTheyAre())
    return reportKept(op, "indexed", "its rows are not units as they are");
  if (!llvm::all_of(op.getRows().getUses(), [](OpOperand &use) {
        auto experts = dyn_cast<ExpertsOp>(use.getOwner());
        return experts && &use == &experts.getInputMutable();
      }))
    return reportKept(op, "indexed", "its rows have other users than experts");
  op.getRows().setType(RowsType::get(op.getContext(), rows.getElementType(),
                                     rows.getWidth(), RowLayout::Indexed));
  remark::passed(op.getLoc(), remarkOf("indexed"))
      << "experts read rows where their units are";
}

//===----------------------------------------------------------------------===//
// Physical to virtual pad
//===----------------------------------------------------------------------===//

/// Why `access` of `op` may see the gaps of `buffer`; empty where it cannot.
static StringRef whyGapShows(tile::BufferOp buffer, tile::ComputeOp op,
                             const tile::Access &access, unsigned position) {
  unsigned rows = *buffer.getRowsDim();
  if (!access.indices[rows - 1])
    return "a computation takes the rows of all experts at once";
  if (buffer.getGap() != tile::Gap::Zero)
    return {};
  if (op.getBody().empty())
    return "a computation without a body may read its zeros";
  auto view = cast<MemRefType>(op.getBody().getArgument(position).getType());
  SmallVector<unsigned> kept =
      tile::getViewDims(buffer.getShape(), access.indices);
  const unsigned *dim = llvm::find(kept, rows);
  if (dim != kept.end() && !view.isDynamicDim(dim - kept.begin()))
    return "a computation takes whole tiles";
  return {};
}

static void closeGaps(tile::BufferOp buffer) {
  if (buffer.getAlign() == 1)
    return;
  StringRef reason;
  if (buffer.getMemory() || buffer.getRole() == tile::Role::Output)
    reason = "its memory belongs to others";
  buffer->getParentOp()->walk([&](tile::ComputeOp op) {
    for (auto [position, access] : llvm::enumerate(tile::getAccesses(op)))
      if (reason.empty() &&
          access.attr.getBuffer().getValue() == buffer.getSymName())
        reason = whyGapShows(buffer, op, access, position);
  });
  if (!reason.empty())
    return reportKept(buffer, "dense", reason);
  remark::passed(buffer.getLoc(), remarkOf("dense"))
      << std::string(llvm::formatv(
             "rows of experts lie without gaps instead of aligned to {0}",
             buffer.getAlign()));
  buffer.setAlign(1);
  buffer.setGap(tile::Gap::None);
}

namespace {

/// One walk over the module: plans come before the rows that they order, so a
/// layer is seen with the plan it is left with. Linear in the ops and the
/// accesses of graphs with aligned buffers.
struct PaddingElimination
    : moe::impl::PaddingEliminationPassBase<PaddingElimination> {
  void runOnOperation() override {
    getOperation().walk([](Operation *op) {
      if (auto route = dyn_cast<RouteOp>(op)) {
        narrow(route);
        reportBounds(route);
      } else if (auto convert = dyn_cast<ConvertPlanOp>(op)) {
        narrow(convert);
      } else if (auto dispatch = dyn_cast<DispatchOp>(op)) {
        sinkGather(dispatch);
      } else if (auto buffer = dyn_cast<tile::BufferOp>(op)) {
        closeGaps(buffer);
      }
    });
  }
};

} // namespace
