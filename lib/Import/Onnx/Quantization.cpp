// Operators between quantised integers and the numbers they stand for.
#include "AttentionParts.h"

#include "moe/Dialect/MoE/MoE.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe::importer;
namespace hlo = moe::stablehlo;
using Direction = hlo::ComparisonDirection;

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

/// How scales and zero points stretch over a tensor: one for all elements
/// (rank 0), one per position of `axis` (rank 1), or one per `block` positions
/// of it (rank of the tensor).
struct Granularity {
  int64_t axis = 0, block = 0;
};

/// `x` (scales or zero points) in a shape that broadcasts to `like`.
static Val spread(GraphBuilder &g, Val x, Val like,
                  const Granularity &granularity) {
  if (x->rank() == 0)
    return x;
  int64_t axis = granularity.axis;
  if (granularity.block == 0) {
    SymbolicShape shape(like->rank(), DimExpr(1));
    shape[axis] = x->shape[0];
    return g.reshape(x, shape);
  }
  SymbolicShape column = x->shape, wide, flat = x->shape;
  column.insert(column.begin() + axis + 1, DimExpr(1));
  wide = column;
  wide[axis + 1] = DimExpr(granularity.block);
  flat[axis] = flat[axis] * DimExpr(granularity.block);
  Val repeated = g.reshape(
      g.broadcast(g.reshape(x, column), wide,
                  llvm::to_vector(llvm::seq<int64_t>(0, column.size()))),
      flat);
  return g.sliceDim(repeated, axis, DimExpr(0), like->shape[axis]);
}

/// (x - zeroPoint) * scale in f32, from scales and zero points of any
/// granularity; `zeroPoint` may be null.
static Val dequantize(GraphBuilder &g, Val x, Val scale, Val zeroPoint,
                      const Granularity &granularity) {
  Type f32 = g.builder.getF32Type(), i32 = g.builder.getI32Type();
  // Differences of integers are exact.
  Type exact = x->isFloat() ? f32 : i32;
  Val difference = g.convert(x, exact);
  if (zeroPoint)
    difference = g.sub(difference,
                       spread(g, g.convert(zeroPoint, exact), x, granularity));
  return g.mul(g.convert(difference, f32),
               spread(g, g.convert(scale, f32), x, granularity));
}

/// Reads 'axis' and 'block_size' and checks the shapes of scale and zero point
/// against them.
static Granularity readGranularity(NodeContext &node, Val x, Val scale,
                                   Val zeroPoint) {
  Granularity result;
  int64_t axis = node.intAttr("axis", 1);
  result.block = node.intAttr("block_size", 0);
  if (zeroPoint && zeroPoint->rank() != scale->rank())
    node.fail("requires the rank of the zero point (" +
              llvm::Twine(zeroPoint->rank()) +
              ") to equal that of the scale (" + llvm::Twine(scale->rank()) +
              ")");
  if (result.block < 0)
    node.fail("expects a 'block_size' that is not negative, but got " +
              llvm::Twine(result.block));
  if (scale->rank() == 0)
    return {};
  result.axis = node.axis(axis, x->rank());
  int64_t rank = result.block == 0 ? 1 : x->rank();
  if (scale->rank() != rank)
    node.fail("requires the rank of the scale (" + llvm::Twine(scale->rank()) +
              ") to be " + llvm::Twine(rank));
  return result;
}

static void translateDequantizeLinear(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val x = node.input(0), scale = node.input(1);
  Val zeroPoint = node.has(2) ? node.input(2) : nullptr;
  Granularity granularity = readGranularity(node, x, scale, zeroPoint);
  int64_t code = node.intAttr("output_dtype", 0);
  Type type = code == 0 ? scale->elementType : node.elementType(code);
  if (!scale->isFloat() || !isa<FloatType>(type))
    node.fail("expects a float element type of the scale and the output");
  if (zeroPoint && zeroPoint->elementType != x->elementType)
    node.fail("expects a zero point of the input's element type");
  if (graph.failed())
    return;
  SmallVector<Val> inputs{x, scale};
  if (zeroPoint)
    inputs.push_back(zeroPoint);
  node.output(
      0, graph.composite("onnx.DequantizeLinear",
                         {graph.attr("axis", granularity.axis),
                          graph.attr("block_size", granularity.block),
                          graph.attr("output_dtype", code)},
                         inputs, [&](GraphBuilder &g, ArrayRef<Val> in) {
                           Val y = dequantize(g, in[0], in[1],
                                              in.size() > 2 ? in[2] : nullptr,
                                              granularity);
                           return SmallVector<Val>{g.convert(y, type)};
                         })[0]);
}

static void translateQuantizeLinear(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  node.ignoreAttr("saturate");
  // Division is done in f32, which no other precision makes more exact.
  node.ignoreAttr("precision");
  Val x = node.input(0), scale = node.input(1);
  Val zeroPoint = node.has(2) ? node.input(2) : nullptr;
  Granularity granularity = readGranularity(node, x, scale, zeroPoint);
  constexpr int64_t kUint8 = 2;
  int64_t code = node.intAttr("output_dtype", 0);
  Type type = zeroPoint && code == 0
                  ? zeroPoint->elementType
                  : node.elementType(code == 0 ? kUint8 : code);
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer || integer.getWidth() > 16 || integer.getWidth() == 1)
    return node.fail("expects an integer element type of 4 to 16 bits of the "
                     "output");
  if (zeroPoint && zeroPoint->elementType != type)
    node.fail("expects a zero point of the output's element type");
  if (!scale->isFloat())
    node.fail("expects a float element type of the scale");
  if (graph.failed())
    return;
  unsigned width = integer.getWidth();
  bool isUnsigned = integer.isUnsigned();
  double least =
      isUnsigned ? 0 : APInt::getSignedMinValue(width).signedRoundToDouble();
  double greatest = isUnsigned
                        ? APInt::getMaxValue(width).roundToDouble()
                        : APInt::getSignedMaxValue(width).signedRoundToDouble();
  SmallVector<Val> inputs{x, scale};
  if (zeroPoint)
    inputs.push_back(zeroPoint);
  node.output(
      0,
      graph.composite(
          "onnx.QuantizeLinear",
          {graph.attr("axis", granularity.axis),
           graph.attr("block_size", granularity.block),
           graph.attr("output_dtype", code)},
          inputs, [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
            Type f32 = g.builder.getF32Type();
            Val steps = g.unary<hlo::RoundNearestEvenOp>(
                g.div(g.convert(in[0], f32),
                      spread(g, g.convert(in[1], f32), in[0], granularity)));
            if (in.size() > 2)
              steps = g.add(
                  steps, spread(g, g.convert(in[2], f32), in[0], granularity));
            steps = g.binary(Binary::Max, steps, g.scalar(f32, least));
            steps = g.binary(Binary::Min, steps, g.scalar(f32, greatest));
            return {g.convert(steps, type)};
          })[0]);
}

//===----------------------------------------------------------------------===//
// GatherBlockQuantized
//===----------------------------------------------------------------------===//

/// Numbers of `bits` bits that share bytes along the last dimension, the first
/// in the low bits, as i32.
static Val unpackBytes(GraphBuilder &g, Val x, int64_t bits) {
  Type i32 = g.builder.getI32Type();
  Val wide = g.convert(x, i32);
  int64_t count = 8 / bits;
  if (count == 1)
    return wide;
  SymbolicShape column = x->shape, flat = x->shape;
  column.push_back(DimExpr(1));
  flat.back() = flat.back() * DimExpr(count);
  SmallVector<DimExpr> divisors;
  for (int64_t i = 0; i < count; ++i)
    divisors.push_back(DimExpr(int64_t(1) << (i * bits)));
  Val shifted =
      g.div(g.reshape(wide, column), g.integers(i32, divisors, {count}));
  Val parts = g.binary(Binary::Rem, shifted,
                       g.integers(i32, {DimExpr(int64_t(1) << bits)}, {}));
  return g.reshape(parts, flat);
}

static void translateGatherBlockQuantized(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  Val data = node.input(0, 1), indices = node.input(1), scales = node.input(2);
  Val zeroPoint = node.has(3) ? node.input(3) : nullptr;
  int64_t bits = node.intAttr("bits", 4);
  int64_t gatherAxis = node.axis(node.intAttr("gather_axis", 0), data->rank());
  Granularity granularity;
  granularity.axis = node.axis(node.intAttr("quantize_axis", 1), data->rank());
  granularity.block = node.intAttr("block_size", 128);
  bool packed = data->elementType.isUnsignedInteger(8);
  if (data->isFloat())
    return node.fail("expects quantised data of an integer element type");
  if (!packed && !data->elementType.isInteger(4))
    node.fail("expects data of the element type uint8, uint4 or int4");
  if (packed && bits != 2 && bits != 4 && bits != 8)
    node.fail("expects 'bits' to be 2, 4 or 8, but got " + llvm::Twine(bits));
  if (granularity.block < 16)
    node.fail("requires 'block_size' (" + llvm::Twine(granularity.block) +
              ") to be at least 16");
  if (gatherAxis == granularity.axis)
    node.fail("requires 'gather_axis' (" + llvm::Twine(gatherAxis) +
              ") to differ from 'quantize_axis'");
  if (packed && bits != 8 && granularity.axis != data->rank() - 1)
    node.fail("requires 'quantize_axis' (" + llvm::Twine(granularity.axis) +
              ") to be the last where bytes hold several numbers");
  if (scales->rank() != data->rank() || !scales->isFloat() ||
      (zeroPoint && (zeroPoint->rank() != data->rank() ||
                     zeroPoint->elementType != data->elementType)))
    node.fail("expects float scales and zero points of the data's rank, in "
              "the data's element type");
  if (indices->isFloat() || indices->isBool())
    node.fail("expects an integer element type of the indices");
  if (graph.failed())
    return;
  SmallVector<Val> inputs{data, indices, scales};
  if (zeroPoint)
    inputs.push_back(zeroPoint);
  node.output(
      0,
      graph.composite(
          "onnx.GatherBlockQuantized",
          {graph.attr("bits", bits),
           graph.attr("block_size", granularity.block),
           graph.attr("gather_axis", gatherAxis),
           graph.attr("quantize_axis", granularity.axis)},
          inputs, [&](GraphBuilder &g, ArrayRef<Val> in) -> SmallVector<Val> {
            // The chosen slices are dequantised, not the whole table.
            auto pick = [&](Val table) {
              return emitGather(g, table, in[1], gatherAxis);
            };
            int64_t q = in[1]->rank();
            Granularity picked = granularity;
            if (granularity.axis > gatherAxis)
              picked.axis += q - 1;
            Val scale = pick(in[2]);
            Val numbers = pick(in[0]), zero = nullptr;
            if (packed)
              numbers = unpackBytes(g, numbers, bits);
            if (in.size() > 3) {
              zero = pick(in[3]);
              if (packed)
                zero = g.sliceDim(unpackBytes(g, zero, bits), picked.axis,
                                  DimExpr(0), scale->shape[picked.axis]);
            } else if (packed) {
              zero = g.scalar(g.builder.getI32Type(),
                              static_cast<double>(int64_t(1) << (bits - 1)));
            }
            Val y = g.convert(dequantize(g, numbers, scale, zero, picked),
                              scale->elementType);
            // A position outside of the table is a slice of zeros.
            Val ids = g.wrapIndices(in[1], in[0]->shape[gatherAxis]);
            Val inside = g.binary(
                Binary::And,
                g.compare(Direction::GE, ids, g.scalar(g.i64(), 0)),
                g.compare(Direction::LT, ids,
                          g.integers(g.i64(), {in[0]->shape[gatherAxis]}, {})));
            SymbolicShape shape(y->rank(), DimExpr(1));
            for (int64_t d = 0; d < q; ++d)
              shape[gatherAxis + d] = ids->shape[d];
            return {g.select(g.reshape(inside, shape), y,
                             g.scalar(y->elementType, 0))};
          })[0]);
}

//===----------------------------------------------------------------------===//
// MatMulNBits
//===----------------------------------------------------------------------===//

/// The matrix [N, blocks * block] of codes of four bits whose column i has the
/// scale of group g_idx[i]; null after an error. Columns from
/// `k` on are padding.
static Val dequantizeByIds(NodeContext &node, int64_t k, int64_t blocks,
                           int64_t block) {
  GraphBuilder &graph = node.graph;
  Type f32 = graph.builder.getF32Type();
  Val ids = node.input(4, 1, 1);
  auto elements = graph.elementsOf(ids);
  bool fits = elements && static_cast<int64_t>(elements->size()) >= k;
  for (size_t i = 0; fits && i < elements->size(); ++i) {
    std::optional<int64_t> id = (*elements)[i].constant();
    fits = id && *id >= 0 && *id < blocks;
  }
  if (!fits) {
    node.fail("expects the ids of " + llvm::Twine(blocks) +
              " groups in input #4 (g_idx), one per column (" + llvm::Twine(k) +
              "), known when compiling");
    return nullptr;
  }
  DimExpr n = node.input(1)->shape[0];
  auto matrixOf = [&](unsigned index, int64_t columns) {
    return graph.reshape(node.input(index), {n, DimExpr(columns)});
  };
  ids = graph.sliceDim(ids, 0, DimExpr(0), DimExpr(k));
  Val codes = unpackBytes(graph, matrixOf(1, blocks * block / 2), 4);
  Val number =
      graph.convert(graph.sliceDim(codes, 1, DimExpr(0), DimExpr(k)), f32);
  Val zero = graph.scalar(f32, 8);
  Val scale =
      emitGather(graph, graph.convert(matrixOf(2, blocks), f32), ids, 1);
  return graph.mul(graph.sub(number, zero), scale);
}

static void translateMatMulNBits(NodeContext &node) {
  GraphBuilder &graph = node.graph;
  // A floor, which f32 is above.
  node.ignoreAttr("accuracy_level");
  int64_t n = node.intAttr("N", 0), k = node.intAttr("K", 0);
  int64_t bits = node.intAttr("bits", 4), block = node.intAttr("block_size", 0);
  if (node.intAttr("weight_prepacked", 0) != 0)
    return node.fail("expects 'weight_prepacked' to be 0: other layouts belong "
                     "to one kind of GPU");
  if (bits != 2 && bits != 4 && bits != 8)
    return node.fail("expects 'bits' to be 2, 4 or 8, but got " +
                     llvm::Twine(bits));
  if (block < 16 || block > (1 << 16) || !llvm::isPowerOf2_64(block))
    return node.fail("expects 'block_size' to be a power of two from 16 to "
                     "65536, but got " +
                     llvm::Twine(block));
  constexpr int64_t limit = int64_t(1) << 31;
  if (n < 1 || k < 1 || n > limit || k > limit)
    return node.fail("expects positive sizes 'N' and 'K', but got " +
                     llvm::Twine(n) + " and " + llvm::Twine(k));
  bool hasIds = node.has(4);
  if (hasIds && bits != 4)
    return node.fail("requires 'bits' (" + llvm::Twine(bits) +
                     ") to be 4 where there is an input #4 (g_idx): ONNX "
                     "Runtime's kernel for CPUs has no other; quantise the "
                     "model without reordering by activations");
  if (hasIds && node.has(3))
    return node.fail(
        "expects no input #3 (zero_points) where there is an input "
        "#4 (g_idx): ONNX Runtime's kernel for CPUs leaves them "
        "out; quantise the model symmetrically");
  Val a = node.input(0, 1), scales = node.input(2);
  if (graph.failed())
    return;
  auto real = dyn_cast<FloatType>(a->elementType);
  if (!real || scales->elementType != real)
    return node.fail("expects inputs #0 (A) and #2 (scales) of one float "
                     "element type");
  graph.requireSize(a->shape.back(), "the last dimension of input #0 (A)",
                    Direction::EQ, DimExpr(k), "'K'");

  int64_t blocks = llvm::divideCeilSigned(k, block);
  auto bytes = [&](int64_t codes) {
    return llvm::divideCeilSigned(codes * bits, 8);
  };
  auto table = [&](unsigned index) -> Value {
    Val value = node.input(index);
    DimExpr elements(1);
    for (const DimExpr &size : value->shape)
      elements = elements * size;
    if (!elements.is(n * blocks))
      node.fail("requires the elements of input #" + llvm::Twine(index) +
                " to be as many as the blocks (" + llvm::Twine(n * blocks) +
                ")");
    return graph.get(graph.reshape(value, {DimExpr(n), DimExpr(blocks)}));
  };
  auto codes = [&](unsigned index, int64_t columns) -> Value {
    ElementsAttr value = node.constantBytes(index, {n, bytes(columns)});
    return value ? graph.get(graph.constant(value)) : Value();
  };
  SmallVector<Value> storage{codes(1, blocks * block), table(2)};
  bool hasZeros = node.has(3);
  if (hasZeros)
    storage.push_back(node.input(3)->isFloat() ? table(3) : codes(3, blocks));
  if (graph.failed())
    return;
  Type f32 = graph.builder.getF32Type();
  Val matrix = nullptr;
  if (hasIds) {
    matrix = dequantizeByIds(node, k, blocks, block);
    if (!matrix)
      return;
  } else {
    auto format = hasZeros ? moe::QuantFormat::UAffine : moe::QuantFormat::USym;
    matrix = graph.value(
        moe::DequantOp::create(graph.builder, graph.loc,
                               RankedTensorType::get({n, blocks * block}, f32),
                               storage, Value(),
                               moe::QuantAttr::get(graph.builder.getContext(),
                                                   format, block, bits)),
        {DimExpr(n), DimExpr(blocks * block)});
  }
  matrix = graph.sliceDim(matrix, 1, DimExpr(0), DimExpr(k));
  Val y =
      graph.dot(graph.convert(a, f32), matrix, {}, {}, {a->rank() - 1}, {1});
  if (node.has(5))
    y = graph.add(y, graph.convert(node.input(5, 1, 1), f32));
  node.output(0, graph.convert(y, real));
}

ArrayRef<OpEntry> moe::importer::quantizationOps() {
  static const OpEntry table[] = {
      {"", "DequantizeLinear", 13, translateDequantizeLinear},
      {"", "QuantizeLinear", 13, translateQuantizeLinear},
      {"com.microsoft", "DequantizeLinear", 1, translateDequantizeLinear},
      {"com.microsoft", "GatherBlockQuantized", 1,
       translateGatherBlockQuantized},
      {"com.microsoft", "MatMulNBits", 1, translateMatMulNBits},
      {"com.microsoft", "QuantizeLinear", 1, translateQuantizeLinear},
  };
  return table;
}
