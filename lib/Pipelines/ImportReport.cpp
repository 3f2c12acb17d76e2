// The report of an import: the remarks of reading and raising, and the weights
// of the layers in the module that comes out.
#include "moe/Pipelines/ImportReport.h"

#include "Notes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "moe/Analysis/Describe.h"
#include "moe/Dialect/MoE/MoE.h"
#include "moe/Dialect/MoE/Parameters.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace moe;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static uint64_t bytesOf(ShapedType type) {
  return llvm::divideCeil(
      uint64_t(type.getNumElements()) * type.getElementTypeBitWidth(), 8);
}

/// The bytes of a weight expression's leaves, by file.
static void addBytes(Attribute attr, std::map<std::string, uint64_t> &bytes) {
  if (auto external = dyn_cast<support::ExternalAttr>(attr)) {
    bytes[external.getFile().str()] += bytesOf(external.getType());
    return;
  }
  if (auto elements = dyn_cast<DenseElementsAttr>(attr)) {
    bytes[""] += elements.isSplat()
                     ? llvm::divideCeil(
                           elements.getElementType().getIntOrFloatBitWidth(), 8)
                     : bytesOf(elements.getType());
    return;
  }
  // Of what is cut only a part counts.
  uint64_t taken = 1, whole = 1;
  if (auto slice = dyn_cast<support::SliceAttr>(attr)) {
    taken = slice.getNumElements();
    whole = slice.getSource().getNumElements();
  }
  attr.walkImmediateSubElements(
      [&](Attribute inner) {
        std::map<std::string, uint64_t> own;
        if (isa<ElementsAttr>(inner))
          addBytes(inner, own);
        for (const auto &[file, count] : own)
          bytes[file] += count * taken / std::max<uint64_t>(whole, 1);
      },
      [](Type) {});
}

static ReportedWeight reportWeight(std::string role, Value value) {
  ReportedWeight weight{std::move(role), "", {}};
  llvm::raw_string_ostream(weight.type) << value.getType();
  if (ElementsAttr elements = support::matchWeight(value))
    addBytes(elements, weight.bytes);
  return weight;
}

/// A parameter for people: gate and up, which may be one matrix, by name.
static std::string roleOf(const Parameter &parameter, ClassAttr entry) {
  bool isJoint = parameter.role == ParameterRole::First ||
                 parameter.role == ParameterRole::FirstBias;
  if (!isJoint || !entry.getBody() || !entry.getBody().getGated())
    return stringifyParameter(parameter);
  return parameter.role == ParameterRole::First ? "gate and up"
                                                : "gate and up bias";
}

/// What makes the plan, or that whose slots are its units, behind reshapes;
/// null: another.
static RouteOp routeOf(Value plan) {
  Operation *op = plan.getDefiningOp();
  while (isa_and_present<PackPlanOp, UnpackPlanOp, tensor::ReshapeOp,
                         tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return dyn_cast_if_present<RouteOp>(op);
}

/// The operands of a layer, the router's first.
static std::vector<ReportedWeight> weightsOf(ExpertsOp experts) {
  std::vector<ReportedWeight> weights;
  if (RouteOp route = routeOf(experts.getPlan()))
    if (auto logits = route.getLogits().getDefiningOp<LogitsOp>()) {
      weights.push_back(reportWeight("router", logits.getMatrix()));
      if (logits.getBias())
        weights.push_back(reportWeight("router bias", logits.getBias()));
    }
  int64_t in = cast<RowsType>(experts.getRows().getType()).getWidth(),
          out = cast<RowsType>(experts.getType()).getWidth();
  OperandRange operands = experts.getParameters();
  for (ClassAttr entry : experts.getTable().getClasses()) {
    OperandRange own = operands.take_front(entry.getNumOperands());
    operands = operands.drop_front(own.size());
    for (const ParameterOperands &group : groupOperands(entry, in, out, own)) {
      std::string role =
          (entry.isAlways() ? "shared " : "") + roleOf(group.parameter, entry);
      for (auto [index, value] : llvm::enumerate(group.operands)) {
        static constexpr const char *parts[] = {" codes", " scales",
                                                " zero points"};
        weights.push_back(reportWeight(
            role + (group.quant ? parts[std::min<size_t>(index, 2)] : ""),
            value));
      }
    }
  }
  return weights;
}

//===----------------------------------------------------------------------===//
// Collection
//===----------------------------------------------------------------------===//

ImportObserver::ImportObserver(MLIRContext &context)
    : notes(keepNotes(context, "moe-raise|import")) {}

ImportObserver::~ImportObserver() = default;

FailureOr<ImportReport> ImportObserver::explain(ModuleOp module,
                                                const CompileOptions &options) {
  if (failed(lowerToLevel(module, Level::MoE, options)))
    return failure();
  SmallVector<ExpertsOp> experts;
  module.walk([&](ExpertsOp op) { experts.push_back(op); });
  ImportReport report;
  // Raising goes through a function from its end.
  for (const Note &note : llvm::reverse(*notes)) {
    if (note.name == "raised") {
      auto [form, variant] = StringRef(note.text).split(": ");
      form.consume_front("raised ");
      ReportedLayer layer{
          placeOf(note.location), form.str(), variant.str(), {}};
      // What was raised stands where the layer's result was computed.
      auto *op = llvm::find_if(experts, [&](ExpertsOp op) {
        return op && op.getLoc() == note.location;
      });
      if (op != experts.end())
        layer.weights = weightsOf(std::exchange(*op, ExpertsOp()));
      report.layers.push_back(std::move(layer));
    } else if (note.name == "refused" || note.name == "unknown") {
      StringRef reason = note.text;
      reason.consume_front("MoE layer is not raised: ");
      report.refused.push_back({placeOf(note.location), reason.str()});
    } else {
      report.notes.insert(report.notes.begin(), note.text);
    }
  }
  // The model has the others as they are: com.microsoft.MoE and QMoE.
  for (ExpertsOp op : experts)
    if (op) {
      auto route = op.getPlan().getDefiningOp<RouteOp>();
      report.layers.push_back(
          {placeOf(op.getLoc()), "one operation",
           (route ? describe(route) + ", " : "") + describe(op),
           weightsOf(op)});
    }
  return report;
}

//===----------------------------------------------------------------------===//
// Forms of the report
//===----------------------------------------------------------------------===//

static std::string countOf(size_t count, StringRef what) {
  return (Twine(count) + " " + what + (count == 1 ? "" : "s")).str();
}

void ImportReport::print(llvm::raw_ostream &os) const {
  os << countOf(layers.size(), "MoE layer") << " found, "
     << countOf(refused.size(), "candidate") << " refused\n";
  for (auto [number, layer] : llvm::enumerate(layers)) {
    os << "\nlayer " << number << " at " << layer.place << '\n'
       << "  form     " << layer.form << '\n'
       << "  variant  " << layer.variant << '\n';
    for (const ReportedWeight &weight : layer.weights) {
      os << "  weights  " << weight.role << ": " << weight.type;
      if (weight.bytes.empty())
        os << ", computed by the model";
      for (const auto &[file, bytes] : weight.bytes)
        os << ", " << bytes << " bytes in "
           << (file.empty() ? "the model" : "'" + file + "'");
      os << '\n';
    }
  }
  for (const ReportedRefusal &refusal : refused)
    os << "\nrefused at " << refusal.place << "\n  " << refusal.reason << '\n';
  if (!notes.empty())
    os << '\n';
  for (const std::string &note : notes)
    os << "note: " << note << '\n';
}

void ImportReport::printJSON(llvm::raw_ostream &os) const {
  llvm::json::OStream json(os, /*IndentSize=*/2);
  json.object([&] {
    json.attributeArray("layers", [&] {
      for (const ReportedLayer &layer : layers)
        json.object([&] {
          json.attribute("place", layer.place);
          json.attribute("form", layer.form);
          json.attribute("variant", layer.variant);
          json.attributeArray("weights", [&] {
            for (const ReportedWeight &weight : layer.weights)
              json.object([&] {
                json.attribute("role", weight.role);
                json.attribute("type", weight.type);
                json.attributeArray("bytes", [&] {
                  for (const auto &[file, bytes] : weight.bytes)
                    json.object([&, &file = file, &bytes = bytes] {
                      json.attribute("file", file);
                      json.attribute("bytes", static_cast<int64_t>(bytes));
                    });
                });
              });
          });
        });
    });
    json.attributeArray("refused", [&] {
      for (const ReportedRefusal &refusal : refused)
        json.object([&] {
          json.attribute("place", refusal.place);
          json.attribute("reason", refusal.reason);
        });
    });
    json.attributeArray("notes", [&] {
      for (const std::string &note : notes)
        json.value(note);
    });
  });
  os << '\n';
}
