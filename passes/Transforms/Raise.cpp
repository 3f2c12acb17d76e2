// The pass moe-raise: finds layers, replaces them and reports.
#include "Raise.h"

#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/CSE.h"
#include "moe/Analysis/Describe.h"
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

llvm::DenseSet<Operation *> moe::raise::computing(Value value,
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

/// The router has a row for each of the experts' rows, and of the result's.
static LogicalResult checkUnits(Matcher &matcher, const Layer &layer) {
  IndexFacts &facts = matcher.facts;
  Index units = rowCount(facts, layer.router.logits, layer.router.columnDims);
  auto unitsOr = [&](bool hasSlots) {
    return facts.scale(units, hasSlots ? layer.router.slots : 1);
  };
  if (rowCount(facts, layer.tokens) != unitsOr(layer.readsSlots))
    return matcher.refuse(layer.result.getDefiningOp(),
                          "the router may have another number of rows than the "
                          "experts' input");
  if (rowCount(facts, layer.result) != unitsOr(layer.givesSlots))
    return matcher.refuse(layer.result.getDefiningOp(),
                          "the router may have another number of rows than the "
                          "layer's result");
  return success();
}

Operation *moe::raise::usedOutside(ArrayRef<Operation *> ops,
                                   const llvm::DenseSet<Operation *> &inside,
                                   Operation *last) {
  llvm::SetVector<Operation *> work(ops.begin(), ops.end());
  for (size_t i = 0; i < work.size(); ++i)
    for (Operation *user : work[i]->getUsers()) {
      if (user == last)
        continue;
      if (!inside.contains(user))
        return work[i];
      work.insert(user);
    }
  return nullptr;
}

/// What experts compute goes nowhere but into the layer's result.
static LogicalResult checkNoOtherUses(Matcher &matcher, const Layer &layer) {
  llvm::DenseSet<Operation *> inside =
      computing(layer.result, {layer.tokens, layer.router.logits});
  Operation *used =
      usedOutside(layer.experts.ops, inside, layer.result.getDefiningOp());
  if (!used)
    return success();
  return matcher.refuse(used,
                        "what an expert computes is used outside of the layer");
}

namespace {

/// Writes the ops of a layer in front of what it replaces.
class Emitter {
public:
  Emitter(Matcher &matcher, const Layer &layer)
      : matcher(matcher), facts(matcher.facts), layer(layer),
        builder(layer.last()), loc(layer.result.getDefiningOp()->getLoc()) {}

  FailureOr<Value> run();

  RouteOp route;
  ExpertsOp outputs;

private:
  Value literal(ElementsAttr value) {
    return hlo::ConstantOp::create(builder, loc, value);
  }
  Value matrix(Value tensor, int64_t columnDims = 1);
  Value logits();
  Value reshape(Value tensor, ArrayRef<Index> extents);
  Value planOfSlots(Value plan);
  Value repeatForSlots(Value rows);
  Value sumOfSlots(Value rows);
  TableAttr table();
  Value size(Index extent);
  Value shape(ArrayRef<Index> extents);
  Value product(const IndexAtom *atom);

  Matcher &matcher;
  IndexFacts &facts;
  const Layer &layer;
  OpBuilder builder;
  Location loc;
  Value tokens; // as a matrix
  Index units;  // of the router
};

} // namespace

/// The elements in another shape; null where a size is none of what can be
/// computed.
Value Emitter::reshape(Value tensor, ArrayRef<Index> extents) {
  RankedTensorType type = typeOf(tensor);
  SmallVector<int64_t> sizes;
  for (Index extent : extents)
    sizes.push_back(extent->asConstant().value_or(ShapedType::kDynamic));
  auto result = RankedTensorType::get(sizes, type.getElementType());
  if (type.hasStaticShape())
    return hlo::ReshapeOp::create(builder, loc, result, tensor);
  Value computed = shape(extents);
  return computed ? hlo::DynamicReshapeOp::create(builder, loc, result, tensor,
                                                  computed)
                        .getResult()
                  : Value();
}

/// The rows of a tensor as those of a matrix.
Value Emitter::matrix(Value tensor, int64_t columnDims) {
  RankedTensorType type = typeOf(tensor);
  if (type.getRank() == 2 && columnDims == 1)
    return tensor;
  int64_t columns = 1;
  for (int64_t size : type.getShape().take_back(columnDims))
    columns *= size;
  return reshape(
      tensor, {rowCount(facts, tensor, columnDims), facts.constant(columns)});
}

/// The plan whose units are the slots of the units of `plan`.
Value Emitter::planOfSlots(Value plan) {
  auto type = cast<PlanType>(plan.getType());
  int64_t k = type.getSlots(),
          rows = units->asConstant().value_or(ShapedType::kDynamic);
  auto parts = UnpackPlanOp::create(
      builder, loc,
      TypeRange{RankedTensorType::get({rows, k}, builder.getI32Type()),
                RankedTensorType::get({rows, k}, type.getWeight())},
      plan);
  SmallVector<Value> columns;
  for (Value part : parts.getParts())
    columns.push_back(
        reshape(part, {facts.scale(units, k), facts.constant(1)}));
  return PackPlanOp::create(builder, loc,
                            type.withEncoding(PlanEncoding::Slots, 1), columns,
                            /*units=*/Value());
}

/// Each row once per slot.
Value Emitter::repeatForSlots(Value rows) {
  Index slots = facts.constant(layer.router.slots);
  RankedTensorType type = typeOf(rows);
  Index width = facts.constant(type.getDimSize(1));
  auto wide = RankedTensorType::get(
      {type.getDimSize(0), layer.router.slots, type.getDimSize(1)},
      type.getElementType());
  SmallVector<int64_t> dims{0, 2};
  Value repeated;
  if (wide.hasStaticShape())
    repeated = hlo::BroadcastInDimOp::create(
        builder, loc, wide, rows, builder.getDenseI64ArrayAttr(dims));
  else
    repeated = hlo::DynamicBroadcastInDimOp::create(
        builder, loc, wide, rows, shape({units, slots, width}),
        builder.getDenseI64ArrayAttr(dims),
        /*known_expanding_dimensions=*/nullptr,
        /*known_nonexpanding_dimensions=*/nullptr);
  return reshape(repeated, {facts.scale(units, layer.router.slots), width});
}

/// The sum over the slots of each unit of rows that each have.
Value Emitter::sumOfSlots(Value rows) {
  RankedTensorType type = typeOf(rows);
  Value apart = reshape(rows, {units, facts.constant(layer.router.slots),
                               facts.constant(type.getDimSize(1))});
  auto scalar = RankedTensorType::get({}, type.getElementType());
  Attribute zero = builder.getZeroAttr(type.getElementType());
  auto sum = hlo::ReduceOp::create(
      builder, loc,
      TypeRange{RankedTensorType::get(
          {typeOf(apart).getDimSize(0), type.getDimSize(1)},
          type.getElementType())},
      ValueRange{apart},
      ValueRange{literal(DenseElementsAttr::get(scalar, zero))},
      builder.getDenseI64ArrayAttr({1}));
  OpBuilder::InsertionGuard guard(builder);
  Block *body =
      builder.createBlock(&sum.getBody(), {}, {scalar, scalar}, {loc, loc});
  Value both = hlo::AddOp::create(builder, loc, scalar, body->getArgument(0),
                                  body->getArgument(1));
  hlo::ReturnOp::create(builder, loc, both);
  return sum.getResult(0);
}

TableAttr Emitter::table() {
  MLIRContext *context = builder.getContext();
  const Experts &experts = layer.experts;
  if (experts.body) {
    SmallVector<ClassAttr> classes = {ClassAttr::get(
        context, layer.router.experts, experts.width, experts.body)};
    for (const SharedExpert &shared : layer.shared)
      classes.push_back(ClassAttr::get(context, 1, shared.experts.width,
                                       shared.experts.body,
                                       ClassActivation::Always));
    return TableAttr::get(context, classes);
  }
  bool hasBias = experts.parameters.size() > 1;
  return TableAttr::get(
      context,
      {ClassAttr::get(context, ClassKind::Linear, layer.router.experts,
                      /*width=*/0, experts.body, ConstantMix::None,
                      ClassActivation::Routed, ClassTargets::None, /*rank=*/0,
                      /*alpha=*/FloatAttr(), /*widths=*/{}, Factorisation::None,
                      FactorEvaluation::ApplyFactored, ClassBase::Own, hasBias,
                      /*callee=*/FlatSymbolRefAttr(),
                      /*quant=*/{}, /*inputScale=*/FloatAttr(),
                      /*placement=*/{}, /*columns=*/{})});
}

/// Logits that are a matrix product become moe.logits; others stay.
Value Emitter::logits() {
  Value value = layer.router.logits;
  Coordinates at;
  for (int64_t size : typeOf(value).getShape())
    at.push_back(facts.symbol("t", size));
  int64_t columnDims = layer.router.columnDims;
  Index row = rowOf(facts, value, ArrayRef(at).drop_back(columnDims));
  std::optional<Linear> linear = matchGatheredLinear(facts, {value, at});
  // A matrix for each expert gives its columns.
  Index expert = columnDims == 2 ? at[at.size() - 2] : nullptr;
  if (!linear || linear->expert != expert || linear->column != at.back())
    return matrix(value, columnDims);
  // The rows as they are: those of the experts, if the router reads the same.
  Value rows = matchRows(facts, linear->input, row, linear->contracted);
  if (!rows)
    return matrix(value, columnDims);
  Value units = rows == layer.tokens ? tokens : matrix(rows);
  if (!units)
    return {};
  auto squeeze = [](ElementsAttr attr) {
    SmallVector<int64_t> shape(attr.getShapedType().getShape().drop_front());
    shape.front() *= attr.getShapedType().getDimSize(0);
    return support::reshapeWeight(attr, shape);
  };
  ElementsAttr weights = squeeze(linear->matrix);
  Value bias = linear->bias ? literal(squeeze(linear->bias)) : Value();
  auto type = RankedTensorType::get(
      {typeOf(units).getDimSize(0), weights.getShapedType().getDimSize(0)},
      typeOf(value).getElementType());
  return LogitsOp::create(builder, loc, type, units, literal(weights), bias,
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

/// Sizes as a tensor; null where one of them is null.
Value Emitter::shape(ArrayRef<Index> extents) {
  SmallVector<Value> parts;
  for (Index extent : extents) {
    Value value = size(extent);
    if (!value)
      return {};
    parts.push_back(hlo::ReshapeOp::create(
        builder, loc, RankedTensorType::get({1}, builder.getI64Type()), value));
  }
  auto type = RankedTensorType::get({static_cast<int64_t>(parts.size())},
                                    builder.getI64Type());
  return hlo::ConcatenateOp::create(builder, loc, type, parts, 0);
}

FailureOr<Value> Emitter::run() {
  MLIRContext *context = builder.getContext();
  const Router &router = layer.router;
  const Experts &experts = layer.experts;
  auto unknown = [&] {
    return matcher.refuse(layer.result.getDefiningOp(),
                          "the sizes of its result are not known in terms "
                          "of the inputs");
  };
  bool hasSlots = layer.readsSlots || layer.givesSlots;
  tokens = matrix(layer.tokens);
  units = rowCount(facts, router.logits, router.columnDims);
  if (!tokens || (hasSlots && !size(units)))
    return unknown();
  RankedTensorType result = typeOf(layer.result);
  int64_t width = result.getShape().back();
  auto rowsType = [&](int64_t columns) {
    return RowsType::get(context,
                         cast<FloatType>(typeOf(tokens).getElementType()),
                         columns, RowLayout::Grouped);
  };

  // Where the result has other dimensions for the tokens, their sizes.
  Value sizes;
  if (result.getRank() != 2 && !result.hasStaticShape()) {
    Coordinates extents;
    for (int64_t d = 0; d < result.getRank(); ++d)
      extents.push_back(facts.extentOf(layer.result, d));
    sizes = shape(extents);
    if (!sizes)
      return unknown();
  }

  Value scores = logits();
  if (!scores)
    return unknown();
  Value keyOffset = router.keyOffset ? literal(router.keyOffset) : Value();
  PlanType planType =
      PlanType::get(context, router.experts, PlanEncoding::Slots, router.slots,
                    static_cast<int64_t>(layer.shared.size()),
                    router.weight.getDtype(), /*carry=*/false);
  if (router.select.getPolicy() == Policy::SoftSlots)
    planType = planType.withEncoding(PlanEncoding::Soft, router.slots);
  Value alwaysWeights;
  if (!layer.shared.empty() && layer.shared.back().weights) {
    alwaysWeights = layer.shared.back().weights;
    if (typeOf(alwaysWeights).getRank() != 2 ||
        typeOf(alwaysWeights).getDimSize(1) != 1)
      alwaysWeights = reshape(alwaysWeights, {units, facts.constant(1)});
    if (!alwaysWeights)
      return unknown();
  }
  route = RouteOp::create(
      builder, loc, planType, /*scores=*/Type(), scores, keyOffset,
      /*allow=*/Value(), /*score_gain=*/Value(), /*weight_source=*/Value(),
      /*expert_scale=*/Value(), alwaysWeights,
      /*thresholds=*/Value(), /*table_ids=*/Value(), /*segments=*/Value(),
      /*predictor=*/Value(), router.score, router.groupFilter, router.select,
      router.weight, router.capacity, router.domain);
  Value plan = route.getPlan(), inputs = tokens;
  // The dialect has rows of units; where those of slots meet them, slots are
  // units of their own.
  if (hasSlots)
    plan = planOfSlots(plan);
  if (layer.givesSlots)
    inputs = repeatForSlots(tokens);
  auto apply = ApplyAttr::get(context, layer.apply);
  Value rows = DispatchOp::create(
      builder, loc, rowsType(typeOf(inputs).getDimSize(1)), inputs, plan, apply,
      builder.getF64FloatAttr(1.0), /*allow_multi=*/UnitAttr());
  SmallVector<Value> parameters;
  for (ElementsAttr parameter : experts.parameters)
    parameters.push_back(literal(parameter));
  for (const SharedExpert &shared : layer.shared)
    for (ElementsAttr parameter : shared.experts.parameters)
      parameters.push_back(literal(parameter));
  outputs = ExpertsOp::create(builder, loc, rowsType(width), rows, plan,
                              parameters, table(), apply);
  Type element = result.getElementType();
  // Sums are in f32, whatever the type of the result.
  if (layer.readsSlots && element.getIntOrFloatBitWidth() < 32)
    element = builder.getF32Type();
  Value combined = CombineOp::create(
      builder, loc,
      result.getRank() == 2 && !layer.readsSlots
          ? result
          : RankedTensorType::get({typeOf(inputs).getDimSize(0), width},
                                  element),
      outputs, plan, inputs, /*out_bias=*/Value(), apply,
      ResidualAttr::get(context, Residual::None),
      SumOrderAttr::get(context, SumOrder::ExpertAsc), /*acc=*/TypeAttr());
  if (layer.readsSlots)
    combined = sumOfSlots(combined);
  if (element != result.getElementType())
    combined =
        hlo::ConvertOp::create(builder, loc, combined, result.getElementType());
  if (result.getRank() != 2)
    combined =
        result.hasStaticShape()
            ? hlo::ReshapeOp::create(builder, loc, result, combined).getResult()
            : hlo::DynamicReshapeOp::create(builder, loc, result, combined,
                                            sizes)
                  .getResult();
  // The layer's rows have the shape that the last sum had them in.
  for (const SharedExpert &shared : layer.shared)
    for (Operation *reshape : shared.between) {
      Operation *copy = builder.clone(*reshape);
      copy->setOperand(0, combined);
      combined = copy->getResult(0);
    }
  return combined;
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
  SmallVector<bool> tryScans(func::FuncOp copy,
                             ArrayRef<llvm::DenseSet<Operation *>> bodies,
                             ArrayRef<hlo::WhileOp> loops);
  LogicalResult raise(func::FuncOp function);
  bool raiseAt(Matcher &matcher, Operation *op);
  void reportUnknownForms(func::FuncOp function);
  void report(const Layer &layer, RouteOp route, ExpertsOp experts,
              StringRef beside);
  LogicalResult report(const Matcher &matcher);
  void removeDead(func::FuncOp function);

  /// Ops of layers that are raised or reported.
  llvm::DenseSet<Operation *> done;
  /// Top-ks of routers that a finding is about.
  llvm::DenseSet<Operation *> explained;
  bool failedExport = false;
};

} // namespace

void RaisePass::report(const Layer &layer, RouteOp route, ExpertsOp experts,
                       StringRef beside) {
  std::string weight =
      layer.shared.empty() ? "" : describeWeight(layer.shared.back());
  StringRef slots = layer.readsSlots   ? ", an input for each choice"
                    : layer.givesSlots ? ", an output for each choice"
                                       : "";
  remark::passed(experts.getLoc(),
                 remark::RemarkOpts::name("raised").category("moe-raise"))
      << ("raised " + layer.form + ": " + moe::describe(route) + ", " +
          moe::describe(experts) + weight + slots + beside)
             .str();
}

/// Whether ids of a top-k choose what runs: they are sorted, searched for,
/// scattered to, or look up matrices.
static bool choosesMatrices(Operation *topK) {
  llvm::SetVector<Value> work;
  work.insert(topK->getResult(1));
  for (size_t i = 0; i < work.size(); ++i)
    for (Operation *user : work[i].getUsers()) {
      StringRef name = compositeName(user);
      if (name == "onnx.TopK" || name == "onnx.NonZero" ||
          isa<hlo::SortOp>(user))
        return true;
      if (auto scatter = dyn_cast<hlo::ScatterOp>(user);
          scatter && scatter.getScatterIndices() == work[i])
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
  function.walk([&](Operation *topK) {
    if (!isTopK(topK) || explained.contains(topK) || !choosesMatrices(topK))
      return;
    StringRef why = topK->getParentOp() == function
                        ? "what the chosen experts compute has no known form"
                        : "it is in a loop, and not one that is known to go "
                          "over layers whose weights are stacked constants";
    remark::missed(topK->getLoc(),
                   remark::RemarkOpts::name("unknown").category("moe-raise"))
        << ("MoE layer is not raised: " + why).str();
  });
}

LogicalResult RaisePass::report(const Matcher &matcher) {
  const RaiseFinding &finding = *matcher.finding;
  Operation *topK = nearest(finding.op, isTopK);
  auto named = matcher.named.find(topK);
  explained.insert(named == matcher.named.end() ? topK : named->second);
  if (finding.kind == RaiseFinding::Kind::Missed) {
    StringRef why = matcher.whyNoTopK(finding.op);
    std::string choice =
        why.empty() ? "" : (" (it chooses by " + why + ")").str();
    remark::missed(finding.op->getLoc(),
                   remark::RemarkOpts::name("refused").category("moe-raise"))
        << "MoE layer is not raised: " + finding.text + choice;
    return success();
  }
  InFlightDiagnostic diagnostic =
      acceptFrozenExport ? finding.op->emitWarning() : finding.op->emitError();
  diagnostic << "MoE layer does not compute what its model does: "
             << finding.text;
  diagnostic.attachNote() << finding.hint;
  return success(acceptFrozenExport);
}

/// The layer whose result the op gives, with all that is asked of one; a
/// failure has a finding where it is one in part.
static FailureOr<Layer> matchLayer(Matcher &matcher, Operation *op) {
  static constexpr FormMatcher forms[] = {
      matchExpertChoice, matchSlotSum,         matchSlotRows,
      matchDenseExperts, matchUnrolledExperts, matchExpertLoop,
      matchSoftMixture,  matchCapacity};
  for (FormMatcher form : forms) {
    matcher.finding.reset();
    matcher.parts.clear();
    FailureOr<Layer> layer = form(matcher, op);
    if (succeeded(layer) && succeeded(checkUnits(matcher, *layer)) &&
        succeeded(checkNoOtherUses(matcher, *layer)))
      return layer;
    if (matcher.finding)
      return failure();
  }
  return failure();
}

bool RaisePass::raiseAt(Matcher &matcher, Operation *op) {
  FailureOr<Layer> layer = matchLayer(matcher, op);
  if (succeeded(layer)) {
    std::string beside = takeShared(matcher, *layer);
    Emitter emitter(matcher, *layer);
    FailureOr<Value> result = emitter.run();
    if (succeeded(result)) {
      report(*layer, emitter.route, emitter.outputs, beside);
      // Its parts are not looked at again.
      done.insert_range(
          computing(layer->result, {layer->tokens, layer->router.logits}));
      layer->last()->getResult(0).replaceAllUsesWith(*result);
      return true;
    }
  }
  if (matcher.finding) {
    failedExport |= failed(report(matcher));
    // They would be refused again, for less.
    done.insert_range(matcher.parts);
  }
  return false;
}

/// A loop without layers stays, with the reason why the nearest thing to one is
/// none.
SmallVector<bool>
RaisePass::tryScans(func::FuncOp copy,
                    ArrayRef<llvm::DenseSet<Operation *>> bodies,
                    ArrayRef<hlo::WhileOp> loops) {
  Matcher matcher(&getContext());
  nameTopKs(matcher, copy);
  SmallVector<bool> haveLayers;
  for (auto [body, scan] : llvm::zip(bodies, loops)) {
    hlo::WhileOp loop = scan;
    bool hasLayer = false;
    std::string why = "what the chosen experts compute has no known form";
    for (Operation &op : llvm::reverse(copy.getBody().front())) {
      if (!body.contains(&op) || op.use_empty())
        continue;
      hasLayer = succeeded(matchLayer(matcher, &op));
      if (hasLayer)
        break;
      if (matcher.finding)
        why = matcher.finding->text;
    }
    haveLayers.push_back(hasLayer);
    if (hasLayer)
      continue;
    remark::missed(loop.getLoc(),
                   remark::RemarkOpts::name("loop").category("moe-raise"))
        << "loop over layers stays, for its MoE layer is not raised: " + why;
    loop.walk([&](Operation *op) {
      if (isTopK(op))
        explained.insert(op);
    });
  }
  return haveLayers;
}

LogicalResult RaisePass::raise(func::FuncOp function) {
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) {
    if (op->getNumResults() != 0 && op->getParentOp() == function)
      ops.push_back(op);
  });
  Matcher matcher(&getContext());
  nameTopKs(matcher, function);
  for (Operation *op : llvm::reverse(ops)) {
    if (op->use_empty() || done.contains(op))
      continue;
    raiseAt(matcher, op);
  }
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
    auto unify = [&](func::FuncOp function) {
      DominanceInfo dominance(function);
      eliminateCommonSubExpressions(rewriter, dominance, function);
    };
    unrollScans(function, [&](auto copy, auto bodies, auto loops) {
      unify(copy);
      return tryScans(copy, bodies, loops);
    });
    unify(function);
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
