// One list of dialects and passes for all tools.
#include "moe/Tools/Registration.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "moe/Conversion/Passes.h"
#include "moe/Dialect/MoE/MoE.h"
#include "moe/Dialect/Support/MoESupport.h"

void moe::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<MoEDialect>();
  registry.insert<support::MoESupportDialect>();
}

void moe::registerAllPasses() {
  mlir::registerAllPasses();
  registerMoEConversionPasses();
}
