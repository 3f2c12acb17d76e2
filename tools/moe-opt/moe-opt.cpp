// Runs passes on IR of any level: the workbench and test driver.
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "moe/Tools/Registration.h"

static constexpr const char *kOverview =
    R"(Runs passes on IR of any level.

  moe-opt layer.mlir --moe-simplify-routing        one pass
  moe-opt layer.mlir --moe-moe-pipeline            the way down to a level
  moe-opt layer.mlir --moe-raise --remarks-filter='moe.*'
                                                   what it found and refused
  moe-opt layer.mlir --moe-raise --mlir-print-ir-tree-dir=ir
                                                   the IR after each pass
  moe-opt --help | grep -e '--moe-' -e '--convert-'
                                                   the passes of moec, among
                                                   the options of MLIR and LLVM
)";

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  moe::registerAllDialects(registry);
  moe::registerAllPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, kOverview, registry));
}
