// What parsing and printing of the attribute axes share; private to the
// dialect.
#ifndef MOE_DIALECTS_MOE_ATTRASSEMBLY_H
#define MOE_DIALECTS_MOE_ATTRASSEMBLY_H

#include "moe/Dialect/MoE/MoE.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace moe::detail {

inline mlir::FloatAttr real(mlir::MLIRContext *context, double value) {
  return mlir::FloatAttr::get(mlir::Float64Type::get(context), value);
}

inline mlir::FloatType f32(mlir::MLIRContext *context) {
  return mlir::Float32Type::get(context);
}

/// Parses one of an enum's keywords.
template <typename Enum>
mlir::ParseResult parseEnum(mlir::AsmParser &parser, Enum &value) {
  auto parsed = ::mlir::FieldParser<Enum>::parse(parser);
  if (mlir::failed(parsed))
    return mlir::failure();
  value = *parsed;
  return mlir::success();
}

inline mlir::ParseResult parseReal(mlir::AsmParser &parser,
                                   mlir::FloatAttr &value) {
  double number;
  if (parser.parseFloat(number))
    return mlir::failure();
  value = real(parser.getContext(), number);
  return mlir::success();
}

inline mlir::ParseResult parseIds(mlir::AsmParser &parser,
                                  llvm::SmallVectorImpl<int64_t> &ids) {
  return parser.parseCommaSeparatedList(
      mlir::AsmParser::Delimiter::Square,
      [&] { return parser.parseInteger(ids.emplace_back()); });
}

inline void printReal(mlir::AsmPrinter &printer, mlir::FloatAttr value) {
  printer.printFloat(value.getValue());
}

/// Parses a list such as [gate, down].
mlir::ParseResult parseTargets(mlir::AsmParser &parser, ClassTargets &targets);
void printTargets(mlir::AsmPrinter &printer, ClassTargets targets);

/// Parses the value of a field, by its type.
template <typename T>
mlir::ParseResult parseValue(mlir::AsmParser &parser, T &value) {
  if constexpr (std::is_same_v<T, bool>) {
    value = mlir::succeeded(parser.parseOptionalKeyword("true"));
    return value ? mlir::success() : parser.parseKeyword("false", " or 'true'");
  } else if constexpr (std::is_same_v<T, int64_t>) {
    return parser.parseInteger(value);
  } else if constexpr (std::is_same_v<T, ClassTargets>) {
    return parseTargets(parser, value);
  } else if constexpr (std::is_enum_v<T>) {
    return parseEnum(parser, value);
  } else if constexpr (std::is_same_v<T, mlir::FloatAttr>) {
    return parseReal(parser, value);
  } else if constexpr (requires { T::parse(parser, mlir::Type()); }) {
    return parser.parseCustomAttributeWithFallback(value);
  } else if constexpr (std::is_convertible_v<T, mlir::Attribute>) {
    return parser.parseAttribute(value);
  } else {
    return parser.parseCommaSeparatedList(
        mlir::AsmParser::Delimiter::Square,
        [&] { return parseValue(parser, value.emplace_back()); });
  }
}

/// Prints what `parseValue` parses.
template <typename T>
void printValue(mlir::AsmPrinter &printer, const T &value) {
  if constexpr (std::is_same_v<T, bool>) {
    printer << (value ? "true" : "false");
  } else if constexpr (std::is_same_v<T, ClassTargets>) {
    printTargets(printer, value);
  } else if constexpr (std::is_enum_v<T>) {
    printer << stringifyEnum(value);
  } else if constexpr (std::is_same_v<T, mlir::FloatAttr>) {
    printReal(printer, value);
  } else if constexpr (requires { value.print(printer); }) {
    value.print(printer);
  } else if constexpr (requires { value.begin(); }) {
    printer << "[";
    llvm::interleaveComma(value, printer, [&](const auto &element) {
      printValue(printer, element);
    });
    printer << "]";
  } else {
    printer << value;
  }
}

/// Parses `{, key = value} >`, where `field` parses the value of a key and
/// returns nothing for a key that it does not know.
inline mlir::ParseResult parseFields(
    mlir::AsmParser &parser, llvm::StringRef expected,
    llvm::function_ref<std::optional<mlir::ParseResult>(llvm::StringRef)>
        field) {
  while (mlir::succeeded(parser.parseOptionalComma())) {
    llvm::StringRef key;
    llvm::SMLoc location = parser.getCurrentLocation();
    if (parser.parseKeyword(&key) || parser.parseEqual())
      return mlir::failure();
    std::optional<mlir::ParseResult> result = field(key);
    if (!result)
      return parser.emitError(location)
             << "expects one of " << expected << ", but got '" << key << "'";
    if (mlir::failed(*result))
      return mlir::failure();
  }
  return parser.parseGreater();
}

inline void printReal(mlir::AsmPrinter &printer, llvm::StringRef key,
                      mlir::FloatAttr value) {
  if (!value)
    return;
  printer << ", " << key << " = ";
  printReal(printer, value);
}

inline void printIds(mlir::AsmPrinter &printer, llvm::StringRef key,
                     llvm::ArrayRef<int64_t> ids) {
  if (ids.empty())
    return;
  printer << ", " << key << " = [";
  llvm::interleaveComma(ids, printer);
  printer << "]";
}

template <typename Enum>
void printEnum(mlir::AsmPrinter &printer, llvm::StringRef key, Enum value,
               Enum otherwise) {
  if (value != otherwise)
    printer << ", " << key << " = " << stringifyEnum(value);
}

} // namespace moe::detail

#endif // MOE_DIALECTS_MOE_ATTRASSEMBLY_H
