// A dialect's bytecode version: one number, written into every file and refused
// where it is newer than what this build knows.
#ifndef MOE_SUPPORT_BYTECODEVERSION_H
#define MOE_SUPPORT_BYTECODEVERSION_H

#include "mlir/Bytecode/BytecodeImplementation.h"

namespace moe {

/// The version that a bytecode file carries for a dialect.
struct BytecodeVersion : mlir::DialectVersion {
  explicit BytecodeVersion(uint64_t number) : number(number) {}
  uint64_t number;
};

/// Writes `current` and reads any version up to it. Raise `current` with every
/// change of an op's or attribute's meaning or form, and add a file of the old
/// version to test/Compat. A dialect that must rewrite old files derives from
/// this class and overrides `upgradeFromVersion`.
class VersionedBytecodeInterface : public mlir::BytecodeDialectInterface {
public:
  VersionedBytecodeInterface(mlir::Dialect *dialect, uint64_t current)
      : BytecodeDialectInterface(dialect), current(current) {}

  void writeVersion(mlir::DialectBytecodeWriter &writer) const override {
    writer.writeVarInt(current);
  }

  std::unique_ptr<mlir::DialectVersion>
  readVersion(mlir::DialectBytecodeReader &reader) const override {
    uint64_t number;
    if (mlir::failed(reader.readVarInt(number)))
      return nullptr;
    if (number > current) {
      reader.emitError() << "expects '" << getDialect()->getNamespace()
                         << "' bytecode of version " << current
                         << " or older, but got version " << number
                         << "; read it with a newer moec";
      return nullptr;
    }
    return std::make_unique<BytecodeVersion>(number);
  }

private:
  uint64_t current;
};

} // namespace moe

#endif // MOE_SUPPORT_BYTECODEVERSION_H
