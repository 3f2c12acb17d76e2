// The passes from the graph level to the moe level.
#include "moe/Conversion/Passes.h"
#include "moe/Pipelines/Pipelines.h"
#include "moe/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void moe::buildMoEPipeline(OpPassManager &manager,
                           const MoEPipelineOptions &options) {
  manager.addPass(createInlinerPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  RaisePassOptions raise;
  raise.acceptFrozenExport = options.acceptFrozenExport;
  manager.addPass(createRaisePass(raise));
  manager.addPass(createConvertAttentionToLinalgPass());
  manager.addPass(createInlineCompositesPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addNestedPass<func::FuncOp>(createSimplifyRoutingPass());
  manager.addPass(createConvertStableHLOToLinalgPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(createVerifyMoEPass());
}
