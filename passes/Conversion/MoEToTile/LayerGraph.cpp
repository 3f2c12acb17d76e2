// Builds the task graphs of a layer: the fused form and the one of two kernels.
#include "LayerGraph.h"
#include "LayerRoute.h"
#include "moe/Dialect/MoETile/MoETile.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;
using namespace moe::tile;

namespace {

/// Panels of weights that one task uses: enough to pay for claiming it where
/// there is one row, and few enough to keep many workers busy.
constexpr int64_t hiddenPanels = 4, outPanels = 2;
/// Tokens whose sums one task begins or ends.
constexpr int64_t tokensPerTask = 64;

/// Builds the graphs of one layer.
///
/// Fused, families over the tiles (e, m) of rows take turns, each some items
/// behind the one before, and rings hold what is between them:
///
///   start(t)       y[t, *] = 0
///   gather(e, m)   rows[e, m, *] = x[tokens of (e, m), *]        ring
///   up(e, m, n)    hidden[e, m, n] = act(gate, up of rows)       ring
///   down(e, m, n)  y[tokens of (e, m), n] += weights * (hidden * down)
///   finish(t)      result[t, *] = y[t, *] where y is wider
///
/// down(e, m, n) adds after the item before has added to the same columns: the
/// order of sums is that of experts, whoever adds. Of two kernels, the first
/// makes all hidden vectors; tasks of the second own columns of y and walk the
/// experts.
class GraphBuilder : TaskBuilder {
public:
  GraphBuilder(TileLayer &layer, const VectorUnit &unit)
      : TaskBuilder(layer.combine.getLoc(), OpBuilder(layer.combine)),
        layer(layer), cut(LayerCut::get(unit, layer.inputType())), unit(unit),
        f32(b.getF32Type()), experts(layer.table.getCount()),
        width(layer.table.getWidth()), in(layer.in()), out(layer.out()) {}

  Value build(bool isFused);

private:
  void bias(StringRef name, ElementsAttr value, int64_t columns);
  void scratch(StringRef name, int64_t columns);
  void graph(ArrayRef<int64_t> lags, function_ref<void()> body);

  // Parts of graphs.
  void addUpBuffers(Role hiddenRole, Value hidden);
  void addDownBuffers(Value result);
  void buildStart();
  void buildGather();
  void buildUp(bool isFused);
  void buildDown();
  void buildFinish();
  void buildDownWalk();

  // Regions.
  size_t addBias(Regions &regions, StringRef name, ElementsAttr bias, Value e,
                 Value n);
  /// What the products of the hidden vectors of tile (e, m) with columns n are
  /// made of.
  struct DownRegions {
    size_t hidden;
    std::pair<size_t, size_t> panels;
    size_t bias;
  };
  DownRegions addDown(Regions &regions, Value e, Value m, Value n);
  Region whole(Mode mode, StringRef name, ArrayRef<int64_t> shape) {
    return {mode, name.str(),
            SmallVector<OpFoldResult>(shape.size(), OpFoldResult()),
            viewOf(f32, shape)};
  }
  Region unitsOf(Value e, Value m) {
    return {Mode::Read, "units", {e, m}, viewOf(b.getIndexType(), dynamic)};
  }
  Region weightsOf(Value e, Value m) {
    return {Mode::Read, "weights", {e, m}, viewOf(weightType(), dynamic)};
  }
  Region columnsOfSum(Mode mode, Value n) {
    return {mode, "y", {OpFoldResult(), n}, viewOf(f32, {dynamic, dynamic})};
  }
  Region productsOf(Mode mode) {
    return whole(mode, "products", {cut.rows, cut.outColumns});
  }

  // Structured ops on views.
  /// Columns of tile `n` of the result's.
  Value outColumnsOf(Value n) {
    Value most = b.index(cut.outColumns);
    if (out % cut.outColumns == 0)
      return most;
    Value left = b.sub(b.index(out), b.mul(n, most));
    return arith::MinUIOp::create(b, left, most);
  }
  void buildProducts(ValueRange views, const DownRegions &of, Value products);
  void addRows(Value units, Value weights, Value products, Value y);
  void convertTo(Value target, Value source) {
    map(target, Indexed{source, {0, 1}},
        [&](ValueRange in) { return b.convert(in[0], in.back().getType()); });
  }

  // Dimensions and types.
  Dim ofExperts() const { return Dim::of(Extent::Experts); }
  Dim ofRows() const { return Dim::of(Extent::Rows, cut.rows); }
  Dim ofTokens() const { return Dim::of(Extent::Tokens, cut.tokens); }
  Dim ofHidden() const { return Dim::fixed(width, cut.hiddenColumns); }
  Dim ofOut() const { return Dim::fixed(out, cut.outColumns); }
  SmallVector<Dim> items() const { return {ofExperts(), ofRows()}; }
  FloatType weightType() {
    return cast<FloatType>(layer.combine.getPlan().getType().getWeight());
  }
  /// Hidden vectors in f32 hold sums on the way.
  bool sumsInHidden() { return layer.inputType().isF32(); }
  /// The result in f32 holds sums on the way.
  bool sumsInResult() { return layer.resultType().isF32(); }

  static constexpr int64_t dynamic = ShapedType::kDynamic;
  TileLayer &layer;
  LayerCut cut;
  VectorUnit unit;
  Type f32;
  int64_t experts, width, in, out;
  /// Comes when the rows of experts are known, where tasks find them out.
  SmallVector<Value> known;
};

void GraphBuilder::bias(StringRef name, ElementsAttr value, int64_t columns) {
  if (!value)
    return;
  auto type = cast<RankedTensorType>(value.getType());
  buffer(name, {ofExperts(), Dim::fixed(columns)}, type.getElementType(),
         b.readOnlyBuffer(support::WeightOp::create(b, type, value)));
}

/// Memory of a worker for sums of a tile of rows.
void GraphBuilder::scratch(StringRef name, int64_t columns) {
  buffer(name, {Dim::fixed(cut.rows), Dim::fixed(columns)}, f32, Value(),
         Role::Scratch, /*ring=*/0, Space::Worker);
}

//===----------------------------------------------------------------------===//
// Structured ops on views
//===----------------------------------------------------------------------===//

/// products[m, n] = bias[n] + Σ_k hidden[m, k] * down[n, k], as an expert gives
/// them.
void GraphBuilder::buildProducts(ValueRange views, const DownRegions &of,
                                 Value products) {
  start(products, of.bias ? views[of.bias] : Value());
  layer.down.multiply(b, b.getLoc(), views[of.hidden],
                      views.slice(of.panels.first, of.panels.second), products);
}

/// How far rows of tokens are fetched before they are added to, and by what.
static constexpr int64_t rowsAhead = 6, lineBytes = 64;

/// y[token of row, n] += weight of row * products[row, n], with the products as
/// rows of their type hold them.
void GraphBuilder::addRows(Value units, Value weights, Value products,
                           Value y) {
  Value rows = size(units, 0), columns = size(y, 1);
  auto loop = scf::ForOp::create(b, b.index(0), rows, b.index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value row = loop.getInductionVar();
  // Rows of tokens lie anywhere: the next ones are fetched meanwhile.
  Value ahead = arith::AddIOp::create(b, row, b.index(rowsAhead));
  Value last = arith::SubIOp::create(b, rows, b.index(1));
  Value next = memref::LoadOp::create(
      b, units, ValueRange{arith::MinUIOp::create(b, ahead, last)});
  auto lines = scf::ForOp::create(b, b.index(0), columns,
                                  b.index(lineBytes / sizeof(float)));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(lines.getBody());
    memref::PrefetchOp::create(b, y, ValueRange{next, lines.getInductionVar()},
                               /*isWrite=*/true, /*localityHint=*/3,
                               /*isDataCache=*/true);
  }
  Value unit = memref::LoadOp::create(b, units, row);
  Value weight = b.convert(memref::LoadOp::create(b, weights, row), f32);
  auto rowOf = [&](Value matrix, Value index) -> Value {
    OpFoldResult one = b.getIndexAttr(1);
    SmallVector<OpFoldResult> offsets = {index, b.getIndexAttr(0)},
                              sizes = {one, columns}, strides = {one, one};
    auto type = memref::SubViewOp::inferRankReducedResultType(
        dynamic, cast<MemRefType>(matrix.getType()), offsets, sizes, strides);
    return memref::SubViewOp::create(b, type, matrix, offsets, sizes, strides);
  };
  map(rowOf(y, unit), Indexed{rowOf(products, row), {0}}, [&](ValueRange in) {
    Value given = b.roundTo(in[0], layer.rowsType());
    return b.add(in[1], b.mul(given, weight));
  });
}

//===----------------------------------------------------------------------===//
// Families
//===----------------------------------------------------------------------===//

/// The region of columns `n` of what expert `e` adds; 0 where it adds nothing,
/// since no bias is the first region of a task.
size_t GraphBuilder::addBias(Regions &regions, StringRef name,
                             ElementsAttr bias, Value e, Value n) {
  if (!bias)
    return 0;
  return regions.add({Mode::Read,
                      name.str(),
                      {e, n},
                      viewOf(bias.getElementType(), {dynamic})});
}

GraphBuilder::DownRegions GraphBuilder::addDown(Regions &regions, Value e,
                                                Value m, Value n) {
  DownRegions added;
  added.hidden = regions.add({Mode::Read,
                              "hidden",
                              {e, m, OpFoldResult()},
                              viewOf(layer.inputType(), {dynamic, width})});
  added.panels = layer.down.addRegions(regions, "down", e, n);
  added.bias = addBias(regions, "down_bias", layer.downBias, e, n);
  return added;
}

void GraphBuilder::buildStart() {
  OpBuilder::InsertionGuard guard(b);
  TaskOp start = task("start", ofTokens());
  Value t = start.getBody().getArgument(0);
  Value done = compute(
      Region{
          Mode::Write, "y", {t, OpFoldResult()}, viewOf(f32, {dynamic, out})},
      {}, [&](ValueRange views) { this->start(views[0], {}); });
  arrive("started", {}, done);
}

void GraphBuilder::buildGather() {
  OpBuilder::InsertionGuard guard(b);
  TaskOp gather = task("gather", items(), known);
  Value e = gather.getBody().getArgument(0),
        m = gather.getBody().getArgument(1);
  Value used = wait("active", {e, m}, ofHidden(), ringDepth);
  MemRefType rows = viewOf(layer.inputType(), {dynamic, in});
  SmallVector<Region> regions = {
      {Mode::Read, "x", {OpFoldResult(), OpFoldResult()}, rows},
      unitsOf(e, m),
      {Mode::Write, "rows", {e, m, OpFoldResult()}, rows}};
  Value done = compute(regions, used, [&](ValueRange views) {
    map(views[2], Indexed{views[1], {0}}, [&](ValueRange unit) {
      return memref::LoadOp::create(b, views[0],
                                    ValueRange{unit[0], b.loopIndex(1)});
    });
  });
  arrive("gathered", {e, m}, done);
}

/// Multiplies the rows of a tile by gate and up, and stores what the activation
/// makes of both.
void GraphBuilder::buildUp(bool isFused) {
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Dim> domain = items();
  domain.push_back(ofHidden());
  TaskOp up = task("up", domain, known);
  Value e = up.getBody().getArgument(0), m = up.getBody().getArgument(1),
        n = up.getBody().getArgument(2);
  SmallVector<Value> ready = {wait("gathered", {e, m}, {})};
  if (isFused)
    ready.push_back(wait("drained", {e, m}, ofOut(), ringDepth));
  Regions regions;
  size_t rows = regions.add({Mode::Read,
                             "rows",
                             {e, m, OpFoldResult()},
                             viewOf(layer.inputType(), {dynamic, in})});
  auto upPanels = layer.up.addRegions(regions, "up", e, n);
  auto gatePanels = std::pair<size_t, size_t>();
  if (layer.gate)
    gatePanels = layer.gate.addRegions(regions, "gate", e, n);
  size_t upBias = addBias(regions, "up_bias", layer.upBias, e, n);
  size_t gateBias = addBias(regions, "gate_bias", layer.gateBias, e, n);
  size_t gates = 0, ups = 0;
  if (layer.gate)
    gates =
        regions.add(whole(Mode::Write, "gates", {cut.rows, cut.hiddenColumns}));
  if (!sumsInHidden())
    ups = regions.add(whole(Mode::Write, "ups", {cut.rows, cut.hiddenColumns}));
  regions.add({Mode::Write,
               "hidden",
               {e, m, n},
               viewOf(layer.inputType(), {dynamic, dynamic})});
  Value done = compute(regions.all, ready, [&](ValueRange views) {
    auto at = [&](size_t i) { return i ? views[i] : Value(); };
    Value hidden = views.back();
    Value rowCount = size(hidden, 0), columns = size(hidden, 1);
    auto sums = [&](size_t memory, Value bias, const PanelWeight &weight,
                    std::pair<size_t, size_t> panels) {
      Value target = memory ? corner(views[memory], rowCount, columns) : hidden;
      start(target, bias);
      weight.multiply(b, b.getLoc(), views[rows],
                      views.slice(panels.first, panels.second), target);
      return target;
    };
    SmallVector<Indexed> inputs = {
        {sums(ups, at(upBias), layer.up, upPanels), {0, 1}}};
    if (layer.gate)
      inputs.push_back(
          {sums(gates, at(gateBias), layer.gate, gatePanels), {0, 1}});
    // What is summed up in place is read there.
    if (!ups)
      inputs.erase(inputs.begin());
    map(hidden, inputs, [&](ValueRange in) {
      Value upSum = ups ? in[0] : in.back();
      Value gateSum = layer.gate ? in[ups ? 1 : 0] : Value();
      return b.convert(buildHidden(b, layer.table.getBody(), gateSum, upSum),
                       layer.inputType());
    });
  });
  arrive("active", {e, m}, done);
}

/// Multiplies the hidden vectors of a tile, and adds what that gives to the
/// tokens when the item before has.
void GraphBuilder::buildDown() {
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Dim> domain = items();
  domain.push_back(ofOut());
  TaskOp down = task("down", domain, known);
  Value e = down.getBody().getArgument(0), m = down.getBody().getArgument(1),
        n = down.getBody().getArgument(2);
  Value ready = wait("active", {e, m}, ofHidden());
  Regions regions;
  size_t units = regions.add(unitsOf(e, m));
  DownRegions own = addDown(regions, e, m, n);
  regions.add(productsOf(Mode::Write));
  Value products = compute(regions.all, ready, [&](ValueRange views) {
    Value part = corner(views.back(), size(views[units], 0), outColumnsOf(n));
    buildProducts(views, own, part);
  });
  SmallVector<Value> before = {products, wait("started", {}, ofTokens()),
                               wait("added", {e, m, n}, {}, /*behind=*/1)};
  SmallVector<Region> sums = {unitsOf(e, m), weightsOf(e, m),
                              productsOf(Mode::Read),
                              columnsOfSum(Mode::Update, n)};
  Value added = compute(sums, before, [&](ValueRange views) {
    addRows(views[0], views[1], views[2], views[3]);
  });
  arrive("added", {e, m, n}, added);
  arrive("drained", {e, m}, added);
  if (!sumsInResult())
    arrive("finished", {}, added);
}

void GraphBuilder::buildFinish() {
  OpBuilder::InsertionGuard guard(b);
  TaskOp finish = task("finish", ofTokens(), known);
  Value t = finish.getBody().getArgument(0);
  SmallVector<Dim> all = items();
  all.push_back(ofOut());
  // Sums that nothing was added to are those that were started.
  SmallVector<Value> done = {wait("started", {}, ofTokens()),
                             wait("finished", {}, all)};
  SmallVector<Region> regions = {
      {Mode::Read, "y", {t, OpFoldResult()}, viewOf(f32, {dynamic, out})},
      {Mode::Write,
       "result",
       {t, OpFoldResult()},
       viewOf(layer.resultType(), {dynamic, out})}};
  compute(regions, done,
          [&](ValueRange views) { convertTo(views[1], views[0]); });
}

/// Owns columns of the sum and adds, expert after expert, what they give.
void GraphBuilder::buildDownWalk() {
  OpBuilder::InsertionGuard guard(b);
  TaskOp down = task("down", ofOut());
  Value n = down.getBody().getArgument(0);
  // The products of each tile go where those of the tile before were.
  Value zero = compute({columnsOfSum(Mode::Write, n), productsOf(Mode::Write)},
                       {}, [&](ValueRange views) {
                         for (Value view : views)
                           start(view, {});
                       });
  ForOp overExperts = walk(ofExperts(), zero);
  Value e = overExperts.getBody().getArgument(0);
  ForOp overRows = walk(ofRows(), overExperts.getBody().getArgument(1));
  Value m = overRows.getBody().getArgument(0);
  Regions regions;
  size_t units = regions.add(unitsOf(e, m));
  size_t weights = regions.add(weightsOf(e, m));
  DownRegions own = addDown(regions, e, m, n);
  size_t sums = regions.add(columnsOfSum(Mode::Update, n));
  size_t products = regions.add(productsOf(Mode::Update));
  Value added = compute(
      regions.all, overRows.getBody().getArgument(1), [&](ValueRange views) {
        Value part = corner(views[products], size(views[units], 0),
                            size(views[sums], 1));
        buildProducts(views, own, part);
        addRows(views[units], views[weights], part, views[sums]);
      });
  YieldOp::create(b, added);
  b.setInsertionPointAfter(overRows);
  YieldOp::create(b, overRows.getResults());
  b.setInsertionPointAfter(overExperts);
  if (sumsInResult())
    return;
  SmallVector<Region> all = {columnsOfSum(Mode::Read, n),
                             {Mode::Write,
                              "result",
                              {OpFoldResult(), n},
                              viewOf(layer.resultType(), {dynamic, dynamic})}};
  compute(all, overExperts.getResults(),
          [&](ValueRange views) { convertTo(views[1], views[0]); });
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

/// A graph of the layer's experts, whose families over rows have `lags`. What
/// is made in `body` beside what a graph holds comes in front of it.
void GraphBuilder::graph(ArrayRef<int64_t> lags, function_ref<void()> body) {
  auto graph = GraphOp::create(
      b, experts, /*ranks=*/1,
      ScheduleAttr::get(b.getContext(), ScheduleKind::Ticket, /*workers=*/0,
                        /*resident=*/0, lags));
  OpBuilder::InsertionGuard guard(b);
  Block &block = graph.getBody().emplaceBlock();
  b.setInsertionPointToStart(&block);
  body();
  for (Operation &op : llvm::make_early_inc_range(block))
    if (isa<support::WeightOp, bufferization::ToBufferOp>(op))
      op.moveBefore(graph);
}

void GraphBuilder::addUpBuffers(Role hiddenRole, Value hidden) {
  buffer("x", {Dim::of(Extent::Tokens), Dim::fixed(in)}, layer.inputType(),
         b.readOnlyBuffer(layer.dispatch.getInput()));
  buffer("rows", {ofExperts(), Dim::of(Extent::Rows), Dim::fixed(in)},
         layer.inputType(), Value(), Role::Scratch, ringDepth);
  if (layer.gate) {
    layer.gate.addBuffers(*this, "gate");
    scratch("gates", cut.hiddenColumns);
  }
  bias("gate_bias", layer.gateBias, width);
  layer.up.addBuffers(*this, "up");
  bias("up_bias", layer.upBias, width);
  if (!sumsInHidden())
    scratch("ups", cut.hiddenColumns);
  buffer("hidden", {ofExperts(), Dim::of(Extent::Rows), Dim::fixed(width)},
         layer.inputType(), hidden, hiddenRole, hidden ? 0 : ringDepth);
  signal("gathered", items());
  signal("active", items());
}

void GraphBuilder::addDownBuffers(Value result) {
  layer.down.addBuffers(*this, "down");
  bias("down_bias", layer.downBias, out);
  scratch("products", cut.outColumns);
  SmallVector<Dim> shape = {Dim::of(Extent::Tokens), Dim::fixed(out)};
  if (sumsInResult()) {
    buffer("y", shape, f32, result, Role::Output);
  } else {
    buffer("y", shape, f32, Value(), Role::Scratch);
    buffer("result", shape, layer.resultType(), result, Role::Output);
  }
}

Value GraphBuilder::build(bool isFused) {
  CombineOp combine = layer.combine;
  LayerRoute route = layer.route ? LayerRoute::inGraph(*this, layer, unit)
                                 : LayerRoute::before(*this, combine.getPlan());
  auto allocate = [&](Value rows, int64_t columns, Type element) -> Value {
    return memref::AllocOp::create(b,
                                   MemRefType::get({dynamic, columns}, element),
                                   rows, b.getI64IntegerAttr(64));
  };
  Value result =
      allocate(b.sizeValue(combine.getX(), 0), out, layer.resultType());
  if (isFused) {
    graph(/*lags=*/{0, 1, 2}, [&] {
      route.addBuffers();
      addUpBuffers(Role::Scratch, /*hidden=*/{});
      addDownBuffers(result);
      signal("started", {});
      SmallVector<Dim> chain = items();
      chain.push_back(ofOut());
      signal("added", chain);
      signal("drained", items());
      if (!sumsInResult())
        signal("finished", {});
      known = route.build(ofTokens());
      buildStart();
      buildGather();
      buildUp(isFused);
      buildDown();
      if (!sumsInResult())
        buildFinish();
    });
  } else {
    Value hidden = allocate(route.mostRows(), width, layer.inputType());
    graph(/*lags=*/{0, 1}, [&] {
      route.addBuffers();
      addUpBuffers(Role::Output, hidden);
      known = route.build(ofTokens());
      buildGather();
      buildUp(isFused);
    });
    known.clear();
    graph(/*lags=*/{}, [&] {
      route.addRows();
      buffer("hidden", {ofExperts(), Dim::of(Extent::Rows), Dim::fixed(width)},
             layer.inputType(), hidden);
      addDownBuffers(result);
      buildDownWalk();
    });
  }
  Value tensor = bufferization::ToTensorOp::create(
      b, RankedTensorType::get({dynamic, out}, layer.resultType()), result,
      /*restrict=*/true, /*writable=*/true);
  return b.castTo(tensor, combine.getType());
}

} // namespace

LayerCut LayerCut::get(const VectorUnit &unit, Type rows) {
  RegisterTile tile = unit.tile();
  return {unit.rowCut(rows).task(), hiddenPanels * tile.columns,
          outPanels * tile.columns, tokensPerTask};
}

Value moe::buildLayerGraph(TileLayer &layer, const VectorUnit &unit,
                           bool isFused) {
  return GraphBuilder(layer, unit).build(isFused);
}
