// The reference lowering of experts mixed in weight space: moe.merge_experts
// and moe.apply_merged.
#include "Bodies.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

using IntPredicate = arith::CmpIPredicate;

namespace {

struct ConvertMergeExperts : OpConversionPattern<MergeExpertsOp> {
  using OpConversionPattern::OpConversionPattern;

  /// One parameter, E x P..., as U x P...: O(U K) slabs read.
  static Value buildMerged(TensorBuilder &b, const PlanParts &plan,
                           Value stack) {
    FloatType element = floatElement(stack);
    FloatType acc = computeType({stack.getType(), plan.weights.getType()});
    Sizes sizes = b.sizes(stack);
    sizes[0] = b.size(plan.ids, 0);
    unsigned rank = sizes.size();
    auto all = llvm::to_vector<3>(llvm::seq<unsigned>(0, rank));
    Value sum =
        b.reduce(rank + 1, {{plan.ids, {0, rank}}, {plan.weights, {0, rank}}},
                 {b.filled(sizes, b.real(acc, 0.0)), all}, [&](ValueRange in) {
                   Value used = b.compare(IntPredicate::sge, in[0], b.int32(0));
                   Value id = b.select(used, in[0], b.int32(0));
                   SmallVector<Value> indices = {b.toIndex(id)};
                   for (unsigned loop = 1; loop < rank; ++loop)
                     indices.push_back(b.loopIndex(loop));
                   Value value = b.convert(b.extract(stack, indices), acc);
                   Value more =
                       b.add(in[2], b.mul(b.convert(in[1], acc), value));
                   return b.select(used, more, in[2]);
                 });
    return b.map(sizes, element, Indexed{sum, all},
                 [&](ValueRange in) { return b.convert(in[0], element); });
  }

  LogicalResult
  matchAndRewrite(MergeExpertsOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    PlanParts plan(adaptor.getPlan());
    SmallVector<Value> merged;
    for (auto [parameter, result] :
         llvm::zip_equal(adaptor.getParameters(), op.getMerged()))
      merged.push_back(
          b.castTo(buildMerged(b, plan, parameter.front()), result.getType()));
    rewriter.replaceOp(op, merged);
    return success();
  }
};

/// One row after the other, each with slabs of its own; neurons and values are
/// gathered for all rows at once.
struct ConvertApplyMerged : OpConversionPattern<ApplyMergedOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ApplyMergedOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    ClassAttr experts = op.getExperts();
    Value input = scaleInput(b, experts, adaptor.getInput());
    auto resultType = cast<RankedTensorType>(op.getType());
    int64_t in = cast<RankedTensorType>(input.getType()).getDimSize(1);
    int64_t out = resultType.getDimSize(1);
    SmallVector<Parameter> parameters = getParameters(experts, in, out);
    SmallVector<Value> values =
        buildParameters(b, experts, in, out, adaptor.getParameters());
    Value stack;
    for (auto [parameter, value] : llvm::zip_equal(parameters, values))
      if (!parameter.shared)
        stack = value;

    OpFoldResult inWidth = b.size(input, 1), one = b.getIndexAttr(1);
    OpFoldResult outWidth =
        ShapedType::isDynamic(out)
            ? buildWidth(b, experts.getFactors(), parameters, values)
            : b.getIndexAttr(out);
    Value init =
        b.empty({b.size(input, 0), outWidth}, resultType.getElementType());
    Value units =
        buildUnits(b, adaptor.getUnitOf(), b.sizeValue(input, 0), stack);
    Value result;
    if (experts.getKind() == ClassKind::Neuron)
      result = buildNeurons(b, experts.getBody(), units, values, input, init);
    else if (experts.getKind() == ClassKind::Value)
      result = buildValues(b, units, values, init);
    else
      result =
          b.loop(b.index(0), b.sizeValue(input, 0), init,
                 [&](Value row, ValueRange carried) -> SmallVector<Value> {
                   Sizes offsets = {row, b.getIndexAttr(0)};
                   Value x = b.slice(input, offsets, {one, inWidth});
                   Value y = b.slice(carried[0], offsets, {one, outWidth});
                   SmallVector<Value> own =
                       takeExpert(b, parameters, values, b.extract(units, row));
                   if (experts.getKind() == ClassKind::Constant)
                     y = buildConstant(b, experts, own, x, y);
                   else
                     y = ExpertBody(b, experts, in, out, own).build(x, {}, y);
                   return {b.insertSlice(y, carried[0], offsets)};
                 })
              .front();
    rewriter.replaceOp(op, b.castTo(result, resultType));
    return success();
  }

private:
  /// The slab of `stack` that each of `rows` rows has: its own where `unitOf`
  /// is null.
  static Value buildUnits(TensorBuilder &b, Value unitOf, Value rows,
                          Value stack) {
    return b
        .loop(b.index(0), rows, b.empty({rows}, b.getIndexType()),
              [&](Value row, ValueRange carried) -> SmallVector<Value> {
                Value unit = row;
                if (unitOf)
                  unit = b.toIndex(b.extract(unitOf, row));
                b.check(
                    b.compare(IntPredicate::ult, unit, b.sizeValue(stack, 0)),
                    "a number in 'unit_of' is no unit");
                return {b.insert(unit, carried[0], row)};
              })
        .front();
  }

  /// The elements of what an expert gives: rows of its last matrix (of several
  /// factors those of each, multiplied), or elements of its vector.
  static OpFoldResult buildWidth(TensorBuilder &b, Factorisation factors,
                                 ArrayRef<Parameter> parameters,
                                 ValueRange values) {
    auto has = [&](ParameterRole role) {
      return llvm::any_of(parameters, [&](const Parameter &parameter) {
        return parameter.role == role;
      });
    };
    auto last = ParameterRole::Vector;
    for (ParameterRole role : {ParameterRole::Down, ParameterRole::Matrix,
                               ParameterRole::Projection})
      if (has(role))
        last = role;
    Value width;
    for (auto [parameter, value] : llvm::zip_equal(parameters, values)) {
      if (parameter.role != last)
        continue;
      std::optional<unsigned> dim =
          getRowsDim(factors, parameter.part, /*isFirst=*/!width);
      if (!dim)
        continue;
      Value rows = b.sizeValue(value, *dim + !parameter.shared);
      width = width ? b.mul(width, rows) : rows;
    }
    return width;
  }

  /// The dimension of a part that counts rows of the matrix; none of some.
  static std::optional<unsigned> getRowsDim(Factorisation factors,
                                            ParameterPart part, bool isFirst) {
    bool isWhole = part == ParameterPart::Whole;
    bool isLeft = part == ParameterPart::Left;
    switch (factors) {
    case Factorisation::Phm:
      return 1;
    case Factorisation::Mpo:
      // The first tensor has no bond in front.
      return isFirst ? 0 : 1;
    case Factorisation::TensorRing:
      return isLeft ? std::optional<unsigned>(1) : std::nullopt;
    default:
      return isWhole || isLeft ? std::optional<unsigned>(0) : std::nullopt;
    }
  }
};

} // namespace

void moe::detail::populateMergeToLinalg(const TypeConverter &converter,
                                        RewritePatternSet &patterns) {
  patterns.add<ConvertApplyMerged, ConvertMergeExperts>(converter,
                                                        patterns.getContext());
}
