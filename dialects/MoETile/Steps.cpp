// Waits, computations and arrivals: assembly and verifiers.
#include "Assembly.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace moe;
using namespace moe::tile;

//===----------------------------------------------------------------------===//
// Index lists
//===----------------------------------------------------------------------===//

SmallVector<OpFoldResult> moe::tile::getMixedIndices(MLIRContext *context,
                                                     ArrayRef<int64_t> indices,
                                                     ValueRange operands) {
  SmallVector<OpFoldResult> mixed;
  for (int64_t index : indices) {
    if (index == AccessAttr::kOperand) {
      mixed.push_back(operands.front());
      operands = operands.drop_front();
    } else if (index == AccessAttr::kWhole) {
      mixed.push_back(OpFoldResult());
    } else {
      mixed.push_back(OpFoldResult(Builder(context).getIndexAttr(index)));
    }
  }
  return mixed;
}

SmallVector<OpFoldResult> moe::tile::getMixedIndices(WaitOp op) {
  return getMixedIndices(op.getContext(), op.getStaticIndices(),
                         op.getIndices());
}

SmallVector<OpFoldResult> moe::tile::getMixedIndices(ArriveOp op) {
  return getMixedIndices(op.getContext(), op.getStaticIndices(),
                         op.getIndices());
}

SmallVector<Access> moe::tile::getAccesses(ComputeOp op) {
  SmallVector<Access> accesses;
  ValueRange operands = op.getIndices();
  for (auto attr : op.getAccesses().getAsRange<AccessAttr>()) {
    accesses.push_back(
        {attr, getMixedIndices(op.getContext(), attr.getIndices(), operands)});
    operands = operands.drop_front(attr.getNumOperands());
  }
  return accesses;
}

/// True where an index into a dimension selects one of its elements.
static bool selectsOne(const Dim &dim, OpFoldResult index) {
  if (!index)
    return false;
  auto value = dyn_cast<Value>(index);
  if (!value)
    return true;
  return getIndexDim(value)->step == dim.step;
}

SmallVector<unsigned> moe::tile::getViewDims(DimsAttr shape,
                                             ArrayRef<OpFoldResult> indices) {
  SmallVector<unsigned> kept;
  for (auto [i, index] : llvm::enumerate(indices)) {
    bool beforeRows =
        i + 1 < shape.size() && shape[i + 1].extent == Extent::Rows;
    if (!beforeRows && !selectsOne(shape[i], index))
      kept.push_back(i);
  }
  return kept;
}

LogicalResult tile::detail::verifyIndices(Operation *op, StringRef what,
                                          StringRef name, DimsAttr shape,
                                          ArrayRef<OpFoldResult> indices,
                                          bool cells) {
  auto describe = [&](InFlightDiagnostic &diagnostic, const Dim &dim) {
    std::string text;
    llvm::raw_string_ostream os(text);
    printDim(os, dim);
    diagnostic << text;
  };
  if (indices.size() != shape.size())
    return op->emitOpError("requires the number of indices (")
           << indices.size() << ") to equal that of the dimensions of " << what
           << " '" << name << "' (" << shape.size() << ")";
  for (auto [i, dim, index] : llvm::enumerate(shape, indices)) {
    if (!index) {
      if (cells)
        return op->emitOpError("expects an index of one cell for dimension #")
               << i << " of " << what << " '" << name << "', but got '*'";
      if (dim.extent == Extent::Experts && i + 1 < shape.size() &&
          shape[i + 1].extent == Extent::Rows && indices[i + 1])
        return op->emitOpError("expects all rows with all experts in ")
               << what << " '" << name << "'";
      continue;
    }
    if (auto attr = dyn_cast<Attribute>(index)) {
      int64_t number = cast<IntegerAttr>(attr).getInt();
      if (!dim.isStatic() || number < 0 || number >= dim.staticTiles()) {
        InFlightDiagnostic diagnostic = op->emitOpError("requires index #");
        diagnostic << i << " (" << number << ") to lie within dimension #" << i
                   << " of " << what << " '" << name << "' (";
        describe(diagnostic, dim);
        return diagnostic << ")";
      }
      continue;
    }
    std::optional<Dim> over = getIndexDim(cast<Value>(index));
    if (!over)
      return op->emitOpError("expects indices of tasks, walks and the rank, "
                             "but got another value for dimension #")
             << i << " of " << what << " '" << name << "'";
    bool fits =
        over->hasExtentOf(dim) &&
        (over->step == dim.step || (over->step % dim.step == 0 && !cells));
    if (!fits) {
      InFlightDiagnostic diagnostic = op->emitOpError("requires index #");
      diagnostic << i << " (over ";
      describe(diagnostic, *over);
      diagnostic << ") to run over dimension #" << i << " of " << what << " '"
                 << name << "' (";
      describe(diagnostic, dim);
      return diagnostic << ")";
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// WaitOp, ArriveOp
//===----------------------------------------------------------------------===//

/// The signal that `op` names, with its cell checked; null after an error.
template <typename OpTy>
static SignalOp lookupSignal(OpTy op, SymbolTableCollection &symbols) {
  auto signal = symbols.lookupNearestSymbolFrom<SignalOp>(op.getOperation(),
                                                          op.getSignalAttr());
  if (!signal) {
    op.emitOpError("expects a signal of the graph, but got '")
        << op.getSignal() << "'";
    return nullptr;
  }
  if (llvm::count(op.getStaticIndices(), AccessAttr::kOperand) !=
      static_cast<int64_t>(op.getIndices().size())) {
    op.emitOpError("requires the number of index operands (")
        << op.getIndices().size()
        << ") to equal that of places for them in 'static_indices'";
    return nullptr;
  }
  if (failed(tile::detail::verifyIndices(op, "signal", op.getSignal(),
                                         signal.getShape(), getMixedIndices(op),
                                         /*cells=*/true)))
    return nullptr;
  DimsAttr shape = signal.getShape();
  if (op.getBehind() > 0 && (shape.size() == 0 || !shape[0].isStatic()) &&
      llvm::none_of(getSweeps(op->template getParentOfType<GraphOp>()),
                    [&](const Sweep &sweep) { return sweep.leads(shape); })) {
    op.emitOpError("expects a leading dimension of fixed size, or the items of "
                   "a sweep, in signal '")
        << op.getSignal() << "' where there is 'behind'";
    return nullptr;
  }
  return signal;
}

LogicalResult WaitOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // (wait_c1)
  SignalOp signal = lookupSignal(*this, symbols);
  if (!signal)
    return failure();
  // (wait_c2)
  auto has = [](DimsAttr dims, Extent extent) {
    return llvm::any_of(dims,
                        [&](const Dim &dim) { return dim.extent == extent; });
  };
  for (DimsAttr term : getExpects().getTerms())
    if (has(term, Extent::Rows) && !has(term, Extent::Experts) &&
        !has(signal.getShape(), Extent::Experts))
      return emitOpError("expects 'rows' of an expert's cell, or a product "
                         "with 'experts', but signal '")
             << getSignal() << "' has no dimension 'experts'";
  return success();
}

void WaitOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getToken(), isa<GraphOp>((*this)->getParentOp()) ? "known" : "ready");
}

LogicalResult ArriveOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // (arrive_c1)
  return success(lookupSignal(*this, symbols) != nullptr);
}

//===----------------------------------------------------------------------===//
// ComputeOp
//===----------------------------------------------------------------------===//

/// `reads(@x[*, *], %b = @y[%e] : memref<...>)` for the accesses of one mode.
static ParseResult
parseAccesses(OpAsmParser &parser, Mode mode,
              SmallVectorImpl<Attribute> &accesses,
              SmallVectorImpl<OpAsmParser::UnresolvedOperand> &indices,
              SmallVectorImpl<OpAsmParser::Argument> &arguments) {
  static constexpr StringLiteral keywords[] = {"reads", "updates", "writes"};
  if (failed(parser.parseOptionalKeyword(keywords[static_cast<int>(mode)])))
    return success();
  auto access = [&]() -> ParseResult {
    OpAsmParser::Argument argument;
    OptionalParseResult named = parser.parseOptionalArgument(argument);
    if (named.has_value() && (failed(*named) || parser.parseEqual()))
      return failure();
    FlatSymbolRefAttr buffer;
    SmallVector<int64_t> list;
    if (parser.parseAttribute(buffer) ||
        tile::detail::parseIndices(parser, indices, list))
      return failure();
    accesses.push_back(
        AccessAttr::get(parser.getContext(), mode, buffer, list));
    if (!named.has_value())
      return success();
    if (parser.parseColonType(argument.type))
      return failure();
    arguments.push_back(argument);
    return success();
  };
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, access);
}

ParseResult ComputeOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<Attribute> accesses;
  SmallVector<OpAsmParser::UnresolvedOperand> indices, after;
  SmallVector<OpAsmParser::Argument> arguments;
  Builder &builder = parser.getBuilder();
  auto token = TokenType::get(parser.getContext());
  for (Mode mode : {Mode::Read, Mode::Update, Mode::Write})
    if (parseAccesses(parser, mode, accesses, indices, arguments))
      return failure();
  if (succeeded(parser.parseOptionalKeyword("after")) &&
      parser.parseOperandList(after, AsmParser::Delimiter::Paren))
    return failure();
  if (parser.resolveOperands(indices, builder.getIndexType(),
                             result.operands) ||
      parser.resolveOperands(after, token, result.operands) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  auto &properties = result.getOrAddProperties<Properties>();
  properties.accesses = builder.getArrayAttr(accesses);
  properties.operandSegmentSizes = {static_cast<int32_t>(indices.size()),
                                    static_cast<int32_t>(after.size())};
  result.addTypes(token);
  Region &body = *result.addRegion();
  OptionalParseResult parsed = parser.parseOptionalRegion(body, arguments);
  return parsed.has_value() ? *parsed : ParseResult(success());
}

void ComputeOp::print(OpAsmPrinter &printer) {
  size_t argument = 0, index = 0;
  std::optional<Mode> open;
  for (auto access : getAccesses().getAsRange<AccessAttr>()) {
    static constexpr StringLiteral keywords[] = {" reads(", " updates(",
                                                 " writes("};
    if (open != access.getMode()) {
      printer << (open ? ")" : "")
              << keywords[static_cast<int>(access.getMode())];
      open = access.getMode();
    } else {
      printer << ", ";
    }
    if (!getBody().empty())
      printer << getBody().getArgument(argument) << " = ";
    printer << access.getBuffer();
    size_t operands = access.getNumOperands();
    tile::detail::printIndices(printer, getIndices().slice(index, operands),
                               access.getIndices());
    index += operands;
    if (!getBody().empty())
      printer << " : " << getBody().getArgument(argument++).getType();
  }
  printer << (open ? ")" : "");
  if (!getAfter().empty())
    printer << " after(" << getAfter() << ")";
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getDiscardableAttrDictionary().getValue());
  if (!getBody().empty()) {
    printer << " ";
    printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
  }
}

void ComputeOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getToken(), "done");
}

LogicalResult ComputeOp::verify() {
  size_t operands = 0;
  Mode last = Mode::Read;
  for (auto access : getAccesses().getAsRange<AccessAttr>()) {
    // (compute_c1)
    if (access.getMode() < last)
      return emitOpError("expects reads, then updates, then writes, but got '")
             << stringifyMode(access.getMode()) << "' after '"
             << stringifyMode(last) << "'";
    last = access.getMode();
    operands += access.getNumOperands();
  }
  if (operands != getIndices().size())
    return emitOpError("requires the number of index operands (")
           << getIndices().size() << ") to equal that of places in accesses ("
           << operands << ")";
  // (compute_c4)
  if (!getBody().empty() && getBody().getNumArguments() != getAccesses().size())
    return emitOpError("requires the number of body arguments (")
           << getBody().getNumArguments() << ") to equal that of accesses ("
           << getAccesses().size() << ")";
  return success();
}

/// True where `op` belongs to a family of the sweep of rows, or of tokens, and
/// `indices` begin with those of its item.
static bool isOfOwnItem(ComputeOp op, bool ofRows,
                        ArrayRef<OpFoldResult> indices) {
  auto task = op->getParentOfType<TaskOp>();
  SmallVector<Sweep, 2> sweeps = getSweeps(op->getParentOfType<GraphOp>());
  const Sweep *sweep = findSweep(sweeps, task);
  if (!sweep || sweep->ofRows() != ofRows)
    return false;
  auto arguments = task.getBody().getArguments();
  for (unsigned i = 0; i < sweep->numIndices(); ++i)
    if (i >= arguments.size() || indices[i] != OpFoldResult(arguments[i]))
      return false;
  return true;
}

LogicalResult ComputeOp::verifySymbolUses(SymbolTableCollection &symbols) {
  for (auto [i, access] : llvm::enumerate(tile::getAccesses(*this))) {
    // (compute_c2)
    StringRef name = access.attr.getBuffer().getValue();
    auto buffer = symbols.lookupNearestSymbolFrom<BufferOp>(
        *this, access.attr.getBuffer());
    if (!buffer)
      return emitOpError("expects a buffer of the graph, but got '")
             << name << "'";
    // (compute_c3) is part of this.
    if (failed(tile::detail::verifyIndices(*this, "buffer", name,
                                           buffer.getShape(), access.indices,
                                           /*cells=*/false)))
      return failure();
    // (compute_c5)
    if (access.writes() && buffer.getRole() == Role::Input)
      return emitOpError("expects reads alone of input '") << name << "'";
    // (compute_c6)
    if (buffer.getRing() && !buffer.getShape()[0].isStatic() &&
        !isOfOwnItem(*this, buffer.getRowsDim().has_value(), access.indices))
      return emitOpError("expects the entry of its own item of the sweep in "
                         "ring '")
             << name << "'";
    // (compute_c4)
    if (getBody().empty())
      continue;
    Type argument = getBody().getArgument(i).getType();
    auto view = dyn_cast<MemRefType>(argument);
    int64_t rank = getViewDims(buffer.getShape(), access.indices).size();
    if (!view || view.getElementType() != buffer.getElement() ||
        view.getRank() != rank)
      return emitOpError("requires body argument #")
             << i << " (" << argument << ") to have rank " << rank
             << " and elements of " << buffer.getElement();
  }
  return success();
}
