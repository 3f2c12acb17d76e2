// The rows of experts in a layer's graphs: which tokens, with which weights.
#include "LayerRoute.h"
#include "../MoEToLinalg/MoEToLinalg.h"
#include "../RouteToVector/RouteKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;
using namespace moe::tile;

constexpr int64_t dynamic = ShapedType::kDynamic;

static Value allocate(TensorBuilder &b, ArrayRef<int64_t> shape, Type element,
                      ValueRange sizes = {}) {
  return memref::AllocOp::create(b, MemRefType::get(shape, element), sizes,
                                 b.getI64IntegerAttr(64));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// The scratch memory of a kernel by name.
static SmallVector<std::pair<StringRef, MemRefType>>
kernelScratch(RouteOp route, int64_t lanes) {
  SmallVector<MemRefType> types = getKernelScratch(route, lanes);
  SmallVector<StringRef> names = {"keys", "best"};
  if (route.getGroupFilterAttr())
    names.append({"group_scores", "group_ranks"});
  if (names.size() < types.size())
    names.push_back("statistics");
  return llvm::map_to_vector(llvm::zip_equal(names, types), [](auto entry) {
    return std::pair<StringRef, MemRefType>(std::get<0>(entry),
                                            std::get<1>(entry));
  });
}

LayerRoute LayerRoute::before(TaskBuilder &builder, Value plan) {
  TensorBuilder &b = builder.b;
  auto type = cast<PlanType>(plan.getType());
  LayerRoute made(builder);
  made.experts = type.getExperts();
  // The parts that the reference lowering makes of the plan; what converts the
  // plan replaces the cast.
  PlanParts parts(UnrealizedConversionCastOp::create(b, b.getLoc(),
                                                     getPlanTypes(type), plan)
                      .getResults());
  made.most = b.extract(parts.offsets, b.index(made.experts));
  OpFoldResult rows = made.most, zero = b.getIndexAttr(0);
  Value entries = b.slice(parts.entries, {zero}, {rows}),
        slots = b.index(type.getSlots() + type.getAlways());
  auto unitOf = [&](Value entry) -> Value {
    return arith::DivUIOp::create(b, entry, slots);
  };
  Value units = b.map({rows}, b.getIndexType(), Indexed{entries, {0}},
                      [&](ValueRange entry) { return unitOf(entry[0]); });
  Value weights = b.map(
      {rows}, type.getWeight(), Indexed{entries, {0}}, [&](ValueRange entry) {
        Value slot = arith::RemUIOp::create(b, entry[0], slots);
        return b.extract(parts.weights, {unitOf(entry[0]), slot});
      });
  made.offsets = b.readOnlyBuffer(parts.offsets);
  made.units = b.readOnlyBuffer(units);
  made.weights = b.readOnlyBuffer(weights);
  if (type.getAlways() > 0) {
    made.ofAlways = b.readOnlyBuffer(parts.weights);
    made.firstColumn = type.getSlots();
  }
  return made;
}

LayerRoute LayerRoute::inGraph(TaskBuilder &builder, const TileLayer &layer,
                               const VectorUnit &unit) {
  TensorBuilder &b = builder.b;
  RouteOp route = layer.route;
  int64_t lanes = unit.lanes();
  PlanType plan = route.getPlan().getType();
  LayerRoute made(builder);
  made.experts = plan.getExperts();
  made.route = route;
  made.lanes = lanes;
  made.slots = route.getSelectedSlots();
  if (roundsCounts(route))
    made.rounding.emplace(route, lanes);
  static constexpr StringLiteral names[] = {"logits", "key_offset", "allow",
                                            "weight_source", "expert_scale"};
  Value units = route.getLogits();
  if (layer.logits) {
    made.logits.emplace(builder, layer, unit);
    units = made.logits->input();
  }
  for (auto [name, operand] :
       llvm::zip_equal(names, getKernelOperands(route))) {
    if (!operand)
      continue;
    if (made.logits && operand == route.getLogits()) {
      made.operands.push_back({name, made.logits->type(), Value()});
      continue;
    }
    Value memory = b.readOnlyBuffer(operand);
    auto type = cast<MemRefType>(memory.getType());
    // A task has some of the tokens, however many there are.
    if (type.getRank() == 2)
      type = MemRefType::get({dynamic, type.getShape().back()},
                             type.getElementType());
    made.operands.push_back({name, type, memory});
  }
  if (Value given = route.getAlwaysWeights())
    made.ofAlways = b.readOnlyBuffer(given);
  Value count = b.sizeValue(units, 0);
  made.most = b.mul(count, b.index(made.slots));
  if (made.rounding)
    made.most = b.add(made.most, b.index(made.rounding->mostAdded()));
  made.ids = allocate(b, {dynamic, made.slots}, b.getI32Type(), count);
  made.picks = allocate(b, {dynamic, made.slots}, plan.getWeight(), count);
  made.offsets = allocate(b, {made.experts + 1}, b.getIndexType());
  made.units = allocate(b, {dynamic}, b.getIndexType(), made.most);
  made.weights = allocate(b, {dynamic}, plan.getWeight(), made.most);
  return made;
}

void LayerRoute::addRows(Role role) {
  auto add = [&](StringRef name, ArrayRef<Dim> shape, Value memory, Role role) {
    builder->buffer(name, shape,
                    cast<MemRefType>(memory.getType()).getElementType(), memory,
                    role);
  };
  Dim ofExperts = Dim::of(Extent::Experts), ofRows = Dim::of(Extent::Rows);
  // Kernels list no expert twice for a token, and nor do rounded counts.
  add("counts", ofExperts, offsets,
      route ? Role::DistinctCounts : Role::Counts);
  add("units", {ofExperts, ofRows}, units, role);
  add("weights", {ofExperts, ofRows}, weights, role);
}

void LayerRoute::addBuffers() {
  if (!route)
    return addRows();
  auto add = [&](StringRef name, Value memory, Role role) {
    auto type = cast<MemRefType>(memory.getType());
    SmallVector<Dim> shape = {Dim::fixed(type.getShape().back())};
    if (type.getRank() == 2)
      shape.insert(shape.begin(), Dim::of(Extent::Tokens));
    builder->buffer(name, shape, type.getElementType(), memory, role);
  };
  if (logits)
    logits->addBuffers();
  for (const Operand &operand : operands)
    if (operand.memory)
      add(operand.name, operand.memory, Role::Input);
  add("ids", ids, Role::Scratch);
  add("picks", picks, Role::Scratch);
  addRows(Role::Scratch);
  TensorBuilder &b = builder->b;
  auto scratch = [&](StringRef name, ArrayRef<Dim> shape, Type element) {
    builder->buffer(name, shape, element, Value(), Role::Scratch, /*ring=*/0,
                    Space::Worker);
  };
  for (auto [name, type] : kernelScratch(route, lanes)) {
    SmallVector<Dim> shape = llvm::map_to_vector(
        type.getShape(), [](int64_t size) { return Dim::fixed(size); });
    if (!type.isDynamicDim(0)) {
      scratch(name, shape, type.getElementType());
      continue;
    }
    // Blocks of tokens that the plan reads again.
    shape.front() = Dim::of(Extent::Tokens, lanes);
    builder->buffer(name, shape, type.getElementType(), Value(), Role::Scratch);
  }
  if (rounding)
    for (auto [name, type] : rounding->memory())
      scratch(
          name,
          llvm::map_to_vector(type.getShape(),
                              [](int64_t size) { return Dim::fixed(size); }),
          type.getElementType());
  scratch("next", Dim::fixed(experts), b.getIndexType());
  if (rounding)
    scratch("placed", Dim::fixed(experts), b.getIndexType());
  builder->signal("routed", {});
  builder->signal("planned", {});
}

//===----------------------------------------------------------------------===//
// Families
//===----------------------------------------------------------------------===//

SmallVector<Value> LayerRoute::build(Dim tokens) {
  if (!route)
    return {};
  if (logits)
    logits->build();
  buildRoute(tokens);
  buildPlan(tokens);
  return {builder->wait("planned", {}, {})};
}

/// The view of `type` as dense memory that begins anywhere.
static MemRefType denseView(MemRefType type) {
  auto [strides, offset] = type.getStridesAndOffset();
  return MemRefType::get(
      type.getShape(), type.getElementType(),
      StridedLayoutAttr::get(type.getContext(), dynamic, strides));
}

/// The region of `name` that a block of tokens has, `t`, or all of it.
static TaskBuilder::Region regionOf(Mode mode, StringRef name, Type memory,
                                    Value t = {}) {
  auto type = cast<MemRefType>(memory);
  SmallVector<OpFoldResult> indices(type.getRank());
  if (t && type.isDynamicDim(0))
    indices.front() = t;
  return {mode, name.str(), indices, denseView(type)};
}

void LayerRoute::buildRoute(Dim tokens) {
  TensorBuilder &b = builder->b;
  OpBuilder::InsertionGuard guard(b);
  Value t = builder->task("route", tokens).getBody().getArgument(0);
  SmallVector<TaskBuilder::Region> regions;
  for (const Operand &operand : operands)
    regions.push_back(regionOf(Mode::Read, operand.name, operand.type, t));
  regions.push_back(regionOf(Mode::Write, "ids", ids.getType(), t));
  regions.push_back(regionOf(Mode::Write, "picks", picks.getType(), t));
  for (auto [name, type] : kernelScratch(route, lanes))
    regions.push_back(regionOf(Mode::Write, name, type, t));
  SmallVector<Value> ready;
  if (logits)
    ready.push_back(logits->wait());
  Value done = builder->compute(regions, ready, [&](ValueRange views) {
    buildRouteBlocks(b, route, lanes, views);
  });
  builder->arrive("routed", {}, done);
}

/// Counts and rounds in one task: `routed` says when all ids are there. Returns
/// what comes when the counts are.
Value LayerRoute::buildRounding(Value routed) {
  TensorBuilder &b = builder->b;
  TaskBuilder::Regions regions;
  auto read = [&](StringRef name, Type memory) {
    return regions.add(regionOf(Mode::Read, name, memory));
  };
  size_t logits = read("logits", operands.front().type);
  size_t scale = 0, statistics = 0;
  if (operands.back().name == "expert_scale")
    scale = read("expert_scale", operands.back().type);
  auto scratch = kernelScratch(route, lanes);
  if (scratch.back().first == "statistics")
    statistics = read("statistics", scratch.back().second);
  size_t members = regions.add(regionOf(Mode::Update, "ids", ids.getType()));
  size_t orders = regions.add(
      regionOf(Mode::Update, scratch.front().first, scratch.front().second));
  size_t counts = regions.add({Mode::Write,
                               "counts",
                               {OpFoldResult()},
                               viewOf(b.getIndexType(), {experts})});
  size_t first = regions.all.size();
  for (auto [name, type] : rounding->memory())
    regions.add(regionOf(Mode::Write, name, type));
  return builder->compute(regions.all, routed, [&](ValueRange views) {
    auto at = [&](size_t i) { return i ? views[i] : Value(); };
    rounding->build(b, views[members], views[counts],
                    {views[logits], views[orders], at(statistics), at(scale)},
                    RoundedCounts::Views(views.drop_front(first)));
    buildEnds(b, views[counts]);
  });
}

void LayerRoute::buildPlan(Dim tokens) {
  TensorBuilder &b = builder->b;
  OpBuilder::InsertionGuard guard(b);
  builder->task("plan", {});
  Value routed = builder->wait("routed", {}, tokens);
  auto region = [&](Mode mode, StringRef name, unsigned rank, Type element,
                    ArrayRef<int64_t> view) {
    return TaskBuilder::Region{mode, name.str(),
                               SmallVector<OpFoldResult>(rank),
                               viewOf(element, view)};
  };
  Type index = b.getIndexType(), weight = route.getPlan().getType().getWeight();
  TaskBuilder::Region members = regionOf(Mode::Read, "ids", ids.getType());
  Value counted = rounding
                      ? buildRounding(routed)
                      : builder->compute({members, region(Mode::Write, "counts",
                                                          1, index, {experts})},
                                         routed, [&](ValueRange views) {
                                           buildCounts(b, views[0], views[1]);
                                           buildEnds(b, views[1]);
                                         });
  SmallVector<TaskBuilder::Region> regions = {
      members, regionOf(Mode::Read, "picks", picks.getType()),
      region(Mode::Read, "counts", 1, index, {experts})};
  if (rounding)
    for (auto [name, type] : rounding->memory())
      regions.push_back(regionOf(Mode::Read, name, type));
  size_t read = regions.size();
  regions.push_back(region(Mode::Write, "units", 2, index, {dynamic}));
  regions.push_back(region(Mode::Write, "weights", 2, weight, {dynamic}));
  regions.push_back(region(Mode::Write, "next", 1, index, {experts}));
  if (rounding)
    regions.push_back(region(Mode::Write, "placed", 1, index, {experts}));
  Value placed = builder->compute(regions, counted, [&](ValueRange views) {
    std::optional<RoundedCounts::Views> rounded;
    if (rounding)
      rounded.emplace(views.slice(3, read - 3));
    buildRows(b, views.take_front(3), views.drop_front(read), rounded);
  });
  builder->arrive("planned", {}, placed);
}
