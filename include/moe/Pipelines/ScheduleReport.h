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
  /// form, costs, tile, rows, plan, input, router, rounding, rings, memory. An
  /// aspect that nobody spoke of is left out.
  std::vector<std::pair<std::string, std::string>> aspects;
};

struct ScheduleReport {
  std::vector<ScheduledLayer> layers;

  void print(llvm::raw_ostream &os) const;
  /// An object with the list 'layers': objects of 'place' and the aspects.
  void printJSON(llvm::raw_ostream &os) const;
};

/// Collects what the passes below the moe level say from now on.
class ScheduleObserver {
public:
  /// Observes a context whose remarks nobody observes yet.
  explicit ScheduleObserver(mlir::MLIRContext &context);

  /// Lowers `module` to the tile level and tells how its layers are run. Errors
  /// go to the context's diagnostics.
  mlir::FailureOr<ScheduleReport> explain(mlir::ModuleOp module,
                                          const CompileOptions &options);

private:
  std::shared_ptr<std::vector<Note>> notes;
};

} // namespace moe

#endif // MOE_PIPELINES_SCHEDULEREPORT_H
