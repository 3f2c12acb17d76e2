// RUN: moe-opt %s --split-input-file --verify-diagnostics --moe-prepare-entry | FileCheck %s

// CHECK: module attributes {moe.interface = {inputs = [{name = "x", symbols = ["T", ""], type = tensor<?x8xf32>}], name = "main", outputs = [{name = "output0", symbols = [""], type = tensor<4xf32>}]}}
module {
  // CHECK: func.func @main(%[[X:.*]]: tensor<?x8xf32> {bufferization.writable = false}) -> tensor<4xf32> attributes {llvm.emit_c_interface}
  func.func @main(%x: tensor<?x8xf32> {moe.name = "x", moe.symbols = ["T", ""]}) -> tensor<4xf32> {
    %y = func.call @helper() : () -> tensor<4xf32>
    return %y : tensor<4xf32>
  }
  // CHECK: func.func private @helper
  func.func @helper() -> tensor<4xf32> {
    %y = arith.constant dense<1.0> : tensor<4xf32>
    return %y : tensor<4xf32>
  }
}

// -----

// expected-error @+1 {{expects a function 'main' with a body, but found none}}
module {
}

// -----

// expected-error @+1 {{expects input #0 of 'main' to be a ranked tensor, but got 'tensor<*xf32>'}}
module {
  func.func @main(%x: tensor<*xf32>) {
    return
  }
}

// -----

// expected-error @+1 {{expects 'moe.symbols' of input 'x' to be one string per dimension (1), but got ["a", "b"]}}
module {
  func.func @main(%x: tensor<?xf32> {moe.name = "x", moe.symbols = ["a", "b"]}) {
    return
  }
}
