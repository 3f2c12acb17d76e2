// Tasks, walks and roles: assembly and verifiers.
#include "Assembly.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace moe;
using namespace moe::tile;

//===----------------------------------------------------------------------===//
// Iterations
//===----------------------------------------------------------------------===//

std::optional<Dim> moe::tile::getIndexDim(Value index) {
  if (index.getDefiningOp<RankOp>())
    return Dim::of(Extent::Ranks);
  auto argument = dyn_cast<BlockArgument>(index);
  if (!argument)
    return std::nullopt;
  Operation *owner = argument.getOwner()->getParentOp();
  if (auto task = dyn_cast<TaskOp>(owner))
    return task.getDomain()[argument.getArgNumber()];
  if (auto walk = dyn_cast<ForOp>(owner); walk && argument.getArgNumber() == 0)
    return walk.getDim()[0];
  return std::nullopt;
}

SmallVector<std::pair<Value, Dim>> moe::tile::getIterations(Operation *op) {
  SmallVector<std::pair<Value, Dim>> iterations;
  while ((op = op->getParentOp()) && !isa<GraphOp>(op)) {
    if (auto walk = dyn_cast<ForOp>(op))
      iterations.push_back({walk.getBody().getArgument(0), walk.getDim()[0]});
    if (auto task = dyn_cast<TaskOp>(op))
      for (auto [index, dim] : llvm::reverse(llvm::zip_equal(
               task.getBody().getArguments(), task.getDomain())))
        iterations.push_back({index, dim});
  }
  std::reverse(iterations.begin(), iterations.end());
  return iterations;
}

/// (task_c2), (for_c1): rows are those of the one expert at hand.
static LogicalResult verifyRows(Operation *op, DimsAttr own) {
  SmallVector<Dim> dims = llvm::map_to_vector(
      getIterations(op), [](const auto &entry) { return entry.second; });
  llvm::append_range(dims, own);
  unsigned experts = 0;
  for (const Dim &dim : dims) {
    if (dim.extent == Extent::Experts && ++experts > 1)
      return op->emitOpError("expects one dimension 'experts', but got two");
    if (dim.extent == Extent::Rows && experts == 0)
      return op->emitOpError("expects 'rows' within a dimension 'experts'");
  }
  return success();
}

/// Names that people give the indices of such dimensions.
static StringRef nameOf(const Dim &dim) {
  switch (dim.extent) {
  case Extent::Ranks:
    return "p";
  case Extent::Experts:
    return "e";
  case Extent::Rows:
    return "m";
  case Extent::Tokens:
    return "t";
  case Extent::Static:
    return "n";
  }
  llvm_unreachable("every extent has a name");
}

static ParseResult parseIteration(OpAsmParser &parser,
                                  OpAsmParser::Argument &argument, Dim &dim) {
  argument.type = parser.getBuilder().getIndexType();
  return failure(parser.parseArgument(argument) || parser.parseKeyword("in") ||
                 tile::detail::parseDim(parser, dim));
}

static void printIteration(OpAsmPrinter &printer, Value index, const Dim &dim) {
  printer << index << " in ";
  printDim(printer.getStream(), dim);
}

static ParseResult parseBody(OpAsmParser &parser, Region &region,
                             ArrayRef<OpAsmParser::Argument> arguments) {
  if (parser.parseRegion(region, arguments))
    return failure();
  if (region.empty()) {
    Block &block = region.emplaceBlock();
    for (const OpAsmParser::Argument &argument : arguments)
      block.addArgument(argument.type,
                        parser.getEncodedSourceLoc(parser.getNameLoc()));
  }
  return success();
}

/// ` keyword %a, %b` where there are operands.
static ParseResult parseTokens(OpAsmParser &parser, StringRef keyword,
                               SmallVectorImpl<Value> &tokens) {
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  return failure(parser.parseOperandList(operands) ||
                 parser.resolveOperands(
                     operands, TokenType::get(parser.getContext()), tokens));
}

static ParseResult parseAttributes(OpAsmParser &parser,
                                   OperationState &result) {
  return parser.parseOptionalAttrDictWithKeyword(result.attributes);
}

//===----------------------------------------------------------------------===//
// TaskOp
//===----------------------------------------------------------------------===//

ParseResult TaskOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Dim> dims;
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseSymbolName(name) || parser.parseKeyword("over") ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren,
                                     [&] {
                                       return parseIteration(
                                           parser, arguments.emplace_back(),
                                           dims.emplace_back());
                                     }) ||
      parseTokens(parser, "after", result.operands) ||
      parseAttributes(parser, result))
    return failure();
  auto domain = tile::detail::getDims(parser, location, dims);
  if (!domain)
    return failure();
  result.getOrAddProperties<Properties>().name = name;
  result.getOrAddProperties<Properties>().domain = domain;
  return parseBody(parser, *result.addRegion(), arguments);
}

void TaskOp::print(OpAsmPrinter &printer) {
  printer << " ";
  printer.printSymbolName(getName());
  printer << " over (";
  llvm::interleaveComma(llvm::zip_equal(getBody().getArguments(), getDomain()),
                        printer, [&](auto entry) {
                          printIteration(printer, std::get<0>(entry),
                                         std::get<1>(entry));
                        });
  printer << ")";
  if (!getAfter().empty())
    printer << " after " << getAfter();
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getDiscardableAttrDictionary().getValue());
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult TaskOp::verifyRegions() {
  // (task_c1)
  if (getBody().getNumArguments() != getDomain().size() ||
      !llvm::all_of(getBody().getArgumentTypes(),
                    [](Type type) { return type.isIndex(); }))
    return emitOpError("expects an index for each of ")
           << getDomain().size() << " dimensions as arguments of its body";
  // (task_c2)
  return verifyRows(*this, getDomain());
}

void TaskOp::getAsmBlockArgumentNames(Region &region,
                                      OpAsmSetValueNameFn setName) {
  for (auto [index, dim] : llvm::zip(region.getArguments(), getDomain()))
    setName(index, nameOf(dim));
}

//===----------------------------------------------------------------------===//
// ForOp
//===----------------------------------------------------------------------===//

ParseResult ForOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::Argument> arguments(1);
  SmallVector<OpAsmParser::UnresolvedOperand> init;
  Dim dim;
  auto token = TokenType::get(parser.getContext());
  SMLoc location = parser.getCurrentLocation();
  if (parseIteration(parser, arguments.front(), dim))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("carry"))) {
    auto carried = [&]() -> ParseResult {
      OpAsmParser::Argument &argument = arguments.emplace_back();
      argument.type = token;
      return failure(parser.parseArgument(argument) || parser.parseEqual() ||
                     parser.parseOperand(init.emplace_back()));
    };
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, carried))
      return failure();
  }
  auto dims = tile::detail::getDims(parser, location, dim);
  if (!dims || parser.resolveOperands(init, token, result.operands) ||
      parseAttributes(parser, result))
    return failure();
  result.getOrAddProperties<Properties>().dim = dims;
  result.addTypes(SmallVector<Type>(init.size(), token));
  Region &body = *result.addRegion();
  if (parseBody(parser, body, arguments))
    return failure();
  ensureTerminator(body, parser.getBuilder(), result.location);
  return success();
}

void ForOp::print(OpAsmPrinter &printer) {
  printer << " ";
  printIteration(printer, getBody().getArgument(0), getDim()[0]);
  if (!getInit().empty()) {
    printer << " carry (";
    llvm::interleaveComma(
        llvm::zip_equal(getBody().getArguments().drop_front(), getInit()),
        printer, [&](auto entry) {
          printer << std::get<0>(entry) << " = " << std::get<1>(entry);
        });
    printer << ")";
  }
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getDiscardableAttrDictionary().getValue());
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false,
                      /*printBlockTerminators=*/!getInit().empty());
}

LogicalResult ForOp::verifyRegions() {
  // (for_c1)
  if (getDim().size() != 1)
    return emitOpError("expects one dimension, but got ") << getDim();
  if (failed(verifyRows(*this, getDim())))
    return failure();
  // (for_c2)
  Block &block = getBody().front();
  auto yield = cast<YieldOp>(block.getTerminator());
  size_t carried = getInit().size();
  if (block.getNumArguments() != carried + 1 ||
      !block.getArgument(0).getType().isIndex())
    return emitOpError("expects an index and ")
           << carried << " tokens as arguments of its body";
  if (yield.getTokens().size() != carried || getNumResults() != carried)
    return emitOpError("requires the number of yielded tokens (")
           << yield.getTokens().size() << ") to equal that of carried ones ("
           << carried << ")";
  return success();
}

void ForOp::getAsmBlockArgumentNames(Region &region,
                                     OpAsmSetValueNameFn setName) {
  const Dim &dim = getDim()[0];
  setName(region.getArgument(0), dim.isStatic() ? "k" : nameOf(dim));
  for (Value token : region.getArguments().drop_front())
    setName(token, "before");
}

//===----------------------------------------------------------------------===//
// RoleOp
//===----------------------------------------------------------------------===//

ParseResult RoleOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  if (parser.parseSymbolName(name) || parseAttributes(parser, result))
    return failure();
  result.getOrAddProperties<Properties>().name = name;
  Region &body = *result.addRegion();
  if (parseBody(parser, body, {}))
    return failure();
  ensureTerminator(body, parser.getBuilder(), result.location);
  size_t results = cast<YieldOp>(body.front().getTerminator()).getNumOperands();
  result.addTypes(
      SmallVector<Type>(results, TokenType::get(parser.getContext())));
  return success();
}

void RoleOp::print(OpAsmPrinter &printer) {
  printer << " ";
  printer.printSymbolName(getName());
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getDiscardableAttrDictionary().getValue());
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false,
                      /*printBlockTerminators=*/getNumResults() != 0);
}

LogicalResult RoleOp::verifyRegions() {
  auto yield = cast<YieldOp>(getBody().front().getTerminator());
  if (yield.getTokens().size() != getNumResults())
    return emitOpError("requires the number of yielded tokens (")
           << yield.getTokens().size() << ") to equal that of results ("
           << getNumResults() << ")";
  return success();
}
