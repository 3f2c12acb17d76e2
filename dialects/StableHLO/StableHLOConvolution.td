//===- StableHLOConvolution.td - convolutions -----------------------------===//
#ifndef MOE_DIALECT_STABLEHLO_STABLEHLOCONVOLUTION_TD
#define MOE_DIALECT_STABLEHLO_STABLEHLOCONVOLUTION_TD

include "StableHLOAttrs.td"

def StableHLO_ConvolutionOp : StableHLO_Op<"convolution", [Pure]> {
  let summary = "Slide a window of products over a tensor";
  let description = [{
    `result`[b, s, o] = sum over window positions k and features i of `lhs`'[b, s * stride + k * `rhs_dilation`, i] * `rhs`[k, i, o], where `lhs`' is `lhs` with
    `lhs_dilation` - 1 zeros between its elements along the spatial dimensions and `padding` zeros around them (elements cut off where it is negative),
    and k counts backwards along the dimensions of `window_reversal`. With `feature_group_count` > 1 the features of `lhs` and those of `result` are cut into as
    many groups, each a convolution of its own; with `batch_group_count` > 1 the batch of `lhs` and the features of `result` are. Sums of f16 and bf16
    accumulate in f32.

    `lhs`, `rhs`: tensors of numbers of one rank; `dimension_numbers` says which dimension is the batch b, a feature i or o, or a spatial one.

    Constraints:
    1. (convolution_c1) `dimension_numbers` name every dimension of `lhs`, `rhs` and `result` once.
    2. (convolution_c2) the lists have one element per spatial dimension, `padding` two; strides and dilations are positive.
    3. (convolution_c3) the group counts are positive, one of them is 1; features and batch of `lhs` and output features of `rhs` are multiples of theirs.
    4. (convolution_c4) the features of a group of `lhs` are the input features of `rhs`.
    5. (convolution_c5) the shape of `result` follows: batch / `batch_group_count`, the output features of `rhs`, and the number of window positions.
    6. (convolution_c6) `precision_config` has at most two elements.

    Example:
    ```mlir
    func.func @example(%x: tensor<2x16x16x3xf32>, %w: tensor<4x4x3x8xf32>) -> tensor<2x4x4x8xf32> {
      %0 = stablehlo.convolution(%x, %w) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [4, 4]}
          {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x16x16x3xf32>, tensor<4x4x3x8xf32>) -> tensor<2x4x4x8xf32>
      func.return %0 : tensor<2x4x4x8xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$lhs, HLO_Tensor:$rhs, OptionalAttr<HLO_I64List>:$window_strides, OptionalAttr<I64ElementsAttr>:$padding,
                       OptionalAttr<HLO_I64List>:$lhs_dilation, OptionalAttr<HLO_I64List>:$rhs_dilation, OptionalAttr<HLO_BoolList>:$window_reversal,
                       StableHLO_ConvDimensionNumbers:$dimension_numbers, I64Attr:$feature_group_count, I64Attr:$batch_group_count,
                       OptionalAttr<StableHLO_PrecisionConfigAttr>:$precision_config);
  let results = (outs HLO_Tensor:$result);
  let assemblyFormat = [{
    `(` operands `)` `dim_numbers` `=` custom<ConvolutionDimensions>($dimension_numbers) `,` `window` `=` `{`
    custom<WindowAttributes>($window_strides, $padding, $lhs_dilation, $rhs_dilation, $window_reversal) `}` attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// What happens along one spatial dimension.
    struct Window {
      int64_t stride = 1, low = 0, high = 0, lhsDilation = 1, rhsDilation = 1;
      bool reversed = false;
    };
    /// One per spatial dimension; the lists have been verified.
    ::llvm::SmallVector<Window> getWindow();
  }];
}

#endif // MOE_DIALECT_STABLEHLO_STABLEHLOCONVOLUTION_TD
