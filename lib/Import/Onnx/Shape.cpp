// Operators that make and rearrange tensors: constants, shapes, reshapes.
#include "NodeContext.h"

#include "llvm/ADT/STLExtras.h"
#include <limits>

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;
using Direction = hlo::ComparisonDirection;

static void translateConstant(NodeContext &node) {
  GraphBuilder &g = node.graph;
  if (node.hasAttr("value")) {
    const ::onnx::AttributeProto *attribute =
        node.node.attributes.lookup("value");
    node.ignoreAttr("value");
    auto elements = node.reader.read(
        attribute->t(), [&] { return node.model.emitError(node.node); });
    if (failed(elements)) {
      g.stop();
      return;
    }
    return node.output(0, g.constant(*elements));
  }
  MLIRContext *context = g.builder.getContext();
  auto floats = [&](ArrayRef<float> values, ArrayRef<int64_t> shape) {
    node.output(0, g.constant(DenseElementsAttr::get(
                       RankedTensorType::get(shape, Float32Type::get(context)),
                       values)));
  };
  if (node.hasAttr("value_int")) {
    DimExpr value(node.intAttr("value_int", 0));
    return node.output(0, g.integers(g.i64(), {value}, {}));
  }
  if (node.hasAttr("value_ints")) {
    auto list = node.intsAttr("value_ints");
    if (!list)
      return;
    SmallVector<DimExpr> values(list->begin(), list->end());
    int64_t count = values.size();
    return node.output(0, g.integers(g.i64(), values, {count}));
  }
  if (node.hasAttr("value_float"))
    return floats({node.floatAttr("value_float", 0)}, {});
  if (node.hasAttr("value_floats")) {
    auto list = node.floatsAttr("value_floats");
    if (!list)
      return;
    return floats(*list, {static_cast<int64_t>(list->size())});
  }
  node.fail("expects a dense constant of numbers");
}

/// A window of dimensions as Shape has it: counted from the end where
/// negative, and clamped.
static int64_t clampDimension(int64_t value, int64_t rank) {
  return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
}

static void translateShape(NodeContext &node) {
  Val x = node.input(0);
  int64_t rank = x->rank();
  int64_t start = clampDimension(node.intAttr("start", 0), rank);
  int64_t end = clampDimension(node.intAttr("end", rank), rank);
  ArrayRef<DimExpr> shape =
      ArrayRef(x->shape).slice(start, std::max<int64_t>(end - start, 0));
  node.output(0, node.graph.integers(node.graph.i64(), shape,
                                     {static_cast<int64_t>(shape.size())}));
}

static DimExpr product(ArrayRef<DimExpr> sizes) {
  DimExpr result(1);
  for (const DimExpr &size : sizes)
    result = result * size;
  return result;
}

static void translateSize(NodeContext &node) {
  Val x = node.input(0);
  node.output(0,
              node.graph.integers(node.graph.i64(), {product(x->shape)}, {}));
}

/// Whether the element of a shape is a number that only the run time knows, and
/// not computed from sizes, which are what they are.
static bool isRuntimeNumber(GraphBuilder &g, const DimExpr &element) {
  std::optional<SymbolId> symbol = element.asSymbol();
  return symbol && g.dims[*symbol].kind == SymbolKind::Named &&
         !g.dims[*symbol].nonNegative;
}

/// The sizes that the elements of a target shape mean when the model runs: 0 is
/// that of the input where it copies, -1 what the others leave, if there is one
/// and they are not 0. What means nothing stays negative, which is refused.
static SymbolicShape resolveShape(GraphBuilder &g, Val x,
                                  ArrayRef<DimExpr> elements, bool allowZero) {
  auto number = [&](const DimExpr &expr) {
    return g.integers(g.i64(), {expr}, {});
  };
  auto equals = [&](Val a, int64_t b) {
    return g.compare(Direction::EQ, a, number(b));
  };
  SmallVector<Val> sizes;
  Val known = number(1), inferred = number(0);
  for (auto [index, element] : llvm::enumerate(elements)) {
    Val size = number(element);
    if (!allowZero && static_cast<int64_t>(index) < x->rank() &&
        (element.is(0) || isRuntimeNumber(g, element)))
      size = g.select(equals(size, 0), number(x->shape[index]), size);
    Val isInferred = equals(size, -1);
    known = g.mul(known, g.select(isInferred, number(1), size));
    inferred = g.add(inferred, g.convert(isInferred, g.i64()));
    sizes.push_back(size);
  }
  Val divisor = g.select(equals(known, 0), number(1), known);
  Val isOne =
      g.logicalNot(g.binary(Binary::Or, equals(known, 0),
                            g.compare(Direction::GT, inferred, number(1))));
  Val rest =
      g.select(isOne, g.div(number(product(x->shape)), divisor), number(-1));
  SymbolicShape shape;
  for (auto [size, element] : llvm::zip_equal(sizes, elements)) {
    bool isPlain =
        !element.is(0) && !element.is(-1) && !isRuntimeNumber(g, element);
    shape.push_back(
        isPlain ? element
                : g.runtimeSymbol(g.get(g.select(equals(size, -1), rest, size)),
                                  /*nonNegative=*/true));
  }
  return shape;
}

static void translateReshape(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0), target = node.input(1, 1, 1);
  bool allowZero = node.intAttr("allowzero", 0) != 0;
  auto elements = g.elementsOf(target);
  if (!elements) {
    node.fail("expects a target shape of known length");
    return;
  }
  if (llvm::any_of(*elements, [&](const DimExpr &element) {
        return isRuntimeNumber(g, element);
      })) {
    SymbolicShape shape = resolveShape(g, x, *elements, allowZero);
    node.output(0, g.reshape(x, shape));
    return;
  }
  SymbolicShape shape;
  std::optional<size_t> inferred;
  DimExpr known(1);
  for (auto [index, element] : llvm::enumerate(*elements)) {
    DimExpr size = element;
    if (size.is(0) && !allowZero) {
      if (static_cast<int64_t>(index) >= x->rank()) {
        node.fail("copies dimension #" + llvm::Twine(index) +
                  ", which its input does not have");
        return;
      }
      size = x->shape[index];
    }
    if (size.is(-1)) {
      if (inferred)
        node.fail("infers more than one dimension of its result");
      inferred = index;
    } else {
      known = known * size;
    }
    shape.push_back(size);
  }
  if (inferred && allowZero && known.is(0))
    node.fail("expects no 0 beside -1 in a shape whose zeros are sizes "
              "('allowzero')");
  if (inferred) {
    DimExpr total = product(x->shape);
    // Factors that stand on both sides cancel, which also keeps the quotient
    // a polynomial where one of them may be 0.
    std::optional<DimExpr> rest;
    if (known.is(0))
      rest = DimExpr(0);
    else
      rest = g.dims.divide(total, known);
    if (auto all = total.constant(), part = known.constant();
        all && part && *part != 0 && *all % *part != 0)
      node.fail("requires the elements of its input (" + llvm::Twine(*all) +
                ") to be a multiple of those of its known dimensions (" +
                llvm::Twine(*part) + ")");
    if (!rest && !g.failed()) {
      // Signs are not known here, so the run time divides.
      Val quotient = g.div(g.integers(g.i64(), {total}, {}),
                           g.integers(g.i64(), {known}, {}));
      rest = g.runtimeSymbol(g.get(quotient), /*nonNegative=*/true);
    }
    shape[*inferred] = rest.value_or(DimExpr(0));
  }
  node.output(0, g.reshape(x, shape));
}

static void translateTranspose(NodeContext &node) {
  Val x = node.input(0);
  auto permutation = node.intsAttr("perm");
  if (!permutation)
    permutation =
        llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, x->rank())));
  SmallVector<int64_t> sorted(*permutation);
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(0, x->rank()))) {
    node.fail("expects 'perm' to be a permutation of the " +
              llvm::Twine(x->rank()) + " dimensions of its input");
    return;
  }
  node.output(0, node.graph.transpose(x, *permutation));
}

static void translateUnsqueeze(NodeContext &node) {
  Val x = node.input(0);
  auto list = node.constantInts(1);
  if (!list)
    return;
  int64_t rank = x->rank() + list->size();
  SmallVector<int64_t> axes = node.axes(*list, rank);
  if (node.graph.failed())
    return;
  SymbolicShape shape;
  const DimExpr *next = x->shape.begin();
  for (int64_t d = 0; d < rank; ++d)
    shape.push_back(llvm::is_contained(axes, d) ? DimExpr(1) : *next++);
  node.output(0, node.graph.reshape(x, shape));
}

static void translateSqueeze(NodeContext &node) {
  Val x = node.input(0);
  std::optional<SmallVector<int64_t>> axes;
  if (node.has(1)) {
    auto list = node.constantInts(1);
    if (!list)
      return;
    axes = node.axes(*list, x->rank());
  }
  SymbolicShape shape;
  for (int64_t d = 0; d < x->rank(); ++d) {
    if (axes ? !llvm::is_contained(*axes, d) : !x->shape[d].is(1)) {
      shape.push_back(x->shape[d]);
      if (!axes && !x->shape[d].constant())
        node.fail("expects 'axes' where sizes are not known when compiling");
      continue;
    }
    std::optional<int64_t> size = x->shape[d].constant();
    if (size && *size != 1)
      node.fail("requires the size of dimension #" + llvm::Twine(d) + " (" +
                llvm::Twine(*size) + ") to equal 1");
  }
  node.output(0, node.graph.reshape(x, shape));
}

static void translateFlatten(NodeContext &node) {
  Val x = node.input(0);
  int64_t axis = node.intAttr("axis", 1);
  if (axis < -x->rank() || axis > x->rank()) {
    node.fail("requires 'axis' (" + llvm::Twine(axis) +
              ") to be within the rank (" + llvm::Twine(x->rank()) + ")");
    return;
  }
  if (axis < 0)
    axis += x->rank();
  ArrayRef<DimExpr> shape(x->shape);
  node.output(0, node.graph.reshape(x, {product(shape.take_front(axis)),
                                        product(shape.drop_front(axis))}));
}

static void translateExpand(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0), target = node.input(1, 1, 1);
  auto elements = g.elementsOf(target);
  if (!elements) {
    node.fail("expects a target shape of known length");
    return;
  }
  // Broadcasting works in both directions.
  Val wanted = g.placeholder(x->elementType,
                             SymbolicShape(elements->begin(), elements->end()));
  node.output(0, g.expand(x, g.broadcastShape({x, wanted})));
}

static void translateTile(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val x = node.input(0);
  auto repeats = g.elementsOf(node.input(1, 1, 1));
  if (!repeats || static_cast<int64_t>(repeats->size()) != x->rank()) {
    node.fail("expects one number of repetitions per dimension");
    return;
  }
  // [a, b] repeated (m, n) times is [m, a, n, b] with the pairs joined.
  SymbolicShape wide, result;
  SmallVector<int64_t> positions;
  for (int64_t d = 0; d < x->rank(); ++d) {
    bool repeated = !(*repeats)[d].is(1);
    if (repeated)
      wide.push_back((*repeats)[d]);
    positions.push_back(wide.size());
    wide.push_back(x->shape[d]);
    result.push_back(repeated ? (*repeats)[d] * x->shape[d] : x->shape[d]);
  }
  node.output(0, g.reshape(g.broadcast(x, wide, positions), result));
}

static void translateConcat(NodeContext &node) {
  SmallVector<Val> inputs;
  for (unsigned i = 0; i < node.numInputs(); ++i)
    inputs.push_back(node.input(i, 1));
  if (inputs.empty()) {
    node.fail("expects at least one input, but got none");
    return;
  }
  int64_t axis = node.axis(node.intAttr("axis", 0), inputs[0]->rank());
  node.output(0, node.graph.concat(inputs, axis));
}

static void translateConstantOfShape(NodeContext &node) {
  GraphBuilder &g = node.graph;
  auto elements = g.elementsOf(node.input(0, 1, 1));
  if (!elements) {
    node.fail("expects a shape of known length");
    return;
  }
  SymbolicShape shape(elements->begin(), elements->end());
  Val fill = g.scalar(g.builder.getF32Type(), 0);
  if (const ::onnx::AttributeProto *attribute =
          node.node.attributes.lookup("value")) {
    node.ignoreAttr("value");
    auto value = node.reader.read(
        attribute->t(), [&] { return node.model.emitError(node.node); });
    if (failed(value)) {
      g.stop();
      return;
    }
    if (value->getNumElements() != 1) {
      node.fail("requires the elements of 'value' (" +
                llvm::Twine(value->getNumElements()) + ") to be 1");
      return;
    }
    fill = g.reshape(g.constant(*value), {});
  }
  node.output(0, g.expand(fill, shape));
}

static void translateRange(NodeContext &node) {
  GraphBuilder &g = node.graph;
  Val start = node.input(0, 0, 1), limit = node.input(1, 0, 1),
      delta = node.input(2, 0, 1);
  for (Val *scalar : {&start, &limit, &delta})
    *scalar = g.reshape(*scalar, {});
  Type type = start->elementType;
  if (limit->elementType != type || delta->elementType != type)
    node.fail("expects inputs of one element type");
  if (g.failed())
    return node.output(0, g.placeholder(type, {DimExpr(0)}));
  DimExpr count;
  std::optional<SmallVector<DimExpr>> elements;
  auto step = g.constantScalar(delta);
  if (!start->isFloat() && start->elements && limit->elements && step &&
      *step != 0 && *step != std::numeric_limits<int64_t>::min()) {
    DimExpr span = (*limit->elements)[0] - (*start->elements)[0];
    if (*step < 0)
      span = span * DimExpr(-1);
    int64_t magnitude = std::abs(*step);
    if (magnitude != 1)
      span = g.dims
                 .divide(g.dims.max(span, DimExpr(0)) + DimExpr(magnitude - 1),
                         DimExpr(magnitude))
                 .value_or(DimExpr::invalid());
    count = g.dims.max(span, DimExpr(0));
    if (std::optional<int64_t> fixed = count.constant();
        fixed && *fixed <= 1024) {
      elements.emplace();
      for (int64_t i = 0; i < *fixed; ++i)
        elements->push_back((*start->elements)[0] +
                            DimExpr(i) * DimExpr(*step));
    }
    if (elements)
      return node.output(0,
                         g.integers(type, *elements,
                                    {static_cast<int64_t>(elements->size())}));
  } else {
    // ceil((limit - start) / delta), at least 0, in floating point for floats.
    Val span = g.sub(limit, start), total;
    if (start->isFloat()) {
      total = g.convert(g.unary<hlo::CeilOp>(g.div(span, delta)), g.i64());
    } else {
      Val wide = g.convert(span, g.i64()), by = g.convert(delta, g.i64());
      Val quotient = g.div(wide, by);
      Val rest = g.sub(wide, g.mul(quotient, by));
      // Truncation has rounded down where span and step have the same sign.
      Val zero = g.scalar(g.i64(), 0);
      Val up = g.binary(
          Binary::And, g.compare(hlo::ComparisonDirection::NE, rest, zero),
          g.compare(hlo::ComparisonDirection::EQ,
                    g.compare(hlo::ComparisonDirection::LT, rest, zero),
                    g.compare(hlo::ComparisonDirection::LT, by, zero)));
      total = g.add(quotient, g.convert(up, g.i64()));
    }
    total = g.binary(Binary::Max, total, g.scalar(g.i64(), 0));
    if (g.failed())
      return;
    count = total->elements ? (*total->elements)[0]
                            : g.runtimeSymbol(g.get(total), true);
  }
  Val steps = g.iota(type, {count}, 0);
  if (g.constantScalar(delta) != 1 && g.constantFloat(delta) != 1.0)
    steps = g.mul(steps, delta);
  if (g.constantScalar(start) != 0 && g.constantFloat(start) != 0.0)
    steps = g.add(steps, start);
  node.output(0, steps);
}

ArrayRef<OpEntry> moe::importer::shapeOps() {
  static const OpEntry table[] = {
      {"", "Concat", 13, translateConcat},
      {"", "Constant", 13, translateConstant},
      {"", "ConstantOfShape", 9, translateConstantOfShape},
      {"", "Expand", 13, translateExpand},
      {"", "Flatten", 13, translateFlatten},
      {"", "Range", 11, translateRange},
      {"", "Reshape", 13, translateReshape},
      {"", "Shape", 13, translateShape},
      {"", "Size", 13, translateSize},
      {"", "Squeeze", 13, translateSqueeze},
      {"", "Tile", 13, translateTile},
      {"", "Transpose", 13, translateTranspose},
      {"", "Unsqueeze", 13, translateUnsqueeze},
  };
  return table;
}
