// Recognises layers that task graphs can compute and lays out their weights.
#include "TileLayer.h"
#include "../RouteToVector/RouteKernel.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace moe;
using namespace moe::detail;
using namespace moe::tile;
using utils::IteratorType;

//===----------------------------------------------------------------------===//
// PanelWeight
//===----------------------------------------------------------------------===//

static constexpr StringLiteral panelSuffixes[] = {"", "_scale", "_zero"};

void PanelWeight::addBuffers(TaskBuilder &builder, StringRef name,
                             const Dim &experts) const {
  size_t lead = ofExperts() ? 1 : 0;
  for (auto [tensor, suffix] : llvm::zip(tensors(), panelSuffixes)) {
    auto type = cast<RankedTensorType>(tensor.getType());
    SmallVector<Dim> shape(lead, experts);
    shape.push_back(Dim::fixed(columns, width));
    for (int64_t size : type.getShape().drop_front(lead + 1))
      shape.push_back(Dim::fixed(size));
    builder.buffer((name + suffix).str(), shape, type.getElementType(),
                   builder.b.readOnlyBuffer(tensor));
  }
}

std::pair<size_t, size_t> PanelWeight::addRegions(TaskBuilder::Regions &regions,
                                                  StringRef name,
                                                  OpFoldResult e,
                                                  Value n) const {
  size_t first = regions.all.size(), lead = ofExperts() ? 1 : 0;
  for (auto [tensor, suffix] : llvm::zip(tensors(), panelSuffixes)) {
    auto type = cast<RankedTensorType>(tensor.getType());
    // A view of one panel is without the dimension of panels.
    SmallVector<int64_t> shape(getIndexDim(n)->step == width ? 0 : 1,
                               ShapedType::kDynamic);
    llvm::append_range(shape, type.getShape().drop_front(lead + 1));
    SmallVector<OpFoldResult> indices = {n};
    if (lead)
      indices.insert(indices.begin(), e);
    indices.resize(type.getRank());
    regions.add({Mode::Read, (name + suffix).str(), indices,
                 viewOf(type.getElementType(), shape)});
  }
  return {first, regions.all.size() - first};
}

void PanelWeight::multiply(OpBuilder &builder, Location loc, Value rows,
                           ValueRange parts, ValueRange views,
                           Value target) const {
  linalg::GenericOp op = product;
  // Loop e is gone: it leads the maps of the tensors.
  MLIRContext *context = builder.getContext();
  AffineExpr m, n, k;
  bindDims(context, m, n, k);
  SmallVector<AffineExpr> loops = {builder.getAffineConstantExpr(0), m, n, k};
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  int64_t lead = ofExperts() ? 1 : 0;
  if (lead)
    for (AffineMap &map : maps)
      map = map.dropResult(0).replaceDimsAndSymbols(
          loops, {}, /*numResultDims=*/3, /*numResultSyms=*/0);
  SmallVector<IteratorType> kinds = {
      IteratorType::parallel, IteratorType::parallel, IteratorType::reduction};
  SmallVector<Value> inputs = {rows};
  for (auto [view, map] : llvm::zip(views, ArrayRef(maps).drop_front())) {
    auto type = cast<MemRefType>(view.getType());
    if (type.getRank() == map.getNumResults()) {
      inputs.push_back(view);
      continue;
    }
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin(), 1);
    SmallVector<ReassociationIndices> groups = {{0, 1}};
    for (int64_t i = 2, e = shape.size(); i < e; ++i)
      groups.push_back({i});
    inputs.push_back(
        memref::ExpandShapeOp::create(builder, loc, shape, view, groups));
  }
  auto ofMatrix = linalg::GenericOp::create(
      builder, loc, inputs, target, maps, kinds,
      [&](OpBuilder &nested, Location, ValueRange arguments) {
        IRMapping mapping;
        mapping.map(op.getBody()->getArguments(), arguments);
        for (Operation &inner : *op.getBody()) {
          Operation *copy = nested.clone(inner, mapping);
          if (auto index = dyn_cast<linalg::IndexOp>(copy))
            index.setDim(index.getDim() - lead);
        }
      });
  if (!parts.empty())
    addParts(builder, *Contraction::match(ofMatrix), parts);
}

/// `matrices` ([experts x] N x K), which rows of `rowType` are multiplied by;
/// null where kernels have no panels for them.
static PanelWeight packMatrices(TensorBuilder &b, Value matrices,
                                FloatType rowType, const VectorUnit &unit) {
  auto type = cast<RankedTensorType>(matrices.getType());
  unsigned lead = type.getRank() - 2, loops = lead + 3;
  ArrayRef<int64_t> experts = type.getShape().take_front(lead);
  int64_t n = type.getDimSize(lead), k = type.getDimSize(lead + 1);
  auto empty = [&](int64_t columns, Type element) -> Value {
    SmallVector<int64_t> shape(experts);
    shape.append({1, columns});
    return tensor::EmptyOp::create(b, shape, element);
  };
  MLIRContext *context = b.getContext();
  auto map = [&](unsigned row, unsigned column) {
    SmallVector<unsigned> dims = {lead + row, lead + column};
    if (lead)
      dims.insert(dims.begin(), 0);
    return AffineMap::getMultiDimMapWithTargets(loops, dims, context);
  };
  SmallVector<AffineMap> maps = {map(0, 2), map(1, 2), map(0, 1)};
  SmallVector<IteratorType> kinds(loops, IteratorType::parallel);
  kinds.back() = IteratorType::reduction;
  Value init = empty(n, b.getF32Type());
  auto product = linalg::GenericOp::create(
      b, init.getType(), ValueRange{empty(k, rowType), matrices}, init, maps,
      kinds, [&](OpBuilder &, Location, ValueRange in) {
        Type f32 = b.getF32Type();
        Value term = b.mul(b.convert(in[0], f32), b.convert(in[1], f32));
        linalg::YieldOp::create(b, b.add(in[2], term));
      });
  linalg::GenericOp packed;
  if (std::optional<Contraction> contraction = Contraction::match(product))
    packed = packWeight(*contraction, unit);
  if (!packed)
    product.erase();
  return {packed, n, unit.tile().columns};
}

//===----------------------------------------------------------------------===//
// TileLayer
//===----------------------------------------------------------------------===//

std::optional<StringRef> TileLayer::match(CombineOp combine, TileLayer &layer) {
  layer.combine = combine;
  layer.experts = combine.getRows().getDefiningOp<ExpertsOp>();
  if (!layer.experts || !layer.experts->hasOneUse())
    return "its rows are not those of experts alone";
  layer.dispatch = layer.experts.getInput().getDefiningOp<DispatchOp>();
  if (!layer.dispatch || !layer.dispatch->hasOneUse())
    return "the rows of its experts are not dispatched for them alone";
  Value plan = combine.getPlan();
  if (layer.experts.getPlan() != plan || layer.dispatch.getPlan() != plan)
    return "its parts have different plans";
  PlanType type = combine.getPlan().getType();
  if (type.getEncoding() != PlanEncoding::Slots || type.getCarry())
    return "its plan is not one of slots alone";
  auto hasKernels = [](Type type) {
    return type.isF32() || type.isBF16() || type.isF16();
  };
  if (!llvm::all_of(ArrayRef<Type>{layer.inputType(), layer.rowsType(),
                                   layer.resultType(), type.getWeight()},
                    hasKernels) ||
      (combine.getAcc() && !combine.getAcc()->isF32()))
    return "it is not computed in f32";
  if (layer.experts.getInput().getType().getElementType() != layer.inputType())
    return "its rows are not of the type of its input";
  if (combine.getApply() != Apply::Output ||
      layer.dispatch.getApply() != Apply::Output ||
      layer.dispatch.getInputScale().convertToDouble() != 1.0)
    return "its weights do not multiply the output";
  if (combine.getResidual() != Residual::None || combine.getOutBias())
    return "its sum does not begin with zero";
  if (combine.getOrder() == SumOrder::Slot && type.getSlots() > 1)
    return "its sum is in the order of slots";
  // Of always-on experts, graphs keep what they give as rows of the result.
  ValueRange parameters = layer.experts.getParameters();
  bool hasRouted = false;
  for (ClassAttr entry : layer.experts.getTable().getClasses()) {
    if (entry.getKind() != ClassKind::Ffn || (!entry.isAlways() && hasRouted))
      return "its experts are not one class of ffn";
    hasRouted |= !entry.isAlways();
    if (entry.getBase() == ClassBase::InRows)
      return "its rows carry products";
    if (entry.scalesInput())
      return "its experts scale their input";
    if (entry.getBody().getCallee())
      return "its activation is a function";
    for (const Parameter &parameter :
         getParameters(entry, layer.in(), layer.out()))
      if (parameter.part != ParameterPart::Whole || parameter.shared)
        return "its experts have parts in common or vectors that are scaled";
    ExpertWeights &weights =
        entry.isAlways() ? layer.always.emplace_back() : layer.routed;
    weights.table = entry;
    weights.parameters = parameters.take_front(entry.getNumOperands());
    parameters = parameters.drop_front(entry.getNumOperands());
  }
  if (!hasRouted)
    return "all its experts are always on";
  if (!layer.always.empty() && layer.rowsType() != layer.resultType())
    return "its always-on experts give rows of another type than its result";
  return std::nullopt;
}

std::optional<StringRef> TileLayer::matchRoute() {
  auto found = combine.getPlan().getDefiningOp<RouteOp>();
  if (!found)
    return "";
  if (std::optional<StringRef> reason = whyNoKernel(found, /*rounds=*/true))
    return reason;
  if (roundsCounts(found)) {
    if (found.getCapacityAttr().getRenorm() == TileRenorm::SelectedSet)
      return "its weights are divided by their sum after counts are rounded";
    if (DomainAttr domain = found.getDomainAttr();
        domain && domain.getKind() != DomainKind::All)
      return "counts are rounded in parts of the tokens";
  }
  if (llvm::any_of(found.getPlan().getUsers(), [&](Operation *user) {
        return user != combine && user != experts && user != dispatch;
      }))
    return "its plan has other users than the layer";
  // A predictor may take its place.
  auto scope = found->getParentOfType<LayerOp>();
  if (scope && scope.getDecode())
    return "it is of a layer that decodes";
  route = found;
  return std::nullopt;
}

std::optional<StringRef> TileLayer::takeLogits(const VectorUnit &unit) {
  auto found = route.getLogits().getDefiningOp<LogitsOp>();
  if (!found)
    return "";
  if (!found->hasOneUse())
    return "they have other users than the route";
  if (found.getForm() != LogitsForm::Linear)
    return "they are no product alone";
  auto hasKernels = [](Type type) {
    return type.isF32() || type.isBF16() || type.isF16();
  };
  FloatType input = elementOf(found.getInput());
  if (!llvm::all_of(ArrayRef<Type>{input, elementOf(found.getMatrix()),
                                   elementOf(found.getResult())},
                    hasKernels) ||
      (found.getAcc() && !found.getAcc()->isF32()))
    return "they are not computed in f32";
  TensorBuilder b(found.getLoc(), OpBuilder(found));
  router = packMatrices(b, found.getMatrix(), input, unit);
  if (!router)
    return "their matrix is not a constant that kernels read";
  logits = found;
  return std::nullopt;
}

std::optional<StringRef> TileLayer::pack(const VectorUnit &unit) {
  bool fits = pack(routed, unit);
  for (ExpertWeights &weights : always)
    fits = fits && pack(weights, unit);
  if (fits)
    return std::nullopt;
  dropProducts();
  return "its parameters are not constants that kernels read";
}

/// Lays out the weights of one class; false where kernels cannot read some.
bool TileLayer::pack(ExpertWeights &weights, const VectorUnit &unit) {
  TensorBuilder b(combine.getLoc(), OpBuilder(dispatch));
  ClassAttr table = weights.table;
  BodyAttr body = table.getBody();
  int64_t width = table.getWidth();
  bool interleaved = body.getStorage() == Storage::Interleaved;
  bool upFirst = body.getStorage() == Storage::ConcatUpGate;
  int64_t stride = interleaved ? 2 : 1;
  auto offsetOf = [&](bool second) {
    return !second ? 0 : interleaved ? 1 : width;
  };
  bool fits = true;
  auto matrices = [&](const ParameterOperands &own) -> Value {
    if (own.quant) {
      SmallVector<int64_t> shape(ArrayRef<int64_t>(own.parameter.shape));
      shape.insert(shape.begin(), table.getCount());
      return buildFromCodes(b, own.quant, own.operands,
                            RankedTensorType::get(shape, b.getF32Type()));
    }
    if (auto dequant = own.operands.front().getDefiningOp<DequantOp>()) {
      if (dequant.getBits())
        return {};
      return buildFromCodes(b, dequant.getQuant(), dequant.getStorage(),
                            cast<RankedTensorType>(dequant.getType()));
    }
    return own.operands.front();
  };
  auto packed = [&](Value value, FloatType rowType) {
    PanelWeight weight;
    if (value)
      weight = packMatrices(b, value, rowType, unit);
    fits &= static_cast<bool>(weight);
    return weight;
  };
  auto half = [&](Value both, bool second) -> Value {
    if (!both)
      return {};
    auto type = cast<RankedTensorType>(both.getType());
    SmallVector<OpFoldResult> offsets, sizes, strides(3, b.getIndexAttr(1));
    offsets = {b.getIndexAttr(0), b.getIndexAttr(offsetOf(second)),
               b.getIndexAttr(0)};
    sizes = {b.getIndexAttr(type.getDimSize(0)), b.getIndexAttr(width),
             b.getIndexAttr(type.getDimSize(2))};
    strides[1] = b.getIndexAttr(stride);
    return tensor::ExtractSliceOp::create(b, both, offsets, sizes, strides);
  };
  auto halfBias = [&](ElementsAttr both, bool second) -> ElementsAttr {
    if (!both)
      return {};
    return support::sliceWeight(both, {0, offsetOf(second)},
                                {table.getCount(), width}, {1, stride});
  };
  FloatType input = inputType();
  for (const ParameterOperands &own :
       groupOperands(table, in(), out(), weights.parameters)) {
    ElementsAttr bias;
    if (!isMatrix(own.parameter)) {
      bias = support::matchWeight(own.operands.front());
      fits &= static_cast<bool>(bias);
    }
    switch (own.parameter.role) {
    case ParameterRole::First: {
      Value both = matrices(own);
      weights.gate = packed(half(both, upFirst), input);
      weights.up = packed(half(both, !upFirst), input);
      break;
    }
    case ParameterRole::FirstBias:
      weights.gateBias = halfBias(bias, upFirst);
      weights.upBias = halfBias(bias, !upFirst);
      break;
    case ParameterRole::Gate:
      weights.gate = packed(matrices(own), input);
      break;
    case ParameterRole::GateBias:
      weights.gateBias = bias;
      break;
    case ParameterRole::Up:
      weights.up = packed(matrices(own), input);
      break;
    case ParameterRole::UpBias:
      weights.upBias = bias;
      break;
    case ParameterRole::Down:
      // Hidden vectors have the type of the rows that they are made of.
      weights.down = packed(matrices(own), input);
      break;
    case ParameterRole::DownBias:
      weights.downBias = bias;
      break;
    default:
      llvm_unreachable("an ffn class has no other parameter");
    }
  }
  return fits;
}

/// The matrices of all experts, packed ones alone.
SmallVector<PanelWeight *> TileLayer::expertMatrices() {
  SmallVector<PanelWeight *> packed;
  auto add = [&](ExpertWeights &weights) {
    llvm::copy_if(weights.matrices(), std::back_inserter(packed),
                  [](PanelWeight *weight) { return bool(*weight); });
  };
  add(routed);
  llvm::for_each(always, add);
  return packed;
}

double TileLayer::weightBytes() {
  // Codes are among the operands of a matrix, or those of what computes it.
  auto bits = [](Value value) {
    return getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth();
  };
  unsigned least = 32;
  for (Value parameter : experts.getParameters()) {
    least = std::min(least, bits(parameter));
    if (Operation *op = parameter.getDefiningOp())
      for (Value operand : op->getOperands())
        if (isa<RankedTensorType>(operand.getType()))
          least = std::min(least, bits(operand));
  }
  return least / 8.0;
}

RowCut TileLayer::rowCut(const VectorUnit &unit) {
  RowCut cut = {unit.tile().rows};
  for (PanelWeight *weight : expertMatrices()) {
    Contraction product = *Contraction::match(weight->product);
    if (product.takesParts(unit))
      return unit.partsCut();
    if (product.panels.depth() > 1 && product.fitsTiles())
      cut = unit.rowCut(inputType());
  }
  return cut;
}

RowCut TileLayer::rowCutOfStored(const VectorUnit &unit) {
  Operation *before = dispatch->getPrevNode();
  RowCut cut = pack(unit) ? RowCut{unit.tile().rows} : rowCut(unit);
  dropProducts();
  // What was made to find out stands between the two.
  while (dispatch->getPrevNode() != before)
    dispatch->getPrevNode()->erase();
  return cut;
}

std::string TileLayer::describeWeights() {
  SmallVector<std::string, 3> layouts;
  int64_t bits = 0;
  for (PanelWeight *weight : expertMatrices()) {
    Contraction product = *Contraction::match(weight->product);
    std::string layout = product.panels.describe(product.elementOf(product.b));
    if (!llvm::is_contained(layouts, layout))
      layouts.push_back(layout);
    for (Value tensor : weight->tensors()) {
      auto type = cast<RankedTensorType>(tensor.getType());
      bits += type.getNumElements() * type.getElementTypeBitWidth();
    }
  }
  return llvm::join(layouts, " or ") + ", " + std::to_string(bits / 8) +
         " bytes";
}

void TileLayer::dropProducts() {
  SmallVector<PanelWeight *> all = expertMatrices();
  if (router)
    all.push_back(&router);
  for (PanelWeight *weight : all) {
    SmallVector<Value> empties = {weight->product.getInputs().front(),
                                  weight->product.getOutputs().front()};
    weight->product.erase();
    weight->product = nullptr;
    for (Value empty : empties)
      empty.getDefiningOp()->erase();
  }
}
