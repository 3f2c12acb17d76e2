//===- StableHLOIndexing.td - slices, gathers and scatters ----------------===//
#ifndef MOE_DIALECT_STABLEHLO_STABLEHLOINDEXING_TD
#define MOE_DIALECT_STABLEHLO_STABLEHLOINDEXING_TD

include "StableHLOAttrs.td"

def StableHLO_SliceOp : StableHLO_Op<"slice", [Pure, SameOperandsAndResultElementType]> {
  let summary = "Cut out a strided box";
  let description = [{
    `result`[i] = `operand`[`start_indices` + i * `strides`]. In text each dimension is `start:limit` or `start:limit:stride`.

    `operand`: any tensor; `result`: a tensor of its rank.

    Constraints:
    1. (slice_c1) the three lists have one element per dimension of `operand`.
    2. (slice_c2) 0 <= start <= limit <= size, stride > 0.
    3. (slice_c3) result size = ceil((limit - start) / stride).

    Example:
    ```mlir
    func.func @example(%x: tensor<3x8xf32>) -> tensor<2x2xf32> {
      %0 = stablehlo.slice %x [1:3, 4:8:2] : (tensor<3x8xf32>) -> tensor<2x2xf32>
      func.return %0 : tensor<2x2xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand, HLO_I64List:$start_indices, HLO_I64List:$limit_indices, HLO_I64List:$strides);
  let results = (outs HLO_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "::llvm::ArrayRef<int64_t>":$starts, "::llvm::ArrayRef<int64_t>":$limits,
                                 "::llvm::ArrayRef<int64_t>":$strides)>];
  let assemblyFormat = [{
    $operand custom<SliceRanges>($start_indices, $limit_indices, $strides) attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def StableHLO_RealDynamicSliceOp : StableHLO_Op<"real_dynamic_slice", [Pure, AllElementTypesMatch<["operand", "result"]>]> {
  let summary = "Cut out a strided box, bounds computed";
  let description = [{
    `result`[i] = `operand`[`start_indices` + i * `strides`], with ceil((`limit_indices` - `start_indices`) / `strides`) elements per dimension. Bounds outside
    of `operand` are undefined.

    `operand`: any tensor; the bounds: one element per dimension of it.

    Constraints:
    1. (real_dynamic_slice_c1) the bounds have one element per dimension of `operand`, and `result` has its rank.

    Example:
    ```mlir
    func.func @example(%x: tensor<?xf32>, %s: tensor<1xi64>) -> tensor<?xf32> {
      %0 = stablehlo.real_dynamic_slice %x, %s, %s, %s : (tensor<?xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
      func.return %0 : tensor<?xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand, HLO_DimensionTensor:$start_indices, HLO_DimensionTensor:$limit_indices, HLO_DimensionTensor:$strides);
  let results = (outs HLO_Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def StableHLO_DynamicSliceOp : StableHLO_Op<"dynamic_slice", [Pure, AllElementTypesMatch<["operand", "result"]>]> {
  let summary = "Cut out a box of fixed size at computed indices";
  let description = [{
    `result`[i] = `operand`[clamp(0, `start_indices`, size - `slice_sizes`) + i].

    `operand`: any tensor; `start_indices`: one scalar per dimension of it.

    Constraints:
    1. (dynamic_slice_c1) there is one start index and one slice size per dimension of `operand`.
    2. (dynamic_slice_c2) 0 <= slice size <= size.
    3. (dynamic_slice_c3) `slice_sizes` is the shape of `result`.
    4. (dynamic_slice_c4) all start indices have one type.

    Example:
    ```mlir
    func.func @example(%x: tensor<3x4xf32>, %i: tensor<i64>) -> tensor<1x4xf32> {
      %0 = stablehlo.dynamic_slice %x, %i, %i, sizes = [1, 4] : (tensor<3x4xf32>, tensor<i64>, tensor<i64>) -> tensor<1x4xf32>
      func.return %0 : tensor<1x4xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand, Variadic<HLO_ScalarIntTensor>:$start_indices, HLO_I64List:$slice_sizes);
  let results = (outs HLO_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "::mlir::ValueRange":$startIndices, "::llvm::ArrayRef<int64_t>":$sliceSizes), [{
    auto type = ::llvm::cast<::mlir::RankedTensorType>(operand.getType());
    build($_builder, $_state, type.clone(sliceSizes), operand, startIndices, $_builder.getDenseI64ArrayAttr(sliceSizes));
  }]>];
  let assemblyFormat = [{
    $operand `,` custom<OperandsBeforeKeyword>($start_indices) `sizes` `=` custom<I64List>($slice_sizes) attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def StableHLO_DynamicUpdateSliceOp : StableHLO_Op<"dynamic_update_slice", [Pure, AllElementTypesMatch<["operand", "update", "result"]>]> {
  let summary = "Overwrite a box at computed indices";
  let description = [{
    `result` = `operand`, with `result`[clamp(0, `start_indices`, size - update size) + i] = `update`[i].

    `operand`, `result`: tensors of one type; `update`: not larger; `start_indices`: one scalar per dimension.

    Constraints:
    1. (dynamic_update_slice_c1) `update` has the rank of `operand`, and there is one start index per dimension.
    2. (dynamic_update_slice_c2) no dimension of `update` is larger than that of `operand`.
    3. (dynamic_update_slice_c3) `operand` and `result` have the same shape.
    4. (dynamic_update_slice_c4) all start indices have one type.

    Example:
    ```mlir
    func.func @example(%x: tensor<4xf32>, %u: tensor<2xf32>, %i: tensor<i64>) -> tensor<4xf32> {
      %0 = stablehlo.dynamic_update_slice %x, %u, %i : (tensor<4xf32>, tensor<2xf32>, tensor<i64>) -> tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand, HLO_Tensor:$update, Variadic<HLO_ScalarIntTensor>:$start_indices);
  let results = (outs HLO_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "::mlir::Value":$update, "::mlir::ValueRange":$startIndices), [{
    build($_builder, $_state, operand.getType(), operand, update, startIndices);
  }]>];
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

class StableHLO_GatherDescription<string rest> {
  string value = [{
    `result`[i] = `operand`[clamp(0, start, size - slice size) + offset]: `dimension_numbers` tells which coordinates of i (the batch
    coordinates) choose a start in `start_indices` and which (`offset_dims`) count inside the slice.

    `operand`: the tensor read; `start_indices`: integer start positions, a vector of them along `index_vector_dim`.

    Constraints:
    1. (gather_c1) `index_vector_dim` is at most the rank of `start_indices`, and the map has one element per index component.
    2. (gather_c2) `offset_dims`, `collapsed_slice_dims`, `operand_batching_dims` and `start_index_map` are distinct and in range; the first three are sorted.
    3. (gather_c3) batching dimensions pair up and agree in size.
    4. (gather_c4) slice sizes are within `operand`, and 1 along collapsed, at most 1 along batching dimensions.
    5. (gather_c5) the shape of `result` is what batch and offset dimensions give.
}] # rest;
}

def StableHLO_GatherOp : StableHLO_Op<"gather", [Pure, AllElementTypesMatch<["operand", "result"]>]> {
  let summary = "Read slices at computed positions";
  let description = StableHLO_GatherDescription<[{
    Example:
    ```mlir
    func.func @example(%x: tensor<8x4xf32>, %i: tensor<3xi64>) -> tensor<3x4xf32> {
      %0 = "stablehlo.gather"(%x, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0],
          index_vector_dim = 1>, slice_sizes = array<i64: 1, 4>}> : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
      func.return %0 : tensor<3x4xf32>
    }
    ```
  }]>.value;
  let arguments = (ins HLO_Tensor:$operand, HLO_IndexTensor:$start_indices, StableHLO_GatherDimensionNumbers:$dimension_numbers,
                       HLO_I64List:$slice_sizes, DefaultValuedOptionalAttr<BoolAttr, "false">:$indices_are_sorted);
  let results = (outs HLO_Tensor:$result);
  let hasVerifier = 1;
}

def StableHLO_DynamicGatherOp : StableHLO_Op<"dynamic_gather", [Pure, AllElementTypesMatch<["operand", "result"]>]> {
  let summary = "Read slices of computed sizes at computed positions";
  let description = StableHLO_GatherDescription<[{
    `slice_sizes`: a tensor with one element per dimension of `operand`.

    Example:
    ```mlir
    func.func @example(%x: tensor<8x?xf32>, %i: tensor<3xi64>, %s: tensor<2xi64>) -> tensor<3x?xf32> {
      %0 = "stablehlo.dynamic_gather"(%x, %i, %s) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0],
          start_index_map = [0], index_vector_dim = 1>}> : (tensor<8x?xf32>, tensor<3xi64>, tensor<2xi64>) -> tensor<3x?xf32>
      func.return %0 : tensor<3x?xf32>
    }
    ```
  }]>.value;
  let arguments = (ins HLO_Tensor:$operand, HLO_IndexTensor:$start_indices, HLO_DimensionTensor:$slice_sizes,
                       StableHLO_GatherDimensionNumbers:$dimension_numbers, DefaultValuedOptionalAttr<BoolAttr, "false">:$indices_are_sorted);
  let results = (outs HLO_Tensor:$result);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def StableHLO_ScatterOp : StableHLO_Op<"scatter", [RecursiveMemoryEffects, SameVariadicOperandSize,
    SingleBlockImplicitTerminator<"::moe::stablehlo::ReturnOp">]> {
  let summary = "Combine updates into a tensor at computed positions";
  let description = [{
    `results` = `inputs`; then for every index u of `updates`, in row-major order, `results`[r] = `update_computation`(`results`[r], `updates`[u]) where r is the
    position that u's scatter coordinates choose in `scatter_indices` plus u's window coordinates. Positions outside of the tensor are skipped.

    `inputs`, `updates`: equally many tensors; `scatter_indices`: integer positions, a vector of them along `index_vector_dim`.

    Constraints:
    1. (scatter_c1) `inputs` have one shape, `updates` have one shape, and element types pair up with `results`.
    2. (scatter_c2) `index_vector_dim` is at most the rank of `scatter_indices`, and the map has one element per index component.
    3. (scatter_c3) the dimension lists are distinct and in range; `update_window_dims`, `inserted_window_dims` and `input_batching_dims` are sorted.
    4. (scatter_c4) ranks and sizes of `updates` are what windows and scatter dimensions give.
    5. (scatter_c5) `update_computation` takes two scalars per input and returns one per input.

    Example:
    ```mlir
    func.func @example(%x: tensor<8xf32>, %i: tensor<3x1xi64>, %u: tensor<3xf32>) -> tensor<8xf32> {
      %0 = "stablehlo.scatter"(%x, %i, %u) <{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0],
          scatter_dims_to_operand_dims = [0], index_vector_dim = 1>}> ({
      ^bb0(%a: tensor<f32>, %b: tensor<f32>):
        %1 = stablehlo.add %a, %b : tensor<f32>
        stablehlo.return %1 : tensor<f32>
      }) : (tensor<8xf32>, tensor<3x1xi64>, tensor<3xf32>) -> tensor<8xf32>
      func.return %0 : tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<HLO_Tensor>:$inputs, HLO_IndexTensor:$scatter_indices, Variadic<HLO_Tensor>:$updates,
                       StableHLO_ScatterDimensionNumbers:$scatter_dimension_numbers,
                       DefaultValuedOptionalAttr<BoolAttr, "false">:$indices_are_sorted,
                       DefaultValuedOptionalAttr<BoolAttr, "false">:$unique_indices);
  let regions = (region SizedRegion<1>:$update_computation);
  let results = (outs Variadic<HLO_Tensor>:$results);
  let hasVerifier = 1;
}

#endif // MOE_DIALECT_STABLEHLO_STABLEHLOINDEXING_TD
