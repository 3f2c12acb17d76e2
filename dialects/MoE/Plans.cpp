// moe.convert_plan, pack_plan, unpack_plan, expand_plan and remap: verifiers
// and canonicalisations.
#include "moe/Dialect/MoE/Plans.h"
#include "Shapes.h"
#include "moe/Dialect/MoE/MoE.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace moe;
using moe::detail::compatible;

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

SmallVector<PlanPart> moe::getPlanParts(PlanType plan) {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  int64_t experts = plan.getExperts(), size = plan.getSize();
  SmallVector<PlanPart> parts;
  auto add = [&](StringRef name, ArrayRef<int64_t> shape, Type element) {
    parts.push_back({name, RankedTensorType::get(shape, element)});
  };
  auto integer = [&](unsigned width) {
    return IntegerType::get(plan.getContext(), width);
  };
  Type i32 = integer(32), weight = plan.getWeight();
  switch (plan.getEncoding()) {
  case PlanEncoding::Slots:
    add("ids", {dynamic, size}, i32);
    add("weights", {dynamic, size}, weight);
    break;
  case PlanEncoding::Csr:
    add("row_ptr", {dynamic}, i32);
    add("ids", {dynamic}, i32);
    add("weights", {dynamic}, weight);
    break;
  case PlanEncoding::Buckets:
    add("unit", {experts, size}, i32);
    add("slot", {experts, size}, i32);
    add("weights", {experts, size}, weight);
    add("count", {experts}, i32);
    break;
  case PlanEncoding::Grouped:
    add("offsets", {experts + 1}, i32);
    add("unit", {dynamic}, i32);
    add("slot", {dynamic}, i32);
    add("weights", {dynamic}, weight);
    break;
  case PlanEncoding::Dense:
    add("weights", {dynamic, experts}, weight);
    add("map", {dynamic, experts}, integer(1));
    break;
  case PlanEncoding::Soft:
    add("dispatch", {dynamic, experts * size}, weight);
    add("combine", {dynamic, experts * size}, weight);
    break;
  }
  if (plan.getCarry())
    add("carry", {dynamic}, weight);
  return parts;
}

/// Checks `values` against the parts of `plan`.
static LogicalResult verifyParts(Operation *op, ValueRange values,
                                 PlanType plan) {
  SmallVector<PlanPart> parts = getPlanParts(plan);
  if (values.size() != parts.size())
    return op->emitOpError("expects ") << parts.size() << " parts of " << plan
                                       << ", but got " << values.size();
  for (auto [value, part] : llvm::zip_equal(values, parts)) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getElementType() != part.type.getElementType() ||
        !llvm::equal(type.getShape(), part.type.getShape(), compatible))
      return op->emitOpError("requires part '")
             << part.name << "' (" << type << ") to have the type "
             << part.type;
  }
  return success();
}

LogicalResult UnpackPlanOp::verify() {
  // (unpack_plan_c1)
  return verifyParts(*this, getParts(), getPlan().getType());
}

LogicalResult PackPlanOp::verify() {
  PlanType plan = getPlan().getType();
  // (pack_plan_c1)
  if (failed(verifyParts(*this, getParts(), plan)))
    return failure();
  // (pack_plan_c2)
  bool byExpert = plan.getEncoding() == PlanEncoding::Buckets ||
                  plan.getEncoding() == PlanEncoding::Grouped;
  if (byExpert != static_cast<bool>(getUnits()))
    return emitOpError("expects 'units' with buckets and grouped alone, but "
                       "got the encoding '")
           << stringifyEnum(plan.getEncoding()) << "'";
  return success();
}

//===----------------------------------------------------------------------===//
// ConvertPlanOp and ExpandPlanOp
//===----------------------------------------------------------------------===//

LogicalResult ConvertPlanOp::verify() {
  PlanType from = getPlan().getType(), to = getType();
  // (convert_plan_c1)
  if (from.getEncoding() == PlanEncoding::Soft ||
      to.getEncoding() == PlanEncoding::Soft)
    return emitOpError("expects plans of entries, but got ")
           << from << " and " << to;
  if (from.withEncoding(to.getEncoding(), to.getSize()) != to)
    return emitOpError("requires the result (")
           << to << ") to differ from the plan (" << from
           << ") in the encoding alone";
  return success();
}

OpFoldResult ConvertPlanOp::fold(FoldAdaptor) {
  return getPlan().getType() == getType() ? getPlan() : Value();
}

LogicalResult ExpandPlanOp::verify() {
  // (expand_plan_c1)
  PlanEncoding encoding = getPlan().getType().getEncoding();
  if (encoding == PlanEncoding::Buckets || encoding == PlanEncoding::Soft)
    return emitOpError("expects a plan that is not in buckets and not soft, "
                       "but got ")
           << getPlan().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// RemapOp
//===----------------------------------------------------------------------===//

/// (remap_c2): the map or the replicas fit the plan.
static LogicalResult verifyTargets(RemapOp op) {
  PlanType from = op.getPlan().getType();
  if (op.getReplicas()) {
    int64_t rows = op.getReplicas().getType().getDimSize(0);
    if (!compatible(rows, from.getExperts()))
      return op.emitOpError("requires the rows of 'replicas' (")
             << rows << ") to equal the plan's experts (" << from.getExperts()
             << ")";
    int64_t columns = op.getChoice().getType().getDimSize(1);
    if (!compatible(columns, from.getSlots()))
      return op.emitOpError("requires the columns of 'choice' (")
             << columns << ") to equal the plan's slots (" << from.getSlots()
             << ")";
    return success();
  }
  ArrayRef<int64_t> map = op.getMapAttr().asArrayRef();
  if (static_cast<int64_t>(map.size()) != from.getExperts())
    return op.emitOpError("requires the elements of 'map' (")
           << map.size() << ") to be as many as the plan's experts ("
           << from.getExperts() << ")";
  for (int64_t id : map)
    if (id < -1 || id >= op.getType().getExperts())
      return op.emitOpError("requires the ids in 'map' (")
             << id << ") to be -1 or below the result's experts ("
             << op.getType().getExperts() << ")";
  return success();
}

LogicalResult RemapOp::verify() {
  PlanType from = getPlan().getType(), to = getType();
  // (remap_c1)
  bool byMap = static_cast<bool>(getMap());
  if (byMap == static_cast<bool>(getReplicas()) ||
      byMap == static_cast<bool>(getChoice()))
    return emitOpError("expects either 'map' or 'replicas' and 'choice'");
  // (remap_c5)
  if (from.getEncoding() != PlanEncoding::Slots ||
      to.getEncoding() != PlanEncoding::Slots)
    return emitOpError("expects plans in slots, but got ")
           << from << " and " << to;
  // (remap_c2)
  if (failed(verifyTargets(*this)))
    return failure();
  // (remap_c3)
  int64_t previous = -1;
  for (int64_t id : getCarry()) {
    if (id <= previous || id >= from.getExperts())
      return emitOpError("expects ascending ids of the plan in 'carry', but "
                         "got ")
             << id << " after " << previous;
    previous = id;
    if (!byMap || (*getMap())[id] != -1)
      return emitOpError("expects 'map' to drop the ids in 'carry', but it "
                         "keeps ")
             << id;
  }
  // (remap_c4)
  int64_t kept = from.getSlots();
  if (getSlotMask()) {
    previous = -1;
    for (int64_t slot : getSlotMaskAttr().asArrayRef()) {
      if (slot <= previous || slot >= from.getSlots())
        return emitOpError("expects ascending slots of the plan in "
                           "'slot_mask', but got ")
               << slot << " after " << previous;
      previous = slot;
    }
    kept = getSlotMask()->size();
  }
  // (remap_c5)
  PlanType wanted = PlanType::getChecked(
      [&] { return emitOpError(); }, getContext(), to.getExperts(),
      PlanEncoding::Slots, std::min(kept, to.getExperts()), from.getAlways(),
      from.getWeight(), from.getCarry() || !getCarry().empty());
  if (!wanted)
    return failure();
  if (to != wanted)
    return emitOpError("requires the result (") << to << ") to be " << wanted;
  return success();
}

OpFoldResult RemapOp::fold(FoldAdaptor) {
  if (!getMap() || getSlotMask() || getPlan().getType() != getType())
    return {};
  for (auto [index, id] : llvm::enumerate(getMapAttr().asArrayRef()))
    if (id != static_cast<int64_t>(index))
      return {};
  return getPlan();
}

/// True where no two ids become one.
static bool isInjective(ArrayRef<int64_t> map, int64_t experts) {
  SmallVector<bool> taken(experts, false);
  for (int64_t id : map) {
    if (id < 0)
      continue;
    if (taken[id])
      return false;
    taken[id] = true;
  }
  return true;
}

namespace {

/// C18: groups, and buckets that hold any number, keep every entry and its
/// slot, so going through them is going straight. Slots in the end would close
/// gaps that the way through leaves, or the other way round.
struct ConvertOfConvert : OpRewritePattern<ConvertPlanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvertPlanOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getPlan().getDefiningOp<ConvertPlanOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "no two conversions");
    PlanType middle = inner.getType();
    bool keepsAll = middle.getEncoding() == PlanEncoding::Grouped ||
                    (middle.getEncoding() == PlanEncoding::Buckets &&
                     ShapedType::isDynamic(middle.getSize()));
    if (!keepsAll || op.getType().getEncoding() == PlanEncoding::Slots)
      return rewriter.notifyMatchFailure(op, "slots or entries may change");
    rewriter.replaceOpWithNewOp<ConvertPlanOp>(op, op.getType(),
                                               inner.getPlan());
    return success();
  }
};

/// C13: two renumberings are one. Where both bring ids together they must do it
/// by the same rule: each of the rules is associative, and the first of the
/// first is the first.
struct RemapOfRemap : OpRewritePattern<RemapOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(RemapOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getPlan().getDefiningOp<RemapOp>();
    if (!inner || !op.getMap() || !inner.getMap())
      return rewriter.notifyMatchFailure(op, "no two renumberings by maps");
    PlanType middle = inner.getType();
    // The outer mask names slots of the inner result, whose entries the inner
    // one may have moved or merged.
    if (op.getSlotMask())
      return rewriter.notifyMatchFailure(op, "slots of the inner result");
    int64_t kept = inner.getSlotMask() ? inner.getSlotMask()->size()
                                       : inner.getPlan().getType().getSlots();
    if (kept > middle.getExperts())
      return rewriter.notifyMatchFailure(op, "entries move twice");
    bool innerMerges = !isInjective(*inner.getMap(), middle.getExperts());
    bool outerMerges = !isInjective(*op.getMap(), op.getType().getExperts());
    if (innerMerges && outerMerges && op.getManyToOne() != inner.getManyToOne())
      return rewriter.notifyMatchFailure(op, "weights are merged by two rules");
    SmallVector<int64_t> carry(inner.getCarry());
    SmallVector<int64_t> map =
        llvm::map_to_vector(inner.getMapAttr().asArrayRef(), [&](int64_t id) {
          return id < 0 ? id : (*op.getMap())[id];
        });
    for (auto [id, next] : llvm::enumerate(inner.getMapAttr().asArrayRef())) {
      if (next < 0 || !llvm::is_contained(op.getCarry(), next))
        continue;
      // What is carried after a merge is what the merge left of the weights.
      if (innerMerges && inner.getManyToOne() != ManyToOne::Sum)
        return rewriter.notifyMatchFailure(op, "a merged weight is carried");
      carry.push_back(id);
    }
    llvm::sort(carry);
    rewriter.replaceOpWithNewOp<RemapOp>(
        op, op.getType(), inner.getPlan(), /*replicas=*/Value(),
        /*choice=*/Value(), rewriter.getDenseI64ArrayAttr(map),
        rewriter.getDenseI64ArrayAttr(carry), inner.getSlotMaskAttr(),
        outerMerges ? op.getManyToOneAttr() : inner.getManyToOneAttr());
    return success();
  }
};

} // namespace

void ConvertPlanOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                MLIRContext *context) {
  patterns.add<ConvertOfConvert>(context);
}

void RemapOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                          MLIRContext *context) {
  patterns.add<RemapOfRemap>(context);
}
