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
/// behind the one before, and rings hold what is between them (down is two
/// behind up, so that who is at one of few rows need not wait for who is at one
/// of many):
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
///
/// The rows of an expert that is always on are the tokens t as they are. So its
/// families need no route and are there for who would wait for it; they, too,
/// take turns, by tiles of tokens:
///
///   shared_up(t, n)    hidden[t, n] = act(gate, up of x)         ring
///   shared_down(t, n)  given[t, n] = hidden * down, as rows are
///   finish(t)          result[t, *] = y[t, *] + weights * given[t, *]
///
/// It comes last in the sum, as in the order of experts. What the first such
/// expert gives waits for that in the result.
///
/// Where products take rows in parts, rings hold these beside the rows: who
/// gathers rows makes them, and who makes hidden vectors; for tokens, that are
/// not gathered, a family shared_gather(t) does.
class GraphBuilder : TaskBuilder {
public:
  GraphBuilder(TileLayer &layer, const VectorUnit &unit, const LayerCut &cut,
               bool isFused)
      : TaskBuilder(layer.combine.getLoc(), OpBuilder(layer.combine)),
        layer(layer), cut(cut), unit(unit), isFused(isFused),
        f32(b.getF32Type()), experts(layer.routed.table.getCount()),
        in(layer.in()), out(layer.out()) {
    for (ExpertWeights &weights : layer.always)
      for (int64_t i = 0; i < weights.table.getCount(); ++i) {
        std::string number =
            always.empty() ? "" : std::to_string(always.size());
        always.push_back({weights, "shared" + number + "_",
                          static_cast<int64_t>(always.size()), i});
      }
  }

  Value build();

private:
  /// Experts that have families of their own: those that are routed to, or one
  /// that is always on. `weights` are those of their class.
  struct Group {
    ExpertWeights &weights;
    /// Of the names of families, buffers and signals.
    std::string prefix;
    /// Its number among all that are always on, and in its class; -1 for those
    /// that are routed to.
    int64_t number = -1, index = -1;

    bool isRouted() const { return number < 0; }
    std::string name(StringRef part) const { return prefix + part.str(); }
    int64_t width() const { return weights.table.getWidth(); }
  };

  void bias(const Group &group, StringRef name, ElementsAttr value,
            int64_t columns);
  void scratch(StringRef name, int64_t columns);
  void graph(ArrayRef<int64_t> lags, ArrayRef<int64_t> tokenLags,
             function_ref<void()> body);

  // Parts of graphs.
  void addInput();
  void addUpBuffers(const Group &group, Value hidden, Value parts);
  void addHidden(const Group &group, Role role, Value hidden, Value parts);
  void addParts(StringRef name, ArrayRef<Dim> rows, int64_t columns, Role role,
                Value memory);
  void addDownBuffers(const Group &group);
  void addSums(Value result);
  void buildStart();
  void buildGather();
  void buildSharedGather(const Group &group);
  void buildUp(const Group &group);
  void buildDown();
  void buildSharedDown(const Group &group);
  void buildFinish();
  void buildDownWalk();
  ValueRange walkTokens(const Group &group, Value n, Value before);

  // Regions.
  /// The indices of a tile of rows, (e, m) or (t), and of its expert.
  struct Item {
    SmallVector<OpFoldResult> indices;
    OpFoldResult expert;
    SmallVector<Value> cell() const {
      return llvm::map_to_vector(
          indices, [](OpFoldResult index) { return cast<Value>(index); });
    }
    SmallVector<OpFoldResult> with(OpFoldResult last) const {
      SmallVector<OpFoldResult> all(indices);
      all.push_back(last);
      return all;
    }
  };
  Item itemOf(const Group &group, ValueRange indices) {
    if (group.isRouted())
      return {{indices[0], indices[1]}, indices[0]};
    return {{indices[0]}, b.getIndexAttr(group.index)};
  }
  size_t addBias(Regions &regions, StringRef name, ElementsAttr bias,
                 OpFoldResult e, Value n);
  /// What the products of the hidden vectors of a tile with columns n are made
  /// of.
  struct DownRegions {
    size_t hidden, parts;
    std::pair<size_t, size_t> panels;
    size_t bias;
  };
  DownRegions addDown(Regions &regions, const Group &group, const Item &item,
                      Value n);
  Region partsOf(Mode mode, StringRef name, ArrayRef<OpFoldResult> rows,
                 OpFoldResult column, int64_t columns) {
    SmallVector<OpFoldResult> indices(rows);
    indices.append({OpFoldResult(), column});
    return {mode, (name + "_parts").str(), indices,
            viewOf(b.getBF16Type(), {dynamic, partsOfNumber, columns})};
  }
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
  Region productsOf(Mode mode, const Group &group) {
    return whole(mode, group.name("products"), {cut.rows, cut.outColumns});
  }
  /// Rows of the tokens `t` that `group` gives.
  Region givenBy(Mode mode, const Group &group, OpFoldResult t,
                 OpFoldResult n) {
    return {mode,
            group.number == 0 ? "result" : group.name("output"),
            {t, n},
            viewOf(layer.rowsType(), {dynamic, dynamic})};
  }
  Region alwaysWeights(Value t) {
    auto type = cast<MemRefType>(weightsOfAlways.getType());
    return {Mode::Read,
            "shared_weights",
            {t, OpFoldResult()},
            viewOf(type.getElementType(), {dynamic, type.getDimSize(1)})};
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
  void buildProducts(const Group &group, ValueRange views,
                     const DownRegions &of, Value products);
  Value rowOf(Value matrix, Value row, Value columns);
  SmallVector<Value> each(Value parts);
  void split(Value rows, Value parts);
  void addRows(Value units, Value weights, Value products, Value y);
  Value weighted(Value given, Value weight);
  Value alwaysWeight(const Group &group, Value weights, Value row);
  void addTokens(const Group &group, Value weights, Value products, Value y);
  void convertTo(Value target, Value source) {
    map(target, Indexed{source, {0, 1}},
        [&](ValueRange in) { return b.convert(in[0], in.back().getType()); });
  }

  // Dimensions and types.
  Dim ofExperts() const { return Dim::of(Extent::Experts); }
  Dim ofRows() const { return Dim::of(Extent::Rows, cut.rows); }
  Dim ofTokens() const { return Dim::of(Extent::Tokens, cut.tokens); }
  Dim ofHidden(const Group &group) const {
    return Dim::fixed(group.width(), cut.hiddenColumns);
  }
  Dim ofOut() const { return Dim::fixed(out, cut.outColumns); }
  SmallVector<Dim> items() const { return {ofExperts(), ofRows()}; }
  SmallVector<Dim> itemsOf(const Group &group) const {
    if (group.isRouted())
      return items();
    return {Dim::of(Extent::Tokens, cut.rows)};
  }
  /// Experts in the shape of the parameters of `group`.
  Dim expertsOf(const Group &group) const {
    return group.isRouted() ? ofExperts()
                            : Dim::fixed(group.weights.table.getCount());
  }
  FloatType weightType() {
    return cast<FloatType>(layer.combine.getPlan().getType().getWeight());
  }
  /// Whether parts are made of rows, and of hidden vectors.
  bool splitsRows(const Group &group) const {
    return group.weights.up.takesParts(unit);
  }
  bool splitsHidden(const Group &group) const {
    return group.weights.down.takesParts(unit);
  }
  /// Hidden vectors in f32 hold sums on the way.
  bool sumsInHidden() { return layer.inputType().isF32(); }
  /// The result in f32 holds sums on the way, where it holds nothing else.
  bool sumsInResult() {
    return layer.resultType().isF32() && (always.empty() || !isFused);
  }

  static constexpr int64_t dynamic = ShapedType::kDynamic;
  TileLayer &layer;
  LayerCut cut;
  VectorUnit unit;
  bool isFused;
  Type f32;
  int64_t experts, in, out;
  Group routed = {layer.routed, ""};
  SmallVector<Group, 1> always;
  /// By tokens; null where all are 1. The first is in that column.
  Value weightsOfAlways;
  int64_t firstAlways = 0;
  /// Comes when the rows of experts are known, where tasks find them out.
  SmallVector<Value> known;
};

void GraphBuilder::bias(const Group &group, StringRef name, ElementsAttr value,
                        int64_t columns) {
  if (!value)
    return;
  auto type = cast<RankedTensorType>(value.getType());
  buffer(group.name(name), {expertsOf(group), Dim::fixed(columns)},
         type.getElementType(),
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
void GraphBuilder::buildProducts(const Group &group, ValueRange views,
                                 const DownRegions &of, Value products) {
  start(products, of.bias ? views[of.bias] : Value());
  group.weights.down.multiply(
      b, b.getLoc(), views[of.hidden],
      of.parts ? each(views[of.parts]) : SmallVector<Value>(),
      views.slice(of.panels.first, of.panels.second), products);
}

/// The first columns of a row.
Value GraphBuilder::rowOf(Value matrix, Value row, Value columns) {
  OpFoldResult one = b.getIndexAttr(1);
  SmallVector<OpFoldResult> offsets = {row, b.getIndexAttr(0)},
                            sizes = {one, columns}, strides = {one, one};
  auto type = memref::SubViewOp::inferRankReducedResultType(
      dynamic, cast<MemRefType>(matrix.getType()), offsets, sizes, strides);
  return memref::SubViewOp::create(b, type, matrix, offsets, sizes, strides);
}

/// The parts of rows, a matrix each.
SmallVector<Value> GraphBuilder::each(Value parts) {
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1),
               rows = size(parts, 0), columns = size(parts, 2);
  SmallVector<Value> all;
  for (int64_t part = 0; part < partsOfNumber; ++part) {
    SmallVector<OpFoldResult> offsets = {zero, b.getIndexAttr(part), zero},
                              sizes = {rows, one, columns},
                              strides = {one, one, one};
    auto type = memref::SubViewOp::inferRankReducedResultType(
        {dynamic, dynamic}, cast<MemRefType>(parts.getType()), offsets, sizes,
        strides);
    all.push_back(
        memref::SubViewOp::create(b, type, parts, offsets, sizes, strides));
  }
  return all;
}

/// Makes the parts of `rows`, where there are more than few.
void GraphBuilder::split(Value rows, Value parts) {
  Value areMany =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, size(rows, 0),
                            b.index(mostRowsBesideParts));
  auto branch = scf::IfOp::create(b, areMany, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  SmallVector<AffineMap> maps(1 + partsOfNumber, b.getMultiDimIdentityMap(2));
  SmallVector<utils::IteratorType> kinds(2, utils::IteratorType::parallel);
  linalg::GenericOp::create(b, rows, each(parts), maps, kinds,
                            [](OpBuilder &nested, Location loc, ValueRange in) {
                              linalg::YieldOp::create(
                                  nested, loc, buildParts(nested, loc, in[0]));
                            });
}

/// What rows of their type hold of `given`, times a weight; null for 1.
Value GraphBuilder::weighted(Value given, Value weight) {
  Value rounded = b.roundTo(given, layer.rowsType());
  return weight ? b.mul(rounded, weight) : rounded;
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
  map(rowOf(y, unit, columns), Indexed{rowOf(products, row, columns), {0}},
      [&](ValueRange in) { return b.add(in[1], weighted(in[0], weight)); });
}

/// The weight of a token's row of `group`; null where it is 1.
Value GraphBuilder::alwaysWeight(const Group &group, Value weights, Value row) {
  if (!weights)
    return {};
  Value column = b.index(firstAlways + group.number);
  Value weight = memref::LoadOp::create(b, weights, ValueRange{row, column});
  return b.convert(b.convert(weight, weightType()), f32);
}

/// y[row, n] += weight of `group` * products[row, n]: rows are tokens.
void GraphBuilder::addTokens(const Group &group, Value weights, Value products,
                             Value y) {
  auto loop = scf::ForOp::create(b, b.index(0), size(y, 0), b.index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value row = loop.getInductionVar(), columns = size(y, 1),
        weight = alwaysWeight(group, weights, row);
  map(rowOf(y, row, columns), Indexed{rowOf(products, row, columns), {0}},
      [&](ValueRange in) { return b.add(in[1], weighted(in[0], weight)); });
}

//===----------------------------------------------------------------------===//
// Families
//===----------------------------------------------------------------------===//

/// The region of columns `n` of what expert `e` adds; 0 where it adds nothing,
/// since no bias is the first region of a task.
size_t GraphBuilder::addBias(Regions &regions, StringRef name,
                             ElementsAttr bias, OpFoldResult e, Value n) {
  if (!bias)
    return 0;
  return regions.add({Mode::Read,
                      name.str(),
                      {e, n},
                      viewOf(bias.getElementType(), {dynamic})});
}

GraphBuilder::DownRegions GraphBuilder::addDown(Regions &regions,
                                                const Group &group,
                                                const Item &item, Value n) {
  const ExpertWeights &weights = group.weights;
  DownRegions added;
  added.hidden =
      regions.add({Mode::Read, group.name("hidden"), item.with(OpFoldResult()),
                   viewOf(layer.inputType(), {dynamic, group.width()})});
  added.parts = splitsHidden(group)
                    ? regions.add(partsOf(Mode::Read, group.name("hidden"),
                                          item.indices, {}, group.width()))
                    : 0;
  added.panels =
      weights.down.addRegions(regions, group.name("down"), item.expert, n);
  added.bias = addBias(regions, group.name("down_bias"), weights.downBias,
                       item.expert, n);
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
  Value used = wait("active", {e, m}, ofHidden(routed), cut.ring);
  MemRefType rows = viewOf(layer.inputType(), {dynamic, in});
  SmallVector<Region> regions = {
      {Mode::Read, "x", {OpFoldResult(), OpFoldResult()}, rows},
      unitsOf(e, m),
      {Mode::Write, "rows", {e, m, OpFoldResult()}, rows}};
  if (splitsRows(routed))
    regions.push_back(partsOf(Mode::Write, "rows", {e, m}, {}, in));
  Value done = compute(regions, used, [&](ValueRange views) {
    map(views[2], Indexed{views[1], {0}}, [&](ValueRange unit) {
      return memref::LoadOp::create(b, views[0],
                                    ValueRange{unit[0], b.loopIndex(1)});
    });
    if (splitsRows(routed))
      split(views[2], views[3]);
  });
  arrive("gathered", {e, m}, done);
}

/// Makes parts of tokens.
void GraphBuilder::buildSharedGather(const Group &group) {
  OpBuilder::InsertionGuard guard(b);
  TaskOp gather = task(group.name("gather"), itemsOf(group));
  Value t = gather.getBody().getArgument(0);
  Value used = wait(group.name("active"), t, ofHidden(group), cut.ring);
  SmallVector<Region> regions = {
      {Mode::Read,
       "x",
       {t, OpFoldResult()},
       viewOf(layer.inputType(), {dynamic, in})},
      partsOf(Mode::Write, group.name("rows"), OpFoldResult(t), {}, in)};
  Value done = compute(regions, used,
                       [&](ValueRange views) { split(views[0], views[1]); });
  arrive(group.name("gathered"), t, done);
}

/// Multiplies the rows of a tile by gate and up, and stores what the activation
/// makes of both.
void GraphBuilder::buildUp(const Group &group) {
  OpBuilder::InsertionGuard guard(b);
  const ExpertWeights &weights = group.weights;
  SmallVector<Dim> domain = itemsOf(group);
  domain.push_back(ofHidden(group));
  TaskOp up = task(group.name("up"), domain,
                   group.isRouted() ? ValueRange(known) : ValueRange());
  Item item = itemOf(group, up.getBody().getArguments());
  Value n = up.getBody().getArguments().back();
  SmallVector<Value> ready;
  if (group.isRouted() || splitsRows(group))
    ready.push_back(wait(group.name("gathered"), item.cell(), {}));
  if (isFused)
    ready.push_back(
        wait(group.name("drained"), item.cell(), ofOut(), cut.ring));
  Regions regions;
  // The rows of an expert that is always on are the tokens.
  size_t rows = regions.add({Mode::Read, group.isRouted() ? "rows" : "x",
                             item.with(OpFoldResult()),
                             viewOf(layer.inputType(), {dynamic, in})});
  size_t parts = 0;
  if (splitsRows(group))
    parts = regions.add(
        partsOf(Mode::Read, group.name("rows"), item.indices, {}, in));
  auto upPanels =
      weights.up.addRegions(regions, group.name("up"), item.expert, n);
  auto gatePanels = std::pair<size_t, size_t>();
  if (weights.gate)
    gatePanels =
        weights.gate.addRegions(regions, group.name("gate"), item.expert, n);
  size_t upBias =
      addBias(regions, group.name("up_bias"), weights.upBias, item.expert, n);
  size_t gateBias = addBias(regions, group.name("gate_bias"), weights.gateBias,
                            item.expert, n);
  size_t gates = 0, ups = 0;
  if (weights.gate)
    gates = regions.add(
        whole(Mode::Write, group.name("gates"), {cut.rows, cut.hiddenColumns}));
  if (!sumsInHidden())
    ups = regions.add(
        whole(Mode::Write, group.name("ups"), {cut.rows, cut.hiddenColumns}));
  size_t hiddenParts = 0;
  if (splitsHidden(group))
    hiddenParts = regions.add(
        partsOf(Mode::Write, group.name("hidden"), item.indices, n, dynamic));
  regions.add({Mode::Write, group.name("hidden"), item.with(n),
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
                      parts ? each(views[parts]) : SmallVector<Value>(),
                      views.slice(panels.first, panels.second), target);
      return target;
    };
    SmallVector<Indexed> inputs = {
        {sums(ups, at(upBias), weights.up, upPanels), {0, 1}}};
    if (weights.gate)
      inputs.push_back(
          {sums(gates, at(gateBias), weights.gate, gatePanels), {0, 1}});
    // What is summed up in place is read there.
    if (!ups)
      inputs.erase(inputs.begin());
    map(hidden, inputs, [&](ValueRange in) {
      Value upSum = ups ? in[0] : in.back();
      Value gateSum = weights.gate ? in[ups ? 1 : 0] : Value();
      return b.convert(buildHidden(b, weights.table.getBody(), gateSum, upSum),
                       layer.inputType());
    });
    if (hiddenParts)
      split(hidden, views[hiddenParts]);
  });
  arrive(group.name("active"), item.cell(), done);
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
  Value ready = wait("active", {e, m}, ofHidden(routed));
  Regions regions;
  size_t units = regions.add(unitsOf(e, m));
  DownRegions own = addDown(regions, routed, {{e, m}, e}, n);
  regions.add(productsOf(Mode::Write, routed));
  Value products = compute(regions.all, ready, [&](ValueRange views) {
    Value part = corner(views.back(), size(views[units], 0), outColumnsOf(n));
    buildProducts(routed, views, own, part);
  });
  SmallVector<Value> before = {products, wait("started", {}, ofTokens()),
                               wait("added", {e, m, n}, {}, /*behind=*/1)};
  SmallVector<Region> sums = {unitsOf(e, m), weightsOf(e, m),
                              productsOf(Mode::Read, routed),
                              columnsOfSum(Mode::Update, n)};
  Value added = compute(sums, before, [&](ValueRange views) {
    addRows(views[0], views[1], views[2], views[3]);
  });
  arrive("added", {e, m, n}, added);
  arrive("drained", {e, m}, added);
  if (!sumsInResult())
    arrive("finished", {}, added);
}

/// Multiplies the hidden vectors of a tile of tokens, and keeps what that gives
/// until it is added.
void GraphBuilder::buildSharedDown(const Group &group) {
  OpBuilder::InsertionGuard guard(b);
  SmallVector<Dim> domain = itemsOf(group);
  domain.push_back(ofOut());
  TaskOp down = task(group.name("down"), domain);
  Item item = itemOf(group, down.getBody().getArguments());
  Value n = down.getBody().getArguments().back();
  Value ready = wait(group.name("active"), item.cell(), ofHidden(group));
  Regions regions;
  DownRegions own = addDown(regions, group, item, n);
  size_t products = 0;
  if (!layer.rowsType().isF32())
    products = regions.add(productsOf(Mode::Write, group));
  regions.add(givenBy(Mode::Write, group, item.indices[0], n));
  Value done = compute(regions.all, ready, [&](ValueRange views) {
    Value given = views.back();
    if (!products)
      return buildProducts(group, views, own, given);
    Value part = corner(views[products], size(given, 0), size(given, 1));
    buildProducts(group, views, own, part);
    convertTo(given, part);
  });
  arrive(group.name("drained"), item.cell(), done);
  arrive(group.name("given"), {}, done);
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
  for (const Group &group : always) {
    SmallVector<Dim> tiles = itemsOf(group);
    tiles.push_back(ofOut());
    done.push_back(wait(group.name("given"), {}, tiles));
  }
  Regions regions;
  size_t y = regions.add(
      {Mode::Read, "y", {t, OpFoldResult()}, viewOf(f32, {dynamic, out})});
  SmallVector<size_t> given;
  for (const Group &group : llvm::drop_begin(always, always.empty() ? 0 : 1))
    given.push_back(regions.add(givenBy(Mode::Read, group, t, OpFoldResult())));
  size_t weights = 0;
  if (weightsOfAlways && !always.empty())
    weights = regions.add(alwaysWeights(t));
  regions.add({always.empty() ? Mode::Write : Mode::Update,
               "result",
               {t, OpFoldResult()},
               viewOf(layer.resultType(), {dynamic, out})});
  compute(regions.all, done, [&](ValueRange views) {
    if (always.empty())
      return convertTo(views.back(), views[y]);
    auto loop =
        scf::ForOp::create(b, b.index(0), size(views.back(), 0), b.index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value row = loop.getInductionVar(), columns = b.index(out);
    SmallVector<Indexed> inputs = {{rowOf(views[y], row, columns), {0}}};
    for (size_t i : given)
      inputs.push_back({rowOf(views[i], row, columns), {0}});
    SmallVector<Value> factors;
    for (const Group &group : always)
      factors.push_back(
          alwaysWeight(group, weights ? views[weights] : Value(), row));
    map(rowOf(views.back(), row, columns), inputs, [&](ValueRange in) {
      // The rows of the first one are in the result.
      Value sum = in[0];
      for (auto [i, factor] : llvm::enumerate(factors)) {
        Value row = b.convert(i == 0 ? in.back() : in[i], f32);
        sum = b.add(sum, factor ? b.mul(row, factor) : row);
      }
      return b.convert(sum, layer.resultType());
    });
  });
}

/// Owns columns of the sum and adds, expert after expert, what they give.
void GraphBuilder::buildDownWalk() {
  OpBuilder::InsertionGuard guard(b);
  TaskOp down = task("down", ofOut());
  Value n = down.getBody().getArgument(0);
  // The products of each tile go where those of the tile before were.
  Value zero =
      compute({columnsOfSum(Mode::Write, n), productsOf(Mode::Write, routed)},
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
  DownRegions own = addDown(regions, routed, {{e, m}, e}, n);
  size_t sums = regions.add(columnsOfSum(Mode::Update, n));
  size_t products = regions.add(productsOf(Mode::Update, routed));
  Value added = compute(
      regions.all, overRows.getBody().getArgument(1), [&](ValueRange views) {
        Value part = corner(views[products], size(views[units], 0),
                            size(views[sums], 1));
        buildProducts(routed, views, own, part);
        addRows(views[units], views[weights], part, views[sums]);
      });
  YieldOp::create(b, added);
  b.setInsertionPointAfter(overRows);
  YieldOp::create(b, overRows.getResults());
  b.setInsertionPointAfter(overExperts);
  ValueRange walked = overExperts.getResults();
  for (const Group &group : always)
    walked = walkTokens(group, n, walked.front());
  if (sumsInResult())
    return;
  SmallVector<Region> all = {columnsOfSum(Mode::Read, n),
                             {Mode::Write,
                              "result",
                              {OpFoldResult(), n},
                              viewOf(layer.resultType(), {dynamic, dynamic})}};
  compute(all, walked,
          [&](ValueRange views) { convertTo(views[1], views[0]); });
}

/// Adds, one tile of tokens after another, what `group` gives to columns `n`.
ValueRange GraphBuilder::walkTokens(const Group &group, Value n, Value before) {
  ForOp overTokens = walk(itemsOf(group).front(), before);
  Value t = overTokens.getBody().getArgument(0);
  Regions regions;
  DownRegions own = addDown(regions, group, itemOf(group, t), n);
  size_t weights = weightsOfAlways ? regions.add(alwaysWeights(t)) : 0;
  size_t sums =
      regions.add({Mode::Update, "y", {t, n}, viewOf(f32, {dynamic, dynamic})});
  size_t products = regions.add(productsOf(Mode::Update, routed));
  Value added = compute(
      regions.all, overTokens.getBody().getArgument(1), [&](ValueRange views) {
        Value part =
            corner(views[products], size(views[sums], 0), size(views[sums], 1));
        buildProducts(group, views, own, part);
        addTokens(group, weights ? views[weights] : Value(), part, views[sums]);
      });
  YieldOp::create(b, added);
  b.setInsertionPointAfter(overTokens);
  return overTokens.getResults();
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

/// A graph of the layer's experts, whose families over rows have `lags` and
/// those over tiles of tokens `tokenLags`. What is made in `body` beside what a
/// graph holds comes in front of it.
void GraphBuilder::graph(ArrayRef<int64_t> lags, ArrayRef<int64_t> tokenLags,
                         function_ref<void()> body) {
  auto graph = GraphOp::create(
      b, experts, /*ranks=*/1,
      ScheduleAttr::get(b.getContext(), ScheduleKind::Ticket, /*workers=*/0,
                        /*resident=*/0, lags, lags.empty() ? 1 : cut.coldBatch,
                        tokenLags));
  OpBuilder::InsertionGuard guard(b);
  Block &block = graph.getBody().emplaceBlock();
  b.setInsertionPointToStart(&block);
  body();
  for (Operation &op : llvm::make_early_inc_range(block))
    if (isa<support::WeightOp, bufferization::ToBufferOp>(op))
      op.moveBefore(graph);
}

void GraphBuilder::addInput() {
  buffer("x", {Dim::of(Extent::Tokens), Dim::fixed(in)}, layer.inputType(),
         b.readOnlyBuffer(layer.dispatch.getInput()));
  buffer("rows", {ofExperts(), Dim::of(Extent::Rows), Dim::fixed(in)},
         layer.inputType(), Value(), Role::Scratch, cut.ring);
  if (splitsRows(routed))
    addParts("rows", {ofExperts(), Dim::of(Extent::Rows)}, in, Role::Scratch,
             Value());
}

/// Parts of `rows`, in memory, or a ring where that is null.
void GraphBuilder::addParts(StringRef name, ArrayRef<Dim> rows, int64_t columns,
                            Role role, Value memory) {
  SmallVector<Dim> shape(rows);
  shape.append({Dim::fixed(partsOfNumber), Dim::fixed(columns)});
  buffer((name + "_parts").str(), shape, b.getBF16Type(), memory, role,
         memory ? 0 : cut.ring);
}

/// What the families that make hidden vectors of `group` use, and these in
/// `hidden` and `parts`, or in rings where those are null.
void GraphBuilder::addUpBuffers(const Group &group, Value hidden, Value parts) {
  const ExpertWeights &weights = group.weights;
  if (weights.gate) {
    weights.gate.addBuffers(*this, group.name("gate"), expertsOf(group));
    scratch(group.name("gates"), cut.hiddenColumns);
  }
  bias(group, "gate_bias", weights.gateBias, group.width());
  weights.up.addBuffers(*this, group.name("up"), expertsOf(group));
  bias(group, "up_bias", weights.upBias, group.width());
  if (!sumsInHidden())
    scratch(group.name("ups"), cut.hiddenColumns);
  addHidden(group, hidden ? Role::Output : Role::Scratch, hidden, parts);
  if (!group.isRouted() && splitsRows(group))
    addParts(group.name("rows"), Dim::of(Extent::Tokens), in, Role::Scratch,
             Value());
  if (group.isRouted() || splitsRows(group))
    signal(group.name("gathered"), itemsOf(group));
  signal(group.name("active"), itemsOf(group));
}

void GraphBuilder::addHidden(const Group &group, Role role, Value hidden,
                             Value parts) {
  SmallVector<Dim> shape = itemsOf(group);
  shape.back().step = 1;
  shape.push_back(Dim::fixed(group.width()));
  buffer(group.name("hidden"), shape, layer.inputType(), hidden, role,
         hidden ? 0 : cut.ring);
  shape.pop_back();
  if (splitsHidden(group))
    addParts(group.name("hidden"), shape, group.width(), role, parts);
}

void GraphBuilder::addDownBuffers(const Group &group) {
  group.weights.down.addBuffers(*this, group.name("down"), expertsOf(group));
  bias(group, "down_bias", group.weights.downBias, out);
  // Walks of one task use the same.
  bool keepsRows = isFused && !group.isRouted();
  if (isFused ? !keepsRows || !layer.rowsType().isF32() : group.isRouted())
    scratch(group.name("products"), cut.outColumns);
  if (keepsRows && group.number > 0)
    buffer(group.name("output"), {Dim::of(Extent::Tokens), Dim::fixed(out)},
           layer.rowsType(), Value(), Role::Scratch);
}

void GraphBuilder::addSums(Value result) {
  SmallVector<Dim> shape = {Dim::of(Extent::Tokens), Dim::fixed(out)};
  if (sumsInResult()) {
    buffer("y", shape, f32, result, Role::Output);
  } else {
    buffer("y", shape, f32, Value(), Role::Scratch);
    buffer("result", shape, layer.resultType(), result, Role::Output);
  }
  if (!weightsOfAlways || always.empty())
    return;
  auto type = cast<MemRefType>(weightsOfAlways.getType());
  buffer("shared_weights",
         {Dim::of(Extent::Tokens), Dim::fixed(type.getDimSize(1))},
         type.getElementType(), weightsOfAlways);
}

Value GraphBuilder::build() {
  CombineOp combine = layer.combine;
  LayerRoute route = layer.route ? LayerRoute::inGraph(*this, layer, unit)
                                 : LayerRoute::before(*this, combine.getPlan());
  weightsOfAlways = route.alwaysWeights();
  firstAlways = route.firstAlways();
  auto allocate = [&](Value rows, ArrayRef<int64_t> columns,
                      Type element) -> Value {
    SmallVector<int64_t> shape(columns);
    shape.insert(shape.begin(), dynamic);
    return memref::AllocOp::create(b, MemRefType::get(shape, element), rows,
                                   b.getI64IntegerAttr(64));
  };
  Value tokens = b.sizeValue(combine.getX(), 0);
  Value result = allocate(tokens, out, layer.resultType());
  if (isFused) {
    SmallVector<int64_t> tokenLags;
    for (const Group &group : always) {
      if (splitsRows(group))
        tokenLags.append({0, 1, 3});
      else
        tokenLags.append({0, 2});
    }
    graph(/*lags=*/{0, 1, 3}, tokenLags, [&] {
      route.addBuffers();
      addInput();
      addUpBuffers(routed, /*hidden=*/{}, /*parts=*/{});
      addDownBuffers(routed);
      addSums(result);
      signal("started", {});
      SmallVector<Dim> chain = items();
      chain.push_back(ofOut());
      signal("added", chain);
      signal("drained", items());
      if (!sumsInResult())
        signal("finished", {});
      for (const Group &group : always) {
        addUpBuffers(group, /*hidden=*/{}, /*parts=*/{});
        addDownBuffers(group);
        signal(group.name("drained"), itemsOf(group));
        signal(group.name("given"), {});
      }
      known = route.build(ofTokens());
      for (const Group &group : always) {
        if (splitsRows(group))
          buildSharedGather(group);
        buildUp(group);
        buildSharedDown(group);
      }
      buildStart();
      buildGather();
      buildUp(routed);
      buildDown();
      if (!sumsInResult())
        buildFinish();
    });
  } else {
    // Hidden vectors, and parts of them.
    auto allocateHidden = [&](const Group &group, Value rows) {
      Value parts;
      if (splitsHidden(group))
        parts = allocate(rows, {partsOfNumber, group.width()}, b.getBF16Type());
      return std::pair(allocate(rows, group.width(), layer.inputType()), parts);
    };
    auto [hidden, parts] = allocateHidden(routed, route.mostRows());
    SmallVector<std::pair<Value, Value>> hiddenOf;
    SmallVector<int64_t> tokenLags;
    for (const Group &group : always) {
      hiddenOf.push_back(allocateHidden(group, tokens));
      if (splitsRows(group))
        tokenLags.append({0, 1});
    }
    graph(/*lags=*/{0, 1}, tokenLags, [&, hidden = hidden, parts = parts] {
      route.addBuffers();
      addInput();
      addUpBuffers(routed, hidden, parts);
      for (auto [group, memory] : llvm::zip_equal(always, hiddenOf))
        addUpBuffers(group, memory.first, memory.second);
      known = route.build(ofTokens());
      for (const Group &group : always) {
        if (splitsRows(group))
          buildSharedGather(group);
        buildUp(group);
      }
      buildGather();
      buildUp(routed);
    });
    known.clear();
    graph(/*lags=*/{}, /*tokenLags=*/{}, [&, hidden = hidden, parts = parts] {
      route.addRows();
      addHidden(routed, Role::Input, hidden, parts);
      addDownBuffers(routed);
      for (auto [group, memory] : llvm::zip_equal(always, hiddenOf)) {
        addHidden(group, Role::Input, memory.first, memory.second);
        addDownBuffers(group);
      }
      addSums(result);
      buildDownWalk();
    });
  }
  Value tensor = bufferization::ToTensorOp::create(
      b, RankedTensorType::get({dynamic, out}, layer.resultType()), result,
      /*restrict=*/true, /*writable=*/true);
  return b.castTo(tensor, combine.getType());
}

} // namespace

LayerCut LayerCut::get(const VectorUnit &unit, const RowCut &rows,
                       int64_t coldBatch) {
  RegisterTile tile = unit.tile();
  return {rows.task(),
          hiddenPanels * tile.columns,
          outPanels * tile.columns,
          tokensPerTask,
          coldBatch,
          std::max<int64_t>(coldBatch, 2) + 2};
}

Value moe::buildLayerGraph(TileLayer &layer, const VectorUnit &unit,
                           const LayerCut &cut, bool isFused) {
  return GraphBuilder(layer, unit, cut, isFused).build();
}
