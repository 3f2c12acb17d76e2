//===- MoESupport.td - weight references, below every other dialect -------===//
//
// Weights stay references into the user's files until the packer streams them; see the architecture page, decision 8.
//
#ifndef MOE_DIALECT_SUPPORT_MOESUPPORT_TD
#define MOE_DIALECT_SUPPORT_MOESUPPORT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def MoESupport_Dialect : Dialect {
  let name = "moe_support";
  let cppNamespace = "::moe::support";
  let summary = "References to weights that no pass holds in memory";
  let description = [{
    Names the bytes of a weight and how to rearrange them, without reading them. A *weight expression* is a tree of attributes: `external` and
    builtin `dense` elements are its leaves, `transpose`, `reshape`, `concat`, `slice`, `pad`, `scale`, `convert`, `nibbles` and `unpack` its inner nodes. Passes rewrite the
    tree (folding a transposition of a constant costs nothing); the weight packer evaluates it once, streaming, when the artefact is written.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class MoESupport_WeightAttr<string name, string attrMnemonic> : AttrDef<MoESupport_Dialect, name, [
    DeclareAttrInterfaceMethods<ElementsAttrInterface, ["getValuesImpl", "isSplat"]>, TypedAttrInterface]> {
  let mnemonic = attrMnemonic;
  let genVerifyDecl = 1;
}

def MoESupport_ExternalAttr : MoESupport_WeightAttr<"External", "external"> {
  let summary = "elements stored in a file";
  let description = [{
    The elements of a tensor, row-major and little endian, in `file` from byte `offset` on; the type gives their number and width. The file is
    opened when the artefact is written; who creates the attribute has checked that the file may be read and is long enough.

    Constraints:
    1. (weight_c1) the type is a ranked tensor of static shape; this holds for every weight expression and its sources.
    2. (external_c1) `file` is not empty, and elements are integers or floats.

    ```mlir
    #moe_support.external<"model.onnx.data", 4096> : tensor<8x96x64xf32>
    ```
  }];
  let parameters = (ins AttributeSelfTypeParameter<"", "::mlir::ShapedType">:$type, StringRefParameter<"path">:$file, "uint64_t":$offset);
  let assemblyFormat = "`<` $file `,` $offset `>`";
}

def MoESupport_TransposeAttr : MoESupport_WeightAttr<"Transpose", "transpose"> {
  let summary = "elements with permuted dimensions";
  let description = [{
    result[i_0, ..., i_n] = source[j] with j[permutation[d]] = i_d, as in `linalg.transpose`: result dimension d is source dimension permutation[d].

    Constraints:
    1. (weight_c2) the source has the element type of the result; this holds for every weight expression with sources.
    2. (transpose_c1) `permutation` permutes the source's dimensions, and the result has the source's shape so permuted.

    ```mlir
    #moe_support.transpose<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [1, 0]> : tensor<4x8xf32>
    ```
  }];
  let parameters = (ins AttributeSelfTypeParameter<"", "::mlir::ShapedType">:$type, "::mlir::ElementsAttr":$source,
                        ArrayRefParameter<"int64_t">:$permutation);
  let assemblyFormat = "`<` $source `,` `[` $permutation `]` `>`";
}

def MoESupport_ReshapeAttr : MoESupport_WeightAttr<"Reshape", "reshape"> {
  let summary = "elements in the same row-major order under another shape";
  let description = [{
    Constraints:
    1. (reshape_c1) the result has as many elements as the source.

    ```mlir
    #moe_support.reshape<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>> : tensor<1x32xf32>
    ```
  }];
  let parameters = (ins AttributeSelfTypeParameter<"", "::mlir::ShapedType">:$type, "::mlir::ElementsAttr":$source);
  let assemblyFormat = "`<` $source `>`";
}

def MoESupport_ConcatAttr : MoESupport_WeightAttr<"Concat", "concat"> {
  let summary = "elements of several tensors joined along one dimension";
  let description = [{
    Constraints:
    1. (concat_c1) there is a source, and `dimension` is one of the result's.
    2. (concat_c2) sources agree with the result outside `dimension`, in which their sizes sum to the result's.

    ```mlir
    #moe_support.concat<[#moe_support.external<"w.bin", 0> : tensor<1x4xf32>, dense<0.0> : tensor<1x4xf32>], 0> : tensor<2x4xf32>
    ```
  }];
  let parameters = (ins AttributeSelfTypeParameter<"", "::mlir::ShapedType">:$type, ArrayRefParameter<"::mlir::ElementsAttr">:$sources,
                        "int64_t":$dimension);
  let assemblyFormat = "`<` `[` $sources `]` `,` $dimension `>`";
}

def MoESupport_SliceAttr : MoESupport_WeightAttr<"Slice", "slice"> {
  let summary = "a strided box of a tensor";
  let description = [{
    result[i] = source[offsets + i * strides], in every dimension; the result's shape gives the sizes.

    Constraints:
    1. (slice_c1) `offsets` and `strides` have one element per dimension of source and result.
    2. (slice_c2) strides are positive, and every element taken lies in the source.

    ```mlir
    #moe_support.slice<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, [1, 0], [2, 1]> : tensor<4x4xf32>
    ```
  }];
  let parameters = (ins AttributeSelfTypeParameter<"", "::mlir::ShapedType">:$type, "::mlir::ElementsAttr":$source,
                        ArrayRefParameter<"int64_t">:$offsets, ArrayRefParameter<"int64_t">:$strides);
  let assemblyFormat = "`<` $source `,` `[` $offsets `]` `,` `[` $strides `]` `>`";
}

def MoESupport_PadAttr : MoESupport_WeightAttr<"Pad", "pad"> {
  let summary = "a tensor extended with zeros at the end of its dimensions";
  let description = [{
    Constraints:
    1. (pad_c1) no dimension of the result is smaller than the source's.

    ```mlir
    #moe_support.pad<#moe_support.external<"w.bin", 0> : tensor<5x4xf32>> : tensor<8x4xf32>
    ```
  }];
  let parameters = (ins AttributeSelfTypeParameter<"", "::mlir::ShapedType">:$type, "::mlir::ElementsAttr":$source);
  let assemblyFormat = "`<` $source `>`";
}

def MoESupport_ScaleAttr : MoESupport_WeightAttr<"Scale", "scale"> {
  let summary = "a tensor whose slabs are multiplied by factors";
  let description = [{
    result[i_0, ..., i_n] = source[i_0, ..., i_n] * factors[i_0, ..., i_r-1], where r is the rank of `factors`: one factor for all elements, for each
    expert of a stack, or for each row. The product is that of binary64, rounded once to the element type (to nearest, ties to even).

    Constraints:
    1. (scale_c1) the source has the shape of the result, and its elements are floats.
    2. (scale_c2) `factors` are floats whose shape is a prefix of the result's.

    ```mlir
    #moe_support.scale<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, dense<2.5> : tensor<f32>> : tensor<8x4xf32>
    #moe_support.scale<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>, #moe_support.external<"s.bin", 0> : tensor<8xf32>> : tensor<8x4xf32>
    ```
  }];
  let parameters = (ins AttributeSelfTypeParameter<"", "::mlir::ShapedType">:$type, "::mlir::ElementsAttr":$source, "::mlir::ElementsAttr":$factors);
  let assemblyFormat = "`<` $source `,` $factors `>`";
}

def MoESupport_ConvertAttr : MoESupport_WeightAttr<"Convert", "convert"> {
  let summary = "a tensor of floats in another float type";
  let description = [{
    result[i] is source[i] rounded to the element type of the result (to nearest, ties to even), as `stablehlo.convert` does.

    Constraints:
    1. (convert_c1) the source has the shape of the result, and the elements of both are floats.

    ```mlir
    #moe_support.convert<#moe_support.external<"w.bin", 0> : tensor<8x4xf32>> : tensor<8x4xbf16>
    ```
  }];
  let parameters = (ins AttributeSelfTypeParameter<"", "::mlir::ShapedType">:$type, "::mlir::ElementsAttr":$source);
  let assemblyFormat = "`<` $source `>`";
}

def MoESupport_NibblesAttr : MoESupport_WeightAttr<"Nibbles", "nibbles"> {
  let summary = "elements of four or two bits, c = 2 or 4 in a byte";
  let description = [{
    result[..., i] holds source[..., c i] in its lowest bits, and those up to source[..., c i + c - 1] above it. Elements of so few bits take a byte each anywhere
    else but in files, which hold them like this.

    Constraints:
    1. (nibbles_c1) the source has integers of four or two bits and a last dimension that c divides; the result has bytes and a cth of it.

    ```mlir
    #moe_support.nibbles<#moe_support.external<"w.bin", 0> : tensor<8x4xi4>> : tensor<8x2xi8>
    #moe_support.nibbles<#moe_support.external<"w.bin", 0> : tensor<8x4xi2>> : tensor<8x1xi8>
    ```
  }];
  let parameters = (ins AttributeSelfTypeParameter<"", "::mlir::ShapedType">:$type, "::mlir::ElementsAttr":$source);
  let assemblyFormat = "`<` $source `>`";
}

def MoESupport_UnpackAttr : MoESupport_WeightAttr<"Unpack", "unpack"> {
  let summary = "numbers that share bytes, each by itself";
  let description = [{
    With c numbers of b = 8/c bits in a byte, result[..., i] holds the bits b (i mod c) to b (i mod c) + b - 1 of source[..., i div c], the low ones first,
    and zeros above them.

    Constraints:
    1. (unpack_c1) the source has bytes, the result integers of b, four or eight bits.
    2. (unpack_c2) the last dimension of the result is c = 2 or 4 times that of the source, the others are the same.

    ```mlir
    #moe_support.unpack<#moe_support.external<"w.bin", 0> : tensor<8x2xi8>> : tensor<8x4xi4>
    #moe_support.unpack<#moe_support.external<"w.bin", 0> : tensor<8x1xi8>> : tensor<8x4xi8>
    ```
  }];
  let parameters = (ins AttributeSelfTypeParameter<"", "::mlir::ShapedType">:$type, "::mlir::ElementsAttr":$source);
  let assemblyFormat = "`<` $source `>`";
}

def MoESupport_WeightOp : Op<MoESupport_Dialect, "weight", [Pure, AllTypesMatch<["value", "result"]>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "Refer to a tensor of constants";
  let description = [{
    `result` holds the elements of the weight expression `value`. Unlike a constant it is never folded into its users: whoever rearranges a weight
    rewrites the expression.

    `value`: any elements attribute.

    Constraints:
    1. (weight_op_c1) `value` has the type of `result`.

    Example:
    ```mlir
    %w = moe_support.weight #moe_support.external<"model.onnx.data", 4096> : tensor<8x96x64xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = "attr-dict $value";
}

def MoESupport_RequireOp : Op<MoESupport_Dialect, "require", [MemoryEffects<[MemWrite]>]> {
  let summary = "Stop the program where a condition is false";
  let description = [{
    Where `condition` is false the run ends with the error `message`, in which "{i}" stands for number `i` of `values`. Where it is true nothing happens.

    `condition`: what must hold. `message`: a sentence that names the place and what was expected. `values`: integers that the message shows.

    Constraints:
    1. (require_c1) every number in braces in `message` is that of one of the `values`.

    The op has an effect, so that it is neither dropped nor moved over another effect.

    Example:
    ```mlir
    func.func @square(%rows: index, %columns: index) {
      %holds = arith.cmpi eq, %rows, %columns : index
      moe_support.require %holds, "requires the number of rows ({0}) to equal that of columns ({1})"(%rows, %columns) : index, index
      return
    }
    ```
  }];
  let arguments = (ins I1:$condition, StrAttr:$message, Variadic<AnySignlessIntegerOrIndex>:$values);
  let assemblyFormat = "$condition `,` $message (`(` $values^ `)` `:` type($values))? attr-dict";
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    /// The message cut at its placeholders: pieces of text, each followed by the number of a value (none after the last). Nothing where braces
    /// hold anything else.
    std::optional<llvm::SmallVector<std::pair<llvm::StringRef, std::optional<unsigned>>>> splitMessage();
  }];
}

#endif // MOE_DIALECT_SUPPORT_MOESUPPORT_TD
