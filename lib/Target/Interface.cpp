// Reads the interface of a compiled model and writes it as a C header.
#include "moe/Target/Interface.h"
#include "moe-rt/abi.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using moe::Interface;
using moe::InterfaceArgument;
using moe::InterfaceDim;

namespace {

struct ElementType {
  moe_dtype_v1 dtype;
  unsigned bytes;
  const char *name;
};

std::optional<ElementType> elementType(Type type) {
  if (type.isInteger(1))
    return ElementType{MOE_DTYPE_BOOL, 1, "bool"};
  if (auto integer = dyn_cast<IntegerType>(type)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 8:
      return isUnsigned ? ElementType{MOE_DTYPE_U8, 1, "u8"}
                        : ElementType{MOE_DTYPE_I8, 1, "i8"};
    case 16:
      return isUnsigned ? ElementType{MOE_DTYPE_U16, 2, "u16"}
                        : ElementType{MOE_DTYPE_I16, 2, "i16"};
    case 32:
      return isUnsigned ? ElementType{MOE_DTYPE_U32, 4, "u32"}
                        : ElementType{MOE_DTYPE_I32, 4, "i32"};
    case 64:
      return isUnsigned ? ElementType{MOE_DTYPE_U64, 8, "u64"}
                        : ElementType{MOE_DTYPE_I64, 8, "i64"};
    default:
      return std::nullopt;
    }
  }
  if (type.isF16())
    return ElementType{MOE_DTYPE_F16, 2, "f16"};
  if (type.isBF16())
    return ElementType{MOE_DTYPE_BF16, 2, "bf16"};
  if (type.isF32())
    return ElementType{MOE_DTYPE_F32, 4, "f32"};
  if (type.isF64())
    return ElementType{MOE_DTYPE_F64, 8, "f64"};
  return std::nullopt;
}

const char *dtypeName(uint32_t dtype) {
  static constexpr const char *names[] = {"?",   "bool", "i8",  "i16", "i32",
                                          "i64", "u8",   "u16", "u32", "u64",
                                          "f16", "bf16", "f32", "f64"};
  return dtype < std::size(names) ? names[dtype] : "?";
}

/// Adds one term such as "P", "2*B", "B*2" or "7" to `dim`.
bool addTerm(StringRef term, int64_t sign, Interface &interface,
             InterfaceDim &dim) {
  int64_t factor = sign;
  std::optional<size_t> symbol;
  for (StringRef part : llvm::split(term, '*')) {
    part = part.trim();
    int64_t number;
    if (!part.getAsInteger(10, number)) {
      if (llvm::MulOverflow(factor, number, factor))
        return false;
      continue;
    }
    auto found = llvm::find(interface.symbols, part);
    if (symbol || found == interface.symbols.end())
      return false;
    symbol = found - interface.symbols.begin();
  }
  if (symbol)
    dim.coefficients[*symbol] += factor;
  else
    dim.constant += factor;
  return true;
}

/// Parses a linear form such as "P + S - 1".
bool parseForm(StringRef form, Interface &interface, InterfaceDim &dim) {
  dim.coefficients.assign(interface.symbols.size(), 0);
  int64_t sign = 1;
  while (true) {
    size_t end = form.find_first_of("+-");
    if (!addTerm(form.substr(0, end).trim(), sign, interface, dim))
      return false;
    if (end == StringRef::npos)
      return true;
    sign = form[end] == '-' ? -1 : 1;
    form = form.drop_front(end + 1);
  }
}

/// "past key.0" as part of a C identifier: PAST_KEY_0.
std::string macroName(StringRef name) {
  std::string result;
  for (char c : name)
    result += llvm::isAlnum(c) ? llvm::toUpper(c) : '_';
  return result;
}

} // namespace

llvm::Expected<Interface> moe::readInterface(ModuleOp module) {
  auto attribute = module->getAttrOfType<DictionaryAttr>("moe.interface");
  if (!attribute)
    return llvm::createStringError(
        "expects a module at the target level, with the attribute "
        "'moe.interface', but got none");
  Interface interface;
  interface.entry = attribute.getAs<StringAttr>("name").str();

  auto read = [&](StringRef kind, bool isInput,
                  std::vector<InterfaceArgument> &arguments) -> llvm::Error {
    for (auto dict :
         attribute.getAs<ArrayAttr>(kind).getAsRange<DictionaryAttr>()) {
      InterfaceArgument argument;
      argument.name = dict.getAs<StringAttr>("name").str();
      auto type =
          cast<RankedTensorType>(dict.getAs<TypeAttr>("type").getValue());
      std::optional<ElementType> element = elementType(type.getElementType());
      if (!element) {
        std::string text;
        llvm::raw_string_ostream(text) << type;
        return llvm::createStringError(
            "expects '" + argument.name +
            "' to have elements of 1 to 64 bits (bool, integer, f16, bf16, "
            "f32, f64), but got " +
            text);
      }
      argument.dtype = element->dtype;
      argument.elementBytes = element->bytes;
      auto symbols = dict.getAs<ArrayAttr>("symbols");
      for (int64_t d = 0; d < type.getRank(); ++d) {
        InterfaceDim &dim = argument.dims.emplace_back();
        if (!type.isDynamicDim(d)) {
          dim.constant = type.getDimSize(d);
          continue;
        }
        StringRef form = cast<StringAttr>(symbols[d]).getValue();
        if (isInput) {
          // An anonymous size is a symbol of its own.
          std::string name =
              form.empty() ? llvm::formatv("{0}.{1}", argument.name, d).str()
                           : form.str();
          auto found = llvm::find(interface.symbols, name);
          size_t index = found - interface.symbols.begin();
          if (found == interface.symbols.end())
            interface.symbols.push_back(name);
          dim.coefficients.assign(index + 1, 0);
          dim.coefficients[index] = 1;
          continue;
        }
        dim.unknown = form.empty() || form == "?";
        if (!dim.unknown && !parseForm(form, interface, dim))
          return llvm::createStringError(
              "expects size #" + llvm::Twine(d) + " of output '" +
              argument.name +
              "' to be a linear form of the inputs' symbols, such as 'P + S', "
              "but got '" +
              form + "'");
      }
      arguments.push_back(std::move(argument));
    }
    return llvm::Error::success();
  };
  if (llvm::Error error = read("inputs", true, interface.inputs))
    return error;
  for (InterfaceArgument &input : interface.inputs)
    for (InterfaceDim &dim : input.dims)
      if (!dim.coefficients.empty())
        dim.coefficients.resize(interface.symbols.size(), 0);
  if (llvm::Error error = read("outputs", false, interface.outputs))
    return error;
  return interface;
}

std::string moe::writeInterfaceHeader(const Interface &interface,
                                      StringRef stem) {
  std::string text;
  llvm::raw_string_ostream os(text);
  std::string prefix = macroName(stem);
  if (prefix.empty() || llvm::isDigit(prefix.front()))
    prefix.insert(0, "MODEL_");
  os << "/* " << stem << ".so, compiled by moec: entry point, inputs and "
     << "outputs. Load it with moe-rt/runtime.h. */\n#ifndef " << prefix
     << "_H\n#define " << prefix << "_H\n\n#define " << prefix << "_LIBRARY \""
     << stem << ".so\"\n#define " << prefix << "_ENTRY \"" << interface.entry
     << "\"\n";
  auto list = [&](StringRef kind,
                  const std::vector<InterfaceArgument> &arguments) {
    os << "\n/* " << (kind == "INPUT" ? "Inputs" : "Outputs")
       << ": position, name, element type and shape. */\nenum {\n";
    for (auto [index, argument] : llvm::enumerate(arguments)) {
      os << "  " << prefix << '_' << kind << '_' << macroName(argument.name)
         << " = " << index << ", /* \"" << argument.name << "\" "
         << dtypeName(argument.dtype) << '[';
      llvm::interleaveComma(argument.dims, os, [&](const InterfaceDim &dim) {
        if (dim.unknown) {
          os << '?';
          return;
        }
        const char *separator = "";
        for (auto [symbol, coefficient] :
             llvm::zip(interface.symbols, dim.coefficients)) {
          if (coefficient == 0)
            continue;
          os << separator;
          if (coefficient != 1)
            os << coefficient << '*';
          os << symbol;
          separator = " + ";
        }
        if (dim.constant != 0 || !*separator)
          os << separator << dim.constant;
      });
      os << "] */\n";
    }
    os << "  " << prefix << '_' << kind << "_COUNT = " << arguments.size()
       << "\n};\n";
  };
  list("INPUT", interface.inputs);
  list("OUTPUT", interface.outputs);
  os << "\n#endif /* " << prefix << "_H */\n";
  return text;
}
