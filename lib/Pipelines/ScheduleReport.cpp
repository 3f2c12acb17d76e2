// The report of a schedule: the remarks of the passes that decide it, layer by
// layer.
#include "moe/Pipelines/ScheduleReport.h"

#include "Notes.h"

#include "moe/Dialect/MoE/MoE.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace moe;

namespace {

/// A remark and the aspect that it is of a layer.
struct AspectSource {
  StringRef aspect, category, name;
};

/// In the order of the report.
constexpr AspectSource sources[] = {
    {"form", "convert-moe-to-tile", "form"},
    {"costs", "convert-moe-to-tile", "costs"},
    {"tile", "convert-moe-to-tile", "tile"},
    {"weights", "convert-moe-to-tile", "weights"},
    {"rows", "moe-padding-elimination", "bounds"},
    {"plan", "moe-padding-elimination", "ragged"},
    {"input", "moe-padding-elimination", "indexed"},
    {"router", "convert-moe-to-tile", "route"},
    {"router", "convert-route-to-vector", "route"},
    {"logits", "convert-moe-to-tile", "logits"},
    {"rounding", "moe-token-rounding", "rounded"},
    {"rings", "convert-moe-to-tile", "rings"},
    {"memory", "convert-moe-to-tile", "memory"},
};

/// Where a layer's ops are.
struct LayerLocations {
  SmallVector<Location> locations;

  explicit LayerLocations(CombineOp combine) : locations({combine.getLoc()}) {
    if (Operation *plan = combine.getPlan().getDefiningOp())
      locations.push_back(plan->getLoc());
    auto experts = combine.getRows().getDefiningOp<ExpertsOp>();
    if (!experts)
      return;
    if (auto dispatch = experts.getInput().getDefiningOp<DispatchOp>())
      locations.push_back(dispatch.getLoc());
  }
};

} // namespace

ScheduleObserver::ScheduleObserver(MLIRContext &context)
    : notes(keepNotes(context, "moe-padding-elimination|moe-token-rounding|"
                               "convert-moe-to-tile|convert-route-to-vector|"
                               "moe-pack-weights")) {}

FailureOr<ScheduleReport>
ScheduleObserver::explain(ModuleOp module, const CompileOptions &options) {
  if (options.from < Level::MoE &&
      failed(lowerToLevel(module, Level::MoE, options)))
    return failure();
  ScheduleReport report;
  std::vector<LayerLocations> layers;
  module.walk([&](CombineOp combine) {
    layers.emplace_back(combine);
    report.layers.push_back({placeOf(combine.getLoc()), {}});
  });
  CompileOptions below = options;
  below.from = Level::MoE;
  if (failed(lowerToLevel(module, Level::Tile, below)))
    return failure();

  std::vector<bool> used(notes->size(), false);
  for (auto [layer, reported] : llvm::zip_equal(layers, report.layers))
    for (const AspectSource &source : sources) {
      // Layers of one location have their remarks in the order of the layers.
      for (auto [i, note] : llvm::enumerate(*notes)) {
        if (used[i] || note.category != source.category ||
            note.name != source.name ||
            !llvm::is_contained(layer.locations, note.location))
          continue;
        used[i] = true;
        reported.aspects.emplace_back(source.aspect.str(), note.text);
        break;
      }
    }

  size_t above = notes->size();
  if (failed(lowerToPanels(module, below)))
    return failure();
  for (const Note &note : llvm::drop_begin(*notes, above)) {
    if (note.category != "moe-pack-weights")
      continue;
    auto known = llvm::find_if(report.products, [&](const auto &products) {
      return products.weights == note.text;
    });
    if (known == report.products.end())
      known = report.products.insert(known, {note.text, 0});
    ++known->count;
  }
  return report;
}

void ScheduleReport::print(llvm::raw_ostream &os) const {
  os << layers.size() << " MoE layer" << (layers.size() == 1 ? "" : "s")
     << " scheduled\n";
  for (auto [number, layer] : llvm::enumerate(layers)) {
    os << "\nlayer " << number << " at " << layer.place << '\n';
    for (const auto &[aspect, text] : layer.aspects)
      os << llvm::formatv("  {0,-8} {1}\n", aspect, text);
  }
  if (!products.empty())
    os << "\nproducts in no graph, by how the weights of each lie\n";
  for (const ScheduledProducts &own : products)
    os << llvm::formatv("  {0} x {1}\n", own.count, own.weights);
}

void ScheduleReport::printJSON(llvm::raw_ostream &os) const {
  llvm::json::OStream json(os, /*IndentSize=*/2);
  json.object([&] {
    json.attributeArray("layers", [&] {
      for (const ScheduledLayer &layer : layers)
        json.object([&] {
          json.attribute("place", layer.place);
          for (const auto &[aspect, text] : layer.aspects)
            json.attribute(aspect, text);
        });
    });
    json.attributeArray("products", [&] {
      for (const ScheduledProducts &own : products)
        json.object([&] {
          json.attribute("weights", own.weights);
          json.attribute("count", own.count);
        });
    });
  });
  os << '\n';
}
