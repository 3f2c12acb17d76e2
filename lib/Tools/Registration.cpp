// One list of dialects and passes for all tools.
#include "moe/Tools/Registration.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/MoE/MoE.h"
#include "moe/Dialect/MoETile/MoETile.h"
#include "moe/Dialect/StableHLO/Chlo.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "moe/Pipelines/Pipelines.h"
#include "moe/Transforms/Passes.h"

void moe::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<MoEDialect>();
  registry.insert<tile::MoETileDialect>();
  registry.insert<support::MoESupportDialect>();
  registry.insert<stablehlo::StableHLODialect>();
  registry.insert<chlo::CHLODialect>();
}

void moe::registerAllPasses() {
  mlir::registerAllPasses();
  registerMoEConversionPasses();
  registerMoETransformsPasses();
  registerPipelines();
}
