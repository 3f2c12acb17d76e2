// moe-simplify-routing: products with the base of lora experts are made once
// per unit (rule C17).
#include "SimplifyRouting.h"
#include "moe/Dialect/MoE/Parameters.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;

static constexpr StringLiteral productsRounded =
    "products in rows would be rounded";

/// Why the rows of `experts` keep to the input alone; empty where they need
/// not. `dispatch` makes them, or is null.
static StringRef whyBaseStays(ExpertsOp experts, DispatchOp dispatch) {
  ArrayRef<ClassAttr> classes = experts.getTable().getClasses();
  if (classes.size() != 1)
    return "other classes read the same rows";
  if (classes[0].getBody().hasJointStorage())
    return "gate and up are one matrix";
  if (!dispatch || !dispatch->hasOneUse() ||
      dispatch.getPlan() != experts.getPlan())
    return noLayer;
  PlanType plan = experts.getPlan().getType();
  if (plan.getEncoding() == PlanEncoding::Soft)
    return "the rows of a soft plan are of no unit";
  if (plan.getSlots() + plan.getAlways() == 1)
    return "a unit has one row";
  if (dispatch.getApply() == Apply::Input ||
      dispatch.getInputScale().convertToDouble() != 1.0 ||
      classes[0].scalesInput())
    return "the input of experts is scaled";
  auto isStatic = [](Value value) {
    return cast<ShapedType>(value.getType()).hasStaticShape();
  };
  if (cast<ShapedType>(dispatch.getInput().getType()).isDynamicDim(1) ||
      !llvm::all_of(experts.getParameters(), isStatic))
    return "its sizes are dynamic";
  auto isF32 = [](Value value) {
    return cast<ShapedType>(value.getType()).getElementType().isF32();
  };
  if (!isF32(dispatch.getInput()))
    return productsRounded;
  for (const ParameterOperands &own :
       groupOperands(classes[0], 1, 1, experts.getParameters())) {
    if (!own.quant && !isF32(own.operands.front()))
      return productsRounded;
    if (own.quant && own.quant.getWidths() == QuantWidths::Operand)
      return "the widths of its codes are operands";
  }
  return {};
}

/// `rows` (U x d) times the rows of `matrix` (f x d), plus `bias` (f) where
/// given.
static Value createProduct(Value rows, Value matrix, Value bias, Location loc,
                           RewriterBase &rewriter) {
  Type element = cast<ShapedType>(rows.getType()).getElementType();
  SmallVector<OpFoldResult> sizes = {
      tensor::getMixedSize(rewriter, loc, rows, 0),
      tensor::getMixedSize(rewriter, loc, matrix, 0)};
  Value init = tensor::EmptyOp::create(rewriter, loc, sizes, element);
  if (bias) {
    init = linalg::BroadcastOp::create(rewriter, loc, bias, init,
                                       /*dimensions=*/ArrayRef<int64_t>{0})
               ->getResult(0);
  } else {
    Value zero =
        arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(element));
    init = linalg::FillOp::create(rewriter, loc, zero, init).getResult(0);
  }
  auto product = linalg::MatmulOp::create(
      rewriter, loc, ValueRange{rows, matrix}, ValueRange{init});
  const unsigned loops[3][2] = {{0, 2}, {1, 2}, {0, 1}};
  product.setIndexingMapsAttr(rewriter.getArrayAttr(
      llvm::map_to_vector(loops, [&](ArrayRef<unsigned> targets) -> Attribute {
        return AffineMapAttr::get(AffineMap::getMultiDimMapWithTargets(
            3, targets, rewriter.getContext()));
      })));
  return product.getResult(0);
}

/// A shared matrix or bias: itself, or what stores it as one in f32.
static Value createShared(const ParameterOperands &own, Location loc,
                          RewriterBase &rewriter) {
  if (!own.quant)
    return own.operands.front();
  auto type = RankedTensorType::get(own.parameter.shape, rewriter.getF32Type());
  return DequantOp::create(rewriter, loc, type, own.operands, /*bits=*/Value(),
                           own.quant);
}

/// Matrices with equal numbers of rows, side by side.
static Value joinColumns(ArrayRef<Value> parts, Location loc,
                         RewriterBase &rewriter) {
  OpFoldResult rows = tensor::getMixedSize(rewriter, loc, parts.front(), 0);
  OpFoldResult one = rewriter.getIndexAttr(1);
  auto columnsOf = [](Value part) {
    return cast<ShapedType>(part.getType()).getDimSize(1);
  };
  int64_t columns = 0;
  for (Value part : parts)
    columns += columnsOf(part);
  Value joined = tensor::EmptyOp::create(
      rewriter, loc,
      ArrayRef<OpFoldResult>{rows, rewriter.getIndexAttr(columns)},
      cast<ShapedType>(parts.front().getType()).getElementType());
  int64_t first = 0;
  for (Value part : parts) {
    joined = tensor::InsertSliceOp::create(
        rewriter, loc, part, joined,
        ArrayRef<OpFoldResult>{rewriter.getIndexAttr(0),
                               rewriter.getIndexAttr(first)},
        ArrayRef<OpFoldResult>{rows, rewriter.getIndexAttr(columnsOf(part))},
        ArrayRef<OpFoldResult>{one, one});
    first += columnsOf(part);
  }
  return joined;
}

void moe::detail::multiplyBaseOnce(ExpertsOp experts, RewriterBase &rewriter) {
  constexpr StringLiteral rule = "C17";
  if (llvm::none_of(experts.getTable().getClasses(), [](ClassAttr entry) {
        return entry.getKind() == ClassKind::Lora &&
               entry.getBase() == ClassBase::Own;
      }))
    return;
  auto dispatch = experts.getInput().getDefiningOp<DispatchOp>();
  if (StringRef why = whyBaseStays(experts, dispatch); !why.empty())
    return reportKept(experts, rule, why);

  ClassAttr entry = experts.getTable().getClasses().front();
  RowsType rows = experts.getInput().getType();
  Location loc = experts.getLoc();
  // Parameters may be defined between the two.
  rewriter.moveOpBefore(dispatch, experts);
  rewriter.setInsertionPoint(dispatch);
  Value gate, gateBias, up, upBias;
  SmallVector<Value> kept;
  for (const ParameterOperands &own :
       groupOperands(entry, rows.getWidth(), experts.getType().getWidth(),
                     experts.getParameters())) {
    bool isWhole = own.parameter.part == ParameterPart::Whole;
    ParameterRole role = own.parameter.role;
    if (isWhole && role == ParameterRole::Gate)
      gate = createShared(own, loc, rewriter);
    else if (isWhole && role == ParameterRole::GateBias)
      gateBias = own.operands.front();
    else if (isWhole && role == ParameterRole::Up)
      up = createShared(own, loc, rewriter);
    else if (isWhole && role == ParameterRole::UpBias)
      upBias = own.operands.front();
    else
      llvm::append_range(kept, own.operands);
  }

  Value x = dispatch.getInput();
  SmallVector<Value> parts = {x};
  if (gate)
    parts.push_back(createProduct(x, gate, gateBias, loc, rewriter));
  parts.push_back(createProduct(x, up, upBias, loc, rewriter));
  Value wide = joinColumns(parts, loc, rewriter);
  auto wideRows = RowsType::get(rewriter.getContext(), rows.getElementType(),
                                cast<ShapedType>(wide.getType()).getDimSize(1),
                                rows.getLayout());
  rewriter.modifyOpInPlace(dispatch, [&] {
    dispatch.getInputMutable().assign(wide);
    dispatch.getRows().setType(wideRows);
  });
  rewriter.modifyOpInPlace(experts, [&] {
    experts.setTableAttr(
        TableAttr::get(rewriter.getContext(), entry.withBaseInRows()));
    experts.getParametersMutable().assign(kept);
  });
  reportSimplified(experts, rule,
                   "products with the base are made once per unit");
}
