// Shrinks a module as long as a given script still finds it interesting.
#include "moe/Tools/Reduction.h"
#include "moe/Tools/Registration.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  moe::registerAllDialects(registry);
  moe::registerReductionPatterns(registry);
  moe::registerAllPasses();
  mlir::MLIRContext context(registry);
  moe::loadReductionDialects(context);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
}
