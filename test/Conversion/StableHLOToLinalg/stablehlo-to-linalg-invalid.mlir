// RUN: moe-opt %s --convert-stablehlo-to-linalg --split-input-file --verify-diagnostics

func.func private @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
func.func @composite(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{op expects composites to be inlined before this pass, but got 'test.f'}}
  %0 = stablehlo.composite "test.f" %x {decomposition = @f} : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// All of them are named at once, from wherever they are called.
func.func @custom_call(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+2 {{op expects functions that this compiler knows, but the model calls 'tpu_custom_call' (2 times), 'cudnn' (1 time)}}
  // expected-note@+1 {{a kernel of another compiler has no operations to read; export the model without it, in JAX for the platform 'cpu' or with its XLA implementation}}
  %0 = stablehlo.custom_call @tpu_custom_call(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = stablehlo.custom_call @Sharding(%0) : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
func.func @more_custom_calls(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-note@+1 {{'cudnn' is called here}}
  %0 = stablehlo.custom_call @cudnn(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = stablehlo.custom_call @tpu_custom_call(%0) : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

func.func private @max(%a: tensor<f32>, %b: tensor<f32>) -> tensor<f32>
func.func @region(%x: tensor<4xf32>, %z: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{op expects a region of element-wise operations on scalars}}
  %0 = stablehlo.reduce(%x init: %z) across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
   reducer(%a: tensor<f32>, %b: tensor<f32>) {
    %1 = func.call @max(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    stablehlo.return %1 : tensor<f32>
  }
  return %0 : tensor<f32>
}
