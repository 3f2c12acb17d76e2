// Hand-written pieces of the dialects' text, shared by their operations and
// attributes. Each parse function reads what its print function writes.
#ifndef MOE_DIALECTS_STABLEHLO_ASSEMBLYFORMAT_H
#define MOE_DIALECTS_STABLEHLO_ASSEMBLYFORMAT_H

#include "moe/Dialect/StableHLO/StableHLO.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace moe::stablehlo {

//===----------------------------------------------------------------------===//
// Field lists: `<name = value, ...>` in any order, absent fields keep their
// default.
//===----------------------------------------------------------------------===//

/// A list or a number that an attribute prints by name.
struct NamedField {
  llvm::StringRef name;
  llvm::SmallVector<int64_t> *list = nullptr;
  int64_t *number = nullptr;
};

mlir::ParseResult parseFields(mlir::AsmParser &parser,
                              llvm::ArrayRef<NamedField> fields);

/// Prints fields one by one, leaving out empty lists and zeros.
class FieldPrinter {
public:
  explicit FieldPrinter(mlir::AsmPrinter &printer);
  ~FieldPrinter();
  void list(llvm::StringRef name, llvm::ArrayRef<int64_t> values);
  void number(llvm::StringRef name, int64_t value);

private:
  void start(llvm::StringRef name);
  mlir::AsmPrinter &printer;
  bool first = true;
};

//===----------------------------------------------------------------------===//
// custom<...> directives
//===----------------------------------------------------------------------===//

/// `[1, 2]`, as values.
mlir::ParseResult parseIntegers(mlir::AsmParser &parser,
                                llvm::SmallVectorImpl<int64_t> &values);
void printIntegers(mlir::AsmPrinter &printer, llvm::ArrayRef<int64_t> values);

/// `[1, 2]`
mlir::ParseResult parseI64List(mlir::OpAsmParser &parser,
                               mlir::Attribute &attr);
void printI64List(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                  mlir::Attribute attr);

/// One type for operands and result where they are equal, else a function type.
mlir::ParseResult
parseSameOperandsAndResultTypes(mlir::OpAsmParser &parser,
                                llvm::ArrayRef<mlir::Type *> operands,
                                mlir::Type &result);
void printSameOperandsAndResultTypes(mlir::OpAsmPrinter &printer,
                                     llvm::ArrayRef<mlir::Type> operands,
                                     mlir::Type result);

template <typename... Types>
mlir::ParseResult parseSameOperandsAndResultType(mlir::OpAsmParser &parser,
                                                 Types &...types) {
  llvm::SmallVector<mlir::Type *> all{&types...};
  mlir::Type &result = *all.pop_back_val();
  return parseSameOperandsAndResultTypes(parser, all, result);
}

template <typename... Types>
void printSameOperandsAndResultType(mlir::OpAsmPrinter &printer,
                                    mlir::Operation *, Types... types) {
  llvm::SmallVector<mlir::Type> all{types...};
  mlir::Type result = all.pop_back_val();
  printSameOperandsAndResultTypes(printer, all, result);
}

/// `predicate type, value type` where the values agree, else a function type.
mlir::ParseResult parseSelectOpType(mlir::OpAsmParser &parser, mlir::Type &pred,
                                    mlir::Type &onTrue, mlir::Type &onFalse,
                                    mlir::Type &result);
void printSelectOpType(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                       mlir::Type pred, mlir::Type onTrue, mlir::Type onFalse,
                       mlir::Type result);

/// The types of operands that are also those of the results.
mlir::ParseResult
parsePairwiseTypes(mlir::OpAsmParser &parser,
                   llvm::SmallVectorImpl<mlir::Type> &operands,
                   llvm::SmallVectorImpl<mlir::Type> &results);
void printPairwiseTypes(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                        mlir::TypeRange operands, mlir::TypeRange results);

/// `%a, %b,` up to the keyword that follows the last comma.
mlir::ParseResult parseOperandsBeforeKeyword(
    mlir::OpAsmParser &parser,
    llvm::SmallVectorImpl<mlir::OpAsmParser::UnresolvedOperand> &operands);
void printOperandsBeforeKeyword(mlir::OpAsmPrinter &printer,
                                mlir::Operation *op,
                                mlir::OperandRange operands);

/// `[start:limit:stride, ...]`; a stride of 1 is left out.
mlir::ParseResult parseSliceRanges(mlir::OpAsmParser &parser,
                                   mlir::Attribute &starts,
                                   mlir::Attribute &limits,
                                   mlir::Attribute &strides);
void printSliceRanges(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                      mlir::Attribute starts, mlir::Attribute limits,
                      mlir::Attribute strides);

/// `batching_dims = [0] x [0], contracting_dims = [2] x [1]`
mlir::ParseResult parseDotDimensionNumbers(mlir::OpAsmParser &parser,
                                           DotDimensionNumbersAttr &numbers);
void printDotDimensionNumbers(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                              DotDimensionNumbersAttr numbers);

/// `, precision = [DEFAULT, HIGH], algorithm = <...>`, each part optional.
mlir::ParseResult
parsePrecisionConfigAndAlgorithm(mlir::OpAsmParser &parser,
                                 mlir::ArrayAttr &precisionConfig,
                                 DotAlgorithmAttr &algorithm);
void printPrecisionConfigAndAlgorithm(mlir::OpAsmPrinter &printer,
                                      mlir::Operation *op,
                                      mlir::ArrayAttr precisionConfig,
                                      DotAlgorithmAttr algorithm);

/// `[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]`: what each dimension of the
/// operands and the result is.
mlir::ParseResult parseConvolutionDimensions(mlir::AsmParser &parser,
                                             ConvDimensionNumbersAttr &numbers);
void printConvolutionDimensions(mlir::AsmPrinter &printer,
                                ConvDimensionNumbersAttr numbers);
inline void printConvolutionDimensions(mlir::OpAsmPrinter &printer,
                                       mlir::Operation *,
                                       ConvDimensionNumbersAttr numbers) {
  printConvolutionDimensions(static_cast<mlir::AsmPrinter &>(printer), numbers);
}

/// `stride = [4, 4], pad = [[0, 0], [0, 0]], lhs_dilate = [1, 1], rhs_dilate =
/// [1, 1], reverse = [false, false]`, each part optional, in any order.
mlir::ParseResult parseWindowAttributes(mlir::OpAsmParser &parser,
                                        mlir::Attribute &strides,
                                        mlir::DenseIntElementsAttr &padding,
                                        mlir::Attribute &lhsDilation,
                                        mlir::Attribute &rhsDilation,
                                        mlir::Attribute &reversal);
void printWindowAttributes(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                           mlir::Attribute strides,
                           mlir::DenseIntElementsAttr padding,
                           mlir::Attribute lhsDilation,
                           mlir::Attribute rhsDilation,
                           mlir::Attribute reversal);

/// `e8m7`
mlir::ParseResult parseExponentMantissa(mlir::OpAsmParser &parser,
                                        mlir::IntegerAttr &exponent,
                                        mlir::IntegerAttr &mantissa);
void printExponentMantissa(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                           mlir::IntegerAttr exponent,
                           mlir::IntegerAttr mantissa);

/// `@name` or `@"any name"`
mlir::ParseResult parseCustomCallTarget(mlir::OpAsmParser &parser,
                                        mlir::StringAttr &target);
void printCustomCallTarget(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                           mlir::StringAttr target);

} // namespace moe::stablehlo

#endif // MOE_DIALECTS_STABLEHLO_ASSEMBLYFORMAT_H
