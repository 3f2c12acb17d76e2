// RUN: moe-opt %s --moe-inline-composites --split-input-file --verify-diagnostics

// expected-note@+1 {{decomposition defined here}}
func.func private @a(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = stablehlo.composite "test.b" %x {decomposition = @b} : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @b(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{op expects a decomposition that ends, but got the cycle through 'a'}}
  %0 = stablehlo.composite "test.a" %x {decomposition = @a} : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func private @external(tensor<4xf32>) -> tensor<4xf32>
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{op expects 'decomposition' to name a function with a body of one block, but got 'external'}}
  %0 = stablehlo.composite "test.external" %x {decomposition = @external} : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
