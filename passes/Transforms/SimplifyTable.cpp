// moe-simplify-routing: experts without parameters of their own get no rows
// (rule C3).
#include "SimplifyRouting.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

/// True for a routed class whose experts need no row: nothing comes out, or the
/// unit itself, or a vector that no input changes.
static bool needsNoRows(ClassAttr entry) {
  if (entry.isAlways())
    return false;
  return entry.getKind() == ClassKind::Zero ||
         entry.getKind() == ClassKind::Copy ||
         (entry.getKind() == ClassKind::Constant &&
          entry.getMix() == ConstantMix::None);
}

/// Why the classes of `layer` that need no rows keep theirs; empty where they
/// need not.
static StringRef whyRowsStay(RoutedLayer layer, PlanType plan) {
  auto [route, dispatch, experts, combine] = layer;
  ArrayRef<ClassAttr> classes = experts.getTable().getClasses();
  auto has = [&](ClassKind kind) {
    return llvm::any_of(classes, [&](ClassAttr entry) {
      return entry.getKind() == kind && needsNoRows(entry);
    });
  };
  if (llvm::all_of(classes, [](ClassAttr entry) {
        return entry.isAlways() || needsNoRows(entry);
      }))
    return "no other expert is routed to";
  if (plan.getEncoding() != PlanEncoding::Slots)
    return "the plan is not in slots";
  if (combine.getApply() != Apply::Output ||
      experts.getApply() != Apply::Output ||
      dispatch.getApply() != Apply::Output)
    return "weights do not multiply the output";
  if (combine.getResidual() == Residual::Complement)
    return "the residual subtracts the weights of all entries";
  if (has(ClassKind::Copy)) {
    if (dispatch.getInputScale().convertToDouble() != 1.0)
      return "the input of all experts is scaled";
    if (llvm::any_of(classes, [](ClassAttr entry) {
          return entry.getKind() == ClassKind::Copy && entry.scalesInput();
        }))
      return "copied rows are scaled";
    if (dispatch.getInput() != combine.getX())
      return "copied rows are not the units of the sum";
  }
  if (has(ClassKind::Constant)) {
    auto isF32 = [](Value value) {
      return cast<ShapedType>(value.getType()).getElementType().isF32();
    };
    if (!plan.getWeight().isF32() || !isF32(combine.getResult()) ||
        !llvm::all_of(experts.getParameters(), isF32))
      return "vectors, weights or sums are not f32";
  }
  return {};
}

/// `sum` plus the weights of the `count` ids from `first` on times their
/// `vectors` (count x d).
static Value addVectors(Value sum, Value weights, int64_t first, int64_t count,
                        Value vectors, Location loc, RewriterBase &rewriter) {
  OpFoldResult units = tensor::getMixedSize(rewriter, loc, weights, 0);
  OpFoldResult one = rewriter.getIndexAttr(1);
  Value own = tensor::ExtractSliceOp::create(
      rewriter, loc, weights,
      ArrayRef<OpFoldResult>{rewriter.getIndexAttr(0),
                             rewriter.getIndexAttr(first)},
      ArrayRef<OpFoldResult>{units, rewriter.getIndexAttr(count)},
      ArrayRef<OpFoldResult>{one, one});
  return linalg::MatmulOp::create(rewriter, loc, ValueRange{own, vectors},
                                  ValueRange{sum})
      .getResult(0);
}

void moe::detail::dropParameterFree(CombineOp combine, RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C3";
  auto made = combine.getRows().getDefiningOp<ExpertsOp>();
  if (!made || llvm::none_of(made.getTable().getClasses(), needsNoRows))
    return;
  FailureOr<RoutedLayer> layer = matchRows(combine);
  if (failed(layer))
    return reportKept(made, rule, noLayer);
  ExpertsOp experts = layer->experts;
  Value plan = combine.getPlan();
  auto type = cast<PlanType>(plan.getType());
  if (StringRef why = whyRowsStay(*layer, type); !why.empty())
    return reportKept(experts, rule, why);

  SmallVector<ClassAttr> classes;
  SmallVector<Value> parameters;
  SmallVector<int64_t> map, carry;
  struct Constants {
    int64_t first, count;
    Value vectors;
  };
  SmallVector<Constants> constants;
  int64_t id = 0, next = 0;
  for (auto [entry, own] : llvm::zip_equal(experts.getTable().getClasses(),
                                           splitParameters(experts))) {
    bool drops = needsNoRows(entry);
    if (!drops) {
      classes.push_back(entry);
      llvm::append_range(parameters, own);
    } else if (entry.getKind() == ClassKind::Constant) {
      constants.push_back({id, entry.getCount(), own.front()});
    }
    if (entry.isAlways())
      continue;
    for (int64_t last = id + entry.getCount(); id < last; ++id) {
      map.push_back(drops ? -1 : next++);
      if (entry.getKind() == ClassKind::Copy)
        carry.push_back(id);
    }
  }

  Location loc = experts.getLoc();
  rewriter.setInsertionPoint(layer->dispatch);
  auto lean =
      PlanType::get(rewriter.getContext(), next, PlanEncoding::Slots,
                    std::min(type.getSlots(), next), type.getAlways(),
                    type.getWeight(), type.getCarry() || !carry.empty());
  Value remapped = RemapOp::create(
      rewriter, loc, lean, plan, /*replicas=*/Value(), /*choice=*/Value(),
      rewriter.getDenseI64ArrayAttr(map), rewriter.getDenseI64ArrayAttr(carry),
      /*slot_mask=*/DenseI64ArrayAttr(),
      ManyToOneAttr::get(rewriter.getContext(), ManyToOne::Sum));
  auto table = TableAttr::get(rewriter.getContext(), classes);
  rewriter.modifyOpInPlace(layer->dispatch, [&] {
    layer->dispatch.getPlanMutable().assign(remapped);
  });
  rewriter.modifyOpInPlace(experts, [&] {
    experts.getPlanMutable().assign(remapped);
    experts.setTableAttr(table);
    experts.getParametersMutable().assign(parameters);
  });
  rewriter.modifyOpInPlace(combine,
                           [&] { combine.getPlanMutable().assign(remapped); });
  reportSimplified(experts, rule, "experts without parameters get no rows");
  if (constants.empty())
    return;

  rewriter.setInsertionPointAfter(combine);
  PlanType dense = type.withEncoding(PlanEncoding::Dense, 0);
  Value converted = ConvertPlanOp::create(rewriter, loc, dense, plan);
  SmallVector<Type> parts = {
      RankedTensorType::get({ShapedType::kDynamic, type.getExperts()},
                            type.getWeight()),
      RankedTensorType::get({ShapedType::kDynamic, type.getExperts()},
                            rewriter.getI1Type())};
  if (type.getCarry())
    parts.push_back(
        RankedTensorType::get({ShapedType::kDynamic}, type.getWeight()));
  auto unpacked = UnpackPlanOp::create(rewriter, loc, parts, converted);
  Value sum = combine.getResult();
  Operation *firstUser = nullptr;
  for (const Constants &entry : constants) {
    sum = addVectors(sum, unpacked.getParts().front(), entry.first, entry.count,
                     entry.vectors, loc, rewriter);
    if (!firstUser)
      firstUser = sum.getDefiningOp();
  }
  rewriter.replaceAllUsesExcept(combine.getResult(), sum, firstUser);
}
