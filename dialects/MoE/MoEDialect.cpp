// Registration of the moe dialect and the version of its bytecode.
#include "moe/Dialect/MoE/MoE.h"
#include "moe/Support/BytecodeVersion.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace moe;

#include "moe/Dialect/MoE/MoEDialect.cpp.inc"
#include "moe/Dialect/MoE/MoEEnums.cpp.inc"

#define GET_OP_CLASSES
#include "moe/Dialect/MoE/MoEOps.cpp.inc"

/// The version of the dialect's bytecode.
static constexpr uint64_t bytecodeVersion = 1;

void MoEDialect::initialize() {
  registerTypes();
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "moe/Dialect/MoE/MoEOps.cpp.inc"
      >();
  addInterface<VersionedBytecodeInterface>(bytecodeVersion);
}
