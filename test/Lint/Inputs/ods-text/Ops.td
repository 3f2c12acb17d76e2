include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"

def Toy_Dialect : Dialect {
  let name = "moe_toy";
  let cppNamespace = "::moe::toy";
}
class Toy_Op<string name> : Op<Toy_Dialect, name>;

def Toy_GoodOp : Toy_Op<"good"> {
  let summary = "Do what is asked";
  let description = [{
    `result` is `operand` to the power of `exponent`.

    Constraints:
    1. (good_c1) there is one.
    2. (R2) there is another.

    Example:
    ```mlir
    func.func private @good()
    ```
  }];
  let arguments = (ins AnyTensor:$operand, I64Attr:$exponent);
  let results = (outs AnyTensor:$result);
}

def Toy_SilentOp : Toy_Op<"silent"> {}

def Toy_BadOp : Toy_Op<"bad"> {
  let summary = "Computes something that takes more words to say than there is room for.";
  let description = [{
    Example of what is missing.

    Constraints:
    1. no label.
    3. (bad_c1) no order.

  }];
  let arguments = (ins AnyTensor:$operand);
  let results = (outs AnyTensor);
}

def Toy_EchoOp : Toy_Op<"echo"> {
  let summary = "Echo";
  let description = [{
    Nothing.

    Example:
    ```mlir
    func.func private @echo()
    ```
  }];
}
