// Cuts MoE layers into tile tasks.
#include "LayerGraph.h"
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/MoETile/MoETile.h"
#include "moe/Dialect/Support/MoESupport.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

namespace moe {
#define GEN_PASS_DEF_CONVERTMOETOTILEPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

namespace {

/// A remark of one decision on a layer, for the report of the schedule.
void tell(CombineOp combine, StringRef aspect, const std::string &text) {
  remark::analysis(combine.getLoc(), remark::RemarkOpts::name(aspect).category(
                                         "convert-moe-to-tile"))
      << text;
}

/// Bytes of `count` numbers of `type`.
int64_t bytesOf(Type type, int64_t count) {
  return count * type.getIntOrFloatBitWidth() / 8;
}

/// Entries that a token has, but for those that rounded counts add.
int64_t picksOf(CombineOp combine) {
  auto route = combine.getPlan().getDefiningOp<RouteOp>();
  return route ? route.getSelectedSlots()
               : combine.getPlan().getType().getSlots();
}

/// The class of the experts that are routed to, which come first.
ClassAttr routedClass(ExpertsOp experts) {
  return experts.getTable().getClasses().front();
}

/// Hidden columns of all experts that are always on.
int64_t alwaysWidth(ExpertsOp experts) {
  int64_t width = 0;
  for (ClassAttr entry : experts.getTable().getClasses())
    if (entry.isAlways() && entry.hasHidden())
      width += entry.getCount() * entry.getWidth();
  return width;
}

/// What is known of the memory of a layer that need not be matched.
struct MemoryReport {
  CombineOp combine;
  Schedule form;
  LayerCut cut;
  bool routes = false;   ///< in the graph
  LogitsOp logits;       ///< that the graph makes; null for none
  int64_t tokens = 0;    ///< of a usual call; 0 where nobody knows
  bool hasParts = false; ///< of bf16, of rows in f32

  /// The rings between families of tasks.
  std::string rings() {
    if (form == Schedule::Unfused)
      return "none: nothing is staged";
    auto experts = combine.getRows().getDefiningOp<ExpertsOp>();
    RowsType in = experts.getInput().getType();
    Type element = in.getElementType();
    // An expert has no token twice.
    int64_t rows = tokens == 0 ? cut.rows : std::min(tokens, cut.rows);
    auto bytes = [&](int64_t width) {
      return cut.ring * rows * bytesOf(element, width);
    };
    std::string text =
        llvm::formatv("{0} tiles of up to {1} rows", cut.ring, cut.rows);
    if (rows < cut.rows)
      text += llvm::formatv(" ({0} in a call of {1} tokens)", rows, tokens);
    text += llvm::formatv(": {0} bytes of gathered rows", bytes(in.getWidth()));
    int64_t hidden = routedClass(experts).getWidth(),
            always = alwaysWidth(experts);
    int64_t split =
        in.getWidth() * (1 + combine.getPlan().getType().getAlways());
    if (form == Schedule::Fused) {
      text += llvm::formatv(", {0} of hidden vectors", bytes(hidden));
      if (always)
        text +=
            llvm::formatv(", {0} of those of always-on experts", bytes(always));
      split += hidden + always;
    }
    // Three of two bytes for each number of four.
    if (hasParts)
      text += llvm::formatv(", {0} of parts of bf16", bytes(split) * 3 / 2);
    if (cut.coldBatch > 1)
      text +=
          llvm::formatv("; {0} tiles of few rows come together", cut.coldBatch);
    return text;
  }

  /// Bytes beside weights, input, output and rings.
  std::string memory() {
    PlanType plan = combine.getPlan().getType();
    auto experts = combine.getRows().getDefiningOp<ExpertsOp>();
    if (!experts || plan.getEncoding() == PlanEncoding::Soft)
      return "not known: its rows are mixes or come from elsewhere";
    int64_t always = plan.getAlways();
    int64_t picks = picksOf(combine) + (routes ? 0 : always);
    RowsType rows = experts.getRows().getType();
    // Ids and weights of 4 bytes; entries and positions of 8; in a graph, of
    // each row its token and weight.
    int64_t bytes = routes ? 20 : form == Schedule::Unfused ? 24 : 36;
    std::string text =
        llvm::formatv("{0} bytes per token for the plan", bytes * picks);
    if (logits)
      text += llvm::formatv(
          ", {0} for logits",
          bytesOf(getElementTypeOrSelf(logits.getResult()), plan.getExperts()));
    if (form == Schedule::Unfused)
      return text +
             llvm::formatv(
                 ", {0} for the results of experts; input and hidden rows of "
                 "one expert at a time",
                 picks * bytesOf(rows.getElementType(), rows.getWidth()))
                 .str();
    ClassAttr table = routedClass(experts);
    Type element = experts.getInput().getType().getElementType();
    if (form == Schedule::TwoKernel) {
      int64_t width =
          picksOf(combine) * table.getWidth() + alwaysWidth(experts);
      text +=
          llvm::formatv(", {0} for hidden vectors", bytesOf(element, width));
      if (hasParts)
        text += llvm::formatv(", {0} for their parts of bf16", 6 * width);
    }
    // What the first always-on expert gives waits in the result, so sums do
    // not.
    bool keepsRows = form == Schedule::Fused && always > 0;
    if (!getElementTypeOrSelf(combine.getResult()).isF32() || keepsRows)
      text += llvm::formatv(", {0} for sums", 4 * rows.getWidth());
    if (keepsRows && always > 1)
      text += llvm::formatv(
          ", {0} for what always-on experts give",
          (always - 1) * bytesOf(rows.getElementType(), rows.getWidth()));
    int64_t sums = (table.getBody().getGated() ? 1 : 0) + !element.isF32();
    return text + llvm::formatv("; {0} bytes per worker for a tile",
                                4 * cut.rows *
                                    (sums * cut.hiddenColumns + cut.outColumns))
                      .str();
  }
};

std::string describeTile(Schedule form, const RegisterTile &tile,
                         const LayerCut &cut, const RowCut &rows) {
  std::string text = llvm::formatv(
      "{0} x {1} in registers, the rows of an expert divided evenly so that "
      "none is computed twice or for nothing",
      tile.rows, tile.columns);
  if (rows.hasParts)
    text = llvm::formatv(
        "up to {0} x {1} in tile registers, f32 in three parts of bf16, the "
        "rows of an expert divided evenly, less than one of each {0} computed "
        "for nothing; vectors where a task has no more than {2} rows",
        2 * tileRegisterRows, tileDepth, mostRowsBesideParts);
  else if (rows.hasTiles)
    text = llvm::formatv(
        "up to {0} x {1} in tile registers, the rows of an expert divided "
        "evenly, less than one of each {0} computed for nothing; vectors where "
        "a task has no more than {2} rows, or {3} of codes",
        2 * tileRegisterRows, tileDepth, mostRowsBesideTiles,
        mostRowsOfCodesBesideTiles);
  if (form != Schedule::Unfused)
    text += llvm::formatv("; tasks of {0} rows x {1} hidden columns and of {2} "
                          "columns of the result",
                          cut.rows, cut.hiddenColumns, cut.outColumns);
  return text;
}

/// The weights of experts as the model stores them.
std::string describeStored(ExpertsOp experts) {
  int64_t bits = 0;
  bool isKnown = true;
  SmallVector<std::string, 3> types;
  for (Value parameter : experts.getParameters()) {
    auto type = cast<RankedTensorType>(parameter.getType());
    isKnown &= type.hasStaticShape();
    if (!isKnown)
      break;
    bits += type.getNumElements() * type.getElementTypeBitWidth();
    std::string name;
    llvm::raw_string_ostream(name) << type.getElementType();
    if (!llvm::is_contained(types, name))
      types.push_back(name);
  }
  std::string text = "laid out product by product where kernels read them";
  if (!isKnown)
    return text;
  return text + "; stored as " + llvm::join(types, " and ") + ", " +
         std::to_string(bits / 8) + " bytes";
}

/// A layer becomes one graph (see LayerGraph.cpp): families over tiles of the
/// rows of experts that gather, multiply and activate, multiply and add, and
/// take turns, so that what lies between them is a few tiles whatever the
/// number of tokens. Results do not depend on who ran what.
struct ConvertMoEToTile
    : moe::impl::ConvertMoEToTilePassBase<ConvertMoEToTile> {
  using ConvertMoEToTilePassBase::ConvertMoEToTilePassBase;

  void runOnOperation() override {
    VectorUnit unit = {vectorBits, vectorRegisters, bf16Dot, bf16Tiles,
                       fetchDistance};
    SmallVector<CombineOp> layers;
    getOperation().walk([&](CombineOp op) { layers.push_back(op); });
    for (CombineOp combine : layers)
      convert(combine, unit);
  }

  /// Tokens of a call: those of the type, or of the usual call; 0 where nobody
  /// knows.
  int64_t tokensOf(CombineOp combine) {
    int64_t size = cast<ShapedType>(combine.getX().getType()).getDimSize(0);
    return ShapedType::isDynamic(size) ? schedule.tokens : size;
  }

  /// The form of a layer that a graph can compute, and why.
  Schedule choose(TileLayer &layer, const VectorUnit &unit, std::string &why) {
    if (schedule.form != Schedule::Auto) {
      why = "as asked";
      return schedule.form;
    }
    LayerSize size;
    size.tokens = tokensOf(layer.combine);
    size.experts = layer.routed.table.getCount();
    size.picks = picksOf(layer.combine);
    size.in = layer.experts.getInput().getType().getWidth();
    size.width = layer.routed.table.getWidth();
    size.out = layer.experts.getRows().getType().getWidth();
    size.gated = layer.routed.table.getBody().getGated();
    size.alwaysWidth = alwaysWidth(layer.experts);
    size.weightBytes = layer.weightBytes();
    size.pairs = bf16Dot && layer.inputType().isBF16();
    size.tiles = unit.hasTiles(layer.inputType());
    if (size.tokens == 0) {
      why = "since it needs the least memory, and nobody says how many tokens "
            "a call has";
      return Schedule::Fused;
    }
    // Only layers in f32 can have parts, which depends on their products.
    RowCut rowCut = unit.bf16Tiles && layer.inputType().isF32()
                        ? layer.rowCutOfStored(unit)
                        : unit.rowCut(layer.inputType());
    LayerCut cut = LayerCut::get(unit, rowCut, schedule.coldBatch);
    size.parts = rowCut.hasParts;
    size.panel = unit.tile().columns;
    size.joint = layer.routed.table.getBody().getStorage() != Storage::Split;
    size.taskRows = cut.rows;
    size.taskHidden = cut.hiddenColumns;
    size.taskOut = cut.outColumns;
    size.taskTokens = cut.tokens;
    FormCosts costs = estimate(size, schedule.machine, schedule.threads);
    Schedule form = costs.choose();
    tell(layer.combine, "costs",
         llvm::formatv("{0} for {1} tokens on {2} threads", costs.text(),
                       size.tokens, schedule.threads));
    why = form == Schedule::Fused
              ? "since no other form is cheaper beyond the model's error"
              : "since it is the cheapest";
    return form;
  }

  /// Takes the route of a layer into its graph, or says why not.
  void takeRoute(TileLayer &layer, const VectorUnit &unit, int64_t tokens) {
    auto options =
        remark::RemarkOpts::name("route").category("convert-moe-to-tile");
    std::optional<StringRef> reason = layer.matchRoute();
    if (reason && !reason->empty())
      remark::missed(layer.combine.getPlan().getLoc(), options)
          << ("routes before the layer's graph: " + *reason).str();
    if (reason)
      return;
    remark::passed(layer.route.getLoc(), options) << std::string(
        llvm::formatv("routes {0} units at a time, in tasks of {1} tokens of "
                      "the layer's graph; one more task orders its rows",
                      unit.lanes(), tokens));
    takeLogits(layer, unit);
  }

  /// The same of the logits of a route that is taken.
  void takeLogits(TileLayer &layer, const VectorUnit &unit) {
    auto options =
        remark::RemarkOpts::name("logits").category("convert-moe-to-tile");
    Location loc = layer.route.getLoc();
    std::optional<StringRef> reason = layer.takeLogits(unit);
    if (!reason)
      remark::passed(loc, options) << std::string(llvm::formatv(
          "in tasks of {0} tokens and {1} experts of the layer's graph",
          unit.rowCut(getElementTypeOrSelf(layer.logits.getInput())).task(),
          unit.tile().columns));
    else if (!reason->empty())
      remark::missed(loc, options)
          << ("before the layer's graph: " + *reason).str();
  }

  /// What a remark says of the always-on experts in a graph.
  static std::string alwaysText(TileLayer &layer) {
    int64_t count = layer.combine.getPlan().getType().getAlways();
    if (count == 0)
      return "";
    return llvm::formatv(", {0} always-on expert{1} over the tokens as they "
                         "are",
                         count, count == 1 ? "" : "s");
  }

  /// Says how the weights of a layer that stays will lie. What lays them out
  /// comes later and product by product, by the same rules as here; `canPack`
  /// where these can be asked.
  static void describeUnfusedWeights(CombineOp combine, TileLayer &layer,
                                     bool canPack, const VectorUnit &unit) {
    if (canPack && !layer.pack(unit)) {
      tell(combine, "weights", layer.describeWeights());
      layer.dropProducts();
      return;
    }
    if (auto experts = combine.getRows().getDefiningOp<ExpertsOp>())
      tell(combine, "weights", describeStored(experts));
  }

  void convert(CombineOp combine, const VectorUnit &unit) {
    TileLayer layer;
    auto options =
        remark::RemarkOpts::name("fused").category("convert-moe-to-tile");
    std::string why;
    Schedule form = Schedule::Unfused;
    std::optional<StringRef> reason = TileLayer::match(combine, layer);
    if (!reason)
      form = choose(layer, unit, why);
    if (form != Schedule::Unfused)
      reason = layer.pack(unit);
    if (reason) {
      form = Schedule::Unfused;
      why = ("since " + *reason).str();
      if (schedule.form == Schedule::Fused ||
          schedule.form == Schedule::TwoKernel)
        remark::missed(combine.getLoc(), options)
            << ("stays unfused: " + *reason).str();
    }
    Type rows = getElementTypeOrSelf(combine.getX());
    // Of what stays, nobody has laid out the weights yet.
    RowCut rowCut =
        form == Schedule::Unfused ? unit.rowCut(rows) : layer.rowCut(unit);
    LayerCut cut = LayerCut::get(unit, rowCut, schedule.coldBatch);
    if (form != Schedule::Unfused)
      takeRoute(layer, unit, cut.tokens);
    MemoryReport report{combine,           form,         cut,
                        bool(layer.route), layer.logits, tokensOf(combine),
                        rowCut.hasParts};
    tell(combine, "form", (scheduleName(form) + ", " + why).str());
    tell(combine, "tile", describeTile(form, unit.tile(), cut, rowCut));
    tell(combine, "rings", report.rings());
    tell(combine, "memory", report.memory());
    if (form == Schedule::Unfused) {
      describeUnfusedWeights(combine, layer, !reason, unit);
      return;
    }
    tell(combine, "weights", layer.describeWeights());
    bool isFused = form == Schedule::Fused;
    Value result = buildLayerGraph(layer, unit, cut, isFused);
    layer.dropProducts();
    remark::passed(combine.getLoc(), options)
        << (Twine(isFused ? "one graph" : "two graphs") +
            " with row tiles of " + Twine(cut.rows) + alwaysText(layer))
               .str();
    combine.getResult().replaceAllUsesWith(result);
    combine.erase();
    layer.experts.erase();
    layer.dispatch.erase();
    if (layer.route)
      layer.route.erase();
    if (layer.logits)
      layer.logits.erase();
  }
};

} // namespace
