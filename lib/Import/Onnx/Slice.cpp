// Operators that cut tensors into pieces or build masks of their positions.
#include "AttentionParts.h"

#include "llvm/ADT/STLExtras.h"
#include <limits>

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;
using Direction = hlo::ComparisonDirection;

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

/// A bound of Slice: counted from the end where it is negative, then clamped
/// to [0, size].
static DimExpr sliceBound(GraphBuilder &g, const DimExpr &bound,
                          const DimExpr &size) {
  if (auto fixed = bound.constant();
      fixed && *fixed >= std::numeric_limits<int32_t>::max())
    return size;
  Val value = g.integers(g.i64(), {bound}, {});
  Val fromEnd = g.integers(g.i64(), {bound + size}, {});
  Val zero = g.scalar(g.i64(), 0);
  Val position =
      g.select(g.compare(Direction::LT, value, zero), fromEnd, value);
  auto elements = g.elementsOf(position);
  if (!elements)
    return DimExpr(0);
  return g.dims.min(g.dims.max((*elements)[0], DimExpr(0)), size);
}

/// A slice whose steps are known at run time only: every axis is gathered by
/// its positions.
static Val sliceByPosition(NodeContext &node, ArrayRef<int64_t> axes,
                           Val strides) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0);
  Type i64 = g.i64();
  Val starts = g.convert(node.input(1, 1, 1), i64),
      ends = g.convert(node.input(2, 1, 1), i64);
  strides = g.convert(strides, i64);
  for (Val list : {starts, ends, strides})
    if (!list->shape[0].is(axes.size()))
      node.fail("expects as many starts, ends and steps as axes");
  if (g.failed())
    return x;
  for (auto [index, axis] : llvm::enumerate(axes)) {
    auto element = [&](Val list) {
      return g.reshape(g.sliceDim(list, 0, DimExpr(index), DimExpr(1)), {});
    };
    Val zero = g.scalar(i64, 0), one = g.scalar(i64, 1);
    Val size = g.integers(i64, {x->shape[axis]}, {});
    Val step = element(strides);
    Val backwards = g.compare(Direction::LT, step, zero);
    // Positions lie in [0, size], or in [-1, size - 1] when going backwards.
    Val least = g.select(backwards, g.scalar(i64, -1), zero);
    Val greatest = g.add(size, least);
    auto bound = [&](Val value) {
      value = g.select(g.compare(Direction::LT, value, zero),
                       g.add(value, size), value);
      return g.binary(Binary::Min, g.binary(Binary::Max, value, least),
                      greatest);
    };
    Val start = bound(element(starts));
    Val span = g.sub(bound(element(ends)), start);
    // Rounds away from zero; a step of 0 divides by zero in no run that is
    // right, so that it is read as 1.
    step = g.select(g.compare(Direction::EQ, step, zero), one, step);
    Val unit = g.select(backwards, g.scalar(i64, -1), one);
    Val count = g.binary(Binary::Max,
                         g.div(g.sub(g.add(span, step), unit), step), zero);
    if (g.failed())
      return x;
    DimExpr length = g.runtimeSymbol(g.get(count), /*nonNegative=*/true);
    Val positions = g.add(g.mul(g.iota(i64, {length}, 0), step), start);
    x = emitGather(g, x, positions, axis);
  }
  return x;
}

static void translateSlice(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0);
  auto starts = g.elementsOf(node.input(1, 1, 1));
  auto ends = g.elementsOf(node.input(2, 1, 1));
  if (!starts || !ends || starts->size() != ends->size()) {
    node.fail("expects as many starts as ends, of a known number");
    return;
  }
  SmallVector<int64_t> axes, steps(starts->size(), 1);
  if (node.has(3)) {
    if (auto list = node.constantInts(3))
      axes = node.axes(*list, x->rank());
  } else {
    axes = llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
    axes = node.axes(axes, x->rank());
  }
  if (node.has(4)) {
    Val strides = node.input(4, 1, 1);
    if (auto list = g.constantIntegers(strides))
      steps = *list;
    else
      return node.output(0, sliceByPosition(node, axes, strides));
  }
  if (axes.size() != starts->size() || steps.size() != starts->size())
    node.fail("expects as many axes and steps as starts");
  if (g.failed())
    return node.output(0, g.placeholder(x->elementType, x->shape));

  SmallVector<DimExpr> first(x->rank(), DimExpr(0));
  SymbolicShape sizes = x->shape;
  SmallVector<int64_t> strides(x->rank(), 1);
  for (auto [index, axis] : llvm::enumerate(axes)) {
    DimExpr start = (*starts)[index], end = (*ends)[index];
    DimExpr size = x->shape[axis];
    int64_t step = steps[index];
    if (step == 0 || step == std::numeric_limits<int64_t>::min()) {
      node.fail("expects steps that are not 0, but got " + llvm::Twine(step));
      return;
    }
    if (step < 0) {
      // Backwards is forwards in the reversed tensor.
      x = g.reverse(x, axis);
      step = -step;
      auto mirrored = [&](const DimExpr &bound) -> DimExpr {
        auto fixed = bound.constant();
        if (fixed && *fixed < 0) {
          // From the end, or before the beginning.
          if (*fixed < -std::numeric_limits<int32_t>::max())
            return size;
          return DimExpr(-1 - *fixed);
        }
        if (fixed && *fixed >= std::numeric_limits<int32_t>::max())
          return DimExpr(0);
        if (!g.dims.isNonNegative(bound))
          node.fail("expects bounds whose sign is known where a step is "
                    "negative");
        return g.dims.max(size - DimExpr(1) - bound, DimExpr(0));
      };
      start = mirrored(start);
      end = mirrored(end);
    }
    if (auto fixed = start.constant();
        fixed && *fixed < 0 && step == 1 &&
        *fixed > -std::numeric_limits<int32_t>::max() &&
        sliceBound(g, end, size) == size) {
      // The last elements: the form keeps their number visible.
      sizes[axis] = g.dims.min(DimExpr(-*fixed), size);
      first[axis] = size - sizes[axis];
      continue;
    }
    first[axis] = sliceBound(g, start, size);
    DimExpr span = sliceBound(g, end, size) - first[axis];
    span = g.dims.max(span, DimExpr(0));
    if (step != 1)
      span = g.dims.divide(span + DimExpr(step - 1), DimExpr(step))
                 .value_or(DimExpr::invalid());
    sizes[axis] = span;
    strides[axis] = step;
    // An empty slice starts anywhere; 0 is always a position.
    if (span.is(0))
      first[axis] = DimExpr(0);
  }
  node.output(0, g.slice(x, first, sizes, strides));
}

//===----------------------------------------------------------------------===//
// Split
//===----------------------------------------------------------------------===//

static void translateSplit(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0, 1);
  int64_t axis = node.axis(node.intAttr("axis", 0), x->rank());
  int64_t count = node.numOutputs();
  if (node.hasAttr("num_outputs") &&
      node.intAttr("num_outputs", count) != count) {
    node.fail("requires 'num_outputs' (" +
              llvm::Twine(node.intAttr("num_outputs", count)) +
              ") to equal the number of outputs (" + llvm::Twine(count) + ")");
    return;
  }
  const DimExpr &size = x->shape[axis];
  SmallVector<DimExpr> sizes;
  if (node.has(1)) {
    auto elements = g.elementsOf(node.input(1, 1, 1));
    if (!elements || static_cast<int64_t>(elements->size()) != count) {
      node.fail("expects one size per output");
      return;
    }
    sizes = *elements;
    DimExpr total;
    for (const DimExpr &part : sizes)
      total = total + part;
    if (auto sum = total.constant(), whole = size.constant();
        sum && whole && *sum != *whole)
      node.fail("requires the sum of sizes (" + llvm::Twine(*sum) +
                ") to equal the size of the axis (" + llvm::Twine(*whole) +
                ")");
  } else {
    DimExpr part = g.dims.divide(size + DimExpr(count - 1), DimExpr(count))
                       .value_or(DimExpr::invalid());
    if (auto exact = DimTable::divideExactly(size, DimExpr(count)))
      part = *exact;
    DimExpr rest = size;
    for (int64_t i = 0; i < count; ++i) {
      sizes.push_back(g.dims.min(part, g.dims.max(rest, DimExpr(0))));
      rest = rest - sizes.back();
    }
  }
  DimExpr start;
  for (int64_t i = 0; i < count; ++i) {
    if (node.hasOutput(i))
      node.output(i, g.sliceDim(x, axis, start, sizes[i]));
    start = start + sizes[i];
  }
}

//===----------------------------------------------------------------------===//
// Pad, Trilu, CumSum
//===----------------------------------------------------------------------===//

/// The remainder of division by a positive number, which is not negative.
static Val floorMod(GraphBuilder &g, Val x, Val divisor) {
  Val rest = g.binary(Binary::Rem, x, divisor);
  return g.select(g.compare(Direction::LT, rest, g.scalar(g.i64(), 0)),
                  g.add(rest, divisor), rest);
}

/// Pads one axis with elements of the input: the nearest ("edge"), those behind
/// a mirror ("reflect"), or those of the other end ("wrap").
static Val padWithElements(GraphBuilder &g, Val x, int64_t axis, StringRef mode,
                           DimExpr low, DimExpr high) {
  // A negative amount cuts off first, so that nothing of what it cuts returns.
  const DimExpr none(0);
  DimExpr front = g.dims.min(low, none), back = g.dims.min(high, none);
  DimExpr size = x->shape[axis] + front + back;
  x = g.sliceDim(x, axis, none - front, size);
  low = low - front;
  high = high - back;
  auto number = [&](const DimExpr &value) {
    return g.integers(g.i64(), {value}, {});
  };
  Val position = g.sub(g.iota(g.i64(), {low + size + high}, 0), number(low));
  Val last = number(size - DimExpr(1)), one = number(DimExpr(1));
  if (mode == "wrap") {
    position = floorMod(g, position, g.binary(Binary::Max, number(size), one));
  } else if (mode == "reflect") {
    Val period = g.binary(Binary::Max, g.add(last, last), one);
    Val phase = floorMod(g, position, period);
    position = g.binary(Binary::Min, phase, g.sub(period, phase));
  }
  position = g.binary(
      Binary::Min, g.binary(Binary::Max, position, number(DimExpr(0))), last);
  return emitGather(g, x, position, axis);
}

static void translatePad(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0);
  std::string mode = node.stringAttr("mode", "constant");
  if (!llvm::is_contained({"constant", "edge", "reflect", "wrap"}, mode))
    node.fail(
        "expects 'mode' to be constant, edge, reflect or wrap, but got '" +
        mode + "'");
  auto amounts = g.elementsOf(node.input(1, 1, 1));
  Val fill =
      node.has(2) ? g.reshape(node.input(2), {}) : g.scalar(x->elementType, 0);
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, x->rank()));
  if (node.has(3))
    if (auto list = node.constantInts(3))
      axes = node.axes(*list, x->rank());
  if (!amounts || amounts->size() != 2 * axes.size())
    node.fail("expects two amounts per axis");
  if (fill->elementType != x->elementType)
    node.fail("expects inputs of one element type");
  SmallVector<DimExpr> low(x->rank(), DimExpr(0)), high = low;
  if (g.failed())
    return;
  for (auto [index, axis] : llvm::enumerate(axes)) {
    low[axis] = (*amounts)[index];
    high[axis] = (*amounts)[index + axes.size()];
  }
  if (mode == "constant")
    return node.output(0, g.pad(x, fill, low, high));
  for (int64_t axis : axes)
    if (!low[axis].is(0) || !high[axis].is(0))
      x = padWithElements(g, x, axis, mode, low[axis], high[axis]);
  node.output(0, x);
}

static void translateTrilu(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val x = node.input(0, 2);
  bool upper = node.intAttr("upper", 1) != 0;
  Val offset = node.has(1) ? graph.reshape(node.input(1), {})
                           : graph.scalar(graph.i64(), 0);
  std::optional<int64_t> fixed = graph.constantScalar(offset);
  SmallVector<NamedAttribute> attrs{graph.attr("upper", int64_t(upper))};
  SmallVector<Val> inputs{x};
  if (fixed)
    attrs.push_back(graph.attr("k", *fixed));
  else
    inputs.push_back(offset);
  node.output(
      0,
      graph.composite(
          "onnx.Trilu", attrs, inputs,
          [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
            int64_t rank = in[0]->rank();
            SymbolicShape plane{in[0]->shape[rank - 2], in[0]->shape[rank - 1]};
            Val row = g.iota(g.i64(), plane, 0),
                column = g.iota(g.i64(), plane, 1);
            Val k = fixed ? g.integers(g.i64(), {DimExpr(*fixed)}, {}) : in[1];
            Val kept = g.compare(upper ? Direction::GE : Direction::LE, column,
                                 g.add(row, k));
            return {g.select(g.expand(kept, in[0]->shape), in[0],
                             g.splat(in[0]->elementType, 0, in[0]->shape))};
          })[0]);
}

static void translateCumSum(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val x = node.input(0, 1);
  auto list = node.constantInts(1);
  if (!list || list->size() != 1)
    return node.fail("expects one constant axis");
  int64_t axis = node.axis((*list)[0], x->rank());
  bool exclusive = node.intAttr("exclusive", 0) != 0;
  bool reverse = node.intAttr("reverse", 0) != 0;
  node.output(0, graph.composite("onnx.CumSum",
                                 {graph.attr("axis", axis),
                                  graph.attr("exclusive", int64_t(exclusive)),
                                  graph.attr("reverse", int64_t(reverse))},
                                 {x}, [&](GraphBuilder &g, ArrayRef<Val> in) {
                                   return SmallVector<Val>{g.cumulativeSum(
                                       in[0], axis, exclusive, reverse)};
                                 })[0]);
}

//===----------------------------------------------------------------------===//
// OneHot, NonZero
//===----------------------------------------------------------------------===//

static void translateOneHot(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val indices = node.input(0), depthInput = node.input(1, 0, 1),
      onOff = node.input(2, 1, 1);
  int64_t axis = node.axis(node.intAttr("axis", -1), indices->rank() + 1);
  depthInput = graph.reshape(depthInput, {});
  std::optional<int64_t> depth = graph.constantScalar(depthInput);
  if (!depth)
    if (auto number = graph.constantFloat(depthInput);
        number && *number >= 0 && *number < 1e9)
      depth = static_cast<int64_t>(*number);
  if (depth && *depth < 0)
    return node.fail("expects a depth that is not negative, but got " +
                     llvm::Twine(*depth));
  if (!onOff->shape[0].is(2))
    return node.fail("expects two values");
  SmallVector<NamedAttribute> attrs{graph.attr("axis", axis)};
  SmallVector<Val> inputs{indices, onOff};
  if (depth)
    attrs.push_back(graph.attr("depth", *depth));
  else
    inputs.push_back(graph.convert(depthInput, graph.i64()));
  node.output(
      0,
      graph.composite(
          "onnx.OneHot", attrs, inputs,
          [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
            Val ids = in[0];
            if (ids->isFloat() || ids->elementType != g.i64())
              ids = g.convert(ids, g.i64());
            DimExpr count =
                depth ? DimExpr(*depth) : g.runtimeSymbol(g.get(in[2]), true);
            ids = g.wrapIndices(ids, count);
            SymbolicShape shape = in[0]->shape;
            shape.insert(shape.begin() + axis, count);
            SmallVector<int64_t> positions;
            for (int64_t d = 0; d < in[0]->rank(); ++d)
              positions.push_back(d < axis ? d : d + 1);
            Val hot =
                g.compare(Direction::EQ, g.broadcast(ids, shape, positions),
                          g.iota(g.i64(), shape, axis));
            auto pick = [&](int64_t i) {
              return g.expand(
                  g.reshape(g.sliceDim(in[1], 0, DimExpr(i), DimExpr(1)), {}),
                  shape);
            };
            return {g.select(hot, pick(1), pick(0))};
          })[0]);
}

static void translateNonZero(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val x = node.input(0, 1);
  node.output(
      0,
      graph.composite(
          "onnx.NonZero", {}, {x},
          [](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
            Val x = in[0];
            DimExpr length(1);
            for (const DimExpr &size : x->shape)
              length = length * size;
            Val flat = g.reshape(x, {length});
            if (!flat->isBool())
              flat = g.compare(Direction::NE, flat,
                               g.splat(x->elementType, 0, {length}));
            // A hit goes to the place that the number of hits before it
            // gives; the others go nowhere.
            Val hits = g.convert(flat, g.i64());
            Val place = g.cumulativeSum(hits, 0, /*exclusive=*/true,
                                        /*reverse=*/false);
            place = g.select(flat, place, g.splat(g.i64(), -1, {length}));
            Val total = g.reduce(Reduction::Sum, hits, {0});
            DimExpr count =
                g.failed() ? DimExpr(0) : g.runtimeSymbol(g.get(total), true);
            auto numbers = hlo::ScatterDimensionNumbersAttr::get(
                g.builder.getContext(), {}, {0}, {}, {}, {0}, 1);
            Val found =
                g.scatter(g.splat(g.i64(), 0, {count}),
                          g.reshape(place, {length, DimExpr(1)}),
                          g.iota(g.i64(), {length}, 0), numbers, std::nullopt);
            // Coordinates of the linear position, slowest first.
            SmallVector<Val> coordinates;
            DimExpr stride(1);
            for (int64_t d = x->rank() - 1; d >= 0; --d) {
              Val coordinate = found;
              if (!stride.is(1))
                coordinate =
                    g.div(coordinate, g.integers(g.i64(), {stride}, {}));
              if (d != 0)
                coordinate = g.binary(Binary::Rem, coordinate,
                                      g.integers(g.i64(), {x->shape[d]}, {}));
              coordinates.push_back(g.reshape(coordinate, {DimExpr(1), count}));
              stride = stride * x->shape[d];
            }
            std::reverse(coordinates.begin(), coordinates.end());
            return {g.concat(coordinates, 0)};
          })[0]);
}

ArrayRef<OpEntry> moe::importer::sliceOps() {
  static const OpEntry table[] = {
      {"", "CumSum", 11, translateCumSum},
      {"", "NonZero", 13, translateNonZero},
      {"", "OneHot", 11, translateOneHot},
      {"", "Pad", 13, translatePad},
      {"", "Slice", 13, translateSlice},
      {"", "Split", 13, translateSplit},
      {"", "Trilu", 14, translateTrilu},
  };
  return table;
}
