// Runs the pipelines between levels and writes artefacts.
#include "moe/Pipelines/Compiler.h"
#include "moe/Pipelines/Pipelines.h"
#include "moe/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using llvm::Error;
using llvm::Expected;

namespace {

struct LevelName {
  moe::Level level;
  StringRef name;
};
constexpr LevelName levels[] = {{moe::Level::Graph, "graph"},
                                {moe::Level::MoE, "moe"},
                                {moe::Level::Tile, "tile"},
                                {moe::Level::Target, "target"}};

} // namespace

std::optional<moe::Level> moe::parseLevel(StringRef name) {
  for (const LevelName &level : levels)
    if (level.name == name)
      return level.level;
  return std::nullopt;
}

StringRef moe::levelName(Level level) {
  return levels[static_cast<size_t>(level)].name;
}

/// Sets what `options` say of the passes below the moe level.
static Error setPipeline(moe::TargetPipelineOptions &pipeline,
                         const moe::CompileOptions &options) {
  Expected<moe::CpuTarget> target =
      moe::CpuTarget::create(options.cpu, options.features);
  if (!target)
    return target.takeError();
  pipeline.entry = options.entry;
  pipeline.vectorBits = target->vectorBits();
  pipeline.vectorRegisters = target->vectorRegisters();
  pipeline.bf16Dot = target->hasBF16Dot();
  pipeline.f16Conversions = target->hasF16Conversions();
  pipeline.bf16Tiles = target->hasBF16Tiles();
  pipeline.fetchDistance = target->fetchDistance();
  moe::ScheduleOptions schedule = options.schedule;
  schedule.machine = target->rates();
  if (options.machineFlops > 0)
    schedule.machine.flops = options.machineFlops;
  if (options.machineReadBytes > 0)
    schedule.machine.readBytes = schedule.machine.allReadBytes =
        options.machineReadBytes;
  pipeline.schedule = schedule;
  pipeline.tokenRounding = options.tokenRounding;
  pipeline.planStats = options.planStats;
  pipeline.trace = options.trace;
  return Error::success();
}

Error moe::buildCompilePipeline(OpPassManager &manager,
                                const CompileOptions &options, Level to) {
  if (to < options.from)
    return llvm::createStringError(
        "requires the level to stop after ('" + levelName(to) +
        "') to be at or below the level to start from ('" +
        levelName(options.from) + "')");
  if (options.from < Level::MoE && to >= Level::MoE) {
    MoEPipelineOptions pipeline;
    pipeline.acceptFrozenExport = options.acceptFrozenExport;
    buildMoEPipeline(manager, pipeline);
  }
  // What somebody else lowered to this level has to be what lowering gives.
  if (options.from == Level::MoE)
    manager.addPass(createVerifyMoEPass());
  if (options.from < Level::Target && to >= Level::Tile) {
    TargetPipelineOptions pipeline;
    if (Error error = setPipeline(pipeline, options))
      return error;
    if (options.from < Level::Tile)
      buildTilePipeline(manager, pipeline);
    if (to >= Level::Target)
      buildTargetPipeline(manager, pipeline);
  }
  return Error::success();
}

LogicalResult moe::lowerToLevel(ModuleOp module, Level to,
                                const CompileOptions &options) {
  PassManager manager(module.getContext());
  if (Error error = buildCompilePipeline(manager, options, to))
    return emitError(module.getLoc(), llvm::toString(std::move(error)));
  if (options.instrument)
    options.instrument(manager);
  if (options.progress)
    options.progress(("lowering to the " + levelName(to) + " level").str());
  return manager.run(module);
}

LogicalResult moe::lowerToPanels(ModuleOp module,
                                 const CompileOptions &options) {
  TargetPipelineOptions pipeline;
  if (Error error = setPipeline(pipeline, options))
    return emitError(module.getLoc(), llvm::toString(std::move(error)));
  PassManager manager(module.getContext());
  buildPanelPipeline(manager, pipeline);
  if (options.instrument)
    options.instrument(manager);
  return manager.run(module);
}

LogicalResult moe::compileToArtefact(ModuleOp module, StringRef path,
                                     const CompileOptions &options) {
  Expected<CpuTarget> target = CpuTarget::create(options.cpu, options.features);
  if (!target)
    return emitError(module.getLoc(), llvm::toString(target.takeError()));
  if (failed(lowerToLevel(module, Level::Target, options)))
    return failure();
  ArtefactOptions artefact;
  artefact.kind = options.kind;
  artefact.progress = options.progress;
  if (Error error = writeArtefact(module, path, *target, artefact))
    return emitError(module.getLoc(), llvm::toString(std::move(error)));
  return success();
}
