//===- StableHLOElementwise.td - one result element per index -------------===//
#ifndef MOE_DIALECT_STABLEHLO_STABLEHLOELEMENTWISE_TD
#define MOE_DIALECT_STABLEHLO_STABLEHLOELEMENTWISE_TD

include "StableHLOAttrs.td"

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

class StableHLO_UnaryOp<string mnemonic, string text, string formula, TypeConstraint type, string exampleType = "f32">
    : StableHLO_Op<mnemonic, [Pure, SameOperandsAndResultShape, SameOperandsAndResultElementType]> {
  let summary = text;
  let description = "`result`[i] = " # formula # [{ with x = `operand`[i].

    `operand`, `result`: tensors of the same shape and element type.

    Example:
    ```mlir
    func.func @example(%x: tensor<4x}] # exampleType # [{>) -> tensor<4x}] # exampleType # [{> {
      %0 = stablehlo.}] # mnemonic # [{ %x : tensor<4x}] # exampleType # [{>
      func.return %0 : tensor<4x}] # exampleType # [{>
    }
    ```
  }];
  let arguments = (ins type:$operand);
  let results = (outs type:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$operand), [{ build($_builder, $_state, operand.getType(), operand); }]>];
  let assemblyFormat = "$operand attr-dict `:` custom<SameOperandsAndResultType>(type($operand), type($result))";
}

/// A unary function of floating point that may carry a wished accuracy, which the lowering always meets or ignores.
class StableHLO_TranscendentalOp<string mnemonic, string text, string formula> : StableHLO_UnaryOp<mnemonic, text, formula, HLO_FloatTensor> {
  let arguments = (ins HLO_FloatTensor:$operand, OptionalAttr<StableHLO_ResultAccuracy>:$result_accuracy);
  let builders = [OpBuilder<(ins "::mlir::Value":$operand), [{
    build($_builder, $_state, operand.getType(), operand, ::moe::stablehlo::ResultAccuracyAttr());
  }]>];
}

def StableHLO_AbsOp : StableHLO_UnaryOp<"abs", "Compute absolute values", "|x|, wrapping for the least integer,", HLO_SignedIntOrFloatTensor>;
def StableHLO_CeilOp : StableHLO_UnaryOp<"ceil", "Round up to integers", "the least integer not below x,", HLO_FloatTensor>;
def StableHLO_FloorOp : StableHLO_UnaryOp<"floor", "Round down to integers", "the greatest integer not above x,", HLO_FloatTensor>;
def StableHLO_RoundNearestEvenOp
    : StableHLO_UnaryOp<"round_nearest_even", "Round to nearest integers, ties to even", "the nearest integer, the even one of two,", HLO_FloatTensor>;
def StableHLO_RoundOp : StableHLO_UnaryOp<"round_nearest_afz", "Round to nearest integers, ties away from zero",
                                          "the nearest integer, the one farther from zero of two,", HLO_FloatTensor>;
def StableHLO_SignOp : StableHLO_UnaryOp<"sign", "Compute signs", "-1, 0 or 1 (signed zeros and NaN stay themselves)", HLO_SignedIntOrFloatTensor>;
def StableHLO_NegOp : StableHLO_UnaryOp<"negate", "Negate", "-x, modulo 2^n for integers of n bits,", HLO_IntOrFloatTensor>;
def StableHLO_NotOp : StableHLO_UnaryOp<"not", "Invert bits or truth values", "the complement of x, bit by bit for integers,", HLO_PredOrIntTensor, "i1">;

def StableHLO_PopulationCountOp : StableHLO_UnaryOp<"popcnt", "Count the bits that are set", "the number of ones in x", HLO_IntTensor, "i32">;
def StableHLO_CountLeadingZerosOp
    : StableHLO_UnaryOp<"count_leading_zeros", "Count the zeros before the first one", "the number of zeros above the highest one of x", HLO_IntTensor, "i32">;

def StableHLO_CbrtOp : StableHLO_TranscendentalOp<"cbrt", "Compute cube roots", "the real cube root of x">;
def StableHLO_CosineOp : StableHLO_TranscendentalOp<"cosine", "Compute cosines", "cos x">;
def StableHLO_ExpOp : StableHLO_TranscendentalOp<"exponential", "Raise e to powers", "e^x">;
def StableHLO_Expm1Op : StableHLO_TranscendentalOp<"exponential_minus_one", "Raise e to powers, minus one", "e^x - 1, exact near 0,">;
def StableHLO_LogOp : StableHLO_TranscendentalOp<"log", "Compute natural logarithms", "ln x">;
def StableHLO_Log1pOp : StableHLO_TranscendentalOp<"log_plus_one", "Compute natural logarithms of one plus x", "ln(1 + x), exact near 0,">;
def StableHLO_LogisticOp : StableHLO_TranscendentalOp<"logistic", "Compute sigmoids", "1 / (1 + e^-x)">;
def StableHLO_RsqrtOp : StableHLO_TranscendentalOp<"rsqrt", "Compute reciprocal square roots", "1 / sqrt(x)">;
def StableHLO_SineOp : StableHLO_TranscendentalOp<"sine", "Compute sines", "sin x">;
def StableHLO_SqrtOp : StableHLO_TranscendentalOp<"sqrt", "Compute square roots", "sqrt(x)">;
def StableHLO_TanOp : StableHLO_TranscendentalOp<"tan", "Compute tangents", "tan x">;
def StableHLO_TanhOp : StableHLO_TranscendentalOp<"tanh", "Compute hyperbolic tangents", "tanh x">;

def StableHLO_ConvertOp : StableHLO_Op<"convert", [Pure, SameOperandsAndResultShape]> {
  let summary = "Convert elements to another type";
  let description = [{
    `result`[i] = `operand`[i] in the element type of `result`. Floats round to nearest even and drop their fraction on the way to integers; i1 holds
    0 or 1; a conversion to i1 tests for "not zero"; integers wrap. A float outside the range of an integer type saturates, NaN becomes 0.

    `operand`, `result`: tensors of the same shape.

    Example:
    ```mlir
    func.func @example(%x: tensor<4xi32>) -> tensor<4xf32> {
      %0 = stablehlo.convert %x : (tensor<4xi32>) -> tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand);
  let results = (outs HLO_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$operand, "::mlir::Type":$elementType), [{
    auto type = ::llvm::cast<::mlir::RankedTensorType>(operand.getType());
    $_state.addOperands(operand);
    $_state.addTypes(::llvm::isa<::mlir::RankedTensorType>(elementType) ? elementType : ::mlir::Type(type.clone(elementType)));
  }]>];
  let skipDefaultBuilders = 1;
  let assemblyFormat = "$operand attr-dict `:` custom<SameOperandsAndResultType>(type($operand), type($result))";
  let hasFolder = 1;
}

def StableHLO_BitcastConvertOp : StableHLO_Op<"bitcast_convert", [Pure]> {
  let summary = "Read the bits of elements as another type";
  let description = [{
    `result` holds the bits of `operand` as elements of another type. Where the widths differ, the narrower side has a further innermost dimension of
    size wide / narrow, least significant part first.

    `operand`, `result`: tensors of the same number of bits.

    Constraints:
    1. (bitcast_convert_c1) shapes agree up to that innermost dimension.
    2. (bitcast_convert_c2) i1 converts to i1 only.

    Example:
    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xi32> {
      %0 = stablehlo.bitcast_convert %x : (tensor<4xf32>) -> tensor<4xi32>
      func.return %0 : tensor<4xi32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$operand);
  let results = (outs HLO_Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def StableHLO_ReducePrecisionOp : StableHLO_Op<"reduce_precision", [Pure, SameOperandsAndResultShape, SameOperandsAndResultElementType]> {
  let summary = "Round to the values of a narrower float";
  let description = [{
    `output`[i] = `operand`[i], rounded to the nearest value (the even one of two) of a float with `exponent_bits` and `mantissa_bits`, in its own type. What is
    too large becomes infinite, what is below the least normal value a zero of its sign; NaN stays.

    `operand`, `output`: tensors of floats of one type.

    Constraints:
    1. (reduce_precision_c1) `exponent_bits` is at least 1, `mantissa_bits` is not negative.

    Example:
    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = stablehlo.reduce_precision %x, format = e8m7 : tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins HLO_FloatTensor:$operand, ConfinedAttr<I32Attr, [IntPositive]>:$exponent_bits,
                       ConfinedAttr<I32Attr, [IntNonNegative]>:$mantissa_bits);
  let results = (outs HLO_FloatTensor:$output);
  let assemblyFormat = [{
    $operand `,` `format` `=` custom<ExponentMantissa>($exponent_bits, $mantissa_bits) attr-dict `:`
    custom<SameOperandsAndResultType>(type($operand), type($output))
  }];
}

def StableHLO_IsFiniteOp : StableHLO_Op<"is_finite", [Pure, SameOperandsAndResultShape]> {
  let summary = "Test for finite values";
  let description = [{
    `y`[i] = `x`[i] is neither infinite nor NaN.

    `x`: a tensor of floats; `y`: i1, of the same shape.

    Example:
    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xi1> {
      %0 = stablehlo.is_finite %x : (tensor<4xf32>) -> tensor<4xi1>
      func.return %0 : tensor<4xi1>
    }
    ```
  }];
  let arguments = (ins HLO_FloatTensor:$x);
  let results = (outs HLO_PredTensor:$y);
  let builders = [OpBuilder<(ins "::mlir::Value":$x), [{
    build($_builder, $_state, ::llvm::cast<::mlir::RankedTensorType>(x.getType()).clone($_builder.getI1Type()), x);
  }]>];
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Binary
//===----------------------------------------------------------------------===//

class StableHLO_BinaryOp<string mnemonic, string text, string formula, TypeConstraint type, string exampleType = "f32", list<Trait> traits = []>
    : StableHLO_Op<mnemonic, !listconcat(traits, [Pure, SameOperandsAndResultShape, SameOperandsAndResultElementType])> {
  let summary = text;
  let description = "`result`[i] = " # formula # [{ with a = `lhs`[i] and b = `rhs`[i].

    `lhs`, `rhs`, `result`: tensors of the same shape and element type.

    Example:
    ```mlir
    func.func @example(%x: tensor<4x}] # exampleType # [{>) -> tensor<4x}] # exampleType # [{> {
      %0 = stablehlo.}] # mnemonic # [{ %x, %x : tensor<4x}] # exampleType # [{>
      func.return %0 : tensor<4x}] # exampleType # [{>
    }
    ```
  }];
  let arguments = (ins type:$lhs, type:$rhs);
  let results = (outs type:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$lhs, "::mlir::Value":$rhs), [{
    build($_builder, $_state, ::moe::stablehlo::mergeStaticShapes({lhs, rhs}), lhs, rhs);
  }]>];
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` custom<SameOperandsAndResultType>(type($lhs), type($rhs), type($result))";
}

class StableHLO_FoldedBinaryOp<string mnemonic, string text, string formula, TypeConstraint type, string exampleType = "f32", list<Trait> traits = []>
    : StableHLO_BinaryOp<mnemonic, text, formula, type, exampleType, traits> {
  let hasFolder = 1;
}

def StableHLO_AddOp : StableHLO_FoldedBinaryOp<"add", "Add", "a + b, modulo 2^n for integers of n bits, \"or\" for i1,", HLO_Tensor, "f32", [Commutative]>;
def StableHLO_SubtractOp : StableHLO_FoldedBinaryOp<"subtract", "Subtract", "a - b, modulo 2^n for integers of n bits,", HLO_IntOrFloatTensor>;
def StableHLO_MulOp
    : StableHLO_FoldedBinaryOp<"multiply", "Multiply", "a * b, modulo 2^n for integers of n bits, \"and\" for i1,", HLO_Tensor, "f32", [Commutative]>;
def StableHLO_DivOp : StableHLO_FoldedBinaryOp<"divide", "Divide",
    "a / b, truncated for integers (-1, all bits set, where b = 0; a where the quotient overflows),", HLO_IntOrFloatTensor>;
def StableHLO_RemOp : StableHLO_FoldedBinaryOp<"remainder", "Compute remainders of truncated division",
    "a - b * trunc(a / b), with the sign of a (for integers a where b = 0 and 0 where the quotient overflows),", HLO_IntOrFloatTensor>;
def StableHLO_MaxOp : StableHLO_FoldedBinaryOp<"maximum", "Compute maxima",
    "the greater of a and b; NaN where one is NaN; 0 is greater than -0; \"or\" for i1;", HLO_Tensor, "f32", [Commutative]>;
def StableHLO_MinOp : StableHLO_FoldedBinaryOp<"minimum", "Compute minima",
    "the less of a and b; NaN where one is NaN; -0 is less than 0; \"and\" for i1;", HLO_Tensor, "f32", [Commutative]>;
def StableHLO_PowOp : StableHLO_BinaryOp<"power", "Raise to powers",
    "a^b; for integers modulo 2^n, and for negative b the truncated value (1, -1 or 0; 0^b is 0);", HLO_IntOrFloatTensor>;
def StableHLO_AndOp : StableHLO_FoldedBinaryOp<"and", "Combine bits or truth values with and", "a and b", HLO_PredOrIntTensor, "i1", [Commutative]>;
def StableHLO_OrOp : StableHLO_FoldedBinaryOp<"or", "Combine bits or truth values with or", "a or b", HLO_PredOrIntTensor, "i1", [Commutative]>;
def StableHLO_XorOp : StableHLO_FoldedBinaryOp<"xor", "Combine bits or truth values with xor", "a xor b", HLO_PredOrIntTensor, "i1", [Commutative]>;
def StableHLO_ShiftLeftOp : StableHLO_BinaryOp<"shift_left", "Shift bits left",
    "a * 2^b modulo 2^n; 0 where b (unsigned) is n or more,", HLO_IntTensor, "i32">;
def StableHLO_ShiftRightArithmeticOp : StableHLO_BinaryOp<"shift_right_arithmetic", "Shift bits right, keeping the sign",
    "a shifted right by b, filled with the sign; all sign where b (unsigned) is n or more,", HLO_IntTensor, "i32">;
def StableHLO_ShiftRightLogicalOp : StableHLO_BinaryOp<"shift_right_logical", "Shift bits right, filling with zeros",
    "a shifted right by b; 0 where b (unsigned) is n or more,", HLO_IntTensor, "i32">;

//===----------------------------------------------------------------------===//
// Others
//===----------------------------------------------------------------------===//

def StableHLO_CompareOp : StableHLO_Op<"compare", [Pure, SameOperandsElementType, SameOperandsAndResultShape]> {
  let summary = "Compare element by element";
  let description = [{
    `result`[i] = `lhs`[i] `comparison_direction` `rhs`[i]. `compare_type` defaults to what the element type suggests: FLOAT follows IEEE 754 (NaN is
    unequal to everything, -0 equals 0), TOTALORDER is its total order (-NaN < -inf < ... < -0 < 0 < ... < inf < NaN), UNSIGNED is for
    unsigned integers and i1, SIGNED for the others.

    `lhs`, `rhs`: tensors of the same type; `result`: i1, of the same shape.

    Constraints:
    1. (compare_c1) `compare_type` fits the element type.

    Example:
    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xi1> {
      %0 = stablehlo.compare LT, %x, %x, TOTALORDER : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
      func.return %0 : tensor<4xi1>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$lhs, HLO_Tensor:$rhs, StableHLO_ComparisonDirectionAttr:$comparison_direction,
                       OptionalAttr<StableHLO_ComparisonTypeAttr>:$compare_type);
  let results = (outs HLO_PredTensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$lhs, "::mlir::Value":$rhs, "::moe::stablehlo::ComparisonDirection":$direction,
                                 CArg<"::std::optional<::moe::stablehlo::ComparisonType>", "std::nullopt">:$type), [{
    auto resultType = ::llvm::cast<::mlir::RankedTensorType>(::moe::stablehlo::mergeStaticShapes({lhs, rhs})).clone($_builder.getI1Type());
    build($_builder, $_state, resultType, lhs, rhs, ComparisonDirectionAttr::get($_builder.getContext(), direction),
          type ? ComparisonTypeAttr::get($_builder.getContext(), *type) : ComparisonTypeAttr());
  }]>];
  let assemblyFormat = [{
    $comparison_direction `,` $lhs `,` $rhs (`,` $compare_type^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def StableHLO_SelectOp : StableHLO_Op<"select", [Pure]> {
  let summary = "Choose between two tensors by a predicate";
  let description = [{
    `result`[i] = `pred`[i] ? `on_true`[i] : `on_false`[i]; a scalar `pred` decides for all elements.

    `on_true`, `on_false`, `result`: tensors of one type; `pred`: i1, of their shape or a scalar.

    Constraints:
    1. (select_c1) `pred` is a scalar or has the shape of `on_true`.
    2. (select_c2) `on_true`, `on_false` and `result` have the same type.

    Example:
    ```mlir
    func.func @example(%p: tensor<4xi1>, %x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = stablehlo.select %p, %x, %x : tensor<4xi1>, tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins HLO_PredTensor:$pred, HLO_Tensor:$on_true, HLO_Tensor:$on_false);
  let results = (outs HLO_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$pred, "::mlir::Value":$onTrue, "::mlir::Value":$onFalse), [{
    build($_builder, $_state, ::moe::stablehlo::mergeStaticShapes({onTrue, onFalse}), pred, onTrue, onFalse);
  }]>];
  let assemblyFormat = [{
    operands attr-dict `:` custom<SelectOpType>(type($pred), type($on_true), type($on_false), type($result))
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def StableHLO_ClampOp : StableHLO_Op<"clamp", [Pure, SameOperandsAndResultElementType]> {
  let summary = "Limit elements to a range";
  let description = [{
    `result`[i] = minimum(maximum(`operand`[i], `min`[i]), `max`[i]); NaN stays NaN; scalar limits hold for all elements.

    `operand`, `result`: tensors of one type; `min`, `max`: of their shape or scalars.

    Constraints:
    1. (clamp_c1) `min` and `max` are scalars or have the shape of `operand`.
    2. (clamp_c2) `operand` and `result` have the same shape.

    Example:
    ```mlir
    func.func @example(%l: tensor<f32>, %x: tensor<4xf32>, %h: tensor<f32>) -> tensor<4xf32> {
      %0 = stablehlo.clamp %l, %x, %h : (tensor<f32>, tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins HLO_Tensor:$min, HLO_Tensor:$operand, HLO_Tensor:$max);
  let results = (outs HLO_Tensor:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$min, "::mlir::Value":$operand, "::mlir::Value":$max), [{
    build($_builder, $_state, operand.getType(), min, operand, max);
  }]>];
  let assemblyFormat = [{
    $min `,` $operand `,` $max attr-dict `:` custom<SameOperandsAndResultType>(type($min), type($operand), type($max), type($result))
  }];
  let hasVerifier = 1;
}

#endif // MOE_DIALECT_STABLEHLO_STABLEHLOELEMENTWISE_TD
