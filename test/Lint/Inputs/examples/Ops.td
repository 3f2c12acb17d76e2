include "mlir/IR/OpBase.td"

def Toy_Dialect : Dialect {
  let name = "moe_toy";
  let cppNamespace = "::moe::toy";
}

def Toy_GoodOp : Op<Toy_Dialect, "good"> {
  let description = [{
    ```mlir
    #moe.score<softmax>
    #moe.body<gated, silu,
      alpha = 1.702>
    ```
    ```mlir
    !moe.plan<8, slots<2>>
    ```
    ```mlir
    func.func private @good()
    ```
  }];
}

def Toy_StaleOp : Op<Toy_Dialect, "stale"> {
  let description = [{
    ```mlir
    %0 = moe_toy.no_longer_there
    ```
  }];
}
