// RUN: moe-opt %s --split-input-file --verify-diagnostics

func.func @unknown_field(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{expects the name of a field, but got 'offsets'}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offsets = [1]>, slice_sizes = array<i64: 1, 4>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @repeated_field(%x: tensor<8x4xf32>, %i: tensor<3xi64>) {
  // expected-error@+1 {{expects every field once, but got 'offset_dims' again}}
  %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], offset_dims = [1]>, slice_sizes = array<i64: 1, 4>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @short_form_of_other_operation(%x: tensor<2x3xf32>, %z: tensor<f32>) {
  // expected-error@+1 {{expects one input and a commutative operation of stablehlo, but got 1 and 'stablehlo.divide'}}
  %0 = stablehlo.reduce(%x init: %z) applies stablehlo.divide across dimensions = [1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
  return
}

// -----

func.func @function_type(%x: tensor<2xf32>) {
  // expected-error@+1 {{expects a function type of 2 operands and one result, but got '(tensor<2xf32>) -> tensor<2xf32>'}}
  %0 = stablehlo.add %x, %x : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @precision(%x: tensor<2xf32>) {
  // expected-error@+1 {{expects DEFAULT, HIGH or HIGHEST, but got 'LOW'}}
  %0 = stablehlo.dot_general %x, %x, contracting_dims = [0] x [0], precision = [LOW] : (tensor<2xf32>, tensor<2xf32>) -> tensor<f32>
  return
}

// -----

func.func @long_list(%x: tensor<2xf32>) {
  // expected-error@+1 {{failed to satisfy constraint: a list of 64-bit integers}}
  %0 = "stablehlo.reverse"(%x) <{dimensions = dense<0> : tensor<1000000000000xi64>}> : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @unknown_operation(%x: tensor<2xf32>) {
  // expected-error@+1 {{unregistered operation 'stablehlo.fft' found in dialect ('stablehlo') that does not allow unknown operations}}
  %0 = "stablehlo.fft"(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @twice(%x: tensor<2x4x3xf32>, %w: tensor<4x3x8xf32>) {
  // expected-error@+1 {{expects every spatial dimension once, but got 0 again}}
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, 0, f]x[0, i, o]->[b, 0, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x4x3xf32>, tensor<4x3x8xf32>) -> tensor<2x1x8xf32>
  return
}

// -----

func.func @letter(%x: tensor<2x4x3xf32>, %w: tensor<4x3x8xf32>) {
  // expected-error@+1 {{expects 'b' and 'f' once each, but got 'i'}}
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, i]x[0, i, o]->[b, 0, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x4x3xf32>, tensor<4x3x8xf32>) -> tensor<2x1x8xf32>
  return
}

// -----

func.func @gap(%x: tensor<2x4x3xf32>, %w: tensor<4x3x8xf32>) {
  // expected-error@+1 {{expects 'b', 'f' and the spatial dimensions from 0 on}}
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 1, f]x[0, i, o]->[b, 0, f], window = {} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x4x3xf32>, tensor<4x3x8xf32>) -> tensor<2x1x8xf32>
  return
}

// -----

func.func @window_field(%x: tensor<2x4x3xf32>, %w: tensor<4x3x8xf32>) {
  // expected-error@+1 {{expects stride, pad, lhs_dilate, rhs_dilate or reverse, but got 'size'}}
  %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, f]x[0, i, o]->[b, 0, f], window = {size = [1]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x4x3xf32>, tensor<4x3x8xf32>) -> tensor<2x1x8xf32>
  return
}

// -----

func.func @format(%x: tensor<2xf32>) {
  // expected-error@+1 {{expects a format such as e8m7, but got 'bf16'}}
  %0 = stablehlo.reduce_precision %x, format = bf16 : tensor<2xf32>
  return
}
