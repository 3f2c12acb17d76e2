// How layers are scheduled, and why, for people and for machines.
#ifndef MOE_PIPELINES_SCHEDULEREPORT_H
#define MOE_PIPELINES_SCHEDULEREPORT_H

#include "moe/Pipelines/Compiler.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <utility>
#include <vector>

namespace moe {

struct Note;

struct ScheduledLayer {
  /// Where the model has it.
  std::string place;
  /// What was decided, as an aspect and its text, in the order of the report:
  /// form, costs, tile, weights, rows, plan, input, router, rounding, rings,
  /// memory. An aspect that nobody spoke of is left out.
  std::vector<std::pair<std::string, std::string>> aspects;
};

/// Products with weights that are in no graph of tile tasks: the rest of the
/// model, and layers that are unfused.
struct ScheduledProducts {
  /// How their weights lie, or why they stay as they are stored.
  std::string weights;
  int64_t count = 0;
};

struct ScheduleReport {
  std::vector<ScheduledLayer> layers;
  /// In the order in which the model first has them.
  std::vector<ScheduledProducts> products;

  void print(llvm::raw_ostream &os) const;
  /// An object with the lists 'layers', objects of 'place' and the aspects, and
  /// 'products', objects of 'weights' and 'count'.
  void printJSON(llvm::raw_ostream &os) const;
};

/// Collects what the passes below the moe level say from now on.
class ScheduleObserver {
public:
  /// Observes a context whose remarks nobody observes yet.
  explicit ScheduleObserver(mlir::MLIRContext &context);

  /// Lowers `module` to the tile level, and on to where weights are laid out,
  /// and tells how its layers are run. Errors go to the context's diagnostics.
  mlir::FailureOr<ScheduleReport> explain(mlir::ModuleOp module,
                                          const CompileOptions &options);

private:
  std::shared_ptr<std::vector<Note>> notes;
};

} // namespace moe

#endif // MOE_PIPELINES_SCHEDULEREPORT_H
