//===- StableHLOAttrs.td - enums and dimension numbers --------------------===//
#ifndef MOE_DIALECT_STABLEHLO_STABLEHLOATTRS_TD
#define MOE_DIALECT_STABLEHLO_STABLEHLOATTRS_TD

include "StableHLOBase.td"

//===----------------------------------------------------------------------===//
// Enums
//===----------------------------------------------------------------------===//

class HLO_Enum<string name, string text, list<I32EnumAttrCase> cases> : I32EnumAttr<name, text, cases> {
  let cppNamespace = "::moe::stablehlo";
  let genSpecializedAttr = 0;
}

def HLO_ComparisonDirection : HLO_Enum<"ComparisonDirection", "relation that a comparison tests", [
    I32EnumAttrCase<"EQ", 0>, I32EnumAttrCase<"NE", 1>, I32EnumAttrCase<"GE", 2>, I32EnumAttrCase<"GT", 3>, I32EnumAttrCase<"LE", 4>,
    I32EnumAttrCase<"LT", 5>]>;
def HLO_ComparisonType : HLO_Enum<"ComparisonType", "how a comparison reads its operands", [
    I32EnumAttrCase<"NOTYPE", 0>, I32EnumAttrCase<"FLOAT", 1>, I32EnumAttrCase<"TOTALORDER", 2>, I32EnumAttrCase<"SIGNED", 3>,
    I32EnumAttrCase<"UNSIGNED", 4>]>;
def HLO_Precision : HLO_Enum<"Precision", "wished precision of an operand", [
    I32EnumAttrCase<"DEFAULT", 0>, I32EnumAttrCase<"HIGH", 1>, I32EnumAttrCase<"HIGHEST", 2>]>;
def HLO_ResultAccuracyMode : HLO_Enum<"ResultAccuracyMode", "wished accuracy of a result", [
    I32EnumAttrCase<"DEFAULT", 0>, I32EnumAttrCase<"HIGHEST", 1>, I32EnumAttrCase<"TOLERANCE", 2>]>;

def StableHLO_ComparisonDirectionAttr : EnumAttr<StableHLO_Dialect, HLO_ComparisonDirection, "comparison_direction">;
def StableHLO_ComparisonTypeAttr : EnumAttr<StableHLO_Dialect, HLO_ComparisonType, "comparison_type">;
def StableHLO_PrecisionAttr : EnumAttr<StableHLO_Dialect, HLO_Precision, "precision">;
def StableHLO_PrecisionConfigAttr : TypedArrayAttrBase<StableHLO_PrecisionAttr, "a list of precisions">;
def StableHLO_ResultAccuracyModeAttr : EnumAttr<StableHLO_Dialect, HLO_ResultAccuracyMode, "result_accuracy_mode"> {
  let assemblyFormat = "`<` $value `>`";
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

class StableHLO_Attr<string name, string attrMnemonic> : AttrDef<StableHLO_Dialect, name> {
  let mnemonic = attrMnemonic;
}

/// Field lists print as `<name = [..], ...>`; empty lists and zeros are left out, and any order parses.
class StableHLO_FieldsAttr<string name, string attrMnemonic> : StableHLO_Attr<name, attrMnemonic> {
  let hasCustomAssemblyFormat = 1;
}

def StableHLO_GatherDimensionNumbers : StableHLO_FieldsAttr<"GatherDimensionNumbers", "gather"> {
  let summary = "which dimensions a gather slices, indexes and batches";
  let parameters = (ins
    ArrayRefParameter<"int64_t">:$offset_dims, ArrayRefParameter<"int64_t">:$collapsed_slice_dims,
    ArrayRefParameter<"int64_t">:$operand_batching_dims, ArrayRefParameter<"int64_t">:$start_indices_batching_dims,
    ArrayRefParameter<"int64_t">:$start_index_map, "int64_t":$index_vector_dim);
}

def StableHLO_ScatterDimensionNumbers : StableHLO_FieldsAttr<"ScatterDimensionNumbers", "scatter"> {
  let summary = "which dimensions a scatter writes, indexes and batches";
  let parameters = (ins
    ArrayRefParameter<"int64_t">:$update_window_dims, ArrayRefParameter<"int64_t">:$inserted_window_dims,
    ArrayRefParameter<"int64_t">:$input_batching_dims, ArrayRefParameter<"int64_t">:$scatter_indices_batching_dims,
    ArrayRefParameter<"int64_t">:$scatter_dims_to_operand_dims, "int64_t":$index_vector_dim);
}

def StableHLO_DotDimensionNumbers : StableHLO_FieldsAttr<"DotDimensionNumbers", "dot"> {
  let summary = "which dimensions a product batches and contracts";
  let parameters = (ins
    ArrayRefParameter<"int64_t">:$lhs_batching_dimensions, ArrayRefParameter<"int64_t">:$rhs_batching_dimensions,
    ArrayRefParameter<"int64_t">:$lhs_contracting_dimensions, ArrayRefParameter<"int64_t">:$rhs_contracting_dimensions);
}

def StableHLO_ConvDimensionNumbers : StableHLO_Attr<"ConvDimensionNumbers", "conv"> {
  let summary = "what each dimension of a convolution's operands and result is";
  let parameters = (ins
    "int64_t":$input_batch_dimension, "int64_t":$input_feature_dimension, ArrayRefParameter<"int64_t">:$input_spatial_dimensions,
    "int64_t":$kernel_input_feature_dimension, "int64_t":$kernel_output_feature_dimension, ArrayRefParameter<"int64_t">:$kernel_spatial_dimensions,
    "int64_t":$output_batch_dimension, "int64_t":$output_feature_dimension, ArrayRefParameter<"int64_t">:$output_spatial_dimensions);
  let hasCustomAssemblyFormat = 1;
}

def StableHLO_DotAlgorithm : StableHLO_Attr<"DotAlgorithm", "dot_algorithm"> {
  let summary = "arithmetic that a product is asked to use";
  let parameters = (ins
    "::mlir::Type":$lhs_precision_type, "::mlir::Type":$rhs_precision_type, "::mlir::Type":$accumulation_type, "int64_t":$lhs_component_count,
    "int64_t":$rhs_component_count, "int64_t":$num_primitive_operations, "bool":$allow_imprecise_accumulation);
  let assemblyFormat = "`<` struct(params) `>`";
}

def StableHLO_ResultAccuracy : StableHLO_FieldsAttr<"ResultAccuracy", "result_accuracy"> {
  let summary = "wished accuracy of a transcendental function";
  let parameters = (ins "::llvm::APFloat":$atol, "::llvm::APFloat":$rtol, "int64_t":$ulps, "::moe::stablehlo::ResultAccuracyModeAttr":$mode);
}

def StableHLO_OutputOperandAlias : StableHLO_Attr<"OutputOperandAlias", "output_operand_alias"> {
  let summary = "a result of a custom call that shares an operand's buffer";
  let parameters = (ins OptionalArrayRefParameter<"int64_t">:$output_tuple_indices, "int64_t":$operand_index,
                        OptionalArrayRefParameter<"int64_t">:$operand_tuple_indices);
  let assemblyFormat = [{
    `<` `output_tuple_indices` `=` `[` (`]`) : ($output_tuple_indices^ `]`)? `,` `operand_index` `=` $operand_index `,`
    `operand_tuple_indices` `=` `[` (`]`) : ($operand_tuple_indices^ `]`)? `>`
  }];
}

#endif // MOE_DIALECT_STABLEHLO_STABLEHLOATTRS_TD
