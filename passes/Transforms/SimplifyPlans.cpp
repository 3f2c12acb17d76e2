// moe-simplify-routing: rewrites of what a plan makes needless: columns that no
// table names (C16), rows of units that are copies of others (C15).
#include "SimplifyRouting.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

static bool isF32(Value tensor) {
  return !tensor || cast<ShapedType>(tensor.getType()).getElementType().isF32();
}

/// A map from `loops` loops to the loops `results`.
static AffineMap loopsOf(MLIRContext *context, unsigned loops,
                         ArrayRef<unsigned> results) {
  return AffineMap::getMultiDimMapWithTargets(loops, results, context);
}

/// One element for each of `sizes` from those of `inputs` along the first
/// loops.
static Value
buildMap(OpBuilder &builder, Location loc, ArrayRef<OpFoldResult> sizes,
         Type element, ValueRange inputs,
         function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
  MLIRContext *context = builder.getContext();
  unsigned loops = sizes.size();
  SmallVector<AffineMap> maps;
  auto all = llvm::to_vector(llvm::seq<unsigned>(0, loops));
  for (Value input : inputs)
    maps.push_back(loopsOf(
        context, loops,
        ArrayRef(all).take_front(cast<ShapedType>(input.getType()).getRank())));
  maps.push_back(loopsOf(context, loops, all));
  Value empty = tensor::EmptyOp::create(builder, loc, sizes, element);
  SmallVector<utils::IteratorType> iterators(loops,
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, empty.getType(), inputs, empty, maps, iterators,
             [&](OpBuilder &inner, Location at, ValueRange arguments) {
               linalg::YieldOp::create(inner, at,
                                       body(inner, at, arguments.drop_back()));
             })
      .getResult(0);
}

//===----------------------------------------------------------------------===//
// C16: the columns that a table names
//===----------------------------------------------------------------------===//

/// Why all columns of the logits are needed; empty where those of the table do.
static StringRef whyColumnsStay(RouteOp op, LogitsOp logits) {
  ScoreAttr score = op.getScore();
  PlanType plan = op.getPlan().getType();
  if (!score.isPointwise() || score.getPost() != ScorePost::None)
    return "a score depends on the logits of all experts";
  // An entry of a table stands whatever its score is, one of a selection has a
  // finite key.
  if (!score.isNonNegative())
    return "a score may be -inf";
  if (op.getWeight().getSource() != WeightSource::Scores)
    return "weights are no scores";
  if (op.getScores())
    return "the scores are a result";
  if (!op.getWeight().getZero().empty() || !op.getWeight().getExclude().empty())
    return "some ids weigh nothing";
  if (op.getExpertScale())
    return "weights are scaled by expert";
  if (op.getSelect().getFallback() != Fallback::None)
    return "a fallback may look at every expert";
  if (op.getCapacityAttr() || op.getKeyOffset() || op.getAllow() ||
      op.getGroupFilterAttr())
    return "keys are of all experts";
  if (plan.getAlways() != 0 || plan.getEncoding() != PlanEncoding::Slots)
    return "the plan has more than the slots of the table";
  if (plan.getSlots() >= plan.getExperts())
    return "the table has as many columns as there are experts";
  if (!logits->hasOneUse())
    return "the logits have other users";
  if (logits.getForm() != LogitsForm::Linear || logits.getSoftcap() ||
      logits.getOffset() || logits.getTemperature().convertToDouble() != 1.0)
    return "the logits are more than a product";
  if (!isF32(logits.getInput()) || !isF32(logits.getMatrix()) ||
      !isF32(logits.getBias()) || !isF32(logits.getResult()) ||
      (logits.getAcc() && !logits.getAcc()->isF32()))
    return "the logits are not in f32";
  return {};
}

void moe::detail::scoreSelectedColumns(RouteOp op, RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C16";
  if (op.getSelect().getPolicy() != Policy::Table)
    return;
  auto logits = op.getLogits().getDefiningOp<LogitsOp>();
  if (!logits)
    return;
  if (StringRef why = whyColumnsStay(op, logits); !why.empty())
    return reportKept(op, rule, why);

  rewriter.setInsertionPoint(op);
  Location loc = op.getLoc();
  MLIRContext *context = op.getContext();
  Value ids = op.getTableIds(), x = logits.getInput();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(rewriter, loc, ids);
  auto isUsed = [](OpBuilder &b, Location at, Value id) -> Value {
    Value zero = arith::ConstantIntOp::create(b, at, 0, 32);
    return arith::CmpIOp::create(b, at, arith::CmpIPredicate::sge, id, zero);
  };
  // Empty slots read some column and are not allowed below; what is no id at
  // all must not read beyond, for the plan is checked behind.
  int64_t experts = op.getPlan().getType().getExperts();
  auto columnOf = [&](OpBuilder &b, Location at, Value id) -> Value {
    Value last = arith::ConstantIntOp::create(b, at, experts - 1, 32);
    Value safe = arith::MinUIOp::create(b, at, id, last);
    return arith::IndexCastOp::create(b, at, b.getIndexType(), safe);
  };
  Value allow = buildMap(rewriter, loc, sizes, rewriter.getI1Type(), ids,
                         [&](OpBuilder &b, Location at, ValueRange in) {
                           return isUsed(b, at, in[0]);
                         });
  Value init = buildMap(
      rewriter, loc, sizes, rewriter.getF32Type(), ids,
      [&](OpBuilder &b, Location at, ValueRange in) -> Value {
        if (!logits.getBias())
          return arith::ConstantOp::create(b, at, b.getF32FloatAttr(0.0));
        return tensor::ExtractOp::create(b, at, logits.getBias(),
                                         columnOf(b, at, in[0]));
      });
  Value picked =
      linalg::GenericOp::create(
          rewriter, loc, init.getType(), ValueRange{x, ids}, init,
          ArrayRef<AffineMap>{loopsOf(context, 3, {0, 2}),
                              loopsOf(context, 3, {0, 1}),
                              loopsOf(context, 3, {0, 1})},
          ArrayRef<utils::IteratorType>{utils::IteratorType::parallel,
                                        utils::IteratorType::parallel,
                                        utils::IteratorType::reduction},
          [&](OpBuilder &b, Location at, ValueRange in) {
            Value place = linalg::IndexOp::create(b, at, 2);
            Value weight = tensor::ExtractOp::create(
                b, at, logits.getMatrix(),
                ValueRange{columnOf(b, at, in[1]), place});
            Value product = arith::MulFOp::create(b, at, in[0], weight);
            Value sum = arith::AddFOp::create(b, at, in[2], product);
            linalg::YieldOp::create(b, at, sum);
          })
          .getResult(0);

  PlanType plan = op.getPlan().getType();
  int64_t slots = plan.getSlots();
  auto narrow = PlanType::get(context, slots, PlanEncoding::Slots, slots, 0,
                              plan.getWeight(), false);
  auto all = SelectAttr::get(context, Policy::All, 0, 1, moe::Key::Scores);
  auto route = RouteOp::create(
      rewriter, loc, narrow, picked, /*key_offset=*/Value(), allow,
      /*score_gain=*/Value(), /*weight_source=*/Value(),
      /*expert_scale=*/Value(), /*always_weights=*/Value(), op.getScore(),
      /*group_filter=*/GroupFilterAttr(), all, op.getWeight());
  auto weights =
      RankedTensorType::get({ShapedType::kDynamic, slots}, plan.getWeight());
  auto listed = RankedTensorType::get({ShapedType::kDynamic, slots},
                                      rewriter.getI32Type());
  auto parts = UnpackPlanOp::create(rewriter, loc, TypeRange{listed, weights},
                                    route.getPlan());
  reportSimplified(op, rule, "only the columns of the table are scored");
  rewriter.replaceOpWithNewOp<PackPlanOp>(
      op, plan, ValueRange{ids, parts.getParts()[1]}, /*units=*/Value());
  rewriter.eraseOp(logits);
}

//===----------------------------------------------------------------------===//
// C15: a layer on the coarse units
//===----------------------------------------------------------------------===//

namespace {

/// The rows `rows` of `source`, one after the other.
struct RowGather {
  Value source, rows;
};

} // namespace

static Value buildGather(OpBuilder &builder, Location loc,
                         const RowGather &gather) {
  auto source = cast<RankedTensorType>(gather.source.getType());
  SmallVector<OpFoldResult> sizes = {
      tensor::getMixedSize(builder, loc, gather.rows, 0),
      tensor::getMixedSize(builder, loc, gather.source, 1)};
  return buildMap(builder, loc, sizes, source.getElementType(), gather.rows,
                  [&](OpBuilder &b, Location at, ValueRange in) -> Value {
                    Value row = arith::IndexCastOp::create(
                        b, at, b.getIndexType(), in[0]);
                    Value column = linalg::IndexOp::create(b, at, 1);
                    return tensor::ExtractOp::create(b, at, gather.source,
                                                     ValueRange{row, column});
                  });
}

/// What `buildGather` builds, in either order of its ops.
static std::optional<RowGather> matchGather(Value value) {
  auto generic = value.getDefiningOp<linalg::GenericOp>();
  if (!generic || generic.getNumDpsInputs() != 1 ||
      generic->getNumResults() != 1)
    return std::nullopt;
  MLIRContext *context = generic.getContext();
  SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
  if (generic.getNumParallelLoops() != 2 || generic.getNumLoops() != 2 ||
      maps[0] != loopsOf(context, 2, {0}) ||
      maps[1] != loopsOf(context, 2, {0, 1}))
    return std::nullopt;
  Block *body = generic.getBody();
  auto extract =
      body->getTerminator()->getOperand(0).getDefiningOp<tensor::ExtractOp>();
  if (!extract || extract.getIndices().size() != 2 ||
      extract->getBlock() != body)
    return std::nullopt;
  auto row = extract.getIndices()[0].getDefiningOp<arith::IndexCastOp>();
  auto column = extract.getIndices()[1].getDefiningOp<linalg::IndexOp>();
  if (!row || row.getIn() != body->getArgument(0) || !column ||
      column.getDim() != 1)
    return std::nullopt;
  return RowGather{extract.getTensor(), generic.getDpsInputs()[0]};
}

void moe::detail::sinkExpansion(CombineOp combine, RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C15";
  auto expand = combine.getPlan().getDefiningOp<ExpandPlanOp>();
  if (!expand)
    return;
  FailureOr<RoutedLayer> layer = matchRows(combine);
  if (failed(layer))
    return reportKept(combine, rule, noLayer);
  std::optional<RowGather> gather = matchGather(layer->dispatch.getInput());
  if (!gather)
    return reportKept(combine, rule, "its units are not gathered from others");
  if (gather->rows != expand.getUnitOf())
    return reportKept(combine, rule,
                      "its units are gathered by other numbers than its plan");
  if (combine.getX() != layer->dispatch.getInput())
    return reportKept(combine, rule, "the sum has other units than the rows");
  auto source = cast<RankedTensorType>(gather->source.getType());
  auto fine = cast<RankedTensorType>(combine.getX().getType());
  if (source.getDimSize(1) != fine.getDimSize(1))
    return reportKept(combine, rule, "widths are known at one place alone");

  rewriter.setInsertionPoint(combine);
  IRMapping mapping;
  mapping.map(expand.getResult(), expand.getPlan());
  mapping.map(layer->dispatch.getInput(), gather->source);
  rewriter.clone(*layer->dispatch, mapping);
  rewriter.clone(*layer->experts, mapping);
  auto coarse = cast<CombineOp>(rewriter.clone(*combine, mapping));
  auto result = cast<RankedTensorType>(combine.getType());
  rewriter.modifyOpInPlace(coarse, [&] {
    coarse.getResult().setType(RankedTensorType::get(
        {source.getDimSize(0), result.getDimSize(1)}, result.getElementType()));
  });
  Value expanded = buildGather(rewriter, combine.getLoc(),
                               {coarse.getResult(), expand.getUnitOf()});
  if (expanded.getType() != result)
    expanded =
        tensor::CastOp::create(rewriter, combine.getLoc(), result, expanded);
  reportSimplified(combine, rule, "the layer runs on the units of its plan");
  rewriter.replaceOp(combine, expanded);
  rewriter.eraseOp(layer->experts);
  rewriter.eraseOp(layer->dispatch);
  if (expand->use_empty())
    rewriter.eraseOp(expand);
}
