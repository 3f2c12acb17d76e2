//===- StableHLOShape.td - constants and rearrangements -------------------===//
#ifndef MOE_DIALECT_STABLEHLO_STABLEHLOSHAPE_TD
#define MOE_DIALECT_STABLEHLO_STABLEHLOSHAPE_TD

include "StableHLOAttrs.td"

def StableHLO_ConstantOp : StableHLO_Op<"constant", [ConstantLike, Pure, DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "Yield a constant tensor";
  let description = [{
    `output`[i] = `value`[i]. `value` may be a weight expression (`moe_support`), whose elements no pass reads.

    `value`: elements of a static shape; `output`: a tensor of that type.

    Constraints:
    1. (constant_c1) `value` and `output` have the same type.

    Example:
    ```mlir
    %0 = stablehlo.constant dense<[1.0, 2.0]> : tensor<2xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs HLO_StaticTensor:$output);
  let builders = [OpBuilder<(ins "::mlir::ElementsAttr":$value), [{ build($_builder, $_state, value.getType(), value); }]>];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasFolder = 1;
}

def StableHLO_IotaOp : StableHLO_Op<"iota", [Pure]> {
  let summary = "Number the elements along a dimension";
  let description = [{
    `output`[..., i, ...] = i where i stands at `iota_dimension`.

    `output`: a tensor of static shape.

    Constraints:
    1. (iota_c1) `iota_dimension` is below the rank of `output`.

    Example:
    ```mlir
    %0 = stablehlo.iota dim = 0 : tensor<4xi32>
    ```
  }];
  let arguments = (ins HLO_Dimension:$iota_dimension);
  let results = (outs HLO_StaticTensor:$output);
  let assemblyFormat = "`dim` `=` $iota_dimension attr-dict `:` type($output)";
  let hasVerifier = 1;
}

def StableHLO_DynamicIotaOp : StableHLO_Op<"dynamic_iota", [Pure]> {
  let summary = "Number the elements along a dimension, shape computed";
  let description = [{
    `result`[..., i, ...] = i where i stands at `iota_dimension`; the extents of `result` are the elements of `output_shape`.

    `output_shape`: one extent per dimension of `result`.

    Constraints:
    1. (dynamic_iota_c1) `iota_dimension` is below the rank of `result`.
    2. (dynamic_iota_c2) `output_shape` has one element per dimension of `result`.

    Example:
    ```mlir
    func.func @example(%s: tensor<2xi64>) -> tensor<?x4xi32> {
      %0 = stablehlo.dynamic_iota %s, dim = 1 : (tensor<2xi64>) -> tensor<?x4xi32>
      func.return %0 : tensor<?x4xi32>
    }
    ```
  }];
  let arguments = (ins HLO_DimensionTensor:$output_shape, HLO_Dimension:$iota_dimension);
  let results = (outs HLO_Tensor:$result);
  let assemblyFormat = "$output_shape `,` `dim` `=` $iota_dimension attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def StableHLO_ReshapeOp : StableHLO_Op<"reshape", [Pure, SameOperandsAndResultElementType]> {
  let summary = "View elements in row-major order under another shape";
  let description = [{
    `result` has the elements of `operand` in the same row-major order.

    `operand`: any tensor; `result`: a tensor of static shape.

    Constraints:
    1. (reshape_c1) `operand` and `result` have the same number of elements.

    Example:
    ```mlir
    func.func @example(%x: tensor<2x3xf32>) -> tensor<6xf32> {
      %0 = stablehlo.reshape %x : (tensor<2x3xf32>) -> tensor<6xf32>
      func.return %0 : tensor<6xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand);
  let results = (outs HLO_StaticTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def StableHLO_DynamicReshapeOp : StableHLO_Op<"dynamic_reshape", [Pure, AllElementTypesMatch<["operand", "result"]>]> {
  let summary = "View elements under another shape, computed";
  let description = [{
    `result` has the elements of `operand` in the same row-major order; its extents are the elements of `output_shape`. A different number of elements is
    undefined.

    `operand`, `result`: tensors of the same element type; `output_shape`: one extent per dimension of `result`.

    Constraints:
    1. (dynamic_reshape_c1) `output_shape` has one element per dimension of `result`.
    2. (dynamic_reshape_c2) static `operand` and `result` have the same number of elements.

    Example:
    ```mlir
    func.func @example(%x: tensor<?x3xf32>, %s: tensor<1xi64>) -> tensor<?xf32> {
      %0 = stablehlo.dynamic_reshape %x, %s : (tensor<?x3xf32>, tensor<1xi64>) -> tensor<?xf32>
      func.return %0 : tensor<?xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand, HLO_DimensionTensor:$output_shape);
  let results = (outs HLO_Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def StableHLO_BroadcastInDimOp : StableHLO_Op<"broadcast_in_dim", [Pure, SameOperandsAndResultElementType]> {
  let summary = "Repeat elements along new or unit dimensions";
  let description = [{
    `result`[i] = `operand`[j] with j[d] = 0 where dimension d of `operand` has size 1, else i[`broadcast_dimensions`[d]].

    `operand`: any tensor; `result`: a tensor of static shape.

    Constraints:
    1. (broadcast_in_dim_c1) `broadcast_dimensions` has one element per dimension of `operand`.
    2. (broadcast_in_dim_c2) its elements are distinct dimensions of `result`.
    3. (broadcast_in_dim_c3) every dimension of `operand` has size 1 or the size of its dimension of `result`.

    Example:
    ```mlir
    func.func @example(%x: tensor<3xf32>) -> tensor<2x3xf32> {
      %0 = stablehlo.broadcast_in_dim %x, dims = [1] : (tensor<3xf32>) -> tensor<2x3xf32>
      func.return %0 : tensor<2x3xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand, HLO_I64List:$broadcast_dimensions);
  let results = (outs HLO_StaticTensor:$result);
  let assemblyFormat = "$operand `,` `dims` `=` custom<I64List>($broadcast_dimensions) attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def StableHLO_DynamicBroadcastInDimOp : StableHLO_Op<"dynamic_broadcast_in_dim", [Pure, AllElementTypesMatch<["operand", "result"]>]> {
  let summary = "Repeat elements along dimensions, shape computed";
  let description = [{
    `result`[i] = `operand`[j] with j[d] = 0 where dimension d of `operand` has size 1, else i[`broadcast_dimensions`[d]]; the extents of `result` are the
    elements of `output_dimensions`. `known_expanding_dimensions` and `known_nonexpanding_dimensions` name dimensions of `operand` that are known to
    have size 1, or to have the size of their dimension of `result`. Other extents are undefined.

    `operand`, `result`: tensors of the same element type; `output_dimensions`: one extent per dimension of `result`.

    Constraints:
    1. (dynamic_broadcast_in_dim_c1) `output_dimensions` has one element per dimension of `result`.
    2. (dynamic_broadcast_in_dim_c2) `broadcast_dimensions` has one element per dimension of `operand`, distinct dimensions of `result`.
    3. (dynamic_broadcast_in_dim_c3) static sizes of `operand` are 1 or fit `result`.
    4. (dynamic_broadcast_in_dim_c4) the known dimensions are distinct dimensions of `operand`.

    Example:
    ```mlir
    func.func @example(%x: tensor<?xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {
      %0 = stablehlo.dynamic_broadcast_in_dim %x, %s, dims = [1] : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
      func.return %0 : tensor<?x?xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand, HLO_DimensionTensor:$output_dimensions, HLO_I64List:$broadcast_dimensions,
                       OptionalAttr<HLO_I64List>:$known_expanding_dimensions, OptionalAttr<HLO_I64List>:$known_nonexpanding_dimensions);
  let results = (outs HLO_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "::mlir::Value":$operand, "::mlir::Value":$outputDimensions,
                                 "::llvm::ArrayRef<int64_t>":$broadcastDimensions), [{
    build($_builder, $_state, type, operand, outputDimensions, $_builder.getDenseI64ArrayAttr(broadcastDimensions), nullptr, nullptr);
  }]>];
  let assemblyFormat = [{
    $operand `,` $output_dimensions `,` `dims` `=` custom<I64List>($broadcast_dimensions) attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def StableHLO_TransposeOp : StableHLO_Op<"transpose", [Pure, SameOperandsAndResultElementType]> {
  let summary = "Permute dimensions";
  let description = [{
    `result`[i] = `operand`[j] with j[`permutation`[d]] = i[d].

    `operand`: any tensor; `result`: its permutation.

    Constraints:
    1. (transpose_c1) `permutation` is a permutation of the dimensions of `operand`.
    2. (transpose_c2) the shape of `result` is that of `operand`, permuted.

    Example:
    ```mlir
    func.func @example(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
      %0 = stablehlo.transpose %x, dims = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
      func.return %0 : tensor<3x2xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand, HLO_I64List:$permutation);
  let results = (outs HLO_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "::llvm::ArrayRef<int64_t>":$permutation)>];
  let assemblyFormat = "$operand `,` `dims` `=` custom<I64List>($permutation) attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def StableHLO_ReverseOp : StableHLO_Op<"reverse", [Pure, SameOperandsAndResultElementType, SameOperandsAndResultShape]> {
  let summary = "Reverse the order of elements along dimensions";
  let description = [{
    `result`[i] = `operand`[j] with j[d] = size(d) - 1 - i[d] for d in `dimensions`, else i[d].

    `operand`, `result`: tensors of the same type.

    Constraints:
    1. (reverse_c1) `dimensions` are distinct dimensions of `operand`.

    Example:
    ```mlir
    func.func @example(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
      %0 = stablehlo.reverse %x, dims = [1] : tensor<2x3xf32>
      func.return %0 : tensor<2x3xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand, HLO_I64List:$dimensions);
  let results = (outs HLO_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "::llvm::ArrayRef<int64_t>":$dimensions), [{
    build($_builder, $_state, operand.getType(), operand, $_builder.getDenseI64ArrayAttr(dimensions));
  }]>];
  let assemblyFormat = [{
    $operand `,` `dims` `=` custom<I64List>($dimensions) attr-dict `:` custom<SameOperandsAndResultType>(type($operand), type($result))
  }];
  let hasVerifier = 1;
}

def StableHLO_ConcatenateOp : StableHLO_Op<"concatenate", [Pure, SameOperandsAndResultElementType]> {
  let summary = "Join tensors along a dimension";
  let description = [{
    `result` holds the `inputs` one after another along `dimension`.

    `inputs`: at least one tensor, all of one rank and element type.

    Constraints:
    1. (concatenate_c1) there is at least one input, and `dimension` is below its rank.
    2. (concatenate_c2) the shapes of `inputs` and `result` agree outside `dimension`.
    3. (concatenate_c3) the sizes of `inputs` along `dimension` sum to that of `result`.

    Example:
    ```mlir
    func.func @example(%x: tensor<2x3xf32>, %y: tensor<1x3xf32>) -> tensor<3x3xf32> {
      %0 = stablehlo.concatenate %x, %y, dim = 0 : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<3x3xf32>
      func.return %0 : tensor<3x3xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<HLO_Tensor>:$inputs, HLO_Dimension:$dimension);
  let results = (outs HLO_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::ValueRange":$inputs, "int64_t":$dimension)>];
  let assemblyFormat = "custom<OperandsBeforeKeyword>($inputs) `dim` `=` $dimension attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def StableHLO_PadOp : StableHLO_Op<"pad", [Pure, SameOperandsAndResultElementType]> {
  let summary = "Extend a tensor around and between its elements";
  let description = [{
    `result`[`edge_padding_low` + i * (`interior_padding` + 1)] = `operand`[i], and `padding_value` elsewhere. Negative edges cut elements off.

    `operand`: any tensor; `padding_value`: a scalar.

    Constraints:
    1. (pad_c1) the three lists have one element per dimension of `operand`.
    2. (pad_c2) `interior_padding` is not negative.
    3. (pad_c3) result size = low + size + max(size - 1, 0) * interior + high, not negative.

    Example:
    ```mlir
    func.func @example(%x: tensor<3xf32>, %v: tensor<f32>) -> tensor<6xf32> {
      %0 = stablehlo.pad %x, %v, low = [1], high = [0], interior = [1] : (tensor<3xf32>, tensor<f32>) -> tensor<6xf32>
      func.return %0 : tensor<6xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand, HLO_ScalarTensor:$padding_value, HLO_I64List:$edge_padding_low, HLO_I64List:$edge_padding_high,
                       HLO_I64List:$interior_padding);
  let results = (outs HLO_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "::mlir::Value":$paddingValue, "::llvm::ArrayRef<int64_t>":$low,
                                 "::llvm::ArrayRef<int64_t>":$high, "::llvm::ArrayRef<int64_t>":$interior)>];
  let assemblyFormat = [{
    $operand `,` $padding_value `,` `low` `=` custom<I64List>($edge_padding_low) `,` `high` `=` custom<I64List>($edge_padding_high) `,`
    `interior` `=` custom<I64List>($interior_padding) attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_DynamicPadOp : StableHLO_Op<"dynamic_pad", [Pure, AllElementTypesMatch<["operand", "padding_value", "result"]>]> {
  let summary = "Extend a tensor, amounts computed";
  let description = [{
    The computed form of `pad`: `edge_padding_low`, `edge_padding_high` and `interior_padding` are tensors.

    `operand`: any tensor; `padding_value`: a scalar; the amounts: one element per dimension of `operand`.

    Constraints:
    1. (dynamic_pad_c1) the amounts have one element per dimension of `operand`, and `result` has its rank.

    Example:
    ```mlir
    func.func @example(%x: tensor<?xf32>, %v: tensor<f32>, %a: tensor<1xi64>) -> tensor<?xf32> {
      %0 = stablehlo.dynamic_pad %x, %v, %a, %a, %a
          : (tensor<?xf32>, tensor<f32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
      func.return %0 : tensor<?xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand, HLO_ScalarTensor:$padding_value, HLO_DimensionTensor:$edge_padding_low,
                       HLO_DimensionTensor:$edge_padding_high, HLO_DimensionTensor:$interior_padding);
  let results = (outs HLO_Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def StableHLO_GetDimensionSizeOp : StableHLO_Op<"get_dimension_size", [Pure]> {
  let summary = "Read the size of a dimension";
  let description = [{
    `result` = size of dimension `dimension` of `operand`.

    `operand`: any tensor; `result`: a scalar i32.

    Constraints:
    1. (get_dimension_size_c1) `dimension` is below the rank of `operand`.

    Example:
    ```mlir
    func.func @example(%x: tensor<?x3xf32>) -> tensor<i32> {
      %0 = stablehlo.get_dimension_size %x, dim = 0 : (tensor<?x3xf32>) -> tensor<i32>
      func.return %0 : tensor<i32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand, HLO_Dimension:$dimension);
  let results = (outs 0DTensorOf<[I32]>:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "int64_t":$dimension), [{
    build($_builder, $_state, ::mlir::RankedTensorType::get({}, $_builder.getI32Type()), operand, $_builder.getI64IntegerAttr(dimension));
  }]>];
  let assemblyFormat = "$operand `,` `dim` `=` $dimension attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def StableHLO_SetDimensionSizeOp : StableHLO_Op<"set_dimension_size", [Pure, AllElementTypesMatch<["operand", "result"]>]> {
  let summary = "Keep the first elements of a dimension";
  let description = [{
    `result` holds the first `size` elements of `operand` along `dimension`. A `size` beyond that of `operand` is undefined.

    `operand`: any tensor; `size`: a scalar i32; `result`: a tensor whose dimension `dimension` may be dynamic.

    Constraints:
    1. (set_dimension_size_c1) `dimension` is below the rank of `operand`.
    2. (set_dimension_size_c2) `operand` and `result` have the same shape outside `dimension`.

    Example:
    ```mlir
    func.func @example(%x: tensor<4x3xf32>, %n: tensor<i32>) -> tensor<?x3xf32> {
      %0 = stablehlo.set_dimension_size %x, %n, dim = 0 : (tensor<4x3xf32>, tensor<i32>) -> tensor<?x3xf32>
      func.return %0 : tensor<?x3xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand, 0DTensorOf<[I32]>:$size, HLO_Dimension:$dimension);
  let results = (outs HLO_Tensor:$result);
  let assemblyFormat = "$operand `,` $size `,` `dim` `=` $dimension attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // MOE_DIALECT_STABLEHLO_STABLEHLOSHAPE_TD
