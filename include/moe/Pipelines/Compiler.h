// The compiler as a library: from a module at one level to another, or to an
// artefact.
#ifndef MOE_PIPELINES_COMPILER_H
#define MOE_PIPELINES_COMPILER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/LLVM.h"
#include "moe/Analysis/Schedule.h"
#include "moe/Target/Artefact.h"
#include "llvm/Support/MemoryBufferRef.h"

#include <functional>
#include <optional>
#include <string>

namespace mlir {
class OpPassManager;
class PassManager;
} // namespace mlir

namespace moe {

/// What a module means; the order is the way down.
enum class Level { Graph, MoE, Tile, Target };

/// The level called `name` ("graph", "moe", "tile",
/// "target").
std::optional<Level> parseLevel(llvm::StringRef name);
llvm::StringRef levelName(Level level);

struct CompileOptions {
  /// The level of the module that comes in.
  Level from = Level::Graph;
  /// Name of the function that becomes the entry point.
  std::string entry = "main";
  /// See CpuTarget::create.
  std::string cpu = "host";
  std::string features;
  ArtefactKind kind = ArtefactKind::SharedLibrary;
  /// Compiles graphs that are known not to compute what their model did (see
  /// moe-raise) as they are instead of refusing them.
  bool acceptFrozenExport = false;
  /// Of layers that a graph of tile tasks can compute; others are unfused. The
  /// machine's rates are those of `cpu`, but for those that follow.
  ScheduleOptions schedule;
  /// Operations per second of a thread in f32, and bytes per second that all
  /// threads read; 0 for those of `cpu`.
  double machineFlops = 0, machineReadBytes = 0;
  /// The rule by which moe-token-rounding rounds counts; empty for none. It
  /// changes what the model computes.
  std::string tokenRounding;
  /// Whether the model has results more: how each route loads its experts (see
  /// moe-print-plan-stats).
  bool planStats = false;
  /// Has tasks of graphs tell the runtime when they begin and end (see
  /// moe_trace_event_t), at the price of two calls each.
  bool trace = false;
  /// Told what is being done, for people.
  std::function<void(llvm::StringRef)> progress;
  /// Called with each pass manager before it runs: for instrumentation and IR
  /// printing.
  std::function<void(mlir::PassManager &)> instrument;
};

/// Reads a model of any kind, which its first bytes tell: ONNX, the text of
/// MLIR, its bytecode (portable artifacts of StableHLO too), or what jax.export
/// writes. Large weights of the last two stay references to the file. Errors go
/// to the context's diagnostics and the result is null. The context has the
/// dialects of registerAllDialects.
mlir::OwningOpRef<mlir::ModuleOp> readModel(llvm::StringRef path,
                                            mlir::MLIRContext &context);

/// The same for a model in memory, weights included. Bytecode is read in a
/// child process, so that what makes MLIR's reader crash is an error; the call
/// forks.
mlir::OwningOpRef<mlir::ModuleOp> readModule(llvm::MemoryBufferRef buffer,
                                             mlir::MLIRContext &context);

/// Adds the passes from `options.from` down to `to`.
llvm::Error buildCompilePipeline(mlir::OpPassManager &manager,
                                 const CompileOptions &options, Level to);

/// Lowers `module` in place from `options.from` to `to`. Errors go to the
/// context's diagnostics.
mlir::LogicalResult lowerToLevel(mlir::ModuleOp module, Level to,
                                 const CompileOptions &options);

/// Lowers `module` in place from the tile level, to which `options` brought it,
/// to where matmuls read their weights as kernels do (buildPanelPipeline).
/// Errors go to the context's diagnostics.
mlir::LogicalResult lowerToPanels(mlir::ModuleOp module,
                                  const CompileOptions &options);

/// Lowers `module` to the target level in place and writes the artefact; see
/// writeArtefact. Errors go to the context's diagnostics.
mlir::LogicalResult compileToArtefact(mlir::ModuleOp module,
                                      llvm::StringRef path,
                                      const CompileOptions &options);

} // namespace moe

#endif // MOE_PIPELINES_COMPILER_H
