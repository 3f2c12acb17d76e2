//===- StableHLOReduction.td - products, reductions, sorting, mapping -----===//
#ifndef MOE_DIALECT_STABLEHLO_STABLEHLOREDUCTION_TD
#define MOE_DIALECT_STABLEHLO_STABLEHLOREDUCTION_TD

include "StableHLOAttrs.td"

def StableHLO_DotGeneralOp : StableHLO_Op<"dot_general", [Pure]> {
  let summary = "Multiply tensors, summing over chosen dimensions";
  let description = [{
    `result`[b, m, n] = sum over k of `lhs`[b, m, k] * `rhs`[b, k, n]: b runs over the batching dimensions, m and n over the free dimensions of `lhs` and
    `rhs`, k over the contracting dimensions. Sums of f16 and bf16 accumulate in f32; integers wrap in the element type of `result`.

    `lhs`, `rhs`: tensors of numbers; `precision_config` and `algorithm` are wishes, met or exceeded.

    Constraints:
    1. (dot_general_c1) batching and contracting lists pair up in length.
    2. (dot_general_c2) per operand they are distinct and in range.
    3. (dot_general_c3) sizes of paired dimensions agree.
    4. (dot_general_c4) the shape of `result` is batch, then `lhs` free, then `rhs` free dimensions.
    5. (dot_general_c5) `precision_config` has at most two elements.

    Example:
    ```mlir
    func.func @example(%x: tensor<2x4x8xf32>, %y: tensor<2x8x3xf32>) -> tensor<2x4x3xf32> {
      %0 = stablehlo.dot_general %x, %y, batching_dims = [0] x [0], contracting_dims = [2] x [1], precision = [DEFAULT, DEFAULT]
          : (tensor<2x4x8xf32>, tensor<2x8x3xf32>) -> tensor<2x4x3xf32>
      func.return %0 : tensor<2x4x3xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$lhs, HLO_Tensor:$rhs, StableHLO_DotDimensionNumbers:$dot_dimension_numbers,
                       OptionalAttr<StableHLO_PrecisionConfigAttr>:$precision_config, OptionalAttr<StableHLO_DotAlgorithm>:$algorithm);
  let results = (outs HLO_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$lhs, "::mlir::Value":$rhs, "::moe::stablehlo::DotDimensionNumbersAttr":$numbers,
                                 CArg<"::mlir::Type", "{}">:$elementType)>];
  let assemblyFormat = [{
    $lhs `,` $rhs `,` custom<DotDimensionNumbers>($dot_dimension_numbers) `` custom<PrecisionConfigAndAlgorithm>($precision_config, $algorithm)
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

class StableHLO_RegionOp<string mnemonic, list<Trait> traits = []>
    : StableHLO_Op<mnemonic, !listconcat(traits, [RecursiveMemoryEffects, SingleBlockImplicitTerminator<"::moe::stablehlo::ReturnOp">])>;

def StableHLO_ReduceOp : StableHLO_RegionOp<"reduce", [SameVariadicOperandSize]> {
  let summary = "Combine elements along dimensions";
  let description = [{
    `results`[i] = the elements of `inputs` whose coordinates outside `dimensions` are i, combined by `body` in any order and grouping, starting from
    `init_values`. Several inputs are reduced together.

    `inputs`: tensors of one shape; `init_values`: as many scalars.

    Constraints:
    1. (reduce_c1) there is at least one input, and all have one shape.
    2. (reduce_c2) `dimensions` are distinct and in range.
    3. (reduce_c3) `body` takes an accumulator per input, then an element per input, all scalars, and returns one accumulator per input.
    4. (reduce_c4) `results` have the shape of `inputs` without `dimensions`.

    Example:
    ```mlir
    func.func @example(%x: tensor<2x3xf32>, %z: tensor<f32>) -> tensor<2xf32> {
      %0 = stablehlo.reduce(%x init: %z) applies stablehlo.add across dimensions = [1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
      %1 = stablehlo.reduce(%x init: %z) across dimensions = [1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>
       reducer(%a: tensor<f32>, %b: tensor<f32>) {
        %2 = stablehlo.maximum %a, %b : tensor<f32>
        stablehlo.return %2 : tensor<f32>
      }
      func.return %1 : tensor<2xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<HLO_Tensor>:$inputs, Variadic<HLO_Tensor>:$init_values, HLO_I64List:$dimensions);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<HLO_Tensor>:$results);
  let builders = [
    // Leaves the body empty; the caller fills it.
    OpBuilder<(ins "::mlir::ValueRange":$inputs, "::mlir::ValueRange":$initValues, "::llvm::ArrayRef<int64_t>":$dimensions)>
  ];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def StableHLO_ReduceWindowOp : StableHLO_RegionOp<"reduce_window", [SameVariadicOperandSize]> {
  let summary = "Combine elements of sliding windows";
  let description = [{
    `results`[i] = the elements of the padded `inputs` in the window at i * `window_strides`, combined by `body` in any order starting from
    `init_values`. Windows step over `window_dilations`; `base_dilations` spreads the input elements; dilation and `padding` fill with `init_values`.

    `inputs`: tensors of one shape; `init_values`: as many scalars; `padding`: low and high amounts, [rank, 2].

    Constraints:
    1. (reduce_window_c1) there is at least one input, and all have one shape.
    2. (reduce_window_c2) the lists have one element per dimension; sizes, strides and dilations are positive.
    3. (reduce_window_c3) `padding` has shape [rank, 2].
    4. (reduce_window_c4) `body` takes an accumulator per input, then an element per input, all scalars, and returns one accumulator per input.
    5. (reduce_window_c5) `results` have the shape that the windows give.

    Example:
    ```mlir
    func.func @example(%x: tensor<4xf32>, %z: tensor<f32>) -> tensor<4xf32> {
      %0 = "stablehlo.reduce_window"(%x, %z) <{padding = dense<[[3, 0]]> : tensor<1x2xi64>, window_dimensions = array<i64: 4>}> ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):
        %1 = stablehlo.add %a, %b : tensor<f32>
        stablehlo.return %1 : tensor<f32>
      }) : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<HLO_Tensor>:$inputs, Variadic<HLO_Tensor>:$init_values, HLO_I64List:$window_dimensions,
                       OptionalAttr<HLO_I64List>:$window_strides, OptionalAttr<HLO_I64List>:$base_dilations,
                       OptionalAttr<HLO_I64List>:$window_dilations, OptionalAttr<I64ElementsAttr>:$padding);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<HLO_Tensor>:$results);
  let hasVerifier = 1;
}

def StableHLO_SortOp : StableHLO_RegionOp<"sort"> {
  let summary = "Sort along a dimension";
  let description = [{
    `results` hold the rows of `inputs` along `dimension` (negative counts from the end) so that `comparator`(row j, row i) is false for i < j. Equal rows keep
    their order whether or not `is_stable` asks for it. Several inputs move together. A comparator that is no strict weak order gives some permutation.

    `inputs`: tensors of one shape.

    Constraints:
    1. (sort_c1) there is at least one input, and all have one shape, that of `results`.
    2. (sort_c2) -rank <= `dimension` < rank.
    3. (sort_c3) `comparator` takes two scalars per input (first left, first right, second left, ...) and returns one i1.

    Example:
    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = "stablehlo.sort"(%x) <{dimension = 0 : i64, is_stable = true}> ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):
        %1 = stablehlo.compare LT, %a, %b, TOTALORDER : (tensor<f32>, tensor<f32>) -> tensor<i1>
        stablehlo.return %1 : tensor<i1>
      }) : (tensor<4xf32>) -> tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<HLO_Tensor>:$inputs, DefaultValuedOptionalAttr<I64Attr, "-1">:$dimension,
                       DefaultValuedOptionalAttr<BoolAttr, "false">:$is_stable);
  let regions = (region SizedRegion<1>:$comparator);
  let results = (outs Variadic<HLO_Tensor>:$results);
  let hasVerifier = 1;
}

def StableHLO_MapOp : StableHLO_RegionOp<"map"> {
  let summary = "Apply a scalar function element by element";
  let description = [{
    `result`[i] = `computation`(`inputs`[i]).

    `inputs`: tensors of one shape; `result`: of that shape.

    Constraints:
    1. (map_c1) there is at least one input, and all have the shape of `result`.
    2. (map_c2) `dimensions` lists all dimensions in order.
    3. (map_c3) `computation` takes a scalar per input and returns one.

    Example:
    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = "stablehlo.map"(%x) <{dimensions = array<i64: 0>}> ({
      ^bb0(%a: tensor<f32>):
        %1 = stablehlo.tanh %a : tensor<f32>
        stablehlo.return %1 : tensor<f32>
      }) : (tensor<4xf32>) -> tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<HLO_Tensor>:$inputs, HLO_I64List:$dimensions);
  let regions = (region SizedRegion<1>:$computation);
  let results = (outs HLO_Tensor:$result);
  let hasVerifier = 1;
}

#endif // MOE_DIALECT_STABLEHLO_STABLEHLOREDUCTION_TD
