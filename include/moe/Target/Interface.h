// The public interface of a compiled model: what the entry point takes and
// gives, read from the `moe.interface` attribute.
#ifndef MOE_TARGET_INTERFACE_H
#define MOE_TARGET_INTERFACE_H

#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace moe {

/// One size of an argument: constant + sum of coefficients[s] * symbol s.
struct InterfaceDim {
  /// Known only after the run (outputs only).
  bool unknown = false;
  int64_t constant = 0;
  /// One per symbol of the interface; empty for a static size.
  std::vector<int64_t> coefficients;
};

struct InterfaceArgument {
  std::string name;
  /// A moe_dtype_v1.
  uint32_t dtype = 0;
  unsigned elementBytes = 0;
  std::vector<InterfaceDim> dims;
};

struct Interface {
  /// Name of the entry function, both in the module and for users.
  std::string entry;
  std::vector<std::string> symbols;
  std::vector<InterfaceArgument> inputs;
  std::vector<InterfaceArgument> outputs;
};

/// Reads the interface of a module at the target level. Fails where a result's
/// size is not a linear form of the inputs' symbols or an element type has no
/// counterpart in the artefact ABI.
llvm::Expected<Interface> readInterface(mlir::ModuleOp module);

/// The text of a C header that names the library, its entry point, inputs and
/// outputs. `stem` is the base name of the output, such as "model".
std::string writeInterfaceHeader(const Interface &interface,
                                 llvm::StringRef stem);

} // namespace moe

#endif // MOE_TARGET_INTERFACE_H
