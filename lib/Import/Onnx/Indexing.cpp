// Operators that read and write at computed positions. All are composites,
// because ONNX counts negative positions from the end.
#include "AttentionParts.h"

#include "llvm/ADT/STLExtras.h"
#include <limits>

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;
using Direction = hlo::ComparisonDirection;

static SmallVector<int64_t> range(int64_t from, int64_t to) {
  return llvm::to_vector(llvm::seq(from, to));
}

static std::string sizeName(int64_t dim, unsigned input) {
  return ("the size of dimension #" + llvm::Twine(dim) + " of input #" +
          llvm::Twine(input))
      .str();
}

static void checkIndices(NodeContext &node, Val indices) {
  if (indices->isFloat() || indices->isBool())
    node.fail("expects an integer element type of the indices");
}

/// Gather with constant positions that follow each other: a slice.
static Val sliceForGather(GraphBuilder &g, Val data, Val indices,
                          int64_t axis) {
  auto list = g.constantIntegers(indices);
  if (!list || list->empty() || indices->rank() > 1)
    return nullptr;
  for (size_t i = 1; i < list->size(); ++i)
    if ((*list)[i - 1] == std::numeric_limits<int64_t>::max() ||
        (*list)[i] != (*list)[i - 1] + 1)
      return nullptr;
  // A range that wraps around is none.
  if ((*list)[0] < 0 && list->back() >= 0)
    return nullptr;
  DimExpr start((*list)[0]);
  if ((*list)[0] < 0)
    start = start + data->shape[axis];
  // The position may lie outside where sizes are not known.
  DimExpr end = start + DimExpr(list->size());
  if (!g.dims.isNonNegative(data->shape[axis] - end) ||
      !g.dims.isNonNegative(start))
    return nullptr;
  Val slice = g.sliceDim(data, axis, start, DimExpr(list->size()));
  if (indices->rank() == 1)
    return slice;
  SymbolicShape shape = slice->shape;
  shape.erase(shape.begin() + axis);
  return g.reshape(slice, shape);
}

Val moe::importer::emitGather(GraphBuilder &graph, Val data, Val indices,
                              int64_t axis) {
  return graph.composite(
      "onnx.Gather", {graph.attr("axis", axis)}, {data, indices},
      [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
        Val data = in[0];
        Val ids = g.wrapIndices(in[1], data->shape[axis]);
        int64_t rank = data->rank(), q = ids->rank();
        SmallVector<int64_t> offsets = range(0, axis);
        llvm::append_range(offsets, range(axis + q, rank - 1 + q));
        auto numbers = hlo::GatherDimensionNumbersAttr::get(
            g.builder.getContext(), offsets, {axis}, {}, {}, {axis}, q);
        SymbolicShape sizes = data->shape, result;
        sizes[axis] = DimExpr(1);
        result.append(data->shape.begin(), data->shape.begin() + axis);
        result.append(ids->shape.begin(), ids->shape.end());
        result.append(data->shape.begin() + axis + 1, data->shape.end());
        return {g.gather(data, ids, numbers, sizes, result)};
      })[0];
}

static void translateGather(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val data = node.input(0, 1), indices = node.input(1);
  int64_t axis = node.axis(node.intAttr("axis", 0), data->rank());
  checkIndices(node, indices);
  if (graph.failed())
    return;
  auto list = graph.constantIntegers(indices);
  if (data->elements && data->rank() == 1 && list) {
    // Shape arithmetic.
    int64_t size = data->elements->size();
    SmallVector<DimExpr> picked;
    SmallVector<int64_t> shape;
    for (int64_t index : *list) {
      if (index < -size || index >= size)
        return node.fail("requires a position (" + llvm::Twine(index) +
                         ") to be within the size (" + llvm::Twine(size) + ")");
      picked.push_back((*data->elements)[index < 0 ? index + size : index]);
    }
    for (const DimExpr &dim : indices->shape)
      shape.push_back(*dim.constant());
    return node.output(0, graph.integers(data->elementType, picked, shape));
  }
  if (Val slice = sliceForGather(graph, data, indices, axis))
    return node.output(0, slice);
  node.output(0, emitGather(graph, data, indices, axis));
}

/// Full coordinates, in a new last dimension, of the elements that `indices`
/// names along `axis`.
static Val fullCoordinates(GraphBuilder &g, Val indices, int64_t axis) {
  SymbolicShape shape = indices->shape;
  shape.push_back(DimExpr(1));
  SmallVector<Val> parts;
  for (int64_t d = 0; d < indices->rank(); ++d) {
    Val part = d == axis ? indices : g.iota(g.i64(), indices->shape, d);
    parts.push_back(g.reshape(part, shape));
  }
  return g.concat(parts, indices->rank());
}

/// Requires the positions, input #1, to lie within the data, input #0, in all
/// dimensions but `axis`.
static void requireWithinData(GraphBuilder &g, Val data, Val indices,
                              int64_t axis) {
  for (int64_t d = 0; d < data->rank(); ++d)
    if (d != axis)
      g.requireSize(indices->shape[d], sizeName(d, 1), Direction::LE,
                    data->shape[d], sizeName(d, 0));
}

/// data[..., ids[i...], ...] along `axis`, for positions within it.
static Val gatherElements(GraphBuilder &g, Val data, Val ids, int64_t axis) {
  int64_t rank = data->rank();
  SmallVector<int64_t> all = range(0, rank);
  auto numbers = hlo::GatherDimensionNumbersAttr::get(
      g.builder.getContext(), {}, all, {}, {}, all, rank);
  return g.gather(data, fullCoordinates(g, ids, axis), numbers,
                  SymbolicShape(rank, DimExpr(1)), ids->shape);
}

static void translateGatherElements(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val data = node.input(0, 1), indices = node.input(1, 1);
  int64_t axis = node.axis(node.intAttr("axis", 0), data->rank());
  checkIndices(node, indices);
  if (data->rank() != indices->rank())
    node.fail("expects inputs of one rank");
  if (graph.failed())
    return;
  node.output(
      0, graph.composite(
             "onnx.GatherElements", {graph.attr("axis", axis)}, {data, indices},
             [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
               requireWithinData(g, in[0], in[1], axis);
               Val ids = g.wrapIndices(in[1], in[0]->shape[axis]);
               return {gatherElements(g, in[0], ids, axis)};
             })[0]);
}

/// Positions of several dimensions, counted from the end where negative.
static Val wrapTuples(GraphBuilder &g, Val indices, ArrayRef<DimExpr> sizes) {
  Val wide = g.convert(indices, g.i64());
  Val limits = g.integers(g.i64(), sizes, {static_cast<int64_t>(sizes.size())});
  Val zero = g.scalar(g.i64(), 0);
  return g.select(g.compare(Direction::LT, wide, zero), g.add(wide, limits),
                  wide);
}

static void translateGatherND(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val data = node.input(0, 1), indices = node.input(1, 1);
  int64_t batch = node.intAttr("batch_dims", 0);
  checkIndices(node, indices);
  int64_t q = indices->rank(), rank = data->rank();
  std::optional<int64_t> depth = indices->shape.back().constant();
  if (batch < 0 || batch >= std::min(q, rank))
    node.fail("requires 'batch_dims' (" + llvm::Twine(batch) +
              ") to be below the ranks (" + llvm::Twine(rank) + " and " +
              llvm::Twine(q) + ")");
  if (!depth || *depth < 1 || *depth > rank - batch)
    node.fail("expects a constant number of coordinates within the rank");
  if (graph.failed())
    return;
  int64_t m = *depth;
  node.output(
      0,
      graph.composite(
          "onnx.GatherND", {graph.attr("batch_dims", batch)}, {data, indices},
          [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
            Val data = in[0];
            Val ids =
                wrapTuples(g, in[1], ArrayRef(data->shape).slice(batch, m));
            SmallVector<int64_t> batches = range(0, batch);
            auto numbers = hlo::GatherDimensionNumbersAttr::get(
                g.builder.getContext(), range(q - 1, q - 1 + rank - batch - m),
                range(batch, batch + m), batches, batches,
                range(batch, batch + m), q - 1);
            SymbolicShape sizes = data->shape, result;
            for (int64_t d = 0; d < batch + m; ++d)
              sizes[d] = DimExpr(1);
            result.append(ids->shape.begin(), ids->shape.end() - 1);
            result.append(data->shape.begin() + batch + m, data->shape.end());
            return {g.gather(data, ids, numbers, sizes, result)};
          })[0]);
}

static std::optional<Reduction> scatterReduction(NodeContext &node,
                                                 std::string &name) {
  name = node.stringAttr("reduction", "none");
  if (name == "none")
    return std::nullopt;
  if (name == "add")
    return Reduction::Sum;
  if (name == "mul")
    return Reduction::Product;
  if (name == "max")
    return Reduction::Max;
  if (name == "min")
    return Reduction::Min;
  node.fail("expects 'reduction' to be none, add, mul, max or min, but got '" +
            name + "'");
  return std::nullopt;
}

static void translateScatterElements(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val data = node.input(0, 1), indices = node.input(1, 1),
      updates = node.input(2, 1);
  int64_t axis = node.axis(node.intAttr("axis", 0), data->rank());
  std::string name;
  std::optional<Reduction> kind = scatterReduction(node, name);
  checkIndices(node, indices);
  if (data->rank() != indices->rank() || updates->rank() != indices->rank() ||
      data->elementType != updates->elementType)
    node.fail("expects inputs of one rank, and updates of the data's type");
  if (graph.failed())
    return;
  node.output(
      0,
      graph.composite(
          "onnx.ScatterElements",
          {graph.attr("axis", axis), graph.attr("reduction", StringRef(name))},
          {data, indices, updates},
          [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
            requireWithinData(g, in[0], in[1], axis);
            Val ids = g.wrapIndices(in[1], in[0]->shape[axis]);
            SmallVector<int64_t> all = range(0, in[0]->rank());
            auto numbers = hlo::ScatterDimensionNumbersAttr::get(
                g.builder.getContext(), {}, all, {}, {}, all, in[0]->rank());
            return {g.scatter(in[0], fullCoordinates(g, ids, axis), in[2],
                              numbers, kind)};
          })[0]);
}

static void translateScatterND(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val data = node.input(0, 1), indices = node.input(1, 1),
      updates = node.input(2);
  std::string name;
  std::optional<Reduction> kind = scatterReduction(node, name);
  checkIndices(node, indices);
  int64_t q = indices->rank(), rank = data->rank();
  std::optional<int64_t> depth = indices->shape.back().constant();
  if (!depth || *depth < 1 || *depth > rank) {
    node.fail("expects a constant number of coordinates within the rank");
    return;
  }
  int64_t m = *depth;
  if (updates->rank() != q - 1 + rank - m ||
      data->elementType != updates->elementType)
    node.fail("requires the rank of the updates (" +
              llvm::Twine(updates->rank()) + ") to equal " +
              llvm::Twine(q - 1 + rank - m) + ", in the data's type");
  if (graph.failed())
    return;
  node.output(
      0, graph.composite(
             "onnx.ScatterND", {graph.attr("reduction", StringRef(name))},
             {data, indices, updates},
             [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
               // A window is whole; stablehlo.scatter would take a part.
               for (int64_t d = m; d < rank; ++d)
                 g.requireSize(in[2]->shape[q - 1 + d - m],
                               sizeName(q - 1 + d - m, 2), Direction::EQ,
                               in[0]->shape[d], sizeName(d, 0));
               Val ids =
                   wrapTuples(g, in[1], ArrayRef(in[0]->shape).take_front(m));
               auto numbers = hlo::ScatterDimensionNumbersAttr::get(
                   g.builder.getContext(), range(q - 1, q - 1 + rank - m),
                   range(0, m), {}, {}, range(0, m), q - 1);
               return {g.scatter(in[0], ids, in[2], numbers, kind)};
             })[0]);
}

//===----------------------------------------------------------------------===//
// TopK, ArgMax
//===----------------------------------------------------------------------===//

/// Moves `axis` last and back.
static std::pair<SmallVector<int64_t>, SmallVector<int64_t>>
lastAxis(int64_t rank, int64_t axis) {
  SmallVector<int64_t> there, back(rank);
  for (int64_t d = 0; d < rank; ++d)
    if (d != axis)
      there.push_back(d);
  there.push_back(axis);
  for (auto [index, d] : llvm::enumerate(there))
    back[d] = index;
  return {there, back};
}

/// The k greatest along the last dimension; of equal ones, which all zeros are,
/// the first. chlo.top_k has -0 below 0, so floats have a composite whose keys
/// have one zero.
static std::pair<Val, Val> greatest(GraphBuilder &graph, Val x, int64_t k) {
  if (!isa<FloatType>(x->elementType))
    return graph.topK(x, k);
  int64_t last = x->rank() - 1;
  SmallVector<Val> results = graph.composite(
      "onnx.TopK",
      {graph.attr("axis", last), graph.attr("k", k),
       graph.attr("largest", int64_t(1)), graph.attr("sorted", int64_t(1))},
      {x}, [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
        // -0 + 0 is 0.
        Val keys = g.add(in[0], g.scalar(in[0]->elementType, 0));
        Val positions = g.topK(keys, k).second;
        return {gatherElements(g, in[0], positions, last), positions};
      });
  return {results[0], results[1]};
}

static void translateTopK(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val x = node.input(0, 1), count = node.input(1, 0, 1);
  int64_t axis = node.axis(node.intAttr("axis", -1), x->rank());
  bool largest = node.intAttr("largest", 1) != 0;
  // Sorted results satisfy those who do not ask for an order.
  node.ignoreAttr("sorted");
  auto elements = graph.elementsOf(count);
  if (!elements || elements->size() != 1)
    return node.fail("expects one number of elements to choose");
  DimExpr k = (*elements)[0];
  std::optional<int64_t> fixed = k.constant();
  if (auto size = x->shape[axis].constant();
      fixed && (*fixed < 0 || (size && *fixed > *size)))
    return node.fail("requires k (" + llvm::Twine(*fixed) +
                     ") to be between 0 and the size of the axis (" +
                     llvm::Twine(size.value_or(-1)) + ")");
  if (largest && fixed) {
    auto [there, back] = lastAxis(x->rank(), axis);
    auto [values, positions] =
        greatest(graph, graph.transpose(x, there), *fixed);
    node.output(0, graph.transpose(values, back));
    node.output(1, graph.transpose(positions, back));
    return;
  }
  // Everything in order; a part of it is cut off outside, so that a constant k
  // and one of run time look the same.
  SmallVector<Val> sorted = graph.composite(
      "onnx.TopK",
      {graph.attr("axis", axis), graph.attr("largest", int64_t(largest)),
       graph.attr("sorted", int64_t(1))},
      {x}, [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
        auto [values, positions] = g.sort(in[0], axis, largest);
        return {values, positions};
      });
  for (auto [index, value] : llvm::enumerate(sorted))
    node.output(index, graph.sliceDim(value, axis, DimExpr(0), k));
}

template <bool max>
static void translateArg(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val x = node.input(0, 1);
  int64_t axis = node.axis(node.intAttr("axis", 0), x->rank());
  bool keep = node.intAttr("keepdims", 1) != 0;
  bool last = node.intAttr("select_last_index", 0) != 0;
  node.output(
      0, graph.composite(
             max ? "onnx.ArgMax" : "onnx.ArgMin",
             {graph.attr("axis", axis), graph.attr("keepdims", int64_t(keep)),
              graph.attr("select_last_index", int64_t(last))},
             {x}, [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
               Val best = g.reduce(max ? Reduction::Max : Reduction::Min, in[0],
                                   {axis}, /*keepDims=*/true);
               Val hit = g.compare(Direction::EQ, in[0],
                                   g.expand(best, in[0]->shape));
               Val positions = g.iota(g.i64(), in[0]->shape, axis);
               DimExpr none = last ? DimExpr(-1) : in[0]->shape[axis];
               Val candidates = g.select(
                   hit, positions,
                   g.expand(g.integers(g.i64(), {none}, {}), in[0]->shape));
               return {g.reduce(last ? Reduction::Max : Reduction::Min,
                                candidates, {axis}, keep)};
             })[0]);
}

ArrayRef<OpEntry> moe::importer::indexingOps() {
  static const OpEntry table[] = {
      {"", "ArgMax", 13, translateArg<true>},
      {"", "ArgMin", 13, translateArg<false>},
      {"", "Gather", 13, translateGather},
      {"", "GatherElements", 13, translateGatherElements},
      {"", "GatherND", 13, translateGatherND},
      {"", "ScatterElements", 13, translateScatterElements},
      {"", "ScatterND", 13, translateScatterND},
      {"", "TopK", 11, translateTopK},
  };
  return table;
}
