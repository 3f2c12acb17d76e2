//===- StableHLOControl.td - control flow and calls -----------------------===//
#ifndef MOE_DIALECT_STABLEHLO_STABLEHLOCONTROL_TD
#define MOE_DIALECT_STABLEHLO_STABLEHLOCONTROL_TD

include "StableHLOAttrs.td"

def StableHLO_ReturnOp : StableHLO_Op<"return", [Pure, Terminator, ReturnLike]> {
  let summary = "End a region and yield its values";
  let description = [{
    The values of the enclosing region are `results`.

    `results`: any number of tensors.

    Example:
    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = "stablehlo.map"(%x) <{dimensions = array<i64: 0>}> ({
      ^bb0(%a: tensor<f32>):
        stablehlo.return %a : tensor<f32>
      }) : (tensor<4xf32>) -> tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<HLO_Tensor>:$results);
  let builders = [OpBuilder<(ins), [{ }]>];
  let assemblyFormat = "$results attr-dict (`:` type($results)^)?";
}

def StableHLO_IfOp : StableHLO_Op<"if", [RecursiveMemoryEffects, SingleBlockImplicitTerminator<"::moe::stablehlo::ReturnOp">]> {
  let summary = "Run one of two regions";
  let description = [{
    `results` = `pred` ? `true_branch`() : `false_branch`().

    `pred`: a scalar i1.

    Constraints:
    1. (if_c1) the branches take no arguments and return values of the types of `results`.

    Example:
    ```mlir
    func.func @example(%p: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = "stablehlo.if"(%p) ({
        %1 = stablehlo.negate %x : tensor<4xf32>
        stablehlo.return %1 : tensor<4xf32>
      }, {
        stablehlo.return %x : tensor<4xf32>
      }) : (tensor<i1>) -> tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins 0DTensorOf<[I1]>:$pred);
  let regions = (region SizedRegion<1>:$true_branch, SizedRegion<1>:$false_branch);
  let results = (outs Variadic<HLO_Tensor>:$results);
  let hasVerifier = 1;
}

def StableHLO_CaseOp : StableHLO_Op<"case", [RecursiveMemoryEffects, SingleBlock]> {
  let summary = "Run one of several regions";
  let description = [{
    `results` = `branches`[`index`](); an `index` out of range chooses the last branch.

    `index`: a scalar i32.

    Constraints:
    1. (case_c1) there is at least one branch.
    2. (case_c2) the branches take no arguments and return values of the types of `results`.

    Example:
    ```mlir
    func.func @example(%i: tensor<i32>, %x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = "stablehlo.case"(%i) ({
        %1 = stablehlo.negate %x : tensor<4xf32>
        stablehlo.return %1 : tensor<4xf32>
      }, {
        stablehlo.return %x : tensor<4xf32>
      }) : (tensor<i32>) -> tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins 0DTensorOf<[I32]>:$index);
  let regions = (region VariadicRegion<SizedRegion<1>>:$branches);
  let results = (outs Variadic<HLO_Tensor>:$results);
  let hasVerifier = 1;
}

def StableHLO_WhileOp : StableHLO_Op<"while", [RecursiveMemoryEffects, SingleBlockImplicitTerminator<"::moe::stablehlo::ReturnOp">,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "Repeat a region while a condition holds";
  let description = [{
    The values v start as `operand`; while `cond`(v) holds, v = `body`(v); `results` = v.

    `operand`: any number of tensors.

    Constraints:
    1. (while_c1) `cond` takes values of the types of `operand` and returns a scalar i1.
    2. (while_c2) `body` takes and returns values of the types of `operand`, which are those of `results`.

    Example:
    ```mlir
    func.func @example(%n: tensor<i32>) -> tensor<i32> {
      %0 = stablehlo.while(%i = %n) : tensor<i32>
      cond {
        %1 = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
        stablehlo.return %1 : tensor<i1>
      } do {
        %1 = stablehlo.add %i, %n : tensor<i32>
        stablehlo.return %1 : tensor<i32>
      }
      func.return %0 : tensor<i32>
    }
    ```
  }];
  let arguments = (ins Variadic<HLO_Tensor>:$operand);
  let regions = (region SizedRegion<1>:$cond, SizedRegion<1>:$body);
  let results = (outs Variadic<HLO_Tensor>:$results);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def StableHLO_CustomCallOp : StableHLO_Op<"custom_call", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Call a function known by name only";
  let description = [{
    `results` = the function named `call_target_name` of `inputs`. The other attributes describe the callee to the tool that knows it; they are kept.
    The call has memory effects where `has_side_effect` says so.

    `inputs`, `results`: any number of tensors.

    Example:
    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = stablehlo.custom_call @Sharding(%x) {backend_config = ""} : (tensor<4xf32>) -> tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<HLO_Tensor>:$inputs, StrAttr:$call_target_name, DefaultValuedOptionalAttr<BoolAttr, "false">:$has_side_effect,
                       OptionalAttr<AnyAttrOf<[StrAttr, DictionaryAttr]>>:$backend_config,
                       DefaultValuedOptionalAttr<I32Attr, "1">:$api_version,
                       OptionalAttr<FlatSymbolRefArrayAttr>:$called_computations,
                       OptionalAttr<TypedArrayAttrBase<IndexElementsAttr, "a list of layouts">>:$operand_layouts,
                       OptionalAttr<TypedArrayAttrBase<IndexElementsAttr, "a list of layouts">>:$result_layouts,
                       OptionalAttr<TypedArrayAttrBase<StableHLO_OutputOperandAlias, "a list of aliases">>:$output_operand_aliases,
                       OptionalAttr<ArrayAttr>:$result_tilings);
  let results = (outs Variadic<HLO_Tensor>:$results);
  let assemblyFormat = "custom<CustomCallTarget>($call_target_name) `(` $inputs `)` attr-dict `:` functional-type(operands, results)";
}

def StableHLO_CompositeOp : StableHLO_Op<"composite", [NoMemoryEffect, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Call a named operation through its decomposition";
  let description = [{
    `results` = the operation `name` of `inputs` with `composite_attributes`, which the function `decomposition` computes. Whoever knows `name` and `version` may
    use its own form; otherwise the decomposition is inlined. Has no effect of its own: unused, it may be removed.

    `inputs`, `results`: any number of tensors.

    Constraints:
    1. (composite_c1) `name` is a dialect's name, a dot and an operation's name.
    2. (composite_c2) `decomposition` is a function of the types of `inputs` and `results`.
    3. (composite_c3) the composite does not stand in its own decomposition.

    Example:
    ```mlir
    func.func private @softplus(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = stablehlo.exponential %x : tensor<4xf32>
      %1 = stablehlo.log_plus_one %0 : tensor<4xf32>
      func.return %1 : tensor<4xf32>
    }
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = stablehlo.composite "onnx.Softplus" %x {composite_attributes = {threshold = 20.0 : f32}, decomposition = @softplus, version = 1 : i32}
          : (tensor<4xf32>) -> tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<HLO_Tensor>:$inputs, StrAttr:$name, OptionalAttr<DictionaryAttr>:$composite_attributes,
                       FlatSymbolRefAttr:$decomposition, DefaultValuedOptionalAttr<I32Attr, "0">:$version);
  let results = (outs Variadic<HLO_Tensor>:$results);
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$types, "::mlir::ValueRange":$inputs, "::llvm::StringRef":$name,
                                 "::mlir::DictionaryAttr":$attributes, "::llvm::StringRef":$decomposition, CArg<"int32_t", "1">:$version), [{
    build($_builder, $_state, types, inputs, $_builder.getStringAttr(name), attributes,
          ::mlir::FlatSymbolRefAttr::get($_builder.getContext(), decomposition), $_builder.getI32IntegerAttr(version));
  }]>];
  let assemblyFormat = "$name $inputs attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def StableHLO_OptimizationBarrierOp : StableHLO_Op<"optimization_barrier", [Pure]> {
  let summary = "Pass values on, unchanged";
  let description = [{
    `result` = `operand`. Producers put it where their own optimiser shall not move code; here it has no meaning.

    `operand`, `result`: any number of tensors.

    Constraints:
    1. (optimization_barrier_c1) `operand` and `result` have the same types.

    Example:
    ```mlir
    func.func @example(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = stablehlo.optimization_barrier %x : tensor<4xf32>
      func.return %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<HLO_Tensor>:$operand);
  let results = (outs Variadic<HLO_Tensor>:$result);
  let assemblyFormat = "attr-dict ($operand^ `:` custom<PairwiseTypes>(type($operand), type($result))):(`(` `)`)?";
  let hasVerifier = 1;
}

#endif // MOE_DIALECT_STABLEHLO_STABLEHLOCONTROL_TD
