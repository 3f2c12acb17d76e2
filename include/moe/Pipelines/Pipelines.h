// The pass pipelines between the levels, and their options.
#ifndef MOE_PIPELINES_PIPELINES_H
#define MOE_PIPELINES_PIPELINES_H

#include "moe/Analysis/Schedule.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace moe {

/// Options of `moe-tile-pipeline` and `moe-target-pipeline`.
struct TargetPipelineOptions
    : mlir::PassPipelineOptions<TargetPipelineOptions> {
  Option<std::string> entry{*this, "entry",
                            llvm::cl::desc("Name of the entry function"),
                            llvm::cl::init("main")};
  Option<unsigned> vectorBits{*this, "vector-bits",
                              llvm::cl::desc("Width of the target's vectors"),
                              llvm::cl::init(256)};
  Option<unsigned> vectorRegisters{
      *this, "vector-registers",
      llvm::cl::desc("Number of the target's vector registers"),
      llvm::cl::init(16)};
  Option<bool> bf16Dot{
      *this, "bf16-dot",
      llvm::cl::desc("The target multiplies pairs of bf16 into f32"),
      llvm::cl::init(false)};
  Option<bool> bf16Tiles{
      *this, "bf16-tiles",
      llvm::cl::desc("The target does so in tile registers too"),
      llvm::cl::init(false)};
  Option<bool> f16Conversions{
      *this, "f16-conversions",
      llvm::cl::desc("The target has instructions that convert f16"),
      llvm::cl::init(true)};
  Option<int64_t> fetchDistance{
      *this, "fetch-distance",
      llvm::cl::desc("Bytes ahead of loads from memory at which kernels fetch; "
                     "0 leaves it to the CPU"),
      llvm::cl::init(0)};
  Option<ScheduleOptions> schedule{
      *this, "schedule",
      llvm::cl::desc("How MoE layers are run, where that is possible (see "
                     "convert-moe-to-tile)"),
      llvm::cl::init(ScheduleOptions())};
  Option<std::string> tokenRounding{
      *this, "token-rounding",
      llvm::cl::desc("Rule by which counts of experts are rounded (see "
                     "moe-token-rounding); none where empty")};
  Option<bool> planStats{
      *this, "plan-stats",
      llvm::cl::desc("Loads, drops and entropy of every route are results (see "
                     "moe-print-plan-stats)"),
      llvm::cl::init(false)};
  Option<bool> trace{
      *this, "trace",
      llvm::cl::desc("Have tasks tell the runtime when they begin and end"),
      llvm::cl::init(false)};
};

struct MoEPipelineOptions : mlir::PassPipelineOptions<MoEPipelineOptions> {
  Option<bool> acceptFrozenExport{
      *this, "accept-frozen-export",
      llvm::cl::desc("Leave graphs alone that do not compute what their model "
                     "did"),
      llvm::cl::init(false)};
};

/// Adds the passes from the graph level to the moe level.
void buildMoEPipeline(mlir::OpPassManager &manager,
                      const MoEPipelineOptions &options);

/// Adds the passes from the moe level to the tile level.
void buildTilePipeline(mlir::OpPassManager &manager,
                       const TargetPipelineOptions &options);

/// Adds the passes from the tile level to the LLVM dialect.
void buildTargetPipeline(mlir::OpPassManager &manager,
                         const TargetPipelineOptions &options);

/// Adds the first of these passes: from the tile level to where matmuls read
/// their weights as kernels do.
void buildPanelPipeline(mlir::OpPassManager &manager,
                        const TargetPipelineOptions &options);

/// Registers the pipelines with the global registry, under
/// `moe-<level>-pipeline`.
void registerPipelines();

} // namespace moe

#endif // MOE_PIPELINES_PIPELINES_H
