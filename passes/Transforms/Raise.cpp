// The pass moe-raise: finds layers, replaces them and reports.
#include "Raise.h"

#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/CSE.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "moe/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace moe {
#define GEN_PASS_DEF_RAISEPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;
using namespace moe::raise;

/// Ops whose results the value is computed from, up to `ends`.
static llvm::DenseSet<Operation *> computing(Value value,
                                             ArrayRef<Value> ends) {
  llvm::DenseSet<Operation *> ops;
  SmallVector<Value> work{value};
  while (!work.empty()) {
    Value next = work.pop_back_val();
    Operation *op = next.getDefiningOp();
    if (!op || llvm::is_contained(ends, next) || !ops.insert(op).second)
      continue;
    llvm::append_range(work, op->getOperands());
  }
  return ops;
}

/// The router has a row for each of the experts' rows.
static LogicalResult checkUnits(Matcher &matcher, const Layer &layer) {
  IndexFacts &facts = matcher.facts;
  if (facts.extentOf(layer.tokens, 0) == facts.extentOf(layer.router.logits, 0))
    return success();
  return matcher.refuse(layer.result.getDefiningOp(),
                        "the router may have another number of rows than the "
                        "experts' input");
}

/// What experts compute goes nowhere but into the layer's result.
static LogicalResult checkNoOtherUses(Matcher &matcher, const Layer &layer) {
  llvm::DenseSet<Operation *> inside =
      computing(layer.result, {layer.tokens, layer.router.logits});
  llvm::SetVector<Operation *> work(layer.experts.ops.begin(),
                                    layer.experts.ops.end());
  Operation *last = layer.result.getDefiningOp();
  for (size_t i = 0; i < work.size(); ++i)
    for (Operation *user : work[i]->getUsers()) {
      if (user == last)
        continue;
      if (!inside.contains(user))
        return matcher.refuse(work[i], "what an expert computes is used "
                                       "outside of the layer");
      work.insert(user);
    }
  return success();
}

namespace {

/// Writes the ops of a layer in front of its result.
class Emitter {
public:
  Emitter(Matcher &matcher, const Layer &layer)
      : matcher(matcher), facts(matcher.facts), layer(layer),
        builder(layer.result.getDefiningOp()),
        loc(layer.result.getDefiningOp()->getLoc()) {}

  FailureOr<Value> run();

private:
  Value literal(ElementsAttr value) {
    return hlo::ConstantOp::create(builder, loc, value);
  }
  Value logits();
  Value size(Index extent);
  Value product(const IndexAtom *atom);

  Matcher &matcher;
  IndexFacts &facts;
  const Layer &layer;
  OpBuilder builder;
  Location loc;
};

} // namespace

/// Logits that are a matrix product become moe.logits; others stay.
Value Emitter::logits() {
  Value value = layer.router.logits;
  Index token = facts.symbol("t"),
        expert = facts.symbol("e", layer.router.experts);
  Element element{value, {token, expert}};
  std::optional<Linear> linear = matchGatheredLinear(facts, element);
  if (!linear || linear->expert || linear->column != expert)
    return value;
  // The rows as a matrix: those of the experts, if the router reads the same.
  Coordinates wanted{token, linear->contracted};
  Element rows = facts.trace(
      linear->input.tensor, linear->input.at,
      [&](Value, ArrayRef<Index> at) { return at == ArrayRef(wanted); });
  if (rows.at != wanted)
    return value;
  auto squeeze = [](ElementsAttr attr) {
    return support::reshapeWeight(attr,
                                  attr.getShapedType().getShape().drop_front());
  };
  Value bias = linear->bias ? literal(squeeze(linear->bias)) : Value();
  return LogitsOp::create(builder, loc, value.getType(), rows.tensor,
                          literal(squeeze(linear->matrix)), bias,
                          /*offset=*/Value(), /*softcap=*/FloatAttr(),
                          builder.getF64FloatAttr(1.0));
}

/// A size as a scalar i64 tensor; null where it is none of what sizes are
/// usually made of.
Value Emitter::size(Index extent) {
  auto type = RankedTensorType::get({}, builder.getI64Type());
  auto number = [&](int64_t value) -> Value {
    return literal(DenseElementsAttr::get(type, value));
  };
  Value sum;
  auto accumulate = [&](Value term) {
    sum = sum ? hlo::AddOp::create(builder, loc, type, sum, term).getResult()
              : term;
  };
  if (extent->constant != 0 || extent->terms.empty())
    accumulate(number(extent->constant));
  for (auto [atom, coefficient] : extent->terms) {
    Value term = product(atom);
    if (!term)
      return {};
    if (coefficient != 1)
      term = hlo::MulOp::create(builder, loc, type, number(coefficient), term);
    accumulate(term);
  }
  return sum;
}

Value Emitter::product(const IndexAtom *atom) {
  auto type = RankedTensorType::get({}, builder.getI64Type());
  switch (atom->kind) {
  case IndexAtom::Kind::Extent: {
    Value narrow = hlo::GetDimensionSizeOp::create(
        builder, loc, atom->element.tensor, atom->number);
    return hlo::ConvertOp::create(builder, loc, narrow, builder.getI64Type());
  }
  case IndexAtom::Kind::Product: {
    Value result;
    for (const IndexAtom *factor : atom->factors) {
      Value value = product(factor);
      if (!value)
        return {};
      result = result ? hlo::MulOp::create(builder, loc, type, result, value)
                            .getResult()
                      : value;
    }
    return result;
  }
  default:
    return {};
  }
}

FailureOr<Value> Emitter::run() {
  MLIRContext *context = builder.getContext();
  const Router &router = layer.router;
  const Experts &experts = layer.experts;
  RankedTensorType tokens = typeOf(layer.tokens), result = typeOf(layer.result);
  int64_t width = result.getShape().back();
  auto rowsType = [&](int64_t columns) {
    return RowsType::get(context, cast<FloatType>(tokens.getElementType()),
                         columns, RowLayout::Grouped);
  };

  // Where the result has other dimensions for the tokens, their sizes.
  Value shape;
  if (result.getRank() != 2 && !result.hasStaticShape()) {
    SmallVector<Value> parts;
    for (int64_t d = 0; d < result.getRank(); ++d) {
      Value extent = size(facts.extentOf(layer.result, d));
      if (!extent)
        return matcher.refuse(layer.result.getDefiningOp(),
                              "the sizes of its result are not known in terms "
                              "of the inputs");
      parts.push_back(hlo::ReshapeOp::create(
          builder, loc, RankedTensorType::get({1}, builder.getI64Type()),
          extent));
    }
    shape = hlo::ConcatenateOp::create(
        builder, loc,
        RankedTensorType::get({result.getRank()}, builder.getI64Type()), parts,
        0);
  }

  Value keyOffset = router.keyOffset ? literal(router.keyOffset) : Value();
  Value plan =
      RouteOp::create(
          builder, loc, PlanType::get(context, router.experts, router.slots),
          logits(), keyOffset, /*allow=*/Value(), /*score_gain=*/Value(),
          /*weight_source=*/Value(), /*expert_scale=*/Value(),
          /*always_weights=*/Value(), router.score, router.groupFilter,
          router.select, router.weight)
          .getPlan();
  auto apply = ApplyAttr::get(context, Apply::Output);
  Value rows = DispatchOp::create(
      builder, loc, rowsType(tokens.getDimSize(1)), layer.tokens, plan, apply,
      builder.getF64FloatAttr(1.0), /*allow_multi=*/UnitAttr());
  SmallVector<Value> parameters;
  for (ElementsAttr parameter : experts.parameters)
    parameters.push_back(literal(parameter));
  auto table = TableAttr::get(
      context,
      {ClassAttr::get(context, router.experts, experts.width, experts.body)});
  Value outputs = ExpertsOp::create(builder, loc, rowsType(width), rows, plan,
                                    parameters, table, apply);
  Value combined = CombineOp::create(
      builder, loc,
      result.getRank() == 2
          ? result
          : RankedTensorType::get({tokens.getDimSize(0), width},
                                  result.getElementType()),
      outputs, plan, layer.tokens, /*out_bias=*/Value(), apply,
      ResidualAttr::get(context, Residual::None),
      SumOrderAttr::get(context, SumOrder::ExpertAsc), /*acc=*/TypeAttr());
  if (result.getRank() == 2)
    return combined;
  if (result.hasStaticShape())
    return hlo::ReshapeOp::create(builder, loc, result, combined).getResult();
  return hlo::DynamicReshapeOp::create(builder, loc, result, combined, shape)
      .getResult();
}

namespace {

/// Looks at each op, last ones first, as the one that gives a layer's result:
/// the whole of a chain of sums is met before its parts. Matching follows uses
/// backwards only, in time proportional to what it looks at.
class RaisePass : public moe::impl::RaisePassBase<RaisePass> {
public:
  using RaisePassBase::RaisePassBase;

  void runOnOperation() override;

private:
  LogicalResult raise(func::FuncOp function);
  bool raiseAt(Matcher &matcher, Operation *op);
  void reportUnknownForms(func::FuncOp function);
  void report(const Layer &layer);
  LogicalResult report(const RaiseFinding &finding);
  void removeDead(func::FuncOp function);

  /// Ops of layers that are raised or reported.
  llvm::DenseSet<Operation *> done;
  /// Top-ks of routers that a finding is about.
  llvm::DenseSet<Operation *> explained;
  bool failedExport = false;
};

} // namespace

void RaisePass::report(const Layer &layer) {
  remark::passed(layer.result.getLoc(),
                 remark::RemarkOpts::name("raised").category("moe-raise"))
      << ("raised " + layer.form + ": " + describe(layer.router) + ", " +
          describe(layer.experts.body, layer.experts.width))
             .str();
}

/// The nearest top-k that the op depends on.
static Operation *nearestTopK(Operation *op) {
  llvm::SetVector<Operation *> work;
  work.insert(op);
  for (size_t i = 0; i < work.size(); ++i) {
    if (isa<chlo::TopKOp>(work[i]))
      return work[i];
    for (Value operand : work[i]->getOperands())
      if (Operation *next = operand.getDefiningOp())
        work.insert(next);
  }
  return nullptr;
}

/// Whether ids of a top-k choose what runs: they are sorted, searched for, or
/// look up matrices.
static bool choosesMatrices(chlo::TopKOp topK) {
  llvm::SetVector<Value> work;
  work.insert(topK.getIndices());
  for (size_t i = 0; i < work.size(); ++i)
    for (Operation *user : work[i].getUsers()) {
      StringRef name = compositeName(user);
      if (name == "onnx.TopK" || name == "onnx.NonZero" ||
          isa<hlo::SortOp>(user))
        return true;
      if (name.starts_with("onnx.Gather") && user->getOperand(0) != work[i] &&
          typeOf(user->getOperand(0)).getRank() > 2)
        return true;
      for (Value result : user->getResults())
        if (typeOf(result).getElementType().isIntOrIndex())
          work.insert(result);
    }
  return false;
}

void RaisePass::reportUnknownForms(func::FuncOp function) {
  for (auto topK : function.getOps<chlo::TopKOp>())
    if (!explained.contains(topK) && choosesMatrices(topK))
      remark::missed(topK.getLoc(),
                     remark::RemarkOpts::name("unknown").category("moe-raise"))
          << "MoE layer is not raised: what the chosen experts compute has no "
             "known form";
}

LogicalResult RaisePass::report(const RaiseFinding &finding) {
  explained.insert(nearestTopK(finding.op));
  if (finding.kind == RaiseFinding::Kind::Missed) {
    remark::missed(finding.op->getLoc(),
                   remark::RemarkOpts::name("refused").category("moe-raise"))
        << "MoE layer is not raised: " + finding.text;
    return success();
  }
  InFlightDiagnostic diagnostic =
      acceptFrozenExport ? finding.op->emitWarning() : finding.op->emitError();
  diagnostic << "MoE layer does not compute what its model does: "
             << finding.text;
  diagnostic.attachNote() << finding.hint;
  return success(acceptFrozenExport);
}

bool RaisePass::raiseAt(Matcher &matcher, Operation *op) {
  static constexpr FormMatcher forms[] = {matchSlotSum, matchDenseExperts,
                                          matchExpertLoop};
  for (FormMatcher form : forms) {
    matcher.finding.reset();
    matcher.parts.clear();
    FailureOr<Layer> layer = form(matcher, op);
    if (succeeded(layer) && succeeded(checkUnits(matcher, *layer)) &&
        succeeded(checkNoOtherUses(matcher, *layer))) {
      FailureOr<Value> result = Emitter(matcher, *layer).run();
      if (succeeded(result)) {
        report(*layer);
        // Its parts are not looked at again.
        done.insert_range(
            computing(layer->result, {layer->tokens, layer->router.logits}));
        layer->result.replaceAllUsesWith(*result);
        return true;
      }
    }
    if (matcher.finding) {
      failedExport |= failed(report(*matcher.finding));
      // They would be refused again, for less.
      done.insert_range(matcher.parts);
      return false;
    }
  }
  return false;
}

LogicalResult RaisePass::raise(func::FuncOp function) {
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) {
    if (op->getNumResults() != 0 && op->getParentOp() == function)
      ops.push_back(op);
  });
  Matcher matcher(&getContext());
  bool changed = false;
  for (Operation *op : llvm::reverse(ops)) {
    if (op->use_empty() || done.contains(op))
      continue;
    changed |= raiseAt(matcher, op);
  }
  if (changed)
    removeDead(function);
  reportUnknownForms(function);
  return success(!failedExport);
}

void RaisePass::removeDead(func::FuncOp function) {
  SmallVector<Operation *> ops;
  for (Operation &op : function.getOps())
    ops.push_back(&op);
  for (Operation *op : llvm::reverse(ops))
    if (isOpTriviallyDead(op))
      op->erase();
}

void RaisePass::runOnOperation() {
  ModuleOp module = getOperation();
  IRRewriter rewriter(&getContext());
  SmallVector<func::FuncOp> functions;
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isDeclaration() && !function.isPrivate())
      functions.push_back(function);
  for (func::FuncOp function : functions) {
    // One value for what an exporter computes twice.
    DominanceInfo dominance(function);
    eliminateCommonSubExpressions(rewriter, dominance, function);
    if (failed(raise(function)))
      return signalPassFailure();
  }
  // Decompositions of composites that are gone.
  SymbolTableCollection tables;
  SymbolUserMap users(tables, module);
  for (auto function :
       llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
    if (function.isPrivate() && users.useEmpty(function))
      function.erase();
}
