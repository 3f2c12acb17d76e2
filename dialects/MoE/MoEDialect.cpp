// Registration of the moe dialect and the version of its bytecode.
#include "moe/Dialect/MoE/MoE.h"

#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace moe;

#include "moe/Dialect/MoE/MoEDialect.cpp.inc"
#include "moe/Dialect/MoE/MoEEnums.cpp.inc"

#define GET_OP_CLASSES
#include "moe/Dialect/MoE/MoEOps.cpp.inc"

namespace {

/// The version that bytecode carries; raised with every change of an op's or
/// attribute's meaning or form.
struct MoEDialectVersion : DialectVersion {
  uint64_t number = 1;
};

struct MoEBytecodeInterface : BytecodeDialectInterface {
  explicit MoEBytecodeInterface(Dialect *dialect)
      : BytecodeDialectInterface(dialect) {}

  void writeVersion(DialectBytecodeWriter &writer) const override {
    writer.writeVarInt(MoEDialectVersion().number);
  }

  std::unique_ptr<DialectVersion>
  readVersion(DialectBytecodeReader &reader) const override {
    auto version = std::make_unique<MoEDialectVersion>();
    if (failed(reader.readVarInt(version->number)))
      return nullptr;
    if (version->number > MoEDialectVersion().number) {
      reader.emitError() << "expects 'moe' bytecode of version "
                         << MoEDialectVersion().number
                         << " or older, but got version " << version->number
                         << "; read it with a newer moec";
      return nullptr;
    }
    return version;
  }
};

} // namespace

void MoEDialect::initialize() {
  registerTypes();
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "moe/Dialect/MoE/MoEOps.cpp.inc"
      >();
  addInterfaces<MoEBytecodeInterface>();
}
