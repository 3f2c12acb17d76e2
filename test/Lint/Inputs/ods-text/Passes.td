include "mlir/Pass/PassBase.td"

def QuietPass : Pass<"moe-quiet"> {
  let summary = "Say nothing.";
}
