// Control flow and calls.
#include "AssemblyFormat.h"
#include "Verification.h"

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace moe::stablehlo;

// The tables of all operations stand here, next to the smallest group.
#define GET_OP_CLASSES
#include "moe/Dialect/StableHLO/StableHLOOps.cpp.inc"

//===----------------------------------------------------------------------===//
// if, case
//===----------------------------------------------------------------------===//

// Checks if_c1.
LogicalResult IfOp::verify() {
  if (failed(verifyRegion(*this, "true_branch", getTrueBranch(), {},
                          getResultTypes())))
    return failure();
  return verifyRegion(*this, "false_branch", getFalseBranch(), {},
                      getResultTypes());
}

// Checks case_c1 and case_c2.
LogicalResult CaseOp::verify() {
  if (getBranches().empty())
    return emitOpError() << "expects at least one branch, but got none";
  for (auto [index, branch] : llvm::enumerate(getBranches()))
    if (failed(verifyRegion(*this, ("branch #" + Twine(index)).str(), branch,
                            {}, getResultTypes())))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// while
//===----------------------------------------------------------------------===//

void WhileOp::getAsmBlockArgumentNames(Region &region,
                                       OpAsmSetValueNameFn setName) {
  for (BlockArgument argument : region.getArguments())
    setName(argument, "iterArg");
}

// Prints `(%a = %x, ...) : types attributes {...}` and both regions, whose
// arguments share the printed names.
void WhileOp::print(OpAsmPrinter &printer) {
  printer.shadowRegionArgs(getBody(), getCond().getArguments());
  printer << '(';
  llvm::interleaveComma(llvm::zip(getCond().getArguments(), getOperand()),
                        printer, [&](auto pair) {
                          printer.printOperand(std::get<0>(pair));
                          printer << " = " << std::get<1>(pair);
                        });
  printer << ')';
  if (getNumOperands() != 0) {
    printer << " : ";
    llvm::interleaveComma(getOperandTypes(), printer);
  }
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs());
  printer.printNewline();
  printer << "cond ";
  printer.printRegion(getCond(), /*printEntryBlockArgs=*/false);
  printer << " do ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

ParseResult WhileOp::parse(OpAsmParser &parser, OperationState &result) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> types;
  auto parseAssignment = [&]() -> ParseResult {
    return failure(parser.parseArgument(arguments.emplace_back()) ||
                   parser.parseEqual() ||
                   parser.parseOperand(operands.emplace_back()));
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren,
                                     parseAssignment) ||
      parser.parseOptionalColonTypeList(types) ||
      parser.resolveOperands(operands, types, loc, result.operands) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  result.addTypes(types);
  for (auto [argument, type] : llvm::zip_equal(arguments, types))
    argument.type = type;
  return failure(parser.parseKeyword("cond") ||
                 parser.parseRegion(*result.addRegion(), arguments) ||
                 parser.parseKeyword("do") ||
                 parser.parseRegion(*result.addRegion(), arguments));
}

// Checks while_c1 and while_c2.
LogicalResult WhileOp::verify() {
  TypeRange types = getOperandTypes();
  if (!llvm::equal(types, getResultTypes()))
    return emitOpError() << "requires the types of the results to equal those "
                            "of the operands";
  Type i1 = RankedTensorType::get({}, Builder(getContext()).getI1Type());
  if (failed(verifyRegion(*this, "cond", getCond(), types, i1)))
    return failure();
  return verifyRegion(*this, "body", getBody(), types, types);
}

//===----------------------------------------------------------------------===//
// Calls and barriers
//===----------------------------------------------------------------------===//

bool moe::stablehlo::isLoweredCallee(StringRef target) {
  return target == "Sharding" || target == "shape_assertion";
}

void CustomCallOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  if (!getHasSideEffect())
    return;
  effects.emplace_back(MemoryEffects::Read::get());
  effects.emplace_back(MemoryEffects::Write::get());
}

/// `dialect.operation`: letters, digits, `_`, `$` and further dots, not
/// starting with a digit and not ending in a dot.
static bool isNamespacedName(StringRef name) {
  auto [dialect, operation] = name.split('.');
  auto isIdentifier = [](StringRef part, bool dots) {
    return !part.empty() && (llvm::isAlpha(part.front()) || part[0] == '_') &&
           llvm::all_of(part, [&](char c) {
             return llvm::isAlnum(c) || c == '_' || c == '$' ||
                    (dots && c == '.');
           });
  };
  return isIdentifier(dialect, /*dots=*/false) &&
         isIdentifier(operation, /*dots=*/true) && !name.ends_with(".");
}

// Checks composite_c1.
LogicalResult CompositeOp::verify() {
  if (isNamespacedName(getName()))
    return success();
  return emitOpError() << "expects 'name' to be a dialect's name, a dot and an "
                          "operation's name, but got '"
                       << getName() << "'";
}

// Checks composite_c2 and composite_c3.
LogicalResult
CompositeOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto function = symbolTable.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getDecompositionAttr());
  if (!function)
    return emitOpError() << "expects 'decomposition' to name a function, but "
                            "got '"
                         << getDecomposition() << "'";
  if (function->isAncestor(*this))
    return emitOpError() << "expects a 'decomposition' without this operation, "
                            "but got '"
                         << getDecomposition() << "'";
  if (llvm::equal(function.getArgumentTypes(), getInputs().getTypes()) &&
      llvm::equal(function.getResultTypes(), getResultTypes()))
    return success();
  InFlightDiagnostic diag =
      emitOpError() << "requires the type of 'decomposition' ("
                    << function.getFunctionType()
                    << ") to equal that of the composite ("
                    << FunctionType::get(getContext(), getInputs().getTypes(),
                                         getResultTypes())
                    << ")";
  diag.attachNote(function->getLoc()) << "decomposition defined here";
  return diag;
}

// Checks optimization_barrier_c1.
LogicalResult OptimizationBarrierOp::verify() {
  if (llvm::equal(getOperandTypes(), getResultTypes()))
    return success();
  return emitOpError() << "requires the types of the results to equal those of "
                          "the operands";
}
