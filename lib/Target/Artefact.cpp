// Writes an artefact: code, weights and header, all or nothing.
#include "moe/Target/Artefact.h"
#include "ArtefactABI.h"
#include "CodeGen.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "moe/Target/Interface.h"
#include "moe/Target/WeightPacker.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace moe;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace {

/// Files under temporary names that become real together. What was not
/// committed is removed, also where a signal ends the program: weights may be
/// as large as the model.
class Outputs {
public:
  Outputs() = default;
  Outputs(const Outputs &) = delete;
  ~Outputs() {
    for (const auto &[temporary, path] : files) {
      (void)llvm::sys::fs::remove(temporary);
      llvm::sys::DontRemoveFileOnSignal(temporary);
    }
  }

  /// A temporary name for `path`; an empty path is a file that is needed for a
  /// while only.
  Expected<std::string> add(StringRef directory, StringRef path) {
    llvm::sys::fs::file_status status;
    if (!path.empty() && !llvm::sys::fs::status(path, status) &&
        status.type() != llvm::sys::fs::file_type::regular_file)
      return createStringError("expects the output '" + path +
                               "' to be a regular file or not to exist");
    SmallString<128> temporary;
    SmallString<128> model(directory);
    llvm::sys::path::append(model, ".moec-%%%%%%%%");
    if (std::error_code code =
            llvm::sys::fs::createUniqueFile(model, temporary))
      return createStringError(code, "cannot write in the directory '" +
                                         (directory.empty() ? "." : directory) +
                                         "': " + code.message());
    llvm::sys::RemoveFileOnSignal(temporary);
    files.emplace_back(temporary.str(), path.str());
    return temporary.str().str();
  }

  Error commit() {
    for (const auto &[temporary, path] : files) {
      if (path.empty())
        continue;
      (void)llvm::sys::fs::setPermissions(temporary, permissions(path));
      if (std::error_code code = llvm::sys::fs::rename(temporary, path))
        return createStringError(code, "cannot write '" + path +
                                           "': " + code.message());
    }
    return Error::success();
  }

private:
  /// What a file created by open(2) would have got; temporary files are
  /// private.
  static llvm::sys::fs::perms permissions(StringRef path) {
    auto all = path.ends_with(".so") ? 0777 : 0666;
    return static_cast<llvm::sys::fs::perms>(all & ~llvm::sys::fs::getUmask());
  }

  std::vector<std::pair<std::string, std::string>> files;
};

std::vector<PlacedWeight> placedWeights(ModuleOp module) {
  std::vector<PlacedWeight> weights;
  if (auto table = module->getAttrOfType<ArrayAttr>("moe.weights"))
    for (auto row : table.getAsRange<DictionaryAttr>())
      weights.push_back(
          {static_cast<uint64_t>(row.getAs<IntegerAttr>("offset").getInt()),
           cast<ElementsAttr>(row.get("value"))});
  return weights;
}

/// Refuses to replace what weights are read from by an output.
Error checkSources(ArrayRef<PlacedWeight> weights,
                   ArrayRef<std::string> outputs) {
  llvm::SetVector<StringRef> sources;
  for (const PlacedWeight &weight : weights)
    Attribute(weight.value).walk([&](support::ExternalAttr external) {
      sources.insert(external.getFile());
    });
  for (StringRef source : sources)
    for (const std::string &output : outputs)
      if (llvm::sys::fs::equivalent(source, output))
        return createStringError("expects outputs that are no files of the "
                                 "model, but its weights are read from '" +
                                 output + "'; choose another name");
  return Error::success();
}

Error writeText(StringRef path, StringRef text) {
  std::error_code code;
  llvm::raw_fd_ostream stream(path, code);
  stream << text;
  stream.flush();
  if (!code && stream.has_error())
    code = stream.error();
  stream.clear_error();
  if (code)
    return createStringError(code,
                             "cannot write '" + path + "': " + code.message());
  return Error::success();
}

} // namespace

void moe::registerTargetTranslations(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

Error moe::writeArtefact(ModuleOp module, StringRef path,
                         const CpuTarget &target,
                         const ArtefactOptions &options) {
  auto report = [&](const llvm::Twine &message) {
    if (options.progress)
      options.progress(message.str());
  };
  Expected<Interface> interface = readInterface(module);
  if (!interface)
    return interface.takeError();

  StringRef directory = llvm::sys::path::parent_path(path);
  StringRef stem = llvm::sys::path::stem(path);
  auto beside = [&](StringRef extension) {
    SmallString<128> result(path);
    llvm::sys::path::replace_extension(result, extension);
    return result.str().str();
  };
  Outputs outputs;
  Expected<std::string> codePath = outputs.add(directory, path);
  if (!codePath)
    return codePath.takeError();

  ArtefactDescription description;
  description.triple = target.machine().getTargetTriple().str();
  description.cpu = target.cpu().str();
  description.features = target.requiredFeatures();
  bool isText = options.kind == ArtefactKind::LLVMIR;
  std::vector<PlacedWeight> weights = placedWeights(module);
  if (Error error =
          checkSources(weights, {path.str(), beside("weights"), beside("h")}))
    return error;
  if (!weights.empty()) {
    description.weightsFile = (stem + ".weights").str();
    uint64_t size =
        module->getAttrOfType<IntegerAttr>("moe.weights_size").getInt();
    description.weights.size = size;
    if (!isText) {
      Expected<std::string> temporary =
          outputs.add(directory, beside("weights"));
      if (!temporary)
        return temporary.takeError();
      report("packing " + llvm::Twine(weights.size()) + " weights, " +
             llvm::Twine(size) + " bytes");
      Expected<PackedWeights> packed = packWeights(weights, size, *temporary);
      if (!packed)
        return packed.takeError();
      description.weights = *packed;
    }
  }

  report("generating code for " + target.cpu());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code =
      translateModuleToLLVMIR(module, context, stem);
  if (!code)
    return createStringError(
        "expects a module at the target level, but it does not translate to "
        "LLVM IR");
  emitArtefactABI(*code, *interface, description);
  prepareForTarget(*code, target);
  if (isText) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    code->print(stream, nullptr);
    if (Error error = writeText(*codePath, text))
      return error;
    return outputs.commit();
  }

  if (options.kind == ArtefactKind::Object) {
    if (Error error = emitObject(*code, target, *codePath))
      return error;
  } else {
    Expected<std::string> object = outputs.add(directory, "");
    if (!object)
      return object.takeError();
    if (Error error = emitObject(*code, target, *object))
      return error;
    report("linking " + path);
    if (Error error = linkSharedLibrary(*object, *codePath,
                                        llvm::sys::path::filename(path)))
      return error;
  }

  Expected<std::string> header = outputs.add(directory, beside("h"));
  if (!header)
    return header.takeError();
  if (Error error = writeText(*header, writeInterfaceHeader(*interface, stem)))
    return error;
  return outputs.commit();
}
