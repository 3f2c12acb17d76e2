//===- StableHLOBase.td - dialects, types and op classes ------------------===//
//
// What the stablehlo and chlo op definitions share. Names and text follow upstream's specification, so that what other tools print parses here.
//
#ifndef MOE_DIALECT_STABLEHLO_STABLEHLOBASE_TD
#define MOE_DIALECT_STABLEHLO_STABLEHLOBASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def StableHLO_Dialect : Dialect {
  let name = "stablehlo";
  let cppNamespace = "::moe::stablehlo";
  let summary = "Tensor operations that machine-learning frameworks export";
  let description = [{
    A mirror of the public StableHLO operation set: same names, same text, own implementation. It holds what exported decoder models use; an op
    outside this set is an error when a file is read. Tensors are ranked, every dimension may be dynamic.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

def CHLO_Dialect : Dialect {
  let name = "chlo";
  let cppNamespace = "::moe::chlo";
  let summary = "Client-side operations above stablehlo";
  let description = [{
    A mirror of the public CHLO operations that exported models contain: implicit broadcasting, top-k, ragged matrix products and the error function.
  }];
  let dependentDialects = ["::moe::stablehlo::StableHLODialect"];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def HLO_Float : AnyTypeOf<[F16, BF16, F32, F64], "float">;
def HLO_SignlessInt : AnyTypeOf<[I<4>, I8, I16, I32, I64], "signless integer">;
def HLO_Int : AnyTypeOf<[I<4>, I8, I16, I32, I64, UI<4>, UI8, UI16, UI32, UI64], "integer">;

def HLO_Tensor : RankedTensorOf<[HLO_Float, I1, HLO_Int]>;
def HLO_FloatTensor : RankedTensorOf<[HLO_Float]>;
def HLO_IntTensor : RankedTensorOf<[HLO_Int]>;
def HLO_PredTensor : RankedTensorOf<[I1]>;
def HLO_PredOrIntTensor : RankedTensorOf<[I1, HLO_Int]>;
def HLO_IntOrFloatTensor : RankedTensorOf<[HLO_Int, HLO_Float]>;
def HLO_SignedIntOrFloatTensor : RankedTensorOf<[HLO_SignlessInt, HLO_Float]>;
def HLO_StaticTensor : StaticShapeTensorOf<[HLO_Float, I1, HLO_Int]>;
def HLO_ScalarTensor : 0DTensorOf<[HLO_Float, I1, HLO_Int]>;
def HLO_ScalarIntTensor : 0DTensorOf<[HLO_Int]>;
/// A list of extents or indices, one element per dimension of another tensor.
def HLO_DimensionTensor : 1DTensorOf<[HLO_Int, Index]>;
/// A tensor of indices into another one.
def HLO_IndexTensor : RankedTensorOf<[HLO_Int, Index]>;

//===----------------------------------------------------------------------===//
// Attributes of MLIR with the project's accessors
//===----------------------------------------------------------------------===//

/// A list of 64-bit integers. Files of early producers spell it as a one-dimensional dense tensor, today's as an array.
def HLO_I64List : Attr<CPred<"::moe::stablehlo::isI64List($_self)">, "a list of 64-bit integers"> {
  let storageType = "::mlir::Attribute";
  let returnType = "::llvm::ArrayRef<int64_t>";
  let convertFromStorage = "::moe::stablehlo::getI64List($_self)";
  let constBuilderCall = "$_builder.getDenseI64ArrayAttr($0)";
}

/// A list of truth values, in the same two spellings.
def HLO_BoolList : Attr<CPred<"::moe::stablehlo::isBoolList($_self)">, "a list of truth values"> {
  let storageType = "::mlir::Attribute";
  let returnType = "::llvm::SmallVector<bool>";
  let convertFromStorage = "::moe::stablehlo::getBoolList($_self)";
}

def HLO_Dimension : ConfinedAttr<I64Attr, [IntNonNegative]>;

//===----------------------------------------------------------------------===//
// Op classes
//===----------------------------------------------------------------------===//

class StableHLO_Op<string mnemonic, list<Trait> traits = []> : Op<StableHLO_Dialect, mnemonic, traits>;

class CHLO_Op<string mnemonic, list<Trait> traits = []> : Op<CHLO_Dialect, mnemonic, traits>;

#endif // MOE_DIALECT_STABLEHLO_STABLEHLOBASE_TD
