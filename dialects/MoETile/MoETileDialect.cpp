// The moe_tile dialect's registration.
#include "moe/Dialect/MoETile/MoETile.h"
#include "moe/Support/BytecodeVersion.h"

using namespace mlir;
using namespace moe;
using namespace moe::tile;

#include "moe/Dialect/MoETile/MoETileDialect.cpp.inc"
#include "moe/Dialect/MoETile/MoETileEnums.cpp.inc"

/// The version of the dialect's bytecode.
static constexpr uint64_t bytecodeVersion = 2;

void MoETileDialect::initialize() {
  registerTypes();
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "moe/Dialect/MoETile/MoETileOps.cpp.inc"
      >();
  addInterface<VersionedBytecodeInterface>(bytecodeVersion);
}
