// The rows of experts in a layer's graphs: which tokens, with which weights.
#ifndef MOE_PASSES_CONVERSION_MOETOTILE_LAYERROUTE_H
#define MOE_PASSES_CONVERSION_MOETOTILE_LAYERROUTE_H

#include "LayerLogits.h"
#include "RoundCounts.h"
#include "TaskBuilder.h"

#include "moe/Dialect/MoE/MoE.h"

namespace moe {

/// Memory that lists rows, expert after expert, and who fills it:
///
///   offsets  E + 1   row at which each expert's rows begin
///   units    rows    token of each row
///   weights  rows    its weight
///
/// Either a plan that is there before the graph, or two families of the graph
/// (behind that of the logits, see LayerLogits.h):
///
///   route(t)  ids[t, *], picks[t, *] = the entries of tokens t
///   plan()    counts, units, weights of all of them, in their order
///
/// The plan is one task: its rows are a running sum over all tokens. It begins
/// when the last block of tokens has arrived, and nobody stops for it who has
/// something else to do. It rounds counts, too (see RoundCounts.h).
class LayerRoute {
public:
  /// Rows of `plan`, which something else makes.
  static LayerRoute before(tile::TaskBuilder &builder, mlir::Value plan);
  /// Rows that tasks make as the route of `layer` says, which has a kernel, for
  /// blocks of as many tokens as vectors of `unit` have lanes; its logits, too,
  /// where `layer` takes them.
  static LayerRoute inGraph(tile::TaskBuilder &builder, const TileLayer &layer,
                            const VectorUnit &unit);

  /// The weights of always-on experts by tokens, and the column of the first;
  /// null where all are 1.
  mlir::Value alwaysWeights() const { return ofAlways; }
  int64_t firstAlways() const { return firstColumn; }
  /// As many rows as there can be.
  mlir::Value mostRows() const { return most; }
  /// Declares the buffers of the rows in a graph that reads them.
  void addRows() { addRows(tile::Role::Input); }
  /// Declares all that the families use.
  void addBuffers();
  /// Builds the families, over tiles `tokens`. Tasks over rows begin after the
  /// tokens that it returns.
  llvm::SmallVector<mlir::Value> build(tile::Dim tokens);

private:
  explicit LayerRoute(tile::TaskBuilder &builder) : builder(&builder) {}
  void addRows(tile::Role role);
  void buildRoute(tile::Dim tokens);
  void buildPlan(tile::Dim tokens);
  mlir::Value buildRounding(mlir::Value routed);

  tile::TaskBuilder *builder;
  int64_t experts = 0;
  mlir::Value offsets, units, weights, most, ofAlways;
  int64_t firstColumn = 0;
  /// Of the families.
  RouteOp route;
  int64_t lanes = 0, slots = 0;
  std::optional<LayerLogits> logits;
  /// An operand of the kernel, with any number of tokens; memory is null where
  /// a family makes it.
  struct Operand {
    llvm::StringRef name;
    mlir::MemRefType type;
    mlir::Value memory;
  };
  llvm::SmallVector<Operand> operands;
  mlir::Value ids, picks;
  std::optional<RoundedCounts> rounding;
};

} // namespace moe

#endif // MOE_PASSES_CONVERSION_MOETOTILE_LAYERROUTE_H
