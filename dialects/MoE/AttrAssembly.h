// What parsing and printing of the attribute axes share; private to the
// dialect.
#ifndef MOE_DIALECTS_MOE_ATTRASSEMBLY_H
#define MOE_DIALECTS_MOE_ATTRASSEMBLY_H

#include "moe/Dialect/MoE/MoE.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"

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

inline void printReal(mlir::AsmPrinter &printer, mlir::FloatAttr value) {
  printer.printFloat(value.getValue());
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
