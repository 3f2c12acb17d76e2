// The passes from the moe level to the tile level, and on to the LLVM dialect.
#include "moe/Conversion/Passes.h"
#include "moe/Pipelines/Pipelines.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/BufferizationToMemRef/BufferizationToMemRef.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

/// What passes that choose kernels know of the target.
template <typename PassOptions>
static void describeVectors(PassOptions &pass,
                            const moe::TargetPipelineOptions &options) {
  pass.vectorBits = options.vectorBits;
  pass.vectorRegisters = options.vectorRegisters;
  pass.bf16Dot = options.bf16Dot;
  pass.bf16Tiles = options.bf16Tiles;
  pass.fetchDistance = options.fetchDistance;
}

void moe::buildTilePipeline(OpPassManager &manager,
                            const TargetPipelineOptions &options) {
  if (options.planStats) {
    manager.addPass(createInlinerPass());
    PrintPlanStatsPassOptions stats;
    stats.format = ReportFormat::Results;
    manager.addPass(createPrintPlanStatsPass(stats));
  }
  PrepareEntryPassOptions prepare;
  prepare.entry = options.entry;
  manager.addPass(createPrepareEntryPass(prepare));
  manager.addPass(createInlinerPass());
  if (!options.tokenRounding.empty()) {
    TokenRoundingPassOptions rounding;
    describeVectors(rounding, options);
    rounding.mode = options.tokenRounding;
    rounding.tokens = options.schedule.tokens;
    manager.addPass(createTokenRoundingPass(rounding));
  }
  manager.addPass(createPaddingEliminationPass());
  ConvertMoEToTilePassOptions cut;
  describeVectors(cut, options);
  cut.schedule = options.schedule;
  manager.addPass(createConvertMoEToTilePass(cut));
  ConvertRouteToVectorPassOptions route;
  route.vectorBits = options.vectorBits;
  manager.addPass(createConvertRouteToVectorPass(route));
  manager.addPass(createConvertMoEToLinalgPass());
  manager.addPass(createSymbolDCEPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(createVerifyTilePass());
}

void moe::buildPanelPipeline(OpPassManager &manager,
                             const TargetPipelineOptions &options) {
  ConvertTileToCPUPassOptions graphs;
  graphs.trace = options.trace;
  manager.addPass(createConvertTileToCPUPass(graphs));
  // Bufferization has no form for arithmetic on whole tensors.
  manager.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  manager.addNestedPass<func::FuncOp>(createLinalgGeneralizeNamedOpsPass());
  manager.addNestedPass<func::FuncOp>(createFoldRepeatedOperandsPass());
  manager.addNestedPass<func::FuncOp>(createFuseElementwisePass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  PackWeightsPassOptions pack;
  describeVectors(pack, options);
  manager.addNestedPass<func::FuncOp>(createPackWeightsPass(pack));
  SplitRowsPassOptions split;
  describeVectors(split, options);
  manager.addNestedPass<func::FuncOp>(createSplitRowsPass(split));
}

/// Weights and buffers on tensors, then memory: every pass of this part works
/// on values.
static void addTensorPasses(OpPassManager &manager,
                            const moe::TargetPipelineOptions &options) {
  moe::buildPanelPipeline(manager, options);
  manager.addPass(createCanonicalizerPass());

  moe::ExternalizeWeightsPassOptions externalize;
  externalize.entry = options.entry;
  manager.addPass(moe::createExternalizeWeightsPass(externalize));
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

static void addBufferization(OpPassManager &manager) {
  manager.addNestedPass<func::FuncOp>(moe::createSeparateFillsPass());
  manager.addPass(bufferization::createEmptyTensorEliminationPass());
  manager.addPass(bufferization::createEmptyTensorToAllocTensorPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  bufferize.allowReturnAllocsFromLoops = true;
  manager.addPass(bufferization::createOneShotBufferizePass(bufferize));
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addNestedPass<func::FuncOp>(moe::createContiguousResultsPass());
  // The clones that this inserts keep outputs apart from inputs and weights:
  // nothing may fold them before they are copies.
  bufferization::buildBufferDeallocationPipeline(
      manager, bufferization::BufferDeallocationPipelineOptions());
  manager.addNestedPass<func::FuncOp>(
      bufferization::createOptimizeAllocationLivenessPass());
  manager.addPass(createConvertBufferizationToMemRefPass());
}

static void addLoopPasses(OpPassManager &manager,
                          const moe::TargetPipelineOptions &options) {
  moe::ConvertLinalgToCPUPassOptions loops;
  describeVectors(loops, options);
  manager.addPass(moe::createConvertLinalgToCPUPass(loops));
  manager.addNestedPass<func::FuncOp>(createForallToParallelLoopPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(moe::createConvertAssertToRuntimePass());
  manager.addPass(moe::createConvertParallelToRuntimePass());
  manager.addPass(createLoopInvariantCodeMotionPass());
}

static void addLLVMPasses(OpPassManager &manager,
                          const moe::TargetPipelineOptions &options) {
  moe::ApproximateMathPassOptions math;
  math.f16Conversions = options.f16Conversions;
  manager.addPass(moe::createApproximateMathPass(math));
  manager.addPass(memref::createExpandReallocPass());
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createConvertVectorToSCFPass());
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  ConvertVectorToLLVMPassOptions vector;
  vector.x86Vector = true;
  manager.addPass(createConvertVectorToLLVMPass(vector));
  FinalizeMemRefToLLVMConversionPassOptions memref;
  memref.useGenericFunctions = true;
  memref.useAlignedAlloc = true;
  manager.addPass(createFinalizeMemRefToLLVMConversionPass(memref));
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createConvertMathToLibmPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertIndexToLLVMPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createUBToLLVMConversionPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
}

void moe::buildTargetPipeline(OpPassManager &manager,
                              const TargetPipelineOptions &options) {
  addTensorPasses(manager, options);
  addBufferization(manager);
  addLoopPasses(manager, options);
  addLLVMPasses(manager, options);
}

void moe::registerPipelines() {
  PassPipelineRegistration<MoEPipelineOptions>(
      "moe-moe-pipeline", "Lower a graph to the moe level", buildMoEPipeline);
  PassPipelineRegistration<TargetPipelineOptions>(
      "moe-tile-pipeline", "Lower the moe level to the tile level",
      buildTilePipeline);
  PassPipelineRegistration<TargetPipelineOptions>(
      "moe-target-pipeline",
      "Lower the moe level to the LLVM dialect for a CPU",
      [](OpPassManager &manager, const TargetPipelineOptions &options) {
        buildTilePipeline(manager, options);
        buildTargetPipeline(manager, options);
      });
}
