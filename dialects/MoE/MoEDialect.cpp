// Registration of the moe dialect.
#include "Bytecode.h"
#include "moe/Dialect/MoE/MoE.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace moe;

#include "moe/Dialect/MoE/MoEDialect.cpp.inc"
#include "moe/Dialect/MoE/MoEEnums.cpp.inc"

#define GET_OP_CLASSES
#include "moe/Dialect/MoE/MoEOps.cpp.inc"

void MoEDialect::initialize() {
  registerTypes();
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "moe/Dialect/MoE/MoEOps.cpp.inc"
      >();
  moe::detail::addBytecodeInterface(*this);
}
