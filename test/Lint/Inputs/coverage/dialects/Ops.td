include "mlir/IR/OpBase.td"

def Toy_Dialect : Dialect {
  let name = "moe_toy";
  let cppNamespace = "::moe::toy";
}
def Toy_TestedOp : Op<Toy_Dialect, "tested">;
def Toy_UntestedOp : Op<Toy_Dialect, "untested">;
def Toy_TestOp : Op<Toy_Dialect, "test">;
