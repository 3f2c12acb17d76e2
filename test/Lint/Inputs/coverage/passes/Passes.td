include "mlir/Pass/PassBase.td"

def SimplifyRoutingPass : Pass<"moe-simplify-routing">;
def SimplifyPass : Pass<"moe-simplify">;
