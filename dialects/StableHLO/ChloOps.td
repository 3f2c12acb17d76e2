//===- ChloOps.td - the chlo dialect --------------------------------------===//
#ifndef MOE_DIALECT_STABLEHLO_CHLOOPS_TD
#define MOE_DIALECT_STABLEHLO_CHLOOPS_TD

include "StableHLOAttrs.td"

/// The enums are those of stablehlo; only the attributes' names are chlo's own.
class CHLO_EnumAttr<EnumInfo enum, string name> : EnumAttr<CHLO_Dialect, enum, name> {
  let constBuilderCall = "::moe::chlo::" # cppClassName # "::get($_builder.getContext(), $0)";
}

def CHLO_ComparisonDirectionAttr : CHLO_EnumAttr<HLO_ComparisonDirection, "comparison_direction">;
def CHLO_ComparisonTypeAttr : CHLO_EnumAttr<HLO_ComparisonType, "comparison_type">;
def CHLO_PrecisionAttr : CHLO_EnumAttr<HLO_Precision, "precision">;
def CHLO_PrecisionConfigAttr : TypedArrayAttrBase<CHLO_PrecisionAttr, "a list of precisions">;

def CHLO_RaggedDotDimensionNumbers : AttrDef<CHLO_Dialect, "RaggedDotDimensionNumbers"> {
  let mnemonic = "ragged_dot";
  let summary = "which dimensions a ragged product batches, contracts and cuts into groups";
  let parameters = (ins
    ArrayRefParameter<"int64_t">:$lhs_batching_dimensions, ArrayRefParameter<"int64_t">:$rhs_batching_dimensions,
    ArrayRefParameter<"int64_t">:$lhs_contracting_dimensions, ArrayRefParameter<"int64_t">:$rhs_contracting_dimensions,
    ArrayRefParameter<"int64_t">:$lhs_ragged_dimensions, ArrayRefParameter<"int64_t">:$rhs_group_dimensions);
  let hasCustomAssemblyFormat = 1;
}

//===----------------------------------------------------------------------===//
// Broadcasting element-wise operations
//===----------------------------------------------------------------------===//

class CHLO_BroadcastBinaryOp<string mnemonic, string plain, TypeConstraint type, string exampleType = "f32"> : CHLO_Op<"broadcast_" # mnemonic, [Pure]> {
  let summary = plain # " with implicit broadcasting";
  let description = [{
    `result` = `stablehlo.}] # mnemonic # [{` of `lhs` and `rhs`, both broadcast to a common shape: trailing dimensions are aligned (or the dimensions of the
    operand of lower rank stand at `broadcast_dimensions`), missing ones count as 1, and a dimension of size 1 is repeated. Sizes known only at run
    time follow the same rule; sizes that fit neither way are undefined.

    `lhs`, `rhs`: tensors of one element type; `result`: the broadcast shape.

    Constraints:
    1. (broadcast_c1) static sizes of aligned dimensions are equal or 1, and fit `result`.
    2. (broadcast_c2) `broadcast_dimensions` are ascending dimensions of the operand of higher rank, one for each of the other's.

    Example:
    ```mlir
    func.func @example(%x: tensor<?x4x}] # exampleType # [{>, %y: tensor<4x}] # exampleType # [{>) -> tensor<?x4x}] # exampleType # [{> {
      %0 = chlo.broadcast_}] # mnemonic # [{ %x, %y : (tensor<?x4x}] # exampleType # [{>, tensor<4x}] # exampleType # [{>) -> tensor<?x4x}]
        # exampleType # [{>
      func.return %0 : tensor<?x4x}] # exampleType # [{>
    }
    ```
  }];
  let arguments = (ins type:$lhs, type:$rhs, OptionalAttr<HLO_I64List>:$broadcast_dimensions);
  let results = (outs type:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$lhs, "::mlir::Value":$rhs), [{
    build($_builder, $_state, ::moe::chlo::broadcastType({lhs, rhs}), lhs, rhs, nullptr);
  }]>];
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` `(` type($lhs) `,` type($rhs) `)` `->` type($result)";
  let hasVerifier = 1;
}

def CHLO_BroadcastAddOp : CHLO_BroadcastBinaryOp<"add", "Add", HLO_Tensor>;
def CHLO_BroadcastSubOp : CHLO_BroadcastBinaryOp<"subtract", "Subtract", HLO_IntOrFloatTensor>;
def CHLO_BroadcastMulOp : CHLO_BroadcastBinaryOp<"multiply", "Multiply", HLO_Tensor>;
def CHLO_BroadcastDivOp : CHLO_BroadcastBinaryOp<"divide", "Divide", HLO_IntOrFloatTensor>;
def CHLO_BroadcastRemOp : CHLO_BroadcastBinaryOp<"remainder", "Compute remainders", HLO_IntOrFloatTensor>;
def CHLO_BroadcastMaxOp : CHLO_BroadcastBinaryOp<"maximum", "Compute maxima", HLO_Tensor>;
def CHLO_BroadcastMinOp : CHLO_BroadcastBinaryOp<"minimum", "Compute minima", HLO_Tensor>;
def CHLO_BroadcastPowOp : CHLO_BroadcastBinaryOp<"power", "Raise to powers", HLO_IntOrFloatTensor>;
def CHLO_BroadcastAndOp : CHLO_BroadcastBinaryOp<"and", "Combine with and", HLO_PredOrIntTensor, "i1">;
def CHLO_BroadcastOrOp : CHLO_BroadcastBinaryOp<"or", "Combine with or", HLO_PredOrIntTensor, "i1">;
def CHLO_BroadcastXorOp : CHLO_BroadcastBinaryOp<"xor", "Combine with xor", HLO_PredOrIntTensor, "i1">;

def CHLO_BroadcastCompareOp : CHLO_Op<"broadcast_compare", [Pure, SameOperandsElementType]> {
  let summary = "Compare with implicit broadcasting";
  let description = [{
    `result` = `stablehlo.compare` of `lhs` and `rhs`, both broadcast to a common shape as `broadcast_add` does.

    `lhs`, `rhs`: tensors of one element type; `result`: i1 in the broadcast shape.

    Constraints: those of `broadcast_add` and `stablehlo.compare`.

    Example:
    ```mlir
    func.func @example(%x: tensor<?x4xf32>, %y: tensor<4xf32>) -> tensor<?x4xi1> {
      %0 = chlo.broadcast_compare %x, %y {comparison_direction = #chlo<comparison_direction LT>} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xi1>
      func.return %0 : tensor<?x4xi1>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$lhs, HLO_Tensor:$rhs, OptionalAttr<HLO_I64List>:$broadcast_dimensions,
                       CHLO_ComparisonDirectionAttr:$comparison_direction, OptionalAttr<CHLO_ComparisonTypeAttr>:$compare_type);
  let results = (outs HLO_PredTensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$lhs, "::mlir::Value":$rhs, "::moe::stablehlo::ComparisonDirection":$direction,
                                 CArg<"::std::optional<::moe::stablehlo::ComparisonType>", "std::nullopt">:$type), [{
    build($_builder, $_state, ::moe::chlo::broadcastType({lhs, rhs}).clone($_builder.getI1Type()), lhs, rhs, nullptr,
          ComparisonDirectionAttr::get($_builder.getContext(), direction),
          type ? ComparisonTypeAttr::get($_builder.getContext(), *type) : ComparisonTypeAttr());
  }]>];
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` `(` type($lhs) `,` type($rhs) `)` `->` type($result)";
  let hasVerifier = 1;
}

def CHLO_BroadcastSelectOp : CHLO_Op<"broadcast_select", [Pure, AllElementTypesMatch<["on_true", "on_false", "result"]>]> {
  let summary = "Choose by a predicate with implicit broadcasting";
  let description = [{
    `result`[i] = `pred`[i] ? `on_true`[i] : `on_false`[i], all three broadcast to a common shape as `broadcast_add` does.

    `pred`: i1; `on_true`, `on_false`: tensors of one element type; `result`: the broadcast shape.

    Constraints: those of `broadcast_add`.

    Example:
    ```mlir
    func.func @example(%p: tensor<4xi1>, %x: tensor<?x4xf32>, %y: tensor<f32>) -> tensor<?x4xf32> {
      %0 = chlo.broadcast_select %p, %x, %y : (tensor<4xi1>, tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
      func.return %0 : tensor<?x4xf32>
    }
    ```
  }];
  let arguments = (ins HLO_PredTensor:$pred, HLO_Tensor:$on_true, HLO_Tensor:$on_false);
  let results = (outs HLO_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$pred, "::mlir::Value":$onTrue, "::mlir::Value":$onFalse), [{
    ::mlir::Type element = ::llvm::cast<::mlir::RankedTensorType>(onTrue.getType()).getElementType();
    build($_builder, $_state, ::moe::chlo::broadcastType({pred, onTrue, onFalse}).clone(element), pred, onTrue, onFalse);
  }]>];
  let assemblyFormat = [{
    $pred `,` $on_true `,` $on_false attr-dict `:` `(` type($pred) `,` type($on_true) `,` type($on_false) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Others
//===----------------------------------------------------------------------===//

class CHLO_UnaryOp<string mnemonic, string text, string formula, TypeConstraint type>
    : CHLO_Op<mnemonic, [Pure, SameOperandsAndResultShape, SameOperandsAndResultElementType]> {
  let summary = text;
  let description = "`result`[i] = " # formula # [{ with x = `operand`[i].

    `operand`, `result`: tensors of one element type.

    Example:
    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = chlo.}] # mnemonic # [{ %x : tensor<4xf32> -> tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins type:$operand);
  let results = (outs type:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$operand), [{ build($_builder, $_state, operand.getType(), operand); }]>];
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
}

def CHLO_ErfOp : CHLO_UnaryOp<"erf", "Compute the error function", "erf x", HLO_FloatTensor>;
def CHLO_ErfcOp : CHLO_UnaryOp<"erfc", "Compute the complementary error function", "1 - erf x, exact where erf x is near 1,", HLO_FloatTensor>;
def CHLO_SquareOp : CHLO_UnaryOp<"square", "Multiply elements by themselves", "x * x", HLO_IntOrFloatTensor> {
  let hasCanonicalizer = 1;
}

def CHLO_TopKOp : CHLO_Op<"top_k", [Pure, AllElementTypesMatch<["operand", "values"]>]> {
  let summary = "Choose the greatest elements of every row";
  let description = [{
    `values` and `indices` hold the `k` greatest elements of every innermost row of `operand`, greatest first, and their positions. Equal elements are
    ordered by position; floats are ordered totally (-NaN least, NaN greatest, -0 below 0).

    `operand`: a tensor of rank 1 or more; `values`: its type with innermost size `k`; `indices`: i32, of the shape of `values`.

    Constraints:
    1. (top_k_c1) 0 <= `k`, and `k` is at most the innermost size.
    2. (top_k_c2) `values` and `indices` have the shape of `operand` with innermost size `k`.

    Example:
    ```mlir
    func.func @example(%x: tensor<4x8xf32>) -> tensor<4x2xi32> {
      %0, %1 = chlo.top_k(%x, k = 2) : tensor<4x8xf32> -> (tensor<4x2xf32>, tensor<4x2xi32>)
      func.return %1 : tensor<4x2xi32>
    }
    ```
  }];
  let arguments = (ins HLO_IntOrFloatTensor:$operand, ConfinedAttr<I64Attr, [IntNonNegative]>:$k,
                       DefaultValuedOptionalAttr<BoolAttr, "true">:$is_stable);
  let results = (outs HLO_IntOrFloatTensor:$values, RankedTensorOf<[I32]>:$indices);
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "int64_t":$k)>];
  let assemblyFormat = [{
    `(` $operand `,` `k` `=` $k (`,` `is_stable` `=` $is_stable^)? `)` attr-dict `:` type($operand) `->` `(` type($values) `,` type($indices) `)`
  }];
  let hasVerifier = 1;
}

def CHLO_RaggedDotOp : CHLO_Op<"ragged_dot", [Pure]> {
  let summary = "Multiply groups of rows by one matrix per group";
  let description = [{
    The ragged dimension of `lhs` is cut into consecutive groups of `group_sizes` elements.
    Ragged free dimension: rows m of group g give `result`[m, n] = sum over k of `lhs`[m, k] * `rhs`[g, k, n]; rows behind the last group give 0.
    Ragged contracting dimension: `result`[g, m, n] = sum over the k of group g of `lhs`[m, k] * `rhs`[k, n].
    Ragged batching dimension: `result` = the plain product. Batching dimensions lead all of them.

    `lhs`, `rhs`: tensors of numbers; `group_sizes`: one size per group (one list for all batches).

    Constraints:
    1. (ragged_dot_c1) batching and contracting lists pair up in length, are distinct and in range, and agree in size.
    2. (ragged_dot_c2) there is one ragged dimension, and one group dimension of `rhs` where it is free, none otherwise.
    3. (ragged_dot_c3) `group_sizes` has one dimension, of the size of the group dimension.
    4. (ragged_dot_c4) the shape of `result` is group (ragged contracting only), batch, `lhs` free and `rhs` free dimensions.
    5. (ragged_dot_c5) `precision_config` has at most two elements.

    Example:
    ```mlir
    func.func @example(%x: tensor<6x4xf32>, %w: tensor<3x4x5xf32>, %g: tensor<3xi32>) -> tensor<6x5xf32> {
      %0 = "chlo.ragged_dot"(%x, %w, %g) <{ragged_dot_dimension_numbers = #chlo.ragged_dot<lhs_contracting_dimensions = [1],
          rhs_contracting_dimensions = [1], lhs_ragged_dimensions = [0], rhs_group_dimensions = [0]>}>
          : (tensor<6x4xf32>, tensor<3x4x5xf32>, tensor<3xi32>) -> tensor<6x5xf32>
      func.return %0 : tensor<6x5xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$lhs, HLO_Tensor:$rhs, HLO_IntTensor:$group_sizes,
                       CHLO_RaggedDotDimensionNumbers:$ragged_dot_dimension_numbers, OptionalAttr<CHLO_PrecisionConfigAttr>:$precision_config);
  let results = (outs HLO_Tensor:$result);
  let hasVerifier = 1;
}

#endif // MOE_DIALECT_STABLEHLO_CHLOOPS_TD
