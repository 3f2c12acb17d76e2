// Inputs of a model become constants that refer to a file.
#include "moe/Import/Weights.h"

#include "Onnx/TensorData.h"
#include "SafeTensors.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "moe/Dialect/StableHLO/StableHLO.h"
#include "moe/Dialect/Support/MoESupport.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace moe;
using importer::SafeTensor;

namespace {

class Binder {
public:
  Binder(func::FuncOp function, StringRef path, StringRef bytes,
         ArrayRef<SafeTensor> tensors)
      : function(function), path(path), bytes(bytes), tensors(tensors),
        bound(function.getNumArguments(), nullptr) {}

  /// Finds the input of every tensor; what does not fit goes to `problems`.
  void match(ArrayRef<std::pair<std::string, std::string>> pairs);
  /// Inputs that should have a tensor, as far as names tell.
  void findMissing();
  LogicalResult apply();
  std::vector<std::string> problems;

private:
  StringRef nameOf(unsigned index) const {
    auto name = function.getArgAttrOfType<StringAttr>(index, "moe.name");
    return name ? name.getValue() : StringRef();
  }
  std::string describe(unsigned index) const {
    StringRef name = nameOf(index);
    return name.empty() ? "#" + std::to_string(index) : "'" + name.str() + "'";
  }
  std::optional<unsigned> inputOf(StringRef name) const;
  void bind(unsigned index, const SafeTensor &tensor);
  ElementsAttr valueOf(const SafeTensor &tensor) const;

  mutable func::FuncOp function;
  StringRef path, bytes;
  ArrayRef<SafeTensor> tensors;
  SmallVector<const SafeTensor *> bound;
};

} // namespace

static std::string str(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

/// An input by its whole name, by the part below its argument, or its number.
std::optional<unsigned> Binder::inputOf(StringRef name) const {
  auto find = [&](auto matches) -> std::optional<unsigned> {
    std::optional<unsigned> found;
    for (unsigned index = 0; index < bound.size(); ++index)
      if (!nameOf(index).empty() && matches(nameOf(index))) {
        if (found)
          return std::nullopt;
        found = index;
      }
    return found;
  };
  if (auto whole = find([&](StringRef input) { return input == name; }))
    return whole;
  if (auto inner = find(
          [&](StringRef input) { return input.split('.').second == name; }))
    return inner;
  unsigned number;
  if (llvm::to_integer(name, number, 10) && number < bound.size())
    return number;
  return std::nullopt;
}

void Binder::bind(unsigned index, const SafeTensor &tensor) {
  if (bound[index]) {
    problems.push_back("tensors '" + bound[index]->name + "' and '" +
                       tensor.name + "' are both input " + describe(index));
    return;
  }
  bound[index] = &tensor;
  Type type = function.getArgumentTypes()[index];
  if (type != tensor.type)
    problems.push_back("tensor '" + tensor.name + "' is " + str(tensor.type) +
                       ", but input " + describe(index) + " is " + str(type));
}

void Binder::match(ArrayRef<std::pair<std::string, std::string>> pairs) {
  llvm::StringSet<> named;
  for (const auto &[input, name] : pairs) {
    std::optional<unsigned> index = inputOf(input);
    const auto *tensor = llvm::find_if(
        tensors, [&](const SafeTensor &t) { return t.name == name; });
    if (!index)
      problems.push_back("there is no input '" + input + "'");
    if (tensor == tensors.end())
      problems.push_back("there is no tensor '" + name + "'");
    else
      named.insert(name);
    if (index && tensor != tensors.end())
      bind(*index, *tensor);
  }
  for (const SafeTensor &tensor : tensors) {
    if (named.contains(tensor.name))
      continue;
    if (std::optional<unsigned> index = inputOf(tensor.name))
      bind(*index, tensor);
    else
      problems.push_back("tensor '" + tensor.name + "' is no input");
  }
}

void Binder::findMissing() {
  llvm::StringSet<> groups;
  auto groupOf = [&](unsigned index) {
    auto [group, rest] = nameOf(index).split('.');
    return rest.empty() ? StringRef() : group;
  };
  for (unsigned index = 0; index < bound.size(); ++index)
    if (bound[index] && !groupOf(index).empty())
      groups.insert(groupOf(index));
  for (unsigned index = 0; index < bound.size(); ++index)
    if (!bound[index] && groups.contains(groupOf(index)))
      problems.push_back("input " + describe(index) + " has no tensor");
}

/// Small tensors are read, since what a graph does may depend on them.
ElementsAttr Binder::valueOf(const SafeTensor &tensor) const {
  uint64_t width = std::max(tensor.type.getElementTypeBitWidth() / 8, 1u);
  uint64_t size = tensor.type.getNumElements() * width;
  if (size > importer::kMaxDenseBytes)
    return support::ExternalAttr::get(function.getContext(), tensor.type, path,
                                      tensor.offset);
  return importer::decodeElements(tensor.type,
                                  ArrayRef(bytes.data() + tensor.offset, size));
}

LogicalResult Binder::apply() {
  OpBuilder builder = OpBuilder::atBlockBegin(&function.front());
  llvm::BitVector gone(bound.size());
  for (auto [index, tensor] : llvm::enumerate(bound)) {
    if (!tensor)
      continue;
    Value weight = stablehlo::ConstantOp::create(
        builder, function.getArgument(index).getLoc(), valueOf(*tensor));
    function.getArgument(index).replaceAllUsesWith(weight);
    gone.set(index);
  }
  return function.eraseArguments(gone);
}

LogicalResult
moe::bindWeights(ModuleOp module, StringRef path,
                 ArrayRef<std::pair<std::string, std::string>> pairs,
                 StringRef entry) {
  auto refuse = [&](const llvm::Twine &reason) {
    return emitError(FileLineColLoc::get(module.getContext(), path, 0, 0))
           << reason;
  };
  auto function = module.lookupSymbol<func::FuncOp>(entry);
  if (!function || function.isExternal())
    return emitError(module.getLoc()) << "expects a function '" << entry
                                      << "' with a body to bind weights to";
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (std::error_code error = file.getError())
    return refuse("expects weights in a file that can be read, but got: " +
                  error.message());
  StringRef bytes = (*file)->getBuffer();
  llvm::Expected<std::vector<SafeTensor>> tensors =
      importer::readSafeTensors(bytes, module.getContext());
  if (!tensors)
    return refuse(llvm::toString(tensors.takeError()));
  Binder binder(function, path, bytes, *tensors);
  binder.match(pairs);
  binder.findMissing();
  if (!binder.problems.empty())
    return refuse("expects weights that fit the inputs of '" + entry +
                  "', but " + llvm::join(binder.problems, "; "));
  return binder.apply();
}
