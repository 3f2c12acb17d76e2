// The committed task graphs, for tests that run or change them.
#ifndef MOE_TEST_UNIT_MOETILE_GRAPHS_H
#define MOE_TEST_UNIT_MOETILE_GRAPHS_H

#include "moe/Analysis/TileGraph.h"
#include "moe/Analysis/TileInterpreter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"

#include <string>

namespace moe::tile::test {

/// The text of test/Dialect/MoETile/Inputs/`name`.mlir.
inline std::string readGraph(llvm::StringRef name) {
  auto file = llvm::MemoryBuffer::getFile(MOE_TILE_GRAPHS "/" + name + ".mlir");
  return file ? (*file)->getBuffer().str() : std::string();
}

/// A module of one graph, and the diagnostics that its text and passes gave.
class ParsedGraph {
public:
  explicit ParsedGraph(llvm::StringRef text)
      : handler(&context, [this](mlir::Diagnostic &diagnostic) {
          messages += diagnostic.str() + "\n";
        }) {
    context.loadDialect<mlir::func::FuncDialect, MoETileDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (module)
      module->walk([&](GraphOp op) { graph = op; });
  }

  GraphOp operator*() const { return graph; }
  explicit operator bool() const { return graph != nullptr; }

  /// Errors of the op verifiers, or of the graph's.
  std::string verify() {
    if (graph)
      (void)verifyTileGraph(graph);
    return messages;
  }

private:
  mlir::MLIRContext context;
  std::string messages;
  mlir::ScopedDiagnosticHandler handler;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  GraphOp graph;
};

/// The first finding in `runs` seeds of random loads, with workers and
/// residency that change from seed to seed as far as `schedule` permits.
inline std::optional<Finding>
search(GraphOp graph, int64_t runs, std::optional<ScheduleKind> schedule = {}) {
  for (int64_t seed = 0; seed < runs; ++seed) {
    RunOptions options;
    options.seed = seed;
    options.schedule = schedule;
    Random random(seed);
    options.loads =
        randomLoads(graph, /*launches=*/4, /*maxTokens=*/70, random);
    ScheduleKind kind = schedule.value_or(graph.getSchedule().getKind());
    if (schedule || graph.getSchedule().getWorkers() == 0) {
      options.workers = 2 + random.below(6);
      options.resident = options.workers;
    }
    if (kind == ScheduleKind::Ticket)
      options.resident = 1 + random.below(options.workers);
    RunResult result = runTileGraph(graph, options);
    if (result.finding)
      return result.finding;
  }
  return std::nullopt;
}

} // namespace moe::tile::test

#endif // MOE_TEST_UNIT_MOETILE_GRAPHS_H
