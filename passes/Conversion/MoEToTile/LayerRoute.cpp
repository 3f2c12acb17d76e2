// The rows of experts in a layer's graphs: which tokens, with which weights.
#include "LayerRoute.h"
#include "../MoEToLinalg/MoEToLinalg.h"
#include "../RouteToVector/RouteKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;
using namespace moe::tile;

using IntPredicate = arith::CmpIPredicate;
constexpr int64_t dynamic = ShapedType::kDynamic;

static Value allocate(TensorBuilder &b, ArrayRef<int64_t> shape, Type element,
                      ValueRange sizes = {}) {
  return memref::AllocOp::create(b, MemRefType::get(shape, element), sizes,
                                 b.getI64IntegerAttr(64));
}

static Value load(TensorBuilder &b, Value memory, ValueRange indices) {
  return memref::LoadOp::create(b, memory, indices);
}

static void store(TensorBuilder &b, Value value, Value memory,
                  ValueRange indices) {
  memref::StoreOp::create(b, value, memory, indices);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// Names of the scratch memory of a kernel, in its order.
static constexpr StringLiteral scratchNames[] = {"keys", "best", "group_scores",
                                                 "group_ranks"};

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
        slots = b.index(type.getSlots());
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
  return made;
}

LayerRoute LayerRoute::inGraph(TaskBuilder &builder, RouteOp route,
                               int64_t lanes) {
  TensorBuilder &b = builder.b;
  PlanType plan = route.getPlan().getType();
  LayerRoute made(builder);
  made.experts = plan.getExperts();
  made.route = route;
  made.lanes = lanes;
  made.slots = plan.getSlots();
  static constexpr StringLiteral names[] = {"logits", "key_offset", "allow",
                                            "weight_source", "expert_scale"};
  for (auto [name, operand] : llvm::zip_equal(names, getKernelOperands(route)))
    if (operand)
      made.operands.push_back({name, b.readOnlyBuffer(operand)});
  Value count = b.sizeValue(route.getLogits(), 0);
  made.most = b.mul(count, b.index(made.slots));
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
  add("counts", ofExperts, offsets, Role::Counts);
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
  for (auto [name, memory] : operands)
    add(name, memory, Role::Input);
  add("ids", ids, Role::Scratch);
  add("picks", picks, Role::Scratch);
  addRows(Role::Scratch);
  TensorBuilder &b = builder->b;
  auto scratch = [&](StringRef name, ArrayRef<Dim> shape, Type element) {
    builder->buffer(name, shape, element, Value(), Role::Scratch, /*ring=*/0,
                    Space::Worker);
  };
  for (auto [name, type] :
       llvm::zip(scratchNames, getKernelScratch(route, lanes)))
    scratch(name, {Dim::fixed(type.getDimSize(0)), Dim::fixed(lanes)},
            type.getElementType());
  scratch("next", Dim::fixed(experts), b.getIndexType());
  builder->signal("routed", {});
  builder->signal("planned", {});
}

//===----------------------------------------------------------------------===//
// Families
//===----------------------------------------------------------------------===//

SmallVector<Value> LayerRoute::build(Dim tokens) {
  if (!route)
    return {};
  buildRoute(tokens);
  buildPlan(tokens);
  return {builder->wait("planned", {}, {})};
}

/// The view of rows of `type` as dense ones that begin anywhere.
static MemRefType denseView(MemRefType type) {
  SmallVector<int64_t> strides = {1};
  if (type.getRank() == 2)
    strides.insert(strides.begin(), type.getDimSize(1));
  return MemRefType::get(
      type.getShape(), type.getElementType(),
      StridedLayoutAttr::get(type.getContext(), dynamic, strides));
}

void LayerRoute::buildRoute(Dim tokens) {
  TensorBuilder &b = builder->b;
  OpBuilder::InsertionGuard guard(b);
  Value t = builder->task("route", tokens).getBody().getArgument(0);
  SmallVector<TaskBuilder::Region> regions;
  auto add = [&](Mode mode, StringRef name, Type memory) {
    auto type = cast<MemRefType>(memory);
    SmallVector<OpFoldResult> indices(type.getRank());
    if (type.isDynamicDim(0))
      indices.front() = t;
    regions.push_back({mode, name.str(), indices, denseView(type)});
  };
  for (auto [name, memory] : operands)
    add(Mode::Read, name, memory.getType());
  add(Mode::Write, "ids", ids.getType());
  add(Mode::Write, "picks", picks.getType());
  for (auto [name, type] :
       llvm::zip(scratchNames, getKernelScratch(route, lanes)))
    add(Mode::Write, name, type);
  Value done = builder->compute(regions, {}, [&](ValueRange views) {
    buildRouteBlocks(b, route, lanes, views);
  });
  builder->arrive("routed", {}, done);
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
  auto idsAs = region(Mode::Read, "ids", 2, b.getI32Type(), {dynamic, slots});
  Value counted = builder->compute(
      {idsAs, region(Mode::Write, "counts", 1, index, {experts})}, routed,
      [&](ValueRange views) { count(views[0], views[1]); });
  Value placed = builder->compute(
      {idsAs, region(Mode::Read, "picks", 2, weight, {dynamic, slots}),
       region(Mode::Read, "counts", 1, index, {experts}),
       region(Mode::Write, "units", 2, index, {dynamic}),
       region(Mode::Write, "weights", 2, weight, {dynamic}),
       region(Mode::Write, "next", 1, index, {experts})},
      counted, [&](ValueRange views) { place(views); });
  builder->arrive("planned", {}, placed);
}

/// Runs `body` on unit, slot and expert of each entry of `ids` in order.
void LayerRoute::forEachEntry(Value ids,
                              function_ref<void(Value, Value, Value)> body) {
  TensorBuilder &b = builder->b;
  Value zero = b.index(0), count = memref::DimOp::create(b, ids, 0);
  b.loop(zero, count, {}, [&](Value unit, ValueRange) {
    return b.loop(zero, b.index(slots), {},
                  [&](Value slot, ValueRange) -> SmallVector<Value> {
                    Value id = load(b, ids, {unit, slot});
                    Value used = b.compare(IntPredicate::sge, id, b.int32(0));
                    auto some = scf::IfOp::create(b, used, /*else=*/false);
                    OpBuilder::InsertionGuard guard(b);
                    b.setInsertionPoint(some.thenYield());
                    body(unit, slot, b.toIndex(id));
                    return {};
                  });
  });
}

/// ends[e] = number of entries of the experts up to e.
void LayerRoute::count(Value ids, Value ends) {
  TensorBuilder &b = builder->b;
  Value zero = b.index(0), all = b.index(experts);
  b.loop(zero, all, {}, [&](Value expert, ValueRange) -> SmallVector<Value> {
    store(b, zero, ends, expert);
    return {};
  });
  forEachEntry(ids, [&](Value, Value, Value expert) {
    store(b, b.add(load(b, ends, expert), b.index(1)), ends, expert);
  });
  b.loop(zero, all, zero,
         [&](Value expert, ValueRange before) -> SmallVector<Value> {
           Value end = b.add(before[0], load(b, ends, expert));
           store(b, end, ends, expert);
           return {end};
         });
}

/// Gives each entry the next row of its expert. `views`: ids, picks, ends, and
/// what is written: units, weights, the next row of each expert.
void LayerRoute::place(ValueRange views) {
  TensorBuilder &b = builder->b;
  Value ends = views[2], next = views[5], zero = b.index(0);
  b.loop(zero, b.index(experts), zero,
         [&](Value expert, ValueRange begin) -> SmallVector<Value> {
           store(b, begin[0], next, expert);
           return {load(b, ends, expert)};
         });
  forEachEntry(views[0], [&](Value unit, Value slot, Value expert) {
    Value row = load(b, next, expert);
    store(b, b.add(row, b.index(1)), next, expert);
    store(b, unit, views[3], row);
    store(b, load(b, views[1], {unit, slot}), views[4], row);
  });
}
