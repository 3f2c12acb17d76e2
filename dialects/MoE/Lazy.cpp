// Logits of product keys: moe.lazy_logits, and what it asks of moe.route.
#include "Shapes.h"
#include "moe/Dialect/MoE/MoE.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
using moe::detail::compatible;

LogicalResult LazyLogitsType::verify(function_ref<InFlightDiagnostic()> emit,
                                     FloatType, int64_t rows, int64_t columns,
                                     int64_t rank) {
  // (lazy_logits_type_c1)
  if (rows < 1 || columns < 1 || rank < 0)
    return emit() << "expects positive numbers of rows and columns, but got "
                  << rows << " and " << columns << " of rank " << rank;
  return success();
}

LogicalResult LazyLogitsOp::verify() {
  LazyLogitsType type = getType();
  // (R23)
  bool isTucker = static_cast<bool>(getCore());
  if (static_cast<bool>(getRowDirection()) != isTucker ||
      static_cast<bool>(getColumnDirection()) != isTucker ||
      getApprox() != isTucker)
    return emitOpError("expects 'core', 'row_direction', 'column_direction' "
                       "and 'approx' together or not at all");
  // (lazy_logits_c1)
  if ((type.getRank() != 0) != isTucker)
    return emitOpError("expects a rank of the result with 'core' alone, but "
                       "got ")
           << type;
  auto rows = cast<RankedTensorType>(getRows().getType());
  auto columns = cast<RankedTensorType>(getColumns().getType());
  auto shapeOf = [&](int64_t size) {
    SmallVector<int64_t> shape = {ShapedType::kDynamic, size};
    if (isTucker)
      shape.insert(shape.begin() + 1, type.getRank());
    return shape;
  };
  if (!llvm::equal(rows.getShape(), shapeOf(type.getRows()), compatible) ||
      !llvm::equal(columns.getShape(), shapeOf(type.getColumns()),
                   compatible) ||
      !compatible(rows.getDimSize(0), columns.getDimSize(0)))
    return emitOpError("requires 'rows' (")
           << rows << ") and 'columns' (" << columns
           << ") to have the sizes of the result (" << type << ")";
  if (!isTucker)
    return success();
  for (Value operand : {getCore(), getRowDirection(), getColumnDirection()})
    for (int64_t size : cast<ShapedType>(operand.getType()).getShape())
      if (!compatible(size, type.getRank()))
        return emitOpError("requires the sizes of 'core' and directions (")
               << operand.getType() << ") to equal the rank (" << type.getRank()
               << ")";
  return success();
}

bool RouteOp::isLazy() { return isa<LazyLogitsType>(getLogits().getType()); }

int64_t RouteOp::getLogitColumns() {
  if (auto lazy = dyn_cast<LazyLogitsType>(getLogits().getType()))
    return lazy.getRows() * lazy.getColumns();
  return cast<RankedTensorType>(getLogits().getType()).getDimSize(1);
}

/// True where a larger logit has a larger score, in real arithmetic.
static bool isIncreasing(ScoreFn fn) {
  switch (fn) {
  case ScoreFn::Identity:
  case ScoreFn::Sigmoid:
  case ScoreFn::SqrtSoftplus:
  case ScoreFn::Softplus:
  case ScoreFn::Exp:
    return true;
  case ScoreFn::Softmax:
  case ScoreFn::Relu:
  case ScoreFn::Entmax15:
    return false;
  }
  llvm_unreachable("every function is listed");
}

LogicalResult RouteOp::verifyLazy() {
  SelectAttr select = getSelect();
  ScoreAttr score = getScore();
  WeightAttr weight = getWeight();
  if (select.getPolicy() != Policy::TopK)
    return emitOpError("expects policy 'topk' with lazy logits, but got '")
           << stringifyEnum(select.getPolicy()) << "'";
  if (!score.isPointwise() || score.getPost() != ScorePost::None)
    return emitOpError("expects a pointwise score without 'post' with lazy "
                       "logits, but got ")
           << score;
  if (select.getKey() == moe::Key::Scores && !isIncreasing(score.getFn()))
    return emitOpError("expects keys that are logits or scores that increase "
                       "with them with lazy logits, but got scores of '")
           << stringifyEnum(score.getFn()) << "'";
  if (getKeyOffset() || getAllow() || getGroupFilterAttr() ||
      getWeightSource() || getExpertScale() || getAlwaysWeights() ||
      getCapacityAttr() || getScores() || !weight.getZero().empty() ||
      !weight.getExclude().empty() || select.getFallback() != Fallback::None)
    return emitOpError("expects nothing that looks at every expert with lazy "
                       "logits: no masks, offsets, filters, scales, capacity, "
                       "fallback, zero and exclude ids, and no scores");
  PlanType plan = getPlan().getType();
  if (plan.getEncoding() != PlanEncoding::Slots || plan.getAlways() != 0)
    return emitOpError("expects a plan in slots without always-on ids with "
                       "lazy logits, but got ")
           << plan;
  return success();
}
