// Cuts MoE layers into tile tasks: the fused form for CPUs.
#include "../LinalgToCPU/Contraction.h"
#include "../MoEToLinalg/MoEToLinalg.h"
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/MoE/Parameters.h"
#include "moe/Dialect/MoETile/MoETile.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

namespace moe {
#define GEN_PASS_DEF_CONVERTMOETOTILEPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;
using namespace moe::detail;
using namespace moe::tile;
using utils::IteratorType;

namespace {

/// Heights of row tiles, in register tiles: enough rows to use a panel of
/// weights many times.
constexpr int64_t rowTiles = 20;
/// Panels of weights that one task of the first products uses: enough to pay
/// for gathering its rows.
constexpr int64_t panelsPerTask = 4;

/// A view whose strides are known at run time, but for the last.
MemRefType viewOf(Type element, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), ShapedType::kDynamic);
  strides.back() = 1;
  return MemRefType::get(shape, element,
                         StridedLayoutAttr::get(element.getContext(),
                                                ShapedType::kDynamic, strides));
}

/// A layer that the fused form can compute.
struct Layer {
  DispatchOp dispatch;
  ExpertsOp experts;
  CombineOp combine;
  ClassAttr table;
  /// The parameters by role, with the experts in front; gate and up apart.
  ElementsAttr gate, gateBias, up, upBias, down, downBias;

  /// Why there is none at `combine`, or success.
  static std::optional<StringRef> match(CombineOp combine, Layer &layer);

private:
  void splitParameters(ArrayRef<Parameter> roles,
                       ArrayRef<ElementsAttr> values);
};

/// The weight expressions of gate and up rows of a joint first matrix.
void Layer::splitParameters(ArrayRef<Parameter> roles,
                            ArrayRef<ElementsAttr> values) {
  BodyAttr body = table.getBody();
  int64_t width = table.getWidth();
  bool interleaved = body.getStorage() == Storage::Interleaved;
  bool upFirst = body.getStorage() == Storage::ConcatUpGate;
  auto part = [&](ElementsAttr both, bool second) {
    SmallVector<int64_t> sizes(both.getShapedType().getShape());
    SmallVector<int64_t> offsets(sizes.size(), 0), strides(sizes.size(), 1);
    offsets[1] = !second ? 0 : interleaved ? 1 : width;
    sizes[1] = width;
    strides[1] = interleaved ? 2 : 1;
    return support::sliceWeight(both, offsets, sizes, strides);
  };
  for (auto [role, value] : llvm::zip_equal(roles, values)) {
    switch (role.role) {
    case ParameterRole::First:
      gate = part(value, upFirst);
      up = part(value, !upFirst);
      break;
    case ParameterRole::FirstBias:
      gateBias = part(value, upFirst);
      upBias = part(value, !upFirst);
      break;
    case ParameterRole::Gate:
      gate = value;
      break;
    case ParameterRole::GateBias:
      gateBias = value;
      break;
    case ParameterRole::Up:
      up = value;
      break;
    case ParameterRole::UpBias:
      upBias = value;
      break;
    case ParameterRole::Down:
      down = value;
      break;
    case ParameterRole::DownBias:
      downBias = value;
      break;
    default:
      llvm_unreachable("an ffn class has no other parameter");
    }
  }
}

std::optional<StringRef> Layer::match(CombineOp combine, Layer &layer) {
  layer.combine = combine;
  layer.experts = combine.getRows().getDefiningOp<ExpertsOp>();
  if (!layer.experts || !layer.experts->hasOneUse())
    return "its rows are not those of experts alone";
  layer.dispatch = layer.experts.getInput().getDefiningOp<DispatchOp>();
  if (!layer.dispatch || !layer.dispatch->hasOneUse())
    return "the rows of its experts are not dispatched for them alone";
  Value plan = combine.getPlan();
  if (layer.experts.getPlan() != plan || layer.dispatch.getPlan() != plan)
    return "its parts have different plans";
  PlanType type = combine.getPlan().getType();
  if (type.getEncoding() != PlanEncoding::Slots || type.getAlways() != 0 ||
      type.getCarry())
    return "its plan is not one of slots alone";
  auto isF32 = [](Value value) {
    return getElementTypeOrSelf(value.getType()).isF32();
  };
  if (!isF32(layer.dispatch.getInput()) || !isF32(combine.getResult()) ||
      !combine.getRows().getType().getElementType().isF32() ||
      !type.getWeight().isF32() ||
      (combine.getAcc() && !combine.getAcc()->isF32()))
    return "it is not in f32";
  if (combine.getApply() != Apply::Output ||
      layer.dispatch.getApply() != Apply::Output ||
      layer.dispatch.getInputScale().convertToDouble() != 1.0)
    return "its weights do not multiply the output";
  if (combine.getResidual() != Residual::None || combine.getOutBias())
    return "its sum does not begin with zero";
  if (combine.getOrder() == SumOrder::Slot && type.getSlots() > 1)
    return "its sum is in the order of slots";
  ArrayRef<ClassAttr> classes = layer.experts.getTable().getClasses();
  if (classes.size() != 1 || classes[0].getKind() != ClassKind::Ffn)
    return "its experts are not one class of ffn";
  layer.table = classes[0];
  SmallVector<ElementsAttr> values;
  for (Value parameter : layer.experts.getParameters()) {
    values.push_back(support::matchWeight(parameter));
    if (!values.back() || !isF32(parameter))
      return "its parameters are not constants in f32";
  }
  layer.splitParameters(
      getParameters(layer.table, layer.experts.getInput().getType().getWidth(),
                    layer.experts.getRows().getType().getWidth()),
      values);
  return std::nullopt;
}

/// Builds the graph of one layer.
class GraphBuilder {
public:
  GraphBuilder(Layer &layer, const RegisterTile &tile)
      : layer(layer), tile(tile), b(layer.combine.getLoc(), layer.combine),
        f32(b.getF32Type()), experts(layer.table.getCount()),
        width(layer.table.getWidth()),
        in(layer.dispatch.getInput().getType().getDimSize(1)),
        out(layer.experts.getRows().getType().getWidth()),
        slots(layer.combine.getPlan().getType().getSlots()),
        rowStep(rowTiles * tile.rows),
        hiddenStep(panelsPerTask * tile.columns) {}

  /// The layer as one graph, or as two with the hidden vectors between them.
  Value build(bool isFused);

private:
  /// One region of a computation, the type of its view.
  struct Region {
    Mode mode;
    StringRef buffer;
    SmallVector<OpFoldResult> indices;
    MemRefType view;
  };
  Value readOnly(Value tensor, MemRefType type = {});
  Value weight(ElementsAttr value);
  void buffer(StringRef name, ArrayRef<Dim> shape, Type element, Value memory,
              Role role = Role::Input);
  void panels(StringRef name, ElementsAttr value, int64_t columns,
              int64_t depth);
  void bias(StringRef name, ElementsAttr value, int64_t columns);
  Value compute(ArrayRef<Region> regions, ValueRange after,
                function_ref<void(ValueRange)> body);
  TaskOp task(StringRef name, ArrayRef<Dim> domain);
  ForOp walk(const Dim &dim, Value token);
  void graph(function_ref<void()> body);
  void buildUp(bool arrives);
  void buildDown(bool waits);

  // Structured ops on views.
  Value size(Value view, unsigned dim) {
    return memref::DimOp::create(b, view, dim);
  }
  Value scratch(Value rows, Value columns, int64_t staticColumns);
  void map(Value target, ArrayRef<Indexed> inputs,
           function_ref<Value(ValueRange)> body);
  void start(Value target, Value bias);
  void multiply(Value rows, Value panels, Value target);

  Layer &layer;
  RegisterTile tile;
  TensorBuilder b;
  Type f32;
  int64_t experts, width, in, out, slots, rowStep, hiddenStep;
};

Value GraphBuilder::readOnly(Value tensor, MemRefType type) {
  auto tensorType = cast<RankedTensorType>(tensor.getType());
  if (!type)
    type = MemRefType::get(tensorType.getShape(), tensorType.getElementType());
  return bufferization::ToBufferOp::create(b, type, tensor, /*read_only=*/true);
}

Value GraphBuilder::weight(ElementsAttr value) {
  auto type = cast<RankedTensorType>(value.getType());
  return readOnly(support::WeightOp::create(b, type, value));
}

void GraphBuilder::buffer(StringRef name, ArrayRef<Dim> shape, Type element,
                          Value memory, Role role) {
  BufferOp::create(b, role, name, DimsAttr::get(b.getContext(), shape), element,
                   Space::Device, IntegerAttr(), /*copies=*/1, /*align=*/1,
                   Gap::None, memory);
}

TaskOp GraphBuilder::task(StringRef name, ArrayRef<Dim> domain) {
  auto task = TaskOp::create(b, name, DimsAttr::get(b.getContext(), domain),
                             ValueRange());
  Block &block = task.getBody().emplaceBlock();
  for ([[maybe_unused]] const Dim &dim : domain)
    block.addArgument(b.getIndexType(), b.getLoc());
  b.setInsertionPointToStart(&block);
  return task;
}

ForOp GraphBuilder::walk(const Dim &dim, Value token) {
  auto walk = ForOp::create(b, token.getType(),
                            DimsAttr::get(b.getContext(), dim), token);
  Block &block = walk.getBody().emplaceBlock();
  block.addArgument(b.getIndexType(), b.getLoc());
  block.addArgument(token.getType(), b.getLoc());
  b.setInsertionPointToStart(&block);
  return walk;
}

Value GraphBuilder::compute(ArrayRef<Region> regions, ValueRange after,
                            function_ref<void(ValueRange)> body) {
  SmallVector<Attribute> accesses;
  SmallVector<Value> operands;
  for (const Region &region : regions) {
    SmallVector<int64_t> places;
    for (OpFoldResult index : region.indices) {
      places.push_back(index ? AccessAttr::kOperand : AccessAttr::kWhole);
      if (index)
        operands.push_back(cast<Value>(index));
    }
    accesses.push_back(AccessAttr::get(
        b.getContext(), region.mode,
        FlatSymbolRefAttr::get(b.getContext(), region.buffer), places));
  }
  auto op = ComputeOp::create(b, TokenType::get(b.getContext()),
                              b.getArrayAttr(accesses), operands, after);
  OpBuilder::InsertionGuard guard(b);
  Block &block = op.getBody().emplaceBlock();
  for (const Region &region : regions)
    block.addArgument(region.view, b.getLoc());
  b.setInsertionPointToStart(&block);
  body(block.getArguments());
  return op.getToken();
}

//===----------------------------------------------------------------------===//
// Structured ops on views
//===----------------------------------------------------------------------===//

Value GraphBuilder::scratch(Value rows, Value columns, int64_t staticColumns) {
  SmallVector<Value> sizes = {rows};
  if (ShapedType::isDynamic(staticColumns))
    sizes.push_back(columns);
  return memref::AllocOp::create(
      b, MemRefType::get({ShapedType::kDynamic, staticColumns}, f32), sizes,
      b.getI64IntegerAttr(64));
}

/// One new element for each of `target`, from those of inputs and `target`.
void GraphBuilder::map(Value target, ArrayRef<Indexed> inputs,
                       function_ref<Value(ValueRange)> body) {
  unsigned rank = cast<MemRefType>(target.getType()).getRank();
  SmallVector<AffineMap> maps;
  SmallVector<Value> values;
  for (const Indexed &input : inputs) {
    SmallVector<AffineExpr> exprs;
    for (unsigned loop : input.loops)
      exprs.push_back(b.getAffineDimExpr(loop));
    maps.push_back(AffineMap::get(rank, 0, exprs, b.getContext()));
    values.push_back(input.tensor);
  }
  maps.push_back(b.getMultiDimIdentityMap(rank));
  SmallVector<IteratorType> kinds(rank, IteratorType::parallel);
  linalg::GenericOp::create(b, values, target, maps, kinds,
                            [&](OpBuilder &, Location, ValueRange arguments) {
                              linalg::YieldOp::create(b, body(arguments));
                            });
}

/// Where sums begin: with `bias`, or with zero where that is null.
void GraphBuilder::start(Value target, Value bias) {
  SmallVector<Indexed> inputs;
  if (bias)
    inputs.push_back({bias, {1}});
  map(target, inputs,
      [&](ValueRange in) { return bias ? in[0] : b.real(f32, 0.0); });
}

/// target[m,n] += Σ_k rows[m,k] * panels[n / w, k, n mod w].
void GraphBuilder::multiply(Value rows, Value panels, Value target) {
  AffineExpr m, n, k;
  bindDims(b.getContext(), m, n, k);
  SmallVector<AffineMap> maps = {
      AffineMap::get(3, 0, {m, k}, b.getContext()),
      AffineMap::get(3, 0, {n.floorDiv(tile.columns), k, n % tile.columns},
                     b.getContext()),
      AffineMap::get(3, 0, {m, n}, b.getContext())};
  SmallVector<IteratorType> kinds = {
      IteratorType::parallel, IteratorType::parallel, IteratorType::reduction};
  linalg::GenericOp::create(b, ValueRange{rows, panels}, target, maps, kinds,
                            [&](OpBuilder &, Location, ValueRange in) {
                              linalg::YieldOp::create(
                                  b, b.add(in[2], b.mul(in[0], in[1])));
                            });
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

void GraphBuilder::panels(StringRef name, ElementsAttr value, int64_t columns,
                          int64_t depth) {
  buffer(name,
         {Dim::of(Extent::Experts), Dim::fixed(columns, tile.columns),
          Dim::fixed(depth), Dim::fixed(tile.columns)},
         f32,
         weight(PanelLayout{PanelLayout::Kind::Plain, tile.columns}.pack(
             value, /*nIsLast=*/false)));
}

void GraphBuilder::bias(StringRef name, ElementsAttr value, int64_t columns) {
  if (value)
    buffer(name, {Dim::of(Extent::Experts), Dim::fixed(columns)}, f32,
           weight(value));
}

/// Gathers the rows of a tile, multiplies them by gate and up, and stores what
/// the activation makes of both.
void GraphBuilder::buildUp(bool arrives) {
  OpBuilder::InsertionGuard guard(b);
  auto dynamic = ShapedType::kDynamic;
  TaskOp up =
      task("up", {Dim::of(Extent::Experts), Dim::of(Extent::Rows, rowStep),
                  Dim::fixed(width, hiddenStep)});
  Value e = up.getBody().getArgument(0), m = up.getBody().getArgument(1),
        n = up.getBody().getArgument(2);
  MemRefType weights = viewOf(f32, {dynamic, in, tile.columns});
  SmallVector<Region> regions = {
      {Mode::Read,
       "x",
       {OpFoldResult(), OpFoldResult()},
       viewOf(f32, {dynamic, in})},
      {Mode::Read, "entries", {e, m}, viewOf(b.getIndexType(), {dynamic})},
      {Mode::Read, "up", {e, n, OpFoldResult(), OpFoldResult()}, weights}};
  auto add = [&](bool there, StringRef name, ArrayRef<OpFoldResult> indices,
                 MemRefType view) {
    if (there)
      regions.push_back({Mode::Read, name, llvm::to_vector(indices), view});
    return there ? regions.size() - 1 : 0;
  };
  MemRefType biases = viewOf(f32, {dynamic});
  size_t gate = add(!!layer.gate, "gate",
                    {e, n, OpFoldResult(), OpFoldResult()}, weights);
  size_t upBias = add(!!layer.upBias, "up_bias", {e, n}, biases);
  size_t gateBias = add(!!layer.gateBias, "gate_bias", {e, n}, biases);
  regions.push_back(
      {Mode::Write, "hidden", {e, m, n}, viewOf(f32, {dynamic, dynamic})});
  Value done = compute(regions, {}, [&](ValueRange views) {
    auto at = [&](size_t i) { return i ? views[i] : Value(); };
    Value x = views[0], hidden = views.back();
    Value rows = size(hidden, 0), columns = size(hidden, 1);
    Value gathered = scratch(rows, {}, in);
    map(gathered, Indexed{views[1], {0}}, [&](ValueRange entry) {
      Value unit = arith::DivUIOp::create(b, entry[0], b.index(slots));
      return memref::LoadOp::create(b, x, ValueRange{unit, b.loopIndex(1)});
    });
    start(hidden, at(upBias));
    multiply(gathered, views[2], hidden);
    SmallVector<Indexed> inputs;
    if (gate) {
      Value gates = scratch(rows, columns, dynamic);
      start(gates, at(gateBias));
      multiply(gathered, at(gate), gates);
      inputs.push_back({gates, {0, 1}});
    }
    map(hidden, inputs, [&](ValueRange in) {
      return buildHidden(b, layer.table.getBody(), gate ? in[0] : Value(),
                         in.back());
    });
  });
  if (arrives)
    ArriveOp::create(b, "active", e, AccessAttr::kOperand, /*behind=*/0, done);
}

/// Owns columns of the result and adds, expert after expert, what they give.
void GraphBuilder::buildDown(bool waits) {
  OpBuilder::InsertionGuard guard(b);
  auto dynamic = ShapedType::kDynamic;
  TaskOp down = task("down", {Dim::fixed(out, tile.columns)});
  Value n = down.getBody().getArgument(0);
  Region result = {
      Mode::Write, "y", {OpFoldResult(), n}, viewOf(f32, {dynamic, dynamic})};
  Value zero =
      compute(result, {}, [&](ValueRange views) { start(views[0], {}); });
  ForOp overExperts = walk(Dim::of(Extent::Experts), zero);
  Value e = overExperts.getBody().getArgument(0);
  SmallVector<Dim> tasks = {Dim::fixed(width, hiddenStep),
                            Dim::of(Extent::Rows, rowStep)};
  SmallVector<Value> ready;
  if (waits)
    ready.push_back(WaitOp::create(
        b, TokenType::get(b.getContext()), "active", e, AccessAttr::kOperand,
        /*behind=*/0, ArrivalsAttr::getCanonical(b.getContext(), tasks)));
  ForOp overRows = walk(Dim::of(Extent::Rows, rowStep),
                        overExperts.getBody().getArgument(1));
  Value m = overRows.getBody().getArgument(0);
  SmallVector<Region> regions = {
      {Mode::Read, "entries", {e, m}, viewOf(b.getIndexType(), {dynamic})},
      {Mode::Read,
       "weights",
       {OpFoldResult(), OpFoldResult()},
       viewOf(f32, {dynamic, slots})},
      {Mode::Read,
       "hidden",
       {e, m, OpFoldResult()},
       viewOf(f32, {dynamic, width})},
      {Mode::Read,
       "down",
       {e, n, OpFoldResult(), OpFoldResult()},
       viewOf(f32, {width, tile.columns})}};
  if (layer.downBias)
    regions.push_back(
        {Mode::Read, "down_bias", {e, n}, viewOf(f32, {dynamic})});
  result.mode = Mode::Update;
  regions.push_back(result);
  ready.insert(ready.begin(), overRows.getBody().getArgument(1));
  Value added = compute(regions, ready, [&](ValueRange views) {
    Value y = views.back();
    Value rows = size(views[0], 0), columns = size(y, 1);
    Value products = scratch(rows, columns, dynamic);
    start(products, layer.downBias ? views[4] : Value());
    // One panel, as a list of panels.
    auto list = viewOf(f32, {1, width, tile.columns});
    Value panel = memref::ExpandShapeOp::create(
        b, list, views[3], ArrayRef<ReassociationIndices>{{0, 1}, {2}});
    multiply(views[2], panel, products);
    Value zeroIndex = b.index(0);
    auto loop = scf::ForOp::create(b, zeroIndex, rows, b.index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value row = loop.getInductionVar();
    Value entry = memref::LoadOp::create(b, views[0], row);
    Value unit = arith::DivUIOp::create(b, entry, b.index(slots));
    Value slot = arith::RemUIOp::create(b, entry, b.index(slots));
    Value weight = memref::LoadOp::create(b, views[1], ValueRange{unit, slot});
    auto rowOf = [&](Value matrix, Value index) -> Value {
      OpFoldResult one = b.getIndexAttr(1);
      SmallVector<OpFoldResult> offsets = {index, b.getIndexAttr(0)},
                                sizes = {one, columns}, strides = {one, one};
      auto type = memref::SubViewOp::inferRankReducedResultType(
          {dynamic}, cast<MemRefType>(matrix.getType()), offsets, sizes,
          strides);
      return memref::SubViewOp::create(b, type, matrix, offsets, sizes,
                                       strides);
    };
    map(rowOf(y, unit), Indexed{rowOf(products, row), {0}},
        [&](ValueRange in) { return b.add(in[1], b.mul(in[0], weight)); });
  });
  YieldOp::create(b, added);
  b.setInsertionPointAfter(overRows);
  YieldOp::create(b, overRows.getResults());
}

/// A graph of the layer's experts. What is made in `body` beside buffers and
/// tasks comes in front of it.
void GraphBuilder::graph(function_ref<void()> body) {
  auto graph = GraphOp::create(
      b, experts, /*ranks=*/1,
      ScheduleAttr::get(b.getContext(), ScheduleKind::Ticket, 0, 0));
  OpBuilder::InsertionGuard guard(b);
  Block &block = graph.getBody().emplaceBlock();
  b.setInsertionPointToStart(&block);
  body();
  for (Operation &op : llvm::make_early_inc_range(block))
    if (isa<support::WeightOp, bufferization::ToBufferOp>(op))
      op.moveBefore(graph);
}

Value GraphBuilder::build(bool isFused) {
  CombineOp combine = layer.combine;
  PlanType type = combine.getPlan().getType();
  // The parts that the reference lowering makes of the plan; what converts the
  // plan replaces the cast.
  PlanParts plan(UnrealizedConversionCastOp::create(
                     b, b.getLoc(), getPlanTypes(type), combine.getPlan())
                     .getResults());
  Value x = readOnly(layer.dispatch.getInput());
  Value offsets = readOnly(plan.offsets), entries = readOnly(plan.entries),
        weights = readOnly(plan.weights);
  auto resultType = cast<RankedTensorType>(combine.getType());
  auto allocate = [&](Value rows, int64_t columns) -> Value {
    return memref::AllocOp::create(
        b, MemRefType::get({ShapedType::kDynamic, columns}, f32), rows,
        b.getI64IntegerAttr(64));
  };
  Value y = allocate(b.sizeValue(combine.getX(), 0), out), hidden;
  if (!isFused)
    hidden =
        allocate(memref::LoadOp::create(b, offsets, b.index(experts)), width);

  auto ofExperts = Dim::of(Extent::Experts);
  SmallVector<Dim> rows = {ofExperts, Dim::of(Extent::Rows)};
  SmallVector<Dim> hiddenShape = {ofExperts, Dim::of(Extent::Rows),
                                  Dim::fixed(width)};
  auto addRows = [&] {
    buffer("counts", ofExperts, b.getIndexType(), offsets, Role::Counts);
    buffer("entries", rows, b.getIndexType(), entries);
  };
  auto addUp = [&](Role hiddenRole) {
    buffer("x", {Dim::of(Extent::Tokens), Dim::fixed(in)}, f32, x);
    if (layer.gate)
      panels("gate", layer.gate, width, in);
    bias("gate_bias", layer.gateBias, width);
    panels("up", layer.up, width, in);
    bias("up_bias", layer.upBias, width);
    buffer("hidden", hiddenShape, f32, hidden, hiddenRole);
  };
  auto addDown = [&] {
    buffer("weights", {Dim::of(Extent::Tokens), Dim::fixed(slots)}, f32,
           weights);
    panels("down", layer.down, out, width);
    bias("down_bias", layer.downBias, out);
    buffer("y", {Dim::of(Extent::Tokens), Dim::fixed(out)}, f32, y,
           Role::Output);
  };
  if (isFused) {
    graph([&] {
      addRows();
      addUp(Role::Scratch);
      addDown();
      SignalOp::create(b, "active", DimsAttr::get(b.getContext(), ofExperts),
                       Scope::Device, EpochAttr::get(b.getContext()));
      buildUp(/*arrives=*/true);
      buildDown(/*waits=*/true);
    });
  } else {
    graph([&] {
      addRows();
      addUp(Role::Output);
      buildUp(/*arrives=*/false);
    });
    graph([&] {
      addRows();
      buffer("hidden", hiddenShape, f32, hidden);
      addDown();
      buildDown(/*waits=*/false);
    });
  }
  Value result = bufferization::ToTensorOp::create(
      b, RankedTensorType::get({ShapedType::kDynamic, out}, f32), y,
      /*restrict=*/true, /*writable=*/true);
  return b.castTo(result, resultType);
}

/// A remark of one decision on a layer, for the report of the schedule.
void tell(CombineOp combine, StringRef aspect, const std::string &text) {
  remark::analysis(combine.getLoc(), remark::RemarkOpts::name(aspect).category(
                                         "convert-moe-to-tile"))
      << text;
}

/// Bytes beside weights, input and output that a layer needs, as text.
std::string describeMemory(CombineOp combine, Schedule form,
                           const RegisterTile &tile) {
  PlanType plan = combine.getPlan().getType();
  auto experts = combine.getRows().getDefiningOp<ExpertsOp>();
  if (!experts || plan.getEncoding() == PlanEncoding::Soft)
    return "not known: its rows are mixes or come from elsewhere";
  int64_t picks = plan.getSlots() + plan.getAlways();
  auto bytesOf = [](RowsType rows) {
    return rows.getWidth() * rows.getElementType().getIntOrFloatBitWidth() / 8;
  };
  // Ids and weights of 4 bytes, entries and positions of 8.
  int64_t perToken = 24 * picks;
  if (form == Schedule::Unfused)
    return llvm::formatv(
        "{0} bytes per token for the plan, {1} for the results of experts; "
        "input and hidden rows of one expert at a time",
        perToken, picks * bytesOf(experts.getRows().getType()));
  ClassAttr table = experts.getTable().getClasses()[0];
  int64_t rows = rowTiles * tile.rows;
  int64_t columns = panelsPerTask * tile.columns;
  return llvm::formatv(
      "{0} bytes per token for the plan, {1} for hidden vectors; {2} bytes per "
      "worker for a tile",
      perToken, 4 * picks * table.getWidth(),
      4 * rows * (experts.getInput().getType().getWidth() + columns));
}

std::string describeTile(Schedule form, const RegisterTile &tile) {
  std::string text = llvm::formatv(
      "{0} x {1} in registers, the rows of an expert divided evenly so that "
      "none is computed twice or for nothing",
      tile.rows, tile.columns);
  if (form != Schedule::Unfused)
    text += llvm::formatv("; tasks of {0} rows x {1} hidden columns and of {2} "
                          "columns of the result",
                          rowTiles * tile.rows, panelsPerTask * tile.columns,
                          tile.columns);
  return text;
}

/// A layer becomes one graph of two families: tiles of rows by hidden columns
/// gather their rows and compute hidden vectors; each task of the second family
/// owns columns of the result, walks the experts as they become complete and
/// adds their rows, weighted, in ascending order. So nothing is larger than the
/// hidden vectors, and results do not depend on who ran what.
struct ConvertMoEToTile
    : moe::impl::ConvertMoEToTilePassBase<ConvertMoEToTile> {
  using ConvertMoEToTilePassBase::ConvertMoEToTilePassBase;

  void runOnOperation() override {
    RegisterTile tile = RegisterTile::get(vectorBits, vectorRegisters);
    SmallVector<CombineOp> layers;
    getOperation().walk([&](CombineOp op) { layers.push_back(op); });
    for (CombineOp combine : layers)
      convert(combine, tile);
  }

  /// Tokens of a call: those of the type, or of the usual call; 0 where nobody
  /// knows.
  int64_t tokensOf(CombineOp combine) {
    int64_t size = cast<ShapedType>(combine.getX().getType()).getDimSize(0);
    return ShapedType::isDynamic(size) ? tokens.getValue() : size;
  }

  /// The form of a layer that a graph can compute, and why.
  Schedule choose(Layer &layer, std::string &why) {
    if (schedule != Schedule::Auto) {
      why = "as asked";
      return schedule;
    }
    LayerSize size;
    size.tokens = tokensOf(layer.combine);
    size.experts = layer.table.getCount();
    size.picks = layer.combine.getPlan().getType().getSlots();
    size.in = layer.experts.getInput().getType().getWidth();
    size.width = layer.table.getWidth();
    size.out = layer.experts.getRows().getType().getWidth();
    size.gated = layer.table.getBody().getGated();
    if (size.tokens == 0) {
      why = "since nobody says how many tokens a call has";
      return Schedule::Unfused;
    }
    MachineRates machine;
    if (flops > 0)
      machine.flops = flops;
    if (readBytes > 0)
      machine.readBytes = machine.allReadBytes = readBytes;
    FormCosts costs = estimate(size, machine, threads);
    Schedule form = costs.choose();
    tell(layer.combine, "costs",
         llvm::formatv("{0} for {1} tokens on {2} threads", costs.text(),
                       size.tokens, threads.getValue()));
    why = form == Schedule::Unfused
              ? "since no other form is cheaper beyond the model's error"
              : "since it is the cheapest";
    return form;
  }

  void convert(CombineOp combine, const RegisterTile &tile) {
    Layer layer;
    auto options =
        remark::RemarkOpts::name("fused").category("convert-moe-to-tile");
    std::string why;
    Schedule form = Schedule::Unfused;
    if (std::optional<StringRef> reason = Layer::match(combine, layer)) {
      why = ("since " + *reason).str();
      if (schedule == Schedule::Fused || schedule == Schedule::TwoKernel)
        remark::missed(combine.getLoc(), options)
            << ("stays unfused: " + *reason).str();
    } else {
      form = choose(layer, why);
    }
    tell(combine, "form", (scheduleName(form) + ", " + why).str());
    tell(combine, "tile", describeTile(form, tile));
    tell(combine, "rings", "none: a worker of a CPU stages nothing");
    tell(combine, "memory", describeMemory(combine, form, tile));
    if (form == Schedule::Unfused)
      return;
    bool isFused = form == Schedule::Fused;
    Value result = GraphBuilder(layer, tile).build(isFused);
    remark::passed(combine.getLoc(), options)
        << (Twine(isFused ? "one graph" : "two graphs") +
            " with row tiles of " + Twine(rowTiles * tile.rows))
               .str();
    combine.getResult().replaceAllUsesWith(result);
    combine.erase();
    layer.experts.erase();
    layer.dispatch.erase();
  }
};

} // namespace
