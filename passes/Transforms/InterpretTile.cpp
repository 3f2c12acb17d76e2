// moe-interpret-tile: runs task graphs in random orders.
#include "moe/Analysis/TileInterpreter.h"
#include "moe/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"

namespace moe {
#define GEN_PASS_DEF_INTERPRETTILEPASS
#include "moe/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe::tile;

namespace {

struct InterpretTile : moe::impl::InterpretTilePassBase<InterpretTile> {
  using InterpretTilePassBase::InterpretTilePassBase;

  void runOnOperation() override {
    std::optional<ScheduleKind> kind = symbolizeScheduleKind(schedule);
    if (!schedule.empty() && !kind) {
      getOperation().emitError("expects ticket, static_wave, per_worker_queue "
                               "or central_os as a schedule, but got '")
          << schedule << "'";
      return signalPassFailure();
    }
    if (failed(checkNumbers()))
      return signalPassFailure();
    WalkResult result = getOperation().walk([&](GraphOp graph) {
      return failed(interpret(graph, kind)) ? WalkResult::interrupt()
                                            : WalkResult::skip();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    markAllAnalysesPreserved();
  }

private:
  /// Loads and workers are counted with, whatever somebody asks for.
  LogicalResult checkNumbers() {
    SmallVector<std::pair<StringRef, int64_t>> numbers = {
        {maxTokens.getArgStr(), maxTokens},
        {workers.getArgStr(), workers},
        {resident.getArgStr(), resident}};
    for (int64_t count : rows)
      numbers.emplace_back(rows.getArgStr(), count);
    for (auto [option, number] : numbers)
      if (number < 0)
        return getOperation().emitError("expects option '")
               << option << "' not to be negative, but got " << number;
    return success();
  }

  LogicalResult interpret(GraphOp graph, std::optional<ScheduleKind> kind) {
    if (!rows.empty() && rows.size() != graph.getExperts())
      return graph.emitOpError("requires the number of rows given (")
             << rows.size() << ") to equal that of its experts ("
             << graph.getExperts() << ")";
    int64_t tasks = 0;
    for (unsigned run = 0; run < runs; ++run) {
      RunOptions options;
      options.seed = seed + run;
      options.workers = workers;
      options.resident = resident;
      options.schedule = kind;
      Random random(options.seed);
      options.loads = randomLoads(graph, launches, maxTokens, random);
      for (SmallVector<Load> &ranks : options.loads)
        for (Load &load : ranks) {
          if (tokens >= 0)
            load.tokens = tokens;
          if (!rows.empty())
            load.rows.assign(rows.begin(), rows.end());
        }
      RunResult result = runTileGraph(graph, options);
      tasks += result.tasks;
      if (!result.finding)
        continue;
      InFlightDiagnostic diagnostic = emitError(result.finding->loc);
      diagnostic << stringifyFindingKind(result.finding->kind) << ": "
                 << result.finding->text;
      diagnostic.attachNote(graph.getLoc())
          << "replay with seed=" << options.seed << " runs=1";
      return diagnostic;
    }
    graph.emitRemark() << "ran " << runs.getValue() << " times "
                       << launches.getValue() << " launches: " << tasks
                       << " tasks";
    return success();
  }
};

} // namespace
