// moe.dispatch, moe.experts, moe.combine and moe.ffn: verifiers.
#include "Shapes.h"
#include "moe/Dialect/MoE/Quant.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace moe;
using moe::detail::compatible;
using moe::detail::getFloatTypes;

static bool isSoft(TypedValue<PlanType> plan) {
  return plan.getType().getEncoding() == PlanEncoding::Soft;
}

//===----------------------------------------------------------------------===//
// DispatchOp
//===----------------------------------------------------------------------===//

LogicalResult DispatchOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  RowsType rows = getRows().getType();
  // (dispatch_c1)
  if (!compatible(input.getDimSize(1), rows.getWidth()) ||
      input.getElementType() != rows.getElementType())
    return emitOpError("requires 'rows' (")
           << rows << ") to have the width and element type of 'input' ("
           << input << ")";
  // (R13)
  if (getApply() == Apply::Input && getPlan().getType().getSlots() != 1 &&
      !getAllowMulti())
    return emitOpError("requires the plan's slots (")
           << getPlan().getType().getSlots()
           << ") to equal 1 where weights multiply the input, or "
              "'allow_multi'";
  // (R4)
  if (isSoft(getPlan()) && getApply() != Apply::Output)
    return emitOpError("expects 'apply <output>' with a soft plan, but got '")
           << stringifyEnum(getApply()) << "'";
  // (dispatch_c2)
  if (rows.getLayout() == RowLayout::Indexed && !givesUnitsAsTheyAre())
    return emitOpError("expects units as they are in indexed rows, but got "
                       "weights, a scale or a soft plan that change them");
  return success();
}

bool DispatchOp::givesUnitsAsTheyAre() {
  return getApply() != Apply::Input &&
         getInputScale().convertToDouble() == 1.0 && !isSoft(getPlan());
}

/// (experts_c5), (combine_c3).
static LogicalResult verifyGrouped(Operation *op, RowsType rows) {
  if (rows.getLayout() == RowLayout::Grouped)
    return success();
  return op->emitOpError("expects grouped 'rows', but got ") << rows;
}

//===----------------------------------------------------------------------===//
// Parameters of a body
//===----------------------------------------------------------------------===//

/// Checks `operands` against `parameters` with `leading` in front of each shape
/// that is not shared.
static LogicalResult verifyParameters(Operation *op, ValueRange operands,
                                      ArrayRef<Parameter> parameters,
                                      ArrayRef<int64_t> leading) {
  for (auto [operand, parameter] : llvm::zip_equal(operands, parameters)) {
    SmallVector<int64_t> expected(parameter.shared ? ArrayRef<int64_t>()
                                                   : leading);
    llvm::append_range(expected, parameter.shape);
    auto type = cast<RankedTensorType>(operand.getType());
    if (!llvm::equal(type.getShape(), expected, compatible))
      return op->emitOpError("requires parameter '")
             << stringifyParameter(parameter) << "' (" << type
             << ") to have the shape [" << expected << "]";
    if (!isa<FloatType>(type.getElementType()))
      return op->emitOpError("expects a float element type of parameter '")
             << stringifyParameter(parameter) << "', but got " << type;
  }
  return success();
}

static LogicalResult verifyCount(Operation *op, size_t operands,
                                 size_t expected) {
  if (operands == expected)
    return success();
  return op->emitOpError("expects ")
         << expected << " parameters, but got " << operands;
}

//===----------------------------------------------------------------------===//
// ExpertsOp
//===----------------------------------------------------------------------===//

/// True for classes whose experts need a row of one unit: they compute nothing
/// from it, or read which expert it belongs to.
static bool needsUnitRows(ClassKind kind) {
  switch (kind) {
  case ClassKind::Zero:
  case ClassKind::Copy:
  case ClassKind::Constant:
  case ClassKind::Neuron:
  case ClassKind::Value:
    return true;
  default:
    return false;
  }
}

/// (R16): a class has one format per matrix, which its operands follow.
static LogicalResult verifyFormats(ExpertsOp op, ClassAttr entry,
                                   ArrayRef<Parameter> parameters) {
  size_t matrices = llvm::count_if(parameters, isMatrix);
  if (!entry.isQuantised() || entry.getQuant().size() == matrices)
    return success();
  return op.emitOpError("requires the formats in 'quant' (")
         << entry.getQuant().size() << ") to be as many as the matrices of a '"
         << stringifyEnum(entry.getKind()) << "' class (" << matrices << ")";
}

LogicalResult moe::detail::verifyStored(Operation *op,
                                        const ParameterOperands &own,
                                        ArrayRef<int64_t> leading) {
  int64_t rows = own.parameter.shape[0], columns = own.parameter.shape[1];
  if (ShapedType::isDynamic(rows) || ShapedType::isDynamic(columns))
    return op->emitOpError("expects static sizes of parameter '")
           << stringifyParameter(own.parameter) << "', which is stored";
  std::string why = whyNotStored(own.quant, rows, columns);
  if (!why.empty())
    return op->emitOpError("requires ")
           << why << " where '" << stringifyEnum(own.quant.getFormat())
           << "' stores parameter '" << stringifyParameter(own.parameter)
           << "'";
  return verifyStorage(op, own.quant, own.operands, leading, rows, columns);
}

/// (experts_c2), (R16): the operands of a parameter have its shape, or that of
/// its storage.
static LogicalResult verifyOperands(ExpertsOp op, int64_t count,
                                    const ParameterOperands &own) {
  if (!own.quant)
    return verifyParameters(op, own.operands, own.parameter, count);
  return moe::detail::verifyStored(
      op, own,
      own.parameter.shared ? ArrayRef<int64_t>() : ArrayRef<int64_t>(count));
}

LogicalResult moe::detail::verifyDivisors(Operation *op, ClassAttr entry,
                                          int64_t in, int64_t out) {
  // The inner width is rows of the first matrices and columns of the last.
  int64_t rows = entry.getRowDivisor(), columns = entry.getColumnDivisor();
  int64_t width = entry.getWidth();
  for (auto [size, divisor] :
       {std::pair(out, rows), std::pair(width, rows), std::pair(in, columns),
        std::pair(width, columns)})
    if (!ShapedType::isDynamic(size) && size % divisor != 0)
      return op->emitOpError("requires the sizes of matrices (")
             << size << ") to be multiples of those that 'factors = "
             << stringifyEnum(entry.getFactors()) << "' splits off (" << divisor
             << ")";
  return success();
}

LogicalResult moe::detail::verifyPassedOn(Operation *op, ClassAttr entry,
                                          int64_t in, int64_t out) {
  bool passesOn = entry.getKind() == ClassKind::Copy ||
                  entry.getMix() == ConstantMix::Softmax2;
  if (!passesOn || compatible(in, out))
    return success();
  return op->emitOpError("requires the width of the result (")
         << out << ") to equal that of the input (" << in
         << ") where a class passes rows on";
}

/// (R18): factors that the experts of a nested or factored class share belong
/// to no other class.
static LogicalResult verifySharing(ExpertsOp op, ClassAttr entry,
                                   ArrayRef<ParameterOperands> parameters) {
  if (entry.getKind() != ClassKind::Nested &&
      entry.getKind() != ClassKind::Factored)
    return success();
  for (const ParameterOperands &own : parameters)
    if (own.parameter.shared &&
        llvm::count(op.getParameters(), own.operands.front()) != 1)
      return op.emitOpError("expects parameter '")
             << stringifyParameter(own.parameter) << "' of a '"
             << stringifyEnum(entry.getKind()) << "' class in one class alone";
  return success();
}

LogicalResult ExpertsOp::verify() {
  PlanType plan = getPlan().getType();
  TableAttr table = getTable();
  RowsType input = getInput().getType(), rows = getRows().getType();
  // (experts_c5)
  if (failed(verifyGrouped(*this, rows)))
    return failure();
  // (experts_c1)
  if (table.getNumRouted() != plan.getExperts())
    return emitOpError("requires the table's routed ids (")
           << table.getNumRouted() << ") to equal the plan's experts ("
           << plan.getExperts() << ")";
  if (table.getNumAlways() != plan.getAlways())
    return emitOpError("requires the table's always-on ids (")
           << table.getNumAlways() << ") to equal the plan's ("
           << plan.getAlways() << ")";
  // (R16)
  for (ClassAttr entry : table.getClasses())
    if (failed(verifyFormats(*this, entry, ::moe::getParameters(entry, 1, 1))))
      return failure();
  // (experts_c2)
  if (failed(
          verifyCount(*this, getParameters().size(), table.getNumOperands())))
    return failure();
  OperandRange operands = getParameters();
  for (ClassAttr entry : table.getClasses()) {
    // (experts_c3)
    int64_t widest =
        entry.getWidths().empty() ? 0 : *llvm::max_element(entry.getWidths());
    if (!entry.getBody() && widest > input.getWidth())
      return emitOpError("requires 'widths' (")
             << widest << ") to be at most the width of the input ("
             << input.getWidth() << ")";
    int64_t products = entry.getWidth() *
                       (1 + (entry.getBody() && entry.getBody().getGated()));
    if (entry.getBase() == ClassBase::InRows && input.getWidth() <= products)
      return emitOpError("requires the width of the input (")
             << input.getWidth() << ") to exceed the products in a row ("
             << products << ")";
    // (experts_c6)
    if (failed(moe::detail::verifyDivisors(*this, entry, input.getWidth(),
                                           rows.getWidth())))
      return failure();
    // (experts_c2), (R16)
    SmallVector<ParameterOperands> own =
        groupOperands(entry, input.getWidth(), rows.getWidth(),
                      operands.take_front(entry.getNumOperands()));
    for (const ParameterOperands &parameter : own)
      if (failed(verifyOperands(*this, entry.getCount(), parameter)))
        return failure();
    // (R18)
    if (failed(verifySharing(*this, entry, own)))
      return failure();
    operands = operands.drop_front(entry.getNumOperands());
    // (R14)
    if (getApply() == Apply::Hidden && !entry.hasHidden())
      return emitOpError("expects classes with a hidden vector alone with "
                         "'apply <hidden>', but got '")
             << stringifyEnum(entry.getKind()) << "'";
    // (R4)
    if (isSoft(getPlan()) && needsUnitRows(entry.getKind()))
      return emitOpError("expects no class that looks at single units with a "
                         "soft plan, but got '")
             << stringifyEnum(entry.getKind()) << "'";
    // (R17)
    if (failed(moe::detail::verifyPassedOn(*this, entry, input.getWidth(),
                                           rows.getWidth())))
      return failure();
  }
  return success();
}

/// Requires `callee` to be a function from `argument` to `result`.
static LogicalResult verifyCallee(Operation *op, FlatSymbolRefAttr callee,
                                  Type argument, Type result,
                                  SymbolTableCollection &symbols) {
  auto function =
      symbols.lookupNearestSymbolFrom<FunctionOpInterface>(op, callee);
  if (!function)
    return op->emitOpError("expects a function as 'callee', but got ")
           << callee;
  if (function.getArgumentTypes() == ArrayRef<Type>(argument) &&
      function.getResultTypes() == ArrayRef<Type>(result))
    return success();
  InFlightDiagnostic diagnostic = op->emitOpError("expects a function from ")
                                  << argument << " to " << result
                                  << " as 'callee', but got " << callee;
  diagnostic.attachNote(function.getLoc()) << "function declared here";
  return diagnostic;
}

LogicalResult moe::detail::verifyActivation(Operation *op, BodyAttr body,
                                            TypeRange types,
                                            SymbolTableCollection &symbols) {
  if (!body || !body.getCallee())
    return success();
  MLIRContext *context = op->getContext();
  Type number = Float32Type::get(context);
  if (llvm::any_of(types, [](Type type) { return type.isF64(); }))
    number = Float64Type::get(context);
  return verifyCallee(op, body.getCallee(), number, number, symbols);
}

SmallVector<Type>
moe::detail::getFloatTypes(ArrayRef<ParameterOperands> parameters) {
  SmallVector<Type> types;
  for (const ParameterOperands &own : parameters)
    if (!own.quant)
      types.push_back(getElementTypeOrSelf(own.operands.front()));
  return types;
}

LogicalResult ExpertsOp::verifySymbolUses(SymbolTableCollection &symbols) {
  RowsType input = getInput().getType(), output = getType();
  auto typeOf = [](RowsType rows) {
    return RankedTensorType::get({ShapedType::kDynamic, rows.getWidth()},
                                 rows.getElementType());
  };
  OperandRange operands = getParameters();
  for (ClassAttr entry : getTable().getClasses()) {
    // (experts_c4)
    if (entry.getCallee() &&
        failed(verifyCallee(*this, entry.getCallee(), typeOf(input),
                            typeOf(output), symbols)))
      return failure();
    // (body_c5)
    SmallVector<Type> types = getFloatTypes(
        groupOperands(entry, input.getWidth(), output.getWidth(),
                      operands.take_front(entry.getNumOperands())));
    operands = operands.drop_front(entry.getNumOperands());
    types.push_back(input.getElementType());
    if (failed(moe::detail::verifyActivation(*this, entry.getBody(), types,
                                             symbols)))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// CombineOp
//===----------------------------------------------------------------------===//

LogicalResult CombineOp::verify() {
  auto x = cast<RankedTensorType>(getX().getType());
  auto result = cast<RankedTensorType>(getType());
  int64_t width = getRows().getType().getWidth();
  // (combine_c3)
  if (failed(verifyGrouped(*this, getRows().getType())))
    return failure();
  // (combine_c1)
  if (!compatible(result.getDimSize(0), x.getDimSize(0)) ||
      !compatible(result.getDimSize(1), width))
    return emitOpError("requires the result (")
           << result << ") to have the rows of 'x' (" << x
           << ") and the width of 'rows' (" << width << ")";
  // (combine_c2)
  if (getOutBias() &&
      !compatible(cast<ShapedType>(getOutBias().getType()).getDimSize(0),
                  width))
    return emitOpError("requires 'out_bias' (")
           << getOutBias().getType() << ") to have the width of 'rows' ("
           << width << ")";
  // (R17)
  bool addsUnits =
      getResidual() != Residual::None || getPlan().getType().getCarry();
  if (addsUnits && !compatible(x.getDimSize(1), width))
    return emitOpError("requires the width of 'x' (")
           << x.getDimSize(1) << ") to equal that of 'rows' (" << width
           << ") where units are added to the sum";
  // (R4)
  if (isSoft(getPlan()) &&
      (getApply() != Apply::Output || getResidual() == Residual::Complement))
    return emitOpError("expects 'apply <output>' and no residual 'complement' "
                       "with a soft plan, but got '")
           << stringifyEnum(getApply()) << "' and '"
           << stringifyEnum(getResidual()) << "'";
  return success();
}

//===----------------------------------------------------------------------===//
// FfnOp
//===----------------------------------------------------------------------===//

LogicalResult FfnOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto result = cast<RankedTensorType>(getType());
  // (ffn_c1)
  if (!compatible(input.getDimSize(0), result.getDimSize(0)))
    return emitOpError("requires the result (")
           << result << ") to have the rows of 'input' (" << input << ")";
  // (ffn_c2)
  BodyAttr body = getBody();
  if (failed(
          verifyCount(*this, getParameters().size(), body.getNumParameters())))
    return failure();
  // The inner width is that of the last matrix, out x f.
  Value down = getParameters().drop_back(body.getDownBias()).back();
  auto downType = cast<RankedTensorType>(down.getType());
  if (downType.getRank() != 2)
    return emitOpError("expects a matrix as parameter 'down', but got ")
           << downType;
  return verifyParameters(*this, getParameters(),
                          ::moe::getParameters(body, input.getDimSize(1),
                                               downType.getDimSize(1),
                                               result.getDimSize(1)),
                          {});
}

LogicalResult FfnOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // (body_c5)
  return moe::detail::verifyActivation(
      *this, getBody(),
      llvm::map_to_vector(getOperandTypes(),
                          [](Type type) { return getElementTypeOrSelf(type); }),
      symbols);
}
