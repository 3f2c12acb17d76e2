include "mlir/Pass/PassBase.td"

def FuseRouterPass : Pass<"moe-fuse-router"> {
  let summary = "Fuse the router";
}
def FuseCombinePass : Pass<"moe-fuse-combien"> {
  let summary = "Fuse the combine";
}
def Nameless : Pass<"moe-nameless"> {
  let summary = "Have no name";
}
def ConvertMoEToNothingPass : Pass<"convert-moe-to-nothing"> {
  let summary = "Lower to nothing";
}
