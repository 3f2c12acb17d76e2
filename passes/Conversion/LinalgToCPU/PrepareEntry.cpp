// Records the interface of the entry function before bufferisation rewrites its
// signature.
#include "moe/Conversion/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace moe {
#define GEN_PASS_DEF_PREPAREENTRYPASS
#include "moe/Conversion/Passes.h.inc"
} // namespace moe

using namespace mlir;

namespace {

constexpr StringLiteral nameAttr = "moe.name";
constexpr StringLiteral symbolsAttr = "moe.symbols";
constexpr StringLiteral dtypeAttr = "moe.dtype";

struct PrepareEntry : moe::impl::PrepareEntryPassBase<PrepareEntry> {
  using PrepareEntryPassBase::PrepareEntryPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto function = module.lookupSymbol<func::FuncOp>(entry);
    if (!function || function.isExternal()) {
      module.emitError() << "expects a function '" << entry
                         << "' with a body, but found none";
      return signalPassFailure();
    }
    for (auto other : module.getOps<func::FuncOp>())
      if (other != function)
        other.setPrivate();
    function.setPublic();

    SmallVector<Attribute> inputs, outputs;
    for (auto [index, type] : llvm::enumerate(function.getArgumentTypes())) {
      Attribute input =
          describe("input", index, type, function.getArgAttrDict(index));
      if (!input)
        return signalPassFailure();
      inputs.push_back(input);
      function.setArgAttrs(
          index,
          DictionaryAttr::get(
              &getContext(),
              Builder(&getContext())
                  .getNamedAttr(
                      bufferization::BufferizationDialect::kWritableAttrName,
                      BoolAttr::get(&getContext(), false))));
    }
    for (auto [index, type] : llvm::enumerate(function.getResultTypes())) {
      Attribute output =
          describe("output", index, type, function.getResultAttrDict(index));
      if (!output)
        return signalPassFailure();
      outputs.push_back(output);
      function.setResultAttrs(index, DictionaryAttr::get(&getContext()));
    }
    Builder builder(&getContext());
    module->setAttr(
        "moe.interface",
        builder.getDictionaryAttr(
            {builder.getNamedAttr("name", builder.getStringAttr(entry)),
             builder.getNamedAttr("inputs", builder.getArrayAttr(inputs)),
             builder.getNamedAttr("outputs", builder.getArrayAttr(outputs))}));
    function->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                      builder.getUnitAttr());
  }

  /// {name, type, symbols} of one argument or result; null after an error.
  Attribute describe(StringRef kind, size_t index, Type type,
                     DictionaryAttr attributes) {
    Builder builder(&getContext());
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor) {
      getOperation().emitError()
          << "expects " << kind << " #" << index << " of '" << entry
          << "' to be a ranked tensor, but got " << type;
      return {};
    }
    auto name = attributes ? attributes.getAs<StringAttr>(nameAttr) : nullptr;
    if (!name)
      name = builder.getStringAttr(kind + Twine(index));
    auto symbols =
        attributes ? attributes.getAs<ArrayAttr>(symbolsAttr) : nullptr;
    if (!symbols)
      symbols =
          builder.getStrArrayAttr(SmallVector<StringRef>(tensor.getRank(), ""));
    if (static_cast<int64_t>(symbols.size()) != tensor.getRank() ||
        !llvm::all_of(symbols, llvm::IsaPred<StringAttr>)) {
      getOperation().emitError()
          << "expects '" << symbolsAttr << "' of " << kind << " '"
          << name.getValue() << "' to be one string per dimension ("
          << tensor.getRank() << "), but got " << symbols;
      return {};
    }
    // What callers pass may be unsigned, though types in the function are not.
    if (auto dtype =
            attributes ? attributes.getAs<TypeAttr>(dtypeAttr) : nullptr) {
      if (!tensor.getElementType().isSignlessInteger() ||
          dtype.getValue() != IntegerType::get(&getContext(),
                                               tensor.getElementTypeBitWidth(),
                                               IntegerType::Unsigned)) {
        getOperation().emitError()
            << "expects '" << dtypeAttr << "' of " << kind << " '"
            << name.getValue() << "' to be the unsigned form of its element "
            << "type (" << tensor.getElementType() << "), but got " << dtype;
        return {};
      }
      tensor = tensor.clone(dtype.getValue());
    }
    return builder.getDictionaryAttr(
        {builder.getNamedAttr("name", name),
         builder.getNamedAttr("type", TypeAttr::get(tensor)),
         builder.getNamedAttr("symbols", symbols)});
  }
};

} // namespace
