// The builders of weight expressions: what they simplify, and that whatever
// they build names the same elements as the rearrangements one by one.
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <numeric>

using namespace mlir;
using namespace moe::support;

namespace {

using Shape = SmallVector<int64_t>;

/// A tensor of numbers, to evaluate expressions on.
struct Values {
  Shape shape;
  std::vector<float> data;
};

int64_t linear(ArrayRef<int64_t> shape, ArrayRef<int64_t> index) {
  int64_t offset = 0;
  for (auto [size, i] : llvm::zip_equal(shape, index))
    offset = offset * size + i;
  return offset;
}

/// Builds a tensor by asking `element` for each index.
Values build(ArrayRef<int64_t> shape,
             llvm::function_ref<float(ArrayRef<int64_t>)> element) {
  Values result{Shape(shape), {}};
  int64_t count = ShapedType::getNumElements(shape);
  for (int64_t n = 0; n < count; ++n) {
    Shape index(shape.size());
    int64_t rest = n;
    for (size_t d = shape.size(); d-- > 0; rest /= shape[d])
      index[d] = rest % shape[d];
    result.data.push_back(element(index));
  }
  return result;
}

/// Evaluates an expression by the definitions of its attributes. An external
/// tensor holds its element offsets in the file: offset / 4 and up.
Values evaluate(ElementsAttr attr) {
  ArrayRef<int64_t> shape = attr.getShapedType().getShape();
  if (auto external = dyn_cast<ExternalAttr>(attr))
    return build(shape, [&](ArrayRef<int64_t> index) {
      int64_t first = external.getOffset() / 4;
      return static_cast<float>(first + linear(shape, index));
    });
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    auto values = dense.getValues<float>();
    return {Shape(shape), std::vector<float>(values.begin(), values.end())};
  }
  if (auto transpose = dyn_cast<TransposeAttr>(attr)) {
    Values source = evaluate(transpose.getSource());
    return build(shape, [&](ArrayRef<int64_t> index) {
      Shape from(index.size());
      for (auto [d, p] : llvm::enumerate(transpose.getPermutation()))
        from[p] = index[d];
      return source.data[linear(source.shape, from)];
    });
  }
  if (auto reshape = dyn_cast<ReshapeAttr>(attr))
    return {Shape(shape), evaluate(reshape.getSource()).data};
  if (auto concat = dyn_cast<ConcatAttr>(attr)) {
    std::vector<Values> sources;
    for (ElementsAttr source : concat.getSources())
      sources.push_back(evaluate(source));
    return build(shape, [&](ArrayRef<int64_t> index) {
      Shape from(index);
      int64_t &i = from[concat.getDimension()];
      for (const Values &source : sources) {
        if (i < source.shape[concat.getDimension()])
          return source.data[linear(source.shape, from)];
        i -= source.shape[concat.getDimension()];
      }
      ADD_FAILURE() << "an index lies in no source";
      return 0.0f;
    });
  }
  if (auto slice = dyn_cast<SliceAttr>(attr)) {
    Values source = evaluate(slice.getSource());
    return build(shape, [&](ArrayRef<int64_t> index) {
      Shape from(index.size());
      for (size_t d = 0; d < index.size(); ++d)
        from[d] = slice.getOffsets()[d] + index[d] * slice.getStrides()[d];
      return source.data[linear(source.shape, from)];
    });
  }
  if (auto scale = dyn_cast<ScaleAttr>(attr)) {
    Values source = evaluate(scale.getSource());
    Values factors = evaluate(scale.getFactors());
    return build(shape, [&](ArrayRef<int64_t> index) {
      return source.data[linear(shape, index)] *
             factors.data[linear(factors.shape,
                                 index.take_front(factors.shape.size()))];
    });
  }
  auto pad = cast<PadAttr>(attr);
  Values source = evaluate(pad.getSource());
  return build(shape, [&](ArrayRef<int64_t> index) {
    for (auto [i, size] : llvm::zip_equal(index, source.shape))
      if (i >= size)
        return 0.0f;
    return source.data[linear(source.shape, index)];
  });
}

class Weights : public ::testing::Test {
protected:
  Weights() { context.loadDialect<MoESupportDialect>(); }

  RankedTensorType type(ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, Float32Type::get(&context));
  }

  ElementsAttr external(ArrayRef<int64_t> shape, uint64_t element = 0) {
    return ExternalAttr::get(&context, type(shape), "w.bin", 4 * element);
  }

  MLIRContext context;
};

TEST_F(Weights, IdentityChangesNothing) {
  ElementsAttr w = external({2, 3});
  EXPECT_EQ(transposeWeight(w, {0, 1}), w);
  EXPECT_EQ(reshapeWeight(w, {2, 3}), w);
  EXPECT_EQ(concatWeights({w}, 1), w);
  EXPECT_EQ(sliceWeight(w, {0, 0}, {2, 3}, {1, 1}), w);
  EXPECT_EQ(padWeight(w, {2, 3}), w);
}

TEST_F(Weights, TranspositionsCompose) {
  ElementsAttr w = external({2, 3, 4});
  ElementsAttr once = transposeWeight(w, {2, 0, 1});
  EXPECT_EQ(Shape(once.getShapedType().getShape()), (Shape{4, 2, 3}));
  ElementsAttr twice = transposeWeight(once, {1, 0, 2});
  EXPECT_EQ(twice, TransposeAttr::get(&context, type({2, 4, 3}), w, {0, 2, 1}));
  EXPECT_EQ(transposeWeight(once, {1, 2, 0}), w);
  // The composition names the elements that two steps do.
  auto nested = TransposeAttr::get(&context, type({2, 4, 3}), once, {1, 0, 2});
  EXPECT_EQ(evaluate(twice).data, evaluate(nested).data);
}

TEST_F(Weights, MovingUnitDimensionsIsAReshape) {
  EXPECT_EQ(transposeWeight(external({2, 1, 3}), {1, 0, 2}),
            external({1, 2, 3}));
  EXPECT_EQ(transposeWeight(external({1, 2, 3}), {2, 0, 1}),
            TransposeAttr::get(&context, type({3, 1, 2}), external({1, 2, 3}),
                               {2, 0, 1}));
}

TEST_F(Weights, ReshapesMeetTheirSource) {
  ElementsAttr w = external({2, 6}, 10);
  EXPECT_EQ(reshapeWeight(w, {3, 4}), external({3, 4}, 10));
  ElementsAttr t = transposeWeight(w, {1, 0});
  ElementsAttr flat = reshapeWeight(t, {12});
  EXPECT_EQ(flat, ReshapeAttr::get(&context, type({12}), t));
  EXPECT_EQ(reshapeWeight(flat, {6, 2}), t);
  ElementsAttr dense = DenseElementsAttr::get(
      type({2, 2}), ArrayRef<float>{1.0f, 2.0f, 3.0f, 4.0f});
  EXPECT_EQ(reshapeWeight(dense, {4}),
            DenseElementsAttr::get(type({4}),
                                   ArrayRef<float>{1.0f, 2.0f, 3.0f, 4.0f}));
}

TEST_F(Weights, StackingAddsADimension) {
  ElementsAttr stacked =
      stackWeights({external({2, 3}, 0), external({2, 3}, 6)});
  EXPECT_EQ(stacked.getShapedType(), type({2, 2, 3}));
  std::vector<float> expected(12);
  std::iota(expected.begin(), expected.end(), 0.0f);
  EXPECT_EQ(evaluate(stacked).data, expected);
}

TEST_F(Weights, ASliceOfOnePartIsASliceOfThatPart) {
  ElementsAttr a = external({2, 3}, 0), b = external({4, 3}, 100);
  ElementsAttr both = concatWeights({a, b}, 0);
  EXPECT_EQ(sliceWeight(both, {0, 0}, {2, 3}, {1, 1}), a);
  EXPECT_EQ(sliceWeight(both, {2, 0}, {4, 3}, {1, 1}), b);
  EXPECT_EQ(sliceWeight(both, {3, 1}, {2, 2}, {2, 1}),
            SliceAttr::get(&context, type({2, 2}), b, {1, 1}, {2, 1}));
}

TEST_F(Weights, ASliceOfSeveralPartsStays) {
  ElementsAttr a = external({2, 3}, 0), b = external({4, 3}, 100);
  ElementsAttr both = concatWeights({a, b}, 0);
  ElementsAttr across = sliceWeight(both, {1, 0}, {2, 3}, {1, 1});
  EXPECT_EQ(across,
            SliceAttr::get(&context, type({2, 3}), both, {1, 0}, {1, 1}));
  EXPECT_EQ(evaluate(across).data,
            (std::vector<float>{3, 4, 5, 100, 101, 102}));
  ElementsAttr nothing = sliceWeight(both, {6, 0}, {0, 3}, {1, 1});
  EXPECT_EQ(nothing,
            SliceAttr::get(&context, type({0, 3}), both, {6, 0}, {1, 1}));
}

TEST_F(Weights, AStrideMayJumpOverAPart) {
  ElementsAttr a = external({2, 1}, 0), b = external({2, 1}, 100);
  ElementsAttr both = concatWeights({a, b}, 0);
  ElementsAttr jump = sliceWeight(both, {1, 0}, {2, 1}, {2, 1});
  EXPECT_EQ(evaluate(jump).data, (std::vector<float>{1, 101}));
}

TEST_F(Weights, InterleavingByShapesAlone) {
  // Rows of two matrices, alternating: concatenate along a new inner dimension.
  ElementsAttr gate = external({2, 3}, 0), up = external({2, 3}, 100);
  ElementsAttr joint = reshapeWeight(
      concatWeights(
          {reshapeWeight(gate, {2, 1, 3}), reshapeWeight(up, {2, 1, 3})}, 1),
      {4, 3});
  EXPECT_EQ(evaluate(joint).data, (std::vector<float>{0, 1, 2, 100, 101, 102, 3,
                                                      4, 5, 103, 104, 105}));
  ElementsAttr odd = sliceWeight(joint, {1, 0}, {2, 3}, {2, 1});
  EXPECT_EQ(evaluate(odd).data, evaluate(up).data);
}

TEST_F(Weights, PaddingAddsZeros) {
  ElementsAttr padded = padWeight(external({1, 2}, 1), {2, 3});
  EXPECT_EQ(evaluate(padded).data, (std::vector<float>{1, 2, 0, 0, 0, 0}));
}

TEST_F(Weights, FactorsStayOutsideOfReshapesThatKeepSlabs) {
  ElementsAttr factors =
      DenseElementsAttr::get(type({2}), ArrayRef<float>{10, 100});
  ElementsAttr scaled = scaleWeight(external({2, 6}, 1), factors);
  ElementsAttr kept = reshapeWeight(scaled, {2, 3, 2});
  EXPECT_TRUE(isa<ScaleAttr>(kept));
  EXPECT_EQ(evaluate(kept).data, evaluate(scaled).data);
  ElementsAttr split = reshapeWeight(scaled, {4, 3});
  EXPECT_TRUE(isa<ReshapeAttr>(split));
  EXPECT_EQ(evaluate(split).data, evaluate(scaled).data);
}

TEST_F(Weights, FactorsOfOneChangeNothing) {
  ElementsAttr w = external({2, 3});
  EXPECT_EQ(scaleWeight(w, DenseElementsAttr::get(type({2}), 1.0f)), w);
  EXPECT_NE(scaleWeight(w, DenseElementsAttr::get(type({2}), 2.0f)), w);
}

TEST_F(Weights, ConversionsStayBelowRearrangements) {
  auto bf16 = BFloat16Type::get(&context);
  ElementsAttr w = external({2, 6});
  EXPECT_EQ(convertWeight(w, Float32Type::get(&context)), w);
  ElementsAttr rounded = convertWeight(w, bf16);
  EXPECT_TRUE(isa<ConvertAttr>(rounded));
  EXPECT_EQ(convertWeight(reshapeWeight(w, {3, 4}), bf16),
            reshapeWeight(rounded, {3, 4}));
  EXPECT_EQ(convertWeight(transposeWeight(w, {1, 0}), bf16),
            transposeWeight(rounded, {1, 0}));
  EXPECT_EQ(convertWeight(sliceWeight(w, {0, 1}, {2, 2}, {1, 3}), bf16),
            sliceWeight(rounded, {0, 1}, {2, 2}, {1, 3}));
  ElementsAttr dense = DenseElementsAttr::get(type({2}), {1.0f, 1.00390625f});
  EXPECT_EQ(convertWeight(dense, bf16),
            DenseElementsAttr::get(dense.getShapedType().clone(bf16),
                                   APFloat(APFloat::BFloat(), "1")));
}

TEST_F(Weights, ExpressionsCannotBeReadInPlace) {
  ElementsAttr w = external({2, 3});
  EXPECT_TRUE(isWeightExpression(w));
  EXPECT_TRUE(isWeightExpression(transposeWeight(w, {1, 0})));
  EXPECT_TRUE(isWeightExpression(padWeight(w, {3, 3})));
  EXPECT_TRUE(isWeightExpression(
      scaleWeight(w, DenseElementsAttr::get(type({}), 2.0f))));
  EXPECT_FALSE(w.isSplat());
  EXPECT_FALSE(w.tryGetValues<float>());
  ElementsAttr dense = DenseElementsAttr::get(type({2}), 1.0f);
  EXPECT_FALSE(isWeightExpression(dense));
}

// (concat_c1): text cannot write an empty list.
TEST_F(Weights, AConcatenationHasASource) {
  std::string message;
  ScopedDiagnosticHandler handler(
      &context, [&](Diagnostic &diagnostic) { message = diagnostic.str(); });
  auto emitError = [&] { return mlir::emitError(UnknownLoc::get(&context)); };
  EXPECT_TRUE(failed(ConcatAttr::verify(emitError, type({0, 3}), {}, 0)));
  EXPECT_EQ(message, "expects at least one source, but got none");
}

} // namespace
