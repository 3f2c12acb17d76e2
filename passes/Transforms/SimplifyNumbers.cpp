// moe-simplify-routing: experts take the numbers that their plan had before it
// was renumbered (rule C13).
#include "SimplifyRouting.h"
#include "StoredWeights.h"

#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

/// The layer whose only plan is that of `remap`, without its route.
static FailureOr<RoutedLayer> matchUser(RemapOp remap) {
  for (Operation *user : remap->getUsers())
    if (auto combine = dyn_cast<CombineOp>(user))
      if (FailureOr<RoutedLayer> layer = matchRows(combine);
          succeeded(layer) && llvm::range_size(remap->getUses()) == 3)
        return layer;
  return failure();
}

/// Why a plan keeps the numbers that `remap` gives; empty where it need not.
static StringRef whyNumbersStay(RemapOp remap) {
  if (!remap.getMap())
    return "replicas are chosen at run time";
  if (remap.getSlotMask())
    return "some slots are dropped";
  ArrayRef<int64_t> map = remap.getMapAttr().asArrayRef();
  SmallVector<bool> taken(remap.getType().getExperts(), false);
  for (int64_t id : map) {
    if (id < 0 || taken[id])
      return "entries are dropped or come together";
    taken[id] = true;
  }
  return {};
}

/// True where an id that `route` weighs with 0 would be that of an expert with
/// parameters, which `map` hides and (R15) forbids.
static bool weighsParameters(RouteOp route, TableAttr table,
                             ArrayRef<int64_t> map) {
  if (!route || route.getSelect().getPolicy() == Policy::Table)
    return false;
  WeightAttr weight = route.getWeight();
  return llvm::any_of(
      llvm::concat<const int64_t>(weight.getZero(), weight.getExclude()),
      [&](int64_t id) { return !table.getClassOf(map[id]).mayHaveZeroIds(); });
}

/// `entry` with its experts `indices`, in that order.
static ClassAttr withExperts(ClassAttr entry, ArrayRef<int64_t> indices) {
  SmallVector<int64_t> widths(entry.getWidths());
  if (entry.getKind() == ClassKind::Nested)
    widths = llvm::map_to_vector(
        indices, [&](int64_t index) { return entry.getWidths()[index]; });
  // Experts keep their places.
  SmallVector<int64_t> placement;
  if (entry.isPlaced())
    for (int64_t index : indices)
      placement.push_back(
          entry.getPlacement()[index * entry.getPlacement().size() /
                               entry.getCount()]);
  return ClassAttr::get(
      entry.getContext(), entry.getKind(), indices.size(), entry.getWidth(),
      entry.getBody(), entry.getMix(), entry.getActivation(),
      entry.getTargets(), entry.getRank(), entry.getAlpha(), widths,
      entry.getFactors(), entry.getEvaluation(), entry.getBase(),
      entry.getBias(), entry.getCallee(), entry.getQuant(),
      entry.getInputScale(), placement, entry.getColumns());
}

/// Class by class the experts that stand in it, in the order of the numbers
/// before `map`; empty where a class would fall apart.
static SmallVector<std::pair<size_t, SmallVector<int64_t>>>
groupExperts(ArrayRef<ClassAttr> classes, ArrayRef<int64_t> map) {
  SmallVector<std::pair<size_t, SmallVector<int64_t>>> groups;
  for (int64_t id : map) {
    size_t index = 0;
    for (; id >= classes[index].getCount(); ++index)
      id -= classes[index].getCount();
    if (groups.empty() || groups.back().first != index) {
      if (llvm::is_contained(llvm::make_first_range(groups), index))
        return {};
      groups.emplace_back(index, SmallVector<int64_t>());
    }
    groups.back().second.push_back(id);
  }
  return groups;
}

void moe::detail::renumberExperts(RemapOp remap, RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C13";
  if (llvm::none_of(remap->getUsers(),
                    [](Operation *user) { return isa<DispatchOp>(user); }))
    return;
  FailureOr<RoutedLayer> layer = matchUser(remap);
  if (failed(layer))
    return reportKept(remap, rule, noLayer);
  if (StringRef why = whyNumbersStay(remap); !why.empty())
    return reportKept(remap, rule, why);
  ArrayRef<int64_t> map = remap.getMapAttr().asArrayRef();
  if (layer->combine.getOrder() == SumOrder::ExpertAsc && !llvm::is_sorted(map))
    return reportKept(remap, rule, "units are summed in the order of numbers");
  ExpertsOp experts = layer->experts;
  ArrayRef<ClassAttr> old = experts.getTable().getClasses();
  auto groups = groupExperts(old, map);
  if (groups.empty())
    return reportKept(remap, rule, "a class would fall apart");
  for (size_t index : llvm::seq(old.size()))
    if (old[index].isAlways())
      groups.emplace_back(
          index, llvm::to_vector(llvm::seq<int64_t>(old[index].getCount())));

  if (weighsParameters(remap.getPlan().getDefiningOp<RouteOp>(),
                       experts.getTable(), map))
    return reportKept(remap, rule,
                      "zero or exclude ids would be those of experts that "
                      "compute");

  SmallVector<SmallVector<Value>> oldParameters = splitParameters(experts);
  SmallVector<ClassAttr> classes;
  // Of classes whose experts stay as they are: nothing.
  SmallVector<std::optional<StoredWeights>> moved;
  for (auto &[index, indices] : groups) {
    ClassAttr entry = old[index];
    classes.push_back(withExperts(entry, indices));
    moved.emplace_back();
    if (llvm::equal(indices, llvm::seq<int64_t>(entry.getCount())))
      continue;
    moved.back() =
        matchStored(entry, experts.getInput().getType().getWidth(),
                    experts.getType().getWidth(), oldParameters[index]);
    if (moved.back()->empty() && !oldParameters[index].empty())
      return reportKept(remap, rule, notConstant);
  }

  rewriter.setInsertionPoint(experts);
  SmallVector<Value> parameters;
  for (auto [group, weights] : llvm::zip_equal(groups, moved)) {
    auto &[index, indices] = group;
    if (!weights) {
      llvm::append_range(parameters, oldParameters[index]);
      continue;
    }
    for (auto [own, weight] : llvm::zip_equal(
             groupOperands(old[index], 1, 1, oldParameters[index]), *weights)) {
      if (own.parameter.shared)
        llvm::append_range(parameters, own.operands);
      else
        llvm::append_range(parameters,
                           createOperands(takeExperts(weight, indices),
                                          experts.getLoc(), rewriter));
    }
  }
  rewriter.modifyOpInPlace(experts, [&] {
    experts.setTableAttr(TableAttr::get(rewriter.getContext(), classes));
    experts.getParametersMutable().assign(parameters);
  });
  reportSimplified(remap, rule, "experts take the numbers before it");
  rewriter.replaceOp(remap, remap.getPlan());
}
